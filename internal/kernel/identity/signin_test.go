// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		right := b.code(sam.secret, 0)
		for name, tt := range map[string]struct{ login, password, code string }{
			"wrong password":       {"sam", "not the password at all", right},
			"wrong code":           {"sam", goodPassword, "000000"},
			"no code":              {"sam", goodPassword, ""},
			"code of nonsense":     {"sam", goodPassword, "abcdef"},
			"unknown login":        {"nobody", goodPassword, right},
			"no login":             {"", goodPassword, right},
			"login that is none":   {"sam;--", goodPassword, right},
			"code of somebody":     {"sam", goodPassword, b.code(b.admin.secret, 0)},
			"recovery of somebody": {"sam", goodPassword, b.admin.recovery[0]},
		} {
			_, err := b.SignIn(t.Context(), tt.login, tt.password, tt.code, "192.0.2.1")
			if !fault.HasCode(err, "identity.sign_in_failed") {
				t.Errorf("%s: %v, want identity.sign_in_failed", name, err)
			}
			b.later(2 * time.Minute)
			right = b.code(sam.secret, 0)
		}
		session, err := b.SignIn(t.Context(), " SAM ", goodPassword, right, "192.0.2.1:4711")
		wantCode(t, err, "")
		actor, err := b.Authenticate(t.Context(), session.Cookie)
		wantCode(t, err, "")
		if actor.ID != sam.id || actor.Login != "sam" || actor.SessionID != session.ID || !actor.HasRole(authz.RoleReviewer) || actor.Scopes != nil {
			t.Errorf("actor %+v", actor)
		}
	})
}

// Whoever tries logins learns nothing from the work that is done: each failure
// costs one hash and leaves one count, whatever was wrong.
func TestFailuresCostAlike(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, gone := b.person("sam", authz.RoleReviewer), b.person("gone", authz.RoleReviewer)
		_, err := b.Deactivate(b.asAdmin(), gone.id, 1, "Left")
		wantCode(t, err, "")
		_, _, err = b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "fresh", Name: "Fresh"})
		wantCode(t, err, "")
		for i, tt := range []struct{ login, password, code string }{
			{"sam", "wrong password", b.code(sam.secret, 0)},
			{"sam", goodPassword, "000000"},
			{"nobody", goodPassword, "000000"},
			{"no login at all", goodPassword, "000000"},
			{"gone", goodPassword, b.code(gone.secret, 0)},
			{"fresh", "", "000000"},
		} {
			done, before := b.HashStats().Done, b.failures()
			_, err := b.SignIn(t.Context(), tt.login, tt.password, tt.code, "192.0.2.1")
			if !fault.HasCode(err, "identity.sign_in_failed") {
				t.Errorf("%d: %v", i, err)
			}
			if hashes, counted := b.HashStats().Done-done, b.failures()-before; hashes != 1 || counted != 1 {
				t.Errorf("%d: %d hashes and %d failures, want one of each", i, hashes, counted)
			}
		}
	})
}

func (b *bench) failures() int64 {
	b.t.Helper()
	var n int64
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) error {
		return tx.QueryRow(b.t.Context(), "SELECT COALESCE(SUM(failures), 0) FROM identity_failure").Scan(&n)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// A one-time code is good for one step before and after, and once only.
func TestOneTimeCode(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		b.later(time.Hour)
		try := func(code string) error {
			b.later(11 * time.Second)
			_, err := b.SignIn(t.Context(), "sam", goodPassword, code, "192.0.2.1")
			return err
		}
		b.db.Clock().Set(b.db.Clock().Real().Truncate(30 * time.Second))
		early, late := b.code(sam.secret, -60*time.Second), b.code(sam.secret, 60*time.Second)
		previous, next := b.code(sam.secret, -30*time.Second), b.code(sam.secret, 30*time.Second)
		wantCode(t, try(early), "identity.sign_in_failed")
		wantCode(t, try(late), "identity.sign_in_failed")
		b.later(-22 * time.Second)
		wantCode(t, try(previous), "")
		wantCode(t, try(previous), "identity.sign_in_failed")
		wantCode(t, try(next), "")
		wantCode(t, try(next), "identity.sign_in_failed")
		// A step that was skipped stays used.
		wantCode(t, try(b.code(sam.secret, -30*time.Second)), "identity.sign_in_failed")
	})
}

