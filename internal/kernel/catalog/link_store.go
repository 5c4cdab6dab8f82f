// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
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

// links is where links are kept; who added one, and by which entry, is written only.
var links = store.NewTable("catalog_link", "l", nil, func(l *linkRow) []store.Column {
	return []store.Column{
		store.Text("from_item", &l.From),
		store.Text("relation", &l.Relation),
		store.Text("to_item", &l.To),
		store.Moment("added_at", &l.AddedAt),
	}
})

// linksOf returns the newest links of an item whose other end the actor may see:
// those that they may not see take no place of others.
func (s *Service) linksOf(ctx context.Context, r store.Reader, a authz.Actor, item string) ([]linkRow, error) {
	args := []any{item}
	const other = "CASE WHEN l.from_item = $1 THEN l.to_item ELSE l.from_item END"
	ofType := func(kind string) string {
		return fmt.Sprintf("substr(%s, 1, %d) = '%s:'", other, len(kind)+1, kind)
	}
	id := func(kind string) string { return fmt.Sprintf("substr(%s, %d)", other, len(kind)+2) }
	seen := []string{ofType(ItemType) + " AND EXISTS (SELECT 1 FROM catalog_subject s WHERE s.id = " + id(ItemType) +
		" AND " + authz.Visible(a, subjectItem, subjectVisibility, &args) + ")"}
	for _, kind := range sortedKeys(s.Describers) { // names of the program's own, checked at the start
		condition := ofType(kind)
		if see := s.Seen[kind]; see != nil {
			condition += " AND " + see(a, id(kind), &args)
		}
		seen = append(seen, condition)
	}
	return links.All(ctx, r, `WHERE (l.from_item = $1 OR l.to_item = $1) AND (`+strings.Join(seen, " OR ")+`)
		ORDER BY l.added_at DESC, l.from_item, l.relation, l.to_item LIMIT `+store.Arg(maxLinks, &args), args...)
}

func linkExists(ctx context.Context, r store.Reader, from, relation, to string) (bool, error) {
	var n int64
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM catalog_link WHERE from_item = $1 AND relation = $2 AND to_item = $3", from, relation, to).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for link: %w", err)
	}
	return n > 0, nil
}

func deleteLink(ctx context.Context, tx *store.Tx, from, relation, to string) error {
	_, err := tx.Exec(ctx, "DELETE FROM catalog_link WHERE from_item = $1 AND relation = $2 AND to_item = $3", from, relation, to)
	if err != nil {
		return fmt.Errorf("delete link: %w", err)
	}
	return nil
}
