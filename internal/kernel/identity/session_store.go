// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// sessionRow is a session with the person it belongs to.
type sessionRow struct {
	id                string
	actor             authz.Actor
	active            bool
	epoch, nowEpoch   int64 // of the session and of the person
	epochAt           time.Time
	createdAt, seenAt time.Time
	endedAt           time.Time
}

// current reports whether nothing but time can have ended the session.
func (r sessionRow) current() bool { return r.active && r.epoch == r.nowEpoch && r.endedAt.IsZero() }

// actorColumns are what an actor is made of; a left join gives one row per group.
const actorColumns = "p.id, p.login, p.name, p.kind, p.roles, p.active, COALESCE(g.group_id, '')"

// collectActor reads rows that begin with actorColumns and differ in the group
// alone; dest are the columns after them. No row is sql.ErrNoRows.
func collectActor(rows *sql.Rows, err error, dest ...any) (authz.Actor, bool, error) {
	if err != nil {
		return authz.Actor{}, false, err
	}
	defer rows.Close()
	var a authz.Actor
	var roles, group string
	var active int64
	found := false
	for rows.Next() {
		found = true
		if err := rows.Scan(append([]any{&a.ID, &a.Login, &a.Name, &a.Kind, &roles, &active, &group}, dest...)...); err != nil {
			return authz.Actor{}, false, err
		}
		if group != "" {
			a.Groups = append(a.Groups, group)
		}
	}
	if err := rows.Err(); err != nil {
		return authz.Actor{}, false, err
	}
	if !found {
		return authz.Actor{}, false, sql.ErrNoRows
	}
	a.Roles = splitRoles(roles)
	return a, active == 1, nil
}

// loadSession returns session, person, roles and groups with one query.
func loadSession(ctx context.Context, r store.Reader, hash []byte) (sessionRow, error) {
	rows, err := r.Query(ctx, "SELECT "+actorColumns+`, s.id, s.epoch, p.epoch, p.epoch_at, s.created_at, s.seen_at, s.ended_at
		FROM identity_session s JOIN identity_person p ON p.id = s.person
		LEFT JOIN identity_group_member g ON g.person = p.id
		WHERE s.hash = $1 ORDER BY g.group_id`, hash)
	var row sessionRow
	row.actor, row.active, err = collectActor(rows, err, &row.id, &row.epoch, &row.nowEpoch, store.Time(&row.epochAt),
		store.Time(&row.createdAt), store.Time(&row.seenAt), store.Time(&row.endedAt))
	return row, err
}

// loadSessions returns the sessions of a person that only time can end.
func loadSessions(ctx context.Context, r store.Reader, person string) ([]sessionRow, error) {
	rows, err := r.Query(ctx, `SELECT s.id, s.created_at, s.seen_at FROM identity_session s JOIN identity_person p ON p.id = s.person
		WHERE s.person = $1 AND s.epoch = p.epoch AND s.ended_at IS NULL ORDER BY s.seen_at DESC, s.id`, person)
	all, err := store.Collect(rows, err, func(s store.Scanner) (sessionRow, error) {
		var row sessionRow
		err := s.Scan(&row.id, store.Time(&row.createdAt), store.Time(&row.seenAt))
		return row, err
	})
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	return all, nil
}

func insertSession(ctx context.Context, tx *store.Tx, session Session, hash []byte, epoch int64, p Proof) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_session (id, hash, person, epoch, methods, proved_at, created_at, seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $6)`,
		session.ID, hash, session.Person, epoch, strings.Join(p.Methods, " "), store.At(p.At))
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

func touchSession(ctx context.Context, tx *store.Tx, id string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2", id, store.At(now))
	return err
}

// keepSession lets one session outlive the raising of its person's epoch, and
// notes that the person proved again who they are.
func keepSession(ctx context.Context, tx *store.Tx, id string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE identity_session SET proved_at = $2,
		epoch = (SELECT p.epoch FROM identity_person p WHERE p.id = identity_session.person) WHERE id = $1`, id, store.At(now))
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

func endSessionByHash(ctx context.Context, tx *store.Tx, hash []byte, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_session SET ended_at = $2 WHERE hash = $1 AND ended_at IS NULL", hash, store.At(now))
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

func endSession(ctx context.Context, tx *store.Tx, person, id string, now time.Time) (bool, error) {
	return changed(tx.Exec(ctx, "UPDATE identity_session SET ended_at = $3 WHERE id = $1 AND person = $2 AND ended_at IS NULL",
		id, person, store.At(now)))
}

// purge removes what is of no more use: sessions last used before one time,
// invitations that ended before it, and failures before another.
func purge(ctx context.Context, tx *store.Tx, before, failuresBefore time.Time) error {
	for _, q := range []struct {
		query string
		at    time.Time
	}{
		{"DELETE FROM identity_session WHERE seen_at < $1", before},
		{"DELETE FROM identity_invitation WHERE expires_at < $1", before},
		{"DELETE FROM identity_failure WHERE last_at < $1", failuresBefore},
	} {
		if _, err := tx.Exec(ctx, q.query, store.At(q.at)); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}
