// SPDX-License-Identifier: Apache-2.0

package item

import (
	"context"
	"math"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// MaxPrincipals bounds who is named at one item; a group stands for more.
const MaxPrincipals = 100

// maxHandle bounds what somebody is named by, in bytes.
const maxHandle = 500

// Principals turns "person:<id or login>" and "group:<id or name>" into
// principals. If one names nobody, or they are too many, it notes the field and
// returns none.
func Principals(ctx context.Context, r store.Reader, dir Directory, f *Fields, path string, named []string) ([]string, error) {
	if len(named) > MaxPrincipals {
		f.tooMany(path)
		return nil, nil
	}
	var all []string
	for _, p := range named {
		found, err := principal(ctx, r, dir, p)
		switch {
		case fault.Is(err, fault.NotFound):
			f.Add(path, "unknown", "Name people and groups that exist, as person:<id or login> and group:<id or name>.")
			return nil, nil
		case err != nil:
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

func (f *Fields) tooMany(path string) {
	f.Add(path, "too_many", "Name at most %d people and groups; make a group for more.", MaxPrincipals)
}

func principal(ctx context.Context, r store.Reader, dir Directory, named string) (string, error) {
	kind, handle, _ := strings.Cut(named, ":")
	look := dir.Person
	switch {
	case handle == "" || len(handle) > maxHandle:
		return "", fault.ItemNotFound()
	case kind == "group":
		look = dir.Group
	case kind != "person":
		return "", fault.ItemNotFound()
	}
	found, err := look(ctx, r, handle)
	return kind + ":" + found.ID, err
}

// WithPeople returns the principals and the people, each once and sorted; an empty
// id is nobody.
func WithPeople(principals []string, people ...string) []string {
	all := slices.Clone(principals)
	for _, person := range people {
		if person != "" {
			all = append(all, authz.PersonPrincipal(person))
		}
	}
	return Distinct(all)
}

// Bound is who may see an item at most: those who may see its subject. The zero
// value bounds nothing.
type Bound struct {
	Restricted bool
	Principals []string // of the restricted subject
}

// BoundOf returns what a subject bounds the items about it by.
func BoundOf(ctx context.Context, r store.Reader, subject catalog.Subject) (Bound, error) {
	if subject.Visibility != authz.Restricted {
		return Bound{}, nil
	}
	principals, err := authz.Participants(ctx, r, subject.Item())
	return Bound{Restricted: true, Principals: principals}, err
}

// Wider reports whether somebody is named who is not at the subject. Principals
// are compared as they stand, so that whoever leaves a group leaves both.
func (b Bound) Wider(named []string) bool {
	return b.Restricted && slices.ContainsFunc(named, func(p string) bool { return !slices.Contains(b.Principals, p) })
}

// Narrow leaves out who is not at the subject. Its owner always is.
func (b Bound) Narrow(all []string) []string {
	if !b.Restricted {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !slices.Contains(b.Principals, p) })
}

// Share returns who takes part in an item: the principals that are named or, if
// none is, all at the restricted subject; and the people who always do. It notes
// the field if somebody is named who is not at the subject, if the actor would not
// see the item themselves, and if they are too many. noun is what the item is
// called: "risk".
func (b Bound) Share(f *Fields, path, noun string, actor authz.Actor, named []string, always ...string) []string {
	if b.Wider(named) {
		f.Add(path, "wider", "A %s cannot be shown to more people than its subject is. Name people and groups that take part in the subject, or let them take part in it first.", noun)
		return nil
	}
	if len(named) == 0 && b.Restricted {
		named = b.Principals
	}
	all := b.Narrow(WithPeople(named, always...))
	if b.Restricted && !slices.ContainsFunc(actor.Principals(), func(p string) bool { return slices.Contains(all, p) }) {
		f.Add(path, "without_you", "You would not see the %s yourself. Name yourself, or the group by which you see its subject.", noun)
	}
	if len(all) > MaxPrincipals {
		f.tooMany(path)
	}
	return all
}

// Stricter returns the one of two visibilities that shows less.
func Stricter(a, b authz.Visibility) authz.Visibility {
	if Narrower(a, b) {
		return a
	}
	return b
}

// Narrower reports whether a shows less than b; what is unknown shows nothing.
func Narrower(a, b authz.Visibility) bool { return level(a) > level(b) }

func level(v authz.Visibility) int {
	i := slices.Index([]authz.Visibility{authz.Public, authz.Internal, authz.Restricted}, v)
	if i < 0 {
		return math.MaxInt
	}
	return i
}
