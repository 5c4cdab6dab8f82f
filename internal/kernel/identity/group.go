// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// GroupInput is what an administrator says about a group.
type GroupInput struct {
	Name    string
	Members []string // person ids
}

type groupBody struct {
	Group   string   `json:"group"`
	Change  string   `json:"change"` // created, changed, removed
	Members []string `json:"members"`
	Version int64    `json:"version"`
}

// CreateGroup creates a group. It appends identity.group.changed. Errors are
// "identity.group_invalid" (Invalid with fields) and "identity.name_taken" (Conflict).
func (s *Service) CreateGroup(ctx context.Context, in GroupInput) (Group, error) {
	g := Group{Version: 1}
	err := s.administerGroups(ctx, func(tx *ledger.Tx) error {
		g.ID = tx.NewID()
		if err := fillGroup(ctx, tx, &g, in); err != nil {
			return err
		}
		entry, err := s.appendGroup(ctx, tx, g, "created")
		if err != nil {
			return err
		}
		if err := groups.Insert(ctx, tx.Tx, g, store.Value("entry", entry)); err != nil {
			return err
		}
		return setGroupMembers(ctx, tx.Tx, g)
	})
	return g, err
}

// ChangeGroup replaces name and members of a group that stands at that
// version, else Stale. It appends identity.group.changed.
func (s *Service) ChangeGroup(ctx context.Context, id string, version int64, in GroupInput) (Group, error) {
	var g Group
	err := s.administerGroups(ctx, func(tx *ledger.Tx) error {
		var err error
		if g, err = loadGroup(ctx, tx, id); err != nil {
			return err
		}
		if g.Version != version {
			return stale()
		}
		g.Version++
		if err := fillGroup(ctx, tx, &g, in); err != nil {
			return err
		}
		entry, err := s.appendGroup(ctx, tx, g, "changed")
		if err != nil {
			return err
		}
		if err := groups.Update(ctx, tx.Tx, g, version, store.Value("entry", entry)); err != nil {
			return err
		}
		return setGroupMembers(ctx, tx.Tx, g)
	})
	return g, err
}

// RemoveGroup removes a group that stands at that version, else Stale. What was
// shared with it is not shared through it any more. It appends
// identity.group.changed.
func (s *Service) RemoveGroup(ctx context.Context, id string, version int64) error {
	return s.administerGroups(ctx, func(tx *ledger.Tx) error {
		g, err := loadGroup(ctx, tx, id)
		if err != nil {
			return err
		}
		if g.Version != version {
			return stale()
		}
		g.Version++
		if _, err := s.appendGroup(ctx, tx, g, "removed"); err != nil {
			return err
		}
		return deleteGroup(ctx, tx.Tx, id)
	})
}

// Groups lists all groups with their members, by name.
func (s *Service) Groups(ctx context.Context) ([]Group, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionDirectoryRead); err != nil {
		return nil, err
	}
	var all []Group
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		all, err = loadGroups(ctx, tx)
		return err
	})
	return all, err
}

// Group returns one group with its members.
func (s *Service) Group(ctx context.Context, id string) (Group, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionDirectoryRead); err != nil {
		return Group{}, err
	}
	var g Group
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		g, err = loadGroup(ctx, tx, id)
		return err
	})
	return g, err
}

func (s *Service) administerGroups(ctx context.Context, fn func(tx *ledger.Tx) error) error {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionGroupAdminister); err != nil {
		return err
	}
	return s.writer.Decide(ctx, fn)
}

// fillGroup checks an input and puts it into g. An administrator does not put
// themselves into a group: it would show them what was shared with others.
func fillGroup(ctx context.Context, tx *ledger.Tx, g *Group, in GroupInput) error {
	members := slices.Clone(in.Members)
	slices.Sort(members)
	members = slices.Compact(members)
	actor := authz.ActorFrom(ctx).ID
	if slices.Contains(members, actor) && !slices.Contains(g.Members, actor) {
		return selfFault()
	}
	var f fields
	f.name(in.Name)
	names, err := loadNames(ctx, tx, members)
	if err != nil {
		return err
	}
	if len(names) != len(members) {
		f.add("members", "unknown", "Choose members from the list of people.")
	}
	if err := fault.InvalidFields("identity.group_invalid", f); err != nil {
		return err
	}
	g.Name, g.Members = strings.TrimSpace(in.Name), members
	return nameFree(ctx, tx, "SELECT COUNT(*) FROM identity_group WHERE name = $1 AND id <> $2", g.Name, g.ID)
}

// nameFree refuses a name that another row has.
func nameFree(ctx context.Context, r store.Reader, query, name, id string) error {
	var taken int64
	if err := r.QueryRow(ctx, query, name, id).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return fault.New(fault.Conflict, "identity.name_taken", "This name is taken. Choose another.")
	}
	return nil
}

func (s *Service) appendGroup(ctx context.Context, tx *ledger.Tx, g Group, change string) (int64, error) {
	return s.appendAbout(ctx, tx, KindGroupChanged, "group:"+g.ID,
		groupBody{Group: g.ID, Change: change, Members: g.Members, Version: g.Version})
}
