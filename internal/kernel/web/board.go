// SPDX-License-Identifier: Apache-2.0

package web

import "strconv"

// Board shows things by the stage that they are in: columns side by side, below
// each other on a narrow screen. It holds as many cards as it was given; a column
// with more leads to them. A page has one board: its columns have ids.
type Board struct {
	Label   string // what is on it, for screen readers
	Columns []BoardColumn
}

// BoardColumn is one stage.
type BoardColumn struct {
	Title string
	Count int64  // of all that is in it, shown or not
	Note  string // such as "oldest 41 days"
	Tone  string // marks a column that needs attention; the note says why
	Cards []BoardCard
	More  *Link // to the rest
}

// BoardCard is one thing. It moves by buttons that need neither a mouse nor
// JavaScript.
type BoardCard struct {
	Title, URL string
	Lines      []any   // whatever show takes: people, dates, badges
	Marks      []Badge // what to notice first
	Actions    []BoardAction
}

// BoardAction is one button of a card: a POST to URL of Name and Value, and of
// Version as the form's version, so that a card that somebody else moved
// meanwhile does not move. Buttons with the same URL and version that stand next
// to each other are one form. The page at URL is a [FormPage] or a [ConfirmPage]
// with a Version; it answers what was refused. There is no submission id: what a
// double click sends twice is stale the second time.
type BoardAction struct {
	Text      string // "Planned"
	URL       string
	Name      string // of the field that the button sets; may be empty
	Value     string
	Version   int64 // 0: none is sent
	Secondary bool  // set apart, such as "withdraw"
}

// BoardForm is the form of some actions of a card; it is for the template.
type BoardForm struct {
	URL, Version string
	Actions      []BoardAction
}

// Forms returns the actions of the card by the form that sends them.
func (c BoardCard) Forms() []BoardForm {
	var forms []BoardForm
	for _, a := range c.Actions {
		version := ""
		if a.Version != 0 {
			version = strconv.FormatInt(a.Version, 10)
		}
		if last := len(forms) - 1; last >= 0 && forms[last].URL == a.URL && forms[last].Version == version {
			forms[last].Actions = append(forms[last].Actions, a)
			continue
		}
		forms = append(forms, BoardForm{URL: a.URL, Version: version, Actions: []BoardAction{a}})
	}
	return forms
}
