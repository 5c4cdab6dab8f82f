// SPDX-License-Identifier: Apache-2.0

//go:build integration

package web_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func gallery(t *testing.T) *httptest.Server {
	t.Helper()
	deps := webtest.Deps(webtest.GalleryActions()...)
	deps.Navigation = []web.NavItem{
		{Label: "gallery.home", URL: "/gallery", Icon: "layout-dashboard", Action: "gallery:page:read"},
		{Label: "gallery.form", URL: "/gallery/form", Icon: "signature", Action: "gallery:page:read"},
		{Label: "gallery.rank", URL: "/risks", Icon: "shield-alert", Action: "gallery:page:read"},
		{Label: "gallery.days", URL: "/ledger", Icon: "scroll-text", Action: "gallery:page:read"},
	}
	deps.Menu = []web.NavItem{{Label: "gallery.form", URL: "/me", Icon: "settings", Action: "gallery:page:read"}}
	deps.Search = "gallery:page:read"
	m := web.NewMux(deps)
	webtest.Gallery(m)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	return s
}

// TestGallery looks at every component as people do: wide and narrow, light and
// dark. With PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestGallery(t *testing.T) {
	s := gallery(t)
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := b.Tab(t)
			tab.View(width, 900, dark)
			tab.Cookie(s.URL, web.SessionCookie, "executive")
			shot := func(name string) {
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("%s-%d-dark=%v.png", name, width, dark)))
				}
			}
			anonymous := b.Tab(t)
			anonymous.View(width, 900, dark)
			anonymous.Open(s.URL + "/")
			anonymous.WantAccessible()
			anonymous.WantNoOverflow()
			anonymous.WantQuiet()
			if folder != "" {
				anonymous.Screenshot(filepath.Join(folder, fmt.Sprintf("front-%d-dark=%v.png", width, dark)))
			}
			for _, path := range []string{"/gallery", "/gallery/form", "/gallery/confirm"} {
				tab.Open(s.URL + path)
				shot(filepath.Base(path))
			}
			tab.WantQuiet()
			tab.Open(s.URL + "/gallery/form")
			tab.Type("textarea", "Because the test needs it.")
			tab.Set("input[name=title]", "a title that is much too long for this form")
			browser.Eval[bool](tab, "document.querySelector('form.form').noValidate = true")
			tab.Click("form.form button")
			tab.Wait("[role=alert]")
			shot("refused")
			tab.Open(s.URL + "/gallery/blocked")
			shot("blocked")
			tab.Open(s.URL + "/nowhere")
			shot("notfound")
		}
	}
}
