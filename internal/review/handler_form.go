// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// notNow begins the messages that say what has to happen before a form is opened.
const notNow = "review.not_now_"

// May reports whether to offer the reader the verb.
func (d Detail) May(verb string) bool { return slices.Contains(d.Verbs, verb) }

// At is the review's id and version, for its forms.
func (d Detail) At() (id string, version int64) { return d.ID, d.Version }

// Obstacle is what stands in the way of a step about the review, whoever takes it,
// or "".
func (d Detail) Obstacle(verb string) string {
	afterwards := []string{"meet", "publish", "risk"}
	switch {
	case verb == "risk" && d.Subject == "":
		return "no_subject"
	case verb == "publish" && d.Imported():
		return "imported"
	case slices.Contains(afterwards, verb):
		return ""
	case d.Done():
		return "done"
	case verb == "resubmit" && d.Wait.Cause != NotReady:
		return "ready"
	case verb == "decide" && d.Column != InProgress && d.Column != Waiting:
		return "not_started"
	case verb == "dismiss":
		return "started"
	case verb == "read" && d.Assessment == nil:
		return "unwritten"
	case verb == "assess" && !d.takes():
		return "undeclared"
	}
	return ""
}

// takes reports whether anybody takes part as a reviewer yet.
func (d Detail) takes() bool {
	return slices.ContainsFunc(d.Reviewers, func(v Reviewer) bool { return v.TakesPart() })
}

// spot is where the forms about a review are.
func (s *Service) spot() itemweb.Spot[Detail] {
	return itemweb.Spot[Detail]{Path: "/reviews/{id}/", Load: s.here, NotNow: notNow}
}

func (s *Service) here(c *web.Ctx) (Detail, error) { return s.Get(c.Context(), c.Path("id")) }

// formView is what a form about a review shows: a heading, what to know first, its
// fields, and what leads away from it.
type formView struct {
	Title, Lead string
	Action      string
	Review      Detail
	IntroTitle  string                         // heads it; may be empty
	Intro       []any                          // before the form
	Blocks      func(f *web.Form) []block      // its fields
	Rows        func(f *web.Form) []fieldRow   // of a repeated part; nil: there is none
	RowsTitle   string                         // heads them
	RowsLead    string                         // explains them
	More        string                         // the button for one more
	Preview     func(f *web.Form) any          // of what is written; nil: there is none
	Buttons     func(f *web.Form) []formButton // beside the first one
	Hidden      func(f *web.Form) []web.Choice // name as label
	Folded      []folded                       // below the form
	Save        string
}

// block is some fields under a heading, which may be empty.
type block struct {
	Title, Lead string
	Fields      []any
}

// formButton is a further button of a form.
type formButton struct {
	Name, Value, Text, Icon string
	Primary                 bool // it is what the form is for
}

// folded is something that is shown on demand.
type folded struct {
	Title string
	Body  any
}

// fieldRow is one row of a repeated part of a form.
type fieldRow struct {
	Title  string
	Above  []web.Field // each on a line of its own
	Fields []web.Field // beside each other
	Below  []web.Field // each on a line of its own
}

// Prominent reports whether a further button is what the form is for; it is for the
// template.
func (v formView) Prominent(f *web.Form) bool {
	return v.Buttons != nil && slices.ContainsFunc(v.Buttons(f), func(b formButton) bool { return b.Primary })
}

// fields is one block without a heading.
func fields(all ...any) []block { return []block{{Fields: all}} }

// viewOf makes the view of a form from the keys that begin with prefix: its title,
// lead and button.
func viewOf(c *web.Ctx, d Detail, prefix string, blocks func(f *web.Form) []block) formView {
	return formView{
		Title: c.Text(prefix + "title"), Lead: c.Text(prefix + "lead"), Save: c.Text(prefix + "save"),
		Action: c.R.URL.Path, Review: d, Blocks: blocks,
	}
}

// needed marks a field that has to be filled in.
func needed(f web.Field) web.Field { f.Required = true; return f }

// hinted gives a field its hint and its limit in characters.
func hinted(f web.Field, hint string, limit int) web.Field {
	f.Hint, f.Max = hint, limit
	return f
}

// tall gives a text so many rows.
func tall(f web.Field, rows int) web.Field { f.Rows = rows; return f }
