// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestKaskBehaviour is what Kask does, row by row of its HTTP API, and on purpose
// not where "ours" says so. Each row is a server of its own with one session under
// the key "there".
func TestKaskBehaviour(t *testing.T) {
	const value = "a\x00value\xff"
	for _, c := range []struct {
		name, method, target, body string
		code                       int
		kind                       string // Content-Type
		answer                     string // body; "problem" = one of the status
	}{
		{"read", "GET", base + "there", "", 200, "application/octet-stream", value},
		{"read what is absent", "GET", base + "absent", "", 404, "application/problem+json", "problem"},
		{"write with POST", "POST", base + "new", "x", 201, "", ""},
		{"write over", "POST", base + "there", "x", 201, "", ""},
		{"write nothing", "POST", base + "new", "", 400, "application/problem+json", "problem"},
		{"ours: PUT writes", "PUT", base + "new", "x", 201, "", ""},
		{"ours: PUT of nothing", "PUT", base + "new", "", 400, "application/problem+json", "problem"},
		{"delete", "DELETE", base + "there", "", 204, "", ""},
		{"delete what is absent", "DELETE", base + "absent", "", 204, "", ""},
		{"ours: HEAD reads", "HEAD", base + "there", "", 200, "application/octet-stream", ""},
		{"ours: HEAD of what is absent", "HEAD", base + "absent", "", 404, "application/problem+json", ""},
		{"ours: PATCH is not allowed", "PATCH", base + "there", "x", 405, "application/problem+json", "problem"},
		{"ours: OPTIONS is not allowed", "OPTIONS", base + "there", "", 405, "application/problem+json", "problem"},
		{"ours: another method is not allowed", "BREW", base + "there", "", 405, "application/problem+json", "problem"},
		{"query", "GET", base + "there?a=b", "", 400, "application/problem+json", "problem"},
		{"query without a value", "GET", base + "there?a", "", 400, "application/problem+json", "problem"},
		{"empty query", "GET", base + "there?", "", 200, "application/octet-stream", value},
		{"query on a write", "POST", base + "there?a=b", "x", 400, "application/problem+json", "problem"},
		{"query before slash", "GET", base + "a/b?a=b", "", 400, "application/problem+json", "problem"},
		{"query outside", "GET", "/elsewhere?a=b", "", 404, "application/problem+json", "problem"},
		{"slash", "GET", base + "there/is", "", 404, "application/problem+json", "problem"},
		{"slash at the end", "GET", base + "there/", "", 404, "application/problem+json", "problem"},
		{"encoded slash", "GET", base + "there%2Fis", "", 404, "application/problem+json", "problem"},
		{"no key", "GET", base, "", 404, "application/problem+json", "problem"},
		{"no key, written", "POST", base, "x", 404, "application/problem+json", "problem"},
		{"base within the key", "GET", base + "x%2Fsessions%2Fv1%2Fthere", "", 404, "application/problem+json", "problem"},
		{"base twice", "GET", base + "sessions/v1/there", "", 404, "application/problem+json", "problem"},
		{"base after something", "GET", "/x" + base + "there", "", 404, "application/problem+json", "problem"},
		{"elsewhere", "GET", "/", "", 404, "application/problem+json", "problem"},
		{"base without its slash", "GET", "/sessions/v1", "", 404, "application/problem+json", "problem"},
		{"health", "GET", "/healthz", "", 200, "application/json", ""},
		{"description", "GET", "/openapi", "", 200, "application/x-yaml", ""},
		{"metrics", "GET", "/metrics", "", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			b.set("there", value)
			r := b.ask(c.method, c.target, c.body).want(t, c.code)
			if got := r.Header.Get("Content-Type"); got != c.kind {
				t.Errorf("Content-Type %q, want %q", got, c.kind)
			}
			if r.Header.Get("Location") != "" {
				t.Errorf("Location %q: a redirect names the key", r.Header.Get("Location"))
			}
			switch {
			case c.answer == "problem":
				checkProblem(t, r)
			case c.method == "HEAD" || c.answer != "":
				if r.body != c.answer {
					t.Errorf("body %q, want %q", r.body, c.answer)
				}
			}
		})
	}
}

