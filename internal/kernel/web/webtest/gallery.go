// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed gallery
var galleryFiles embed.FS

// GalleryActions are the actions of the gallery's routes.
func GalleryActions() []authz.ActionDef {
	return []authz.ActionDef{{Name: "gallery:page:read", Summary: "Look at the components.", Roles: authz.Roles(), Read: true}}
}

// Gallery registers a page with every component in every state, and one with a
// form, for people and axe to look at: /gallery, /gallery/form and others below.
func Gallery(m *web.Mux) {
	files, err := fs.Sub(galleryFiles, "gallery")
	if err != nil {
		panic(err)
	}
	m.Files("gallery", files)
	m.Front(web.Front{Security: web.SecurityTxt{Contact: []string{"mailto:security@office.test"}}, Read: frontData,
		Home: func(c *web.Ctx) error { return c.SeeOther("/gallery") }})
	m.Page("GET /gallery", "gallery:page:read", func(c *web.Ctx) error {
		c.Flash("gallery.flash", 3)
		return c.Render(200, "gallery/gallery", galleryData())
	})
	m.Page("GET /gallery/form", "gallery:page:read", func(c *web.Ctx) error {
		c.Prefill("/gallery/form", url.Values{"title": {"A/B test of property suggestions"}, "likelihood": {"possible"}, "_version": {"4"}})
		return c.Render(200, "gallery/form", formData())
	})
	m.Page("POST /gallery/form", "gallery:page:read", postGallery)
	m.Page("GET /gallery/confirm", "gallery:page:read", func(c *web.Ctx) error { return c.Confirm(revokeQuestion()) })
	m.Page("GET /gallery/work", "gallery:page:read", func(c *web.Ctx) error { return c.Render(200, "gallery/work", workData()) })
	m.Page("GET /gallery/work-empty", "gallery:page:read", func(c *web.Ctx) error { return c.Render(200, "gallery/work", emptyWorkData()) })
	m.Page("GET /gallery/part", "gallery:page:read", func(c *web.Ctx) error {
		return c.Fragment(200, "gallery/gallery", "part", nil)
	})
	m.Page("GET /gallery/blocked", "gallery:page:read", func(*web.Ctx) error {
		e := fault.New(fault.Blocked, "gate.denied", "This is not allowed now: a decision that it needs is not in force.")
		e.Blockers = blockers()
		return e
	})
}

func postGallery(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("title", "reason", "until", "likelihood")
	f.String("title", 20)
	f.Text("reason", 500)
	f.Date("until")
	f.Choice("likelihood", "rare", "possible", "likely")
	if err := f.Err(); err != nil {
		f.SetCurrent(url.Values{"title": {"Renamed by a colleague"}, "_version": {"5"}})
		return c.Again(err, "gallery/form", formData())
	}
	c.Flash("gallery.flash", 1)
	return c.SeeOther("/gallery")
}

func revokeQuestion() web.Confirm {
	return web.Confirm{
		Title: "Revoke this acceptance?", Lead: "The risk stays; what the acceptance allowed stops at once.",
		Consequences: []any{"Calls from production to the cloud realm are denied from now on.", "The owner and the requester are told by mail."},
		Fields: func(f *web.Form) []web.Field {
			why := f.Area("reason", "gallery.reason")
			why.Required, why.Rows = true, 3
			return []web.Field{why}
		},
		Action: "/gallery/form", Button: "Revoke now", Danger: true, Cancel: "/gallery",
	}
}

type formView struct{ Likelihoods, Parties []web.Choice }

func formData() formView {
	return formView{
		Likelihoods: []web.Choice{
			{Value: "rare", Label: "Rare", Hint: "not expected in ten years"},
			{Value: "possible", Label: "Possible", Hint: "once in a few years"},
			{Value: "likely", Label: "Likely", Hint: "within a year"},
		},
		Parties: []web.Choice{{Value: "foundation", Label: "The Foundation"}, {Value: "chapter", Label: "The chapter"}, {Value: "community", Label: "The community"}},
	}
}

func frontData(context.Context) (web.FrontData, error) {
	return web.FrontData{
		Office: "Security Office", Lead: "Decides, enforces and proves what keeps the projects of this foundation safe.",
		Contacts: []web.Contact{
			{Label: "Report a vulnerability", Text: "security@office.test", URL: "mailto:security@office.test", Icon: "shield-alert"},
			{Label: "Everything else", Text: "office@office.test", URL: "mailto:office@office.test", Icon: "mail"},
		},
		Public: web.Table{Caption: "Public decisions", Columns: []web.Column{{Text: "Decision"}, {Text: "Until"}},
			Rows: []web.Row{{Cells: []any{web.Link{Text: "Test of property suggestions", URL: "/gallery"}, Start()}}}},
		Checkpoint: &web.Checkpoint{Note: galleryData().Code.Text, At: Start(), URL: "/gallery"},
	}, nil
}

