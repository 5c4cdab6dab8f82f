// SPDX-License-Identifier: Apache-2.0

package office

import (
	"context"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// maxDelegation is the longest a delegation may run. Chosen: whoever is away
// for longer than a year has left the post.
const maxDelegation = 366 * 24 * time.Hour

// DelegationInput is what a delegation is asked to be.
type DelegationInput struct {
	Post        string    // post id
	To          string    // person id
	From, Until time.Time // domain time, [From, Until); a From that is zero or past means now
	Reason      string    // shown to whoever relies on it
}

type delegationBody struct {
	Post   string    `json:"post"`
	Holder string    `json:"holder"`
	To     string    `json:"to"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
	Cause  string    `json:"cause,omitempty"` // of a revocation
}

// Delegate lets somebody act for the holder of a post. The holder may do it,
// and whoever administers authority, but not to themselves. A delegate cannot
// pass on what was delegated: only the holder's own post can be.
func (s *Service) Delegate(ctx context.Context, in DelegationInput) (authz.Delegation, error) {
	actor := authz.ActorFrom(ctx)
	administers := s.Policy.Allowed(actor, ActionAdminister)
	if !administers {
		if err := s.Policy.Require(actor, ActionDelegate); err != nil {
			return authz.Delegation{}, err
		}
	}
	var d authz.Delegation
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := authz.LoadAuthority(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(a.Posts, func(p authz.Post) bool { return p.ID == in.Post })
		if i < 0 {
			return fault.ItemNotFound()
		}
		post := a.Posts[i]
		if post.Holder != actor.ID && !administers {
			return fault.New(fault.Forbidden, "authz.not_holder", "Only the holder of a post delegates it. Ask the holder, or an administrator.")
		}
		if post.Holder != actor.ID && in.To == actor.ID {
			return selfAppointment()
		}
		if in.From.Before(tx.Now()) {
			in.From = tx.Now()
		}
		if err := checkDelegation(ctx, tx, a, post, in); err != nil {
			return err
		}
		d = authz.Delegation{ID: tx.NewID(), Post: post.ID, Holder: post.Holder, To: in.To, From: in.From, Until: in.Until, Reason: in.Reason, Version: 1}
		entry, err := s.appendDelegation(ctx, tx, actor, KindGranted, d, "")
		if err != nil {
			return err
		}
		return insertDelegation(ctx, tx.Tx, d, entry)
	})
	return d, err
}

// Revoke ends a delegation at once, if it stands at that version, else Stale.
// The holder, the delegate and whoever administers authority may do it.
// Revoking twice is a Conflict.
func (s *Service) Revoke(ctx context.Context, id string, version int64) error {
	actor := authz.ActorFrom(ctx)
	administers := s.Policy.Allowed(actor, ActionAdminister)
	if !administers {
		if err := s.Policy.Require(actor, ActionDelegate); err != nil {
			return err
		}
	}
	return s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := authz.LoadAuthority(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(a.Delegations, func(d authz.Delegation) bool { return d.ID == id })
		if i < 0 {
			return fault.ItemNotFound()
		}
		d := a.Delegations[i]
		switch {
		case !administers && actor.ID != d.Holder && actor.ID != d.To:
			return fault.New(fault.Forbidden, "authz.not_party", "Only the two people of a delegation end it. Ask one of them, or an administrator.")
		case !d.RevokedAt.IsZero():
			return fault.New(fault.Conflict, "authz.delegation_ended", "This delegation was ended before.")
		case d.Version != version:
			return stale()
		}
		return s.revoke(ctx, tx, actor, d, "revoked")
	})
}

// revokeAllOf revokes what is left of a post's delegations.
func (s *Service) revokeAllOf(ctx context.Context, tx *ledger.Tx, actor authz.Actor, a authz.Authority, post, cause string) error {
	for _, d := range a.Delegations {
		if d.Post != post || !d.RevokedAt.IsZero() || !tx.Now().Before(d.Until) {
			continue
		}
		if err := s.revoke(ctx, tx, actor, d, cause); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) revoke(ctx context.Context, tx *ledger.Tx, actor authz.Actor, d authz.Delegation, cause string) error {
	entry, err := s.appendDelegation(ctx, tx, actor, KindRevoked, d, cause)
	if err != nil {
		return err
	}
	return endDelegation(ctx, tx.Tx, d.ID, tx.Now(), entry)
}

func checkDelegation(ctx context.Context, tx *ledger.Tx, a authz.Authority, post authz.Post, in DelegationInput) error {
	if !a.Filled(post, tx.Now()) {
		return fault.New(fault.Conflict, "authz.post_vacant",
			"This post is vacant, so there is nobody to act for. Its authority has moved up; appoint a holder first.")
	}
	var fields []fault.Field
	if in.To == post.Holder {
		fields = append(fields, fault.Field{Path: "to", Code: "self", Message: "Choose somebody other than the holder."})
	} else if err := mustBeActive(ctx, tx, "to", in.To, &fields); err != nil {
		return err
	}
	if !in.From.Before(in.Until) || in.Until.Sub(in.From) > maxDelegation {
		fields = append(fields, fault.Field{Path: "until", Code: "range", Message: "Choose an end after the beginning and at most 366 days later."})
	}
	if !isLine(in.Reason) {
		fields = append(fields, fault.Field{Path: "reason", Code: "length", Message: "Say why, in one line of at most 200 bytes, without characters that hide or reorder others."})
	}
	return fault.InvalidFields("authz.delegation_invalid", fields)
}

func (s *Service) appendDelegation(ctx context.Context, tx *ledger.Tx, actor authz.Actor, kind string, d authz.Delegation, cause string) (int64, error) {
	return s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: actor.Ref(), Subject: "delegation:" + d.ID, Item: "delegation:" + d.ID, Visibility: string(authz.Internal),
		Body: delegationBody{Post: d.Post, Holder: d.Holder, To: d.To, From: d.From, Until: d.Until, Reason: d.Reason, Cause: cause},
	})
}
