// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// rows are the facts of an item for people.
type rows [][2]string

func (r *rows) add(name, format string, args ...any) {
	*r = append(*r, [2]string{name, fmt.Sprintf(format, args...)})
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func cellText(a Assessment) string {
	return fmt.Sprintf("%s (likelihood %d, impact %d)", a.Rating, a.Likelihood, a.Impact)
}

func named(names map[string]Named, id string) string {
	if n, ok := names[id]; ok && n.Name != "" {
		return n.Name
	}
	return id
}

func riskRow(r Summary) []string {
	acceptance := string(r.Acceptance)
	if r.Acceptance == InForce {
		acceptance = "until " + client.Until(r.AcceptedUntil)
	}
	rating := string(r.Effective.Rating)
	if !r.Rated() {
		rating += " (proposed)"
	}
	return []string{r.ID, rating, string(r.State), acceptance, r.Subject, r.Title}
}

// printMatrix draws the matrix, the likeliest row on top.
func printMatrix(s *client.Session, c Counts) error {
	var lines [][]string
	for l := matrix.Steps; l >= 1; l-- {
		line := []string{fmt.Sprint(l)}
		if l <= len(c.Likelihood) {
			line[0] += " " + c.Likelihood[l-1].Name
		}
		for _, cell := range c.Cells {
			if cell.Likelihood == l {
				line = append(line, fmt.Sprintf("%d %s", cell.Count, cell.Rating))
			}
		}
		lines = append(lines, line)
	}
	line := []string{"impact"}
	for i, step := range c.Impact {
		line = append(line, fmt.Sprintf("%d %s", i+1, step.Name))
	}
	if err := s.Table(nil, append(lines, line), ""); err != nil {
		return err
	}
	s.Printf("total %d\n", c.Total)
	return nil
}

func printProposal(s *client.Session, p matrix.Proposal) error {
	for _, part := range []struct {
		name string
		a    matrix.Assessed
	}{{"inherent", p.Inherent}, {"residual", p.Residual}} {
		s.Printf("%s: %s (likelihood %d, impact %d)\n", part.name, part.a.Rating, part.a.Cell.Likelihood, part.a.Cell.Impact)
		for _, m := range part.a.Moves {
			source := string(m.Origin)
			if m.Cites != "" {
				source += ", " + m.Cites
			}
			s.Printf("  %s: %s; now %s. %s [%s]\n", m.Factor, m.Effect, m.Rating, m.Why, source)
		}
	}
	return nil
}

func printRisk(s *client.Session, d Detail) error {
	var t rows
	t.add("risk", "%s", d.ID)
	t.add("title", "%s", d.Title)
	t.add("state", "%s", d.State)
	t.add("subject", "%s %s", d.Subject, d.SubjectTitle)
	t.add("owner", "%s", named(d.Names, d.Owner))
	t.add("visibility", "%s", d.Visibility)
	t.add("threat", "%s", d.Threat)
	t.add("scope", "%s", d.Scope)
	t.add("proposed", "%s", d.Proposal.Residual.Rating)
	if d.Rated() {
		t.add("inherent", "%s", cellText(d.Rating.Inherent))
		t.add("residual", "%s", cellText(d.Rating.Residual))
		t.add("reason", "%s", d.Rating.Reason)
		t.add("review due", "%s", moment(d.ReviewDue))
	} else {
		t.add("counts as", "%s until it is rated", d.Proposed.Rating)
	}
	t.add("treatment", "%s %s", d.Treatment, d.TreatmentNote)
	for _, p := range d.Parties {
		heard := ""
		switch {
		case p.Heard:
			heard = ", heard"
		case p.Answers:
			heard = ", decides itself"
		case p.Requirement == RequireHearing:
			heard = ", not heard yet"
		}
		t.add("party", "%s: %s%s", p.Name, p.Requirement, heard)
	}
	for _, h := range d.Hearings {
		earlier := ""
		if h.RatingSeq != d.Rating.Seq {
			earlier = " (on an earlier rating)"
		}
		t.add("heard", "%s, for %s, at %s%s: %s; recorded by %s", h.Heard, d.partyName(h.Party, "a party no longer named"), moment(h.HeldAt), earlier, h.Said,
			named(d.Names, h.RecordedBy))
	}
	for _, o := range d.Options {
		t.add("option", "%s %s: %s; cost %s; delay %s; risk %s", o.ID, o.Kind, o.Title, o.Cost, o.Delay, o.Risk)
	}
	for _, m := range d.Mitigations {
		t.add("action", "%s %s: %s, %s until %s", m.ID, m.State, m.Title, named(d.Names, m.Owner), client.Until(m.Due))
	}
	for _, a := range d.Acceptances {
		t.add("acceptance", "%s %s, until %s", a.ID, a.Standing.Code, client.Until(a.Until))
	}
	for _, n := range d.Needs {
		for _, w := range n.Ways {
			t.add("may accept", "%s%s, at most %s", partyPrefix(n.Party), w.Way, w.Longest)
		}
	}
	t.add("version", "%d", d.Version)
	if d.Entry > 0 { // absent for whoever may not read the ledger
		t.add("entry", "%d", d.Entry)
	}
	return s.Facts(t)
}

func partyPrefix(party string) string {
	if party == "" {
		return ""
	}
	return "for " + party + ": "
}

func printAcceptance(s *client.Session, d AcceptanceDetail) error {
	var t rows
	t.add("acceptance", "%s", d.ID)
	t.add("risk", "%s %s", d.Risk, d.RiskTitle)
	t.add("standing", "%s", d.Standing.Code)
	t.add("changed", "%s", strings.Join(d.Standing.Changed, ", "))
	t.add("decided on", "%s; %s version %d", cellText(d.Basis.Residual), d.Basis.Subject, d.Basis.SubjectVersion)
	t.add("digest", "%s", d.Basis.SubjectDigest)
	t.add("option", "%s: %s", d.Option.Kind, d.Option.Title)
	t.add("reason", "%s", d.Reason)
	t.add("asked by", "%s at %s", named(d.Names, d.AskedBy), moment(d.AskedAt))
	t.add("from", "%s", moment(d.From))
	t.add("until", "%s", client.Until(d.Until))
	for _, act := range d.Opens {
		kind, action, _ := strings.Cut(act, " ")
		t.add("lets the gate allow", "%s on this %s", action, kind)
	}
	nth := "would be number %d of this kind"
	if d.WasGranted() {
		nth = "number %d of this kind"
	}
	t.add("exception", nth, d.Ordinal)
	for _, p := range d.Precedents {
		t.add("precedent", "%s %s until %s: %s", p.Acceptance, p.Outcome, client.Until(p.Until), p.Title)
	}
	for _, c := range d.Conditions {
		state := "due " + client.Until(c.Due)
		if !c.MetAt.IsZero() {
			state = "met " + moment(c.MetAt)
		}
		t.add("condition", "%s %s, %s, %s", c.ID, c.Text, named(d.Names, c.Owner), state)
	}
	for _, v := range d.Votes {
		t.add(map[bool]string{true: "agreed", false: "objected"}[v.Agrees], "%s: %s", named(d.Names, v.Person), v.Reason)
	}
	for _, e := range d.YourRights {
		t.add("by your right", "%s", e.Explanation)
	}
	t.add("you may not", "%s", d.WhyNot)
	for _, x := range d.Rights {
		for _, by := range x.By {
			t.add("by right", "%s%s: %s", partyPrefix(x.Party), named(d.Names, by.Person), by.Right.Explanation)
		}
	}
	t.add("ended", "%s %s", moment(d.EndedAt), d.EndReason)
	t.add("undone", "%s", d.Undone)
	t.add("learnt", "%s", d.Learnt)
	t.add("version", "%d", d.Version)
	return s.Facts(t)
}
