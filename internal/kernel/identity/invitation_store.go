// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// replaceInvitation makes the invitation the only valid one of the person.
func replaceInvitation(ctx context.Context, tx *store.Tx, person string, hash []byte, now, until time.Time) error {
	if err := useInvitations(ctx, tx, person, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO identity_invitation (hash, person, created_at, expires_at) VALUES ($1, $2, $3, $4)",
		hash, person, store.At(now), store.At(until))
	if err != nil {
		return fmt.Errorf("insert invitation: %w", err)
	}
	return nil
}

// useInvitations voids all invitations of a person.
func useInvitations(ctx context.Context, tx *store.Tx, person string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_invitation SET used_at = $2 WHERE person = $1 AND used_at IS NULL", person, store.At(now))
	if err != nil {
		return fmt.Errorf("void invitations: %w", err)
	}
	return nil
}

func loadInvitation(ctx context.Context, r store.Reader, hash []byte) (person string, until time.Time, used bool, err error) {
	var usedAt time.Time
	err = r.QueryRow(ctx, "SELECT person, expires_at, used_at FROM identity_invitation WHERE hash = $1", hash).
		Scan(&person, store.Time(&until), store.Time(&usedAt))
	return person, until, !usedAt.IsZero(), err
}
