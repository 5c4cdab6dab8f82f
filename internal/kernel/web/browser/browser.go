// SPDX-License-Identifier: Apache-2.0

// Package browser drives a real Chromium in tests, and checks pages with axe.
//
// The browser is kept on loopback by resolver rules, so that no test depends on
// the network or talks to it. Chromium and axe-core are installed by
// `make test`; a test that needs them fails when they are missing.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const axeVersion = "4.14.1"

// Browser is one running Chromium. Its tabs may be used concurrently, each by
// one goroutine.
type Browser struct {
	ctx context.Context
	axe string
}

// Start starts Chromium; it stops when the test ends. Certificates are not
// checked: tests serve with certificates of their own.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is not installed; make test installs it: %v", err)
	}
	axe, err := os.ReadFile(axeFile())
	if err != nil {
		t.Fatalf("axe-core is not installed; make test fetches it: %v", err)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.IgnoreCertErrors,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		stop()
		stopAllocator()
	})
	// The first run starts the browser and must not carry a time limit.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return &Browser{ctx: ctx, axe: string(axe)}
}

// axeFile is where make test puts axe-core, unless PORTREEVE_AXE says otherwise.
func axeFile() string {
	if path := os.Getenv("PORTREEVE_AXE"); path != "" {
		return path
	}
	cache := os.Getenv("PORTREEVE_CACHE")
	if cache == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			base = filepath.Join(os.Getenv("HOME"), ".cache")
		}
		cache = filepath.Join(base, "portreeve")
	}
	return filepath.Join(cache, "axe-"+axeVersion, "axe.min.js")
}

// Tab is one tab with cookies of its own. Every method fails the test when the
// browser cannot do what it is asked, within 15 seconds.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	axe  string
	mu   sync.Mutex
	said []string
}

// Tab opens a tab that shares nothing with the others.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	tab := &Tab{t: t, ctx: ctx, axe: b.axe}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			tab.mu.Lock()
			tab.said = append(tab.said, string(m.Type)+": "+m.Text)
			tab.mu.Unlock()
		}
	}()
	return tab
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, 15*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// Cookie gives the tab a cookie for the address, as a sign-in would.
func (tab *Tab) Cookie(address, name, value string) {
	tab.t.Helper()
	yes := true
	_, err := chromedp.Call(tab.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address, Path: "/", Secure: &yes, HTTPOnly: &yes})
	if err != nil {
		tab.t.Fatalf("setting a cookie: %v", err)
	}
}

// Open goes to an address and waits until the page is loaded.
func (tab *Tab) Open(address string) {
	tab.t.Helper()
	tab.do("open "+address, chromedp.Navigate(address))
	for deadline := time.Now().Add(15 * time.Second); Eval[string](tab, "document.readyState") != "complete"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tab.t.Fatalf("%s does not finish loading", address)
		}
	}
}

// Click clicks the first element that matches the CSS selector and waits for the
// page that follows, if one does.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type types text into an input, after what is there.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Set sets the value of an input or select without typing.
func (tab *Tab) Set(selector, value string) {
	tab.t.Helper()
	tab.do("set "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}

// Press presses keys where the focus is: "\t", "\r", "a".
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do("press keys", chromedp.KeyEvent(keys))
}

// Wait waits until an element that matches the selector is visible.
func (tab *Tab) Wait(selector string) {
	tab.t.Helper()
	tab.do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// WaitText waits until the page's visible text contains text.
func (tab *Tab) WaitText(text string) {
	tab.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		// While one page gives way to the next there is nothing to read: ask again.
		shown, err := evaluate[string](tab, textOf("body"))
		if err == nil && strings.Contains(shown, text) {
			return
		}
		if time.Now().After(deadline) {
			tab.t.Fatalf("%q does not appear in:\n%s\n%v", text, shown, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Text returns the visible text of the first element that matches.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return Eval[string](tab, textOf(selector))
}

func textOf(selector string) string {
	return fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector)
}

// Address returns where the tab is.
func (tab *Tab) Address() string {
	tab.t.Helper()
	return Eval[string](tab, "location.href")
}

// Eval runs a JavaScript expression in the page and returns its value; a promise
// is awaited.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	v, err := evaluate[T](tab, expression)
	if err != nil {
		tab.t.Fatalf("evaluating: %v", err)
	}
	return v
}

func evaluate[T any](tab *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, 30*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// View sets the size of the viewport and the preferred colours.
func (tab *Tab) View(width, height int64, dark bool) {
	tab.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	tab.do("set the viewport", chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Scripts switches JavaScript on or off for the pages that are opened next.
func (tab *Tab) Scripts(on bool) {
	tab.t.Helper()
	if _, err := chromedp.Call(tab.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		tab.t.Fatalf("switching scripts: %v", err)
	}
}

// Screenshot writes the whole page as a PNG file.
func (tab *Tab) Screenshot(file string) {
	tab.t.Helper()
	beyond := true
	res, err := chromedp.Call(tab.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond})
	if err != nil {
		tab.t.Fatalf("taking a screenshot: %v", err)
	}
	if err := os.WriteFile(file, res.Data, 0o600); err != nil {
		tab.t.Fatal(err)
	}
}

// Said returns what the page wrote to the console, which includes refusals of
// the content security policy and failed requests.
func (tab *Tab) Said() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string(nil), tab.said...)
}
