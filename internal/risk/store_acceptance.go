// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"errors"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

const acceptanceColumns = `a.id, a.risk, a.version, a.state, a.basis, a.pattern, a.proposal, a.reason, a.asked_by, a.asked_at,
	a.asked_as_owner, a.start_at, a.until_at, a.extends, a.decided_at, a.decided_by, a.decision, a.from_at, a.rights,
	a.ended_at, a.ended_by, a.end_reason, a.closed_at, a.closed_by, a.undone, a.learnt, a.entry`

func scanAcceptance(row store.Scanner) (Acceptance, error) {
	var a Acceptance
	var basis, option, rights string
	var asOwner int64
	err := row.Scan(&a.ID, &a.Risk, &a.Version, &a.State, &basis, &a.Pattern, &option, &a.Reason, &a.AskedBy, store.Time(&a.AskedAt),
		&asOwner, store.Time(&a.Start), store.Time(&a.Until), &a.Extends, store.Time(&a.DecidedAt), &a.DecidedBy, &a.Decision,
		store.Time(&a.From), &rights, store.Time(&a.EndedAt), &a.EndedBy, &a.EndReason, store.Time(&a.ClosedAt), &a.ClosedBy,
		&a.Undone, &a.Learnt, &a.Entry)
	if err != nil {
		return Acceptance{}, err
	}
	a.AskedAsOwner = asOwner == 1
	a.Conditions = []Term{}
	return a, unpack("acceptance "+a.ID, packed{basis, &a.Basis}, packed{option, &a.Option}, packed{rights, &a.Rights})
}

// loadAcceptance returns the acceptance with its conditions if the actor may see
// its risk; absent and invisible give the same fault.
func loadAcceptance(ctx context.Context, rd store.Reader, actor authz.Actor, id string) (Acceptance, error) {
	args := []any{id}
	visible := authz.Visible(actor, riskItem, riskVisibility, &args)
	a, err := found(scanAcceptance(rd.QueryRow(ctx, "SELECT "+acceptanceColumns+
		" FROM risk_acceptance a JOIN risk_item r ON r.id = a.risk WHERE a.id = $1 AND "+visible, args...)))
	if err != nil {
		return Acceptance{}, err
	}
	rows, err := rd.Query(ctx, "SELECT "+termColumns+" FROM risk_condition c WHERE c.acceptance = $1 ORDER BY c.position", id)
	a.Conditions, err = store.Collect(rows, err, func(row store.Scanner) (Term, error) {
		var acceptance string
		return scanTerm(row, &acceptance)
	})
	if a.Conditions == nil {
		a.Conditions = []Term{}
	}
	return a, err
}

// acceptancesWhere loads acceptances with their conditions by a condition on
// risk_acceptance a (joined with risk_item r) and an order.
func acceptancesWhere(ctx context.Context, rd store.Reader, where, order string, args ...any) ([]Acceptance, error) {
	rows, err := rd.Query(ctx, "SELECT "+acceptanceColumns+" FROM risk_acceptance a JOIN risk_item r ON r.id = a.risk WHERE "+where+" ORDER BY "+order, args...)
	all, err := store.Collect(rows, err, scanAcceptance)
	if err != nil {
		return nil, fmt.Errorf("load acceptances: %w", err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.ID
	}
	terms, err := loadTerms(ctx, rd, ids)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Conditions = append([]Term{}, terms[all[i].ID]...)
	}
	return all, nil
}

const termColumns = "c.acceptance, c.id, c.words, c.owner, c.due_at, c.met_at, c.met_by, c.evidence, c.entry"

func scanTerm(row store.Scanner, acceptance *string) (Term, error) {
	var c Term
	err := row.Scan(acceptance, &c.ID, &c.Text, &c.Owner, store.Time(&c.Due), store.Time(&c.MetAt), &c.MetBy, &c.Evidence, &c.Entry)
	return c, err
}

func loadTerms(ctx context.Context, rd store.Reader, acceptances []string) (map[string][]Term, error) {
	all, err := partsOf(ctx, rd, "SELECT "+termColumns+" FROM risk_condition c WHERE c.acceptance IN (", "c.acceptance, c.position", acceptances, scanTerm)
	if err != nil {
		return nil, fmt.Errorf("load conditions: %w", err)
	}
	return all, nil
}

// packAcceptance returns basis, option and rights as JSON.
func packAcceptance(a Acceptance) (basis, option, rights string, err error) {
	basis, err1 := pack(a.Basis)
	option, err2 := pack(a.Option)
	rights, err3 := pack(a.Rights)
	return basis, option, rights, errors.Join(err1, err2, err3)
}

