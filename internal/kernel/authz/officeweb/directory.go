// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// persons finds one account per reference, an id or a login. The fault for an
// unknown one has the path of the field; of several references it names the
// place, never what was written.
func (s *Site) persons(ctx context.Context, path string, refs ...string) ([]string, error) {
	var ids []string
	var wrong []fault.Field
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		for i, ref := range refs {
			p, err := s.People.PersonByID(ctx, r, ref)
			if fault.Is(err, fault.NotFound) {
				p, err = s.People.PersonByLogin(ctx, r, ref)
			}
			switch {
			case fault.Is(err, fault.NotFound):
				wrong = append(wrong, fault.Field{Path: path, Code: "unknown", Message: "Number " + strconv.Itoa(i+1) + " is nobody's login."})
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
	if len(refs) == 1 && len(wrong) == 1 {
		wrong[0].Message = "This is nobody's login."
	}
	return ids, fault.InvalidFields("authz.person_unknown", wrong)
}

// person finds an account; an empty reference is nobody.
func (s *Site) person(ctx context.Context, path, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	ids, err := s.persons(ctx, path, ref)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// logins returns the logins of accounts, in alphabetical order.
func (s *Site) logins(ctx context.Context, ids ...string) ([]string, error) {
	var all []string
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		for _, id := range ids {
			if id == "" {
				continue
			}
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

// offers suggests people where a login is typed.
func (s *Site) offers(ctx context.Context) ([]web.Choice, error) {
	page, err := s.People.People(ctx, identity.PeopleFilter{}, "", identity.MaxLimit)
	if err != nil {
		return nil, err
	}
	choices := make([]web.Choice, len(page.People))
	for i, p := range page.People {
		choices[i] = web.Choice{Value: p.Login, Label: p.Name}
	}
	return choices, nil
}

func (st state) organisationChoices() []web.Choice {
	var all []web.Choice
	for _, o := range st.organisations {
		all = append(all, web.Choice{Value: o.ID, Label: o.Name})
	}
	return all
}

// suggestOrganisation fills in the organisation of what is new: the one that the
// address names, or the only one.
func (st state) suggestOrganisation(c *web.Ctx) url.Values {
	chosen := c.Query("organisation")
	if chosen == "" && len(st.organisations) == 1 {
		chosen = st.organisations[0].ID
	}
	return url.Values{"organisation": {chosen}}
}

// words returns the logins in a text: one per line, or with commas.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' || r == ' ' || r == '\t' })
}
