// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// riskRows is where risks are kept. Its last columns repeat parts of a risk for
// lists.
var riskRows = store.NewTable("risk_item", "r", stale, func(r *Risk) []store.Column {
	effective, inherent := r.Effective(), r.Inherent()
	return []store.Column{
		store.Text("id", &r.ID).Key(),
		store.Int("version", &r.Version).Version(),
		store.Text("subject", &r.Subject).Fixed(),
		store.Text("act", &r.Act).Fixed(),
		store.Text("title", &r.Title),
		store.Text("threat", &r.Threat),
		store.Text("scope", &r.Scope),
		store.Text("owner", &r.Owner),
		store.Text("registrant", &r.Registrant).Fixed(),
		store.Text("visibility", &r.Visibility),
		store.Text("state", &r.State),
		store.Text("treatment", &r.Treatment),
		store.Text("treatment_note", &r.TreatmentNote),
		store.JSON("inputs", &r.Inputs),
		store.JSON("proposed", &r.Proposed),
		store.JSON("rating", &r.Rating),
		store.Moment("review_due", &r.ReviewDue),
		store.Moment("notice_due", &r.NoticeDue),
		store.Text("follows", &r.Follows).Fixed(),
		store.Moment("registered_at", &r.RegisteredAt).Fixed(),
		store.Moment("changed_at", &r.ChangedAt),
		store.Moment("closed_at", &r.ClosedAt),
		store.Text("closing_note", &r.ClosingNote),
		store.Int("entry", &r.Entry),
		store.Value("closed", store.Bool(r.Closed())),
		store.Value("likelihood", effective.Likelihood),
		store.Value("impact", effective.Impact),
		store.Value("weight", effective.Weight()),
		store.Value("inherent_likelihood", inherent.Likelihood),
		store.Value("inherent_impact", inherent.Impact),
		store.Value("inherent_weight", inherent.Weight()),
	}
})

// keptRisks is where risks are, for conditions.
var keptRisks = item.Kept{Type: ItemType, Table: "risk_item", Alias: "r"}

// loadRisk returns the risk if the actor may see it. Absent and invisible run
// the same statement and give the same fault.
func loadRisk(ctx context.Context, rd store.Reader, a authz.Actor, id string) (Risk, error) {
	args := []any{id}
	visible := keptRisks.Visible(a, &args)
	return store.Found(riskRows.One(ctx, rd, "WHERE r.id = $1 AND "+visible, args...))
}

// openRisksOf returns the risks on the subject that are not closed, whatever
// their visibility: it is for the gate.
func openRisksOf(ctx context.Context, rd store.Reader, subject string) ([]Risk, error) {
	return riskRows.All(ctx, rd, "WHERE r.subject = $1 AND r.closed = 0 ORDER BY r.id", subject)
}

func stale() error { return item.Stale("risk.stale") }

// ratingRows is where each rating is kept, with what it was made from.
var ratingRows = store.NewTable("risk_rating", "g", nil, func(r *Rated) []store.Column {
	return []store.Column{
		store.JSON("rating", &r.Rating),
		store.JSON("inputs", &r.Inputs),
		store.JSON("proposal", &r.Proposal),
		store.Int("entry", &r.Entry),
		store.Value("seq", r.Seq),
	}
})

func insertRating(ctx context.Context, tx *store.Tx, risk string, r Rated) error {
	return ratingRows.Insert(ctx, tx, r, store.Value("risk", risk))
}

func loadRatings(ctx context.Context, rd store.Reader, risk string) ([]Rated, error) {
	return ratingRows.All(ctx, rd, "WHERE g.risk = $1 ORDER BY g.seq DESC", risk)
}

// history is what happened to risks; parts of them are acceptances.
var history = item.NewHistory("risk_history", "risk", "acceptance")

// loadHistory returns the latest steps first, at most limit of them.
func loadHistory(ctx context.Context, rd store.Reader, risk string, limit int) ([]Step, error) {
	all, err := history.Latest(ctx, rd, risk, limit)
	steps := make([]Step, len(all))
	for i, s := range all {
		steps[i] = Step(s)
	}
	return steps, err
}
