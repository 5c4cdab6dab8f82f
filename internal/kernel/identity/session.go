// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Session is a session just opened. Cookie and Browser exist here and in the
// browser only: the database has a hash of the one and nothing of the other.
type Session struct {
	ID      string
	Person  string // person id
	Cookie  string // value of the session cookie, 43 characters
	Browser string // value of the cookie of a known browser; empty if not signed in by password
	Until   time.Time
}

// touchEvery is how exactly a session's last use is known.
const touchEvery = time.Minute

// Open opens a session on a proof. It is the seam for other ways to sign in
// (passkeys, an identity provider), which check their own proof first; SignIn
// uses it too. An inactive account gets "identity.sign_in_failed".
func (s *Service) Open(ctx context.Context, p Proof) (Session, error) {
	var session Session
	err := s.writer.Quiet(ctx, "signing in is not a decision", func(tx *store.Tx) (err error) {
		session, err = s.open(ctx, tx, p)
		return err
	})
	return session, err
}

func (s *Service) open(ctx context.Context, tx *store.Tx, p Proof) (Session, error) {
	person, err := loadPerson(ctx, tx, p.Person)
	if errors.Is(err, errNoPerson) || err == nil && (!person.Active || person.Kind != authz.KindPerson) {
		return Session{}, signInFailed()
	}
	if err != nil {
		return Session{}, err
	}
	cookie, err := newSecret(s.random)
	if err != nil {
		return Session{}, err
	}
	session := Session{ID: tx.NewID(), Person: p.Person, Cookie: cookie, Until: p.At.Add(s.config.Absolute)}
	return session, insertSession(ctx, tx, session, hashSecret(cookie), person.Epoch, p)
}

// Authenticate returns the actor of a session cookie, with one query. Whatever
// is wrong with the cookie is "identity.session_ended" (Unauthenticated). The
// session's last use is noted at most once a minute; failing to note it fails
// nothing.
func (s *Service) Authenticate(ctx context.Context, cookie string) (authz.Actor, error) {
	now := s.now()
	var row sessionRow
	err := s.db.ReadOne(ctx, func(r store.Reader) (err error) {
		row, err = loadSession(ctx, r, hashSecret(cookie))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return authz.Actor{}, sessionEnded()
	}
	if err != nil {
		return authz.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	if !row.current() || s.overAt(row).Compare(now) <= 0 {
		return authz.Actor{}, sessionEnded()
	}
	if now.Sub(row.seenAt) >= touchEvery {
		s.touch(ctx, row.id, func(tx *store.Tx) error { return touchSession(ctx, tx, row.id, now) })
	}
	row.actor.SessionID = row.id
	return row.actor, nil
}

// overAt returns when the session ends by time.
func (s *Service) overAt(row sessionRow) time.Time {
	idle, absolute := row.seenAt.Add(s.config.Idle), row.createdAt.Add(s.config.Absolute)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// touch notes a last use. Of many requests at once, one writes.
func (s *Service) touch(ctx context.Context, id string, write func(tx *store.Tx) error) {
	if _, busy := s.touching.LoadOrStore(id, true); busy {
		return
	}
	defer s.touching.Delete(id)
	if err := s.writer.Quiet(ctx, "noting a last use is not a decision", write); err != nil {
		s.log.WarnContext(ctx, "cannot note the last use of a session or token", "error", err)
	}
}

// ExpiredSessionPerson tells whose session a cookie was, so that what its
// holder was writing can be kept as a draft; it gives no right to anything. It
// answers for sessions that ended by time, and for half a day for sessions that
// were ended on purpose: after that, somebody with a stolen cookie could still
// leave drafts. Nobody is told for an inactive account.
func (s *Service) ExpiredSessionPerson(ctx context.Context, cookie string) (personID string, ok bool) {
	var row sessionRow
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		row, err = loadSession(ctx, tx, hashSecret(cookie))
		return err
	})
	if err != nil || !row.active {
		return "", false
	}
	now := s.now()
	ended := s.overAt(row)
	keep := s.config.Keep
	if !row.current() {
		keep = s.config.Idle
		ended = row.endedAt
		if ended.IsZero() {
			ended = row.epochAt
		}
	}
	return row.actor.ID, now.Before(ended.Add(keep))
}

// SignOut ends the session of a cookie. An unknown or ended one is no error.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	return s.writer.Quiet(ctx, "signing out is not a decision", func(tx *store.Tx) error {
		return endSessionByHash(ctx, tx, hashSecret(cookie), s.now())
	})
}

// SignOutEverywhere ends all sessions of the actor, the present one too.
func (s *Service) SignOutEverywhere(ctx context.Context) error {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return err
	}
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		return s.EndAll(ctx, tx, actor.ID, "signed out everywhere")
	})
}

// EndAll ends all sessions of a person in the caller's transaction, by raising
// the person's epoch: every request compares it. API tokens stay; they end with
// the account or by revocation. It appends the entry identity.session.ended_all
// with the cause (a short phrase without personal data) and the context's actor
// as actor. An unknown person is NotFound.
func (s *Service) EndAll(ctx context.Context, tx *ledger.Tx, personID, cause string) error {
	p, err := loadPerson(ctx, tx, personID)
	if err != nil {
		return notFound(err)
	}
	if err := raiseEpoch(ctx, tx.Tx, personID, s.now()); err != nil {
		return err
	}
	_, err = s.append(ctx, tx, KindSessionsEnded, p.ID, sessionsBody{Person: p.ID, Cause: cause, Epoch: p.Epoch + 1})
	return err
}

type sessionsBody struct {
	Person string `json:"person"`
	Cause  string `json:"cause"`
	Epoch  int64  `json:"epoch"` // sessions of an earlier epoch are over
}

// SessionInfo is a session as its owner sees it.
type SessionInfo struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"to the minute"`
	Until     time.Time `json:"until" doc:"ends then at the latest"` // or earlier if unused
	Current   bool      `json:"current" doc:"the one that asks"`
}

// Sessions lists the actor's running sessions, the latest used first.
func (s *Service) Sessions(ctx context.Context) ([]SessionInfo, error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return nil, err
	}
	now := s.now()
	var all []SessionInfo
	err := s.db.Read(ctx, func(tx *store.ReadTx) error {
		rows, err := loadSessions(ctx, tx, actor.ID)
		for _, row := range rows {
			if until := s.overAt(row); until.After(now) {
				all = append(all, SessionInfo{
					ID: row.id, CreatedAt: row.createdAt, SeenAt: row.seenAt,
					Until: row.createdAt.Add(s.config.Absolute), Current: row.id == actor.SessionID,
				})
			}
		}
		return err
	})
	return all, err
}

// EndSession ends one of the actor's own sessions; any other id is NotFound.
func (s *Service) EndSession(ctx context.Context, id string) error {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return err
	}
	if !plausibleID(id) {
		return fault.ItemNotFound()
	}
	return s.writer.Quiet(ctx, "signing out is not a decision", func(tx *store.Tx) error {
		ended, err := endSession(ctx, tx, actor.ID, id, s.now())
		if err == nil && !ended {
			return fault.ItemNotFound()
		}
		return err
	})
}

func sessionEnded() error {
	return fault.New(fault.Unauthenticated, "identity.session_ended", "Your session has ended. Sign in again to go on.")
}
