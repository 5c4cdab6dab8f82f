// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
)

// index keeps the search document of the review.
func (d *decision) index(ctx context.Context) error {
	if d.s.Index == nil {
		return nil
	}
	r := d.review
	text := []string{r.Sketch, r.Origin.Number}
	for _, name := range slices.Sorted(maps.Keys(r.Answers)) {
		text = append(text, r.Answers[name])
	}
	for _, t := range r.Technologies {
		text = append(text, t.Name+" "+t.Replaces)
	}
	for _, s := range r.Scenarios {
		text = append(text, s.Title, s.Steps)
	}
	text = append(text, r.Verdict.Reason)
	return d.s.Index(ctx, d.tx, search.Document{
		Item: r.Item(), Kind: ItemType, Title: r.Title, Body: strings.Join(text, "\n"), Visibility: r.Visibility,
	})
}

// indexPart keeps the search document of a part, which only those who take part in
// the review find if it is restricted.
func (d *decision) indexPart(ctx context.Context, part, title, text string, restricted bool) error {
	if d.s.Index == nil {
		return nil
	}
	visibility := d.review.Visibility
	if restricted {
		if err := search.RemovePart(ctx, d.tx.Tx, d.review.Item(), part); err != nil {
			return err
		}
		visibility, part = authz.Restricted, search.Restricted+part
	}
	return d.s.Index(ctx, d.tx, search.Document{
		Item: d.review.Item(), Part: part, Kind: ItemType, Title: title, Body: text, Visibility: visibility,
	})
}

// keepRestricted leaves the entries about restricted parts of a review restricted
// when all its entries were given another visibility.
func (s *Service) keepRestricted(ctx context.Context, tx *ledger.Tx, item string) error {
	rows, err := tx.Query(ctx, "SELECT entry FROM review_history WHERE review = $1 AND part = $2", strings.TrimPrefix(item, ItemType+":"), partRestricted)
	entries, err := store.Collect(rows, err, func(row store.Scanner) (seq int64, err error) {
		err = row.Scan(&seq)
		return seq, err
	})
	if err != nil {
		return fmt.Errorf("look for entries about restricted parts: %w", err)
	}
	return s.Log.Restrict(ctx, tx, entries...)
}
