// SPDX-License-Identifier: Apache-2.0

package ledgerweb_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// slowReader takes a little, and then nothing for a while.
type slowReader struct {
	http.ResponseWriter
	wrote int
	first func()
}

func (s *slowReader) Write(b []byte) (int, error) {
	s.wrote += len(b)
	if s.first != nil {
		s.first()
		s.first = nil
	}
	return s.ResponseWriter.Write(b)
}

// TestAnExportEndsWithItsReader: whose account is closed while they read gets no more
// of it, however slowly they take it.
func TestAnExportEndsWithItsReader(t *testing.T) {
	size := func(closed bool) (n int, aborted bool) {
		o := newOffice(t)
		o.fill(400)
		o.people = maps.Clone(webtest.ByRole())
		w := &slowReader{ResponseWriter: httptest.NewRecorder()}
		if closed {
			w.first = func() {
				delete(o.people, "reviewer")
				time.Sleep(1100 * time.Millisecond) // who reads is asked for once a second
			}
		}
		defer func() { n, aborted = w.wrote, recover() != nil }()
		r := httptest.NewRequest("GET", "https://office.test/api/v1/ledger/export", nil)
		r.Header.Set("Authorization", "Bearer reviewer")
		o.handler().ServeHTTP(w, r)
		return 0, false
	}
	whole, broken := size(false)
	if broken {
		t.Fatal("an export breaks off by itself")
	}
	part, broken := size(true)
	if !broken || part > whole/2 {
		t.Errorf("%d of %d bytes after the account was closed; broken off: %v", part, whole, broken)
	}
}
