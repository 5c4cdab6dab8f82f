// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"errors"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// runJobs does the work of the jobs that end sessions in the store, as often as
// they were enqueued, and returns the first error.
func (b *bench) runJobs() error {
	b.t.Helper()
	var first error
	work := b.Jobs()[0]
	cells := b.cells("SELECT payload, kind, id FROM job_job WHERE kind = '" + work.Kind + "' ORDER BY run_at")
	for i := 0; i < len(cells); i += 3 {
		first = errors.Join(first, work.Handle(b.t.Context(), []byte(cells[i])))
	}
	return first
}

// TestTheStoreFollows: what the database ended is over at once, and gone from the
// store when the job has run; the result is an entry.
func TestTheStoreFollows(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleReviewer)
		b.later(time.Minute)
		his, hers := b.mustSignIn(sam), b.mustSignIn(mia)
		_, err := b.Deactivate(b.asAdmin(), sam.id, b.version(sam.id), "Left")
		wantCode(t, err, "")
		b.wantSession(his.Cookie, "identity.session_ended") // before the job has run

		b.sessions.Away = errors.New("away")
		if err := b.runJobs(); err == nil {
			t.Error("the job succeeds though the store is away: it would not run again")
		}
		b.wantSession(hers.Cookie, "identity.sessions_away")
		b.sessions.Away = nil
		if err := b.runJobs(); err != nil {
			t.Fatal(err)
		}
		b.lastEntry(identity.KindSessionsRemoved)
		b.wantSession(hers.Cookie, "")
	})
}

// TestAPasswordChangeKeepsOneSession: in the database and in the store.
func TestAPasswordChangeKeepsOneSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		b.later(time.Minute)
		sam.session = b.mustSignIn(sam)
		b.later(time.Minute)
		other := b.mustSignIn(sam)
		b.later(time.Minute)
		err := b.ChangePassword(b.as(sam), identity.Reproof{Password: goodPassword, Code: b.code(sam.secret, 0)}, "another violet anchor, another tin")
		wantCode(t, err, "")
		b.wantSession(other.Cookie, "identity.session_ended")
		b.wantSession(sam.session.Cookie, "")
		if err := b.runJobs(); err != nil {
			t.Fatal(err)
		}
		b.wantSession(sam.session.Cookie, "")
		list, err := b.Sessions(b.as(sam))
		wantCode(t, err, "")
		if len(list) != 1 || !list[0].Current {
			t.Errorf("sessions %+v", list)
		}
		// What was kept once ends with the next raising of the epoch.
		err = b.write.Decide(t.Context(), func(tx *ledger.Tx) error { return b.EndAll(t.Context(), tx, sam.id, "access removed") })
		wantCode(t, err, "")
		b.wantSession(sam.session.Cookie, "identity.session_ended")
	})
}

// TestARestoredDatabaseKnowsNoSession: under its new generation nothing is found.
func TestARestoredDatabaseKnowsNoSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		session := b.mustSignIn(b.person("sam", authz.RoleReviewer))
		err := b.write.Quiet(t.Context(), "a test", func(tx *store.Tx) error { return identity.ForgetSessions(t.Context(), tx) })
		wantCode(t, err, "")
		again, err := identity.New(identity.Deps{DB: b.db, Writer: b.write, Policy: b.policy(), SecretKey: make([]byte, 32), Sessions: b.sessions, Past: b.sessions, Config: cheap()})
		wantCode(t, err, "")
		_, err = again.Authenticate(t.Context(), session.Cookie)
		wantCode(t, err, "identity.session_ended")
	})
}
