// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// printChanged says where a review stands after a change, in one line, and what the
// change was. The whole review is for portreeve review show.
func printChanged(s *client.Session, d Detail) error {
	state := []string{plainWord(d.Column)}
	if d.Wait.Cause != "" {
		state[0] += " (" + plainWord(d.Wait.Cause) + ")"
	}
	for _, more := range []string{plainWord(d.Verdict.Outcome), string(d.Priority), clockWords(d.Clock)} {
		if more != "" {
			state = append(state, more)
		}
	}
	s.Printf("%s: %s; version %d\n", d.ID, strings.Join(state, ", "), d.Version)
	var f sheet
	f.changed(d)
	return s.Facts(f)
}

// changed are what the steps that made the present version changed.
func (f *sheet) changed(d Detail) {
	var named []string // what is named alone: its words are long
	for _, step := range d.History {
		if step.Version != d.Version {
			continue
		}
		for _, c := range step.Changes {
			switch {
			case c.Field == "assessment" && d.Assessment != nil:
				f.add("assessment", "version %d", d.Assessment.Version)
			case c.From == "" && c.To == "":
				named = append(named, plainWord(c.Field))
			case c.From == "":
				f.add(plainWord(c.Field), "%s", d.changeWord(c.Field, c.To))
			case c.To == "":
				f.add(plainWord(c.Field), "%s no longer", d.changeWord(c.Field, c.From))
			default:
				f.add(plainWord(c.Field), "%s to %s", d.changeWord(c.Field, c.From), d.changeWord(c.Field, c.To))
			}
			f.became(d, c)
		}
	}
	f.add("changed", "%s", strings.Join(named, ", "))
	for _, one := range d.shortNow() {
		f.add("falls short", "%s: %s", one.Field, one.Message)
	}
}

// shortNow is what falls short after a change: once the form was written, what does
// by the rules; of a review that is not ready, that part of it which triage named.
func (d Detail) shortNow() []kind.Shortfall {
	written := slices.ContainsFunc(d.History, func(h item.Step) bool {
		return h.Version == d.Version && (h.Kind == KindRequested || h.Kind == KindEdited)
	})
	switch {
	case !written:
		return d.Wait.Shortfalls
	case d.Wait.Cause != NotReady:
		return d.Shortfalls
	}
	return slices.DeleteFunc(slices.Clone(d.Shortfalls), func(s kind.Shortfall) bool {
		return !slices.ContainsFunc(d.Wait.Shortfalls, func(n kind.Shortfall) bool { return n.Field == s.Field })
	})
}

// changeWord is a value of the history in words.
func (d Detail) changeWord(field, value string) string {
	if field == "owner" || field == "reviewer" {
		return d.nameOr(value)
	}
	if field == "column" || field == "outcome" || field == "part" || field == "state" {
		return plainWord(value)
	}
	return value
}

// became adds what a change names and others have to know it by: the risk that a
// finding became, the number of each condition.
func (f *sheet) became(d Detail, c item.Change) {
	if c.Field == "finding" {
		if i := slices.IndexFunc(d.Findings, func(n Finding) bool { return n.Label == c.To }); i >= 0 {
			f.add("risk", "%s", d.Findings[i].Risk)
		}
	}
	if c.Field == "outcome" {
		f.conditions(d)
	}
}
