// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// seconds reads a header that holds a number of seconds; -1 if it is not there.
func (r reply) seconds(t *testing.T, name string) int {
	t.Helper()
	v := r.Header.Get(name)
	if v == "" {
		return -1
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("%s: %q", name, v)
	}
	return n
}

// about reports whether a time that began to run moments ago reads as n seconds.
func about(got, n int) bool { return got == n || got == n-1 }

// TestAnswersDescribeTheSession: GET, HEAD, POST, PUT and 304 tell the same story.
func TestAnswersDescribeTheSession(t *testing.T) {
	b := start(t, func(m *made) { m.ns.Defaults = sessionstore.Life{TTL: time.Hour, MaxAge: 3 * time.Hour} })
	for _, write := range []string{"POST", "PUT"} {
		answers := map[string]reply{write: b.ask(write, base+"k", "v").want(t, 201)}
		answers["GET"] = b.ask("GET", base+"k", "").want(t, 200)
		answers["HEAD"] = b.ask("HEAD", base+"k", "").want(t, 200)
		answers["304"] = b.ask("GET", base+"k", "", "If-None-Match: "+answers[write].Header.Get("Etag")).want(t, 304)
		for name, r := range answers {
			if !about(r.seconds(t, "Session-Expires-In"), 3600) || !about(r.seconds(t, "Session-Ends-In"), 3*3600) {
				t.Errorf("%s: %v", name, r.Header)
			}
			for _, same := range []string{"Etag", "Session-Established", "Cache-Control"} {
				if r.Header.Get(same) == "" || r.Header.Get(same) != answers[write].Header.Get(same) {
					t.Errorf("%s: %s: %q, after %s %q", name, same, r.Header.Get(same), write, answers[write].Header.Get(same))
				}
			}
		}
	}
}

// TestTimeToLive: per write, in and out.
func TestTimeToLive(t *testing.T) {
	b := start(t, func(m *made) { m.ns.Defaults = sessionstore.Life{TTL: time.Hour} })
	r := b.ask("POST", base+"k", "v").want(t, 201)
	if got := r.seconds(t, "Session-Expires-In"); !about(got, 3600) {
		t.Errorf("the namespace's: %d", got)
	}
	r = b.ask("PUT", base+"k", "v", "Session-TTL: 60").want(t, 201)
	if got := r.seconds(t, "Session-Expires-In"); !about(got, 60) || r.Header.Get("Session-Ends-In") != "" {
		t.Errorf("given: %d, cap %q", got, r.Header.Get("Session-Ends-In"))
	}
	b.backend.Advance(20 * time.Second)
	if got := b.ask("GET", base+"k", "").want(t, 200).seconds(t, "Session-Expires-In"); !about(got, 40) {
		t.Errorf("20 s later: %d", got)
	}
	b.backend.Advance(40 * time.Second)
	b.ask("GET", base+"k", "").want(t, 404)
}

// TestNeverExpires: no header says when.
func TestNeverExpires(t *testing.T) {
	b := start(t, func(m *made) { m.ns.Defaults = sessionstore.Life{} })
	r := b.ask("POST", base+"k", "v").want(t, 201)
	if got, there := r.Header["Session-Expires-In"]; there {
		t.Errorf("Session-Expires-In: %v", got)
	}
}

