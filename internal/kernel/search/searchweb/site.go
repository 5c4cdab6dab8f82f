// SPDX-License-Identifier: Apache-2.0

package searchweb

import (
	"context"
	"embed"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Kind is a kind of document that a search can be narrowed to.
type Kind struct {
	Name  string // search.Document.Kind
	Label string // message key, in the plural
	One   string // message key, for one hit
	Icon  string
}

// Deps are what page and API need.
type Deps struct {
	DB    *store.DB
	Kinds []Kind
	// Describe names items of any type as far as the actor may see them.
	Describe catalog.Describer
	// URL is where a hit leads: the item's page, or that of the part.
	URL func(d catalog.Described, item, part string) string
}

// Site is the page and the API. It may be used concurrently.
type Site struct{ Deps }

// New returns the site.
func New(d Deps) *Site { return &Site{d} }

// found is a hit with what its module says of it.
type found struct {
	search.Hit
	item catalog.Described
	url  string
}

// find searches for the actor of ctx.
func (s *Site) find(ctx context.Context, query, kind, cursor string, limit int) ([]found, string, error) {
	a := authz.ActorFrom(ctx)
	var kinds []string
	if kind != "" {
		kinds = []string{kind}
	}
	var hits []found
	next := ""
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		page, err := search.Find(ctx, r, a, query, kinds, cursor, limit)
		if err != nil {
			return err
		}
		next = page.Next
		items := make([]string, len(page.Hits))
		for i, h := range page.Hits {
			items[i] = h.Item
		}
		slices.Sort(items)
		described, err := s.Describe(ctx, r, a, slices.Compact(items))
		if err != nil {
			return err
		}
		for _, h := range page.Hits {
			if d, shown := described[h.Item]; shown {
				hits = append(hits, found{Hit: h, item: d, url: s.URL(d, h.Item, h.Part)})
			}
		}
		return nil
	})
	return hits, next, err
}

// Pages registers the search page.
func (s *Site) Pages(m *web.Mux) {
	m.Files("search", pageFiles)
	m.Page("GET "+web.SearchAction, search.ActionFind, s.showSearch)
}
