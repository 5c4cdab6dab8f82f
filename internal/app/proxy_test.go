// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestRealClient(t *testing.T) {
	for name, tt := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"proxy":                    {"127.0.0.1:4711", []string{"192.0.2.7"}, "192.0.2.7:0"},
		"proxy over IPv6":          {"[::1]:4711", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"mapped":                   {"[::ffff:127.0.0.1]:4711", []string{"::ffff:192.0.2.7"}, "192.0.2.7:0"},
		"client lies":              {"127.0.0.1:4711", []string{"203.0.113.1, 192.0.2.7"}, "192.0.2.7:0"},
		"client lies in a line":    {"127.0.0.1:4711", []string{"203.0.113.1", "192.0.2.7"}, "192.0.2.7:0"},
		"another machine":          {"198.51.100.1:4711", []string{"192.0.2.7"}, "198.51.100.1:4711"},
		"no header":                {"127.0.0.1:4711", nil, "127.0.0.1:4711"},
		"unknown":                  {"127.0.0.1:4711", []string{"unknown"}, "127.0.0.1:4711"},
		"empty":                    {"127.0.0.1:4711", []string{""}, "127.0.0.1:4711"},
		"address with port":        {"127.0.0.1:4711", []string{"192.0.2.7:99"}, "127.0.0.1:4711"},
		"lie before what is wrong": {"127.0.0.1:4711", []string{"192.0.2.7, x"}, "127.0.0.1:4711"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			var got string
			realClient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if r.RemoteAddr != tt.peer {
				t.Error("the server's request was changed")
			}
		})
	}
}

// One client that guesses passwords does not lock out the others behind the same
// proxy, and cannot pretend to be somebody else each time.
func TestSignInBehindProxy(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	try := func(login, forwarded string) int {
		form := url.Values{"login": {login}, "password": {"not the password"}, "code": {"000000"}}
		r := httptest.NewRequest(http.MethodPost, "https://office.test/sign-in", strings.NewReader(form.Encode()))
		r.RemoteAddr = "127.0.0.1:4711"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", forwarded)
		w := httptest.NewRecorder()
		in.front.ServeHTTP(w, r)
		return w.Code
	}
	limited := false
	for i := range 100 {
		limited = limited || try(fmt.Sprintf("nobody-%d", i), fmt.Sprintf("203.0.113.%d, 192.0.2.7", i)) == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("100 tries of one client were not limited")
	}
	if status := try("somebody", "192.0.2.8"); status == http.StatusTooManyRequests {
		t.Error("another client is locked out")
	}
}
