// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

func (b *bench) wantSession(cookie, code string) {
	b.t.Helper()
	_, err := b.Authenticate(b.t.Context(), cookie)
	wantCode(b.t, err, code)
}

func TestSessionEndsByTime(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		idle := b.mustSignIn(sam)
		b.later(12*time.Hour - time.Second)
		b.wantSession(idle.Cookie, "")
		b.later(12*time.Hour - time.Second) // the last use counts
		b.wantSession(idle.Cookie, "")
		b.later(12 * time.Hour)
		b.wantSession(idle.Cookie, "identity.session_ended")

		used := b.mustSignIn(sam)
		for range 7*24/6 - 1 {
			b.later(6 * time.Hour)
			b.wantSession(used.Cookie, "")
		}
		b.later(6 * time.Hour) // seven days, however much it is used
		b.wantSession(used.Cookie, "identity.session_ended")
	})
}

func TestSessionEndsOnPurpose(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleReviewer)
		one := b.mustSignIn(sam)
		b.later(time.Minute)
		two := b.mustSignIn(sam)
		hers := b.mustSignIn(mia)
		wantCode(t, b.SignOut(t.Context(), one.Cookie), "")
		wantCode(t, b.SignOut(t.Context(), "nonsense"), "")
		b.wantSession(one.Cookie, "identity.session_ended")
		b.wantSession(two.Cookie, "")

		wantCode(t, b.EndSession(b.as(mia), two.ID), "not_found")
		b.later(time.Minute)
		three := b.mustSignIn(sam)
		wantCode(t, b.EndSession(b.as(sam), three.ID), "")
		wantCode(t, b.EndSession(b.as(sam), three.ID), "not_found")
		b.wantSession(three.Cookie, "identity.session_ended")

		wantCode(t, b.SignOutEverywhere(b.as(sam)), "")
		b.lastEntry(identity.KindSessionsEnded)
		b.wantSession(two.Cookie, "identity.session_ended")
		b.wantSession(sam.session.Cookie, "identity.session_ended")
		b.wantSession(hers.Cookie, "")
		b.later(time.Minute)
		b.wantSession(b.mustSignIn(sam).Cookie, "") // the new epoch
	})
}

// Ending sessions is part of the transaction that made it necessary.
func TestEndAllCommitsWithItsCause(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		session := b.mustSignIn(sam)
		err := b.write.Decide(t.Context(), func(tx *ledger.Tx) error {
			if err := b.EndAll(t.Context(), tx, sam.id, "access removed"); err != nil {
				return err
			}
			return b.EndAll(t.Context(), tx, "nobody", "access removed")
		})
		wantCode(t, err, "not_found")
		b.wantSession(session.Cookie, "")
		err = b.write.Decide(t.Context(), func(tx *ledger.Tx) error {
			return b.EndAll(t.Context(), tx, sam.id, "access removed")
		})
		wantCode(t, err, "")
		b.wantSession(session.Cookie, "identity.session_ended")
	})
}

// Moving the domain clock, as a demonstration does, leaves sessions alone.
func TestSessionsFollowRealTime(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		session := b.mustSignIn(b.person("sam", authz.RoleReviewer))
		b.db.Clock().SetOffset(31 * 24 * time.Hour)
		b.wantSession(session.Cookie, "")
	})
}

func TestExpiredSessionPerson(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		want := func(cookie, want string) {
			t.Helper()
			if got, ok := b.ExpiredSessionPerson(t.Context(), cookie); got != want && ok || ok != (want != "") {
				t.Errorf("person %q, %t; want %q", got, ok, want)
			}
		}
		session := b.mustSignIn(sam)
		want("nonsense", "")
		want("", "")
		b.later(13 * time.Hour)
		want(session.Cookie, sam.id)
		b.later(29 * 24 * time.Hour)
		want(session.Cookie, sam.id)
		wantCode(t, b.Purge(t.Context()), "")
		want(session.Cookie, sam.id)
		b.later(2 * 24 * time.Hour) // used every hour, it would have lasted a week
		want(session.Cookie, sam.id)
		b.later(6 * 24 * time.Hour)
		want(session.Cookie, "")
		b.later(2 * 24 * time.Hour)
		wantCode(t, b.Purge(t.Context()), "")
		want(session.Cookie, "")

		ended := b.mustSignIn(sam)
		b.later(time.Minute)
		wantCode(t, b.SignOutEverywhere(b.as(sam)), "")
		b.later(11 * time.Hour)
		want(ended.Cookie, sam.id)
		b.later(2 * time.Hour)
		want(ended.Cookie, "")

		left := b.mustSignIn(sam)
		wantCode(t, b.SignOut(t.Context(), left.Cookie), "")
		b.later(31 * 24 * time.Hour) // whose it was is kept still, and so is that it was ended
		wantCode(t, b.Purge(t.Context()), "")
		want(left.Cookie, "")

		closed := b.mustSignIn(sam)
		_, err := b.Deactivate(b.asAdmin(), sam.id, b.version(sam.id), "Left")
		wantCode(t, err, "")
		want(closed.Cookie, "")
	})
}

func TestSessionsList(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		b.later(time.Minute)
		second := b.mustSignIn(sam)
		sam.session = second
		list, err := b.Sessions(b.as(sam))
		wantCode(t, err, "")
		if len(list) != 2 || list[0].ID != second.ID || !list[0].Current || list[1].Current {
			t.Errorf("sessions %+v", list)
		}
		b.later(13 * time.Hour)
		if list, err = b.Sessions(b.as(sam)); err != nil || len(list) != 0 {
			t.Errorf("ended sessions are listed: %+v, %v", list, err)
		}
	})
}