// TestSlidingAndAbsolute: what a write moves, and the cap that nothing moves.
func TestSlidingAndAbsolute(t *testing.T) {
	b := start(t)
	b.ask("POST", base+"s", "v", "Session-TTL: 100", "Session-Expiry: sliding", "Session-Max-Age: 150").want(t, 201)
	b.ask("POST", base+"a", "v", "Session-TTL: 100", "Session-Expiry: absolute").want(t, 201)
	b.backend.Advance(90 * time.Second)
	for key, want := range map[string]int{"s": 60, "a": 10} {
		r := b.ask("GET", base+key, "", "Session-Touch: true").want(t, 200)
		if got := r.seconds(t, "Session-Expires-In"); !about(got, want) {
			t.Errorf("%s touched: %d, want %d", key, got, want)
		}
		r = b.ask("POST", base+key, "w").want(t, 201)
		if got := r.seconds(t, "Session-Expires-In"); !about(got, want) {
			t.Errorf("%s written: %d, want %d", key, got, want)
		}
	}
	r := b.ask("POST", base+"s", "w", "Session-TTL: 1000", "Session-Max-Age: 1000").want(t, 201)
	if e, c := r.seconds(t, "Session-Expires-In"), r.seconds(t, "Session-Ends-In"); !about(e, 60) || !about(c, 60) {
		t.Errorf("beyond its cap: %d, cap %d", e, c)
	}
	r = b.ask("POST", base+"a", "w", "Session-TTL: 1000").want(t, 201)
	if got := r.seconds(t, "Session-Expires-In"); !about(got, 1000) {
		t.Errorf("absolute, set anew: %d", got)
	}
}

// TestEstablished: in and out, with and without decimals, never later than now.
func TestEstablished(t *testing.T) {
	b := start(t)
	now := b.backend.Now().Time().Unix()
	for key, c := range map[string]struct{ in, out string }{
		"whole":    {"1700000000", "1700000000.000000"},
		"decimals": {"1700000000.25", "1700000000.250000"},
		"more":     {"1700000000.123456789", "1700000000.123456"},
		"few":      {"1700000000.000001", "1700000000.000001"},
	} {
		if got := b.ask("POST", base+key, "v", "Session-Established: "+c.in).want(t, 201).Header.Get("Session-Established"); got != c.out {
			t.Errorf("%s: %q, want %q", key, got, c.out)
		}
		if got := b.ask("GET", base+key, "").want(t, 200).Header.Get("Session-Established"); got != c.out {
			t.Errorf("%s read: %q, want %q", key, got, c.out)
		}
	}
	got := b.ask("POST", base+"future", "v", "Session-Established: 4000000000").want(t, 201).Header.Get("Session-Established")
	if s, err := strconv.ParseFloat(got, 64); err != nil || s > float64(now+60) || s < float64(now-60) {
		t.Errorf("from the future: %q", got)
	}
}

// TestTouch: renewed without being written, by GET, HEAD and an empty write.
func TestTouch(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
		t.Run(method, func(t *testing.T) {
			b := start(t)
			tag := b.set("k", "v", "Session-TTL: 100")
			b.backend.Advance(50 * time.Second)
			code := map[string]int{"GET": 200, "HEAD": 200, "POST": 204, "PUT": 204}[method]
			r := b.ask(method, base+"k", "", "Session-Touch: true").want(t, code)
			if got := r.seconds(t, "Session-Expires-In"); !about(got, 100) || r.Header.Get("Etag") != tag {
				t.Errorf("expires in %d, tag %s, want %s", got, r.Header.Get("Etag"), tag)
			}
			r = b.ask("GET", base+"k", "").want(t, 200)
			if got := r.seconds(t, "Session-Expires-In"); !about(got, 100) || r.body != "v" {
				t.Errorf("then: expires in %d, value %q", got, r.body)
			}
			b.ask(method, base+"absent", "", "Session-Touch: true").want(t, 404)
		})
	}
}

// TestTouchOfWhatIsNotModified renews all the same: the client asks for both.
func TestTouchOfWhatIsNotModified(t *testing.T) {
	b := start(t)
	tag := b.set("k", "v", "Session-TTL: 100")
	b.backend.Advance(50 * time.Second)
	r := b.ask("GET", base+"k", "", "Session-Touch: true", "If-None-Match: "+tag).want(t, 304)
	if got := r.seconds(t, "Session-Expires-In"); !about(got, 100) {
		t.Errorf("expires in %d", got)
	}
	b.ask("GET", base+"k", "", "Session-Touch: true", `If-Match: "0000000000000000"`).want(t, 412)
}

// TestTouchAsksForTwoRights: who may only read cannot keep a session alive.
func TestTouchAsksForTwoRights(t *testing.T) {
	b := start(t)
	b.set("k", "v")
	b.deny = func(_, verb string) error {
		if verb != "read" {
			return forbidden()
		}
		return nil
	}
	b.ask("GET", base+"k", "").want(t, 200)
	b.ask("GET", base+"k", "", "Session-Touch: true").want(t, 403)
}

