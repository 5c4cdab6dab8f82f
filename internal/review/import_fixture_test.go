// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
)

// The people of the tests of imports. A person's id is their login.
var importers = map[string][]authz.Role{
	"tina": {authz.RoleTriager}, "rosa": {authz.RoleReviewer}, "otto": {authz.RoleOwner}, "quinn": {authz.RoleRequester},
}

// importPeople knows them, a group "team" of tina and rosa, and one mail address.
type importPeople struct{ module.Directory }

func (importPeople) Person(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if _, known := importers[id]; !known {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Handle: id, Name: "The " + id}, nil
}

func (importPeople) Group(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "team" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: id}, nil
}

func (importPeople) Organisation(context.Context, store.Reader, string) (catalog.Named, error) {
	return catalog.Named{}, fault.ItemNotFound()
}

func (importPeople) ActorOf(_ context.Context, _ store.Reader, id string) (authz.Actor, error) {
	return importActor(id), nil
}

func (importPeople) Members(context.Context, store.Reader, string) ([]string, error) {
	return []string{"tina", "rosa"}, nil
}

func (of importPeople) People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error) {
	found := map[string]catalog.Named{}
	for _, id := range ids {
		if p, err := of.Person(ctx, r, id); err == nil {
			found[id] = p
		}
	}
	return found, nil
}

func (importPeople) Names(_ context.Context, _ store.Reader, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		names[id] = "The " + id
	}
	return names, nil
}

func importActor(id string) authz.Actor {
	a := authz.Actor{ID: id, Login: id, Kind: authz.KindPerson, Roles: importers[id]}
	if id == "rosa" {
		a.Groups = []string{"team"}
	}
	return a
}

// importDesk is as much of an office as an import needs, on a real database.
type importDesk struct {
	*review.Service
	t       *testing.T
	db      *store.DB
	onIndex func() // called before something is indexed
}

// resourceIn is who may see a review, by its id.
func resourceIn(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
	res := authz.Resource{Item: review.ItemType + ":" + id}
	var visibility string
	if err := r.QueryRow(ctx, "SELECT visibility FROM review_item WHERE id = $1", id).Scan(&visibility); err != nil {
		return res, err
	}
	res.Visibility = authz.Visibility(visibility)
	var err error
	res.Participants, err = authz.Participants(ctx, r, res.Item)
	return res, err
}

func eachImportDesk(t *testing.T, fn func(t *testing.T, d *importDesk)) {
	t.Helper()
	tables := []store.Migrations{ledger.Migrations(), authz.Migrations(), catalog.Migrations(), search.Migrations(), content.Migrations(), review.Migrations()}
	storetest.Each(t, tables, func(t *testing.T, db *store.DB) { fn(t, newImportDesk(t, db)) })
}

func newImportDesk(t *testing.T, db *store.DB) *importDesk {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	policy, err := review.DefaultPolicy()
	must(err)
	kinds, err := catalog.DefaultKinds()
	must(err)
	actions := slices.Concat(catalog.Actions(), search.Actions(), content.Actions(), review.Actions())
	rules, err := authz.NewPolicy(actions, []authz.PolicyText{catalog.Policies(), {Name: "review/policy.cedar", Text: review.Slice().Cedar}}, nil)
	must(err)
	log := ledgertest.Open(t, db)
	subjects := catalog.New(catalog.Deps{
		DB: db, Writer: log.Writer("catalog", catalog.EntryKinds()), Policy: rules, Kinds: config.Fixed(kinds), Directory: importPeople{}, Reclassify: log.Reclassify,
	})
	d := &importDesk{t: t, db: db}
	k := module.Kernel{
		DB: db, Log: log, Writer: log.Writer("review", review.EntryKinds()), Authz: rules, Catalog: subjects, Directory: importPeople{}, Zone: time.UTC,
		Reclassify: func(ctx context.Context, tx *ledger.Tx, item, visibility string) error {
			if err := search.SetVisibility(ctx, tx.Tx, item, authz.Visibility(visibility)); err != nil {
				return err
			}
			return log.Reclassify(ctx, tx, item, visibility)
		},
		Index: func(ctx context.Context, tx *ledger.Tx, doc search.Document) error {
			if d.onIndex != nil {
				d.onIndex()
			}
			return search.Index(ctx, tx.Tx, doc)
		},
		PersonByMail: func(_ context.Context, _ store.Reader, address string) (catalog.Named, error) {
			if address != "quinn@example.org" {
				return catalog.Named{}, fault.ItemNotFound()
			}
			return catalog.Named{ID: "quinn"}, nil
		},
	}
	comments := content.New(content.Deps{
		DB: db, Writer: log.Writer("content", content.EntryKinds()), Policy: rules, Settings: config.Fixed(&content.Settings{}),
		Resources: map[string]content.ResourceOf{review.ItemType: resourceIn},
	})
	k.Comments = func() *content.Service { return comments }
	d.Service = review.New(k, config.Fixed(policy))
	return d
}

// as returns a context in which the person acts.
func (d *importDesk) as(id string) context.Context {
	return authz.WithActor(d.t.Context(), importActor(id))
}

// take imports as somebody.
func (d *importDesk) take(who string, o review.ImportOptions, tasks ...foreign.Task) []review.Imported {
	d.t.Helper()
	all, err := d.Import(d.as(who), tasks, o)
	if err != nil {
		d.t.Fatalf("import as %s: %v", who, err)
	}
	return all
}

// size is how many entries the ledger has.
func (d *importDesk) size() int64 {
	d.t.Helper()
	return d.count("SELECT size FROM ledger_head")
}

func (d *importDesk) count(query string, args ...any) (n int64) {
	d.t.Helper()
	err := d.db.Read(d.t.Context(), func(r *store.ReadTx) error { return r.QueryRow(d.t.Context(), query, args...).Scan(&n) })
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// found are the items and parts that a search of somebody finds.
func (d *importDesk) found(who, words string) (all []string) {
	d.t.Helper()
	err := d.db.Read(d.t.Context(), func(r *store.ReadTx) error {
		page, err := search.Find(d.t.Context(), r, importActor(who), words, nil, "", 50)
		for _, h := range page.Hits {
			all = append(all, h.Item+" "+h.Part)
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// read returns a review with its past as somebody sees it.
func (d *importDesk) read(who, id string) (r review.Review, past []review.Past) {
	d.t.Helper()
	detail, err := d.Get(d.as(who), id)
	if err != nil {
		d.t.Fatalf("read %s as %s: %v", id, who, err)
	}
	return detail.Review, detail.Past
}
