// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// desk is a whole security office on a real database.
type desk struct {
	t        testing.TB
	db       *store.DB
	people   directory
	log      *ledger.Log
	authz    *authz.Policy
	reviews  *review.Service
	risks    *risk.Service
	catalog  *catalog.Service
	comments *content.Service
	office   *office.Service
	notices  *notify.Service
	search   *search.Service
}

func tables() []store.Migrations {
	return []store.Migrations{
		ledger.Migrations(), authz.Migrations(), catalog.Migrations(), content.Migrations(), search.Migrations(), job.Migrations(),
		notify.Migrations(), risk.Migrations(), review.Migrations(),
	}
}

func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) { fn(t, newDesk(t, db)) })
}

func newDesk(t testing.TB, db *store.DB) *desk {
	t.Helper()
	return newDeskOf(t, db, cast)
}

func newDeskOf(t testing.TB, db *store.DB, people directory) *desk {
	t.Helper()
	d := &desk{t: t, db: db, people: people, log: ledgertest.Open(t, db)}
	var err error
	d.authz, err = authz.NewPolicy(
		slices.Concat(
			catalog.Actions(), content.Actions(), search.Actions(), risk.Actions(), review.Actions(), office.Actions(), ledger.Actions(),
			gate.Actions(), notify.Actions(),
		),
		[]authz.PolicyText{
			catalog.Policies(), {Name: "risk/policy.cedar", Text: risk.Slice().Cedar}, {Name: "review/policy.cedar", Text: review.Slice().Cedar},
		}, nil)
	d.must(err)
	d.openKernel()
	d.openSlices()
	d.appoint()
	return d
}

// resources say who may see what, as app composes them.
func (d *desk) resources() map[string]content.ResourceOf {
	return map[string]content.ResourceOf{
		review.ItemType: func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
			return d.reviews.Resource(ctx, r, id)
		},
		risk.ItemType: func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
			return d.risks.Resource(ctx, r, id)
		},
		catalog.ItemType: func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
			return d.catalog.Resource(ctx, r, id)
		},
	}
}

func (d *desk) openKernel() {
	d.t.Helper()
	kinds, err := catalog.DefaultKinds()
	d.must(err)
	d.catalog = catalog.New(catalog.Deps{
		DB: d.db, Writer: d.log.Writer("catalog", catalog.EntryKinds()), Policy: d.authz, Kinds: config.Fixed(kinds), Directory: d.people,
		Reclassify: d.reclassify, Resources: map[string]catalog.ResourceOf{
			review.ItemType: catalog.ResourceOf(d.resources()[review.ItemType]), risk.ItemType: catalog.ResourceOf(d.resources()[risk.ItemType]),
		},
		Follow: func(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
			return d.reviews.FollowSubject(ctx, tx, subject)
		},
		Describers: map[string]catalog.Describer{
			review.ItemType: func(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
				return d.reviews.Describe(ctx, r, a, items)
			},
		},
	})
	settings, err := content.DefaultSettings()
	d.must(err)
	d.comments = content.New(content.Deps{
		DB: d.db, Writer: d.log.Writer("content", content.EntryKinds()), Policy: d.authz, Settings: config.Fixed(settings), Resources: d.resources(),
	})
	d.office = office.New(office.Deps{DB: d.db, Writer: d.log.Writer("authz", office.Kinds()), Policy: d.authz,
		Organisation: func(ctx context.Context, r store.Reader, id string) error {
			_, err := d.people.Organisation(ctx, r, id)
			return err
		}})
	d.search = search.New(d.db, d.authz)
	d.notices, err = notify.New(notify.Config{
		DB: d.db, Writer: d.log.Writer("notify", notify.EntryKinds()), Policy: d.authz, Queue: job.NewQueue(), BaseURL: "https://office.test",
		Directory: func(context.Context, store.Reader, string) (notify.Recipient, error) {
			return notify.Recipient{}, fault.ItemNotFound()
		},
		Text: func(key string, _ ...any) string { return key },
	})
	d.must(err)
}

