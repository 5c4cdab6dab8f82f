// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"crypto/rand"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/review"
)

// bureau is a desk of few people with a gate, where the lead takes the reviews.
type bureau struct {
	*desk
	*review.Service
	gate *gate.Service
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
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) { fn(t, newBureau(t, db)) })
}

func newBureau(t testing.TB, db *store.DB) *bureau {
	t.Helper()
	d := newDeskOf(t, db, crew())
	b := &bureau{desk: d, Service: d.reviews}
	b.openGate()
	return b
}

func (b *bureau) openGate() {
	b.t.Helper()
	kinds, err := catalog.DefaultKinds()
	b.must(err)
	rows, err := gate.Loader(kinds, b.Decisions())("gate.yaml", []byte(gateText))
	b.must(err)
	text, err := format.GenerateKey(rand.Reader, "gate.test")
	b.must(err)
	signer, err := format.ParseSigner(text)
	b.must(err)
	b.gate = gate.New(gate.Deps{
		DB: b.db, Authz: b.authz, Catalog: b.catalog, Policy: config.Fixed(rows), Providers: b.Decisions(), LedgerTime: ledger.HeadTime, Signer: signer,
	})
}

// read runs fn in a read snapshot.
func (b *bureau) read(fn func(r store.Reader) error) {
	b.t.Helper()
	b.must(b.db.Read(b.t.Context(), func(r *store.ReadTx) error { return fn(r) }))
}

// project registers a subject that nobody owns.
func (b *bureau) project(name string) catalog.Subject {
	b.t.Helper()
	return b.desk.project(name, func(in *catalog.Registration) { in.Owner = "" })
}

// requested is a review of third-party code that the requester asked for.
func (b *bureau) requested(subject string, change ...func(*review.RequestInput)) review.Review {
	b.t.Helper()
	in := review.RequestInput{Kind: "third-party-code", Title: "The library", Subject: subject, Owner: "owner"}
	for _, c := range change {
		c(&in)
	}
	r, err := b.Request(b.as("requester"), in)
	b.must(err)
	return r
}

// started is a review on which the lead works.
func (b *bureau) started(subject string, change ...func(*review.RequestInput)) review.Review {
	b.t.Helper()
	r := b.requested(subject, change...)
	r, err := b.Assign(b.as("lead"), r.ID, r.Version, review.AssignInput{Person: "lead", Part: review.Leads})
	b.must(err)
	r, err = b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
	b.must(err)
	r, err = b.Move(b.as("lead"), r.ID, r.Version, review.MoveInput{To: review.InProgress})
	b.must(err)
	return r
}

func (b *bureau) decided(r review.Review, o review.Outcome, conditions ...review.ConditionInput) review.Review {
	b.t.Helper()
	r, err := b.Decide(b.as("lead"), r.ID, r.Version, review.DecideInput{Outcome: o, Reason: "It was looked at.", Conditions: conditions})
	b.must(err)
	return r
}

func inConfidence(in *review.RequestInput) {
	in.Visibility, in.Participants = authz.Restricted, []string{"person:lead"}
}
