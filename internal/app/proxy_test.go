// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"net/http/httptest"
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
