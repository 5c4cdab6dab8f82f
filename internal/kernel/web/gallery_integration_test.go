// SPDX-License-Identifier: Apache-2.0

//go:build integration

package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func gallery(t *testing.T, change ...func(*web.Deps)) *httptest.Server {
	t.Helper()
	deps := webtest.Deps(webtest.GalleryActions()...)
	for _, c := range change {
		c(&deps)
	}
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
	m.Public("GET /bad", "breaks the rules on purpose", func(c *web.Ctx) error {
		c.W.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := c.W.Write([]byte(`<!doctype html><title>x</title><img src="/favicon.ico"><p style="color:red">x</p><script>document.title = "ran"</script><div id="wide">` + strings.Repeat("x", 2000) + `</div>`))
		return err
	})
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
			for _, path := range []string{"/gallery", "/gallery/work", "/gallery/work-empty", "/gallery/form", "/gallery/confirm"} {
				tab.Open(s.URL + path)
				shot(filepath.Base(path))
			}
			tab.WantQuiet()
			tab.Open(s.URL + "/gallery/work")
			browser.Eval[bool](tab, "document.querySelectorAll('main details').forEach(d => { d.open = true }), true")
			shot("work-open")
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

// TestBrowserNotices: the checks that the other tests rely on can fail.
func TestBrowserNotices(t *testing.T) {
	s := gallery(t)
	tab := browser.Start(t).Tab(t)
	tab.Open(s.URL + "/bad")
	if got := browser.Eval[string](tab, "document.title"); got != "x" {
		t.Errorf("an inline script ran: %q", got)
	}
	var found []string
	for _, v := range tab.Axe() {
		found = append(found, v.ID)
	}
	for _, want := range []string{"image-alt", "html-has-lang"} {
		if !slices.Contains(found, want) {
			t.Errorf("axe does not find %s, only %v", want, found)
		}
	}
	fails := &counting{TB: t}
	tab.Check(fails).WantQuiet()
	tab.Check(fails).WantNoOverflow()
	tab.Check(fails).WantAccessible()
	if fails.n < 4 {
		t.Errorf("only %d complaints about a page that breaks every rule", fails.n)
	}
}

// counting counts errors instead of failing.
type counting struct {
	testing.TB
	n int
}

func (c *counting) Errorf(string, ...any) { c.n++ }

// TestWithoutJavaScript: refused, corrected and saved with scripts switched off.
func TestWithoutJavaScript(t *testing.T) {
	s := gallery(t)
	tab := browser.Start(t).Tab(t)
	tab.Cookie(s.URL, web.SessionCookie, "executive")
	tab.Scripts(false)
	tab.Open(s.URL + "/gallery/form")
	tab.Set("input[name=title]", "a title that is much too long for this form")
	tab.Type("textarea[name=reason]", "Because.")
	tab.Set("input[name=until]", "2026-03-31")
	tab.Click("form.form button")
	tab.WaitText("At most 20 characters")
	tab.WaitText("Renamed by a colleague")
	tab.Set("input[name=title]", "A short title")
	tab.Click("form.form button")
	tab.WaitText("1 change was saved.")
}

// TestBoardByKeyboard: a card moves without scripts and without a mouse.
func TestBoardByKeyboard(t *testing.T) {
	s := gallery(t)
	tab := browser.Start(t).Tab(t)
	tab.Cookie(s.URL, web.SessionCookie, "executive")
	tab.Scripts(false)
	tab.Open(s.URL + "/gallery/work")
	// Past the way to the content, into the first card: its title, then what moves it.
	tab.Press("\t\r")
	var stops []string
	for range 30 {
		tab.Press("\t")
		stops = append(stops, tab.Text(":focus"))
		if strings.HasPrefix(stops[len(stops)-1], "Move\nConcept") {
			tab.Press("\r")
			tab.Wait(".board-do[open] button")
			tab.Press("\t\t\r")
			tab.WaitText("This is needed.")
			if got := tab.Address(); !strings.HasSuffix(got, "/gallery/form?card=41") {
				t.Errorf("the button of the card leads to %s", got)
			}
			return
		}
	}
	t.Errorf("no stop moves the card: %q", stops)
}

// keeper is a DraftKeeper that may be used concurrently.
type keeper struct {
	mu sync.Mutex
	webtest.Drafts
}

func (k *keeper) Keep(ctx context.Context, person, path string, values url.Values) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Drafts.Keep(ctx, person, path, values)
}

func (k *keeper) text(key, field string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Drafts[key].Get(field)
}

// TestWithJavaScript: what app.js and htmx add.
func TestWithJavaScript(t *testing.T) {
	kept := &keeper{Drafts: webtest.Drafts{}}
	s := gallery(t, func(d *web.Deps) { d.Drafts = kept })
	tab := browser.Start(t).Tab(t)
	tab.Cookie(s.URL, web.SessionCookie, "executive")
	tab.Open(s.URL + "/gallery")

	tab.Click("#part a")
	tab.Wait("#loaded")
	if got := tab.Text(".code .copy"); got != "Copy" {
		t.Errorf("copy button %q", got)
	}
	tab.Click(".menu summary")
	tab.Wait(".menu-sheet")
	tab.Press("\u001b")
	if browser.Eval[bool](tab, "document.querySelector('.menu').open") {
		t.Error("Escape does not close the menu")
	}
	browser.Eval[bool](tab, "document.activeElement.blur(), true")
	tab.Press("/")
	if got := browser.Eval[string](tab, "document.activeElement.id"); got != "q" {
		t.Errorf("the search key leads to %q", got)
	}

	tab.Open(s.URL + "/gallery/form")
	tab.Type("textarea[name=reason]", "half a sentence")
	for range 100 {
		if kept.text("executive /gallery/form", "reason") != "" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := kept.text("executive /gallery/form", "reason"); got != "half a sentence" {
		t.Errorf("kept %q", got)
	}
	tab.Open(s.URL + "/gallery/form?draft=1")
	if got := browser.Eval[string](tab, "document.querySelector('textarea').value"); got != "half a sentence" {
		t.Errorf("restored %q", got)
	}
	tab.WantQuiet()
}

// TestKeyboard: the first stop is the way past the navigation.
func TestKeyboard(t *testing.T) {
	s := gallery(t)
	tab := browser.Start(t).Tab(t)
	tab.Cookie(s.URL, web.SessionCookie, "executive")
	tab.Open(s.URL + "/gallery")
	tab.Press("\t")
	if got := tab.Text(":focus"); got != "Skip to the content" {
		t.Errorf("first stop %q", got)
	}
	tab.Press("\r")
	if got := browser.Eval[string](tab, "location.hash"); got != "#main" {
		t.Errorf("the skip link leads to %q", got)
	}
	tab.Press("\t")
	if !browser.Eval[bool](tab, "document.querySelector('main').contains(document.activeElement)") {
		t.Error("after the skip link the focus is not in the content")
	}
}