func insertAcceptance(ctx context.Context, tx *store.Tx, a Acceptance) error {
	basis, option, rights, err := packAcceptance(a)
	if err != nil {
		return fmt.Errorf("write acceptance: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO risk_acceptance (id, risk, subject, version, state, basis, pattern, proposal, reason,
		asked_by, asked_at, asked_as_owner, start_at, until_at, extends, decided_at, decided_by, decision, from_at, rights,
		ended_at, ended_by, end_reason, closed_at, closed_by, undone, learnt, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL, '', '', NULL, $16, NULL, '', '', NULL, '', '', '', $17)`,
		a.ID, a.Risk, a.Basis.Subject, a.Version, string(a.State), basis, a.Pattern, option, a.Reason,
		a.AskedBy, store.At(a.AskedAt), flag(a.AskedAsOwner), store.At(a.Start), store.At(a.Until), a.Extends, rights, a.Entry)
	if err != nil {
		return fmt.Errorf("insert acceptance: %w", err)
	}
	for i, c := range a.Conditions {
		_, err := tx.Exec(ctx, `INSERT INTO risk_condition (id, acceptance, position, words, owner, due_at, met_at, met_by, evidence, entry)
			VALUES ($1, $2, $3, $4, $5, $6, NULL, '', '', $7)`, c.ID, a.ID, i, c.Text, c.Owner, store.At(c.Due), c.Entry)
		if err != nil {
			return fmt.Errorf("insert condition: %w", err)
		}
	}
	return nil
}

// updateAcceptance writes every column that a change of state can change.
func updateAcceptance(ctx context.Context, tx *store.Tx, a Acceptance, before int64) error {
	_, _, rights, err := packAcceptance(a)
	if err != nil {
		return fmt.Errorf("write acceptance: %w", err)
	}
	res, err := tx.Exec(ctx, `UPDATE risk_acceptance SET version = $3, state = $4, decided_at = $5, decided_by = $6, decision = $7,
		from_at = $8, rights = $9, ended_at = $10, ended_by = $11, end_reason = $12, closed_at = $13, closed_by = $14,
		undone = $15, learnt = $16, entry = $17 WHERE id = $1 AND version = $2`,
		a.ID, before, a.Version, string(a.State), store.At(a.DecidedAt), a.DecidedBy, a.Decision, store.At(a.From), rights,
		store.At(a.EndedAt), a.EndedBy, a.EndReason, store.At(a.ClosedAt), a.ClosedBy, a.Undone, a.Learnt, a.Entry)
	return one("update acceptance", res, err)
}

func updateTerm(ctx context.Context, tx *store.Tx, c Term) error {
	res, err := tx.Exec(ctx, "UPDATE risk_condition SET met_at = $2, met_by = $3, evidence = $4, entry = $5 WHERE id = $1 AND met_at IS NULL",
		c.ID, store.At(c.MetAt), c.MetBy, c.Evidence, c.Entry)
	return one("update condition", res, err)
}

func loadVotes(ctx context.Context, rd store.Reader, acceptance string) ([]Vote, error) {
	rows, err := rd.Query(ctx, "SELECT id, person, agrees, reason, rights, cast_at, entry FROM risk_vote WHERE acceptance = $1 ORDER BY entry", acceptance)
	all, err := store.Collect(rows, err, func(row store.Scanner) (Vote, error) {
		var v Vote
		var agrees int64
		var rights string
		if err := row.Scan(&v.ID, &v.Person, &agrees, &v.Reason, &rights, store.Time(&v.At), &v.Entry); err != nil {
			return Vote{}, err
		}
		v.Agrees = agrees == 1
		return v, unpack("vote "+v.ID, packed{rights, &v.Rights})
	})
	if err != nil {
		return nil, fmt.Errorf("load votes: %w", err)
	}
	return all, nil
}

func insertVote(ctx context.Context, tx *store.Tx, acceptance string, v Vote) error {
	rights, err := pack(v.Rights)
	if err != nil {
		return fmt.Errorf("write vote: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO risk_vote (id, acceptance, person, agrees, reason, rights, cast_at, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, v.ID, acceptance, v.Person, flag(v.Agrees), v.Reason, rights, store.At(v.At), v.Entry)
	if err != nil {
		return fmt.Errorf("insert vote: %w", err)
	}
	return nil
}

// flag is how a truth value is stored.
func flag(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
