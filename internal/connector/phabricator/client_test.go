// SPDX-License-Identifier: Apache-2.0

package phabricator_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/test/fakes/phorge"
)

func TestWhoAmI(t *testing.T) {
	client, server := recorded(t, nil)
	a, err := client.WhoAmI(t.Context())
	if err != nil || a.Login != "portreeve-bot" || a.PHID != "PHID-USER-hfo26larztthx4mt3owi" || len(a.Roles) != 4 {
		t.Errorf("%+v, %v", a, err)
	}
	for _, c := range server.Calls() {
		if strings.Contains(c.URL, "api-") || c.Token != phorge.RecordedToken {
			t.Errorf("the token belongs into the body: %q", c.URL)
		}
	}
}

// TestConfig: a token is never sent in clear, nor to what is not the server alone.
func TestConfig(t *testing.T) {
	for url, good := range map[string]bool{
		"https://phab.example": true, "https://phab.example/sub/": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost": true,
		"http://phab.example": false, "http://127.0.0.1.phab.example": false, "phab.example": false, "": false, "ftp://phab.example": false,
		"https://user:pw@phab.example": false, "https://phab.example?x=1": false, "https://phab.example#x": false, "https://": false, "https://%": false,
	} {
		_, err := phabricator.New(phabricator.Config{URL: url, Token: "api-x"})
		if (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: the error repeats a password: %v", url, err)
		}
	}
	for _, token := range []string{"", "api x", "api-x\n", strings.Repeat("a", 201)} {
		if _, err := phabricator.New(phabricator.Config{URL: "https://phab.example", Token: token}); err == nil {
			t.Errorf("the token %q was taken", token)
		}
	}
}

// TestErrors: every answer that a real server or what stands before it may give
// has its class, and its fault for a reader.
func TestErrors(t *testing.T) {
	for name, want := range map[string]struct {
		answer phorge.Answer
		class  phabricator.Class
		code   string
	}{
		"no token":         {phorge.As("error.no-token"), phabricator.Unauthenticated, "phabricator.token"},
		"unknown token":    {phorge.As("error.unknown-token"), phabricator.Unauthenticated, "phabricator.token"},
		"bad length":       {phorge.As("error.bad-length"), phabricator.Unauthenticated, "phabricator.token"},
		"bad prefix":       {phorge.As("error.bad-prefix"), phabricator.Unauthenticated, "phabricator.token"},
		"disabled":         {phorge.As("error.disabled-user"), phabricator.Unauthenticated, "phabricator.token"},
		"unknown method":   {phorge.As("error.unknown-method"), phabricator.BadCall, "phabricator.refused"},
		"extra parameter":  {phorge.As("error.extra-param"), phabricator.BadCall, "phabricator.refused"},
		"constraint":       {phorge.As("user.search-unknown-constraint"), phabricator.BadCall, "phabricator.refused"},
		"attachment":       {phorge.As("user.search-badattachment"), phabricator.BadCall, "phabricator.refused"},
		"page size":        {phorge.As("user.search-limit-0"), phabricator.BadCall, "phabricator.refused"},
		"object type":      {phorge.As("transaction.search-typename-bad"), phabricator.BadCall, "phabricator.refused"},
		"permissions":      {phorge.As("user.disable-nonadmin"), phabricator.Denied, "phabricator.refused"},
		"shall not pass":   {phorge.As("project.edit-remove-denied"), phabricator.Denied, "phabricator.refused"},
		"invisible":        {phorge.As("transaction.search-invisible"), phabricator.Denied, "phabricator.refused"},
		"validation":       {phorge.As("maniphest.edit-lockout"), phabricator.Validation, "phabricator.refused"},
		"dead cursor":      {phorge.As("user.search-after-bad"), phabricator.DeadCursor, "phabricator.refused"},
		"read only":        {phorge.As("error.read-only-write"), phabricator.ReadOnly, "phabricator.refused"},
		"params":           {phorge.As("error.params-not-json"), phabricator.Refused, "phabricator.refused"},
		"empty list":       {phorge.As("user.search-phids-empty"), phabricator.Refused, "phabricator.refused"},
		"translated":       {phorge.Failure("ERR-CONDUIT-CORE", "Du kommst nicht vorbei"), phabricator.Refused, "phabricator.refused"},
		"other code":       {phorge.Failure("ERR-NEW", "Cursor what"), phabricator.Refused, "phabricator.refused"},
		"rate limit":       {phorge.As("error.rate-limit"), phabricator.Limited, "phabricator.limited"},
		"database down":    {phorge.As("error.database-down"), phabricator.Unavailable, "phabricator.unavailable"},
		"gateway":          {phorge.Page(502, "<html>Bad gateway"), phabricator.Unavailable, "phabricator.unavailable"},
		"page":             {phorge.Page(200, "<!doctype html><p>Sign in"), phabricator.NotConduit, "phabricator.not_conduit"},
		"forbidden page":   {phorge.Page(403, "<p>No"), phabricator.NotConduit, "phabricator.not_conduit"},
		"missing page":     {phorge.Page(404, "<p>No"), phabricator.NotConduit, "phabricator.not_conduit"},
		"other JSON":       {phorge.Page(200, `{"message":"hello"}`), phabricator.NotConduit, "phabricator.not_conduit"},
		"half an envelope": {phorge.Page(200, `{"result":{}}`), phabricator.NotConduit, "phabricator.not_conduit"},
		"no object":        {phorge.Page(200, `[]`), phabricator.NotConduit, "phabricator.not_conduit"},
		"empty code":       {phorge.Page(200, `{"result":{},"error_code":"","error_info":null}`), phabricator.NotConduit, "phabricator.not_conduit"},
		"cut off":          {phorge.Page(200, `{"result":{"a":`), phabricator.NotConduit, "phabricator.not_conduit"},
		"nothing":          {phorge.Page(200, ""), phabricator.NotConduit, "phabricator.not_conduit"},
		"other form":       {phorge.Success(`{"phid":[1]}`), phabricator.Malformed, "phabricator.refused"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := recorded(t, only("user.whoami", want.answer))
			_, err := client.WhoAmI(t.Context())
			var e *phabricator.Error
			if !errors.As(err, &e) || e.Class != want.class || !phabricator.HasClass(err, want.class) {
				t.Fatalf("got %v of class %v, want %v", err, e, want.class)
			}
			if !fault.HasCode(err, want.code) {
				t.Errorf("as a fault: %v, want %s", fault.From(err), want.code)
			}
			if strings.Contains(err.Error(), "<") || strings.Contains(err.Error(), "\n") {
				t.Errorf("a page of somebody else in the error: %q", err)
			}
		})
	}
}

