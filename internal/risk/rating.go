// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// RateInput is what a person rates a risk as.
type RateInput struct {
	Inherent matrix.Cell `json:"inherent" doc:"as if nothing had been done about it"`
	Residual matrix.Cell `json:"residual" doc:"with what has been done"`
	Reason   string      `json:"reason,omitempty" maxLength:"4000" doc:"needed where a rating differs from the proposed one"`
}

// Rate rates the risk, on inputs no milder than what its subject states now. A
// rating that differs from the proposed one needs a written reason. From the
// independence rating up, whoever has a part in the risk cannot rate it below the
// proposal, below what it counts as, or below what it counted as before they
// changed its facts. Every rating voids what was accepted on the one before.
func (s *Service) Rate(ctx context.Context, id string, version int64, in RateInput) (Risk, error) {
	return s.onRisk(ctx, ActionRate, "rate", id, version, func(d *decision) error {
		mitigations, err := loadMitigations(ctx, d.tx, id)
		if err != nil {
			return err
		}
		if err := d.raise(ctx); err != nil {
			return err
		}
		d.propose(mitigations)
		proposal := d.policy.Proposal.Propose(&d.policy.Matrix, d.risk.Inputs)
		rating, err := d.rate(in, proposal)
		if err != nil {
			return err
		}
		if err := d.independent(ctx, rating, proposal); err != nil {
			return err
		}
		before := d.before.Effective().Rating
		d.risk.Rating = rating
		d.risk.ReviewDue = d.tx.Now().Add(d.policy.ReviewInterval(rating.Residual.Rating))
		body := ratedBody{
			Risk: id, Version: d.risk.Version, Seq: rating.Seq, Inherent: rating.Inherent, Residual: rating.Residual,
			Proposed: proposal.Residual.Rating, Inputs: inputsOf(d.risk.Inputs), Reason: rating.Reason,
		}
		if err := d.recordRisk(ctx, KindRated, body, item.Change{Field: "rating", From: string(before), To: string(rating.Residual.Rating)}); err != nil {
			return err
		}
		kept := Rated{Rating: rating, Inputs: d.risk.Inputs, Proposal: proposal, Entry: d.risk.Entry}
		if err := insertRating(ctx, d.tx.Tx, id, kept); err != nil {
			return err
		}
		return d.voidChanged(ctx)
	})
}

// rate checks the rating against the proposal.
func (d *decision) rate(in RateInput, proposal matrix.Proposal) (Rating, error) {
	var f item.Fields
	m := &d.policy.Matrix
	r := Rating{
		Seq: d.before.Rating.Seq + 1, By: d.actor.ID, At: d.tx.Now(), SubjectVersion: d.subject.Version,
		Inherent: Assessment{Cell: in.Inherent, Rating: m.Rate(in.Inherent)},
		Residual: Assessment{Cell: in.Residual, Rating: m.Rate(in.Residual)},
		Reason:   f.Text("reason", in.Reason, MaxReason, false),
	}
	for path, cell := range map[string]matrix.Cell{"inherent": in.Inherent, "residual": in.Residual} {
		if !cell.Valid() {
			f.Add(path, "range", "Choose likelihood and impact from 1 to %d.", matrix.Steps)
		}
	}
	if err := f.Err(codeInvalid); err != nil {
		return Rating{}, err
	}
	if r.Residual.Rating.Level() > r.Inherent.Rating.Level() {
		f.Add("residual", "above_inherent", "What is done about a risk cannot make it worse: choose a residual rating that is not above the inherent one.")
	}
	if r.Reason == "" && (r.Inherent.Rating != proposal.Inherent.Rating || r.Residual.Rating != proposal.Residual.Rating) {
		f.Add("reason", "required", "This differs from the proposed rating (inherent %s, residual %s): say why.", proposal.Inherent.Rating, proposal.Residual.Rating)
	}
	if err := f.Err(codeInvalid); err != nil {
		return Rating{}, err
	}
	return r, nil
}

