// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of module "authz" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "authz", FS: sub}
}

// LoadAuthority reads ranks, posts, bodies and delegations as they stand in
// this transaction. Posts show their present holder only: ask for the
// authority of the present moment, that of the past is in the ledger.
func LoadAuthority(ctx context.Context, r store.Reader) (Authority, error) {
	var a Authority
	var err error
	if a.Ranks, err = Ranks(ctx, r); err != nil {
		return Authority{}, err
	}
	rows, err := r.Query(ctx, "SELECT "+postColumns+" FROM authz_post WHERE ended_at IS NULL ORDER BY id")
	if a.Posts, err = store.Collect(rows, err, scanPost); err != nil {
		return Authority{}, fmt.Errorf("load posts: %w", err)
	}
	if a.Bodies, err = loadBodies(ctx, r); err != nil {
		return Authority{}, err
	}
	rows, err = r.Query(ctx, "SELECT "+delegationColumns+" FROM authz_delegation ORDER BY id")
	if a.Delegations, err = store.Collect(rows, err, scanDelegation); err != nil {
		return Authority{}, fmt.Errorf("load delegations: %w", err)
	}
	// Only whoever holds, decides or acts for somebody matters.
	rows, err = r.Query(ctx, `SELECT person FROM authz_account WHERE active = 1 AND (
		person IN (SELECT holder FROM authz_post)
		OR person IN (SELECT person FROM authz_body_member)
		OR person IN (SELECT delegate FROM authz_delegation))`)
	active, err := store.Texts(rows, err)
	if err != nil {
		return Authority{}, fmt.Errorf("load active accounts: %w", err)
	}
	a.Active = make(map[string]bool, len(active))
	for _, person := range active {
		a.Active[person] = true
	}
	return a, nil
}

// Ranks returns the configured ranks, low to high.
func Ranks(ctx context.Context, r store.Reader) ([]Rank, error) {
	rows, err := r.Query(ctx, "SELECT name, title FROM authz_rank ORDER BY position")
	ranks, err := store.Collect(rows, err, func(s store.Scanner) (Rank, error) {
		var rank Rank
		err := s.Scan(&rank.Name, &rank.Title)
		return rank, err
	})
	if err != nil {
		return nil, fmt.Errorf("load ranks: %w", err)
	}
	return ranks, nil
}

// SetActive records whether a person's account is active; kernel/identity
// calls it in the transaction that changes the account. Deactivation ends all
// delegations from and to the person for good: giving the account back does
// not revive them. The caller's entry records the change.
func SetActive(ctx context.Context, tx *store.Tx, person string, active bool) error {
	_, err := tx.Exec(ctx, `INSERT INTO authz_account (person, active) VALUES ($1, $2)
		ON CONFLICT (person) DO UPDATE SET active = excluded.active`, person, store.Bool(active))
	if err != nil {
		return fmt.Errorf("record account state: %w", err)
	}
	if active {
		return nil
	}
	_, err = tx.Exec(ctx, `UPDATE authz_delegation SET revoked_at = $1, version = version + 1
		WHERE revoked_at IS NULL AND (holder = $2 OR delegate = $2)`, store.At(tx.Now()), person)
	if err != nil {
		return fmt.Errorf("end delegations of a deactivated account: %w", err)
	}
	return nil
}

// Active reports whether the person's account is active; a person that authz
// was never told of is not.
func Active(ctx context.Context, r store.Reader, person string) (bool, error) {
	if !utf8.ValidString(person) || strings.ContainsRune(person, 0) {
		return false, nil // PostgreSQL cannot even compare it
	}
	var active int64
	err := r.QueryRow(ctx, "SELECT active FROM authz_account WHERE person = $1", person).Scan(&active)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load account state: %w", err)
	}
	return active == 1, nil
}

const postColumns = "id, organisation, rank, function, title, holder, since_at, until_at, version"

func scanPost(s store.Scanner) (Post, error) {
	var p Post
	err := s.Scan(&p.ID, &p.Organisation, &p.Rank, &p.Function, &p.Title, &p.Holder,
		store.Time(&p.Since), store.Time(&p.Until), &p.Version)
	return p, err
}

const delegationColumns = "id, post, holder, delegate, from_at, until_at, revoked_at, reason, version"

func scanDelegation(s store.Scanner) (Delegation, error) {
	var d Delegation
	err := s.Scan(&d.ID, &d.Post, &d.Holder, &d.To, store.Time(&d.From), store.Time(&d.Until),
		store.Time(&d.RevokedAt), &d.Reason, &d.Version)
	return d, err
}

func loadBodies(ctx context.Context, r store.Reader) ([]Body, error) {
	rows, err := r.Query(ctx, "SELECT id, organisation, name, quorum, version FROM authz_body WHERE ended_at IS NULL ORDER BY id")
	bodies, err := store.Collect(rows, err, func(s store.Scanner) (Body, error) {
		var b Body
		err := s.Scan(&b.ID, &b.Organisation, &b.Name, &b.Quorum, &b.Version)
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("load bodies: %w", err)
	}
	rows, err = r.Query(ctx, "SELECT body, person FROM authz_body_member ORDER BY body, person")
	members, err := store.TextsBy(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load body members: %w", err)
	}
	for i := range bodies {
		bodies[i].Members = members[bodies[i].ID]
	}
	return bodies, nil
}
