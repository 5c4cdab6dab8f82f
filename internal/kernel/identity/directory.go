// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The functions of this file that take a store.Reader check no action: they are
// for other modules inside a transaction, which decide themselves what to show.

// PersonByID returns an account, active or not; an unknown id is NotFound.
func (s *Service) PersonByID(ctx context.Context, r store.Reader, id string) (Person, error) {
	p, err := loadPerson(ctx, r, id)
	return p, notFound(err)
}

// PersonByLogin returns an account, active or not; an unknown login is NotFound.
func (s *Service) PersonByLogin(ctx context.Context, r store.Reader, login string) (Person, error) {
	login, ok := NormaliseLogin(login)
	if !ok {
		return Person{}, fault.ItemNotFound()
	}
	p, _, err := loadByLogin(ctx, r, login)
	if err != nil {
		return Person{}, notFound(err)
	}
	p.Groups, err = loadGroupIDs(ctx, r, p.ID)
	return p, err
}

// PeopleByMail returns the accounts with a mail address, active or not, whatever the
// case of its ASCII letters, by login. Addresses are what administrators entered; an
// empty one is nobody's.
func (s *Service) PeopleByMail(ctx context.Context, r store.Reader, address string) ([]Person, error) {
	return loadByMail(ctx, r, address)
}

// PeopleByID returns those of the accounts that exist, active or not, by id and
// without their groups: with one statement for many.
func (s *Service) PeopleByID(ctx context.Context, r store.Reader, ids []string) (map[string]Person, error) {
	found := make(map[string]Person, len(ids))
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !plausibleID(id) })
	for some := range slices.Chunk(ids, store.Batch) {
		var args []any
		all, err := people.All(ctx, r, "WHERE p.id IN "+store.In(some, &args), args...)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			found[p.ID] = p
		}
	}
	return found, nil
}

// Names returns the names of those of the ids that exist, for lists.
func (s *Service) Names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error) {
	return loadNames(ctx, r, ids)
}

// OrganisationByID returns an organisation; an unknown id is NotFound.
func (s *Service) OrganisationByID(ctx context.Context, r store.Reader, id string) (Organisation, error) {
	return loadOrganisation(ctx, r, id)
}

// AllOrganisations returns the organisations by name.
func (s *Service) AllOrganisations(ctx context.Context, r store.Reader) ([]Organisation, error) {
	return loadOrganisations(ctx, r)
}

// GroupByID returns a group with its members; an unknown id is NotFound.
func (s *Service) GroupByID(ctx context.Context, r store.Reader, id string) (Group, error) {
	return loadGroup(ctx, r, id)
}

// ActorOf returns a person as an actor, to ask on their behalf what they could
// see, for instance before a notice is sent. It is not signed in by anything;
// the actor of an inactive account has no roles and no groups.
func (s *Service) ActorOf(ctx context.Context, r store.Reader, id string) (authz.Actor, error) {
	p, err := loadPerson(ctx, r, id)
	if err != nil {
		return authz.Actor{}, notFound(err)
	}
	if !p.Active {
		return authz.Anonymous(), nil
	}
	return authz.Actor{ID: p.ID, Login: p.Login, Name: p.Name, Kind: p.Kind, Roles: p.Roles, Groups: p.Groups}, nil
}

// PeopleFilter selects accounts; the zero value selects all active ones.
type PeopleFilter struct {
	Organisation string // organisation id
	Inactive     bool   // inactive ones too
}

// PeoplePage is one page of a list. Next is the cursor of the following page, or empty.
type PeoplePage struct {
	People []Person
	Next   string
}

// Limits of a page of people.
const (
	DefaultLimit = store.DefaultLimit
	MaxLimit     = store.MaxLimit
)

// People lists accounts by login. cursor is empty or the Next of an earlier
// page; limit 0 means [DefaultLimit].
func (s *Service) People(ctx context.Context, f PeopleFilter, cursor string, limit int) (PeoplePage, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionDirectoryRead); err != nil {
		return PeoplePage{}, err
	}
	limit = store.Limit(limit)
	if _, ok := NormaliseLogin(cursor); !ok && cursor != "" {
		return PeoplePage{}, cursorInvalid()
	}
	if f.Organisation != "" && !plausibleID(f.Organisation) {
		return PeoplePage{}, nil
	}
	var page PeoplePage
	err := s.db.Read(ctx, func(tx *store.ReadTx) error {
		all, err := listPeople(ctx, tx, f, cursor, limit+1)
		page.People, page.Next = store.Page(all, limit, func(last Person) string { return last.Login })
		return err
	})
	return page, err
}

// Person returns one account for display.
func (s *Service) Person(ctx context.Context, id string) (Person, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionDirectoryRead); err != nil {
		return Person{}, err
	}
	var p Person
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		p, err = s.PersonByID(ctx, tx, id)
		return err
	})
	return p, err
}

// Empty reports whether no account exists yet.
func (s *Service) Empty(ctx context.Context) (bool, error) {
	var n int64
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		n, err = countPeople(ctx, tx)
		return err
	})
	return n == 0, err
}

// Purge removes sessions and invitations that ended long ago, and forgets old
// failures. App runs it once a day.
func (s *Service) Purge(ctx context.Context) error {
	now := s.now()
	// A session that was ended must be known as that for as long as whose it was is kept.
	before := now.Add(-s.config.Keep - s.config.Absolute - s.config.Idle)
	return s.writer.Quiet(ctx, "forgetting what has no effect any more is not a decision", func(tx *store.Tx) error {
		return purge(ctx, tx, before, now.Add(-failuresDecay))
	})
}

func cursorInvalid() error {
	return fault.New(fault.Invalid, "identity.cursor", "The cursor is not one that this list gave out; begin at the first page.")
}

// AllGroups returns the groups by name.
func (s *Service) AllGroups(ctx context.Context, r store.Reader) ([]Group, error) {
	return loadGroups(ctx, r)
}
