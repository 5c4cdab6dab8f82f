// SPDX-License-Identifier: Apache-2.0

//go:build integration

package review_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// busyQuarter is an office that accepted too much, with a meeting in which something
// was decided, and a meeting that is closed.
func (b *bureau) busyQuarter() (open, closed review.Meeting) {
	b.t.Helper()
	now := review.QuarterOf(b.now(), time.UTC)
	b.must(b.Provide(b.as("lead"), review.CapacityInput{Quarter: now, Days: ptr(8.0), Skills: &[]string{"kubernetes", "threat modelling", "go"}}))
	b.given(b.accepted(review.QuarterAfter(now, -1), 4, named("Key rotation of the mail relay")), "reviewer", review.Leads)
	b.given(b.accepted(now, 9, named("New continuous integration")), "lead", review.Leads)
	b.given(b.accepted(now, 18, named("Survey tool, hosted by its maker")), "reviewer", review.Leads)
	b.accepted(now, 6, named("Reader suggestions without a lead"))
	b.given(b.accepted(review.QuarterAfter(now, 1), 30, named("Next quarter's migration")), "lead", review.Leads)
	first := b.opened()
	r := b.requested("", named("An app on the cloud realm"))
	_, err := b.Dismiss(b.as("triager"), r.ID, r.Version, "A routine change.", first.ID)
	b.must(err)
	first, err = b.SaveMinutes(b.as("triager"), first.ID, first.Version, "# Present\n\nTriage and two reviewers.\n\n- The mail relay waits for **operations**.")
	b.must(err)
	closed, err = b.CloseMeeting(b.as("triager"), first.ID, first.Version)
	b.must(err)
	for n := range 5 {
		b.at(time.Duration(8*n+1) * oneDay)
		done := b.started("", named(fmt.Sprintf("Library %d", n)))
		short := b.moved(b.requested("", named("Half a form")), review.MoveInput{To: review.Waiting, NotReady: []string{"title"}})
		q, err := b.Ask(b.as("lead"), done.ID, done.Version, review.AskInput{Text: "Who runs it?"})
		b.must(err)
		b.at(time.Duration(8*n+3) * oneDay)
		_, err = b.Answer(b.as("owner"), done.ID, done.Version+1, q.ID, "We do.")
		b.must(err)
		_, err = b.Resubmit(b.as("requester"), short.ID, short.Version)
		b.must(err)
		b.at(time.Duration(8*n+5) * oneDay)
		done.Version += 2
		b.decided(done, review.NotApproved)
	}
	b.requested("", named("A service that calls production from the cloud, for reading lists that people share"), func(in *review.RequestInput) {
		in.Sketch = "We want reading lists that people share. The cloud realm would call production for titles, and write back what was read.\n\nNothing is built yet."
		in.Answers = map[string]string{}
		in.Technologies = []kind.Technology{{Name: "Kubernetes", State: kind.Candidate}}
	})
	open = b.opened()
	d, err := b.Meeting(b.as("triager"), open.ID)
	b.must(err)
	detail, err := b.Get(b.as("triager"), d.Agenda[len(d.Agenda)-1].Review)
	b.must(err)
	if detail.Column != review.BackOrders {
		b.moved(detail.Review, review.MoveInput{To: review.BackOrders, Priority: review.High, Meeting: open.ID})
	}
	return open, closed
}

// TestPlanPagesInABrowser looks at every page wide and narrow, light and dark, empty
// and full. With PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPlanPagesInABrowser(t *testing.T) {
	b, m := bureauPages(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	chrome := browser.Start(t)
	look := func(tab *browser.Tab, name, path string, width int64, dark bool) {
		tab.Cookie(s.URL, web.SessionCookie, "triager")
		tab.Open(s.URL + path)
		tab.WantAccessible()
		tab.WantNoOverflow()
		if folder := os.Getenv("PORTREEVE_SCREENSHOTS"); folder != "" {
			tab.Screenshot(filepath.Join(folder, fmt.Sprintf("plan-%s-%d-dark=%v.png", name, width, dark)))
		}
	}
	empty := chrome.Tab(t)
	empty.View(1280, 900, false)
	for name, path := range map[string]string{"plan": "/reviews/plan", "meeting": "/reviews/meeting", "metrics": "/reviews/metrics"} {
		look(empty, "empty-"+name, path, 1280, false)
	}
	open, closed := b.busyQuarter()
	page := map[string]string{
		"plan": "/reviews/plan", "capacity": "/reviews/plan/capacity?person=lead", "meeting": "/reviews/meeting", "minutes": open.URL(), "closed": closed.URL(),
		"write": open.URL() + "/minutes", "close": open.URL() + "/close", "queue": open.URL() + "/next", "metrics": "/reviews/metrics",
	}
	d, err := b.Meeting(b.as("triager"), open.ID)
	b.must(err)
	page["dismiss"] = open.URL() + "/dismiss/" + d.Agenda[0].Review + "/-"
	after := ""
	for { // to the end of the agenda
		q, err := b.Queue(b.as("triager"), open.ID, after)
		b.must(err)
		if q.Item == nil {
			break
		}
		after = q.Here
	}
	page["through"] = open.URL() + "/next?after=" + url.QueryEscape(after)
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := chrome.Tab(t)
			tab.View(width, 900, dark)
			for name, path := range page {
				look(tab, name, path, width, dark)
			}
			tab.WantQuiet()
		}
	}
}

// TestOneKeyDecides decides, skips and takes back by keys alone; a key that is typed
// into a field decides nothing, and neither does one that is switched off.
func TestOneKeyDecides(t *testing.T) {
	b, m := bureauPages(t)
	for _, title := range []string{"First", "Second", "Third"} {
		b.requested("", named(title))
		b.pass(time.Second)
	}
	open := b.opened()
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	tab := browser.Start(t).Tab(t)
	tab.View(1280, 900, false)
	tab.Cookie(s.URL, web.SessionCookie, "triager")
	tab.Open(s.URL + open.URL() + "/next")
	ready := func(text string) {
		t.Helper()
		tab.WaitText(text)
		tab.Wait("[data-keys-switch]:not([hidden])")
	}
	ready("First")
	tab.Press("b")
	ready("1 decided")
	tab.Press("w") // the reason comes first, and takes keys
	tab.Wait("textarea[name=reason]:focus")
	tab.Press("book")
	if got := browser.Eval[string](tab, `document.querySelector("textarea[name=reason]").value`); got != "book" {
		t.Errorf("the reason is %q", got)
	}
	browser.Eval[bool](tab, `document.activeElement.blur() === undefined`)
	tab.Press("k")
	ready("1 skipped")
	tab.Press("u")
	ready("stands where it stood")
	tab.Click("#keys")
	browser.Eval[bool](tab, `document.activeElement.blur() === undefined`)
	tab.Press("b")
	if got := browser.Eval[string](tab, `document.querySelector("h1").textContent`); got != "Third" {
		t.Errorf("at %q, though keys are switched off", got)
	}
	tab.WantQuiet()
}
