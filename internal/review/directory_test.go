// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"maps"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The people of the tests, by what they are. A person's id is their part.
var cast = directory{
	"admin": {authz.RoleAdmin}, "requester": {authz.RoleRequester}, "owner": {authz.RoleOwner},
	"triager": {authz.RoleTriager}, "triager2": {authz.RoleTriager},
	"lead": {authz.RoleReviewer}, "reviewer": {authz.RoleReviewer}, "reviewer2": {authz.RoleReviewer}, "reviewer3": {authz.RoleReviewer},
	"infra": {authz.RoleOwner}, "legal": {authz.RoleRequester}, "bystander": {authz.RoleRequester},
	"executive": {authz.RoleExecutive}, "director": {authz.RoleExecutive},
	"outsider": {authz.RoleOutsider}, "auditor": {authz.RoleAuditor},
}

// crew are those of the cast of whom a plan is made.
func crew() directory {
	few := maps.Clone(cast)
	maps.DeleteFunc(few, func(id string, _ []authz.Role) bool { return id == "reviewer2" || id == "reviewer3" })
	return few
}

// directory knows people, by what they are, and one organisation.
type directory map[string][]authz.Role

func (of directory) Person(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if _, ok := of[id]; !ok {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: "The " + id}, nil
}

func (of directory) ActorOf(_ context.Context, _ store.Reader, id string) (authz.Actor, error) {
	return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: of[id]}, nil
}

func (of directory) People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error) {
	found := map[string]catalog.Named{}
	for _, id := range ids {
		if p, err := of.Person(ctx, r, id); err == nil {
			found[id] = p
		}
	}
	return found, nil
}

func (of directory) Names(_ context.Context, _ store.Reader, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		if _, ok := of[id]; ok {
			names[id] = "The " + id
		}
	}
	return names, nil
}

func (directory) Group(context.Context, store.Reader, string) (catalog.Named, error) {
	return catalog.Named{}, fault.ItemNotFound()
}

func (directory) Members(context.Context, store.Reader, string) ([]string, error) { return nil, nil }

// Holders returns who has one of the roles.
func (of directory) Holders(_ context.Context, _ store.Reader, roles ...authz.Role) ([]string, error) {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if slices.ContainsFunc(of[id], func(r authz.Role) bool { return slices.Contains(roles, r) }) {
			all = append(all, id)
		}
	}
	return all, nil
}

func (directory) Organisation(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "foundation" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: id}, nil
}

func (directory) Organisations(context.Context, store.Reader) ([]catalog.Named, error) {
	return []catalog.Named{{ID: "foundation", Name: "foundation"}}, nil
}
