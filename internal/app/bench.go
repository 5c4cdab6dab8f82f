// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// This file and those named bench_fill are what test/bench needs to measure a real
// installation. No command reaches them: the product cannot be told to make up
// decisions.

// BenchPlan says what [BenchFill] writes.
type BenchPlan struct {
	Risks    int
	Entries  int // at least so many ledger entries, of the risks
	Reviews  int
	Messages int // in the discussions of the reviews, all together
	Seed     uint64
	Progress func(done, of int) // called now and then; may be nil
}

// BenchFilled says what [BenchFill] has written.
type BenchFilled struct {
	Risks    int
	Reviews  int
	Messages int
	Long     string   // id of the review with BenchLong messages
	Subjects []string // references, such as flow:made-up-7
	Entries  int64    // of the ledger, with setting up and padding
}

// BenchFill fills the empty database of a configuration file with made-up
// subjects, risks, acceptances in every standing, reviews with their discussions,
// and the ledger entries of all of them, which verify. Two years pass: the clock that the entries are written by goes from
// then until now. The same seed gives the same data, but for secrets and salts
// of the people. It is for measurements.
func BenchFill(ctx context.Context, configFile string, plan BenchPlan) (filled BenchFilled, err error) {
	cfg, err := ReadConfig(configFile)
	if err != nil {
		return BenchFilled{}, err
	}
	cfg.hash = identity.HashConfig{MemoryKiB: 8 << 10, Passes: 1, Lanes: 1} // nobody signs in by password here
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], plan.Seed)
	cfg.random = rand.NewChaCha8(seed)
	end := store.NewClock().Real().Add(-time.Minute)
	clock := store.FixedClock(end.Add(-benchSpan - 24*time.Hour))
	o, err := openOffice(ctx, cfg, options{clock: clock, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return BenchFilled{}, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	empty, err := o.identity.Empty(ctx)
	if err != nil {
		return BenchFilled{}, err
	}
	if !empty {
		return BenchFilled{}, fault.New(fault.Conflict, "bench.not_empty", "The database is not empty. Only an empty one is filled.")
	}
	f := &benchFiller{
		loader: &loader{office: o, state: &demoState{}, people: map[string]string{}, organisations: map[string]string{}},
		plan:   plan, end: end, clock: clock, dice: rand.New(rand.NewPCG(plan.Seed, plan.Seed)),
	}
	if err := f.fill(ctx); err != nil {
		return BenchFilled{}, err
	}
	filled = BenchFilled{Risks: plan.Risks, Reviews: plan.Reviews, Messages: f.messages, Long: f.long}
	for _, s := range f.subjects {
		filled.Subjects = append(filled.Subjects, s.Ref)
	}
	return filled, o.db.Read(ctx, func(r *store.ReadTx) error {
		head, err := o.ledger.Head(ctx, r)
		filled.Entries = head.Size
		return err
	})
}

// BenchAccess is what a measurement reaches the server with.
type BenchAccess struct {
	Token  string // API token of a reviewer
	Cookie string // session cookie of the same person, name=value
}

// BenchEnter makes an API token and a session in a database that [BenchFill] has
// filled. The server must not be running.
func BenchEnter(ctx context.Context, configFile string) (access BenchAccess, err error) {
	_, o, err := openQuietly(ctx, configFile)
	if err != nil {
		return BenchAccess{}, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	var reviewer identity.Person
	if err := o.db.Read(ctx, func(r *store.ReadTx) (err error) {
		reviewer, err = o.identity.PersonByLogin(ctx, r, "reviewer")
		return err
	}); err != nil {
		return BenchAccess{}, fmt.Errorf("find the reviewer: %w", err)
	}
	now := o.db.Clock().Real()
	own := authz.WithActor(ctx, authz.Actor{ID: reviewer.ID, Login: reviewer.Login, Kind: reviewer.Kind, Roles: reviewer.Roles})
	_, token, err := o.identity.CreateToken(own, identity.TokenInput{Name: "bench", Everything: true, Until: now.Add(24 * time.Hour)})
	if err != nil {
		return BenchAccess{}, fmt.Errorf("make an API token: %w", err)
	}
	session, err := o.identity.Open(ctx, identity.Proof{Person: reviewer.ID, Methods: []string{"bench"}, At: now})
	if err != nil {
		return BenchAccess{}, fmt.Errorf("open a session: %w", err)
	}
	return BenchAccess{Token: token, Cookie: web.SessionCookie + "=" + session.Cookie}, nil
}
