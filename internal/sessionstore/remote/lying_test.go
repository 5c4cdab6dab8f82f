// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/admin"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/remote"
)

// secret is an id that a server knows, because it was told, and would like to see in
// somebody's log.
const secret = "secret-id-of-alice"

// liar is a server with the right certificate.
func (p *pki) liar(h http.Handler) *httptest.Server {
	p.t.Helper()
	pair, err := tls.LoadX509KeyPair(p.server.Cert, p.server.Key)
	if err != nil {
		p.t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	p.t.Cleanup(s.Close)
	return s
}

func (p *pki) store(address string) *remote.Store {
	p.t.Helper()
	return open(p.t, remote.Config{
		URL: address + base, AdminURL: address, Namespace: "portreeve", CA: p.authority.CertFile(), Cert: p.office.Cert, Key: p.office.Key, Now: time.Now,
	})
}

// TestStatus: of every status there is, only that of success is one, and only 404 says
// that there is no session.
func TestStatus(t *testing.T) {
	p := newPKI(t)
	var status atomic.Int32
	s := p.store(p.liar(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://127.0.0.1:1/"+secret)
		w.WriteHeader(int(status.Load()))
	})).URL)
	for code := 200; code < 600; code++ {
		status.Store(int32(code))
		_, get := s.Get(t.Context(), []byte(secret))
		_, _, set := s.Set(t.Context(), []byte(secret), sessionstore.Write{Value: []byte("v")})
		if err := s.Delete(t.Context(), []byte(secret), nil); (err == nil) != (code == 204) {
			t.Errorf("%d: deleted %v", code, err)
		}
		if (get == nil) != (code == 200) || (set == nil) != (code == 201 || code == 204) {
			t.Errorf("%d: read %v, written %v", code, get, set)
		}
		for what, err := range map[string]error{"read": get, "written": set} {
			if fault.Is(err, fault.NotFound) != (code == 404) {
				t.Errorf("%d: %s: %v", code, what, err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%d: %s: %v", code, what, err)
			}
			if code != 404 && code != 409 && code != 412 && err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%d: %s: %v", code, what, err)
			}
		}
	}
}

// TestRedirect: nothing is sent to where a server points, in clear least of all.
func TestRedirect(t *testing.T) {
	p := newPKI(t)
	var told atomic.Int32
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { told.Add(1); w.WriteHeader(http.StatusCreated) })
	clear := httptest.NewServer(elsewhere)
	t.Cleanup(clear.Close)
	sealed := p.liar(elsewhere)
	for _, to := range []string{clear.URL, sealed.URL, "//" + strings.TrimPrefix(sealed.URL, "https://"), "\x7f", "gopher://x"} {
		for _, status := range []int{301, 302, 303, 307, 308, 300, 305} {
			s := p.store(p.liar(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", to+r.URL.Path)
				w.WriteHeader(status)
			})).URL)
			for what, err := range everything(t.Context(), s, secret) {
				if err == nil || strings.Contains(err.Error(), secret) {
					t.Errorf("%d to %q: %s: %v", status, to, what, err)
				}
			}
		}
	}
	if told.Load() != 0 {
		t.Errorf("%d requests went where a server pointed", told.Load())
	}
}

// TestGarbage: what is no HTTP, is too large, is cut short or names the id is an error
// that does not.
func TestGarbage(t *testing.T) {
	p := newPKI(t)
	pair, err := tls.LoadX509KeyPair(p.server.Cert, p.server.Key)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1<<20)
	for name, answer := range map[string]string{
		"nothing":                "",
		"its id":                 secret + "\r\n\r\n",
		"its id for a status":    "HTTP/1.1 " + secret + " OK\r\n\r\n",
		"its id for a version":   secret + "/1.1 200 OK\r\n\r\n",
		"its id for a header":    "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"its id for a length":    "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"its id for an encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"its id for a chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n\r\n",
		"zeros":                  strings.Repeat("\x00", 100),
		"an endless first line":  "HTTP/1.1 200 " + long,
		"endless headers":        "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 50_000) + "\r\n",
		"a short body":           "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
		"two lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a body without end":     "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat(long, 17),
		"HTTP/2":                 "\x00\x00\x12\x04\x00\x00\x00\x00\x00",
	} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
		if err != nil {
			t.Fatal(err)
		}
		go serve(l, answer)
		for what, err := range everything(t.Context(), p.store("https://"+l.Addr().String()), secret) {
			if what == "end" && err == nil && strings.HasPrefix(answer, "HTTP/1.1 200 OK") {
				continue // it says that it was done, and nothing else is asked
			}
			unavailable(t, name+": "+what, err, secret)
		}
		l.Close()
	}
}

// serve answers every request with the text and hangs up.
func serve(l net.Listener, text string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = c.Write([]byte(text))
			}
		}()
	}
}