type galleryView struct {
	Badges, Ratings, Alerts, Stats []any
	Steps                          web.Steps
	Tabs                           web.Tabs
	Table, EmptyTable              web.Table
	Pager                          web.Pager
	Terms                          web.Terms
	Timeline                       web.Timeline
	Comments                       web.Comments
	Matrix                         web.Matrix
	Verdict, Denied                web.Verdict
	Progress                       web.Progress
	Code                           web.Code
	Card                           web.Card
	Soon                           time.Time
	Likelihoods                    []web.Choice
}

func galleryData() galleryView {
	day := 24 * time.Hour
	now := Start()
	return galleryView{
		Badges: []any{
			web.Badge{Tone: web.ToneNeutral, Text: "draft"}, web.Badge{Tone: web.ToneNotice, Text: "asked"},
			web.Badge{Tone: web.ToneGood, Text: "in force"}, web.Badge{Tone: web.ToneWarning, Text: "runs out soon"},
			web.Badge{Tone: web.ToneBad, Text: "expired"},
		},
		Ratings: []any{rated(0), rated(1), rated(2), rated(3), rated(4)},
		Alerts: []any{
			web.Alert{Tone: web.ToneNotice, Title: "This would be the third of this kind", Body: "Two earlier exceptions of the same pattern were accepted; one was extended twice."},
			web.Alert{Tone: web.ToneWarning, Title: "This acceptance runs out in three days", Body: web.Link{Text: "Ask for an extension", URL: "/gallery/form"}},
			web.Alert{Tone: web.ToneBad, Title: "The rating changed", Body: "The acceptance was given for another rating and is void."},
			web.Alert{Tone: web.ToneGood, Title: "Accepted until 31 March 2026"},
		},
		Stats: []any{
			web.Stat{Value: 4, Text: "wait for your decision", URL: "/gallery", Tone: web.ToneWarning, Icon: "hourglass"},
			web.Stat{Value: 2, Text: "run out this week", URL: "/gallery", Tone: web.ToneBad, Icon: "calendar-clock"},
			web.Stat{Value: 37, Text: "open risks", URL: "/gallery", Icon: "shield-alert"},
			web.Stat{Value: 0, Text: "reviews overdue", URL: "/gallery", Tone: web.ToneGood, Icon: "check"},
		},
		Steps: steps(),
		Tabs:  web.Tabs{Label: "Risk", Items: []web.Tab{{Text: "Overview", URL: "/gallery", Count: -1, Current: true}, {Text: "Acceptances", URL: "/gallery", Count: 2}, {Text: "Mitigation", URL: "/gallery", Count: 5}, {Text: "History", URL: "/gallery", Count: -1}}},
		Table: table(),
		EmptyTable: web.Table{Caption: "Reviews", Empty: &web.Empty{Icon: "inbox", Title: "No review asks for you", Text: "When somebody asks you to review something it appears here.",
			Action: &web.Link{Text: "Ask for a review", URL: "/gallery/form", Icon: "plus"}}},
		Pager: web.Pager{Previous: "/gallery?cursor=a", Next: "/gallery?cursor=b", Summary: "51–100"},
		Terms: web.Terms{Items: []web.Term{
			{Name: "Subject", Value: web.Link{Text: "flow:property-suggester-ab-test", URL: "/gallery"}}, {Name: "Owner", Value: "The owner"},
			{Name: "Digest", Value: web.Mono{Text: "9f86d081884c"}}, {Name: "Last seen", Value: []any{web.Moment{At: Start()}, web.Act{URL: "/gallery", Text: "End", About: "this session"}}},
			{Name: "Inherent rating", Value: rated(4)}, {Name: "Residual rating", Value: rated(3)},
			{Name: "Reviewed", Value: now.Add(-40 * day)}, {Name: "Next review", Value: nil},
		}},
		Timeline: web.Timeline{Events: []web.Event{
			{At: now, Icon: "signature", Tone: web.ToneGood, Title: "Accepted for 30 days", By: "The executive", Body: "With two conditions: read-only, and no personal data."},
			{At: now.Add(-day), Icon: "hand", Tone: web.ToneNotice, Title: "Acceptance asked for", By: "The owner"},
			{At: now.Add(-3 * day), Icon: "gauge", Title: []any{"Rated", rated(3)}, By: "The reviewer"},
		}},
		Comments: web.Comments{Items: []web.Comment{
			{ID: "1", Author: "The owner", At: now.Add(-2 * day), Body: "<p>The test needs thirty days to reach significance.</p>", Badge: &web.Badge{Tone: web.ToneNeutral, Text: "owner"}},
			{ID: "2", Erased: true},
			{ID: "3", Author: "The reviewer", At: now.Add(-day), Edited: now, Body: "<p>What does the service log?</p><ul><li>requests</li><li>responses</li></ul>"},
		}},
		Matrix:      matrix(),
		Verdict:     web.Verdict{Allowed: true, Subject: "flow:property-suggester-ab-test", Action: "call", At: now, ValidUntil: now.Add(29 * day), Advice: blockers()[1:]},
		Denied:      web.Verdict{Subject: "flow:property-suggester-ab-test", Action: "call", At: now, Blockers: blockers()},
		Progress:    web.Progress{Label: "Mitigation", Text: "3 of 5 actions done", Done: 3, All: 5},
		Code:        web.Code{Label: "Checkpoint", Text: "portreeve.org/office\n1024\nqJ0v2nWqB1pGmHnZcS8mWl8D3l4nQ0pXy7eJm3a6k1E=\n\n— portreeve.org/office Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="},
		Card:        web.Card{Title: "What waits for you", Icon: "inbox", Tone: web.ToneWarning, Actions: []web.Link{{Text: "All", URL: "/gallery"}}, Body: "Two acceptances ask for your decision."},
		Soon:        now.Add(3 * day),
		Likelihoods: formData().Likelihoods,
	}
}

