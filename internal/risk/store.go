// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

const riskColumns = `r.id, r.version, r.subject, r.act, r.title, r.threat, r.scope, r.owner, r.registrant,
	r.visibility, r.state, r.treatment, r.treatment_note, r.inputs, r.proposed, r.rating,
	r.review_due, r.notice_due, r.follows, r.registered_at, r.changed_at, r.closed_at, r.closing_note, r.entry`

// Expressions of the row for authz.Visible.
const (
	riskItem       = "'risk:' || r.id"
	riskVisibility = "r.visibility"
)

func scanRisk(row store.Scanner) (Risk, error) {
	var r Risk
	var inputs, proposed, rating string
	err := row.Scan(&r.ID, &r.Version, &r.Subject, &r.Act, &r.Title, &r.Threat, &r.Scope, &r.Owner, &r.Registrant,
		&r.Visibility, &r.State, &r.Treatment, &r.TreatmentNote, &inputs, &proposed, &rating,
		store.Time(&r.ReviewDue), store.Time(&r.NoticeDue), &r.Follows, store.Time(&r.RegisteredAt),
		store.Time(&r.ChangedAt), store.Time(&r.ClosedAt), &r.ClosingNote, &r.Entry)
	if err != nil {
		return Risk{}, err
	}
	return r, unpack("risk "+r.ID, packed{inputs, &r.Inputs}, packed{proposed, &r.Proposed}, packed{rating, &r.Rating})
}

// packed is a JSON text and where it goes.
type packed struct {
	text string
	into any
}

func unpack(what string, all ...packed) error {
	for _, p := range all {
		if err := json.Unmarshal([]byte(p.text), p.into); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
	}
	return nil
}

// pack returns v as JSON. The types packed here have nothing that JSON refuses.
func pack(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

// loadRisk returns the risk if the actor may see it. Absent and invisible run
// the same statement and give the same fault.
func loadRisk(ctx context.Context, rd store.Reader, a authz.Actor, id string) (Risk, error) {
	args := []any{id}
	visible := authz.Visible(a, riskItem, riskVisibility, &args)
	return found(scanRisk(rd.QueryRow(ctx, "SELECT "+riskColumns+" FROM risk_item r WHERE r.id = $1 AND "+visible, args...)))
}

// found turns "no rows" into the one answer for what is not there.
func found[T any](v T, err error) (T, error) {
	if errors.Is(err, sql.ErrNoRows) {
		var none T
		return none, fault.ItemNotFound()
	}
	return v, err
}

// openRisksOf returns the risks on the subject that are not closed, whatever
// their visibility: it is for the gate.
func openRisksOf(ctx context.Context, rd store.Reader, subject string) ([]Risk, error) {
	rows, err := rd.Query(ctx, "SELECT "+riskColumns+" FROM risk_item r WHERE r.subject = $1 AND r.closed = 0 ORDER BY r.id", subject)
	all, err := store.Collect(rows, err, scanRisk)
	if err != nil {
		return nil, fmt.Errorf("load the risks of a subject: %w", err)
	}
	return all, nil
}

// indexed are the columns that repeat parts of a risk for lists.
func indexed(r Risk) []any {
	e, inherent := r.Effective(), r.Inherent()
	return []any{flag(r.Closed()), e.Likelihood, e.Impact, e.Weight(), inherent.Likelihood, inherent.Impact, inherent.Weight()}
}

func insertRisk(ctx context.Context, tx *store.Tx, r Risk) error {
	inputs, err1 := pack(r.Inputs)
	proposed, err2 := pack(r.Proposed)
	rating, err3 := pack(r.Rating)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("write risk: %w", err)
	}
	args := append([]any{r.ID, r.Version, r.Subject, r.Act, r.Title, r.Threat, r.Scope, r.Owner, r.Registrant,
		string(r.Visibility), string(r.State), string(r.Treatment), r.TreatmentNote, inputs, proposed, rating,
		store.At(r.ReviewDue), store.At(r.NoticeDue), r.Follows, store.At(r.RegisteredAt), store.At(r.ChangedAt),
		store.At(r.ClosedAt), r.ClosingNote, r.Entry}, indexed(r)...)
	_, err := tx.Exec(ctx, `INSERT INTO risk_item (id, version, subject, act, title, threat, scope, owner, registrant,
		visibility, state, treatment, treatment_note, inputs, proposed, rating, review_due, notice_due, follows,
		registered_at, changed_at, closed_at, closing_note, entry, closed, likelihood, impact, weight,
		inherent_likelihood, inherent_impact, inherent_weight)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`, args...)
	if err != nil {
		return fmt.Errorf("insert risk: %w", err)
	}
	return nil
}

