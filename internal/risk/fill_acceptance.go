// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
)

// beyond is a time after the end of the lot's life that lies far enough ahead
// for every measurement.
const beyond = 30 * 24 * time.Hour

// ask asks for an acceptance whose dates lead to the standing that is wanted.
func (l *Lot) ask(ctx context.Context, r *madeRisk) error {
	now := r.tx.Now()
	soon := now.Add(l.end.Sub(now) / 2) // after the decision, before the end
	a := &Acceptance{
		ID: r.tx.NewID(), Risk: r.risk.ID, Version: 1, State: Asked,
		Basis: BasisOf(r.risk, r.parties, r.subject), Pattern: r.policy.Pattern(r.subject),
		Option: Option{ID: r.tx.NewID(), Kind: OptionTemporary, Title: "Temporary deployment", Cost: "A few days", Delay: "None", Risk: "High for a time"},
		Reason: "Made up for a measurement.", AskedBy: r.Owner.ID, AskedAt: now, AskedAsOwner: true,
		Until: l.end.Add(beyond + r.Lasts),
	}
	term := Term{ID: r.tx.NewID(), Text: "The fallback is in place", Owner: r.Owner.ID, Due: a.Until}
	switch r.Standing {
	case Lapsed, Expired:
		a.Until, term.Due = soon, soon
	case ConditionOverdue:
		term.Due = soon
	case NotStarted:
		a.Start = l.end.Add(beyond)
		a.Until = a.Start.Add(beyond)
	}
	a.Conditions = []Term{term}
	r.acceptance = a
	return r.storeAsked(ctx, a)
}

// vote is the executive's word.
func (r *madeRisk) vote(ctx context.Context) (err error) {
	r.actor = r.Executive
	right := RightUsed{Kind: authz.RightRank, Organisation: r.Organisation, Rank: "executive", Holder: r.Executive.ID}
	v := Vote{ID: r.tx.NewID(), Person: r.Executive.ID, Agrees: r.Standing != WasRefused, Reason: "Made up for a measurement.", Rights: []RightUsed{right}, At: r.tx.Now()}
	kind := KindApproved
	if !v.Agrees {
		kind = KindObjected
	}
	if v.Entry, err = r.recordVote(ctx, kind, *r.acceptance, v); err != nil {
		return err
	}
	return insertVote(ctx, r.tx.Tx, r.acceptance.ID, v)
}

// decide grants, refuses or withdraws.
func (r *madeRisk) decide(ctx context.Context) error {
	a := r.acceptance
	r.actor = r.Executive
	switch r.Standing {
	case WasRefused:
		return r.conclude(ctx, "refuse", KindRefused)
	case WasWithdrawn:
		r.actor = r.Owner
		return r.conclude(ctx, "withdraw", KindWithdrawn)
	}
	right := RightUsed{Kind: authz.RightRank, Organisation: r.Organisation, Rank: "executive", Holder: r.Executive.ID}
	rights := []Exercised{{Organisation: r.Organisation, Way: "the rank executive", By: []Exerciser{{Person: r.Executive.ID, Right: right}}}}
	return r.grant(ctx, a, Vote{Reason: "Made up for a measurement."}, rights, Request{Start: a.Start, At: r.tx.Now()})
}

func (r *madeRisk) conclude(ctx context.Context, verb, kind string) error {
	a := r.acceptance
	if err := a.step(verb); err != nil {
		return err
	}
	a.DecidedAt, a.DecidedBy, a.Decision = r.tx.Now(), r.actor.ID, "Made up for a measurement."
	return r.recordEnd(ctx, kind, a, Asked, endedBody{Reason: a.Decision})
}

// endLife is the last step: the risk is closed, or its acceptance comes to the
// end that is wanted, or a condition of it is met.
func (r *madeRisk) endLife(ctx context.Context) error {
	a, now := r.acceptance, r.tx.Now()
	if r.Closed {
		r.actor = r.Reviewer
		r.risk.State, r.risk.ClosedAt, r.risk.ClosingNote = StateClosed, now, "No longer so."
		r.risk.ReviewDue, r.risk.NoticeDue = time.Time{}, time.Time{}
		body := stepBody{Risk: r.risk.ID, Version: r.risk.Version, State: r.risk.State, Note: item.SHA(r.risk.ClosingNote)}
		return r.recordRisk(ctx, KindClosed, body, item.Change{Field: "state", From: string(StateOpen), To: string(StateClosed)})
	}
	var verb, kind string
	switch r.Standing {
	case WasRevoked:
		verb, kind = "revoke", KindRevoked
	case Void:
		verb, kind = "void", KindVoided
	case WasClosed:
		verb, kind = "close", KindSettled
		a.ClosedAt, a.ClosedBy, a.Undone, a.Learnt = now, r.Owner.ID, "Switched off.", "Plan the proper service earlier."
	case InForce:
		c := &a.Conditions[0]
		body := metBody{Risk: a.Risk, Acceptance: a.ID, Condition: c.ID, Evidence: item.SHA("Shown.")}
		entry, err := r.record(ctx, KindMet, a.ID, body, item.Change{Field: "condition"})
		c.MetAt, c.MetBy, c.Evidence, c.Entry = now, r.Owner.ID, "Shown.", entry
		return err
	default:
		return r.review(ctx)
	}
	if err := a.step(verb); err != nil {
		return err
	}
	a.EndedAt, a.EndedBy, a.EndReason = now, r.Owner.ID, "Made up for a measurement."
	return r.recordEnd(ctx, kind, a, Granted, endedBody{Reason: a.EndReason, Undone: item.SHA(a.Undone), Learnt: item.SHA(a.Learnt)})
}

// finish writes what the steps have made of the rows that were inserted.
func (r *madeRisk) finish(ctx context.Context) error {
	if err := riskRows.Update(ctx, r.tx.Tx, r.risk, 1); err != nil {
		return err
	}
	a := r.acceptance
	if a == nil {
		return nil
	}
	if !a.Conditions[0].MetAt.IsZero() {
		if err := meetTerm(ctx, r.tx.Tx, a.Conditions[0]); err != nil {
			return err
		}
	}
	if a.Version == 1 {
		return nil
	}
	return acceptanceRows.Update(ctx, r.tx.Tx, *a, 1)
}
