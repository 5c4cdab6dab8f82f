// SPDX-License-Identifier: Apache-2.0

package office

import (
	"context"
	"errors"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of module "authz".
const (
	ActionRead       authz.Action = "authz:authority:read"
	ActionAdminister authz.Action = "authz:authority:administer"
	ActionDelegate   authz.Action = "authz:delegation:grant"
)

// Actions returns the actions of module "authz".
func Actions() []authz.ActionDef {
	inside := slices.DeleteFunc(authz.Roles(), func(r authz.Role) bool { return r == authz.RoleOutsider })
	writers := slices.DeleteFunc(slices.Clone(inside), func(r authz.Role) bool { return r == authz.RoleAuditor })
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "See ranks, posts, bodies and delegations.", Roles: inside, Read: true},
		{Name: ActionAdminister, Summary: "Appoint to posts and bodies, and delegate and revoke for others.", Roles: []authz.Role{authz.RoleAdmin}},
		{Name: ActionDelegate, Summary: "Delegate a post that one holds, or end a delegation one is part of.", Roles: writers},
	}
}

// The kinds of entry of module "authz".
const (
	KindRanks   = "authz.ranks.changed"
	KindPost    = "authz.post.changed"
	KindBody    = "authz.body.changed"
	KindGranted = "authz.delegation.granted"
	KindRevoked = "authz.delegation.revoked"
)

// Kinds returns the kinds of ledger entry that this package appends.
func Kinds() []string { return []string{KindRanks, KindPost, KindBody, KindGranted, KindRevoked} }

// Deps are what the service needs. Writer is that of module "authz" with [Kinds].
type Deps struct {
	DB     *store.DB
	Writer *ledger.Writer
	Policy *authz.Policy
	// Organisation returns nil if the organisation exists, else a NotFound fault.
	Organisation func(ctx context.Context, r store.Reader, id string) error
}

// Service administers authority. It takes the actor from the context, checks
// their action, and is safe for concurrent use.
type Service struct{ Deps }

// New returns the service. All of Deps is needed.
func New(d Deps) *Service { return &Service{d} }

// Authority returns ranks, posts, bodies and delegations for display.
func (s *Service) Authority(ctx context.Context) (authz.Authority, error) {
	if err := s.Policy.Require(authz.ActorFrom(ctx), ActionRead); err != nil {
		return authz.Authority{}, err
	}
	var a authz.Authority
	err := s.DB.Read(ctx, func(tx *store.ReadTx) (err error) {
		a, err = authz.LoadAuthority(ctx, tx)
		return err
	})
	return a, err
}

// errUnchanged ends a transaction that has nothing to record.
var errUnchanged = errors.New("unchanged")

// SetRanks makes ranks, low to high, the configured ones. App calls it at
// start-up and after a reload; it records an entry only if something differs.
// It refuses an empty or repeated name, and to drop a rank that a post uses.
func (s *Service) SetRanks(ctx context.Context, ranks []authz.Rank) error {
	if err := checkRanks(ranks); err != nil {
		return err
	}
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := authz.LoadAuthority(ctx, tx)
		if err != nil {
			return err
		}
		if slices.Equal(a.Ranks, ranks) {
			return errUnchanged
		}
		for _, p := range a.Posts {
			if !slices.ContainsFunc(ranks, func(r authz.Rank) bool { return r.Name == p.Rank }) {
				return fault.New(fault.Conflict, "authz.rank_in_use",
					"The configuration drops the rank %s, which the post %s still has. Move the post to another rank first.", p.Rank, p.Title)
			}
		}
		if err := replaceRanks(ctx, tx.Tx, ranks); err != nil {
			return err
		}
		_, err = s.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindRanks, Actor: authz.System("configuration").Ref(), Subject: "authority:ranks",
			Body: ranksBody{Ranks: rankNames(ranks)}, Visibility: string(authz.Internal),
		})
		return err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

type ranksBody struct {
	Ranks []string `json:"ranks"` // low to high
}

func rankNames(ranks []authz.Rank) []string {
	names := make([]string, len(ranks))
	for i, r := range ranks {
		names[i] = r.Name
	}
	return names
}

func checkRanks(ranks []authz.Rank) error {
	names := map[string]bool{}
	for _, r := range ranks {
		if r.Name == "" || r.Title == "" {
			return fault.New(fault.Invalid, "authz.rank_invalid", "Each rank needs a name and a title.")
		}
		if names[r.Name] {
			return fault.New(fault.Invalid, "authz.rank_invalid", "The rank %s is listed twice.", r.Name)
		}
		names[r.Name] = true
	}
	return nil
}

// administer runs fn in a decision of somebody who may administer authority.
func (s *Service) administer(ctx context.Context, fn func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error) error {
	actor := authz.ActorFrom(ctx)
	if err := s.Policy.Require(actor, ActionAdminister); err != nil {
		return err
	}
	return s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := authz.LoadAuthority(ctx, tx)
		if err != nil {
			return err
		}
		return fn(tx, actor, a)
	})
}

// mustBeActive adds a field error for a person without an active account.
func mustBeActive(ctx context.Context, tx *ledger.Tx, path, person string, fields *[]fault.Field) error {
	active, err := authz.Active(ctx, tx, person)
	if err != nil {
		return err
	}
	if !active {
		*fields = append(*fields, fault.Field{Path: path, Code: "authz.person_inactive", Message: "Choose a person with an active account."})
	}
	return nil
}

// mustExist adds a field error for an organisation that does not exist.
func (s *Service) mustExist(ctx context.Context, tx *ledger.Tx, organisation string, fields *[]fault.Field) error {
	err := s.Organisation(ctx, tx, organisation)
	if fault.Is(err, fault.NotFound) {
		*fields = append(*fields, fault.Field{Path: "organisation", Code: "unknown", Message: "Choose an organisation from the list."})
		return nil
	}
	return err
}

func stale() error {
	return fault.New(fault.Stale, "authz.stale",
		"Somebody changed this in the meantime. Reload it, compare, and make your change again.")
}

func selfAppointment() error {
	return fault.New(fault.Forbidden, "authz.self_appointment",
		"Nobody gives authority to themselves. Ask another administrator to make this change.")
}
