// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/web"
)

// workView is what shows the work of an office: boards, clocks, charts, and what a
// record is put together from.
type workView struct {
	Board            web.Board
	Timers           []web.Term
	Bars             web.Bars
	Grouped, Stacked web.Series
	Contradictions   []web.Contradiction
	Diff             web.Diff
	Restricted       web.Restricted
	Leaves           web.Leaves
}

const aDay = 24 * time.Hour

func workData() workView {
	return workView{
		Board: board(), Timers: timers(),
		Bars: web.Bars{Caption: "Planned against capacity, 2026-Q1", Unit: "person-days", Rows: []web.Bar{
			{Label: "The first reviewer", URL: "/gallery", Value: 18, Limit: 20}, {Label: "The second reviewer, who has a long name", URL: "/gallery", Value: 34.5, Limit: 20},
			{Label: "The third reviewer", Value: 0, Limit: 12}, {Label: "Not assigned", Value: 7, Text: "7 person-days wait for somebody", Tone: web.ToneWarning},
		}},
		Grouped: web.Series{Caption: "Planned against done", Unit: "reviews", Names: []string{"planned", "done"}, Points: quarters(2),
			Data: &web.Link{Text: "Download as CSV", URL: "/gallery", Icon: "download"}},
		Stacked:        web.Series{Caption: "Waiting by stage", Unit: "days", Stacked: true, Names: []string{"incoming", "back orders", "planned", "in progress", "waiting"}, Points: quarters(5)},
		Contradictions: contradictions(),
		Diff:           web.Diff{Caption: "Version 2 against version 1", Lines: web.DiffLines(textBefore(), textAfter())},
		Restricted: web.Restricted{Text: "seen by the requester, the lead and two reviewers", Body: []any{
			web.Verbatim{Text: "The token lies in a shared file.\nEverybody on the host can read it."}, web.Badge{Tone: web.ToneBad, Text: "high"}}},
		Leaves: web.Leaves{Text: "on the public page", Body: web.Verbatim{Text: "A review of the concept of a new build service.\n\nOutcome: advice, with three things required to move forward."}},
	}
}

// emptyWorkData is the same on the first day.
func emptyWorkData() workView {
	v := workView{
		Board: web.Board{Label: "Reviews by stage"}, Timers: []web.Term{{Name: "Clock", Value: web.Timer{Now: Start(), Days: 30}}},
		Bars:    web.Bars{Caption: "Planned against capacity", Unit: "person-days", Empty: "Nobody's capacity is known."},
		Grouped: web.Series{Caption: "Planned against done", Empty: "Nothing was planned yet."}, Stacked: web.Series{Caption: "Waiting by stage", Empty: "Nothing waited yet."},
		Diff: web.Diff{Lines: web.DiffLines(textBefore(), textBefore())}, Restricted: web.Restricted{Body: "Nothing yet."}, Leaves: web.Leaves{Body: "Nothing leaves."},
	}
	for _, title := range []string{"Incoming", "Back orders", "Planned", "In progress", "Waiting", "Done"} {
		v.Board.Columns = append(v.Board.Columns, web.BoardColumn{Title: title})
	}
	return v
}

func board() web.Board {
	moves := func(n int) []web.BoardAction {
		url := fmt.Sprintf("/gallery/form?card=%d", n)
		return []web.BoardAction{
			{Text: "Back orders", URL: url, Name: "column", Value: "back_orders", Version: 4}, {Text: "Planned", URL: url, Name: "column", Value: "planned", Version: 4},
			{Text: "Withdraw", URL: "/gallery/confirm", Version: 4, Secondary: true},
		}
	}
	card := func(n int, title string) web.BoardCard {
		return web.BoardCard{Title: title, URL: "/gallery", Lines: []any{"The requester", []any{"asked", Start().Add(-time.Duration(n) * aDay)}}, Actions: moves(n)}
	}
	late := card(41, "Concept of a new build service that runs what anybody proposes")
	late.Marks = []web.Badge{{Tone: web.ToneBad, Text: "required"}, {Tone: web.ToneWarning, Text: "stalled"}}
	return web.Board{Label: "Reviews by stage", Columns: []web.BoardColumn{
		{Title: "Incoming", Count: 3, Note: "oldest 41 days", Tone: web.ToneWarning, Cards: []web.BoardCard{late, card(2, "A library from elsewhere"), {Title: "Restricted"}}},
		{Title: "Back orders", Count: 1204, Note: "oldest 410 days", Cards: []web.BoardCard{card(410, "donothing_without_a_single_place_to_break_this_name_on_a_narrow_card")}, More: &web.Link{Text: "All 1204", URL: "/gallery"}},
		{Title: "Planned", Count: 1, Cards: []web.BoardCard{card(9, "A supplier of mail")}},
		{Title: "In progress", Count: 0},
		{Title: "Waiting", Count: 1, Cards: []web.BoardCard{card(5, "Readiness of the survey")}},
		{Title: "Done", Count: 0},
	}}
}

