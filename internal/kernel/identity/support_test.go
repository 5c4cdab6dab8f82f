// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identitytest"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

const goodPassword = "violet anchor meets tin lantern"

// bench is the service on a real store, with a clock that the test moves.
type bench struct {
	*identity.Service
	t     *testing.T
	db    *store.DB
	log   *ledger.Log
	write *ledger.Writer
	admin account

	sessions *identitytest.Sessions
}

// account is an enrolled account as its owner knows it.
type account struct {
	id, login, secret string
	session           identity.Session
	recovery          []string
}

// cheap is the least argon2 can be asked to do: the tests are not about its cost.
func cheap() identity.Config {
	return identity.Config{Hash: identity.HashConfig{MemoryKiB: 8, Passes: 1, Lanes: 1}}
}

func tables() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), authz.Migrations(), identity.Migrations(), job.Migrations()}
}

func each(t *testing.T, fn func(t *testing.T, b *bench)) {
	t.Helper()
	eachWith(t, cheap(), fn)
}

func eachWith(t *testing.T, cfg identity.Config, fn func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) { fn(t, newBench(t, db, cfg)) })
}

func newBench(t *testing.T, db *store.DB, cfg identity.Config) *bench {
	t.Helper()
	policy, err := authz.NewPolicy(append(identity.Actions(), office.Actions()...), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := ledgertest.Open(t, db)
	b := &bench{t: t, db: db, log: log, write: log.Writer("identity", identity.Kinds()), sessions: identitytest.New(db.Clock().Real)}
	b.Service, err = identity.New(identity.Deps{
		DB: db, Writer: b.write, Policy: policy, SecretKey: bytes.Repeat([]byte{7}, 32), Config: cfg,
		Log: slog.New(slog.DiscardHandler), Sessions: b.sessions, Past: identitytest.New(db.Clock().Real),
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := b.CreateAdmin(t.Context(), "admin", "Ada Ministrator", false)
	if err != nil {
		t.Fatal(err)
	}
	b.admin = b.enrol("admin", inv)
	return b
}

// enrol accepts an invitation, with the code of the step before, so that the
// present one is left.
func (b *bench) enrol(login string, inv identity.Invitation) account {
	b.t.Helper()
	e, err := b.Enrolment(b.t.Context(), inv.Token)
	if err != nil {
		b.t.Fatal(err)
	}
	done, err := b.Accept(b.t.Context(), inv.Token, goodPassword, b.code(e.Secret, -30*time.Second), "192.0.2.1")
	if err != nil {
		b.t.Fatal(err)
	}
	return account{id: inv.Person, login: login, secret: e.Secret, session: done.Session, recovery: done.RecoveryCodes}
}

// person creates and enrols an account.
func (b *bench) person(login string, roles ...authz.Role) account {
	b.t.Helper()
	_, inv, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Roles: roles})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.enrol(login, inv)
}

// code is the one-time code of a secret, some time away from now.
func (b *bench) code(secret string, away time.Duration) string {
	b.t.Helper()
	code, err := identity.TOTPCode(secret, b.db.Clock().Real().Add(away))
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

// later moves the clock.
func (b *bench) later(d time.Duration) { b.db.Clock().Set(b.db.Clock().Real().Add(d)) }

// as returns a context in which the account acts by its session.
func (b *bench) as(a account) context.Context {
	b.t.Helper()
	var actor authz.Actor
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) (err error) {
		actor, err = b.ActorOf(b.t.Context(), tx, a.id)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	actor.SessionID = a.session.ID
	return authz.WithActor(b.t.Context(), actor)
}

func (b *bench) asAdmin() context.Context { return b.as(b.admin) }

// signIn signs in with the present code.
func (b *bench) signIn(a account) (identity.Session, error) {
	return b.SignIn(b.t.Context(), a.login, goodPassword, b.code(a.secret, 0), "192.0.2.1")
}

func (b *bench) mustSignIn(a account) identity.Session {
	b.t.Helper()
	s, err := b.signIn(a)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) version(id string) int64 {
	b.t.Helper()
	p, err := b.Person(b.asAdmin(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Version
}

// entries returns kind and body of the ledger's openings, newest last.
func (b *bench) entries() []string {
	b.t.Helper()
	var all []string
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) error {
		rows, err := tx.Query(b.t.Context(), "SELECT kind, actor, body FROM ledger_opening ORDER BY seq")
		all, err = store.Collect(rows, err, func(s store.Scanner) (string, error) {
			var kind, actor, body string
			err := s.Scan(&kind, &actor, &body)
			return kind + " by " + actor + " " + body, err
		})
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// lastEntry fails unless the newest entry is of that kind.
func (b *bench) lastEntry(kind string) {
	b.t.Helper()
	all := b.entries()
	if last := all[len(all)-1]; !strings.HasPrefix(last, kind+" ") {
		b.t.Errorf("last entry is %q, want %s", last, kind)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.HasCode(err, code) {
		t.Fatalf("err = %v, want %q", err, code)
	}
}
