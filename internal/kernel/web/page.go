// SPDX-License-Identifier: Apache-2.0

package web

import (
	"maps"
	"net/url"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// What pages say in the same way.

// Table heads a table whose caption is for screen readers alone: columns are
// message keys, the caption is a finished text.
func (c *Ctx) Table(caption string, columns ...string) Table {
	t := Table{Caption: caption, Hidden: true, Columns: make([]Column, len(columns))}
	for i, key := range columns {
		t.Columns[i].Text = c.Text(key)
	}
	return t
}

// Add appends a row.
func (t *Table) Add(cells ...any) { t.Rows = append(t.Rows, Row{Cells: cells}) }

// Pager leads to the first and to the next page of the list at path: query is its
// filter, and next the cursor of the next page, or "".
func (c *Ctx) Pager(path string, query url.Values, next string) Pager {
	var p Pager
	address := func(q url.Values) string { return strings.TrimSuffix(path+"?"+q.Encode(), "?") }
	if c.Query("cursor") != "" {
		p.Previous = address(query)
	}
	if next != "" {
		further := maps.Clone(query)
		if further == nil {
			further = url.Values{}
		}
		further.Set("cursor", next)
		p.Next = address(further)
	}
	return p
}

// Choices offers values whose labels are the messages that begin with prefix.
func (c *Ctx) Choices(prefix string, values ...string) []Choice {
	all := make([]Choice, len(values))
	for i, v := range values {
		all[i] = Choice{Value: v, Label: c.Text(prefix + v)}
	}
	return all
}

// Hinted is Choices with a second message each, which ends in "_hint" and
// explains the choice.
func (c *Ctx) Hinted(prefix string, values ...string) []Choice {
	all := c.Choices(prefix, values...)
	for i := range all {
		all[i].Hint = c.Text(prefix + all[i].Value + "_hint")
	}
	return all
}

// Strings gives values of a named string type as strings, for Choices.
func Strings[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// Visibility is the badge of who may see something.
func (c *Ctx) Visibility(v authz.Visibility) Badge {
	tone := ToneNeutral
	if v == authz.Restricted {
		tone = ToneWarning
	}
	return Badge{Tone: tone, Text: c.Text("web.visibility_" + string(v))}
}

// Visibilities are all of them, narrowest last.
func Visibilities() []string {
	return []string{string(authz.Public), string(authz.Internal), string(authz.Restricted)}
}

// Day is the day of t in words, for sentences; "" for the zero time.
func (c *Ctx) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.Location()).Format(dayFormat)
}

// LastDay is a moment on the last day of what ends at t, exclusive; the zero time
// for the zero time.
func LastDay(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Microsecond)
}

// With is an address with parameters, given as names and values in turn.
func With(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}