// updateRisk writes every column that can change. before is the version that was
// loaded in this transaction.
func updateRisk(ctx context.Context, tx *store.Tx, r Risk, before int64) error {
	inputs, err1 := pack(r.Inputs)
	proposed, err2 := pack(r.Proposed)
	rating, err3 := pack(r.Rating)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("write risk: %w", err)
	}
	args := append([]any{r.ID, before, r.Version, r.Title, r.Threat, r.Scope, r.Owner, string(r.Visibility), string(r.State),
		string(r.Treatment), r.TreatmentNote, inputs, proposed, rating, store.At(r.ReviewDue), store.At(r.NoticeDue),
		store.At(r.ChangedAt), store.At(r.ClosedAt), r.ClosingNote, r.Entry}, indexed(r)...)
	res, err := tx.Exec(ctx, `UPDATE risk_item SET version = $3, title = $4, threat = $5, scope = $6, owner = $7,
		visibility = $8, state = $9, treatment = $10, treatment_note = $11, inputs = $12, proposed = $13, rating = $14,
		review_due = $15, notice_due = $16, changed_at = $17, closed_at = $18, closing_note = $19, entry = $20,
		closed = $21, likelihood = $22, impact = $23, weight = $24,
		inherent_likelihood = $25, inherent_impact = $26, inherent_weight = $27
		WHERE id = $1 AND version = $2`, args...)
	return one("update risk", res, err)
}

// one turns an update that hit no row into Stale: somebody was faster.
func one(what string, res sql.Result, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n != 1 {
		return stale()
	}
	return nil
}

func stale() error {
	return fault.New(fault.Stale, "risk.stale",
		"Somebody changed this after you opened it. Look at the current state, then do it again; what you entered is still in your form.")
}

func insertRating(ctx context.Context, tx *store.Tx, risk string, r Rated) error {
	in, err1 := pack(r.Inputs)
	prop, err2 := pack(r.Proposal)
	rating, err3 := pack(r.Rating)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("write rating: %w", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO risk_rating (risk, seq, inputs, proposal, rating, entry) VALUES ($1, $2, $3, $4, $5, $6)`,
		risk, r.Seq, in, prop, rating, r.Entry)
	if err != nil {
		return fmt.Errorf("insert rating: %w", err)
	}
	return nil
}

func loadRatings(ctx context.Context, rd store.Reader, risk string) ([]Rated, error) {
	rows, err := rd.Query(ctx, "SELECT inputs, proposal, rating, entry FROM risk_rating WHERE risk = $1 ORDER BY seq DESC", risk)
	all, err := store.Collect(rows, err, func(row store.Scanner) (Rated, error) {
		var r Rated
		var inputs, proposal, rating string
		if err := row.Scan(&inputs, &proposal, &rating, &r.Entry); err != nil {
			return Rated{}, err
		}
		return r, unpack("rating", packed{inputs, &r.Inputs}, packed{proposal, &r.Proposal}, packed{rating, &r.Rating})
	})
	if err != nil {
		return nil, fmt.Errorf("load ratings: %w", err)
	}
	return all, nil
}

func insertHistory(ctx context.Context, tx *store.Tx, h Step, risk string) error {
	changes, err := pack(h.Changes)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO risk_history (entry, risk, acceptance, version, kind, actor, decided_at, changes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, h.Entry, risk, h.Acceptance, h.Version, h.Kind, h.Actor, store.At(h.At), changes)
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

// loadHistory returns the latest steps first, at most limit of them.
func loadHistory(ctx context.Context, rd store.Reader, risk string, limit int) ([]Step, error) {
	rows, err := rd.Query(ctx, `SELECT entry, acceptance, version, kind, actor, decided_at, changes
		FROM risk_history WHERE risk = $1 ORDER BY entry DESC LIMIT $2`, risk, limit)
	all, err := store.Collect(rows, err, func(row store.Scanner) (Step, error) {
		var h Step
		var changes string
		if err := row.Scan(&h.Entry, &h.Acceptance, &h.Version, &h.Kind, &h.Actor, store.Time(&h.At), &changes); err != nil {
			return Step{}, err
		}
		return h, unpack("history", packed{changes, &h.Changes})
	})
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	return all, nil
}
