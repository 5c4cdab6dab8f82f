// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// journey is a worked case through the pages: each actor has a browser of their own.
type journey struct {
	*server
	name     string // begins the names of its pictures
	scripts  bool
	chromium *browser.Browser
	tabs     map[string]*browser.Tab
	refused  []string // statuses with which the journey has forms refused, as its part
}

func newJourney(t *testing.T, name string, scripts bool) *journey {
	t.Helper()
	return &journey{
		server: startDemo(t, t.TempDir(), ""), name: name, scripts: scripts, chromium: browser.Start(t), tabs: map[string]*browser.Tab{}, refused: []string{"412"},
	}
}

// actor returns the tab of a person, who signs in first if they have not.
func (j *journey) actor(login string) *browser.Tab {
	j.t.Helper()
	tab := j.tabs[login]
	if tab == nil {
		tab = j.chromium.Tab(j.t)
		tab.View(1280, 900, false)
		tab.Scripts(j.scripts)
		j.tabs[login] = tab
		j.signIn(tab, login)
	}
	return tab
}

// pause is where the journey looks at the page as it stands: wide and narrow,
// light and dark, without leaving it.
func (j *journey) pause(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	if !j.scripts {
		return
	}
	for _, view := range []struct {
		name  string
		width int64
		dark  bool
	}{{"narrow-dark", 390, true}, {"narrow", 390, false}, {"wide-dark", 1280, true}, {"wide", 1280, false}} {
		tab.View(view.width, 900, view.dark)
		if dir := os.Getenv("PORTREEVE_SCREENSHOTS"); dir != "" {
			tab.Screenshot(filepath.Join(dir, j.name+"-"+name+"-"+view.name+".png"))
		}
		tab.WantNoOverflow()
		if view.name == "wide" || view.name == "narrow-dark" {
			tab.WantAccessible()
		}
	}
	j.quiet(t, tab)
}

// quiet fails the test for what the page wrote to the console, other than that
// a form was refused with one of the statuses that are part of the journey.
func (j *journey) quiet(t *testing.T, tab *browser.Tab) {
	t.Helper()
	for _, line := range tab.Said() {
		if !slices.ContainsFunc(j.refused, func(status string) bool {
			return strings.Contains(line, "the server responded with a status of "+status)
		}) {
			t.Errorf("%s: console: %s", tab.Address(), line)
		}
	}
}

// at opens a page of the office.
func (j *journey) at(tab *browser.Tab, path string) { tab.Open(j.URL + path) }

// fill sets inputs of the page's form by name; an empty value clears one.
func fill(tab *browser.Tab, values ...string) {
	for i := 0; i < len(values); i += 2 {
		tab.Set(fmt.Sprintf("main [name=%q]", values[i]), values[i+1])
	}
}

// choose picks the option of a select that reads as label.
func choose(t *testing.T, tab *browser.Tab, name, label string) {
	t.Helper()
	value := browser.Eval[string](tab, fmt.Sprintf(`[...document.querySelectorAll('main [name=%q] option')].find(o => o.textContent === %q)?.value ?? ""`, name, label))
	if value == "" {
		t.Fatalf("%s does not offer %q", name, label)
	}
	fill(tab, name, value)
}

// pick clicks one of the choices of a field.
func pick(tab *browser.Tab, name, value string) {
	tab.Click(fmt.Sprintf("main [name=%q][value=%q]", name, value))
}

// send presses the form's main button and waits for the page that follows.
func send(tab *browser.Tab) { press(tab, "main form .button.primary:not([formnovalidate])") }

// press clicks what leads to another page and waits until that one is there.
func press(tab *browser.Tab, selector string) {
	leave(tab)
	tab.Click(selector)
	tab.Wait("html:not([data-left]) .foot")
}

// leave marks the page that is about to go.
func leave(tab *browser.Tab) {
	browser.Eval[bool](tab, `document.documentElement.toggleAttribute("data-left", true)`)
}

// want fails the test unless the page's main part comes to contain each text: on
// a busy machine a browser may answer before it has laid out what it loaded.
func want(t *testing.T, tab *browser.Tab, texts ...string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		main := strings.Join(strings.Fields(tab.Text("main")), " ")
		missing := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return strings.Contains(main, text) })
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s does not say %q:\n%s", tab.Address(), missing, main)
			return
		}
	}
}

// path is where the tab is, without the server's address.
func (j *journey) path(tab *browser.Tab) string {
	return strings.TrimPrefix(tab.Address(), j.URL)
}
