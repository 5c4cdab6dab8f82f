// SPDX-License-Identifier: Apache-2.0

//go:build integration

package gate_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPageInABrowser looks at the page wide and narrow, light and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPageInABrowser(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations())).answer(t, blocked())
	h, err := mux(t, f).Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := b.Tab(t)
			tab.View(width, 900, dark)
			tab.Cookie(s.URL, web.SessionCookie, "reviewer")
			for _, page := range [][2]string{
				{"question", "/gate"}, {"deny", "/gate?subject=" + flowRef + "&action=call"},
				{"allow", "/gate?subject=" + flowRef + "&action=watch"}, {"absent", "/gate?subject=flow:absent&action=call"},
			} {
				tab.Open(s.URL + page[1])
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("gate-%s-%d-dark=%v.png", page[0], width, dark)))
				}
			}
		}
	}
}
