// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// PersonInput is what an administrator says about a new account.
type PersonInput struct {
	Login        string
	Name         string
	Mail         string          // may be empty
	Kind         authz.ActorKind // person or service; empty means person
	Organisation string          // organisation id, may be empty
	Roles        []authz.Role
}

// PersonChange is an edit of an account; a nil field stays as it is.
type PersonChange struct {
	Name, Mail, Organisation *string
}

// personBody is the body of an entry about an account. It holds ids alone:
// names, logins and addresses are looked up while the account lasts.
type personBody struct {
	Person       string   `json:"person"`
	Change       string   `json:"change,omitempty"`
	Kind         string   `json:"kind,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Fields       []string `json:"fields,omitempty"` // which were changed
	Reason       string   `json:"reason,omitempty"`
	Version      int64    `json:"version,omitempty"`
}

// CreatePerson creates an account and, for a person, the invitation to it. It
// appends identity.person.created. Errors are "identity.person_invalid"
// (Invalid with fields) and "identity.login_taken" (Conflict).
func (s *Service) CreatePerson(ctx context.Context, in PersonInput) (Person, Invitation, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionPersonAdminister); err != nil {
		return Person{}, Invitation{}, err
	}
	return s.createPerson(ctx, in, func(*ledger.Tx) error { return nil })
}

// CreateAdmin creates the first account, with the role admin, and returns the
// invitation to it. It is for the command line and checks no action: whoever
// can run the command can read the secret key. If any account exists it
// answers Conflict ("identity.people_exist") unless another is true, which is
// the way back in after the last administrator was lost.
func (s *Service) CreateAdmin(ctx context.Context, login, name string, another bool) (Invitation, error) {
	ctx = authz.WithActor(ctx, authz.System("command-line"))
	in := PersonInput{Login: login, Name: name, Roles: []authz.Role{authz.RoleAdmin}}
	_, inv, err := s.createPerson(ctx, in, func(tx *ledger.Tx) error {
		n, err := countPeople(ctx, tx)
		if err == nil && n > 0 && !another {
			return fault.New(fault.Conflict, "identity.people_exist",
				"There are accounts already, so an administrator creates further ones. If none is left, say explicitly that you want another administrator.")
		}
		return err
	})
	return inv, err
}

func (s *Service) createPerson(ctx context.Context, in PersonInput, may func(*ledger.Tx) error) (Person, Invitation, error) {
	p, err := newPerson(in)
	if err != nil {
		return Person{}, Invitation{}, err
	}
	var inv Invitation
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		if err := may(tx); err != nil {
			return err
		}
		if _, _, err := loadByLogin(ctx, tx, p.Login); err == nil {
			return fault.New(fault.Conflict, "identity.login_taken", "This login is taken. Choose another.")
		} else if !errors.Is(err, errNoPerson) {
			return err
		}
		if err := mustExist(ctx, tx, p.Organisation); err != nil {
			return err
		}
		p.ID, p.CreatedAt = tx.NewID(), s.now()
		entry, err := s.append(ctx, tx, KindPersonCreated, p.ID, personBody{
			Person: p.ID, Kind: string(p.Kind), Organisation: p.Organisation, Roles: roleStrings(p.Roles), Version: p.Version,
		})
		if err != nil {
			return err
		}
		if err := people.Insert(ctx, tx.Tx, p, store.Value("epoch_at", store.At(p.CreatedAt)), store.Value("password", ""),
			store.Value("totp_step", 0), store.Value("entry", entry)); err != nil {
			return err
		}
		if err := authz.SetActive(ctx, tx.Tx, p.ID, true); err != nil {
			return err
		}
		if p.Kind == authz.KindPerson {
			inv, err = s.invite(ctx, tx.Tx, p.ID)
		}
		return err
	})
	if err != nil {
		return Person{}, Invitation{}, err
	}
	return p, inv, nil
}

func newPerson(in PersonInput) (Person, error) {
	if in.Kind == "" {
		in.Kind = authz.KindPerson
	}
	var f fields
	login, ok := NormaliseLogin(in.Login)
	if !ok || strings.HasPrefix(login, erasedPrefix) {
		f.add("login", "format", "Use 2 to 40 letters a to z, digits and single dots, hyphens or underscores between them.")
	}
	f.name(in.Name)
	f.mail(in.Mail)
	f.roles(in.Roles)
	if in.Kind != authz.KindPerson && in.Kind != authz.KindService {
		f.add("kind", "unknown", "An account is that of a person or of a service.")
	}
	if in.Kind == authz.KindService && slices.Contains(in.Roles, authz.RoleAdmin) {
		f.add("roles", "service", "A service account cannot be an administrator.")
	}
	if err := fault.InvalidFields("identity.person_invalid", f); err != nil {
		return Person{}, err
	}
	return Person{
		Login: login, Name: strings.TrimSpace(in.Name), Mail: in.Mail, Kind: in.Kind, Organisation: in.Organisation,
		Roles: sortedRoles(in.Roles), Active: true, Epoch: 1, Version: 1,
	}, nil
}

// ChangePerson edits an account that stands at that version, else Stale. It
// appends identity.person.changed with the names of the fields.
func (s *Service) ChangePerson(ctx context.Context, id string, version int64, in PersonChange) (Person, error) {
	return s.changePerson(ctx, id, version, func(tx *ledger.Tx, p *Person) (string, any, error) {
		var f fields
		var changedFields []string
		set := func(field string, value *string, into *string) {
			if value != nil && *value != *into {
				*into = *value
				changedFields = append(changedFields, field)
			}
		}
		set("name", in.Name, &p.Name)
		set("mail", in.Mail, &p.Mail)
		set("organisation", in.Organisation, &p.Organisation)
		f.name(p.Name)
		f.mail(p.Mail)
		if err := fault.InvalidFields("identity.person_invalid", f); err != nil {
			return "", nil, err
		}
		if err := mustExist(ctx, tx, p.Organisation); err != nil {
			return "", nil, err
		}
		return KindPersonChanged, personBody{Person: id, Change: "edited", Fields: changedFields, Version: p.Version}, nil
	})
}

type roleBody struct {
	Person  string   `json:"person"`
	Before  []string `json:"before"`
	After   []string `json:"after"`
	Version int64    `json:"version"`
}

// SetRoles replaces the roles of an account that stands at that version, else
// Stale. Nobody changes their own roles ("identity.self"), and the last active
// administrator stays one ("identity.last_admin"). It appends
// identity.role.changed.
func (s *Service) SetRoles(ctx context.Context, id string, version int64, roles []authz.Role) (Person, error) {
	return s.changePerson(ctx, id, version, func(tx *ledger.Tx, p *Person) (string, any, error) {
		if id == authz.ActorFrom(ctx).ID {
			return "", nil, selfFault()
		}
		if _, err := newPerson(PersonInput{Login: "unchanged", Name: "unchanged", Kind: p.Kind, Roles: roles}); err != nil {
			return "", nil, err
		}
		before := p.Roles
		p.Roles = sortedRoles(roles)
		if err := keepAdmin(ctx, tx, id, p.Roles, p.Active); err != nil {
			return "", nil, err
		}
		return KindRoleChanged, roleBody{Person: id, Before: roleStrings(before), After: roleStrings(p.Roles), Version: p.Version}, nil
	})
}

// Invite gives an account a new invitation: the first one was lost, or the
// person lost their second factor. What they have stays valid until it is
// accepted. It appends identity.person.changed. A service account is a Conflict.
func (s *Service) Invite(ctx context.Context, id string) (Invitation, error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionPersonAdminister); err != nil {
		return Invitation{}, err
	}
	var inv Invitation
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		p, err := loadPerson(ctx, tx, id)
		if err != nil {
			return notFound(err)
		}
		if !p.Active || p.Kind != authz.KindPerson {
			return fault.New(fault.Conflict, "identity.not_invitable", "Only an active account of a person can be invited.")
		}
		if inv, err = s.invite(ctx, tx.Tx, id); err != nil {
			return err
		}
		_, err = s.append(ctx, tx, KindPersonChanged, id, personBody{Person: id, Change: "invited"})
		return err
	})
	return inv, err
}

// changePerson runs an administrator's change of one account; change edits p
// and returns kind and body of the entry.
func (s *Service) changePerson(ctx context.Context, id string, version int64, change func(tx *ledger.Tx, p *Person) (string, any, error)) (Person, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionPersonAdminister); err != nil {
		return Person{}, err
	}
	var p Person
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		var err error
		if p, err = loadPerson(ctx, tx, id); err != nil {
			return notFound(err)
		}
		if !p.ErasedAt.IsZero() {
			return fault.New(fault.Conflict, "identity.erased", "This account was erased and does not change any more.")
		}
		if p.Version != version {
			return stale()
		}
		p.Version++
		kind, body, err := change(tx, &p)
		if err != nil {
			return err
		}
		entry, err := s.append(ctx, tx, kind, id, body)
		if err != nil {
			return err
		}
		return people.Update(ctx, tx.Tx, p, version, store.Value("entry", entry))
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// append adds an entry about an account, by the context's actor.
func (s *Service) append(ctx context.Context, tx *ledger.Tx, kind, person string, body any) (int64, error) {
	return s.appendAbout(ctx, tx, kind, "person:"+person, body)
}

func (s *Service) appendAbout(ctx context.Context, tx *ledger.Tx, kind, item string, body any) (int64, error) {
	return s.writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: authz.ActorFrom(ctx).Ref(), Subject: item, Item: item, Visibility: string(authz.Internal), Body: body,
	})
}

// mustExist refuses an organisation that is not there; none is fine.
func mustExist(ctx context.Context, r store.Reader, organisation string) error {
	if organisation == "" {
		return nil
	}
	_, err := loadOrganisation(ctx, r, organisation)
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidFields("identity.person_invalid", []fault.Field{{
			Path: "organisation", Code: "unknown", Message: "Choose an organisation from the list.",
		}})
	}
	return err
}

// keepAdmin refuses to leave nobody who can administer.
func keepAdmin(ctx context.Context, r store.Reader, person string, roles []authz.Role, active bool) error {
	if active && slices.Contains(roles, authz.RoleAdmin) {
		return nil
	}
	others, err := otherAdmins(ctx, r, person)
	if err == nil && others == 0 {
		return fault.New(fault.Conflict, "identity.last_admin", "This is the last active administrator. Make somebody else one first.")
	}
	return err
}

func roleStrings(roles []authz.Role) []string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return names
}

func selfFault() error {
	return fault.New(fault.Forbidden, "identity.self", "Nobody does this to their own account. Ask another administrator.")
}

func stale() error {
	return fault.New(fault.Stale, "identity.stale", "Somebody changed this in the meantime. Reload it, compare, and make your change again.")
}
