// SPDX-License-Identifier: Apache-2.0

// Package catalogtest gives tests a catalogue on a real database.
package catalogtest

import (
	"context"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Organisation is the id of the one organisation that [Directory] knows.
const Organisation = "steward"

// Migrations are those that the catalogue needs.
func Migrations() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), authz.Migrations(), catalog.Migrations()}
}

// Fixture is a catalogue with the default kinds, and what it is made of.
type Fixture struct {
	Service *catalog.Service
	DB      *store.DB
	Log     *ledger.Log
	Policy  *authz.Policy
}

// New returns a catalogue on db, whose actions are known beside more.
func New(t testing.TB, db *store.DB, describers map[string]catalog.Describer, more ...authz.ActionDef) Fixture {
	t.Helper()
	kinds, err := catalog.DefaultKinds()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.NewPolicy(append(catalog.Actions(), more...), []authz.PolicyText{catalog.Policies()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := ledgertest.Open(t, db)
	service := catalog.New(catalog.Deps{
		DB: db, Writer: log.Writer("catalog", catalog.EntryKinds()), Policy: policy,
		Kinds: config.Fixed(kinds), Directory: Directory{}, Reclassify: log.Reclassify, Describers: describers,
	})
	return Fixture{Service: service, DB: db, Log: log, Policy: policy}
}

// As returns a context in which a person with that id and these roles acts.
func As(ctx context.Context, person string, roles ...authz.Role) context.Context {
	return authz.WithActor(ctx, authz.Actor{ID: person, Login: person, Name: person, Kind: authz.KindPerson, Roles: roles})
}

// Realms registers the realms production and cloud, which flows refer to.
func (f Fixture) Realms(ctx context.Context, t testing.TB) {
	t.Helper()
	for name, trust := range map[string]string{"production": "production", "cloud": "community"} {
		f.Register(ctx, t, catalog.Registration{Kind: "realm", Name: name, Title: name, Attributes: map[string]string{"trust": trust}})
	}
}

// Flow registers the flow of case A, from production to cloud.
func (f Fixture) Flow(ctx context.Context, t testing.TB) catalog.Subject {
	t.Helper()
	return f.Register(ctx, t, catalog.Registration{
		Kind: "flow", Name: "property-suggester-ab-test", Title: "Property suggester A/B test",
		Attributes: map[string]string{"from": "production", "to": "cloud", "access": "read"},
	})
}

// Register registers a subject of [Organisation] and fails the test if it cannot.
func (f Fixture) Register(ctx context.Context, t testing.TB, in catalog.Registration) catalog.Subject {
	t.Helper()
	if in.Organisation == "" {
		in.Organisation = Organisation
	}
	sub, err := f.Service.Register(ctx, in)
	if err != nil {
		t.Fatalf("register %s:%s: %v", in.Kind, in.Name, err)
	}
	return sub
}

// Directory knows [Organisation], and every person and group but "nobody". Ids
// begin with "fictional-"; the handle is what follows.
type Directory struct{}

// Person takes an id or, without the prefix, a login.
func (Directory) Person(_ context.Context, _ store.Reader, name string) (catalog.Named, error) {
	return named(name)
}

// Group takes an id or, without the prefix, a name.
func (Directory) Group(_ context.Context, _ store.Reader, name string) (catalog.Named, error) {
	return named(name)
}

func named(name string) (catalog.Named, error) {
	handle := strings.TrimPrefix(name, "fictional-")
	if handle == "nobody" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: "fictional-" + handle, Handle: handle, Name: "Fictional " + handle}, nil
}

// Organisation knows one.
func (Directory) Organisation(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != Organisation {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: "The steward"}, nil
}

// Organisations lists one.
func (Directory) Organisations(context.Context, store.Reader) ([]catalog.Named, error) {
	return []catalog.Named{{ID: Organisation, Name: "The steward"}}, nil
}
