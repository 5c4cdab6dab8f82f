// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/store"
)

// marks returns "$n, $n+1, ..." for values appended to args.
func marks(values []string, args *[]any) string {
	list := make([]string, len(values))
	for i, v := range values {
		*args = append(*args, v)
		list[i] = "$" + strconv.Itoa(len(*args))
	}
	return strings.Join(list, ", ")
}

// partsOf loads the parts of several wholes (risks, acceptances) in one statement
// and groups them. query ends in "IN (" and its first column is the whole's id.
func partsOf[T any](ctx context.Context, rd store.Reader, query, order string, wholes []string, scan func(row store.Scanner, whole *string) (T, error)) (map[string][]T, error) {
	parts := make(map[string][]T, len(wholes))
	if len(wholes) == 0 {
		return parts, nil
	}
	var args []any
	query += marks(wholes, &args) + ") ORDER BY " + order
	rows, err := rd.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var whole string
		part, err := scan(rows, &whole)
		if err != nil {
			return nil, err
		}
		parts[whole] = append(parts[whole], part)
	}
	return parts, rows.Err()
}

func loadParties(ctx context.Context, rd store.Reader, risks ...string) (map[string][]Party, error) {
	all, err := partsOf(ctx, rd, `SELECT p.risk, p.id, p.kind, p.name, p.organisation, p.exposure, p.requirement, p.entry
		FROM risk_party p WHERE p.risk IN (`, "p.risk, p.position", risks, func(row store.Scanner, risk *string) (Party, error) {
		var p Party
		err := row.Scan(risk, &p.ID, &p.Kind, &p.Name, &p.Organisation, &p.Exposure, &p.Require, &p.Entry)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("load parties: %w", err)
	}
	return all, nil
}

// replaceParties stores the parties of a risk in their order.
func replaceParties(ctx context.Context, tx *store.Tx, risk string, parties []Party) error {
	if _, err := tx.Exec(ctx, "DELETE FROM risk_party WHERE risk = $1", risk); err != nil {
		return fmt.Errorf("clear parties: %w", err)
	}
	for i, p := range parties {
		_, err := tx.Exec(ctx, `INSERT INTO risk_party (id, risk, position, kind, name, organisation, exposure, requirement, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, risk, i, string(p.Kind), p.Name, p.Organisation, p.Exposure, string(p.Require), p.Entry)
		if err != nil {
			return fmt.Errorf("insert party: %w", err)
		}
	}
	return nil
}

func loadHearings(ctx context.Context, rd store.Reader, risks ...string) (map[string][]Hearing, error) {
	all, err := partsOf(ctx, rd, `SELECT h.risk, h.id, h.party, h.rating_seq, h.person, h.heard, h.said, h.held_at, h.recorded_by, h.recorded_at, h.entry
		FROM risk_hearing h WHERE h.risk IN (`, "h.risk, h.recorded_at, h.id", risks, func(row store.Scanner, risk *string) (Hearing, error) {
		var h Hearing
		err := row.Scan(risk, &h.ID, &h.Party, &h.RatingSeq, &h.Person, &h.Heard, &h.Said, store.Time(&h.HeldAt),
			&h.RecordedBy, store.Time(&h.RecordedAt), &h.Entry)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("load hearings: %w", err)
	}
	return all, nil
}

func insertHearing(ctx context.Context, tx *store.Tx, risk string, h Hearing) error {
	_, err := tx.Exec(ctx, `INSERT INTO risk_hearing (id, risk, party, rating_seq, person, heard, said, held_at, recorded_by, recorded_at, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		h.ID, risk, h.Party, h.RatingSeq, h.Person, h.Heard, h.Said, store.At(h.HeldAt), h.RecordedBy, store.At(h.RecordedAt), h.Entry)
	if err != nil {
		return fmt.Errorf("insert hearing: %w", err)
	}
	return nil
}

const mitigationColumns = "m.id, m.risk, m.title, m.owner, m.due_at, m.state, m.evidence, m.changed_at, m.entry"

func scanMitigation(row store.Scanner) (Mitigation, error) {
	var m Mitigation
	err := row.Scan(&m.ID, &m.Risk, &m.Title, &m.Owner, store.Time(&m.Due), &m.State, &m.Evidence, store.Time(&m.ChangedAt), &m.Entry)
	return m, err
}

func loadMitigations(ctx context.Context, rd store.Reader, risk string) ([]Mitigation, error) {
	rows, err := rd.Query(ctx, "SELECT "+mitigationColumns+" FROM risk_mitigation m WHERE m.risk = $1 ORDER BY m.due_at, m.id", risk)
	all, err := store.Collect(rows, err, scanMitigation)
	if err != nil {
		return nil, fmt.Errorf("load mitigation actions: %w", err)
	}
	return all, nil
}

// saveMitigation inserts or updates a mitigation action.
func saveMitigation(ctx context.Context, tx *store.Tx, m Mitigation) error {
	_, err := tx.Exec(ctx, `INSERT INTO risk_mitigation (id, risk, title, owner, due_at, state, evidence, changed_at, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET title = excluded.title, owner = excluded.owner, due_at = excluded.due_at,
			state = excluded.state, evidence = excluded.evidence, changed_at = excluded.changed_at, entry = excluded.entry`,
		m.ID, m.Risk, m.Title, m.Owner, store.At(m.Due), string(m.State), m.Evidence, store.At(m.ChangedAt), m.Entry)
	if err != nil {
		return fmt.Errorf("save mitigation action: %w", err)
	}
	return nil
}

func loadOptions(ctx context.Context, rd store.Reader, risk string) ([]Option, error) {
	rows, err := rd.Query(ctx, `SELECT id, kind, title, cost, delay, remains, rating, notes, entry
		FROM risk_option WHERE risk = $1 ORDER BY position`, risk)
	all, err := store.Collect(rows, err, func(row store.Scanner) (Option, error) {
		var o Option
		err := row.Scan(&o.ID, &o.Kind, &o.Title, &o.Cost, &o.Delay, &o.Risk, &o.Rating, &o.Notes, &o.Entry)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("load options: %w", err)
	}
	return all, nil
}

// replaceOptions stores the options of a risk in their order.
func replaceOptions(ctx context.Context, tx *store.Tx, risk string, options []Option) error {
	if _, err := tx.Exec(ctx, "DELETE FROM risk_option WHERE risk = $1", risk); err != nil {
		return fmt.Errorf("clear options: %w", err)
	}
	for i, o := range options {
		_, err := tx.Exec(ctx, `INSERT INTO risk_option (id, risk, position, kind, title, cost, delay, remains, rating, notes, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			o.ID, risk, i, string(o.Kind), o.Title, o.Cost, o.Delay, o.Risk, string(o.Rating), o.Notes, o.Entry)
		if err != nil {
			return fmt.Errorf("insert option: %w", err)
		}
	}
	return nil
}
