// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Invitation is a one-time link by which a person sets password and second
// factor. Token is shown once, to whoever passes it on; the database has its hash.
type Invitation struct {
	Person string // person id
	Token  string
	Until  time.Time
}

// Enrolment is what the page behind an invitation shows.
type Enrolment struct {
	Person Person
	Secret string // of the second factor, base32, to type into an authenticator app
	URI    string // the same as an otpauth: link
	Until  time.Time
}

// Enrolled is the result of an accepted invitation. The recovery codes are
// shown this once; the database has their hashes.
type Enrolled struct {
	Session       Session
	RecoveryCodes []string
}

// invite makes a new invitation and voids the earlier ones.
func (s *Service) invite(ctx context.Context, tx *store.Tx, person string) (Invitation, error) {
	token, err := newSecret(s.random)
	if err != nil {
		return Invitation{}, err
	}
	now := s.now()
	inv := Invitation{Person: person, Token: token, Until: now.Add(s.config.Invitation)}
	return inv, replaceInvitation(ctx, tx, person, hashSecret(token), now, inv.Until)
}

// Enrolment returns what an invitation offers. A token that is unknown, used
// or too old is NotFound ("identity.invitation_invalid"). Asking again gives the
// same second factor, so that a reloaded page does not void what was scanned:
// the secret is derived from the token and kept nowhere until it is accepted.
func (s *Service) Enrolment(ctx context.Context, token string) (Enrolment, error) {
	var e Enrolment
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		e.Person, e.Until, err = s.invited(ctx, tx, token)
		return err
	})
	if err != nil {
		return Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: s.config.Issuer, AccountName: e.Person.Login, Secret: s.enrolSecret(token),
		Period: totpPeriod, Digits: totpDigits, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make second factor: %w", err)
	}
	e.Secret, e.URI = key.Secret(), key.URL()
	return e, nil
}

// Accept sets password and second factor through an invitation, ends all
// earlier sessions of the person and opens one. code is a one-time code made
// from the offered secret. It appends identity.person.changed. Errors are those
// of [Service.Enrolment], "identity.password_weak" and "identity.code_wrong"
// (both Invalid with fields), and the Limited faults of [Service.SignInFrom].
func (s *Service) Accept(ctx context.Context, token, password, code, remote string) (Enrolled, error) {
	var person Person
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		person, _, err = s.invited(ctx, tx, token)
		return err
	})
	if err != nil {
		// Whoever has a valid link need not wait; who tries links does.
		if wait, ok := s.remotes.Allow(RemoteKey(remote)); !ok {
			return Enrolled{}, slowDown(wait)
		}
		return Enrolled{}, err
	}
	password = normalisePassword(password)
	if err := checkPassword(password, person); err != nil {
		return Enrolled{}, err
	}
	secret := s.enrolSecret(token)
	step, ok := matchTOTP(secret, code, s.now(), 0)
	if !ok {
		return Enrolled{}, codeWrong()
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Enrolled{}, err
	}
	sealed, err := s.keys.sealFor(s.random, person.ID, secret)
	if err != nil {
		return Enrolled{}, err
	}
	return s.enrol(ctx, token, person.ID, func(ctx context.Context, tx *store.Tx) error {
		return setCredentials(ctx, tx, person.ID, hash, sealed, step)
	})
}

func (s *Service) enrol(ctx context.Context, token, person string, set func(context.Context, *store.Tx) error) (Enrolled, error) {
	codes, hashes, err := s.drawRecovery(person)
	if err != nil {
		return Enrolled{}, err
	}
	e := Enrolled{RecoveryCodes: codes}
	var login string
	var epoch int64 // of the session that begins
	// Whoever holds the link acts as the person.
	ctx = authz.WithActor(ctx, authz.Actor{ID: person, Kind: authz.KindPerson})
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		p, _, err := s.invited(ctx, tx, token) // again: it may have been used meanwhile
		if err != nil {
			return err
		}
		now := s.now()
		if err := useInvitations(ctx, tx.Tx, person, now); err != nil {
			return err
		}
		if err := set(ctx, tx.Tx); err != nil {
			return err
		}
		if err := replaceRecovery(ctx, tx.Tx, person, hashes); err != nil {
			return err
		}
		if err := s.raiseEpoch(ctx, tx.Tx, person, ""); err != nil {
			return err
		}
		if err := clearFailures(ctx, tx.Tx, mac(s.keys.failure, p.Login)); err != nil {
			return err
		}
		if _, err := s.append(ctx, tx, KindPersonChanged, person, personBody{Person: person, Change: "enrolled"}); err != nil {
			return err
		}
		login, epoch = p.Login, p.Epoch+1
		return nil
	})
	if err != nil {
		return Enrolled{}, err
	}
	e.Session, err = s.open(ctx, Proof{Person: person, Methods: []string{"invitation", "password", "totp"}, At: s.now()}, epoch)
	if err != nil {
		return Enrolled{}, err
	}
	e.Session.Browser = s.newBrowser(login)
	return e, nil
}

// invited returns the person of a valid invitation.
func (s *Service) invited(ctx context.Context, r store.Reader, token string) (Person, time.Time, error) {
	person, until, used, err := loadInvitation(ctx, r, hashSecret(token))
	if errors.Is(err, sql.ErrNoRows) || err == nil && (used || !s.now().Before(until)) {
		return Person{}, time.Time{}, invitationInvalid()
	}
	if err != nil {
		return Person{}, time.Time{}, fmt.Errorf("load invitation: %w", err)
	}
	p, err := loadPerson(ctx, r, person)
	if errors.Is(err, errNoPerson) || err == nil && !p.Active {
		return Person{}, time.Time{}, invitationInvalid()
	}
	return p, until, err
}

func (s *Service) enrolSecret(token string) []byte { return mac(s.keys.enrol, token)[:totpSecret] }

// drawRecovery returns fresh recovery codes and what is stored of them.
func (s *Service) drawRecovery(person string) (codes []string, hashes [][]byte, err error) {
	codes, err = newRecoveryCodes(s.random)
	if err != nil {
		return nil, nil, err
	}
	for _, code := range codes {
		bare, _ := parseRecovery(code)
		hashes = append(hashes, hashRecovery(person, bare))
	}
	return codes, hashes, nil
}

func invitationInvalid() error {
	return fault.New(fault.NotFound, "identity.invitation_invalid",
		"This link is not valid any more: it was used, replaced by a newer one, or too old. Ask your administrator for a new one.")
}

func codeWrong() error {
	return fault.InvalidFields("identity.code_wrong", []fault.Field{{
		Path: "code", Code: "wrong", Message: "This code is not right. Check that the clock of your device is, and use the next code.",
	}})
}

// TOTPCode returns the one-time code of a base32 secret at a time. It is for
// setting up accounts by a program, such as those of a demonstration; give the
// time of the step before, so that the present code can still be used.
func TOTPCode(secret string, at time.Time) (string, error) {
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil {
		return "", fmt.Errorf("one-time code: %w", err)
	}
	return totp.GenerateCode(secret, at)
}
