// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// maxLinks bounds the links of one item that are read at a time.
const maxLinks = 500

// linkRow is one link as stored: two item references and the relation from the
// first to the second.
type linkRow struct {
	From, Relation, To string
	AddedAt            time.Time
}

func scanLink(row store.Scanner) (linkRow, error) {
	var l linkRow
	err := row.Scan(&l.From, &l.Relation, &l.To, store.Time(&l.AddedAt))
	return l, err
}

func linksOf(ctx context.Context, r store.Reader, item string) ([]linkRow, error) {
	rows, err := r.Query(ctx, `SELECT from_item, relation, to_item, added_at FROM catalog_link
		WHERE from_item = $1 OR to_item = $1 ORDER BY added_at DESC, from_item, relation, to_item LIMIT $2`, item, maxLinks)
	all, err := store.Collect(rows, err, scanLink)
	if err != nil {
		return nil, fmt.Errorf("load links: %w", err)
	}
	return all, nil
}

func linkExists(ctx context.Context, r store.Reader, from, relation, to string) (bool, error) {
	var n int64
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM catalog_link WHERE from_item = $1 AND relation = $2 AND to_item = $3", from, relation, to).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for link: %w", err)
	}
	return n > 0, nil
}

func insertLink(ctx context.Context, tx *store.Tx, l linkRow, by string, entry int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO catalog_link (from_item, relation, to_item, added_at, added_by, entry) VALUES ($1, $2, $3, $4, $5, $6)",
		l.From, l.Relation, l.To, store.At(l.AddedAt), by, entry)
	if err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	return nil
}

func deleteLink(ctx context.Context, tx *store.Tx, from, relation, to string) error {
	_, err := tx.Exec(ctx, "DELETE FROM catalog_link WHERE from_item = $1 AND relation = $2 AND to_item = $3", from, relation, to)
	if err != nil {
		return fmt.Errorf("delete link: %w", err)
	}
	return nil
}
