// SPDX-License-Identifier: Apache-2.0

//go:build integration

package review_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
	"portreeve.org/portreeve/internal/review"
)

// gallery makes reviews in every state, and returns the pages to look at by name.
func (d *desk) gallery() map[string]string {
	d.t.Helper()
	r := d.full()
	d.at(9 * 24 * time.Hour)
	detail := d.get("reviewer", r.ID)
	at := func(part string) string { return r.URL() + part }
	short := d.notReady()
	hosted := d.hosted()
	done := d.advised()
	return map[string]string{
		"board": "/reviews", "none": "/reviews?kind=privacy", "list": "/reviews/list?column=all", "list_none": "/reviews/list?person=admin",
		"new": "/reviews/new", "request": "/reviews/new?kind=concept&prescreen.what=new", "sketch": "/reviews/new?kind=advice",
		"review": r.URL(), "reader": at("#"), "not_ready": short.URL(), "hosted": hosted.URL(), "done": done.URL(), "public": done.URL() + "/abstract",
		"edit": at("/edit"), "move": at("/move"), "estimate": at("/estimate"), "assign": at("/reviewers/new"), "release": at("/reviewers/reviewer2/release"),
		"declare": at("/declare"), "read": at("/read"), "ask": at("/questions/new"), "answer": at("/questions/" + detail.Questions[1].ID + "/answer"),
		"settle": at("/questions/" + detail.Questions[0].ID + "/settle"), "state": at("/statements/new"), "restate": at("/statements/" + detail.Statements[0].ID),
		"find": at("/findings/new?kind=contradiction"), "refind": at("/findings/" + detail.Findings[0].ID), "risk": at("/findings/" + detail.Findings[1].ID + "/risk"),
		"assess": at("/assessment"), "versions": at("/assessment/versions"), "abstract": done.URL() + "/abstract/edit", "decide": hosted.URL() + "/decide",
		"withdraw": at("/withdraw"), "supersede": at("/supersede"), "resubmit": short.URL() + "/resubmit", "opine": hosted.URL() + "/opinions/legal",
		"assessor": hosted.URL() + "/opinions/security/assessor", "meet": done.URL() + "/conditions/" + d.get("owner", done.ID).Conditions[0].ID,
		"kinds": "/review-kinds", "kind": "/review-kinds/third-party-hosting", "kind_edit": "/review-kinds/concept/edit",
	}
}

// notReady is a request that triage held not ready.
func (d *desk) notReady() review.Review {
	d.t.Helper()
	r := d.requested(func(in *review.RequestInput) {
		in.Title, in.Kind = "Nightly reading suggestions", "readiness"
		in.Answers = map[string]string{}
	})
	return d.moved(r, review.MoveInput{To: review.Waiting, NotReady: []string{"all"}})
}

// hosted is a review on which named people give their opinions.
func (d *desk) hosted() review.Review {
	d.t.Helper()
	r := d.begun(d.requested(of("third-party-hosting", "project:ci"), func(in *review.RequestInput) { in.Title = "Survey tool, hosted by its maker" }))
	var err error
	for _, aspect := range []string{"legal", "privacy"} {
		r, err = d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, aspect, "legal")
		d.must(err)
	}
	r, err = d.reviews.Opine(d.as("legal"), r.ID, r.Version, "privacy", review.OpineInput{Verdict: "concerns", Text: "The logs are kept for **two years**."})
	d.must(err)
	return r
}

// advised is a review with its outcome and a public abstract.
func (d *desk) advised() review.Review {
	d.t.Helper()
	r := d.begun(d.requested(of("concept", "project:ci"), func(in *review.RequestInput) { in.Title = "Mail for reminders" }))
	r, err := d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, review.DecideInput{
		Outcome: review.Advice, Reason: "Go on, with three things settled first.",
		Conditions: []review.ConditionInput{{Text: "Name who runs the relay", Owner: "owner", Due: d.now().Add(48 * time.Hour), Proof: "A page that names them"}, {Text: "Write down which addresses leave"}},
	})
	d.must(err)
	r, err = d.reviews.SetAbstract(d.as("reviewer"), r.ID, r.Version, review.AbstractInput{Text: "The relay is sound as it is planned.", Publish: true})
	d.must(err)
	d.at(13 * 24 * time.Hour)
	return r
}

// readers are those who look at a page if it is not the reviewer who leads.
var readers = map[string]string{
	"reader": "owner", "not_ready": "requester", "resubmit": "requester", "answer": "owner", "read": "reviewer2", "opine": "legal", "meet": "owner",
	"public": "", "decide": "executive", "done": "owner",
}

// TestPagesInABrowser looks at every page wide and narrow, light and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	d, m := newPages(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	b := browser.Start(t)
	empty := b.Tab(t)
	empty.View(1280, 900, false)
	empty.Cookie(s.URL, web.SessionCookie, "requester")
	empty.Open(s.URL + "/reviews")
	empty.WantAccessible()
	keep(empty, "empty", 1280, false)
	all := d.gallery()
	only := os.Getenv("PORTREEVE_ONLY")
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := b.Tab(t)
			tab.View(width, 900, dark)
			for name, path := range all {
				if only != "" && !strings.Contains(","+only+",", ","+name+",") {
					continue
				}
				reader, known := readers[name]
				if !known {
					reader = "reviewer"
				}
				tab.Cookie(s.URL, web.SessionCookie, reader)
				tab.Open(s.URL + path)
				tab.WantAccessible()
				tab.WantNoOverflow()
				keep(tab, name, width, dark)
			}
			tab.WantQuiet()
		}
	}
}

func keep(tab *browser.Tab, name string, width int64, dark bool) {
	if folder := os.Getenv("PORTREEVE_SCREENSHOTS"); folder != "" {
		tab.Screenshot(filepath.Join(folder, fmt.Sprintf("review-%s-%d-dark=%v.png", name, width, dark)))
	}
}
