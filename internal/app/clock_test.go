// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// A clock that is set back revives nothing: what had expired when somebody last
// decided stays expired, and no decision is dated before another.
func TestClockSetBack(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	asker := in.as("reviewer")
	allowed := func(at time.Time) bool {
		t.Helper()
		in.clock.Set(at)
		v, err := in.gate.Ask(asker, "flow:property-suggester-ab-test", "call")
		if err != nil {
			t.Fatal(err)
		}
		return v.Allowed()
	}
	day := func(n int) time.Time { return loadedAt().AddDate(0, 0, n) }
	if !allowed(day(1)) || allowed(day(31)) || !allowed(day(1)) {
		t.Fatal("without a decision in between, the clock alone counts")
	}
	register := func(name string) {
		t.Helper()
		var organisation string
		err := in.db.Read(context.Background(), func(r *store.ReadTx) error {
			all, err := in.identity.AllOrganisations(context.Background(), r)
			organisation = all[0].ID
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.catalog.Register(asker, catalog.Registration{Kind: "project", Name: name, Title: name, Organisation: organisation}); err != nil {
			t.Fatal(err)
		}
	}
	in.clock.Set(day(31))
	register("on-day-31")
	if allowed(day(1)) {
		t.Error("a clock that was set back revived what had expired")
	}
	register("on-day-1-again")
	err := in.db.Read(context.Background(), func(r *store.ReadTx) error {
		head, err := ledger.HeadTime(context.Background(), r)
		if head.Before(day(31)) {
			t.Errorf("the ledger went back to %s", head)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	in.shut()
	in = openInstallation(t, in.dir, day(1)) // a restart changes nothing about it
	asker = in.as("reviewer")
	if allowed(day(1)) {
		t.Error("a restart revived what had expired")
	}
}
