// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// EditInput changes what a review is about; what is nil stays. Of the answers,
// those that are named change, and an empty one is taken back.
type EditInput struct {
	Title        *string            `json:"title,omitempty" maxLength:"200"`
	Sketch       *string            `json:"sketch,omitempty" maxLength:"10000"`
	Owner        *string            `json:"owner,omitempty" maxLength:"200" doc:"id or login"`
	Visibility   *authz.Visibility  `json:"visibility,omitempty" enum:"public,internal,restricted"`
	Participants *[]string          `json:"participants,omitempty" maxItems:"100"`
	Answers      map[string]string  `json:"answers,omitempty" doc:"by field of the kind's form; an empty one is taken back"`
	Technologies *[]kind.Technology `json:"technologies,omitempty" maxItems:"40"`
	Scenarios    *[]kind.Scenario   `json:"scenarios,omitempty" maxItems:"20"`
	Kind         *string            `json:"kind,omitempty" maxLength:"60" doc:"another kind, or the present version of this one; answers that it does not ask for are dropped"`
}

// Edit changes what a review is about. Another kind, or a new version of the same,
// keeps the answers that it asks for.
func (s *Service) Edit(ctx context.Context, id string, version int64, in EditInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionEdit, id: id, version: version}, func(d *decision) error {
		k, err := d.kindFor(ctx, in.Kind)
		if err != nil {
			return err
		}
		var f item.Fields
		if err := d.apply(ctx, &f, k, in); err != nil {
			return err
		}
		before := d.participants
		if err := d.reshare(ctx, &f, in.Participants); err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if err := d.record(ctx, KindEdited, stateOf(d.review, d.participants), edits(d.before, d.review, !slices.Equal(before, d.participants))...); err != nil {
			return err
		}
		if d.before.Visibility == d.review.Visibility {
			return nil
		}
		return d.s.Reclassify(ctx, d.tx, d.review.Item(), string(d.review.Visibility))
	})
}

// kindFor returns the kind whose form the review has, or the present version of the
// one that is named, whose form it gets.
func (d *decision) kindFor(ctx context.Context, named *string) (*kind.Kind, error) {
	if named == nil {
		return d.s.kindAt(ctx, d.tx, d.review.Kind, d.review.KindVersion)
	}
	k, version, err := d.s.kindOf(ctx, d.tx, *named)
	if fault.Is(err, fault.NotFound) {
		return nil, unknownKind()
	}
	if err != nil {
		return nil, err
	}
	d.review.Kind, d.review.KindVersion, d.review.Required = k.Name, version, k.Force == kind.Required
	d.review.Answers = maps.Clone(d.review.Answers)
	maps.DeleteFunc(d.review.Answers, func(name, _ string) bool {
		_, asked := k.Field(name)
		return !asked
	})
	return k, nil
}

// fieldSketch is the field of a form that asks for the sketch. It is kept once, as
// the review's own.
const fieldSketch = "sketch"

// form returns what the form of the review holds, with the answers to the pre-screen,
// as the rules of its kind take it.
func (r Review) form() map[string]string {
	answers := kind.WithPreScreen(r.Answers, r.PreScreen.Answers)
	if answers[fieldSketch] == "" {
		answers[fieldSketch] = r.Sketch
	}
	return answers
}

// apply checks the changes and puts them into the review.
func (d *decision) apply(ctx context.Context, f *item.Fields, k *kind.Kind, in EditInput) error {
	if text, given := in.Answers[fieldSketch]; given {
		if in.Sketch == nil || *in.Sketch == "" {
			in.Sketch = &text
		}
		in.Answers = maps.Clone(in.Answers)
		delete(in.Answers, fieldSketch)
	}
	if in.Title != nil {
		d.review.Title = f.Line("title", *in.Title, MaxTitle, true)
	}
	if in.Sketch != nil {
		d.review.Sketch = f.Text("sketch", *in.Sketch, MaxText, false)
	}
	if in.Technologies != nil {
		d.review.Technologies = technologies(f, *in.Technologies)
	}
	if in.Scenarios != nil {
		d.review.Scenarios = scenarios(f, *in.Scenarios)
	}
	d.answer(f, k, in.Answers)
	d.show(f, in.Visibility)
	if in.Owner == nil {
		return nil
	}
	owner, err := d.sighted(ctx, f, "owner", *in.Owner)
	if err != nil {
		return err
	}
	d.review.Owner = owner
	return d.handsOver(ctx, f, k)
}

// answer puts the answers that are named into the form.
func (d *decision) answer(f *item.Fields, k *kind.Kind, named map[string]string) {
	answers := maps.Clone(d.review.Answers)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		text := f.Text("answers."+name, named[name], MaxText, false)
		if text == "" {
			delete(answers, name)
			continue
		}
		answers[name] = text
	}
	note(f, "answers.", k.Check(answers))
	d.review.Answers = answers
}

// show sets the visibility, which is never wider than the subject's.
func (d *decision) show(f *item.Fields, v *authz.Visibility) {
	if v == nil {
		return
	}
	d.review.Visibility = *v
	switch {
	case !v.Known():
		f.Add("visibility", "not_offered", "Choose one of: public, internal, restricted.")
	case d.subject.Ref != "" && item.Narrower(d.subject.Visibility, *v):
		f.Add("visibility", "wider", "A review cannot be shown to more people than its subject is: choose %s or less.", d.subject.Visibility)
	}
}

// technologies returns those that are described; empty rows of the form are none.
func technologies(f *item.Fields, all []kind.Technology) []kind.Technology {
	all = slices.DeleteFunc(slices.Clone(all), func(t kind.Technology) bool { return t.Name == "" && t.Replaces == "" && t.Owner == "" })
	note(f, "technologies", kind.CheckTechnologies(all))
	return all
}

// scenarios returns those that are described; empty rows of the form are none.
func scenarios(f *item.Fields, all []kind.Scenario) []kind.Scenario {
	all = slices.DeleteFunc(slices.Clone(all), func(s kind.Scenario) bool { return s == (kind.Scenario{}) })
	for i, s := range all {
		at := fmt.Sprintf("scenarios[%d].", i)
		all[i].Steps, all[i].Trust = f.Text(at+"steps", s.Steps, MaxText, false), f.Text(at+"trust", s.Trust, MaxReason, false)
	}
	note(f, "scenarios", kind.CheckScenarios(all))
	return all
}

// note adds what is wrong with a part of the form; the paths begin behind at.
func note(f *item.Fields, at string, wrong []fault.Field) {
	for _, w := range wrong {
		f.Add(at+w.Path, w.Code, "%s", w.Message)
	}
}

// words turns named values into texts.
func words[T ~string](all []T) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = string(one)
	}
	return texts
}

// edits lists what an edit changed.
func edits(before, after Review, participants bool) []item.Change {
	var all item.Changes
	all.Note("title", before.Title != after.Title)
	all.Note("sketch", before.Sketch != after.Sketch)
	all.Note("answers", !maps.Equal(before.Answers, after.Answers))
	all.Note("technologies", !slices.Equal(before.Technologies, after.Technologies))
	all.Note("scenarios", !slices.Equal(before.Scenarios, after.Scenarios))
	all.Note("participants", participants)
	all.Value("kind", before.Kind, after.Kind)
	all.Value("owner", before.Owner, after.Owner)
	all.Value("visibility", string(before.Visibility), string(after.Visibility))
	return all
}