func (d *desk) openSlices() {
	d.t.Helper()
	rules, err := risk.DefaultPolicy()
	d.must(err)
	d.risks = risk.New(risk.Deps{
		DB: d.db, Log: d.log, Writer: d.log.Writer("risk", risk.EntryKinds()), Authz: d.authz, Policy: config.Fixed(rules),
		Subjects: d.catalog, Links: d.catalog, Directory: d.people, Zone: time.UTC, Reclassify: d.reclassify, Index: d.index,
	})
	policy, err := review.DefaultPolicy()
	d.must(err)
	d.reviews = review.New(module.Kernel{
		DB: d.db, Log: d.log, Writer: d.log.Writer("review", review.EntryKinds()), Authz: d.authz, Catalog: d.catalog, Directory: d.people,
		Zone: time.UTC, Reclassify: d.reclassify, Index: d.index, Comments: func() *content.Service { return d.comments },
		Notices: d.notices, RegisterRisk: d.register,
	}, config.Fixed(policy))
}

// register puts a finding into the register, as that slice offers it.
func (d *desk) register(ctx context.Context, tx *ledger.Tx, in module.RiskInput) (string, error) {
	r, err := d.risks.RegisterIn(ctx, tx, risk.RegisterInput{
		Subject: in.Subject, Act: in.Act, Title: in.Title, Threat: in.Threat, Scope: in.Scope, Owner: in.Owner,
		Visibility: in.Visibility, Participants: in.Participants,
		Inputs: matrix.Stated{
			Data: matrix.Data(in.Facts.Data), Direction: matrix.Direction(in.Facts.Direction),
			Access: matrix.Access(in.Facts.Access), Volume: matrix.Volume(in.Facts.Volume),
		},
	})
	return r.Item(), err
}

// index and reclassify are as app composes them.
func (d *desk) index(ctx context.Context, tx *ledger.Tx, doc search.Document) error {
	if err := search.Index(ctx, tx.Tx, doc); err != nil || doc.Part != "" {
		return err
	}
	return d.hangOn(ctx, tx, doc.Item, doc.Visibility)
}

func (d *desk) reclassify(ctx context.Context, tx *ledger.Tx, item, visibility string) error {
	if err := d.log.Reclassify(ctx, tx, item, visibility); err != nil {
		return err
	}
	return d.hangOn(ctx, tx, item, authz.Visibility(visibility))
}

func (d *desk) hangOn(ctx context.Context, tx *ledger.Tx, item string, v authz.Visibility) error {
	if err := content.SetVisibility(ctx, tx.Tx, item, v); err != nil {
		return err
	}
	return search.SetVisibility(ctx, tx.Tx, item, v)
}

// appoint fills the posts.
func (d *desk) appoint() {
	d.t.Helper()
	d.quietly(func(tx *store.Tx) error {
		for _, person := range slices.Sorted(maps.Keys(d.people)) {
			if err := authz.SetActive(d.t.Context(), tx, person, true); err != nil {
				return err
			}
		}
		return nil
	})
	d.must(d.office.SetRanks(d.t.Context(), []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "director", Title: "Director"}, {Name: "executive", Title: "Executive"}}))
	for rank, holder := range map[string]string{"executive": "executive", "director": "director"} {
		_, err := d.office.CreatePost(d.as("admin"), office.PostInput{Organisation: "foundation", Rank: rank, Title: "Chief " + rank, Holder: holder})
		d.must(err)
	}
}

// quietly arranges data without an entry.
func (d *desk) quietly(fn func(tx *store.Tx) error) {
	d.t.Helper()
	d.must(d.log.Writer("authz", nil).Quiet(d.t.Context(), "the test arranges its data", fn))
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v %+v", err, fault.From(err).Fields)
	}
}

func actor(person string) authz.Actor {
	return authz.Actor{ID: person, Login: person, Name: "The " + person, Kind: authz.KindPerson, Roles: cast[person]}
}

// as is a context in which that person acts; nobody for who is not of the cast.
func (d *desk) as(person string) context.Context {
	if _, ok := cast[person]; !ok {
		return d.t.Context()
	}
	return authz.WithActor(d.t.Context(), actor(person))
}

func (d *desk) now() time.Time          { return d.db.Clock().Domain() }
func (d *desk) at(offset time.Duration) { d.db.Clock().Set(storetest.Start().Add(offset)) }

const oneDay = 24 * time.Hour