// TestNoTokenInErrors: servers, proxies and networks repeat what they were sent.
func TestNoTokenInErrors(t *testing.T) {
	const token = "api-verysecret%+token0000000000/="
	echo := map[string]http.HandlerFunc{
		"info": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"result":null,"error_code":"ERR-INVALID-AUTH","error_info":"API token \"%s\" is not valid, nor api-ver\u200bysecret%%+token0000000000/=."}`, token)
		},
		"code": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"result":null,"error_code":%q,"error_info":null}`, token)
		},
		"form": func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			text, err := json.Marshal(map[string]any{"result": nil, "error_code": "ERR-X", "error_info": r.PostForm.Encode() + r.PostForm.Get("params")})
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(text)
		},
		"page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "<p>%s", token) },
		"text": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); fmt.Fprintf(w, "%s", token) },
		"key": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"result":{"phid":{%q:1}},"error_code":null}`, token)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/?"+token, http.StatusFound) },
		"status line": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", token)
			conn.Close()
		},
		"header": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", token); w.WriteHeader(429) },
	}
	for name, h := range echo {
		t.Run(name, func(t *testing.T) {
			client, _ := connect(t, h, phabricator.Config{Token: token})
			_, err := client.WhoAmI(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, "verysecret") || strings.Contains(text, "ysecret") {
					t.Errorf("the token is in the error: %s", text)
				}
			}
			if text := fmt.Sprintf("%v %+v %#v", *client, *client, *client); strings.Contains(text, "verysecret") {
				t.Errorf("the token is in the client: %s", text)
			}
		})
	}
}

// TestForeignTokens: a token of somebody else is not ours to show either.
func TestForeignTokens(t *testing.T) {
	client, _ := recorded(t, only("user.whoami", phorge.Failure("ERR-X", "cli-abcdefghij0123456789 and API-AAAAAAAAAAAAAAAA, but api-doc stays")))
	_, err := client.WhoAmI(t.Context())
	if got := err.Error(); strings.Contains(got, "abcdefghij") || strings.Contains(got, "AAAA") || !strings.Contains(got, "api-doc stays") {
		t.Error(got)
	}
}

// TestLimited: a limit is waited for, a minute each time as no time is named.
func TestLimited(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		want   time.Duration
	}{"none": {"", time.Minute}, "less": {"1", time.Minute}, "more": {"90", 90 * time.Second}, "absurd": {"999999999", 10 * time.Minute}, "date": {"Mon, 23 Nov 2026 01:58:13 GMT", time.Minute}} {
		t.Run(name, func(t *testing.T) {
			n := 0
			server := phorge.New(phorge.Recorded(), func(phorge.Call, *phorge.World) *phorge.Answer {
				if n++; n > 3 {
					return nil
				}
				a := phorge.As("error.rate-limit")
				if test.header != "" {
					a.Header["Retry-After"] = test.header
				}
				return &a
			})
			client, waited := connect(t, server, phabricator.Config{Token: phorge.RecordedToken})
			if _, err := client.WhoAmI(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(*waited) != 3 || (*waited)[0] != test.want {
				t.Errorf("waited %v", *waited)
			}
		})
	}
}

// TestLimitedForEver: at some time it is an error, and says so.
func TestLimitedForEver(t *testing.T) {
	server := phorge.New(phorge.Recorded(), only("user.whoami", phorge.As("error.rate-limit")))
	client, waited := connect(t, server, phabricator.Config{Token: phorge.RecordedToken})
	if _, err := client.WhoAmI(t.Context()); !fault.Is(err, fault.Limited) || fault.From(err).RetryAfter != time.Minute {
		t.Errorf("%v", err)
	}
	if len(*waited) != 9 {
		t.Errorf("waited %d times", len(*waited))
	}
}

// TestWritesAreMadeOnce: of a write that failed nobody knows whether it happened.
func TestWritesAreMadeOnce(t *testing.T) {
	for method, want := range map[string]int{"project.edit": 1, "maniphest.edit": 1, "maniphest.createtask": 1, "user.search": 3, "phid.lookup": 3, "conduit.ping": 3} {
		server := phorge.New(phorge.Recorded(), only(method, phorge.As("error.database-down")))
		client, waited := connect(t, server, phabricator.Config{Token: phorge.RecordedToken})
		err := client.Call(t.Context(), method, nil, nil)
		if !phabricator.HasClass(err, phabricator.Unavailable) {
			t.Errorf("%s: %v", method, err)
		}
		if server.Called(method) != want || len(*waited) != want-1 {
			t.Errorf("%s was called %d times", method, server.Called(method))
		}
	}
}

// TestMethodNames: a name becomes part of an address.
func TestMethodNames(t *testing.T) {
	client, server := recorded(t, nil)
	for _, method := range []string{"", "user", "../user.whoami", "user.whoami?x", "user.whoami/", "a b.c"} {
		if err := client.Call(t.Context(), method, nil, nil); !phabricator.HasClass(err, phabricator.BadCall) {
			t.Errorf("%q: %v", method, err)
		}
	}
	if n := len(server.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// TestRedirectsAreRefused: they would take the token elsewhere.
func TestRedirectsAreRefused(t *testing.T) {
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		client, _ := connect(t, http.RedirectHandler(other.URL, status), phabricator.Config{Token: "api-x"})
		if _, err := client.WhoAmI(t.Context()); !phabricator.HasClass(err, phabricator.NotConduit) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if asked.Load() != 0 {
		t.Error("a redirection was followed")
	}
}

// TestCertificate: a server whose certificate nobody vouches for gets no token.
func TestCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(phorge.New(phorge.Recorded(), nil))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	var waited pauses
	config := phabricator.Config{URL: server.URL, Token: phorge.RecordedToken, Wait: waited.wait}
	client, err := phabricator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WhoAmI(t.Context()); !phabricator.HasClass(err, phabricator.Unavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
	config.Roots = x509.NewCertPool()
	config.Roots.AddCert(server.Certificate())
	client, err = phabricator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WhoAmI(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLargeAnswer: an answer without end is not read into memory.
func TestLargeAnswer(t *testing.T) {
	var sent atomic.Int64
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("[", 64<<10))
		for {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	client, _ := connect(t, endless, phabricator.Config{Token: "api-x", MaxAnswer: 1 << 20})
	if _, err := client.WhoAmI(t.Context()); !phabricator.HasClass(err, phabricator.TooLarge) {
		t.Errorf("%v", err)
	}
	if sent.Load() > 64<<20 {
		t.Errorf("%d bytes were sent", sent.Load())
	}
}

// TestDepth: brackets without end do not overflow the stack.
func TestDepth(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<20), `{"result":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `,"error_code":null}`} {
		client, _ := recorded(t, only("user.whoami", phorge.Page(200, text)))
		if _, err := client.WhoAmI(t.Context()); err == nil {
			t.Error("no error")
		}
	}
}

