// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// AskOpinion names who assesses one of the aspects on which the kind wants an
// opinion. Another assessor takes the place of the former one, and of what they said.
func (s *Service) AskOpinion(ctx context.Context, id string, version int64, aspect, assessor string) (Review, error) {
	return s.onReview(ctx, change{action: ActionAssign, id: id, version: version}, func(d *decision) error {
		k, err := s.kindAt(ctx, d.tx, d.review.Kind, d.review.KindVersion)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(k.Opinions, func(o kind.Opinion) bool { return o.Aspect == aspect }) {
			return noPart("opinion", labelsOf(k.Opinions, func(o kind.Opinion) string { return o.Aspect }))
		}
		var f item.Fields
		person, err := d.asked(ctx, &f, "assessor", assessor)
		if err != nil {
			return err
		}
		bars, err := d.barred(ctx)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(bars.near, person):
			f.Add("assessor", "own_review", "Nobody assesses what they requested, answer for or answered for. Name somebody else.")
		case slices.Contains(bars.conflicted, person):
			f.Add("assessor", "conflict", "This person declared a conflict of interest that keeps them from taking part. Name somebody else.")
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if err := d.letIn(ctx, person); err != nil {
			return err
		}
		return d.storeOpinion(ctx, KindOpinion, Opinion{Aspect: aspect, Assessor: person})
	})
}

// OpineInput is what an assessor says.
type OpineInput struct {
	Verdict string `json:"verdict" enum:"acceptable,concerns,not_acceptable"`
	Text    string `json:"text" maxLength:"10000" doc:"why, Markdown"`
}

// Opine gives the opinion on an aspect for which the actor was named.
func (s *Service) Opine(ctx context.Context, id string, version int64, aspect string, in OpineInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionOpine, id: id, version: version}, func(d *decision) error {
		if d.actor.Kind != authz.KindPerson {
			return fault.New(fault.Forbidden, "review.person_required", "This takes the judgement of a person: a service account has no opinion.")
		}
		if err := d.impartial(ctx); err != nil {
			return err
		}
		all, err := loadOpinions(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(o Opinion) bool { return o.Aspect == aspect })
		if i < 0 || all[i].Assessor != d.actor.ID {
			return fault.New(fault.Forbidden, "review.not_assessor", "Another person was named to assess this aspect, or nobody yet.")
		}
		var f item.Fields
		o := Opinion{Aspect: aspect, Assessor: d.actor.ID, Verdict: in.Verdict, GivenAt: d.tx.Now()}
		f.Choice("verdict", in.Verdict, Verdicts()...)
		o.Text = f.Text("text", in.Text, MaxText, true)
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		return d.storeOpinion(ctx, KindGiven, o)
	})
}

func (d *decision) storeOpinion(ctx context.Context, kind string, o Opinion) error {
	body := opinionBody{Review: d.review.ID, Version: d.review.Version, Aspect: o.Aspect, Assessor: o.Assessor, Verdict: o.Verdict, Text: item.SHA(o.Text)}
	if err := d.record(ctx, kind, body, item.Change{Field: "opinion", To: o.Aspect}); err != nil {
		return err
	}
	o.Entry = d.review.Entry
	return saveOpinion(ctx, d.tx.Tx, d.review.ID, o)
}