// independent refuses a rating that is too low for somebody with a part in the risk.
func (d *decision) independent(ctx context.Context, r Rating, proposal matrix.Proposal) error {
	mine, err := partIn(ctx, d.tx, d.actor, d.risk) // not rated yet, and on the facts of now
	if err != nil {
		return err
	}
	floor := higher(mine.floor, proposal.Residual.Rating)
	if r.Residual.Rating.Level() < floor.Level() && mine.dependent(floor, d.policy.Independence) {
		return fault.New(fault.Forbidden, "risk.not_independent",
			"You own, owned or registered this risk, took its facts down or changed them last, or asked to accept it, so you cannot rate it below %s. Let somebody else in the security team rate it.", floor)
	}
	return nil
}

// Propose returns what the rules propose for these inputs, for a form that shows
// each step while it is filled in. It reads nothing and decides nothing.
func (s *Service) Propose(ctx context.Context, in matrix.Inputs) (matrix.Proposal, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return matrix.Proposal{}, err
	}
	var f item.Fields
	for _, p := range in.Problems() {
		f.Add(p.Path, "not_offered", "%s", p.Message)
	}
	if err := f.Err(codeInvalid); err != nil {
		return matrix.Proposal{}, err
	}
	p := s.Policy()
	return p.Proposal.Propose(&p.Matrix, in), nil
}

// Review records the regular review that found nothing to change, and sets the
// date of the next one.
func (s *Service) Review(ctx context.Context, id string, version int64, note string) (Risk, error) {
	return s.onRisk(ctx, ActionReview, "review", id, version, func(d *decision) error {
		var f item.Fields
		note := f.Text("note", note, MaxText, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if !d.risk.Rated() {
			return fault.New(fault.Conflict, "risk.not_rated", "A risk is reviewed after it was rated. Rate it first.")
		}
		d.risk.ReviewDue = d.tx.Now().Add(d.policy.ReviewInterval(d.risk.Rating.Residual.Rating))
		body := stepBody{Risk: id, Version: d.risk.Version, Note: item.SHA(note), ReviewDue: d.risk.ReviewDue}
		return d.recordRisk(ctx, KindReviewed, body, item.Change{Field: "reviewed"})
	})
}

// Close closes the risk for good: it is no longer a risk, or no longer ours. It
// covers nothing afterwards. From the independence rating up nobody with a part in
// it may close it, because that would be a way past an acceptance.
func (s *Service) Close(ctx context.Context, id string, version int64, note string) (Risk, error) {
	return s.onRisk(ctx, ActionClose, "close", id, version, func(d *decision) error {
		var f item.Fields
		d.risk.ClosingNote = f.Text("note", note, MaxText, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		mine, err := partIn(ctx, d.tx, d.actor, d.before)
		if err != nil {
			return err
		}
		if mine.dependent(mine.floor, d.policy.Independence) {
			return fault.New(fault.Forbidden, "risk.not_independent",
				"You own, owned or registered this risk, took its facts down or changed them last, or asked to accept it, so you cannot close it while it is rated %s. Let somebody else in the security team close it.", mine.floor)
		}
		all, err := acceptancesWhere(ctx, d.tx, "a.risk = $1 AND a.state IN ('asked', 'granted', 'revoked', 'voided')", "a.asked_at, a.id", id)
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.State == Asked || a.WasGranted() {
				return fault.New(fault.Conflict, "risk.acceptance_unclosed",
					"An acceptance of this risk is still asked for, or not closed with proof of what was undone and learnt. End that first.")
			}
		}
		d.risk.ClosedAt = d.tx.Now()
		d.risk.ReviewDue, d.risk.NoticeDue = time.Time{}, time.Time{}
		body := stepBody{Risk: id, Version: d.risk.Version, State: d.risk.State, Note: item.SHA(d.risk.ClosingNote)}
		return d.recordRisk(ctx, KindClosed, body, item.Change{Field: "state", From: string(d.before.State), To: string(StateClosed)})
	})
}