// TestKaskLeavesState tells what the writes of the table left behind.
func TestKaskLeavesState(t *testing.T) {
	for _, c := range []struct {
		method, key, body string
		left              int
		value             string
	}{
		{"POST", "new", "x", 200, "x"},
		{"PUT", "new", "x", 200, "x"},
		{"POST", "there", "y", 200, "y"},
		{"PUT", "there", "y", 200, "y"},
		{"POST", "there", "", 200, "first"},
		{"PATCH", "there", "y", 200, "first"},
		{"DELETE", "there", "", 404, ""},
		{"HEAD", "there", "", 200, "first"},
	} {
		t.Run(c.method+" "+c.key, func(t *testing.T) {
			b := start(t)
			b.set("there", "first")
			b.ask(c.method, base+c.key, c.body)
			if r := b.ask("GET", base+c.key, "").want(t, c.left); c.left == 200 && r.body != c.value {
				t.Errorf("value %q, want %q", r.body, c.value)
			}
		})
	}
}

// checkProblem checks a problem's members (RFC 9457) and that they are Kask's.
func checkProblem(t *testing.T, r reply) {
	t.Helper()
	var p map[string]string
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("problem %s: %v", r.body, err)
	}
	name := map[int]string{400: "bad_request", 401: "not_authorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 408: "request_timeout",
		409: "conflict", 412: "precondition_failed", 413: "content_too_large", 414: "uri_too_long", 429: "too_many_requests", 500: "server_error", 503: "service_unavailable"}[r.StatusCode]
	if name == "" || p["type"] != "https://www.mediawiki.org/wiki/Kask/errors/"+name {
		t.Errorf("%d: type %q", r.StatusCode, p["type"])
	}
	if p["title"] == "" || p["detail"] == "" || (p["instance"] != base+"{key}" && p["instance"] != "/") {
		t.Errorf("problem %v", p)
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("no nosniff")
	}
	if r.StatusCode == 405 && r.Header.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

