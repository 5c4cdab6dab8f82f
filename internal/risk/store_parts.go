// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/store"
)

// partyRows is where parties are kept.
var partyRows = store.NewTable("risk_party", "p", nil, func(p *Party) []store.Column {
	return []store.Column{
		store.Text("id", &p.ID),
		store.Text("kind", &p.Kind),
		store.Text("name", &p.Name),
		store.Text("organisation", &p.Organisation),
		store.Text("exposure", &p.Exposure),
		store.Text("requirement", &p.Require),
		store.Int("entry", &p.Entry),
	}
})

func loadParties(ctx context.Context, rd store.Reader, risks ...string) (map[string][]Party, error) {
	return partyRows.GroupBy(ctx, rd, "risk", risks, "ORDER BY p.risk, p.position")
}

// replaceParties stores the parties of a risk in their order.
func replaceParties(ctx context.Context, tx *store.Tx, risk string, parties []Party) error {
	if _, err := tx.Exec(ctx, "DELETE FROM risk_party WHERE risk = $1", risk); err != nil {
		return fmt.Errorf("clear parties: %w", err)
	}
	for i, p := range parties {
		if err := partyRows.Insert(ctx, tx, p, store.Value("risk", risk), store.Value("position", i)); err != nil {
			return err
		}
	}
	return nil
}

// hearingRows is where hearings are kept.
var hearingRows = store.NewTable("risk_hearing", "h", nil, func(h *Hearing) []store.Column {
	return []store.Column{
		store.Text("id", &h.ID),
		store.Text("party", &h.Party),
		store.Int("rating_seq", &h.RatingSeq),
		store.Text("person", &h.Person),
		store.Text("heard", &h.Heard),
		store.Text("said", &h.Said),
		store.Moment("held_at", &h.HeldAt),
		store.Text("recorded_by", &h.RecordedBy),
		store.Moment("recorded_at", &h.RecordedAt),
		store.Int("entry", &h.Entry),
	}
})

func loadHearings(ctx context.Context, rd store.Reader, risks ...string) (map[string][]Hearing, error) {
	return hearingRows.GroupBy(ctx, rd, "risk", risks, "ORDER BY h.risk, h.recorded_at, h.id")
}

// mitigationRows is where mitigation actions are kept.
var mitigationRows = store.NewTable("risk_mitigation", "m", nil, func(m *Mitigation) []store.Column {
	return []store.Column{
		store.Text("id", &m.ID).Key(),
		store.Text("risk", &m.Risk).Fixed(),
		store.Text("title", &m.Title),
		store.Text("owner", &m.Owner),
		store.Moment("due_at", &m.Due),
		store.Text("state", &m.State),
		store.Text("evidence", &m.Evidence),
		store.Moment("changed_at", &m.ChangedAt),
		store.Int("entry", &m.Entry),
	}
})

func loadMitigations(ctx context.Context, rd store.Reader, risk string) ([]Mitigation, error) {
	return mitigationRows.All(ctx, rd, "WHERE m.risk = $1 ORDER BY m.due_at, m.id", risk)
}

// optionRows is where options are kept.
var optionRows = store.NewTable("risk_option", "o", nil, func(o *Option) []store.Column {
	return []store.Column{
		store.Text("id", &o.ID),
		store.Text("kind", &o.Kind),
		store.Text("title", &o.Title),
		store.Text("cost", &o.Cost),
		store.Text("delay", &o.Delay),
		store.Text("remains", &o.Risk),
		store.Text("rating", &o.Rating),
		store.Text("notes", &o.Notes),
		store.Int("entry", &o.Entry),
	}
})

func loadOptions(ctx context.Context, rd store.Reader, risk string) ([]Option, error) {
	return optionRows.All(ctx, rd, "WHERE o.risk = $1 ORDER BY o.position", risk)
}

// replaceOptions stores the options of a risk in their order.
func replaceOptions(ctx context.Context, tx *store.Tx, risk string, options []Option) error {
	if _, err := tx.Exec(ctx, "DELETE FROM risk_option WHERE risk = $1", risk); err != nil {
		return fmt.Errorf("clear options: %w", err)
	}
	for i, o := range options {
		if err := optionRows.Insert(ctx, tx, o, store.Value("risk", risk), store.Value("position", i)); err != nil {
			return err
		}
	}
	return nil
}
