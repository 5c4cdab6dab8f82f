// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/review/kind"
)

// Compose makes the written assessment from the record, in Markdown, as far as the
// reader of d may see it: context, statements, contradictions, findings, questions,
// opinions, what is missing, the outcome and the references. names says what a
// person is called. It is pure, and a first version: people edit it.
func Compose(d Detail, names func(id string) string) string {
	c := &composer{d: d, names: names}
	c.context()
	c.technologies()
	c.scenarios()
	c.statements()
	c.contradictions()
	c.findings("Findings", func(n Finding) bool { return n.Kind == Weakness || n.Kind == Gap })
	c.findings("Open points", func(n Finding) bool { return n.Kind == NearMiss })
	c.questions()
	c.opinions()
	c.missing()
	c.outcome()
	c.references()
	return strings.TrimRight(c.text.String(), "\n") + "\n"
}

type composer struct {
	written
	d     Detail
	names func(id string) string
}

func (c *composer) name(id string) string {
	if id == "" {
		return "nobody"
	}
	return inline(c.names(id))
}

// date is a day for people; moments of the record are UTC.
func date(t time.Time) string { return t.UTC().Format("2 January 2006") }

func (c *composer) context() {
	d := c.d
	c.heading(1, "Assessment: %s", inline(d.Title))
	if d.Visibility == authz.Restricted {
		c.line("> %s This review is restricted as a whole.", restrictedMark)
		c.space()
	}
	c.heading(2, "Context")
	force := "advisory: it never blocks"
	if d.Required {
		force = "required"
	}
	c.line("- Kind: %s, version %d (%s)", inline(d.KindTitle), d.KindVersion, force)
	if d.Subject != "" {
		c.line("- Subject: %s (%s)", inline(d.SubjectTitle), inline(d.Subject))
	}
	c.line("- Requested by %s on %s; primary contact: %s", c.name(d.Requester), date(d.ReceivedAt), c.name(d.Owner))
	if d.Imported() {
		c.line("- Imported from %s: %s, filed by %s", inline(d.Origin.System), inline(d.Origin.Number), inline(d.Origin.Author))
	}
	for _, v := range d.Reviewers {
		if v.TakesPart() {
			c.line("- %s: %s", capital(plainWord(v.Part)), c.name(v.Person))
		}
	}
	c.space()
	if d.Sketch != "" {
		c.line("The sketch:")
		c.space()
		c.quote(d.Sketch)
	}
	c.submitted()
}

