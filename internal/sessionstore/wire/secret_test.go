// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// The secrets that are searched for in all that comes out.
const (
	secretKey   = "global:MWSession:q7Xz9sSeCrEtKeY4w2v"
	secretOld   = "global:MWSession:p0OldSeCrEtKeY8u3m"
	secretOwner = "Owner-Kq83-of-the-session"
	secretValue = "JSON..{\"wsUserName\":\"VaLuE-5tgb-NoBody-Sees\"}"
)

// spills returns the first form of a secret that a text holds, or "".
func spills(text string) string {
	for _, secret := range []string{secretKey, secretOld, secretOwner, secretValue, secretKey[10:30], secretValue[8:40]} {
		b := []byte(secret)
		quoted := fmt.Sprintf("%q", secret)
		for _, form := range []string{secret, quoted[1 : len(quoted)-1], url.PathEscape(secret), url.QueryEscape(secret), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
			base64.StdEncoding.EncodeToString(b[:len(b)/3*3]), base64.URLEncoding.EncodeToString(b[:len(b)/3*3]), strings.Trim(fmt.Sprint(b), "[]")} {
			if strings.Contains(text, form) {
				return form
			}
		}
	}
	return ""
}

// chatty is a ring whose failures tell all that they know.
type chatty struct {
	sessionstore.Ring
	fail func(id, content []byte) error
}

func (c *chatty) RowKey(id []byte) sessionstore.RowKey {
	if c.fail != nil {
		if err := c.fail(id, nil); err != nil && strings.HasPrefix(err.Error(), "place") {
			panic(err)
		}
	}
	return c.Ring.RowKey(id)
}

func (c *chatty) Seal(r *sessionstore.Row, content []byte) error {
	if c.fail != nil {
		return c.fail(content[1:40], content)
	}
	return c.Ring.Seal(r, content)
}

func (c *chatty) Open(dst []byte, r *sessionstore.Row) ([]byte, error) {
	b, err := c.Ring.Open(dst, r)
	if err == nil && c.fail != nil {
		b = b[len(dst):]
		return nil, c.fail(b[1:40], b)
	}
	return b, err
}

// TestNothingNamesASession: no log line, metric, problem or header holds a key, an
// owner or a value, whatever goes wrong and however its error quotes them.
func TestNothingNamesASession(t *testing.T) {
	key, old := url.PathEscape(secretKey), url.PathEscape(secretOld)
	failures := map[string]func(id, content []byte) error{
		"nothing": nil,
		"raw":     func(id, c []byte) error { return fmt.Errorf("cannot seal %s with %s", id, c) },
		"quoted":  func(id, c []byte) error { return fmt.Errorf("cannot seal %q with %q", id, c) },
		"hex":     func(id, c []byte) error { return fmt.Errorf("cannot seal %x with %X", id, c) },
		"numbers": func(id, c []byte) error { return fmt.Errorf("cannot seal %v with %v", id, c) },
		"base64": func(id, _ []byte) error {
			return errors.New("cannot seal " + base64.StdEncoding.EncodeToString(id[:len(secretKey)]))
		},
		"value alone": func(_, c []byte) error { return fmt.Errorf("cannot seal %s", c[max(0, len(c)-len(secretValue)):]) },
		"wrapped": func(id, _ []byte) error {
			return fmt.Errorf("layer: %w", &net.OpError{Op: "write", Err: fmt.Errorf("row %s", id)})
		},
		"a fault": func(id, _ []byte) error {
			return fault.New(fault.Unavailable, "store.away", "The store is away.").Because(fmt.Errorf("row %s", id))
		},
		"a looser fault": func(id, _ []byte) error { return fault.New(fault.Conflict, "x.y", "The session %s is odd.", id[3:]) },
		"a loose fault":  func(id, _ []byte) error { return fault.New(fault.Conflict, "x.y", "The session %s is odd.", id) },
		"far behind":     func(id, _ []byte) error { return errors.New(strings.Repeat("long text ", 45) + string(id)) },
		"panic":          func(id, c []byte) error { panic(fmt.Sprintf("row %s holds %s", id, c)) },
		"panic of error": func(id, c []byte) error { panic(fmt.Errorf("row %s holds %s", id, c)) },
		"panic at once":  func(id, _ []byte) error { return fmt.Errorf("place of %s", id) },
	}
	asks := [][]string{
		{"GET", key, ""}, {"HEAD", key, ""}, {"DELETE", key, ""}, {"PATCH", key, ""}, {"GET", key + "?" + key, ""}, {"GET", key + "/" + key, ""},
		{"POST", key, secretValue}, {"PUT", key, secretValue, "Session-Owner: " + secretOwner}, {"POST", key, ""}, {"POST", key, strings.Repeat(secretValue, 200)},
		{"POST", key, "", "Session-Touch: true"}, {"GET", key, "", "Session-Touch: true"}, {"GET", key, "", "X-Request-ID: " + secretKey}, {"GET", key, "", "X-Request-ID: " + secretKey[10:]},
		{"POST", old, "x", "Session-Change-From: " + key}, {"POST", key, "x", "Session-Change-From: " + old}, {"POST", key, "x", "Session-TTL: " + key},
		{"POST", key, secretValue, `If-Match: "` + key + `"`}, {"POST", key, secretValue, `If-Match: ` + key}, {"POST", key, secretValue, "Session-" + secretValue[8:12] + ": x"},
		{"GET", "../" + key, ""}, {"GET", "%zz" + key, ""}, {"GET", strings.Repeat(key, 50), ""}, {"GET", "/" + key, ""},
		{key[:6], key, ""}, {"GET", key, "", secretKey[17:] + " : bad"},
	}
	var logged strings.Builder
	for name, fail := range failures { // a server each: one alone would leave lines out
		ring := &chatty{}
		b := start(t, func(m *made) {
			m.ns.MaxValue = 4096
			m.ring = func(r sessionstore.Ring) sessionstore.Ring { ring.Ring = r; return ring }
		})
		b.ask("POST", base+key, secretValue, "Session-Owner: "+secretOwner)
		ring.fail = fail
		for _, a := range asks {
			r := b.ask(a[0], base+a[1], a[2], a[3:]...)
			head, err := httputil.DumpResponse(r.Response, false)
			if err != nil {
				t.Fatal(err)
			}
			text := string(head)
			if r.StatusCode != 200 {
				text += r.body
			}
			if form := spills(text); form != "" {
				t.Errorf("%s: %s %v: answer holds %q:\n%s", name, a[0], a[3:], form, text)
			}
		}
		b.elsewhere(key)
		for what, text := range map[string]string{"log": b.log.String(), "metrics": b.ask("GET", "/metrics", "").body} {
			for _, l := range strings.Split(text, "\n") {
				if form := spills(strings.ReplaceAll(l, `\"`, `"`)); form != "" {
					t.Errorf("%s: %s holds %q: %s", name, what, form, l)
				}
			}
		}
		logged.WriteString(b.log.String())
	}
	for _, must := range []string{"*fmt.wrapError: *errors.errorString", "write : *errors.errorString", "a panic of type string in", "a panic of type *errors.errorString", "store.away): The store is away.: "} {
		if !strings.Contains(logged.String(), must) {
			t.Errorf("the log has no %q: the test tries too little", must)
		}
	}
}

