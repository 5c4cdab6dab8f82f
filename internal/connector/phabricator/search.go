// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
)

// Keyed is an element of an answer: its key tells it from the others, so that
// one that is met twice is given once. "" is an element that cannot be told.
type Keyed interface{ Key() string }

// ElementError is an element of an answer that could not be read. The search
// goes on after it.
type ElementError struct{ Err error }

// Error says what was wrong with the element.
func (e *ElementError) Error() string { return "an element of the answer: " + e.Err.Error() }

// Bounds of a search.
const (
	pageSize    = 100       // the largest that the server allows
	maxElements = 1_000_000 // of one search
	maxRestarts = 3
)

// Search gives the elements of a method that answers in pages, of any size, each
// once. An error of type [*ElementError] comes with as much of that element as
// could be read, and the search goes on; any other error is the last. When the
// object at which a page ended is gone, the search begins anew and leaves out
// what was given already. A page that is too large is asked for in smaller parts.
func Search[T Keyed](ctx context.Context, c *Client, method string, params Params) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s := &search[T]{client: c, method: method, params: maps.Clone(params), limit: pageSize, seen: map[string]bool{}, ends: map[Text]bool{}}
		if s.params == nil {
			s.params = Params{}
		}
		for more := true; more; {
			next, err := s.page(ctx)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if more = s.give(next, yield) && next.Cursor.After != ""; more {
				more = s.advance(next.Cursor.After, yield)
			}
		}
	}
}

// search is one run through the pages.
type search[T Keyed] struct {
	client   *Client
	method   string
	params   Params
	after    Text
	limit    int
	restarts int
	seen     map[string]bool // keys given
	ends     map[Text]bool   // cursors since the beginning
}

// page is one answer.
type page[T any] struct {
	Data   []element[T] `json:"data"`
	Cursor struct {
		After Text `json:"after"`
	} `json:"cursor"`
}

// element is read on its own, so that one that cannot be read does not take its
// page with it.
type element[T any] struct {
	value T
	err   error
}

// UnmarshalJSON never fails: the error is kept beside the value.
func (e *element[T]) UnmarshalJSON(text []byte) error {
	e.err = json.Unmarshal(text, &e.value)
	return nil
}

// page asks for the next page.
func (s *search[T]) page(ctx context.Context) (page[T], error) {
	for {
		s.params["limit"] = s.limit
		delete(s.params, "after")
		if s.after != "" {
			s.params["after"] = string(s.after)
		}
		var p page[T]
		err := s.client.Call(ctx, s.method, s.params, &p)
		switch {
		case err == nil:
			return p, nil
		case HasClass(err, TooLarge) && s.limit > 1:
			s.limit /= 2
		case HasClass(err, DeadCursor) && s.after != "" && s.restarts < maxRestarts:
			s.after, s.restarts = "", s.restarts+1
			clear(s.ends)
		default:
			return page[T]{}, err
		}
	}
}

// give yields the elements of a page and reports whether more are wanted.
func (s *search[T]) give(p page[T], yield func(T, error) bool) bool {
	for _, e := range p.Data {
		key := e.value.Key()
		if key != "" && s.seen[key] {
			continue
		}
		s.seen[key] = true
		var err error
		if e.err != nil {
			err = &ElementError{Err: errors.New(s.client.token.scrub(e.err.Error(), maxInfo))}
		}
		if !yield(e.value, err) {
			return false
		}
	}
	return true
}

// advance goes on to the next page, unless the pages lead nowhere.
func (s *search[T]) advance(after Text, yield func(T, error) bool) bool {
	why := ""
	switch {
	case s.ends[after]:
		why = "the pages of the answer go in a circle"
	case len(s.seen) > maxElements:
		why = "there are more elements than we read"
	}
	if why != "" {
		var none T
		yield(none, s.client.failed(s.method, Malformed, 200, "", why))
		return false
	}
	s.ends[after], s.after = true, after
	return true
}