// submitted writes the answers in the order of the form.
func (c *composer) submitted() {
	if len(c.d.Answers) == 0 {
		return
	}
	c.heading(3, "What was submitted")
	left := maps.Clone(c.d.Answers)
	if c.d.kind != nil {
		for _, f := range c.d.kind.Fields() {
			if answer, given := left[f.Name]; given {
				c.answer(f.Label, f.ChoiceLabel(answer))
				delete(left, f.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		c.answer(name, left[name])
	}
}

func (c *composer) answer(label, text string) {
	c.line("%s:", inline(label))
	c.space()
	c.quote(text)
}

func (c *composer) technologies() {
	if len(c.d.Technologies) == 0 {
		return
	}
	c.heading(2, "Technologies")
	for _, t := range c.d.Technologies {
		line := fmt.Sprintf("- %s (%s)", inline(t.Name), t.State)
		if t.Replaces != "" {
			line += ", replaces " + inline(t.Replaces)
		}
		if t.Owner != "" {
			line += "; run by " + inline(t.Owner)
		}
		c.line("%s", line)
	}
	c.space()
}

func (c *composer) scenarios() {
	if len(c.d.Scenarios) == 0 {
		return
	}
	c.heading(2, "User scenarios")
	for _, s := range c.d.Scenarios {
		c.heading(3, "%s", inline(s.Title))
		for _, part := range [][2]string{{"Who", s.Who}, {"Steps", s.Steps}, {"Which trust changes", s.Trust}} {
			if part[1] != "" {
				c.answer(part[0], part[1])
			}
		}
	}
}

// statements writes the requirements and what was said, with where each came from.
func (c *composer) statements() {
	for _, group := range []struct {
		title string
		kind  StatementKind
	}{{"Requirements and where they come from", Requirement}, {"Statements", Said}} {
		first := true
		for _, t := range c.d.Statements {
			if t.Kind != group.kind {
				continue
			}
			if first {
				c.heading(2, "%s", group.title)
				first = false
			}
			c.part(t.Restricted, func() { c.statement(t) })
		}
	}
}

func (c *composer) statement(t Statement) {
	line := fmt.Sprintf("%s, %s", inline(t.Label), t.State)
	if t.Origin != "" {
		line += ", origin " + t.Origin
	}
	if t.Who != "" {
		line += ", by " + inline(t.Who)
	}
	c.line("%s. Source: %s", line, sourceText(t.Source))
	c.space()
	c.quote(t.Text)
	if t.Note != "" {
		c.answer("What became of it", t.Note)
	}
}

// sourceText says where something stands, in one line.
func sourceText(s Source) string {
	parts := []string{plainWord(s.Kind) + " " + inline(s.Title)}
	if s.Version != "" {
		parts = append(parts, "version "+inline(s.Version))
	}
	if s.Place != "" {
		parts = append(parts, "at "+inline(s.Place))
	}
	if s.URL != "" {
		parts = append(parts, address(s.URL))
	}
	return strings.Join(parts, ", ")
}

func (c *composer) contradictions() {
	first := true
	for _, n := range c.d.Findings {
		if n.Kind != Contradiction {
			continue
		}
		if first {
			c.heading(2, "Contradictions")
			first = false
		}
		c.part(n.Restricted || c.confides(n), func() {
			c.heading(3, "%s: %s", inline(n.Label), inline(n.Title))
			for _, id := range []string{n.First, n.Second} {
				if i := slices.IndexFunc(c.d.Statements, func(t Statement) bool { return t.ID == id }); i >= 0 {
					t := c.d.Statements[i]
					c.line("%s says (%s):", inline(t.Label), sourceText(t.Source))
					c.space()
					c.quote(t.Text)
				}
			}
			c.finding(n)
		})
	}
}

// confides reports whether a contradiction quotes what is restricted: a statement may
// have become so after it was quoted.
func (c *composer) confides(n Finding) bool {
	return slices.ContainsFunc(c.d.Statements, func(t Statement) bool { return t.Restricted && (t.ID == n.First || t.ID == n.Second) })
}

// findings writes those findings that fit, the worst first.
func (c *composer) findings(title string, fits func(Finding) bool) {
	all := slices.DeleteFunc(slices.Clone(c.d.Findings), func(n Finding) bool { return !fits(n) })
	slices.SortStableFunc(all, func(a, b Finding) int {
		return slices.Index(Severities(), b.Severity) - slices.Index(Severities(), a.Severity)
	})
	for i, n := range all {
		if i == 0 {
			c.heading(2, "%s", title)
		}
		c.part(n.Restricted, func() {
			c.heading(3, "%s: %s", inline(n.Label), inline(n.Title))
			c.finding(n)
		})
	}
}

// finding writes what a finding says, and what became of it.
func (c *composer) finding(n Finding) {
	c.line("%s, severity %s; %s.", capital(plainWord(n.Kind)), n.Severity, plainWord(n.State))
	c.space()
	if n.Text != "" {
		c.quote(n.Text)
	}
	if n.Evidence != "" {
		c.answer("Evidence", n.Evidence)
	}
	switch {
	case n.Risk != "":
		c.line("It stands in the register of risks: %s.", inline(n.Risk))
		c.space()
	case n.Became != "":
		c.answer("What became of it", n.Became)
	case n.Kind == Contradiction:
		c.line("What became of it is open.")
		c.space()
	}
}

func (c *composer) questions() {
	for i, q := range c.d.Questions {
		if i == 0 {
			c.heading(2, "Questions")
		}
		state := plainWord(q.State)
		if q.State == QuestionSettled {
			state = plainWord(q.Settled) + " settled"
			if q.Settled == Not {
				state = "closed without being settled"
			}
		}
		c.heading(3, "%s: %s", inline(q.Label), state)
		for j, comment := range q.Thread {
			does := "answered"
			if j == 0 {
				does = "asked"
			}
			c.line("%s %s on %s:", c.name(comment.Author), does, date(comment.PostedAt))
			c.space()
			c.quote(comment.Text)
		}
		if q.Note != "" {
			c.answer("What is still open", q.Note)
		}
	}
}

func (c *composer) opinions() {
	for i, o := range c.d.Opinions {
		if i == 0 {
			c.heading(2, "Opinions")
		}
		title := o.Aspect
		if c.d.kind != nil {
			if j := slices.IndexFunc(c.d.kind.Opinions, func(k kind.Opinion) bool { return k.Aspect == o.Aspect }); j >= 0 {
				title = c.d.kind.Opinions[j].Title
			}
		}
		if o.Verdict == "" {
			c.line("%s: %s was asked and has not answered.", inline(title), c.name(o.Assessor))
			c.space()
			continue
		}
		c.line("%s: %s, says %s.", inline(title), plainWord(o.Verdict), c.name(o.Assessor))
		c.space()
		c.quote(o.Text)
	}
}

// missing writes the required information that is not there yet.
func (c *composer) missing() {
	var lines []string
	for _, s := range c.d.Shortfalls {
		lines = append(lines, fmt.Sprintf("- %s: %s", inline(s.Label), inline(s.Message)))
	}
	for _, q := range c.d.Questions {
		if q.State == QuestionOpen {
			lines = append(lines, fmt.Sprintf("- An answer of %s to %s", c.name(q.Owner), inline(q.Label)))
		}
		if q.State == QuestionSettled && q.Settled != Fully {
			lines = append(lines, fmt.Sprintf("- What %s left open: %s", inline(q.Label), inline(q.Note)))
		}
	}
	if len(lines) == 0 {
		return
	}
	c.heading(2, "Required information")
	for _, l := range lines {
		c.line("%s", l)
	}
	c.space()
}

func (c *composer) outcome() {
	v := c.d.Verdict
	if v.Outcome == "" {
		return
	}
	c.heading(2, "Outcome")
	who := ""
	if v.By != "" {
		who = ", by " + c.name(v.By)
	}
	c.line("%s, %s%s. %s", capital(plainWord(v.Outcome)), date(v.At), who, inline(v.Right))
	c.space()
	c.quote(v.Reason)
	for i, condition := range c.d.Conditions {
		if i == 0 {
			c.heading(3, "What it asks for")
		}
		line := fmt.Sprintf("%d. %s", i+1, inline(condition.Text))
		if condition.Owner != "" {
			line += "; " + c.name(condition.Owner)
		}
		if !condition.Due.IsZero() {
			line += ", until " + date(condition.Due.Add(-time.Nanosecond))
		}
		if condition.Proof != "" {
			line += "; shown by " + inline(condition.Proof)
		}
		c.line("%s", line)
	}
	c.space()
}

// references lists each source once; those of restricted statements alone are marked.
func (c *composer) references() {
	open, closed := []string{}, []string{}
	for _, t := range c.d.Statements {
		if !t.Restricted {
			open = append(open, "- "+sourceText(t.Source))
		}
	}
	for _, t := range c.d.Statements {
		if line := "- " + sourceText(t.Source); t.Restricted && !slices.Contains(open, line) {
			closed = append(closed, line)
		}
	}
	if c.d.Origin.URL != "" {
		open = append(open, fmt.Sprintf("- %s %s", inline(c.d.Origin.Number), address(c.d.Origin.URL)))
	}
	if len(open)+len(closed) == 0 {
		return
	}
	c.heading(2, "References")
	once := func(lines []string) {
		seen := map[string]bool{}
		for _, l := range lines {
			if !seen[l] {
				c.line("%s", l)
			}
			seen[l] = true
		}
	}
	once(open)
	if len(closed) > 0 {
		c.space()
		c.restricted(func() { once(closed) })
	}
}
