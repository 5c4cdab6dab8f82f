// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
)

// SearchDocument returns what a search finds of a subject: its title and name,
// its description and the values of its attributes.
func (s Subject) SearchDocument() search.Document {
	body := []string{s.Description}
	for _, name := range sortedKeys(s.Attributes) {
		body = append(body, s.Attributes[name])
	}
	return search.Document{
		Item: s.Item(), Kind: ItemType, Title: s.Title + " (" + s.Ref + ")", Body: strings.Join(body, "\n"), Visibility: s.Visibility,
	}
}

// index hands over the search document of a subject that was just written.
func (s *Service) index(ctx context.Context, tx *ledger.Tx, sub Subject) error {
	if s.Index == nil {
		return nil
	}
	return s.Index(ctx, tx, sub.SearchDocument())
}

// Describe describes the subjects among items ("subject:<id>") that the actor may
// see; it is for pages that show items of any type. The others are absent.
func (s *Service) Describe(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]Described, error) {
	described := map[string]Described{}
	var ids []string
	for _, item := range items {
		if kind, id, _ := strings.Cut(item, ":"); kind == ItemType && id != "" {
			ids = append(ids, id)
		}
	}
	if !s.Policy.Allowed(a, ActionRead) {
		return described, nil
	}
	visible, err := visibleByID(ctx, r, a, ids)
	for _, sub := range visible {
		d := Described{Title: sub.Title, URL: sub.URL()}
		if sub.Retired() {
			d.State = StateRetired
		}
		described[sub.Item()] = d
	}
	return described, err
}
