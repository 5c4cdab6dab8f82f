// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// work serves the gallery and answers with a page of it.
func work(t *testing.T, path string) *webtest.Response {
	t.Helper()
	m := web.NewMux(webtest.Deps(webtest.GalleryActions()...))
	webtest.Gallery(m)
	return webtest.Serve(t, m).As("executive").Get(path).Want(200)
}

// TestPicturesInWords: what a drawing shows, the page says.
func TestPicturesInWords(t *testing.T) {
	page := work(t, "/gallery/work")
	page.WantText("1204", "oldest 41 days", "All 1204", "15 of 30 days used", "Paused 10 February 2026 – 18 February 2026 (8 days): Question Q1", "Paused since 24 February 2026 (6 days): Question Q3",
		"Due 28 March 2026", "and moves while it is paused", "over its time", "34.5 of 20 person-days", "14.5 person-days over", "7 person-days wait for somebody",
		"cannot both hold", "9 lines that are the same", "Removed: Builds run on the host.", "Added: Who rotates the tokens is open.",
		"Restricted: seen by the requester, the lead and two reviewers", "Leaves to the public: on the public page")
	if table := page.Find("details table").Text(); !strings.Contains(table, "2025-Q4") || !strings.Contains(table, "6.5") {
		t.Errorf("the numbers of a drawing: %s", table)
	}
	for _, svg := range page.All("main svg") {
		if svg.Attr("aria-hidden") != "true" && svg.Attr("focusable") != "false" && svg.Attr("class") != "mark" {
			t.Errorf("a drawing that screen readers meet: %s", svg.Attr("class"))
		}
	}
	work(t, "/gallery/work-empty").WantText("Nothing here.", "The clock has not begun.", "Nobody's capacity is known.", "Nothing was planned yet.", "Nothing differs.", "Restricted", "Leaves to the public")
}

// TestBoardForms: the buttons of one form go together, with the version that the
// card was shown in.
func TestBoardForms(t *testing.T) {
	card := work(t, "/gallery/work").All(".board-card")[0]
	forms := card.All("form")
	if len(forms) != 2 {
		t.Fatalf("%d forms", len(forms))
	}
	buttons := forms[0].All("button")
	if forms[0].Attr("method") != "post" || forms[0].Attr("action") != "/gallery/form?card=41" || forms[0].All("[name=_version]")[0].Attr("value") != "4" ||
		len(buttons) != 2 || buttons[1].Attr("name") != "column" || buttons[1].Attr("value") != "planned" || !strings.HasPrefix(buttons[1].Text(), "Planned Concept of") {
		t.Errorf("the first form is wrong: %s", forms[0].Text())
	}
	if withdraw := forms[1].All("button")[0]; withdraw.Has("name") || withdraw.Has("value") {
		t.Error("a button without a name sends something")
	}
	if len(work(t, "/gallery/work-empty").All(".board-column")) != 6 {
		t.Error("an empty board has other columns")
	}
}

// TestMarkupInEveryField: nothing that somebody wrote acts on the page or breaks it.
func TestMarkupInEveryField(t *testing.T) {
	const evil, script = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`, "javascript:alert(1)"
	badge := web.Badge{Text: evil}
	link := web.Link{Text: evil, URL: script}
	all := []any{
		web.Board{Label: evil, Columns: []web.BoardColumn{{Title: evil, Note: evil, Tone: evil, More: &link, Cards: []web.BoardCard{
			{Title: evil, URL: script, Lines: []any{evil, link}, Marks: []web.Badge{badge}, Actions: []web.BoardAction{{Text: evil, URL: script, Name: evil, Value: evil, Version: 1}}}}}}},
		web.Timer{Start: webtest.Start().AddDate(0, 0, -9), Now: webtest.Start(), State: evil, Tone: evil, Pauses: []web.Pause{{From: webtest.Start().AddDate(0, 0, -2), Why: evil, URL: script}}},
		web.Bars{Caption: evil, Unit: evil, Rows: []web.Bar{{Label: evil, URL: script, Value: math.Inf(1), Limit: math.NaN(), Tone: evil}, {Label: evil, Text: evil, Value: 3, Limit: 2}}},
		web.Series{Caption: evil, Unit: evil, Names: []string{evil}, Points: []web.Point{{Label: evil, Values: []float64{math.NaN()}}}, Data: &link},
		web.Diff{Caption: evil, Lines: web.DiffLines(evil, evil+"\n"+evil)},
		web.Contradiction{Title: evil, URL: script, First: web.Quote{Text: evil, By: evil, Source: link}, Second: web.Quote{Text: evil, Source: evil}, State: badge, Text: evil},
		web.Restricted{Text: evil, Body: evil}, web.Leaves{Text: evil, Body: web.Verbatim{Text: evil}},
	}
	m := web.NewMux(webtest.Deps())
	m.Files("evil", fstest.MapFS{"templates/page.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{range .Data}}{{show .}}{{end}}{{end}}`)}})
	m.Public("GET /evil", "a test", func(c *web.Ctx) error { return c.Render(200, "evil/page", all) })
	page := webtest.Serve(t, m).Get("/evil").Want(200)
	if n := len(page.All("main script")) + len(page.All("main img")) + len(page.All("[onerror]")) + len(page.All("[style]")); n != 0 {
		t.Errorf("%d elements came in with a text", n)
	}
	for _, n := range append(page.All("main a"), page.All("main form")...) {
		if at := n.Attr("href") + n.Attr("action"); strings.HasPrefix(at, "javascript:") {
			t.Errorf("an address that acts: %s", at)
		}
	}
	if strings.Contains(page.Body, "NaN") || strings.Contains(page.Body, "Inf") {
		t.Error("a number that is none is drawn")
	}
}
