// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
)

// directory gives the parts the names of people, groups and organisations.
// Handles are for whoever may read it; in a sign-in name stands half of what a
// sign-in takes.
type directory struct {
	people *identity.Service
	policy *authz.Policy
}

// named leaves the handle out unless the reader may read the directory.
func (d directory) named(ctx context.Context, id, handle, name string) catalog.Named {
	if !d.policy.Allowed(authz.ActorFrom(ctx), identity.ActionDirectoryRead) {
		handle = ""
	}
	return catalog.Named{ID: id, Handle: handle, Name: name}
}

// Person finds a person by id or, failing that, by login.
func (d directory) Person(ctx context.Context, r store.Reader, idOrLogin string) (catalog.Named, error) {
	p, err := d.people.PersonByID(ctx, r, idOrLogin)
	if fault.Is(err, fault.NotFound) {
		p, err = d.people.PersonByLogin(ctx, r, idOrLogin)
	}
	return d.named(ctx, p.ID, p.Login, p.Name), err
}

// PersonByMail finds the one active person with a mail address. An address that
// several have is nobody's.
func (d directory) PersonByMail(ctx context.Context, r store.Reader, address string) (catalog.Named, error) {
	all, err := d.people.PeopleByMail(ctx, r, address)
	if err != nil {
		return catalog.Named{}, err
	}
	all = slices.DeleteFunc(all, func(p identity.Person) bool { return !p.Active || p.Kind != authz.KindPerson })
	if len(all) != 1 {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return d.named(ctx, all[0].ID, all[0].Login, all[0].Name), nil
}

// People returns those of the people who exist, by id.
func (d directory) People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error) {
	all, err := d.people.PeopleByID(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	named := make(map[string]catalog.Named, len(all))
	for id, p := range all {
		named[id] = d.named(ctx, p.ID, p.Login, p.Name)
	}
	return named, nil
}

// Names returns the names of those of the people who exist, by id.
func (d directory) Names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error) {
	return d.people.Names(ctx, r, ids)
}

// ActorOf returns a person with roles and groups.
func (d directory) ActorOf(ctx context.Context, r store.Reader, id string) (authz.Actor, error) {
	return d.people.ActorOf(ctx, r, id)
}

// Holders returns the ids of the active people who have one of the roles.
func (d directory) Holders(ctx context.Context, r store.Reader, roles ...authz.Role) ([]string, error) {
	return d.people.Holders(ctx, r, roles...)
}

// Members returns the ids of the people in a group.
func (d directory) Members(ctx context.Context, r store.Reader, group string) ([]string, error) {
	g, err := d.people.GroupByID(ctx, r, group)
	return g.Members, err
}

// Group finds a group by id or, failing that, by name.
func (d directory) Group(ctx context.Context, r store.Reader, idOrName string) (catalog.Named, error) {
	g, err := d.people.GroupByID(ctx, r, idOrName)
	if !fault.Is(err, fault.NotFound) {
		return d.named(ctx, g.ID, g.Name, g.Name), err
	}
	all, err := d.people.AllGroups(ctx, r)
	if err != nil {
		return catalog.Named{}, err
	}
	i := slices.IndexFunc(all, func(g identity.Group) bool { return g.Name == idOrName })
	if i < 0 {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return d.named(ctx, all[i].ID, all[i].Name, all[i].Name), nil
}

// Organisation finds an organisation by id or, failing that, by name.
func (d directory) Organisation(ctx context.Context, r store.Reader, idOrName string) (catalog.Named, error) {
	o, err := d.people.OrganisationByID(ctx, r, idOrName)
	if !fault.Is(err, fault.NotFound) {
		return catalog.Named{ID: o.ID, Name: o.Name}, err
	}
	all, err := d.Organisations(ctx, r)
	if err != nil {
		return catalog.Named{}, err
	}
	i := slices.IndexFunc(all, func(o catalog.Named) bool { return o.Name == idOrName })
	if i < 0 {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return all[i], nil
}

// Organisations returns all organisations by name.
func (d directory) Organisations(ctx context.Context, r store.Reader) ([]catalog.Named, error) {
	all, err := d.people.AllOrganisations(ctx, r)
	named := make([]catalog.Named, len(all))
	for i, o := range all {
		named[i] = catalog.Named{ID: o.ID, Name: o.Name}
	}
	return named, err
}

// recipient finds where the notices of a person go, and what they may say.
func (d directory) recipient(ctx context.Context, r store.Reader, person string) (notify.Recipient, error) {
	p, err := d.people.PersonByID(ctx, r, person)
	if err != nil {
		return notify.Recipient{}, err
	}
	if !p.Active {
		return notify.Recipient{}, fault.ItemNotFound()
	}
	actor, err := d.people.ActorOf(ctx, r, person)
	return notify.Recipient{Actor: actor, Name: p.Name, Address: p.Mail}, err
}
