// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/search"
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
		visibility = authz.Restricted
	}
	return d.s.Index(ctx, d.tx, search.Document{
		Item: d.review.Item(), Part: part, Kind: ItemType, Title: title, Body: text, Visibility: visibility,
	})
}
