// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Deactivate closes an account that stands at that version, else Stale. In one
// transaction its sessions end, its tokens are revoked, its invitations are
// void and its delegations end. Nobody deactivates themselves
// ("identity.self") or the last administrator ("identity.last_admin"); doing it
// twice is a Conflict. It appends identity.person.deactivated with the reason.
func (s *Service) Deactivate(ctx context.Context, id string, version int64, reason string) (Person, error) {
	return s.changePerson(ctx, id, version, func(tx *ledger.Tx, p *Person) (string, any, error) {
		var f fields
		if !isLine(reason) {
			f.add("reason", "line", "Say why, in one line of at most 200 bytes, without characters that hide or reorder others.")
		}
		if err := fault.InvalidFields("identity.person_invalid", f); err != nil {
			return "", nil, err
		}
		if id == authz.ActorFrom(ctx).ID {
			return "", nil, selfFault()
		}
		if !p.Active {
			return "", nil, fault.New(fault.Conflict, "identity.inactive", "This account is not active.")
		}
		p.Active = false
		if err := keepAdmin(ctx, tx, id, p.Roles, false); err != nil {
			return "", nil, err
		}
		return KindPersonDeactivated, personBody{Person: id, Reason: reason, Version: p.Version}, s.close(ctx, tx, p)
	})
}

// close ends whatever an account can act by.
func (s *Service) close(ctx context.Context, tx *ledger.Tx, p *Person) error {
	now := s.now()
	if err := s.raiseEpoch(ctx, tx.Tx, p.ID, ""); err != nil {
		return err
	}
	p.Epoch++
	if err := revokeTokens(ctx, tx.Tx, p.ID, now); err != nil {
		return err
	}
	if err := useInvitations(ctx, tx.Tx, p.ID, now); err != nil {
		return err
	}
	return authz.SetActive(ctx, tx.Tx, p.ID, false)
}

// Reactivate opens a closed account that stands at that version, else Stale.
// Its old password, second factor, tokens and delegations do not come back: a
// person gets an invitation. It appends identity.person.reactivated.
func (s *Service) Reactivate(ctx context.Context, id string, version int64) (Person, Invitation, error) {
	var inv Invitation
	p, err := s.changePerson(ctx, id, version, func(tx *ledger.Tx, p *Person) (string, any, error) {
		if id == authz.ActorFrom(ctx).ID {
			return "", nil, selfFault()
		}
		if p.Active {
			return "", nil, fault.New(fault.Conflict, "identity.active", "This account is active already.")
		}
		p.Active, p.Enrolled = true, false
		if err := removeCredentials(ctx, tx.Tx, id); err != nil {
			return "", nil, err
		}
		if err := authz.SetActive(ctx, tx.Tx, id, true); err != nil {
			return "", nil, err
		}
		if p.Kind == authz.KindPerson {
			var err error
			if inv, err = s.invite(ctx, tx.Tx, id); err != nil {
				return "", nil, err
			}
		}
		return KindPersonReactivated, personBody{Person: id, Version: p.Version}, nil
	})
	return p, inv, err
}

// removeCredentials takes password, second factor and recovery codes away.
func removeCredentials(ctx context.Context, tx *store.Tx, person string) error {
	if err := setCredentials(ctx, tx, person, "", nil, 0); err != nil {
		return err
	}
	return replaceRecovery(ctx, tx, person, nil)
}

// EndSessions ends all sessions of somebody else's account, as an
// administrator. It appends identity.session.ended_all.
func (s *Service) EndSessions(ctx context.Context, id string) error {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionPersonAdminister); err != nil {
		return err
	}
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error { return s.EndAll(ctx, tx, id, "ended by an administrator") })
}

// tombstone is the name of an erased account.
const tombstone = "Erased person"

// Erase replaces login, name and mail address of a person by a tombstone in
// the caller's transaction and removes everything else that is held about
// them; the id stays, because decisions refer to it. An active account is
// closed first. It appends identity.person.erased. It checks no action: that
// is for whoever orchestrates the erasure over all modules. Erasing twice, or
// an unknown person, changes nothing.
func (s *Service) Erase(ctx context.Context, tx *ledger.Tx, personID string) error {
	p, err := loadPerson(ctx, tx, personID)
	if err != nil {
		return notFound(err)
	}
	if !p.ErasedAt.IsZero() {
		return nil
	}
	if p.Active {
		if err := keepAdmin(ctx, tx, personID, p.Roles, false); err != nil {
			return err
		}
	}
	if err := s.close(ctx, tx, &p); err != nil {
		return err
	}
	if err := removeCredentials(ctx, tx.Tx, personID); err != nil {
		return err
	}
	if err := removeTraces(ctx, tx.Tx, personID, mac(s.keys.failure, p.Login)); err != nil {
		return err
	}
	entry, err := s.append(ctx, tx, KindPersonErased, personID, personBody{Person: personID, Version: p.Version + 1})
	if err != nil {
		return err
	}
	return buryPerson(ctx, tx.Tx, personID, s.now(), entry)
}

// Held is one thing that is held about a person.
type Held struct {
	What, Where, Value string
}

// Holds returns what identity holds about a person, for the person's own
// export. Secrets and their hashes are named, not given.
func (s *Service) Holds(ctx context.Context, r store.Reader, personID string) ([]Held, error) {
	p, err := loadPerson(ctx, r, personID)
	if err != nil {
		return nil, notFound(err)
	}
	held := []Held{
		{"login", "account", p.Login}, {"name", "account", p.Name}, {"mail address", "account", p.Mail},
		{"roles", "account", joinRoles(p.Roles)}, {"created", "account", formatTime(p.CreatedAt)},
	}
	if p.Enrolled {
		held = append(held, Held{"password and second factor", "account", "set; kept as a hash and encrypted"})
	}
	groups, err := loadGroupNames(ctx, r, personID)
	if err != nil {
		return nil, err
	}
	for _, name := range groups {
		held = append(held, Held{"membership", "groups", name})
	}
	sessions, err := s.runningOf(ctx, personID)
	if err != nil {
		return nil, err
	}
	for _, one := range sessions {
		held = append(held, Held{"session", "sessions", "from " + formatTime(one.Begun) + ", last used " + formatTime(s.seenAt(one.record, one.Kept))})
	}
	tokens, err := listTokens(ctx, r, personID, "", maxTokens)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		held = append(held, Held{"API token", "tokens", t.Name + ", created " + formatTime(t.CreatedAt)})
	}
	return held, nil
}