// elsewhere asks for paths with the base misspelt, and breaks off requests.
func (b *bed) elsewhere(key string) {
	for _, target := range []string{"/session/v1/" + key, "/" + key, "/sessions/v1" + key, "/healthz/" + key, "/metrics?" + key, "/openapi?" + key} {
		r := b.ask("GET", target, "")
		if form := spills(r.body); form != "" {
			b.t.Errorf("%s: %s", target, r.body)
		}
	}
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	fmt.Fprintf(c, "POST %s%s HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n%s", base, key, secretValue)
	c.Close()
}

// TestARefusalNamesNoOldKey: who may not write is refused before the headers are read,
// and the request's id may quote one of them.
func TestARefusalNamesNoOldKey(t *testing.T) {
	const plain = "0123456789abcdef.old-key"
	for _, from := range []string{plain, "%30123456789abcdef.old%2Dkey", "0123456789abcdef.old-key%zz"} {
		b := start(t)
		b.deny = func(string, string) error { return forbidden() }
		b.ask("POST", base+"k", "v", "Session-Change-From: "+from, "X-Request-ID: "+plain).want(t, 403)
		b.deny = nil
		for range 8 { // headers come in any order
			b.ask("POST", base+"k", "v", "Session-Change-From: "+from, "Session-TTL: x", "Session-Grace: x", "X-Request-ID: "+plain).want(t, 400)
		}
		if strings.Contains(b.log.String(), plain) {
			t.Errorf("%s: the log holds the old key: %s", from, b.log.String())
		}
	}
}

// TestPanicIsAnAnswer: a panic ends one request, with 500, and is counted.
func TestPanicIsAnAnswer(t *testing.T) {
	ring := &chatty{fail: func([]byte, []byte) error { panic("no") }}
	b := start(t, func(m *made) {
		m.ring = func(r sessionstore.Ring) sessionstore.Ring { ring.Ring = r; return ring }
	})
	r := b.ask("GET", base+"k", "").want(t, 500)
	checkProblem(t, r)
	if got := b.figure(`http_requests_total{code="500",method="GET"}`); got != "1" {
		t.Errorf("counted %s times", got)
	}
	if !strings.Contains(b.log.String(), "chatty") {
		t.Errorf("the log does not say where: %s", b.log)
	}
	ring.fail = nil
	b.set("k", "v")
}

// TestShortKeysHideNothing: a key like "e" stands in every text, and is no secret.
func TestShortKeysHideNothing(t *testing.T) {
	b := start(t)
	if r := b.ask("POST", base+"e", "").want(t, 400); !strings.Contains(r.body, "has no body") {
		t.Errorf("problem: %s", r.body)
	}
}
