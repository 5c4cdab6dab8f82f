// SPDX-License-Identifier: Apache-2.0

package office

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

func replaceRanks(ctx context.Context, tx *store.Tx, ranks []authz.Rank) error {
	if _, err := tx.Exec(ctx, "DELETE FROM authz_rank"); err != nil {
		return fmt.Errorf("clear ranks: %w", err)
	}
	for i, r := range ranks {
		if _, err := tx.Exec(ctx, "INSERT INTO authz_rank (position, name, title) VALUES ($1, $2, $3)", i, r.Name, r.Title); err != nil {
			return fmt.Errorf("insert rank: %w", err)
		}
	}
	return nil
}

func insertPost(ctx context.Context, tx *store.Tx, p authz.Post, entry int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO authz_post
		(id, organisation, rank, function, title, holder, since_at, until_at, version, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		p.ID, p.Organisation, p.Rank, p.Function, p.Title, p.Holder, store.At(p.Since), store.At(p.Until), p.Version, entry)
	if err != nil {
		return fmt.Errorf("insert post: %w", err)
	}
	return nil
}

func updatePost(ctx context.Context, tx *store.Tx, p authz.Post, ended time.Time, entry int64) error {
	_, err := tx.Exec(ctx, `UPDATE authz_post SET rank = $2, function = $3, title = $4, holder = $5,
		since_at = $6, until_at = $7, ended_at = $8, version = $9, entry = $10 WHERE id = $1`,
		p.ID, p.Rank, p.Function, p.Title, p.Holder, store.At(p.Since), store.At(p.Until), store.At(ended), p.Version, entry)
	if err != nil {
		return fmt.Errorf("update post: %w", err)
	}
	return nil
}

func insertBody(ctx context.Context, tx *store.Tx, b authz.Body, entry int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO authz_body (id, organisation, name, quorum, version, entry)
		VALUES ($1, $2, $3, $4, $5, $6)`, b.ID, b.Organisation, b.Name, b.Quorum, b.Version, entry)
	if err != nil {
		return fmt.Errorf("insert body: %w", err)
	}
	return setMembers(ctx, tx, b)
}

func updateBody(ctx context.Context, tx *store.Tx, b authz.Body, ended time.Time, entry int64) error {
	_, err := tx.Exec(ctx, `UPDATE authz_body SET name = $2, quorum = $3, ended_at = $4, version = $5, entry = $6
		WHERE id = $1`, b.ID, b.Name, b.Quorum, store.At(ended), b.Version, entry)
	if err != nil {
		return fmt.Errorf("update body: %w", err)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM authz_body_member WHERE body = $1", b.ID); err != nil {
		return fmt.Errorf("clear body members: %w", err)
	}
	return setMembers(ctx, tx, b)
}

func setMembers(ctx context.Context, tx *store.Tx, b authz.Body) error {
	for _, m := range b.Members {
		if _, err := tx.Exec(ctx, "INSERT INTO authz_body_member (body, person) VALUES ($1, $2)", b.ID, m); err != nil {
			return fmt.Errorf("insert body member: %w", err)
		}
	}
	return nil
}

func insertDelegation(ctx context.Context, tx *store.Tx, d authz.Delegation, entry int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO authz_delegation
		(id, post, holder, delegate, from_at, until_at, reason, version, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.ID, d.Post, d.Holder, d.To, store.At(d.From), store.At(d.Until), d.Reason, d.Version, entry)
	if err != nil {
		return fmt.Errorf("insert delegation: %w", err)
	}
	return nil
}

func endDelegation(ctx context.Context, tx *store.Tx, id string, at time.Time, entry int64) error {
	_, err := tx.Exec(ctx, `UPDATE authz_delegation SET revoked_at = $2, version = version + 1, entry = $3
		WHERE id = $1`, id, store.At(at), entry)
	if err != nil {
		return fmt.Errorf("revoke delegation: %w", err)
	}
	return nil
}