// TestChange: a session goes on under another key; the old one reads for a grace.
func TestChange(t *testing.T) {
	b := start(t)
	b.set("old", "v", "Session-TTL: 100")
	r := b.ask("POST", base+"new", "", "Session-Change-From: old").want(t, 201)
	if got := r.seconds(t, "Session-Expires-In"); !about(got, 86400) && !about(got, 100) {
		t.Errorf("expires in %d", got)
	}
	if got := b.ask("GET", base+"new", "").want(t, 200); got.body != "v" || got.Header.Get("Session-Retired") != "" {
		t.Errorf("new: %q %v", got.body, got.Header)
	}
	old := b.ask("GET", base+"old", "", "Session-Touch: true").want(t, 200)
	if old.body != "v" || old.Header.Get("Session-Retired") != "true" || old.seconds(t, "Session-Expires-In") > 10 {
		t.Errorf("old: %q %v", old.body, old.Header)
	}
	b.ask("POST", base+"old", "late").want(t, 409)
	b.ask("POST", base+"old", "", "Session-Touch: true").want(t, 409)
	b.ask("POST", base+"elsewhere", "", "Session-Change-From: old").want(t, 409)
	b.backend.Advance(11 * time.Second)
	b.ask("GET", base+"old", "").want(t, 404)
	b.ask("GET", base+"new", "").want(t, 200)
}

// TestChangeWithMore: a value, an encoded old key, no grace, and what is refused.
func TestChangeWithMore(t *testing.T) {
	b := start(t)
	b.set("a%3Ab%20%ff", "v")
	b.ask("PUT", base+"new", "w", "Session-Change-From: a%3Ab%20%FF", "Session-Grace: 0").want(t, 201)
	b.ask("GET", base+"a%3Ab%20%ff", "").want(t, 404)
	if got := b.ask("GET", base+"new", "").want(t, 200).body; got != "w" {
		t.Errorf("value %q", got)
	}
	b.set("taken", "t")
	b.ask("POST", base+"taken", "", "Session-Change-From: new").want(t, 409)
	b.ask("POST", base+"new", "", "Session-Change-From: new").want(t, 400)
	b.ask("POST", base+"x", "", "Session-Change-From: absent").want(t, 404)
	b.ask("POST", base+"x", "", "Session-Change-From: a/b").want(t, 400)
	b.ask("POST", base+"x", "", "Session-Change-From: %zz").want(t, 400)
	b.ask("POST", base+"x", "", "Session-Change-From: "+strings.Repeat("k", 1025)).want(t, 400)
}

// TestOwner: who owns it is written, found, and never sent back.
func TestOwner(t *testing.T) {
	b := start(t)
	r := b.ask("POST", base+"k", "v", "Session-Owner: Zoë Ω").want(t, 201)
	if r.Header.Get("Session-Owner") != "" || b.ask("GET", base+"k", "").Header.Get("Session-Owner") != "" {
		t.Error("the owner is sent back")
	}
	b.set("k", "w") // the owner stays
	held, err := b.store.Owned(context.Background(), "Zoë Ω", sessionstore.RowKey{}, 10)
	if err != nil || len(held) != 1 {
		t.Fatalf("owned: %v, %v", held, err)
	}
	if n, err := b.store.Revoke(context.Background(), "Zoë Ω", b.backend.Now()); err != nil || n != 1 {
		t.Fatalf("revoke: %d, %v", n, err)
	}
	b.ask("GET", base+"k", "").want(t, 404)
	if r := b.ask("POST", base+"k", "late").want(t, 409); !strings.Contains(r.body, `"session.revoked"`) {
		t.Errorf("late write: %s", r.body)
	}
}

