// SPDX-License-Identifier: Apache-2.0

package office

import (
	"context"
	"slices"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// BodyInput is what an administrator says about a body.
type BodyInput struct {
	Organisation string // organisation id; fixed once the body exists
	Name         string
	Members      []string // person ids
	Quorum       int      // from 1 to the number of members
}

type bodyBody struct {
	Change       string   `json:"change"` // created, changed, dissolved
	Organisation string   `json:"organisation"`
	Name         string   `json:"name"`
	Members      []string `json:"members"`
	Quorum       int      `json:"quorum"`
	Version      int64    `json:"version"`
}

// CreateBody establishes a body. It returns Invalid with fields, or
// "authz.self_appointment" if the actor is among the members.
func (s *Service) CreateBody(ctx context.Context, in BodyInput) (authz.Body, error) {
	var b authz.Body
	err := s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, _ authz.Authority) error {
		in.Members = sortedOnce(in.Members)
		if err := s.checkBody(ctx, tx, in); err != nil {
			return err
		}
		if slices.Contains(in.Members, actor.ID) {
			return selfAppointment()
		}
		b = authz.Body{ID: tx.NewID(), Organisation: in.Organisation, Name: in.Name, Members: in.Members, Quorum: in.Quorum, Version: 1}
		entry, err := s.appendBody(ctx, tx, actor, b, "created")
		if err != nil {
			return err
		}
		return insertBody(ctx, tx.Tx, b, entry)
	})
	return b, err
}

// ChangeBody changes a body that stands at that version, else Stale. A member
// who administers may change the body, but not lower its quorum, since that
// would raise the weight of their own voice.
func (s *Service) ChangeBody(ctx context.Context, id string, version int64, in BodyInput) (authz.Body, error) {
	var b authz.Body
	err := s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error {
		old, err := findBody(a, id, version)
		if err != nil {
			return err
		}
		in.Organisation = old.Organisation
		in.Members = sortedOnce(in.Members)
		if err := s.checkBody(ctx, tx, in); err != nil {
			return err
		}
		if slices.Contains(in.Members, actor.ID) && (!slices.Contains(old.Members, actor.ID) || in.Quorum < old.Quorum) {
			return selfAppointment()
		}
		b = old
		b.Name, b.Members, b.Quorum = in.Name, in.Members, in.Quorum
		b.Version++
		entry, err := s.appendBody(ctx, tx, actor, b, "changed")
		if err != nil {
			return err
		}
		return updateBody(ctx, tx.Tx, b, time.Time{}, entry)
	})
	return b, err
}

// DissolveBody ends a body at that version, else Stale. The row stays, because
// decisions refer to it.
func (s *Service) DissolveBody(ctx context.Context, id string, version int64) error {
	return s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error {
		b, err := findBody(a, id, version)
		if err != nil {
			return err
		}
		b.Version++
		entry, err := s.appendBody(ctx, tx, actor, b, "dissolved")
		if err != nil {
			return err
		}
		return updateBody(ctx, tx.Tx, b, tx.Now(), entry)
	})
}

func findBody(a authz.Authority, id string, version int64) (authz.Body, error) {
	i := slices.IndexFunc(a.Bodies, func(b authz.Body) bool { return b.ID == id })
	if i < 0 {
		return authz.Body{}, fault.ItemNotFound()
	}
	if a.Bodies[i].Version != version {
		return authz.Body{}, stale()
	}
	return a.Bodies[i], nil
}

func (s *Service) checkBody(ctx context.Context, tx *ledger.Tx, in BodyInput) error {
	var fields []fault.Field
	if err := s.mustExist(ctx, tx, in.Organisation, &fields); err != nil {
		return err
	}
	if !isLine(in.Name) {
		fields = append(fields, fault.Field{Path: "name", Code: "length", Message: "Give the body a name of one line and at most 200 bytes, without characters that hide or reorder others."})
	}
	if in.Quorum < 1 || in.Quorum > len(in.Members) {
		fields = append(fields, fault.Field{Path: "quorum", Code: "range", Message: "The quorum is at least 1 and at most the number of members."})
	}
	for i, member := range in.Members {
		if err := mustBeActive(ctx, tx, "members["+strconv.Itoa(i)+"]", member, &fields); err != nil {
			return err
		}
	}
	return fault.InvalidFields("authz.body_invalid", fields)
}

func sortedOnce(ids []string) []string {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func (s *Service) appendBody(ctx context.Context, tx *ledger.Tx, actor authz.Actor, b authz.Body, change string) (int64, error) {
	return s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: KindBody, Actor: actor.Ref(), Subject: "body:" + b.ID, Item: "body:" + b.ID, Visibility: string(authz.Internal),
		Body: bodyBody{Change: change, Organisation: b.Organisation, Name: b.Name, Members: b.Members, Quorum: b.Quorum, Version: b.Version},
	})
}