func timers() []web.Term {
	now := Start()
	return []web.Term{
		{Name: "Running, paused before", Value: web.Timer{Start: now.Add(-25 * aDay), Due: now.Add(15 * aDay), Now: now, Days: 30, Used: 15, State: "Running", Tone: web.ToneGood,
			Pauses: []web.Pause{{From: now.Add(-20 * aDay), Until: now.Add(-12 * aDay), Why: "Question Q1", URL: "/gallery"}, {From: now.Add(-14 * aDay), Until: now.Add(-10 * aDay), Why: "Question Q2", URL: "/gallery"}}}},
		{Name: "Paused now", Value: web.Timer{Start: now.Add(-10 * aDay), Due: now.Add(26 * aDay), Now: now, Days: 30, Used: 4, State: "Paused: two questions are open", Tone: web.ToneNotice,
			Pauses: []web.Pause{{From: now.Add(-6 * aDay), Why: "Question Q3", URL: "/gallery"}}}},
		{Name: "Late", Value: web.Timer{Start: now.Add(-50 * aDay), Due: now.Add(-12 * aDay), Now: now, Days: 30, Used: 42, State: "Running", Tone: web.ToneBad,
			Pauses: []web.Pause{{From: now.Add(-48 * aDay), Until: now.Add(-40 * aDay), Why: "Not ready"}}}},
		{Name: "Ended", Value: web.Timer{Start: now.Add(-50 * aDay), Due: now.Add(-20 * aDay), End: now.Add(-28 * aDay), Now: now, Days: 30, Used: 22, State: "Ended in time"}},
	}
}

// quarters are eight quarters with n numbers each.
func quarters(n int) []web.Point {
	var all []web.Point
	for q := range 8 {
		p := web.Point{Label: fmt.Sprintf("%d-Q%d", 2024+q/4, q%4+1)}
		for i := range n {
			p.Values = append(p.Values, float64((q*7+i*11)%13)+float64(i)/2)
		}
		all = append(all, p)
	}
	return all
}

func contradictions() []web.Contradiction {
	return []web.Contradiction{
		{Title: "C1 Who may start a build", URL: "/gallery", State: web.Badge{Tone: web.ToneBad, Text: "open"},
			First:  web.Quote{Text: "Only members of the release team start builds.", By: "The requester", Source: web.Link{Text: "Concept, version 3, “Access”", URL: "/gallery"}},
			Second: web.Quote{Text: "Whoever proposes a change gets it built at once.", Source: web.Link{Text: "Answer to Q4", URL: "/gallery"}},
			Text:   "Anybody can propose a change."},
		{State: web.Badge{Tone: web.ToneGood, Text: "settled"}, First: web.Quote{Text: "Logs are kept for a year."}, Second: web.Quote{Text: "No personal data is kept.\nLogs hold addresses.", By: "Operations"}},
	}
}

func textBefore() string {
	return strings.Repeat("A line that stays.\n", 12) + "Builds run on the host.\nSecrets come from the environment.\n" + strings.Repeat("Another line that stays.\n", 5)
}

func textAfter() string {
	return strings.Repeat("A line that stays.\n", 12) + "Builds run in a machine of their own, which is thrown away.\n" + strings.Repeat("Another line that stays.\n", 5) + "Who rotates the tokens is open.\n"
}
