// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// keepOwner notes who owned the subject until now, if it was handed over.
func keepOwner(ctx context.Context, tx *store.Tx, before, after Subject) error {
	if before.Owner == after.Owner {
		return nil
	}
	_, err := tx.Exec(ctx, "INSERT INTO catalog_former_owner (subject, owner, until_at) VALUES ($1, $2, $3) ON CONFLICT (subject, owner, until_at) DO NOTHING",
		before.ID, before.Owner, store.At(tx.Now()))
	if err != nil {
		return fmt.Errorf("keep who owned a subject: %w", err)
	}
	return nil
}

// FormerOwners returns the ids of those who owned the subject at that time or later,
// and handed it over since; each once. Whoever owns it now may be among them.
func (s *Service) FormerOwners(ctx context.Context, r store.Reader, subject Subject, since time.Time) ([]string, error) {
	rows, err := r.Query(ctx, "SELECT DISTINCT owner FROM catalog_former_owner WHERE subject = $1 AND until_at >= $2 ORDER BY owner", subject.ID, store.At(since))
	all, err := store.Texts(rows, err)
	if err != nil {
		return nil, fmt.Errorf("look who owned a subject: %w", err)
	}
	return all, nil
}

// Owned returns the refs of the subjects that a person owns or owned, for that
// person's export.
func (s *Service) Owned(ctx context.Context, r store.Reader, person string) ([]string, error) {
	rows, err := r.Query(ctx, `SELECT s.ref FROM catalog_subject s WHERE s.owner = $1
		OR EXISTS (SELECT 1 FROM catalog_former_owner f WHERE f.subject = s.id AND f.owner = $1) ORDER BY s.ref`, person)
	all, err := store.Texts(rows, err)
	if err != nil {
		return nil, fmt.Errorf("list owned subjects: %w", err)
	}
	return all, nil
}
