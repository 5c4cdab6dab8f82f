// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Answer is what an operation answers about an item. ETag and Location are left
// out where they are empty.
type Answer[T any] struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     T
}

// AnswerAt answers with an item at a version.
func AnswerAt[T any](version int64, item T) *Answer[T] {
	return &Answer[T]{ETag: ETag(version), Body: item}
}

// At sets where the item is, relative to /api/v1. It gives the answer back, and
// nil for none.
func (a *Answer[T]) At(path string) *Answer[T] {
	if a != nil {
		a.Location = apiPrefix + path
	}
	return a
}

// JSON is what an operation answers that is no item: it has no version and no
// place of its own.
type JSON[T any] struct{ Body T }

// AnswerJSON answers with a value.
func AnswerJSON[T any](v T) *JSON[T] { return &JSON[T]{Body: v} }

// Listed is what an operation answers that lists.
type Listed[T any] = JSON[List[T]]

// ListOf answers with a list, item by item as document makes it; next is the
// cursor of the next page, empty on the last.
func ListOf[S, T any](all []S, next string, document func(S) T) *Listed[T] {
	items := make([]T, len(all))
	for i, one := range all {
		items[i] = document(one)
	}
	return AnswerJSON(List[T]{Items: items, Next: next})
}

// Itself is the document of what a list shows as it is.
func Itself[T any](item T) T { return item }

// Based is the input of an operation that changes an item: it embeds [IfMatch]
// and says by its path which item.
type Based[K any] interface {
	Version() (int64, error)
	Item() K
}

// ByID is the path of an operation about an item that has an id.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}

// Item returns the id.
func (p ByID) Item() string { return p.ID }

// BasedByID is the input of an operation that changes an item and has no body.
type BasedByID struct {
	ByID
	IfMatch
}

// EditByID is the input of an operation that changes an item as its body says.
type EditByID[B any] struct {
	ByID
	IfMatch
	Body B
}

// Change makes the handler of an operation that changes an item on top of the
// version of If-Match. do itself answers that nothing is there (404) to whoever
// may not see the item, and that it is forbidden (403) to whoever may not do this.
// That If-Match is missing (428) or wrong is therefore told only to whoever may see
// the item, for whom see returns nil, and whom do, tried on no version and without
// effect, does not refuse.
func Change[K any, I Based[K], O any](see func(context.Context, K) error, do func(ctx context.Context, version int64, in *I) (O, error)) func(context.Context, *I) (O, error) {
	return func(ctx context.Context, in *I) (O, error) {
		version, err := (*in).Version()
		if err == nil {
			return do(ctx, version, in)
		}
		var none O
		if unseen := see(ctx, (*in).Item()); unseen != nil {
			return none, unseen
		}
		_, refused := do(ledger.WithoutEffect(ctx), noVersion, in)
		if fault.Is(refused, fault.NotFound) || fault.Is(refused, fault.Forbidden) {
			return none, refused
		}
		return none, err
	}
}

// noVersion is a version that nothing ever has.
const noVersion = -1

// Seen makes of the function that shows an item one that tells whether it may be
// seen.
func Seen[K, T any](show func(context.Context, K) (*Answer[T], error)) func(context.Context, K) error {
	return func(ctx context.Context, item K) error {
		_, err := show(ctx, item)
		return err
	}
}