func TestRecoveryCode(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		if len(sam.recovery) != 10 {
			t.Fatalf("%d recovery codes, want 10", len(sam.recovery))
		}
		try := func(code string) error {
			_, err := b.SignIn(t.Context(), "sam", goodPassword, code, "192.0.2.1")
			return err
		}
		wantCode(t, try(strings.ToUpper(strings.ReplaceAll(sam.recovery[3], "-", " "))), "")
		wantCode(t, try(sam.recovery[3]), "identity.sign_in_failed")
		profile, err := b.Profile(b.as(sam))
		wantCode(t, err, "")
		if profile.RecoveryLeft != 9 {
			t.Errorf("%d codes left, want 9", profile.RecoveryLeft)
		}
	})
}

func TestSignInNeedsAnActivePerson(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		_, err := b.Deactivate(b.asAdmin(), sam.id, 1, "Left")
		wantCode(t, err, "")
		_, err = b.signIn(sam)
		wantCode(t, err, "identity.sign_in_failed")
		_, err = b.Open(t.Context(), identity.Proof{Person: sam.id, Methods: []string{"passkey"}, At: b.db.Clock().Real()})
		wantCode(t, err, "identity.sign_in_failed")
		service, _, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "robot", Name: "Robot", Kind: authz.KindService})
		wantCode(t, err, "")
		_, err = b.Open(t.Context(), identity.Proof{Person: service.ID, At: b.db.Clock().Real()})
		wantCode(t, err, "identity.sign_in_failed")
		_, err = b.SignIn(t.Context(), "robot", "", "000000", "192.0.2.1")
		wantCode(t, err, "identity.sign_in_failed")
	})
}

// Failures make strangers wait, a little longer each time; the owner, whose
// browser is known, does not wait, and nobody waits for more than a minute.
func TestFailuresDelay(t *testing.T) {
	for _, login := range []string{"sam", "nobody"} {
		t.Run(login, func(t *testing.T) {
			each(t, func(t *testing.T, b *bench) {
				sam := b.person("sam", authz.RoleReviewer)
				known := b.mustSignIn(sam).Browser
				fail := func() error {
					_, err := b.SignIn(t.Context(), login, "wrong password", "000000", "198.51.100.7")
					return err
				}
				for range 5 {
					wantCode(t, fail(), "identity.sign_in_failed")
				}
				wantCode(t, fail(), "identity.slow_down")
				b.later(time.Second)
				wantCode(t, fail(), "identity.sign_in_failed") // the sixth failure: two seconds
				b.later(time.Second)
				wantCode(t, fail(), "identity.slow_down")
				for range 20 {
					b.later(time.Minute)
					wantCode(t, fail(), "identity.sign_in_failed")
				}
				err := fail()
				wantCode(t, err, "identity.slow_down")
				if wait := fault.From(err).RetryAfter; wait <= 0 || wait > time.Minute {
					t.Errorf("wait %v, want at most a minute", wait)
				}
				attempt := identity.Attempt{Login: "sam", Password: goodPassword, Code: b.code(sam.secret, 0), Remote: "192.0.2.1"}
				if login == "sam" {
					_, err = b.SignInFrom(t.Context(), attempt)
					wantCode(t, err, "identity.slow_down")
				}
				attempt.Browser = known
				_, err = b.SignInFrom(t.Context(), attempt)
				wantCode(t, err, "")
				if login == "sam" { // success forgives
					wantCode(t, fail(), "identity.sign_in_failed")
				}
			})
		})
	}
}

// What a browser is known by counts for one login, cannot be made up, and ends.
func TestKnownBrowserIsBound(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleReviewer)
		known := b.mustSignIn(sam).Browser
		delayed := func(browser string) bool {
			_, err := b.SignInFrom(t.Context(), identity.Attempt{Login: "sam", Password: "wrong password", Code: "000000", Remote: "192.0.2.1", Browser: browser})
			b.later(10 * time.Second)
			return fault.HasCode(err, "identity.slow_down")
		}
		for range 12 {
			delayed("")
		}
		if delayed(known) {
			t.Error("the known browser waits")
		}
		parts := strings.Split(known, ".")
		for name, forged := range map[string]string{
			"of somebody else": b.mustSignIn(mia).Browser,
			"later end":        parts[0] + "." + parts[1] + "9." + parts[2],
			"no signature":     parts[0] + "." + parts[1] + ".",
			"nonsense":         "a.b.c",
		} {
			if !delayed(forged) {
				t.Errorf("%s: does not wait", name)
			}
		}
		b.later(401 * 24 * time.Hour)
		for range 12 {
			delayed("")
		}
		if !delayed(known) {
			t.Error("it is known for more than 400 days")
		}
	})
}

