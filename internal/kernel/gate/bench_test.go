// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"context"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// BenchmarkAsk measures one question on a real SQLite file with three decisions
// that read one row each. The goal of the whole server is 500 a second on two
// cores, beside a writer and over HTTPS.
func BenchmarkAsk(b *testing.B) {
	f := newFixture(b, storetest.SQLite(b, catalogtest.Migrations()))
	read := func(ctx context.Context, r store.Reader, q gate.Question, _ gate.Requirement) (gate.Answer, error) {
		var at time.Time
		err := r.QueryRow(ctx, "SELECT changed_at FROM catalog_subject WHERE id = $1", q.Subject.ID).Scan(store.Time(&at))
		return gate.Answer{ValidUntil: q.At.Add(time.Hour)}, err
	}
	f.answer(b, answers{read, read, read})
	ctx := as(b, authz.RoleReviewer)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if v, err := f.gate.Ask(ctx, flowRef, "call"); err != nil || !v.Allowed() {
				b.Fatal(v, err)
			}
		}
	})
}