// TestContext: an interruption ends a call, also one that waits for a server or a
// limit, and stays what it is.
func TestContext(t *testing.T) {
	reached := make(chan struct{}, 1)
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- struct{}{}
		<-r.Context().Done()
	})
	client, _ := connect(t, hang, phabricator.Config{Token: "api-x"})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if _, err := client.WhoAmI(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("hanging: %v", err)
	}
	limited := phorge.New(phorge.Recorded(), only("user.whoami", phorge.As("error.rate-limit")))
	ctx, cancel = context.WithCancel(t.Context())
	client, _ = connect(t, limited, phabricator.Config{Token: "api-x", Wait: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }})
	if _, err := client.WhoAmI(ctx); !errors.Is(err, context.Canceled) || limited.Called("user.whoami") != 1 {
		t.Errorf("limited: %v after %d calls", err, limited.Called("user.whoami"))
	}
}

// TestRealWait: without a Wait of the caller's, an interruption still ends it.
func TestRealWait(t *testing.T) {
	server := httptest.NewServer(phorge.New(phorge.Recorded(), only("user.whoami", phorge.As("error.rate-limit"))))
	defer server.Close()
	client, err := phabricator.New(phabricator.Config{URL: server.URL, Token: "api-x"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.WhoAmI(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestTimeout: a server that does not answer is away; the caller's time has not ended.
func TestTimeout(t *testing.T) {
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	client, waited := connect(t, hang, phabricator.Config{Token: "api-x", Timeout: 20 * time.Millisecond})
	if _, err := client.WhoAmI(t.Context()); !phabricator.HasClass(err, phabricator.Unavailable) || len(*waited) != 2 {
		t.Errorf("%v after %v", err, *waited)
	}
}