// TestHeadersRefused: what says nothing clear is refused, and changes nothing.
func TestHeadersRefused(t *testing.T) {
	for name, c := range map[string]struct {
		method, body string
		headers      []string
	}{
		"no time to live":       {"POST", "v", []string{"Session-TTL: 0"}},
		"negative":              {"POST", "v", []string{"Session-TTL: -1"}},
		"with a sign":           {"POST", "v", []string{"Session-TTL: +1"}},
		"not a number":          {"POST", "v", []string{"Session-TTL: 1h"}},
		"a fraction":            {"POST", "v", []string{"Session-TTL: 1.5"}},
		"beyond a century":      {"POST", "v", []string{"Session-TTL: 99999999999"}},
		"beyond 64 bits":        {"POST", "v", []string{"Session-TTL: 99999999999999999999"}},
		"twice":                 {"POST", "v", []string{"Session-TTL: 1", "Session-TTL: 2"}},
		"empty":                 {"POST", "v", []string{"Session-Owner:"}},
		"expiry":                {"POST", "v", []string{"Session-Expiry: Absolute"}},
		"age":                   {"POST", "v", []string{"Session-Max-Age: x"}},
		"owner not UTF-8":       {"POST", "v", []string{"Session-Owner: \xff"}},
		"owner too long":        {"POST", "v", []string{"Session-Owner: " + strings.Repeat("o", 257)}},
		"established":           {"POST", "v", []string{"Session-Established: 2026-11-23"}},
		"established, no digit": {"POST", "v", []string{"Session-Established: 1."}},
		"established, negative": {"POST", "v", []string{"Session-Established: -1"}},
		"established, letters":  {"POST", "v", []string{"Session-Established: 1.5e3"}},
		"touch":                 {"POST", "", []string{"Session-Touch: yes"}},
		"touch with a life":     {"POST", "", []string{"Session-Touch: true", "Session-TTL: 5"}},
		"touch and change":      {"POST", "", []string{"Session-Touch: true", "Session-Change-From: a"}},
		"grace alone":           {"POST", "v", []string{"Session-Grace: 5"}},
		"no name":               {"POST", "v", []string{"Session-: 5"}},
		"life on GET":           {"GET", "", []string{"Session-TTL: 5"}},
		"owner on HEAD":         {"HEAD", "", []string{"Session-Owner: me"}},
		"touch on DELETE":       {"DELETE", "", []string{"Session-Touch: true"}},
		"unknown":               {"POST", "v", []string{"Session-Maxage: 5"}},
		"unknown on GET":        {"GET", "", []string{"Session-Id: 5"}},
		"bare tag":              {"POST", "v", []string{"If-Match: 0123"}},
		"half a tag":            {"POST", "v", []string{`If-Match: "0123`}},
		"no tag":                {"POST", "v", []string{"If-Match:"}},
		"star among tags":       {"POST", "v", []string{`If-Match: *, "0123456789abcdef"`}},
		"tags without a comma":  {"POST", "v", []string{`If-Match: "a" "b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			tag := b.set("k", "before")
			r := b.ask(c.method, base+"k", c.body, c.headers...).want(t, 400)
			if c.method != "HEAD" {
				checkProblem(t, r)
			}
			if now := b.ask("GET", base+"k", "").want(t, 200); now.body != "before" || now.Header.Get("Etag") != tag {
				t.Errorf("it changed: %q", now.body)
			}
		})
	}
}

// TestTag: strong, 16 hexadecimal digits, another one for each write, no-store always.
func TestTag(t *testing.T) {
	b := start(t)
	form := regexp.MustCompile(`^"[0-9a-f]{16}"$`)
	seen := map[string]bool{}
	for range 5 {
		tag := b.set("k", "same")
		if !form.MatchString(tag) || seen[tag] {
			t.Errorf("tag %s", tag)
		}
		seen[tag] = true
		r := b.ask("GET", base+"k", "").want(t, 200)
		if r.Header.Get("Etag") != tag || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("read: %v", r.Header)
		}
	}
	for _, r := range []reply{b.ask("GET", base+"absent", ""), b.ask("DELETE", base+"k", ""), b.ask("POST", base+"k", "")} {
		if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Etag") != "" {
			t.Errorf("%d: %v", r.StatusCode, r.Header)
		}
	}
}
