// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"crypto/rand"
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
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
)

const aDay = 24 * time.Hour

// crew are the people of these tests, by what they are. A person's id is their part.
var crew = map[string][]authz.Role{
	"admin": {authz.RoleAdmin}, "requester": {authz.RoleRequester}, "owner": {authz.RoleOwner},
	"triager": {authz.RoleTriager}, "lead": {authz.RoleReviewer}, "reviewer": {authz.RoleReviewer},
	"executive": {authz.RoleExecutive}, "legal": {authz.RoleRequester}, "outsider": {authz.RoleOutsider},
}

// crewDirectory knows the crew and one organisation.
type crewDirectory struct{}

func (crewDirectory) Person(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if _, ok := crew[id]; !ok {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: "The " + id}, nil
}

func (crewDirectory) ActorOf(_ context.Context, _ store.Reader, id string) (authz.Actor, error) {
	return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: crew[id]}, nil
}

func (crewDirectory) Members(context.Context, store.Reader, string) ([]string, error) {
	return nil, nil
}

func (crewDirectory) Names(_ context.Context, _ store.Reader, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		if _, ok := crew[id]; ok {
			names[id] = "The " + id
		}
	}
	return names, nil
}

func (crewDirectory) Holders(_ context.Context, _ store.Reader, roles ...authz.Role) ([]string, error) {
	var all []string
	for _, person := range slices.Sorted(maps.Keys(crew)) {
		if slices.ContainsFunc(crew[person], func(r authz.Role) bool { return slices.Contains(roles, r) }) {
			all = append(all, person)
		}
	}
	return all, nil
}

func (crewDirectory) Group(context.Context, store.Reader, string) (catalog.Named, error) {
	return catalog.Named{}, fault.ItemNotFound()
}

func (crewDirectory) Organisation(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "foundation" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: id}, nil
}

func (crewDirectory) Organisations(context.Context, store.Reader) ([]catalog.Named, error) {
	return []catalog.Named{{ID: "foundation", Name: "foundation"}}, nil
}

// bureau is a security office with reviews and a gate on a real database.
type bureau struct {
	t       testing.TB
	db      *store.DB
	log     *ledger.Log
	authz   *authz.Policy
	catalog *catalog.Service
	office  *office.Service
	notices *notify.Service
	gate    *gate.Service
	*review.Service
}

// gateText asks for what the tests of the gate look at.
const gateText = `
answer_valid: 5m
time_limit: 2s
rows:
  - {kind: project, action: deploy, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: required, with: {kind: third-party-code}, origin: chosen}]}
  - {kind: project, action: lately, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: required, with: {kind: third-party-code, within: 10d}, origin: chosen}]}
  - {kind: project, action: object, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: blocking, with: {kind: third-party-code}, origin: chosen}]}
  - {kind: project, action: preview, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: required, with: {kind: concept}, origin: chosen}]}
  - {kind: project, action: keep, title: Deploy, origin: chosen, requires: [
      {decision: review.condition, mode: blocking, origin: chosen}]}
  - {kind: project, action: nothing, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: required, origin: chosen}]}
  - {kind: project, action: unread, title: Deploy, origin: chosen, requires: [
      {decision: review.required, mode: required, with: {kind: third-party-code, within: a while}, origin: chosen}]}
`

func eachBureau(t *testing.T, fn func(t *testing.T, b *bureau)) {
	t.Helper()
	storetest.Each(t, bureauTables(), func(t *testing.T, db *store.DB) { fn(t, newBureau(t, db)) })
}

func bureauTables() []store.Migrations {
	return []store.Migrations{
		ledger.Migrations(), authz.Migrations(), catalog.Migrations(), content.Migrations(), job.Migrations(), notify.Migrations(), review.Migrations(),
	}
}

func newBureau(t testing.TB, db *store.DB) *bureau {
	t.Helper()
	b := &bureau{t: t, db: db, log: ledgertest.Open(t, db)}
	kinds, err := catalog.DefaultKinds()
	b.ok(err)
	b.authz, err = authz.NewPolicy(
		slices.Concat(catalog.Actions(), content.Actions(), review.Actions(), office.Actions(), gate.Actions(), notify.Actions()),
		[]authz.PolicyText{catalog.Policies(), {Name: "review/policy.cedar", Text: review.Slice().Cedar}}, nil)
	b.ok(err)
	resource := map[string]func(context.Context, store.Reader, string) (authz.Resource, error){
		review.ItemType: func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
			return b.Resource(ctx, r, id)
		},
	}
	b.catalog = catalog.New(catalog.Deps{
		DB: db, Writer: b.log.Writer("catalog", catalog.EntryKinds()), Policy: b.authz,
		Kinds: config.Fixed(kinds), Directory: crewDirectory{}, Reclassify: b.log.Reclassify,
		Follow: func(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
			return b.FollowSubject(ctx, tx, subject)
		},
		Describers: map[string]catalog.Describer{
			review.ItemType: func(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
				return b.Describe(ctx, r, a, items)
			},
		},
		Resources: map[string]catalog.ResourceOf{review.ItemType: resource[review.ItemType]},
	})
	b.office = office.New(office.Deps{DB: db, Writer: b.log.Writer("authz", office.Kinds()), Policy: b.authz,
		Organisation: func(ctx context.Context, r store.Reader, id string) error {
			_, err := crewDirectory{}.Organisation(ctx, r, id)
			return err
		}})
	b.notices, err = notify.New(notify.Config{
		DB: db, Writer: b.log.Writer("notify", notify.EntryKinds()), Policy: b.authz, Queue: job.NewQueue(), BaseURL: "https://office.test",
		Directory: func(context.Context, store.Reader, string) (notify.Recipient, error) {
			return notify.Recipient{}, fault.ItemNotFound()
		},
		Text: func(key string, _ ...any) string { return key },
	})
	b.ok(err)
	settings, err := content.DefaultSettings()
	b.ok(err)
	comments := content.New(content.Deps{
		DB: db, Writer: b.log.Writer("content", content.EntryKinds()), Policy: b.authz, Settings: config.Fixed(settings), Resources: resource,
	})
	policy, err := review.DefaultPolicy()
	b.ok(err)
	b.Service = review.New(module.Kernel{
		DB: db, Log: b.log, Writer: b.log.Writer("review", review.EntryKinds()), Authz: b.authz, Catalog: b.catalog, Directory: crewDirectory{},
		Notices: b.notices, Zone: time.UTC, Reclassify: b.log.Reclassify, Comments: func() *content.Service { return comments },
	}, config.Fixed(policy))
	b.openGate(kinds)
	b.appoint()
	return b
}

