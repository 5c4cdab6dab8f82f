// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Session is a session just opened. Cookie and Browser exist here and in the
// browser only: the session store is told a keyed hash of the one, and nobody has
// anything of the other.
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
	var person Person
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		person, err = loadPerson(ctx, tx, p.Person)
		return err
	})
	if errors.Is(err, errNoPerson) || err == nil && (!person.Active || person.Kind != authz.KindPerson) {
		return Session{}, signInFailed()
	}
	if err != nil {
		return Session{}, err
	}
	return s.open(ctx, p, person.Epoch)
}

// open keeps a new session of a person whose epoch the caller has read. If the
// epoch was raised since, the session is over before it begins.
func (s *Service) open(ctx context.Context, p Proof, epoch int64) (Session, error) {
	cookie, err := newSecret(s.random)
	if err != nil {
		return Session{}, err
	}
	id, err := newSessionID(s.db.Rand())
	if err != nil {
		return Session{}, err
	}
	r := record{ID: id, Person: p.Person, Epoch: epoch, Methods: p.Methods, Begun: p.At.UTC()}
	running, err := s.running(ctx)
	if err != nil {
		return Session{}, err
	}
	past, err := s.past(ctx)
	if err != nil {
		return Session{}, err
	}
	// First the past: a session of which it is not known whose it was could lose a draft.
	if err := past.put(ctx, cookie, r, s.config.Absolute+s.config.Keep, s.config.Absolute+s.config.Keep); err != nil {
		return Session{}, awaySessions(err)
	}
	if err := running.put(ctx, cookie, r, s.config.Idle, s.config.Absolute); err != nil {
		return Session{}, awaySessions(err)
	}
	return Session{ID: r.ID, Person: p.Person, Cookie: cookie, Until: p.At.Add(s.config.Absolute)}, nil
}