// TestKaskProblemToTheByte is what Kask's own 404 looks like, but for the instance.
func TestKaskProblemToTheByte(t *testing.T) {
	want := `{
  "type": "https://www.mediawiki.org/wiki/Kask/errors/not_found",
  "title": "Not found",
  "detail": "The value you requested was not found",
  "instance": "/sessions/v1/{key}"
}
`
	if got := start(t).ask("GET", base+"absent", "").want(t, 404).body; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAllow: RFC 9110, 10.2.1.
func TestAllow(t *testing.T) {
	b := start(t)
	if got := b.ask("PATCH", base+"k", "x").want(t, 405).Header.Get("Allow"); got != "GET, HEAD, POST, PUT, DELETE" {
		t.Errorf("Allow: %q", got)
	}
	for _, own := range []string{"/healthz", "/readyz", "/metrics", "/openapi"} {
		if got := b.ask("POST", own, "x").want(t, 405).Header.Get("Allow"); got != "GET, HEAD" {
			t.Errorf("%s: Allow: %q", own, got)
		}
	}
}

// TestKeys: what is a key, byte for byte. A key that is accepted is the same key
// however it is encoded, and no other.
func TestKeys(t *testing.T) {
	long := strings.Repeat("k", 1024)
	for _, c := range []struct {
		name, written string
		code          int
		same          []string // other spellings of it
		not           []string // what it must not be
	}{
		{"MediaWiki's", "global%3AMWSession%3A0a1b", 201, []string{"global:MWSession:0a1b", "global%3aMWSession%3a0a1b"}, []string{"global", "MWSession"}},
		{"not UTF-8", "%ff%FE%80", 201, []string{"%FF%fe%80"}, []string{"%EF%BF%BD%EF%BF%BD%EF%BF%BD"}},
		{"zero bytes", "a%00b", 201, nil, []string{"a", "ab"}},
		{"plus is plus", "a+b", 201, []string{"a%2Bb"}, []string{"a%20b"}},
		{"space", "a%20b", 201, nil, []string{"a+b"}},
		{"semicolon", "a;b=c", 201, []string{"a%3Bb%3Dc"}, []string{"a"}},
		{"question mark", "a%3Fb", 201, nil, []string{"a"}},
		{"number sign", "a%23b", 201, nil, []string{"a"}},
		{"percent", "a%25b", 201, nil, []string{"ab"}},
		{"encoded twice", "a%252Fb", 201, nil, nil},
		{"backslash", "a%5Cb", 201, nil, nil},
		{"dots within", "a..b", 201, []string{"a%2e%2Eb"}, nil},
		{"three dots", "...", 201, nil, nil},
		{"upper case", "Key", 201, nil, []string{"key"}},
		{"the longest", long, 201, nil, []string{long[1:]}},
		{"too long", long + "k", 414, nil, nil},
		{"10 kB", strings.Repeat("k", 10240), 414, nil, nil},
		{"encoded and within bounds", strings.Repeat("%41", 1024), 201, []string{strings.Repeat("A", 1024)}, nil},
		{"dot", ".", 404, nil, nil},
		{"two dots", "..", 404, nil, nil},
		{"encoded dots", "%2e%2e", 404, nil, nil},
		{"half encoded dots", ".%2E", 404, nil, nil},
		{"dots as a way up", "a/../b", 404, nil, []string{"b"}},
		{"encoded way up", "a%2F..%2Fb", 404, nil, []string{"b"}},
		{"two slashes", "/a", 404, nil, []string{"a"}},
		{"the base", "%2Fsessions%2Fv1%2F", 404, nil, nil},
		{"another base", "..%2F..%2Fanonymous%2Fv1%2Fa", 404, nil, []string{"a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			r := b.ask("PUT", base+c.written, "value").want(t, c.code)
			if c.code != 201 {
				checkProblem(t, r)
			}
			for _, same := range append(c.same, c.written) {
				if c.code == 201 && b.ask("GET", base+same, "").want(t, 200).body != "value" {
					t.Errorf("%s is another key", same)
				}
			}
			for _, not := range c.not {
				b.ask("GET", base+not, "").want(t, 404)
				b.ask("GET", "/anonymous/v1/"+not, "").want(t, 404)
			}
		})
	}
}

// TestBrokenEncoding is refused before it is a path.
func TestBrokenEncoding(t *testing.T) {
	b := start(t)
	for _, target := range []string{base + "%zz", base + "a%2", base + "%"} {
		b.ask("GET", target, "").want(t, 400)
	}
}

// TestTargets: other forms of a request's target (RFC 9112, 3.2).
func TestTargets(t *testing.T) {
	b := start(t)
	b.set("k", "v")
	b.ask("GET", "https://store.example"+base+"k", "").want(t, 200)
	b.ask("GET", "/"+base+"k", "").want(t, 404)
	b.ask("GET", base[:len(base)-1]+"//k", "").want(t, 404)
	b.ask("OPTIONS", "*", "").want(t, 404)
	b.ask("CONNECT", "store.example:443", "").want(t, 404)
	b.ask("GET", "/sessions%2Fv1/k", "").want(t, 200) // as Kask: the decoded path counts
}

// TestNamespacesAreApart: a key in one is not there in the other.
func TestNamespacesAreApart(t *testing.T) {
	b := start(t)
	b.set("k", "mine")
	b.ask("GET", "/anonymous/v1/k", "").want(t, 404)
	b.ask("PUT", "/anonymous/v1/k", "theirs").want(t, 201)
	b.ask("DELETE", "/anonymous/v1/k", "").want(t, 204)
	if got := b.ask("GET", base+"k", "").want(t, 200).body; got != "mine" {
		t.Errorf("got %q", got)
	}
}

// TestSizes: net/http would send larger values in chunks; clients get a length.
func TestSizes(t *testing.T) {
	b := start(t)
	for _, n := range []int{1, 1999, 2000, 2001, 2048, 4095, 4096, 4097, 65536, 65537, 1 << 20} {
		value := strings.Repeat("v", n)
		b.set("k", value)
		r := b.ask("GET", base+"k", "").want(t, 200)
		if r.body != value || r.ContentLength != int64(n) {
			t.Errorf("%d bytes came back as %d, Content-Length %d", n, len(r.body), r.ContentLength)
		}
		if h := b.ask("HEAD", base+"k", "").want(t, 200); h.ContentLength != int64(n) || h.body != "" {
			t.Errorf("HEAD of %d bytes: Content-Length %d, body %q", n, h.ContentLength, h.body)
		}
		chunked := fmt.Sprintf("POST %sc HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", base, n, value)
		b.raw("POST", chunked).want(t, 201)
		if got := b.ask("GET", base+"c", "").want(t, 200).body; got != value {
			t.Errorf("%d bytes in chunks came back as %d", n, len(got))
		}
	}
}
