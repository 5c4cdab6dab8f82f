// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Profile is what a person sees of their own account.
type Profile struct {
	Person           Person
	GroupNames       []string
	OrganisationName string
	RecoveryLeft     int // unused recovery codes
}

// Profile returns the actor's own account.
func (s *Service) Profile(ctx context.Context) (Profile, error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return Profile{}, err
	}
	var p Profile
	err := s.db.Read(ctx, func(tx *store.ReadTx) error {
		var err error
		if p.Person, err = loadPerson(ctx, tx, actor.ID); err != nil {
			return notFound(err)
		}
		if p.GroupNames, err = loadGroupNames(ctx, tx, actor.ID); err != nil {
			return err
		}
		if p.Person.Organisation != "" {
			organisation, err := loadOrganisation(ctx, tx, p.Person.Organisation)
			if err != nil {
				return err
			}
			p.OrganisationName = organisation.Name
		}
		p.RecoveryLeft, err = recoveryLeft(ctx, tx, actor.ID)
		return err
	})
	return p, err
}

// Reproof is what a signed-in person gives once more before their credentials
// change, so that an unattended screen is not enough.
type Reproof struct {
	Password string // the present one
	Code     string // a one-time code or a recovery code
}

// reprove checks the actor's credentials again. Failures count like failed
// sign-ins, with the same waiting.
func (s *Service) reprove(ctx context.Context, r Reproof) (authz.Actor, error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return actor, err
	}
	if actor.SessionID == "" || actor.Kind != authz.KindPerson {
		return actor, fault.New(fault.Forbidden, "identity.session_required", "Sign in with your browser to do this; a token cannot.")
	}
	key := mac(s.keys.failure, actor.Login)
	if wait, ok := s.logins.Allow(string(key)); !ok {
		return actor, slowDown(wait)
	}
	attempt := Attempt{Login: actor.Login, Password: r.Password, Code: r.Code}
	_, proven, err := s.prove(ctx, actor.Login, key, attempt, false)
	if err != nil {
		return actor, err
	}
	if !proven {
		return actor, fault.New(fault.Forbidden, "identity.reproof_failed",
			"Your present password or the code is not right. A code can be used once only; wait for the next one.")
	}
	return actor, nil
}

// ChangePassword sets a new password and ends all other sessions of the actor.
// It appends identity.person.changed. Errors are "identity.reproof_failed"
// (Forbidden), "identity.password_weak" (Invalid) and the Limited faults of
// [Service.SignInFrom].
func (s *Service) ChangePassword(ctx context.Context, r Reproof, password string) error {
	password = normalisePassword(password)
	if err := s.checkOwnPassword(ctx, password); err != nil {
		return err
	}
	actor, err := s.reprove(ctx, r)
	if err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		if err := setPassword(ctx, tx.Tx, actor.ID, hash); err != nil {
			return err
		}
		if err := s.raiseEpoch(ctx, tx.Tx, actor.ID, actor.SessionID); err != nil {
			return err
		}
		_, err := s.append(ctx, tx, KindPersonChanged, actor.ID, personBody{Person: actor.ID, Change: "password changed"})
		return err
	})
}

// checkOwnPassword refuses a weak password before a code is used up for it.
func (s *Service) checkOwnPassword(ctx context.Context, password string) error {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionProfileManage); err != nil {
		return err
	}
	var p Person
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		p, err = loadPerson(ctx, tx, actor.ID)
		return notFound(err)
	})
	if err != nil {
		return err
	}
	return checkPassword(password, p)
}

// NewRecoveryCodes replaces the actor's recovery codes; the result is shown
// this once. It appends identity.person.changed. Errors as of ChangePassword.
func (s *Service) NewRecoveryCodes(ctx context.Context, r Reproof) ([]string, error) {
	actor, err := s.reprove(ctx, r)
	if err != nil {
		return nil, err
	}
	codes, hashes, err := s.drawRecovery(actor.ID)
	if err != nil {
		return nil, err
	}
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		if err := replaceRecovery(ctx, tx.Tx, actor.ID, hashes); err != nil {
			return err
		}
		_, err := s.append(ctx, tx, KindPersonChanged, actor.ID, personBody{Person: actor.ID, Change: "recovery codes replaced"})
		return err
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Reenrol gives the actor an invitation to themselves: to move the second
// factor to another device. What they have stays valid until it is accepted.
// It appends identity.person.changed. Errors as of ChangePassword.
func (s *Service) Reenrol(ctx context.Context, r Reproof) (Invitation, error) {
	actor, err := s.reprove(ctx, r)
	if err != nil {
		return Invitation{}, err
	}
	var inv Invitation
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) (err error) {
		if inv, err = s.invite(ctx, tx.Tx, actor.ID); err != nil {
			return err
		}
		_, err = s.append(ctx, tx, KindPersonChanged, actor.ID, personBody{Person: actor.ID, Change: "invited"})
		return err
	})
	return inv, err
}