// A restart must not make guessing cheaper, and forgetting must be forgetting.
func TestFailuresSurviveARestart(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.person("sam", authz.RoleReviewer)
		for range 5 {
			_, err := b.SignIn(t.Context(), "sam", "wrong password", "000000", "192.0.2.1")
			wantCode(t, err, "identity.sign_in_failed")
		}
		again, err := identity.New(identity.Deps{DB: b.db, Writer: b.write, Policy: b.policy(), SecretKey: []byte(strings.Repeat("\x07", 32)), Sessions: b.sessions, Past: b.sessions, Config: cheap()})
		wantCode(t, err, "")
		_, err = again.SignIn(t.Context(), "sam", "wrong password", "000000", "192.0.2.1")
		wantCode(t, err, "identity.slow_down")
		b.later(25 * time.Hour)
		wantCode(t, again.Purge(t.Context()), "")
		if n := b.failures(); n != 0 {
			t.Errorf("%d failures kept", n)
		}
	})
}

func (b *bench) policy() *authz.Policy {
	b.t.Helper()
	p, err := authz.NewPolicy(identity.Actions(), nil, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func TestRemoteLimit(t *testing.T) {
	cfg := cheap()
	cfg.PerRemote = identity.Rate{Every: time.Minute, Burst: 3}
	eachWith(t, cfg, func(t *testing.T, b *bench) {
		try := func(i int, remote string) error {
			_, err := b.SignIn(t.Context(), fmt.Sprint("somebody", i), "wrong password", "000000", remote)
			return err
		}
		for i := range 3 {
			wantCode(t, try(i, fmt.Sprintf("[2001:db8::%d]:80", i)), "identity.sign_in_failed")
		}
		wantCode(t, try(4, "2001:db8::ffff"), "identity.slow_down") // the same /64
		wantCode(t, try(5, "2001:db8:0:1::1"), "identity.sign_in_failed")
		b.later(time.Minute)
		wantCode(t, try(6, "2001:db8::1"), "identity.sign_in_failed")
	})
}

// Two hundred people sign in at the same moment: no more hashes than configured
// are ever at work or in the queue, everybody gets an answer, and whoever was
// let in or told to come back is counted.
func TestSignInStorm(t *testing.T) {
	const people = 200
	cfg := cheap()
	cfg.Hash.Parallel, cfg.Hash.Queue = 2, 16
	cfg.PerRemote = identity.Rate{Every: time.Millisecond, Burst: 10 * people}
	eachWith(t, cfg, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		code := b.code(sam.secret, 0)
		var opened, failed, refused atomic.Int64
		var wg sync.WaitGroup
		gate := make(chan struct{})
		for i := range people {
			wg.Go(func() {
				<-gate
				login := fmt.Sprint("somebody", i)
				if i%50 == 0 {
					login = "sam"
				}
				_, err := b.SignIn(context.Background(), login, goodPassword, code, fmt.Sprintf("192.0.2.%d", i))
				switch {
				case err == nil:
					opened.Add(1)
				case fault.HasCode(err, "identity.sign_in_failed"):
					failed.Add(1)
				case fault.HasCode(err, "identity.busy"):
					refused.Add(1)
					if fault.From(err).RetryAfter <= 0 {
						t.Error("busy without a time to come back")
					}
				default:
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		close(gate)
		wg.Wait()
		stats := b.HashStats()
		if stats.PeakRunning > 2 || stats.PeakWaiting > 16 || stats.Running != 0 || stats.Waiting != 0 {
			t.Errorf("queue %+v, want at most 2 at work, 16 waiting, none left", stats)
		}
		if opened.Load() > 1 {
			t.Errorf("%d sessions by one one-time code", opened.Load())
		}
		if got := opened.Load() + failed.Load() + refused.Load(); got != people || stats.Refused != refused.Load() {
			t.Errorf("%d answers, %d refused, queue says %d", got, refused.Load(), stats.Refused)
		}
	})
}