// project registers a subject.
func (d *desk) project(name string, change ...func(*catalog.Registration)) catalog.Subject {
	d.t.Helper()
	in := catalog.Registration{Kind: "project", Name: name, Title: "Project " + name, Organisation: "foundation", Owner: "owner"}
	for _, c := range change {
		c(&in)
	}
	s, err := d.catalog.Register(d.as("triager"), in)
	d.must(err)
	return s
}

func scenario() kind.Scenario {
	return kind.Scenario{
		Title: "A patch is built", Who: "Whoever has an account and submits a patch",
		Steps: "The patch is sent in.\nA worker builds it.", Trust: "Code of a stranger runs on a worker, which reaches nothing else.",
	}
}

// requested is a concept review that the requester asked for, with a scenario.
func (d *desk) requested(change ...func(*review.RequestInput)) review.Review {
	d.t.Helper()
	in := review.RequestInput{Kind: "concept", Title: "New CI", Sketch: "We replace the present CI.", Owner: "owner", Scenarios: []kind.Scenario{scenario()}}
	for _, c := range change {
		c(&in)
	}
	r, err := d.reviews.Request(d.as("requester"), in)
	d.must(err)
	return r
}

func of(kind, subject string) func(*review.RequestInput) {
	return func(in *review.RequestInput) { in.Kind, in.Subject = kind, subject }
}

func restrictedTo(principals ...string) func(*review.RequestInput) {
	return func(in *review.RequestInput) { in.Visibility, in.Participants = authz.Restricted, principals }
}

// joined gives a part to people, who declare that they have no conflict.
func (d *desk) joined(r review.Review, part review.Part, people ...string) review.Review {
	d.t.Helper()
	for _, person := range people {
		var err error
		r, err = d.reviews.Assign(d.as("triager"), r.ID, r.Version, review.AssignInput{Person: person, Part: part})
		d.must(err)
		r, err = d.reviews.Declare(d.as(person), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
		d.must(err)
	}
	return r
}

// begun is a review on which the reviewer works as its lead.
func (d *desk) begun(r review.Review) review.Review {
	d.t.Helper()
	r = d.joined(r, review.Leads, "reviewer")
	return d.moved(r, review.MoveInput{To: review.InProgress})
}

func (d *desk) moved(r review.Review, in review.MoveInput) review.Review {
	d.t.Helper()
	r, err := d.reviews.Move(d.as("triager"), r.ID, r.Version, in)
	d.must(err)
	return r
}

// get is the review as the person sees it now.
func (d *desk) get(person, id string) review.Detail {
	d.t.Helper()
	detail, err := d.reviews.Get(d.as(person), id)
	d.must(err)
	return detail
}

// version is the present version of a review.
func (d *desk) version(id string) int64 {
	d.t.Helper()
	var n int64
	d.must(d.db.Read(d.t.Context(), func(r *store.ReadTx) error {
		return r.QueryRow(d.t.Context(), "SELECT version FROM review_item WHERE id = $1", id).Scan(&n)
	}))
	return n
}

// ask asks a question as the reviewer.
func (d *desk) ask(id, owner, text string) review.Question {
	d.t.Helper()
	q, err := d.reviews.Ask(d.as("reviewer"), id, d.version(id), review.AskInput{Text: text, Owner: owner})
	d.must(err)
	return q
}

// stated records a statement as the reviewer.
func (d *desk) stated(id, text string, change ...func(*review.StatementInput)) review.Statement {
	d.t.Helper()
	in := review.StatementInput{Kind: review.Said, Text: text, Source: review.Source{Kind: "document", Title: "The architecture", Version: "3", Place: "L134"}}
	for _, c := range change {
		c(&in)
	}
	s, err := d.reviews.State(d.as("reviewer"), id, d.version(id), in)
	d.must(err)
	return s
}

// found records a finding as the reviewer.
func (d *desk) found(id string, in review.FindInput) review.Finding {
	d.t.Helper()
	n, err := d.reviews.Find(d.as("reviewer"), id, d.version(id), in)
	d.must(err)
	return n
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if err == nil || !fault.HasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// wantField checks that the input is refused for that field and reason.
func wantField(t testing.TB, err error, path, code string) {
	t.Helper()
	if err != nil && slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return f.Path == path && f.Code == code }) {
		return
	}
	t.Errorf("got %+v, want %s at %s", err, code, path)
}