// TestSilence: a server that takes everything and says nothing is given up after a
// while, on both listeners, although the caller would wait.
func TestSilence(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	ends := make(chan struct{})
	s := p.store(p.liar(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ends })).URL)
	defer close(ends)
	failed := make(chan error, 3)
	go func() { _, err := s.Get(context.Background(), []byte(secret)); failed <- err }()
	go func() {
		_, err := s.Owned(context.Background(), "alice", sessionstore.RowKey{}, 1)
		failed <- err
	}()
	go func() { _, err := s.End(context.Background(), "alice", sessionstore.RowKey{}); failed <- err }()
	for range 3 {
		unavailable(t, "silence", <-failed, secret)
	}
}

// TestPlainHTTP: a server without TLS is told nothing.
func TestPlainHTTP(t *testing.T) {
	p := newPKI(t)
	var told atomic.Int32
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) }))
	t.Cleanup(plain.Close)
	for what, err := range everything(t.Context(), p.store("https"+strings.TrimPrefix(plain.URL, "http")), secret) {
		unavailable(t, what, err, secret)
	}
	if told.Load() != 0 {
		t.Error("it was told something")
	}
}

// TestFalseAnswers: figures that nobody can mean are none, and no reason to fail.
func TestFalseAnswers(t *testing.T) {
	p := newPKI(t)
	var header atomic.Pointer[http.Header]
	s := p.store(p.liar(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range *header.Load() {
			w.Header()[name] = values
		}
		fmt.Fprint(w, "v")
	})).URL)
	for _, value := range []string{"", "x", "-1", "99999999999", "1099511627776", "9223372036854775807", "99999999999999999999", "1e400", "NaN", "Inf", "\"\"", secret} {
		h := http.Header{}
		for _, name := range []string{"Etag", "Session-Expires-In", "Session-Ends-In", "Session-Established", "Session-Retired"} {
			h[name] = []string{value}
		}
		header.Store(&h)
		got, err := s.Get(t.Context(), []byte(secret))
		if err != nil || string(got.Value) != "v" {
			t.Errorf("%q: %v", value, err)
		}
		if got.Expires < 0 || got.Cap < 0 || got.Established < 0 || got.Retired {
			t.Errorf("%q: %+v", value, got.Meta)
		}
	}
}

// TestFalseReceipts: an answer of success is not believed without a receipt of just
// that, signed by the key beside it.
func TestFalseReceipts(t *testing.T) {
	p := newPKI(t)
	now := time.Now()
	signAt := func(at time.Time, namespaces ...string) (note, key string) {
		t.Helper()
		text, err := format.GenerateKey(rand.Reader, "sessions/audit")
		if err != nil {
			t.Fatal(err)
		}
		signer, err := format.ParseSigner(text)
		if err != nil {
			t.Fatal(err)
		}
		log, err := audit.Open(filepath.Join(t.TempDir(), "audit.log"), signer, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		r := audit.Receipt{Service: "sessions", At: at, NotBefore: at, By: "x"}
		for _, n := range namespaces {
			r.Namespaces = append(r.Namespaces, audit.Ended{Namespace: n, Owner: "00112233445566778899aabbccddeeff", Ended: 7})
		}
		if note, err = log.Issue(r); err != nil {
			t.Fatal(err)
		}
		return note, log.Keys()
	}
	sign := func(namespaces ...string) (note, key string) { return signAt(now, namespaces...) }
	good, key := sign("portreeve")
	old, oldKey := signAt(now.Add(-time.Hour), "portreeve")
	_, other := sign("portreeve")
	wiki, wikiKey := sign("wiki")
	both, bothKey := sign("portreeve", "wiki")
	var answer atomic.Pointer[any]
	s := p.store(p.liar(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(*answer.Load())
	})).URL)
	end := func(v any) (admin.SignedReceipt, error) {
		answer.Store(&v)
		return s.EndAll(t.Context(), "alice", sessionstore.InstantOf(now))
	}
	// What is believed is what is signed, whatever stands beside it.
	if r, err := end(admin.SignedReceipt{Receipt: audit.Receipt{Service: "other"}, Note: good, Key: key}); err != nil || r.Service != "sessions" || r.Namespaces[0].Ended != 7 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, v := range map[string]any{
		"nothing":            map[string]any{},
		"no JSON object":     []int{1},
		"no note":            admin.SignedReceipt{Key: key},
		"no key":             admin.SignedReceipt{Note: good},
		"another key":        admin.SignedReceipt{Note: good, Key: other},
		"another namespace":  admin.SignedReceipt{Note: wiki, Key: wikiKey},
		"one namespace more": admin.SignedReceipt{Note: both, Key: bothKey},
		"one of last time":   admin.SignedReceipt{Note: old, Key: oldKey},
		"a changed note":     admin.SignedReceipt{Note: strings.Replace(good, `"ended":7`, `"ended":8`, 1), Key: key},
	} {
		if _, err := end(v); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, v := range map[string]any{
		"a handle of letters": admin.Sessions{Sessions: []admin.Session{{Handle: secret}}},
		"a short handle":      admin.Sessions{Sessions: []admin.Session{{Handle: "00"}}},
		"no page":             "page",
	} {
		answer.Store(&v)
		_, err := s.Owned(t.Context(), "alice", sessionstore.RowKey{}, 1)
		unavailable(t, name, err, secret)
	}
}
