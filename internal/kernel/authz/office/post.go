// SPDX-License-Identifier: Apache-2.0

package office

import (
	"context"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/web"
)

// PostInput is what an administrator says about a post.
type PostInput struct {
	Organisation string // organisation id; fixed once the post exists
	Rank         string
	Function     string // slug; may be empty
	Title        string
	Holder       string    // person id; empty for a vacancy
	Since, Until time.Time // domain time, [Since, Until); zero is no limit
}

type postBody struct {
	Change       string     `json:"change"` // created, changed, abolished
	Organisation string     `json:"organisation"`
	Rank         string     `json:"rank"`
	Function     string     `json:"function,omitempty"`
	Title        string     `json:"title"`
	Holder       string     `json:"holder,omitempty"`
	Since        *time.Time `json:"since,omitempty"`
	Until        *time.Time `json:"until,omitempty"`
	Version      int64      `json:"version"`
}

// CreatePost establishes a post. It returns Invalid with fields, or
// "authz.self_appointment" if the holder is the actor.
func (s *Service) CreatePost(ctx context.Context, in PostInput) (authz.Post, error) {
	var p authz.Post
	err := s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error {
		if err := s.checkPost(ctx, tx, a, in); err != nil {
			return err
		}
		if in.Holder == actor.ID {
			return selfAppointment()
		}
		p = authz.Post{ID: tx.NewID(), Organisation: in.Organisation, Version: 1}
		fillPost(&p, in)
		entry, err := s.appendPost(ctx, tx, actor, p, "created")
		if err != nil {
			return err
		}
		return insertPost(ctx, tx.Tx, p, entry)
	})
	return p, err
}

// ChangePost changes a post that stands at that version, else Stale. When the
// post changes hands, the delegations of its former holder are revoked, each
// with an entry, so that they do not revive should the holder come back.
func (s *Service) ChangePost(ctx context.Context, id string, version int64, in PostInput) (authz.Post, error) {
	var p authz.Post
	err := s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error {
		old, err := findPost(a, id, version)
		if err != nil {
			return err
		}
		in.Organisation = old.Organisation
		if err := s.checkPost(ctx, tx, a, in); err != nil {
			return err
		}
		p = old
		fillPost(&p, in)
		p.Version++
		if p.Holder == actor.ID && widens(a, old, p) {
			return selfAppointment()
		}
		if p.Holder != old.Holder {
			if err := s.revokeAllOf(ctx, tx, actor, a, id, "the post changed hands"); err != nil {
				return err
			}
		}
		entry, err := s.appendPost(ctx, tx, actor, p, "changed")
		if err != nil {
			return err
		}
		return updatePost(ctx, tx.Tx, p, time.Time{}, entry)
	})
	return p, err
}

// AbolishPost ends a post at that version, else Stale. Its delegations are
// revoked. The row stays, because decisions refer to it.
func (s *Service) AbolishPost(ctx context.Context, id string, version int64) error {
	return s.administer(ctx, func(tx *ledger.Tx, actor authz.Actor, a authz.Authority) error {
		p, err := findPost(a, id, version)
		if err != nil {
			return err
		}
		p.Version++
		if err := s.revokeAllOf(ctx, tx, actor, a, id, "the post was abolished"); err != nil {
			return err
		}
		entry, err := s.appendPost(ctx, tx, actor, p, "abolished")
		if err != nil {
			return err
		}
		return updatePost(ctx, tx.Tx, p, tx.Now(), entry)
	})
}

// widens reports whether a change gives the holder of the post something:
// another holder, another rank or function, or a longer time. Title alone does not.
func widens(a authz.Authority, old, p authz.Post) bool {
	return old.Holder != p.Holder || a.RankIndex(p.Rank) > a.RankIndex(old.Rank) ||
		old.Function != p.Function || !old.Since.Equal(p.Since) || !old.Until.Equal(p.Until)
}

func findPost(a authz.Authority, id string, version int64) (authz.Post, error) {
	i := slices.IndexFunc(a.Posts, func(p authz.Post) bool { return p.ID == id })
	if i < 0 {
		return authz.Post{}, fault.ItemNotFound()
	}
	if a.Posts[i].Version != version {
		return authz.Post{}, stale()
	}
	return a.Posts[i], nil
}

func fillPost(p *authz.Post, in PostInput) {
	p.Rank, p.Function, p.Title, p.Holder = in.Rank, in.Function, in.Title, in.Holder
	p.Since, p.Until = in.Since, in.Until
}

func (s *Service) checkPost(ctx context.Context, tx *ledger.Tx, a authz.Authority, in PostInput) error {
	var fields []fault.Field
	wrong := func(path, code, message string) {
		fields = append(fields, fault.Field{Path: path, Code: code, Message: message})
	}
	if err := s.mustExist(ctx, tx, in.Organisation, &fields); err != nil {
		return err
	}
	if !isLine(in.Title) {
		wrong("title", "length", "Give the post a title of one line and at most 200 bytes, without characters that hide or reorder others.")
	}
	if a.RankIndex(in.Rank) < 0 {
		wrong("rank", "unknown", "Choose one of the configured ranks.")
	}
	if in.Function != "" && !isSlug(in.Function) {
		wrong("function", "format", "Write the function in lower-case letters, digits and hyphens, beginning with a letter.")
	}
	if !in.Until.IsZero() && !in.Since.Before(in.Until) {
		wrong("until", "order", "The appointment must end after it begins.")
	}
	if in.Holder != "" {
		if err := mustBeActive(ctx, tx, "holder", in.Holder, &fields); err != nil {
			return err
		}
	}
	return fault.InvalidFields("authz.post_invalid", fields)
}

// maxLine limits titles, names and reasons, in bytes.
const maxLine = 200

// isLine reports whether s is a text of one line that can stand in a page.
func isLine(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxLine && web.PlainName(s)
}

func isSlug(s string) bool {
	if len(s) > 40 {
		return false
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func (s *Service) appendPost(ctx context.Context, tx *ledger.Tx, actor authz.Actor, p authz.Post, change string) (int64, error) {
	return s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: KindPost, Actor: actor.Ref(), Subject: "post:" + p.ID, Item: "post:" + p.ID, Visibility: string(authz.Internal),
		Body: postBody{
			Change: change, Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title, Holder: p.Holder,
			Since: optional(p.Since), Until: optional(p.Until), Version: p.Version,
		},
	})
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
