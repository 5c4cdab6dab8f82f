// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// What every page says in the same way.

// forceBadge tells what stops something from what never does.
func forceBadge(c *web.Ctx, required bool) web.Badge {
	if required {
		return web.Badge{Tone: web.ToneWarning, Text: c.Text("review.force_required")}
	}
	return web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.force_advisory")}
}

// dayText is a day such as 2026-12-01 as people read it.
func dayText(c *web.Ctx, day string) string {
	at, err := time.ParseInLocation(time.DateOnly, day, c.Location())
	if err != nil {
		return day
	}
	return c.Day(at)
}

func columnText(c *web.Ctx, column Column) string { return c.Text("review.column_" + string(column)) }

func columnBadge(c *web.Ctx, column Column) web.Badge {
	tone := web.ToneNotice
	switch column {
	case Waiting:
		tone = web.ToneWarning
	case Done:
		tone = web.ToneNeutral
	}
	return web.Badge{Tone: tone, Text: columnText(c, column)}
}

// priorityBadge is nil where nobody has set one.
func priorityBadge(c *web.Ctx, p Priority) any {
	tone := web.ToneNeutral
	switch p {
	case "":
		return nil
	case Urgent:
		tone = web.ToneBad
	case High:
		tone = web.ToneWarning
	}
	return web.Badge{Tone: tone, Text: c.Text("review.priority_" + string(p))}
}

func outcomeBadge(c *web.Ctx, o Outcome) web.Badge {
	tone := web.ToneNeutral
	switch o {
	case Approved, ApprovedWithConditions:
		tone = web.ToneGood
	case NotApproved:
		tone = web.ToneBad
	case Advice:
		tone = web.ToneNotice
	}
	return web.Badge{Tone: tone, Text: c.Text("review.outcome_" + string(o))}
}

// clockText says how the days of a review stand, in a few words.
func clockText(c *web.Ctx, r Review, clock Clock, open []string) string {
	switch {
	case r.Done() || clock.Start.IsZero() && len(open) == 0 && r.Wait.Cause == "":
		return ""
	case r.Wait.Cause != "":
		return c.Text("review.clock_" + string(r.Wait.Cause))
	case len(open) == 1:
		return c.Text("review.clock_question", open[0])
	case len(open) > 1:
		return c.Text("review.clock_questions", strings.Join(open, ", "))
	case waitsForAnswers(clock) > 0:
		return c.Text("review.clock_answers", waitsForAnswers(clock))
	case !clock.Running:
		return c.Text("review.clock_paused")
	case clock.Over:
		return c.Text("review.clock_over")
	}
	return c.Text("review.clock_running")
}

// waitsForAnswers counts the questions for which a clock stands still.
func waitsForAnswers(clock Clock) int {
	n := 0
	for _, p := range clock.Pauses {
		if p.Cause == PauseQuestion && p.Until.IsZero() {
			n++
		}
	}
	return n
}

// originText says where an imported review comes from.
func originText(c *web.Ctx, o Origin) string { return c.Text("review.imported", o.Number) }

// versionOf is what a form about the review on another page begins with.
func versionOf(d Detail) url.Values {
	return url.Values{"_version": {strconv.FormatInt(d.Version, 10)}}
}

// dueText is the day by which something is owed, marked if it is past.
func dueText(c *web.Ctx, due, now time.Time, open bool) any {
	if due.IsZero() {
		return nil
	}
	if open && !now.Before(due) {
		return []any{web.LastDay(due), web.Badge{Tone: web.ToneWarning, Text: c.Text("review.overdue")}}
	}
	return web.LastDay(due)
}

// prose renders Markdown of people.
func prose(text string) any { return content.Markdown(text) }

// named is the name of a person, with what stands for who is unknown.
func (d Detail) named(c *web.Ctx, id string) string { return itemweb.NameOf(c, d.Names, id) }

// audience says who sees the restricted parts of a review.
func audience(c *web.Ctx, d Detail) string {
	var all []string
	for _, p := range d.Participants {
		if person := item.PersonOf(p); person != "" {
			p = d.named(c, person)
		}
		all = append(all, p)
	}
	if len(all) > 6 {
		return c.Text("review.those_who_take_part", len(all))
	}
	return item.Joined(all, c.Text("review.and"))
}

// kindChoices offers the kinds by their titles.
func (s *Service) kindChoices(c *web.Ctx) ([]web.Choice, error) {
	all, err := s.Kinds(c.Context())
	if err != nil {
		return nil, err
	}
	choices := make([]web.Choice, len(all))
	for i, v := range all {
		k, err := s.read(v)
		if err != nil {
			return nil, err
		}
		choices[i] = web.Choice{Value: v.Name, Label: k.Title}
	}
	return choices, nil
}

// marks are the badges of a title: how far one may see it, whence it comes.
func marks(c *web.Ctx, r Review) []any {
	var all []any
	if r.Visibility == authz.Restricted {
		all = append(all, c.Visibility(r.Visibility))
	}
	if r.Imported() {
		all = append(all, web.Badge{Tone: web.ToneNeutral, Text: originText(c, r.Origin)})
	}
	return all
}
