// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Hit is a document that was found. Title and snippet are cut into fragments,
// so that what matched can be marked.
type Hit struct {
	Item       string // "<type>:<id>"
	Part       string
	Kind       string
	Visibility authz.Visibility
	Title      []Fragment
	Snippet    []Fragment
	At         time.Time // when it was last changed, in domain time
}

// Page is one page of hits. Next is the cursor of the following page, or empty.
type Page struct {
	Hits []Hit
	Next string
}

// Page limits.
const (
	DefaultLimit = 20
	MaxLimit     = 200
)

// maxKinds is how many kinds a search can be narrowed to.
const maxKinds = 50

// Service searches for the actor of a request.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New returns the service.
func New(db *store.DB, policy *authz.Policy) *Service { return &Service{db, policy} }

// Find is [Find] for the actor of ctx, who needs search:find.
func (s *Service) Find(ctx context.Context, query string, kinds []string, cursor string, limit int) (Page, error) {
	a := authz.ActorFrom(ctx)
	if err := s.policy.Require(a, ActionFind); err != nil {
		return Page{}, err
	}
	var page Page
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		var err error
		page, err = Find(ctx, r, a, query, kinds, cursor, limit)
		return err
	})
	return page, err
}

// Find returns what a may see and the query asks for, in the order that doc.go
// describes. No kinds means all; cursor is empty or the Next of the page before;
// limit 0 means [DefaultLimit]. A query without words finds nothing. The only
// fault is Invalid, for a cursor that no page gave out.
func Find(ctx context.Context, r store.Reader, a authz.Actor, query string, kinds []string, cursor string, limit int) (Page, error) {
	after, err := parseCursor(cursor)
	if err != nil {
		return Page{}, err
	}
	terms := parse(query)
	if len(terms) == 0 || len(kinds) > maxKinds {
		return Page{}, nil
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	text, args := statement(engineOf(r), a, terms, kinds, after, limit+1)
	rows, err := r.Query(ctx, text, args...)
	found, err := store.Collect(rows, err, scanHit)
	if err != nil {
		return Page{}, fmt.Errorf("search: %w", err)
	}
	var page Page
	if len(found) > limit {
		found = found[:limit]
		page.Next = found[limit-1].place.format()
	}
	for _, f := range found {
		page.Hits = append(page.Hits, Hit{
			Item: f.place.Item, Part: f.place.Part, Kind: f.kind, Visibility: f.visibility, At: time.UnixMicro(f.place.At).UTC(),
			Title: highlight(f.title, terms), Snippet: snippet(f.body, terms),
		})
	}
	return page, nil
}

// found is a row of the result.
type found struct {
	place       place
	kind        string
	visibility  authz.Visibility
	title, body string
}

func scanHit(s store.Scanner) (found, error) {
	var f found
	err := s.Scan(&f.place.Item, &f.place.Part, &f.kind, &f.visibility, &f.title, &f.body, &f.place.At, &f.place.Matched, &f.place.Titled)
	return f, err
}

// statement builds the query. Only placeholders and constants go into its text.
func statement(e engine, a authz.Actor, terms []term, kinds []string, after *place, limit int) (string, []any) {
	var args []any
	matched, titled := make([]string, len(terms)), make([]string, len(terms))
	for i, t := range terms {
		matched[i] = "1" // all hits have the only term
		if len(terms) > 1 {
			matched[i] = "CASE WHEN " + e.match(t, false, &args) + " THEN 1 ELSE 0 END"
		}
		titled[i] = "CASE WHEN " + e.match(t, true, &args) + " THEN 1 ELSE 0 END"
	}
	conditions := []string{e.anyOf(terms, &args), authz.Visible(a, "d.item", "d.visibility", &args)}
	if len(kinds) > 0 {
		marks := make([]string, len(kinds))
		for i, k := range kinds {
			marks[i] = mark(&args, clean(k, maxTitle))
		}
		conditions = append(conditions, "d.kind IN ("+strings.Join(marks, ", ")+")")
	}
	text := "SELECT h.seq, h.matched, h.titled FROM (SELECT d.seq, d.item, d.part, d.at, " +
		strings.Join(matched, " + ") + " AS matched, " + strings.Join(titled, " + ") + " AS titled" +
		" FROM search_document d WHERE " + strings.Join(conditions, " AND ") + ") h"
	if after != nil {
		text += " WHERE " + after.condition(&args)
	}
	text += order("h", "h") + " LIMIT " + mark(&args, limit)
	// The texts are read of the hits of the page alone: sorting would copy those of all.
	return "SELECT d.item, d.part, d.kind, d.visibility, d.title, d.body, d.at, p.matched, p.titled" +
		" FROM (" + text + ") p JOIN search_document d ON d.seq = p.seq" + order("p", "d"), args
}

// order is the order of hits, by the aliases of their scores and of the document.
func order(score, document string) string {
	return " ORDER BY " + score + ".matched DESC, " + score + ".titled DESC, " + document + ".at DESC, " + document + ".item, " + document + ".part"
}

func badCursor() error {
	return fault.New(fault.Invalid, "search.cursor", "The cursor is not one that this search gave out; begin at the first page.")
}
