// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// grounds are the facts that a subject states about the inputs of a risk, and for
// each input where they stand.
type grounds struct {
	matrix.Facts
	where map[string]string // by input: "attribute data_class of flow:x"
}

// refs names the subjects that the facts of a subject are found in, besides itself.
func (r FactsRule) refs(subject catalog.Subject) []string {
	var all []string
	for _, f := range r.Compared {
		if f.applies(subject) {
			all = append(all, f.Of+":"+subject.Attributes[f.From], f.Of+":"+subject.Attributes[f.To])
		}
	}
	return item.Distinct(all)
}

func (f ComparedFact) applies(subject catalog.Subject) bool {
	return subject.Kind == f.Kind && subject.Attributes[f.From] != "" && subject.Attributes[f.To] != ""
}

// grounds returns the facts of a subject; named holds the subjects of
// [FactsRule.refs], by ref.
func (r FactsRule) grounds(subject catalog.Subject, named map[string]catalog.Subject) grounds {
	g := grounds{where: map[string]string{}}
	for _, f := range r.Stated {
		value := subject.Attributes[f.Attribute]
		if f.Kind == subject.Kind && value != "" && g.Set(f.Input, f.value(value)) {
			g.where[f.Input] = "attribute " + f.Attribute + " of " + subject.Ref
		}
	}
	for _, f := range r.Compared {
		if !f.applies(subject) {
			continue
		}
		from, to := f.Of+":"+subject.Attributes[f.From], f.Of+":"+subject.Attributes[f.To]
		differs, falls := f.compare(named[from].Attributes[f.Attribute], named[to].Attributes[f.Attribute])
		hold := func(input string, holds bool) {
			// The values are not told: the reader sees the names of both in the
			// subject, but perhaps not the two themselves.
			if holds && g.Hold(input) {
				g.where[input] = "attribute " + f.Attribute + " of " + from + " and " + to
			}
		}
		hold(f.Differs, differs)
		hold(f.Falls, falls)
	}
	return g
}

// groundsOf reads what the subject states, in the same transaction as the rest of
// the decision.
func (s *Service) groundsOf(ctx context.Context, r store.Reader, subject catalog.Subject) (grounds, error) {
	rule := s.Policy().Facts
	named, err := s.Subjects.SubjectsByRef(ctx, r, rule.refs(subject))
	if err != nil {
		return grounds{}, err
	}
	return rule.grounds(subject, named), nil
}

// state takes what somebody stated into the risk; what they left out stays as it
// is, or as the subject states it. What is milder than the subject is refused: an
// input is a claim about the subject, and the catalogue says what the subject is.
func (d *decision) state(ctx context.Context, f *item.Fields, stated matrix.Stated) error {
	g, err := d.s.groundsOf(ctx, d.tx, d.subject)
	if err != nil {
		return err
	}
	in := stated.Over(g.Raise(d.risk.Inputs))
	in.Assurances = f.Text("inputs.assurances", stated.Assurances, MaxText, false)
	said := map[string]bool{"data": in.Data != "", "direction": in.Direction != "", "access": in.Access != "", "volume": in.Volume != ""}
	for _, p := range in.Problems() {
		switch {
		case said[p.Path]:
			f.Add("inputs."+p.Path, "not_offered", "%s", p.Message)
		case d.subject.Ref != "": // or else it is the subject that is missing, and what it would say
			f.Add("inputs."+p.Path, "required", "%s does not state this: say it here. %s", d.subject.Ref, p.Message)
		}
	}
	g.check(f, in)
	d.risk.Inputs = in
	return nil
}

// check notes each input that says less than the subject does.
func (g grounds) check(f *item.Fields, in matrix.Inputs) {
	for _, m := range g.Milder(in) {
		choose := "this holds"
		if len(matrix.Values(m.Path)) > 0 {
			choose = "choose " + item.Joined(m.Enough, "or")
		}
		f.Add("inputs."+m.Path, "milder_than_subject",
			"The %s says otherwise: %s. If that is wrong, correct the subject first, which voids what was accepted on it.", g.where[m.Path], choose)
	}
}

// raise makes the inputs no milder than what the subject states now.
func (d *decision) raise(ctx context.Context) error {
	g, err := d.s.groundsOf(ctx, d.tx, d.subject)
	if err != nil {
		return err
	}
	d.risk.Inputs = g.Raise(d.risk.Inputs)
	return nil
}
