// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// lookUp finds an account by id or, if there is no such id, by login. It checks
// no action: the route that it is called from did.
func lookUp(ctx context.Context, r store.Reader, people *identity.Service, ref string) (identity.Person, error) {
	p, err := people.PersonByID(ctx, r, ref)
	if fault.Is(err, fault.NotFound) {
		p, err = people.PersonByLogin(ctx, r, ref)
	}
	return p, err
}

func (s *Site) person(ctx context.Context, ref string) (identity.Person, error) {
	var p identity.Person
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		p, err = lookUp(ctx, r, s.People, ref)
		return err
	})
	return p, err
}

// persons finds one account per reference. The fault for an unknown one names
// its place, not what was written, under the path that the caller has for the
// whole list.
func (s *Site) persons(ctx context.Context, path string, refs []string) ([]string, error) {
	var ids []string
	var wrong []fault.Field
	err := s.read(ctx, func(r *store.ReadTx) error {
		for i, ref := range refs {
			p, err := lookUp(ctx, r, s.People, ref)
			switch {
			case fault.Is(err, fault.NotFound):
				wrong = append(wrong, fault.Field{Path: path, Code: "unknown",
					Message: "Number " + strconv.Itoa(i+1) + " is nobody's login. Look it up in the list of people."})
			case err != nil:
				return err
			case !slices.Contains(ids, p.ID):
				ids = append(ids, p.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, fault.InvalidFields("identity.person_unknown", wrong)
}

// logins returns the logins of accounts, in alphabetical order.
func (s *Site) logins(ctx context.Context, ids []string) ([]string, error) {
	var all []string
	err := s.read(ctx, func(r *store.ReadTx) error {
		for _, id := range ids {
			p, err := s.People.PersonByID(ctx, r, id)
			if err != nil {
				return err
			}
			all = append(all, p.Login)
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

func (s *Site) names(ctx context.Context, ids []string) (map[string]string, error) {
	var names map[string]string
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		names, err = s.People.Names(ctx, r, ids)
		return err
	})
	return names, err
}

// organisations returns the organisations by name, and their names by id.
func (s *Site) organisations(ctx context.Context) ([]web.Choice, map[string]string, error) {
	var choices []web.Choice
	names := map[string]string{}
	err := s.read(ctx, func(r *store.ReadTx) error {
		all, err := s.People.AllOrganisations(ctx, r)
		for _, o := range all {
			choices = append(choices, web.Choice{Value: o.ID, Label: o.Name})
			names[o.ID] = o.Name
		}
		return err
	})
	return choices, names, err
}

// mostOffers is how many people a line of text suggests.
const mostOffers = identity.MaxLimit

// offers suggests people where a login is typed.
func (s *Site) offers(ctx context.Context) ([]web.Choice, error) {
	page, err := s.People.People(ctx, identity.PeopleFilter{}, "", mostOffers)
	if err != nil {
		return nil, err
	}
	choices := make([]web.Choice, len(page.People))
	for i, p := range page.People {
		choices[i] = web.Choice{Value: p.Login, Label: p.Name}
	}
	return choices, nil
}

// lines returns the words of a text of logins: one per line, or with commas.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' || r == ' ' || r == '\t' })
}