func rated(step int) web.Rating {
	return web.Rating{Text: []string{"", "low", "medium", "high", "critical"}[step], Step: step, Steps: 4}
}

func steps() web.Steps {
	return web.Steps{Label: "Way of an acceptance", Items: []web.Step{
		{Text: "Rated", State: "done", Note: "high"}, {Text: "Asked", State: "done"}, {Text: "Decided", State: "current", Note: "by the director"},
		{Text: "In force", State: "todo"}, {Text: "Closed", State: "todo"},
	}}
}

func table() web.Table {
	day := 24 * time.Hour
	return web.Table{
		Caption: "Open risks",
		Columns: []web.Column{{Text: "Risk", SortURL: "/gallery?sort=title"}, {Text: "Rating", SortURL: "/gallery?sort=rating", Sorted: "descending"}, {Text: "Owner"}, {Text: "State"}, {Text: "Actions", Number: true}, {Text: "Review due", SortURL: "/gallery?sort=due"}},
		Rows: []web.Row{
			{Cells: []any{web.Link{Text: "Production calls a service on the cloud realm", URL: "/gallery"}, rated(4), "The owner", web.Badge{Tone: web.ToneBad, Text: "expired"}, 3, Start().Add(-2 * day)}, Tone: web.ToneBad},
			{Cells: []any{web.Link{Text: "Unmaintained parser of uploaded images", URL: "/gallery"}, rated(3), "The owner", web.Badge{Tone: web.ToneGood, Text: "accepted"}, 12, Start().Add(20 * day)}},
			{Cells: []any{web.Link{Text: "Shared administrator account of the mailing lists", URL: "/gallery"}, rated(2), "The triager", web.Badge{Tone: web.ToneNeutral, Text: "open"}, 0, Start().Add(90 * day)}},
		},
	}
}

func blockers() []fault.Blocker {
	return []fault.Blocker{
		{Code: "risk.acceptance.missing", Message: "The acceptance of the risk «Production calls a service on the cloud realm» ran out on 1 April 2026.", LiftedBy: "A new acceptance by the director of security, or a mitigation that lowers the rating below high.", URL: "/gallery"},
		{Code: "gate.withheld", Message: "Something that you may not see is missing.", LiftedBy: "Ask the security team."},
	}
}

func matrix() web.Matrix {
	m := web.Matrix{
		Caption: "Open risks by likelihood and impact", RowAxis: "Likelihood", ColumnAxis: "Impact", Noun: "risks",
		Rows:    []string{"Almost certain", "Likely", "Possible", "Unlikely", "Rare"},
		Columns: []string{"Negligible", "Minor", "Moderate", "Major", "Severe"},
		Hint:    "Each number leads to the risks it counts.",
	}
	counts := [][]int{{0, 0, 1, 0, 0}, {0, 2, 0, 3, 0}, {1, 0, 7, 0, 1}, {0, 12, 0, 0, 0}, {4, 0, 0, 0, 0}}
	for i, row := range counts {
		var cells []web.Cell
		for j, n := range row {
			level := min(4, max(1, (4-i+j+2)/2))
			cell := web.Cell{Count: n, Level: rated(level)}
			if n > 0 {
				cell.URL = fmt.Sprintf("/gallery?likelihood=%d&impact=%d", i, j)
			}
			cells = append(cells, cell)
		}
		m.Cells = append(m.Cells, cells)
	}
	m.Cells[0][4].Mark, m.Cells[2][3].Mark = "inherent", "residual"
	return m
}
