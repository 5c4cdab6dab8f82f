// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// standing is what the database says of a session: whose it is, and whether
// something but time has ended it.
type standing struct {
	actor    authz.Actor
	active   bool
	epoch    int64 // of the person, now
	epochAt  time.Time
	counts   int64 // the epoch that the session counts as one of; 0 = its own
	endedAt  time.Time
	recorded int64 // the session's own epoch
}

// current reports whether nothing but time can have ended the session.
func (s standing) current() bool {
	return s.active && max(s.recorded, s.counts) == s.epoch && s.endedAt.IsZero()
}

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

// loadStanding returns person, roles, groups and the session's mark with one query.
func loadStanding(ctx context.Context, r store.Reader, session record) (standing, error) {
	s := standing{recorded: session.Epoch}
	rows, err := r.Query(ctx, "SELECT "+actorColumns+`, p.epoch, p.epoch_at, COALESCE(m.epoch, 0), m.ended_at
		FROM identity_person p
		LEFT JOIN identity_session_mark m ON m.session = $2 AND m.person = p.id
		LEFT JOIN identity_group_member g ON g.person = p.id
		WHERE p.id = $1 ORDER BY g.group_id`, session.Person, session.ID)
	s.actor, s.active, err = collectActor(rows, err, &s.epoch, store.Time(&s.epochAt), &s.counts, store.Time(&s.endedAt))
	return s, err
}

// loadMarks returns the marks of a person's sessions.
func loadMarks(ctx context.Context, r store.Reader, person string) (epoch int64, marks map[string]standing, err error) {
	if err := r.QueryRow(ctx, "SELECT epoch FROM identity_person WHERE id = $1", person).Scan(&epoch); err != nil {
		return 0, nil, fmt.Errorf("load the epoch: %w", err)
	}
	marks = map[string]standing{}
	rows, err := r.Query(ctx, "SELECT session, epoch, ended_at FROM identity_session_mark WHERE person = $1", person)
	_, err = store.Collect(rows, err, func(scan store.Scanner) (struct{}, error) {
		var id string
		var s standing
		err := scan.Scan(&id, &s.counts, store.Time(&s.endedAt))
		marks[id] = s
		return struct{}{}, err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("load the marks of sessions: %w", err)
	}
	return epoch, marks, nil
}

// markKept lets one session outlive the raising of its person's epoch.
func markKept(ctx context.Context, tx *store.Tx, session, person string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_session_mark (session, person, epoch, ended_at, at)
		SELECT $1, p.id, p.epoch, NULL, $3 FROM identity_person p WHERE p.id = $2
		ON CONFLICT (session) DO UPDATE SET epoch = excluded.epoch, at = excluded.at`, session, person, store.At(now))
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	return nil
}

// markEnded ends one session.
func markEnded(ctx context.Context, tx *store.Tx, session, person string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_session_mark (session, person, epoch, ended_at, at) VALUES ($1, $2, 0, $3, $3)
		ON CONFLICT (session) DO UPDATE SET ended_at = COALESCE(identity_session_mark.ended_at, excluded.ended_at), at = excluded.at`,
		session, person, store.At(now))
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// sessionGeneration returns the part of every key that changes with a restore.
func sessionGeneration(ctx context.Context, tx *store.Tx) (string, error) {
	var value string
	err := tx.QueryRow(ctx, "SELECT value FROM identity_session_generation WHERE one = 1").Scan(&value)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, err
	}
	value = tx.NewID()
	_, err = tx.Exec(ctx, "INSERT INTO identity_session_generation (one, value) VALUES (1, $1)", value)
	return value, err
}

// purge removes what is of no more use: marks of sessions and invitations that
// ended before one time, and failures before another.
func purge(ctx context.Context, tx *store.Tx, before, failuresBefore time.Time) error {
	for _, q := range []struct {
		query string
		at    time.Time
	}{
		{"DELETE FROM identity_session_mark WHERE at < $1", before},
		{"DELETE FROM identity_invitation WHERE expires_at < $1", before},
		{"DELETE FROM identity_failure WHERE last_at < $1", failuresBefore},
	} {
		if _, err := tx.Exec(ctx, q.query, store.At(q.at)); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}
