// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serveMap is the map peer, with a handler in front that may refuse.
func serveMap(t *testing.T, front func(http.Handler) http.Handler) plan {
	t.Helper()
	var h http.Handler = peerHandler{newShardedMap()}
	if front != nil {
		h = front(h)
	}
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return plan{Address: s.Listener.Addr().String(), Protocol: "http", CA: ca, Connections: 3, Keys: 20, Value: 2048, Seed: 4}
}

func generate(t *testing.T, p plan) result {
	t.Helper()
	p.Name = "example.com" // of httptest's certificate
	g, err := newGenerator(p)
	if err != nil {
		t.Fatal(err)
	}
	return g.run()
}

func TestGenerator(t *testing.T) {
	p := serveMap(t, nil)
	p.Fill = true
	if r := generate(t, p); r.Requests != p.Keys || r.Failed != 0 || r.Written.Count != p.Keys {
		t.Fatalf("filling: %+v", r)
	}
	p.Fill, p.Length = false, 50*time.Millisecond
	if r := generate(t, p); r.Failed != 0 || r.Absent != 0 || r.Reads.Count != r.Requests || r.Requests == 0 {
		t.Errorf("reading: %+v", r)
	}
	p.Writes, p.Deletes, p.Rate, p.Length, p.Renew = 0.3, 0.3, 400, 250*time.Millisecond, 7
	r := generate(t, p)
	if r.Failed != 0 || r.Offered < 99 || r.Offered > 101 || r.Requests != r.Offered {
		t.Errorf("at a rate: %+v, want 100 requests offered and answered", r)
	}
	if r.Reads.Count == 0 || r.Written.Count == 0 || r.Ends.Count == 0 || r.Reads.Count+r.Written.Count+r.Ends.Count != r.Requests {
		t.Errorf("at a rate: %+v, want all kinds", r)
	}
}

// What is refused counts as failed, and says what was answered.
func TestGeneratorCountsFailures(t *testing.T) {
	p := serveMap(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				http.Error(w, "no room", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	p.Fill = true
	r := generate(t, p)
	if r.Failed != p.Keys || !strings.Contains(r.Failure, "no room") {
		t.Errorf("%+v, want all failed, and why", r)
	}
}

func TestSessionParts(t *testing.T) {
	if all, err := sessionParts(nil); err != nil || len(all) != 4 {
		t.Errorf("%d parts, %v", len(all), err)
	}
	if some, err := sessionParts([]string{"soak"}); err != nil || len(some) != 1 || some[0].name != "soak" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := sessionParts([]string{"nothing"}); err == nil {
		t.Error("a part that there is not was taken")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 2}, 3}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.of, got, c.want)
		}
	}
}

func TestRedisRequest(t *testing.T) {
	got := string(redisRequest(nil, writes, 0, []byte("ab")))
	key := string(sessionKey(nil, 0))
	want := "*3\r\n$3\r\nSET\r\n$47\r\n" + key + "\r\n$2\r\nab\r\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
