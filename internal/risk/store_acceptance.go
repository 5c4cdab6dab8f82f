// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// acceptanceRows is where acceptances are kept, without their conditions. subject
// repeats the risk's for the gate.
var acceptanceRows = store.NewTable("risk_acceptance", "a", stale, func(a *Acceptance) []store.Column {
	return []store.Column{
		store.Text("id", &a.ID).Key(),
		store.Text("risk", &a.Risk).Fixed(),
		store.Value("subject", a.Basis.Subject).Fixed(),
		store.Int("version", &a.Version).Version(),
		store.Text("state", &a.State),
		store.JSON("basis", &a.Basis).Fixed(),
		store.Text("pattern", &a.Pattern).Fixed(),
		store.JSON("proposal", &a.Option).Fixed(),
		store.Text("reason", &a.Reason).Fixed(),
		store.Text("asked_by", &a.AskedBy).Fixed(),
		store.Moment("asked_at", &a.AskedAt).Fixed(),
		store.Flag("asked_as_owner", &a.AskedAsOwner).Fixed(),
		store.Moment("start_at", &a.Start).Fixed(),
		store.Moment("until_at", &a.Until).Fixed(),
		store.Text("extends", &a.Extends).Fixed(),
		store.Moment("decided_at", &a.DecidedAt),
		store.Text("decided_by", &a.DecidedBy),
		store.Text("decision", &a.Decision),
		store.Moment("from_at", &a.From),
		store.JSON("rights", &a.Rights),
		store.Moment("ended_at", &a.EndedAt),
		store.Text("ended_by", &a.EndedBy),
		store.Text("end_reason", &a.EndReason),
		store.Moment("closed_at", &a.ClosedAt),
		store.Text("closed_by", &a.ClosedBy),
		store.Text("undone", &a.Undone),
		store.Text("learnt", &a.Learnt),
		store.Int("entry", &a.Entry),
	}
})

// loadAcceptance returns the acceptance with its conditions if the actor may see
// its risk; absent and invisible give the same fault.
func loadAcceptance(ctx context.Context, rd store.Reader, actor authz.Actor, id string) (Acceptance, error) {
	args := []any{id}
	visible := keptRisks.Visible(actor, &args)
	a, err := store.Found(acceptanceRows.One(ctx, rd, "JOIN risk_item r ON r.id = a.risk WHERE a.id = $1 AND "+visible, args...))
	if err != nil {
		return Acceptance{}, err
	}
	terms, err := termRows.All(ctx, rd, "WHERE c.acceptance = $1 ORDER BY c.position", id)
	a.Conditions = append([]Term{}, terms...)
	return a, err
}

// acceptancesWhere loads acceptances with their conditions by a condition on
// risk_acceptance a (joined with risk_item r) and an order.
func acceptancesWhere(ctx context.Context, rd store.Reader, where, order string, args ...any) ([]Acceptance, error) {
	all, err := acceptanceRows.All(ctx, rd, "JOIN risk_item r ON r.id = a.risk WHERE "+where+" ORDER BY "+order, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.ID
	}
	terms, err := termRows.GroupBy(ctx, rd, "acceptance", ids, "ORDER BY c.acceptance, c.position")
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Conditions = append([]Term{}, terms[all[i].ID]...)
	}
	return all, nil
}

// termRows is where the conditions of acceptances are kept.
var termRows = store.NewTable("risk_condition", "c", nil, func(c *Term) []store.Column {
	return []store.Column{
		store.Text("id", &c.ID),
		store.Text("words", &c.Text),
		store.Text("owner", &c.Owner),
		store.Moment("due_at", &c.Due),
		store.Moment("met_at", &c.MetAt),
		store.Text("met_by", &c.MetBy),
		store.Text("evidence", &c.Evidence),
		store.Int("entry", &c.Entry),
	}
})

// insertAcceptance writes an acceptance and its conditions in their order.
func insertAcceptance(ctx context.Context, tx *store.Tx, a Acceptance) error {
	if err := acceptanceRows.Insert(ctx, tx, a); err != nil {
		return err
	}
	for i, c := range a.Conditions {
		if err := termRows.Insert(ctx, tx, c, store.Value("acceptance", a.ID), store.Value("position", i)); err != nil {
			return err
		}
	}
	return nil
}

// meetTerm writes that a condition is met, unless somebody was faster.
func meetTerm(ctx context.Context, tx *store.Tx, c Term) error {
	n, err := store.Affected(tx.Exec(ctx, "UPDATE risk_condition SET met_at = $2, met_by = $3, evidence = $4, entry = $5 WHERE id = $1 AND met_at IS NULL",
		c.ID, store.At(c.MetAt), c.MetBy, c.Evidence, c.Entry))
	if err != nil {
		return fmt.Errorf("update condition: %w", err)
	}
	if n != 1 {
		return stale()
	}
	return nil
}

// voteRows is where votes are kept.
var voteRows = store.NewTable("risk_vote", "v", nil, func(v *Vote) []store.Column {
	return []store.Column{
		store.Text("id", &v.ID),
		store.Text("person", &v.Person),
		store.Flag("agrees", &v.Agrees),
		store.Text("reason", &v.Reason),
		store.JSON("rights", &v.Rights),
		store.Moment("cast_at", &v.At),
		store.Int("entry", &v.Entry),
	}
})

func loadVotes(ctx context.Context, rd store.Reader, acceptance string) ([]Vote, error) {
	return voteRows.All(ctx, rd, "WHERE v.acceptance = $1 ORDER BY v.entry", acceptance)
}

func insertVote(ctx context.Context, tx *store.Tx, acceptance string, v Vote) error {
	return voteRows.Insert(ctx, tx, v, store.Value("acceptance", acceptance))
}