// Authenticate returns the actor of a session cookie: what the session store keeps
// under it, and what the database says of it, with one query. Whatever is wrong
// with the cookie is "identity.session_ended" (Unauthenticated); a store that is
// away is Unavailable. The session's last use is noted at most once a minute;
// failing to note it fails nothing.
func (s *Service) Authenticate(ctx context.Context, cookie string) (authz.Actor, error) {
	running, err := s.running(ctx)
	if err != nil {
		return authz.Actor{}, err
	}
	session, kept, err := running.load(ctx, cookie)
	if errors.Is(err, errForeign) {
		s.log.ErrorContext(ctx, "the session store answers with what this office did not write")
	}
	if errors.Is(err, ErrNoSession) || err == nil && s.over(session) {
		return authz.Actor{}, sessionEnded()
	}
	if err != nil {
		return authz.Actor{}, awaySessions(err)
	}
	var st standing
	err = s.db.ReadOne(ctx, func(r store.Reader) (err error) {
		st, err = loadStanding(ctx, r, session)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && !st.current() {
		return authz.Actor{}, sessionEnded()
	}
	if err != nil {
		return authz.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	if s.now().Sub(s.seenAt(session, kept)) >= touchEvery {
		s.once(ctx, session.ID, func() error { return running.Touch(ctx, running.key(cookie)) })
	}
	st.actor.SessionID = session.ID
	return st.actor, nil
}

// over reports whether a session has lasted as long as any may. The store ends it
// then; but one that was set back, or lies, does not decide how long somebody is in.
func (s *Service) over(session record) bool {
	return !s.now().Before(session.Begun.Add(s.config.Absolute))
}

// seenAt returns when the session was last used, to the minute. In its last hours
// its end does not move any more, and it counts as used when those began.
func (s *Service) seenAt(session record, kept Kept) time.Time {
	seen := kept.Expires.Add(-s.config.Idle)
	if seen.Before(session.Begun) {
		return session.Begun
	}
	return seen
}

// once notes a last use. Of many requests at once, one writes.
func (s *Service) once(ctx context.Context, id string, write func() error) {
	if _, busy := s.touching.LoadOrStore(id, true); busy {
		return
	}
	defer s.touching.Delete(id)
	if err := write(); err != nil {
		s.log.WarnContext(ctx, "cannot note the last use of a session or token", "error", err)
	}
}

// ExpiredSessionPerson tells whose session a cookie was, so that what its
// holder was writing can be kept as a draft; it gives no right to anything. It
// answers for sessions that ended by time, and for half a day for sessions that
// were ended on purpose: after that, somebody with a stolen cookie could still
// leave drafts. Nobody is told for an inactive account.
func (s *Service) ExpiredSessionPerson(ctx context.Context, cookie string) (personID string, ok bool) {
	past, err := s.past(ctx)
	if err != nil {
		return "", false
	}
	session, _, err := past.load(ctx, cookie)
	if err != nil || !s.now().Before(session.Begun.Add(s.config.Absolute+s.config.Keep)) {
		return "", false
	}
	var st standing
	err = s.db.ReadOne(ctx, func(r store.Reader) (err error) {
		st, err = loadStanding(ctx, r, session)
		return err
	})
	if err != nil || !st.active {
		return "", false
	}
	if st.current() {
		return session.Person, true
	}
	ended := st.endedAt
	if ended.IsZero() {
		ended = st.epochAt
	}
	return session.Person, s.now().Before(ended.Add(s.config.Idle))
}

// SignOut ends the session of a cookie. An unknown or ended one is no error.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	running, err := s.running(ctx)
	if err != nil {
		return err
	}
	session, _, err := running.load(ctx, cookie)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return awaySessions(err)
	}
	return s.end(ctx, session, func() error { return running.Delete(ctx, session.Key) })
}

// end ends one session: in the database, which every request asks, and then in the
// store, where it would end by itself.
func (s *Service) end(ctx context.Context, session record, inStore func() error) error {
	err := s.writer.Quiet(ctx, "signing out is not a decision", func(tx *store.Tx) error {
		return markEnded(ctx, tx, session.ID, session.Person, s.now())
	})
	if err != nil {
		return err
	}
	if err := inStore(); err != nil {
		s.log.WarnContext(ctx, "a session ended, but the session store keeps it for its time", "error", err)
	}
	return nil
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
	if err := s.raiseEpoch(ctx, tx.Tx, personID, ""); err != nil {
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
	all, err := s.runningOf(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	infos := make([]SessionInfo, 0, len(all))
	for _, one := range all {
		infos = append(infos, SessionInfo{
			ID: one.ID, CreatedAt: one.Begun, SeenAt: s.seenAt(one.record, one.Kept),
			Until: one.Begun.Add(s.config.Absolute), Current: one.ID == actor.SessionID,
		})
	}
	return infos, nil
}

// runningSession is a session with where it lies.
type runningSession struct {
	record
	Kept
}

// runningOf returns the sessions of a person that only time can end, the latest
// used first.
func (s *Service) runningOf(ctx context.Context, person string) ([]runningSession, error) {
	running, err := s.running(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := running.Owned(ctx, running.owner(person))
	if err != nil {
		return nil, awaySessions(err)
	}
	var epoch int64
	var marks map[string]standing
	err = s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		epoch, marks, err = loadMarks(ctx, tx, person)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []runningSession
	for _, k := range kept {
		r, err := running.open(k)
		if errors.Is(err, errForeign) {
			s.log.ErrorContext(ctx, "the session store lists under a person what this office did not write")
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.over(r) {
			continue
		}
		st := marks[r.ID]
		st.active, st.epoch, st.recorded = true, epoch, r.Epoch
		if st.current() {
			all = append(all, runningSession{r, k})
		}
	}
	slices.SortFunc(all, func(a, b runningSession) int {
		return cmp.Or(b.Expires.Compare(a.Expires), b.Begun.Compare(a.Begun), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// EndSession ends one of the actor's own sessions; any other id is NotFound.
func (s *Service) EndSession(ctx context.Context, id string) error {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return err
	}
	all, err := s.runningOf(ctx, actor.ID)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.ID == id {
			running, err := s.running(ctx)
			if err != nil {
				return err
			}
			return s.end(ctx, one.record, func() error { return running.End(ctx, running.owner(actor.ID), one.Handle) })
		}
	}
	return fault.ItemNotFound()
}

// awaySessions says that the session store does not answer.
func awaySessions(err error) error {
	return fault.New(fault.Unavailable, "identity.sessions_away", "The store of the sessions does not answer. Try again in a moment.").Because(err)
}

func sessionEnded() error {
	return fault.New(fault.Unauthenticated, "identity.session_ended", "Your session has ended. Sign in again to go on.")
}
