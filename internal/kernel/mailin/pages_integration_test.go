// SPDX-License-Identifier: Apache-2.0

//go:build integration

package mailin

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPagesInABrowser looks at the pages wide and narrow, light and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t, tables()), nil)
	handler, err := h.mux().Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(handler)
	defer s.Close()
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	look := func(name, who, path string) {
		t.Helper()
		for _, width := range []int64{1280, 390} {
			for _, dark := range []bool{false, true} {
				tab := b.Tab(t)
				tab.View(width, 900, dark)
				tab.Cookie(s.URL, web.SessionCookie, who)
				tab.Open(s.URL + path)
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("mailin-%s-%d-dark=%v.png", name, width, dark)))
				}
			}
		}
	}
	look("empty", "tom", "/mail")
	h.deliver("review@"+testDomain, fromOlive("We plan a new thing.\n\n"+strings.Repeat("averylongwordwithoutanyblank", 30)))
	h.deliver("review@"+testDomain, text("From: mallory@elsewhere.example\n", "buy"))
	all, err := h.Waiting(h.as("olive"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	look("list", "tom", "/mail")
	look("triage", "tom", "/mail/"+all[0].ID)
	look("own", "olive", "/mail/"+all[0].ID)
	if err := h.Confirm(h.as("olive"), all[0].ID); err != nil {
		t.Fatal(err)
	}
	look("delivered", "olive", "/mail/"+all[0].ID)
}
