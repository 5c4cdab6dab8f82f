// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// A component is a struct of this package and a template of the same name in
// lower case; {{show .X}} renders it. Texts are finished texts (Ctx.Text, or
// what somebody wrote) and are escaped. A field of type any takes whatever
// show takes: a text, a Message, a time, a component, several in []any.

// Tones say how something stands. Colour only repeats what the text says.
const (
	ToneNeutral = "neutral"
	ToneGood    = "good"
	ToneNotice  = "notice"
	ToneWarning = "warning"
	ToneBad     = "bad"
)

// Badge is a short state, such as "open".
type Badge struct{ Tone, Text string }

// Rating is the badge of a risk level: step Step of Steps, drawn as bars so that
// it reads without colour. Step 0 is "not rated".
type Rating struct {
	Text        string
	Step, Steps int
}

// Grade maps the step to the four grades that have a style of their own.
func (r Rating) Grade() int { return grade(r.Step, r.Steps) }

// Bars returns, from left to right, whether each of the bars is filled.
func (r Rating) Bars() []bool {
	bars := make([]bool, 4)
	for i := range bars {
		bars[i] = i < r.Grade()
	}
	return bars
}

func grade(step, steps int) int {
	if step <= 0 || steps <= 0 {
		return 0
	}
	return min(4, (step*4+steps-1)/steps)
}

// Link is a text that leads somewhere, with an icon if Icon is not empty. About
// says, to screen readers alone, what it is about.
type Link struct{ Text, URL, Icon, About string }

// Act is a button in a table that acts at once, by a POST to URL. About is as
// for Link.
type Act struct{ Text, URL, About string }

// Mono is an identifier or a hash.
type Mono struct{ Text string }

// Moment is a time to the minute; a plain time is shown as its day.
type Moment struct{ At time.Time }

// Alert is a message in a frame.
type Alert struct {
	Tone  string
	Title string
	Body  any
}

// Empty says that there is nothing here yet, why, and what to do.
type Empty struct {
	Icon, Title, Text string
	Action            *Link
}

// Table is a table with its caption. The first cell of a row names the row.
type Table struct {
	Caption string
	Hidden  bool // the caption is for screen readers alone
	Columns []Column
	Rows    []Row
	Empty   *Empty // shown instead of a table without rows
}

// Column heads a column. With a SortURL the heading is a link; Sorted is
// "ascending", "descending" or "".
type Column struct {
	Text, SortURL, Sorted string
	Number                bool // right-aligned figures
}

// Row is one row of a Table.
type Row struct {
	Cells []any
	Tone  string // marks a row that needs attention
}

// Pager leads to the neighbouring pages of a list; an empty URL is no page.
type Pager struct{ Previous, Next, Summary string }

// Terms is a list of names and values: the facts about one thing.
type Terms struct {
	Items   []Term
	Compact bool // in one column
}

// Term is one fact.
type Term struct {
	Name  string
	Value any
}

// Timeline is what happened, newest or oldest first as the slice gives it.
type Timeline struct{ Events []Event }

// Event is one thing that happened.
type Event struct {
	At    time.Time
	Icon  string
	Tone  string
	Title any
	By    string
	Body  any
}

// Steps shows where something stands on its way.
type Steps struct {
	Label string
	Items []Step
}

// Step is one stage; State is "done", "current", "todo" or "stopped".
type Step struct {
	Text, State string
	Note        any
}

// Card is a framed part of a page with a heading.
type Card struct {
	Title, Icon string
	Tone        string
	Actions     []Link
	Body        any
}

// Stat is a figure with what it counts.
type Stat struct {
	Value int
	Text  string
	URL   string
	Tone  string
	Icon  string
}

// Progress shows how much of something is done. Text says it in words.
type Progress struct {
	Label, Text string
	Done, All   int
}

// Tabs are the parts of one thing, each a page of its own.
type Tabs struct {
	Label string
	Items []Tab
}

// Tab is one part; Count is shown if it is not negative.
type Tab struct {
	Text, URL string
	Count     int
	Current   bool
}

// Comments is a thread.
type Comments struct {
	Items []Comment
	Empty string
}

// Comment is one contribution. Body is cleaned HTML. Of an erased one, Body and
// Author are empty and the place stays.
type Comment struct {
	ID      string // for the anchor
	Author  string
	At      time.Time
	Body    template.HTML
	Badge   *Badge
	Edited  time.Time
	Actions []Link
	Erased  bool
}

// Discussion leads to what is written about an item. With JavaScript the latest
// of it is loaded into its place. Without a URL it shows nothing.
type Discussion struct {
	URL  string // of the thread's page, which answers htmx with a fragment
	Text string // how much there is
}

// Code shows text as it is, with a button that copies it.
type Code struct{ Label, Text string }

// Blocked is the product's answer when something may not happen: each decision
// that is missing, and what would lift it. Advice never blocks.
type Blocked struct {
	Title  string
	Items  []fault.Blocker
	Advice []fault.Blocker
}

// Verdict is a gate's answer with its reasons.
type Verdict struct {
	Allowed    bool
	Subject    string
	Action     string
	At         time.Time
	ValidUntil time.Time
	Blockers   []fault.Blocker
	Advice     []fault.Blocker
}

// Blocked returns the reasons of the verdict as a component.
func (v Verdict) Blocked() Blocked { return Blocked{Items: v.Blockers, Advice: v.Advice} }

// Matrix is a heat map with as many rows and columns as the axes have values:
// likelihood upwards, impact to the right. Every number is text and a link.
type Matrix struct {
	Caption    string
	RowAxis    string
	ColumnAxis string
	Rows       []string // top to bottom
	Columns    []string // left to right
	Cells      [][]Cell // by row, then column
	Noun       string   // what is counted, such as "risks"
	Hint       string   // below the matrix
}

// Cell is one field of a Matrix.
type Cell struct {
	Count int
	What  string // what is counted, with its number, such as "1 risk"; "": by the matrix's noun
	URL   string // of what is counted; "" for no link
	Level Rating // what a risk in this field is rated
	Mark  string // a text such as "inherent" or "residual" put into the field
}
