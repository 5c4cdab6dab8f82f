// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Attempt is one attempt to sign in.
type Attempt struct {
	Login    string
	Password string
	Code     string // a one-time code or a recovery code
	Remote   string // address of the client, with or without port
	Browser  string // the cookie of [Session.Browser], if the client sent one
}

// SignIn is [Service.SignInFrom] for a client that is not a known browser.
func (s *Service) SignIn(ctx context.Context, login, password, code, remote string) (Session, error) {
	return s.SignInFrom(ctx, Attempt{Login: login, Password: password, Code: code, Remote: remote})
}

// SignInFrom opens a session for whoever gives login, password and a second
// factor. Errors are "identity.sign_in_failed" (Unauthenticated) for whatever
// is wrong, and the Limited faults "identity.slow_down" (too many attempts, or
// failures with this login) and "identity.busy" (the password queue is full),
// both with RetryAfter.
//
// An account is never locked: failures make everybody but known browsers wait,
// a minute at most, and an attempt while waiting is not evaluated and does not
// prolong it. So guessing is slow, and whoever guesses cannot keep the owner
// of the account out.
func (s *Service) SignInFrom(ctx context.Context, a Attempt) (Session, error) {
	login, ok := NormaliseLogin(a.Login)
	if !ok {
		login = "" // no account has it; the work is the same
	}
	key := mac(s.keys.failure, a.Login)
	if ok {
		key = mac(s.keys.failure, login)
	}
	known := s.knownBrowser(login, a.Browser)
	if err := s.limitAttempt(a, string(key), known); err != nil {
		return Session{}, err
	}
	proof, proven, err := s.prove(ctx, login, key, a, known)
	if err != nil {
		return Session{}, err
	}
	if !proven {
		return Session{}, signInFailed()
	}
	session, err := s.Open(ctx, proof)
	if err != nil {
		return Session{}, err
	}
	session.Browser = s.newBrowser(login)
	return session, nil
}

// limitAttempt takes the attempt off the limits in memory, before anything is
// read or hashed. A known browser has a limit of its own, so that others cannot
// use up what its owner needs.
func (s *Service) limitAttempt(a Attempt, login string, known bool) error {
	if wait, ok := s.remotes.Allow(RemoteKey(a.Remote)); !ok {
		return slowDown(wait)
	}
	limiter, key := s.logins, login
	if known {
		limiter, key = s.browsers, a.Browser
	}
	if wait, ok := limiter.Allow(key); !ok {
		return slowDown(wait)
	}
	return nil
}

// credentials are what an account needs to sign in; those of an unknown login are empty.
type credentials struct {
	person   Person
	password string // hash
	failures failures
}

func (s *Service) loadCredentials(ctx context.Context, login string, key []byte) (credentials, error) {
	var c credentials
	err := s.db.Read(ctx, func(tx *store.ReadTx) error {
		var err error
		if c.failures, err = loadFailures(ctx, tx, key); err != nil {
			return err
		}
		c.person, c.password, err = loadByLogin(ctx, tx, login)
		if errors.Is(err, errNoPerson) {
			return nil
		}
		return err
	})
	if err != nil {
		return credentials{}, fmt.Errorf("load credentials: %w", err)
	}
	return c, nil
}

// prove checks password and second factor of a login, and uses the code up. It
// reports whether both were right.
func (s *Service) prove(ctx context.Context, login string, key []byte, a Attempt, known bool) (p Proof, proven bool, err error) {
	c, err := s.loadCredentials(ctx, login, key)
	if err != nil {
		return p, false, err
	}
	if wait := c.failures.wait(s.now()); wait > 0 && !known {
		return p, false, slowDown(wait)
	}
	password := normalisePassword(a.Password)
	matched, weak, err := s.hasher.matches(ctx, password, c.password)
	if err != nil {
		return p, false, err
	}
	renewed := ""
	if matched && weak {
		if renewed, err = s.hasher.hash(ctx, password); err != nil {
			return p, false, err
		}
	}
	now := s.now()
	err = s.writer.Quiet(ctx, "proving who one is is not a decision", func(tx *store.Tx) error {
		// The factor is checked even if the password was wrong, so that a wrong
		// password and a wrong code are the same work.
		name, use, err := s.checkFactor(ctx, tx, c.person.ID, a.Code, now)
		if err != nil {
			return err
		}
		proven = false
		if matched && use != nil && c.person.Active && c.person.Kind == authz.KindPerson {
			if proven, err = use(ctx, tx); err != nil {
				return err
			}
		}
		if !proven {
			return countFailure(ctx, tx, key, now)
		}
		if renewed != "" {
			if err := renewPassword(ctx, tx, c.person.ID, c.password, renewed); err != nil {
				return err
			}
		}
		p = Proof{Person: c.person.ID, Methods: []string{"password", name}, At: now}
		return clearFailures(ctx, tx, key)
	})
	return p, proven && err == nil, err
}

func signInFailed() error {
	return fault.New(fault.Unauthenticated, "identity.sign_in_failed",
		"Login, password or code is not right. Check all three; a code can be used once only. If you lost your second factor, use a recovery code or ask your administrator.")
}

func slowDown(wait time.Duration) error {
	return &fault.Error{
		Kind: fault.Limited, Code: "identity.slow_down", RetryAfter: wait,
		Message: "There were too many attempts. Wait a moment and try again.",
	}
}
