// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/review/kind"
)

// sheet is a review for people, fact by fact.
type sheet [][2]string

func (f *sheet) add(name, format string, args ...any) {
	*f = append(*f, [2]string{name, fmt.Sprintf(format, args...)})
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func reviewRow(r Summary) []string {
	column := string(r.Column)
	if r.Wait.Cause != "" {
		column += " (" + plainWord(r.Wait.Cause) + ")"
	}
	if r.Verdict.Outcome != "" {
		column += " (" + plainWord(r.Verdict.Outcome) + ")"
	}
	return []string{r.ID, column, string(r.Priority), r.Kind, clockWords(r.Clock), r.LeadName, r.Title}
}

// clockWords says how the days of a review stand, in a few words.
func clockWords(c Clock) string {
	if c.Start.IsZero() {
		return ""
	}
	text := fmt.Sprintf("%g of %d days", c.Used, c.Days)
	switch {
	case !c.End.IsZero():
		return text + ", ended"
	case !c.Running:
		text += ", paused"
	}
	if c.Over {
		text += ", over"
	}
	return text
}

func printBoard(s *client.Session, b Board) error {
	for _, c := range b.Columns {
		s.Printf("%s: %d\n", plainWord(c.Column), c.Count)
		var rows [][]string
		for _, card := range c.Cards {
			rows = append(rows, []string{"  " + card.ID, string(card.Priority), card.Kind, clockWords(card.Clock), card.LeadName, card.Title})
		}
		if err := s.Table(nil, rows, ""); err != nil {
			return err
		}
		if more := c.Count - int64(len(c.Cards)); more > 0 {
			s.Printf("  and %d more: portreeve review list --column %s\n", more, c.Column)
		}
	}
	return nil
}

func printPreScreen(s *client.Session, p kind.PreScreen) error {
	for _, q := range p.Questions {
		offered := []string{kind.Yes, kind.No}
		if q.Type == kind.Choice {
			offered = nil
			for _, c := range q.Choices {
				offered = append(offered, c.Value)
			}
		}
		s.Printf("%s=%s\n  %s\n", q.Name, strings.Join(offered, "|"), q.Label)
	}
	return nil
}

func printVerdict(s *client.Session, v kind.Verdict) error {
	var f sheet
	f.add("result", "%s", plainWord(v.Result))
	f.screened(v.Kinds, v.Because, v.From)
	for _, also := range v.Also {
		f.screened(also.Kinds, also.Because, also.From)
	}
	if err := s.Facts(f); err != nil || len(v.Named()) == 0 {
		return err
	}
	next := "Next, one of these"
	if v.Result == kind.Needed {
		next = "Next, each of these"
	}
	s.Printf("\n%s, with the same answers as --prescreen QUESTION=VALUE:\n", next)
	for _, name := range v.Named() {
		s.Printf("  portreeve review request --kind %s --title TEXT\n", name)
	}
	return nil
}

// screened says which kinds follow from which answers.
func (f *sheet) screened(kinds []string, because string, from []kind.Said) {
	f.add("kinds", "%s", strings.Join(kinds, ", "))
	f.add("because", "%s", because)
	for _, said := range from {
		f.add("answered", "%s=%s (%s %s)", said.Question, said.Answer, said.Label, said.Text)
	}
}

func (d Detail) nameOr(id string) string {
	if n := d.Names[id]; n.Name != "" {
		return n.Name
	}
	return id
}

// hidden marks what only those who take part see.
func hidden(restricted bool) string {
	if restricted {
		return "[restricted] "
	}
	return ""
}

func printReview(s *client.Session, d Detail) error {
	var f sheet
	f.head(d)
	f.form(d)
	f.work(d)
	f.record(d)
	f.end(d)
	f.add("version", "%d", d.Version)
	if d.Entry > 0 { // absent for whoever may not read the ledger
		f.add("entry", "%d", d.Entry)
	}
	return s.Facts(f)
}

func (f *sheet) head(d Detail) {
	f.add("review", "%s", d.ID)
	f.add("title", "%s", d.Title)
	force := "advisory"
	if d.Required {
		force = "required"
	}
	f.add("kind", "%s version %d, %s", d.Kind, d.KindVersion, force)
	f.add("column", "%s", plainWord(d.Column))
	f.add("waits", "%s %s", plainWord(d.Wait.Cause), d.Wait.Reason)
	for _, short := range d.Wait.Shortfalls {
		f.add("not ready", "%s: %s", short.Field, short.Message)
	}
	f.add("priority", "%s", d.Priority)
	f.add("subject", "%s %s", d.Subject, d.SubjectTitle)
	f.add("requester", "%s", d.nameOr(d.Requester))
	f.add("owner", "%s", d.nameOr(d.Owner))
	f.add("visibility", "%s", d.Visibility)
	f.add("received", "%s", moment(d.ReceivedAt))
	f.add("accepted for", "%s %s", d.Quarter, moment(d.AcceptedAt))
	f.add("scheduled", "%s", d.ScheduledFor)
	f.add("clock", "%s", clockWords(d.Clock))
	if !d.Clock.Due.IsZero() && d.Clock.End.IsZero() {
		f.add("due", "%s", moment(d.Clock.Due))
	}
	for _, p := range d.Clock.Pauses {
		until := "now"
		if !p.Until.IsZero() {
			until = moment(p.Until)
		}
		f.add("pause", "%s, %s to %s", plainWord(p.Cause), moment(p.From), until)
	}
	if d.Imported() {
		f.add("imported", "%s %s from %s, %s", d.Origin.System, d.Origin.Number, d.Origin.Source, d.Origin.Status)
	}
}

func (f *sheet) form(d Detail) {
	f.add("sketch", "%s", d.Sketch)
	for _, name := range slices.Sorted(maps.Keys(d.Answers)) {
		f.add("answer", "%s: %s", name, d.Answers[name])
	}
	for _, t := range d.Technologies {
		f.add("technology", "%s (%s), replaces %s, run by %s", t.Name, t.State, or(t.Replaces, "nothing named"), or(t.Owner, "nobody named"))
	}
	for _, s := range d.Scenarios {
		f.add("scenario", "%s: %s", s.Title, s.Who)
	}
	for _, short := range d.Shortfalls {
		f.add("falls short", "%s: %s", short.Field, short.Message)
	}
	f.add("pre-screen", "%s %s", plainWord(d.PreScreen.Result), d.PreScreen.Because)
}

func (f *sheet) work(d Detail) {
	for _, v := range d.Reviewers {
		f.add("reviewer", "%s, %s, conflict of interest: %s", d.nameOr(v.Person), plainWord(v.Part), v.Conflict)
	}
	for _, q := range d.Questions {
		state := string(q.State)
		if q.Settled != "" {
			state += ", " + string(q.Settled)
		}
		due := ""
		if !q.Due.IsZero() {
			due = " until " + client.Until(q.Due)
		}
		f.add("question", "%s to %s%s (%s) %s", q.Label, d.nameOr(q.Owner), due, state, q.Note)
		for _, comment := range q.Thread {
			f.add("", "%s: %s", d.nameOr(comment.Author), comment.Text)
		}
	}
	for _, o := range d.Opinions {
		f.add("opinion", "%s, %s: %s %s", o.Aspect, d.nameOr(o.Assessor), or(plainWord(o.Verdict), "asked"), o.Text)
	}
}

func (f *sheet) record(d Detail) {
	for _, t := range d.Statements {
		f.add(string(t.Kind), "%s%s (%s) %s [%s %s %s] %s", hidden(t.Restricted), t.Label, strings.TrimSpace(t.State+" "+t.Origin), t.Text,
			t.Source.Kind, t.Source.Title, t.Source.Place, t.Note)
	}
	labels := map[string]string{}
	for _, t := range d.Statements {
		labels[t.ID] = t.Label
	}
	for _, n := range d.Findings {
		between := ""
		if n.First != "" && n.Second != "" {
			between = " " + labels[n.First] + " against " + labels[n.Second]
		}
		f.add(plainWord(n.Kind), "%s%s %s%s (%s, %s) %s%s", hidden(n.Restricted), n.Label, n.Title, between, n.Severity, plainWord(n.State), n.Became, n.Risk)
	}
	if d.Assessment != nil {
		f.add("assessment", "version %d by %s at %s; read it with portreeve review show %s --assessment",
			d.Assessment.Version, d.nameOr(d.Assessment.Author), moment(d.Assessment.At), d.ID)
	}
}

func (f *sheet) end(d Detail) {
	v := d.Verdict
	if v.Outcome != "" {
		f.add("outcome", "%s: %s", plainWord(v.Outcome), v.Reason)
		f.add("decided", "%s by %s. %s", moment(v.At), or(d.nameOr(v.By), "nobody"), v.Right)
	}
	f.conditions(d)
	f.add("replaced by", "%s", d.Successor)
	f.add("replaces", "%s", d.Predecessor)
	if !d.PublishedAt.IsZero() {
		f.add("abstract", "public since %s", moment(d.PublishedAt))
	} else if d.Abstract != "" {
		f.add("abstract", "written, not public")
	}
	f.add("", "%s", d.Abstract)
	f.past(d)
}

// conditions are what the outcome asks for, by the numbers that review meet takes.
func (f *sheet) conditions(d Detail) {
	for i, c := range d.Conditions {
		state := ""
		switch {
		case !c.MetAt.IsZero():
			state = ", met " + moment(c.MetAt)
		case !c.Due.IsZero():
			state = ", due " + client.Until(c.Due)
		}
		f.add("asks for", "%d. %s %s%s", i+1, c.Text, d.nameOr(c.Owner), state)
	}
}

// past is what happened to an imported review where it comes from.
func (f *sheet) past(d Detail) {
	for _, p := range d.Past {
		what := p.To
		if p.From != "" {
			what = p.From + " to " + p.To
		}
		f.add("there", "%s %s, %s: %s", moment(p.At), or(p.Author, "somebody"), plainWord(p.Kind), strings.TrimSpace(what+" "+p.Text))
	}
}
