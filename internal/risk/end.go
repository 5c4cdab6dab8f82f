// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
)

// Withdraw takes back a request that waits for its decision.
func (s *Service) Withdraw(ctx context.Context, id string, version int64, reason string) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionWithdraw, id, version, func(d *decision, a *Acceptance) error {
		var f item.Fields
		reason := f.Text("reason", reason, MaxReason, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if err := a.step("withdraw"); err != nil {
			return err
		}
		a.DecidedAt, a.DecidedBy, a.Decision = d.tx.Now(), d.actor.ID, reason
		return d.recordEnd(ctx, KindWithdrawn, a, Asked, endedBody{Reason: reason})
	})
}

// Revoke ends an acceptance at once.
func (s *Service) Revoke(ctx context.Context, id string, version int64, reason string) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionRevoke, id, version, func(d *decision, a *Acceptance) error {
		var f item.Fields
		reason := f.Text("reason", reason, MaxReason, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if err := a.step("revoke"); err != nil {
			return err
		}
		if !d.tx.Now().Before(a.Until) {
			return fault.New(fault.Conflict, "risk.acceptance_over", "This acceptance has run out. Close it with proof of what was undone and what was learnt.")
		}
		a.EndedAt, a.EndedBy, a.EndReason = d.tx.Now(), d.actor.ID, reason
		return d.recordEnd(ctx, KindRevoked, a, Granted, endedBody{Reason: reason})
	})
}

// SettleInput is the proof with which an acceptance is closed.
type SettleInput struct {
	Undone string `json:"undone" maxLength:"10000" doc:"what was undone, and what proves it"`
	Learnt string `json:"learnt" maxLength:"10000" doc:"what was learnt"`
}

// Settle closes an acceptance that was granted, with proof of what was undone and
// what was learnt. One that is still in force ends with that.
func (s *Service) Settle(ctx context.Context, id string, version int64, in SettleInput) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionSettle, id, version, func(d *decision, a *Acceptance) error {
		var f item.Fields
		undone, learnt := f.Text("undone", in.Undone, MaxText, true), f.Text("learnt", in.Learnt, MaxText, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if !a.WasGranted() {
			return fault.New(fault.Conflict, codeState, "This was never granted, so there is nothing to undo.")
		}
		from := a.State
		if err := a.step("close"); err != nil {
			return err
		}
		if a.EndedAt.IsZero() && d.tx.Now().Before(a.Until) {
			a.EndedAt, a.EndedBy = d.tx.Now(), d.actor.ID
		}
		a.ClosedAt, a.ClosedBy, a.Undone, a.Learnt = d.tx.Now(), d.actor.ID, undone, learnt
		return d.recordEnd(ctx, KindSettled, a, from, endedBody{Undone: item.SHA(undone), Learnt: item.SHA(learnt)})
	})
}

// recordEnd records how the acceptance came to its new state.
func (d *decision) recordEnd(ctx context.Context, kind string, a *Acceptance, from AcceptanceState, body endedBody) error {
	body.Risk, body.Acceptance, body.Version, body.State = a.Risk, a.ID, a.Version, a.State
	seq, err := d.record(ctx, kind, a.ID, body, item.Change{Field: "acceptance", From: string(from), To: string(a.State)})
	a.Entry = seq
	return err
}

// Meet reports a condition as met. Its owner may; so may who may close the acceptance.
func (s *Service) Meet(ctx context.Context, id string, version int64, condition, evidence string) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionMeet, id, version, func(d *decision, a *Acceptance) error {
		i := slices.IndexFunc(a.Conditions, func(c Term) bool { return c.ID == condition })
		if i < 0 {
			return fault.ItemNotFound()
		}
		c := &a.Conditions[i]
		if c.Owner != d.actor.ID {
			if err := s.Authz.Check(d.actor, ActionSettle, d.resource(a.AskedBy)); err != nil {
				return err
			}
		}
		var f item.Fields
		c.Evidence = f.Text("evidence", evidence, MaxText, true)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if !c.MetAt.IsZero() || a.State != Asked && a.State != Granted {
			return fault.New(fault.Conflict, codeState, "This condition is met already, or its acceptance is over.")
		}
		c.MetAt, c.MetBy = d.tx.Now(), d.actor.ID
		body := metBody{Risk: a.Risk, Acceptance: a.ID, Condition: c.ID, Evidence: item.SHA(c.Evidence)}
		var err error
		if c.Entry, err = d.record(ctx, KindMet, a.ID, body, item.Change{Field: "condition", To: "met"}); err != nil {
			return err
		}
		return meetTerm(ctx, d.tx.Tx, *c)
	})
}

// voidChanged records, for each acceptance that is asked for or granted and has
// not run out, that it is void because what it is pinned to differs now. The gate
// does not need this: it compares by itself.
func (d *decision) voidChanged(ctx context.Context) error {
	now := BasisOf(d.risk, d.parties, d.subject)
	all, err := acceptancesWhere(ctx, d.tx, "a.risk = $1 AND a.state IN ('asked', 'granted')", "a.asked_at, a.id", d.risk.ID)
	if err != nil {
		return err
	}
	for _, a := range all {
		changed := a.Basis.Changes(now)
		if len(changed) == 0 || !d.tx.Now().Before(a.Until) {
			continue
		}
		from, before := a.State, a.Version
		if err := a.step("void"); err != nil {
			return err
		}
		a.EndedAt, a.EndedBy, a.EndReason = d.tx.Now(), d.actor.ID, "Changed: "+changeWords(changed)+"."
		if err := d.recordEnd(ctx, KindVoided, &a, from, endedBody{Changed: changed}); err != nil {
			return err
		}
		if err := acceptanceRows.Update(ctx, d.tx.Tx, a, before); err != nil {
			return err
		}
	}
	return nil
}