func (b *bureau) openGate(kinds *catalog.Kinds) {
	b.t.Helper()
	rows, err := gate.Loader(kinds, b.Decisions())("gate.yaml", []byte(gateText))
	b.ok(err)
	text, err := format.GenerateKey(rand.Reader, "gate.test")
	b.ok(err)
	signer, err := format.ParseSigner(text)
	b.ok(err)
	b.gate = gate.New(gate.Deps{
		DB: b.db, Authz: b.authz, Catalog: b.catalog, Policy: config.Fixed(rows), Providers: b.Decisions(), LedgerTime: ledger.HeadTime, Signer: signer,
	})
}

// appoint makes the executive one.
func (b *bureau) appoint() {
	b.t.Helper()
	b.ok(b.log.Writer("authz", nil).Quiet(b.t.Context(), "the test arranges its data", func(tx *store.Tx) error {
		for _, person := range slices.Sorted(maps.Keys(crew)) {
			if err := authz.SetActive(b.t.Context(), tx, person, true); err != nil {
				return err
			}
		}
		return nil
	}))
	b.ok(b.office.SetRanks(b.t.Context(), []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "executive", Title: "Executive"}}))
	_, err := b.office.CreatePost(b.as("admin"), office.PostInput{Organisation: "foundation", Rank: "executive", Title: "Chief", Holder: "executive"})
	b.ok(err)
}

func (b *bureau) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%v %+v", err, fault.From(err).Fields)
	}
}

// as is a context in which that person acts.
func (b *bureau) as(person string) context.Context {
	return authz.WithActor(b.t.Context(), authz.Actor{ID: person, Login: person, Name: person, Kind: authz.KindPerson, Roles: crew[person]})
}

func (b *bureau) now() time.Time          { return b.db.Clock().Domain() }
func (b *bureau) at(offset time.Duration) { b.db.Clock().Set(storetest.Start().Add(offset)) }

// read runs fn in a read snapshot.
func (b *bureau) read(fn func(r store.Reader) error) {
	b.t.Helper()
	b.ok(b.db.Read(b.t.Context(), func(r *store.ReadTx) error { return fn(r) }))
}

// project registers a subject.
func (b *bureau) project(name string) catalog.Subject {
	b.t.Helper()
	s, err := b.catalog.Register(b.as("triager"), catalog.Registration{Kind: "project", Name: name, Title: "Project " + name, Organisation: "foundation"})
	b.ok(err)
	return s
}

// requested is a review of third-party code that the requester asked for.
func (b *bureau) requested(subject string, change ...func(*review.RequestInput)) review.Review {
	b.t.Helper()
	in := review.RequestInput{Kind: "third-party-code", Title: "The library", Subject: subject, Owner: "owner"}
	for _, c := range change {
		c(&in)
	}
	r, err := b.Request(b.as("requester"), in)
	b.ok(err)
	return r
}

// started is a review on which the lead works.
func (b *bureau) started(subject string, change ...func(*review.RequestInput)) review.Review {
	b.t.Helper()
	r := b.requested(subject, change...)
	r, err := b.Assign(b.as("lead"), r.ID, r.Version, review.AssignInput{Person: "lead", Part: review.Leads})
	b.ok(err)
	r, err = b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
	b.ok(err)
	r, err = b.Move(b.as("lead"), r.ID, r.Version, review.MoveInput{To: review.InProgress})
	b.ok(err)
	return r
}

func (b *bureau) decided(r review.Review, o review.Outcome, conditions ...review.ConditionInput) review.Review {
	b.t.Helper()
	r, err := b.Decide(b.as("lead"), r.ID, r.Version, review.DecideInput{Outcome: o, Reason: "It was looked at.", Conditions: conditions})
	b.ok(err)
	return r
}

func inConfidence(in *review.RequestInput) {
	in.Visibility, in.Participants = authz.Restricted, []string{"person:lead"}
}
