// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"html/template"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// MaxComment is the largest comment in bytes.
const MaxComment = 32 << 10

// Comment is what one person wrote about an item.
type Comment struct {
	ID       string    `json:"id"`
	Item     string    `json:"item" doc:"what it is about, type:id"`
	Thread   string    `json:"thread,omitempty" doc:"the thread of the item that it stands in; absent: the general discussion"`
	Author   string    `json:"author" doc:"id of a person"`
	Version  int64     `json:"version" doc:"counts the texts; the ETag"` // from 1
	Text     string    `json:"text" doc:"Markdown; empty when erased"`
	PostedAt time.Time `json:"posted_at"`
	EditedAt time.Time `json:"edited_at,omitzero"` // zero: never
	ErasedAt time.Time `json:"erased_at,omitzero"` // zero: not erased
	ErasedBy string    `json:"-"`                  // authz.Actor.Ref
	Entry    int64     `json:"entry,omitempty" doc:"ledger entry of the latest change; absent if you may not read the ledger"`
}

// HTML returns the text rendered by [Markdown].
func (c Comment) HTML() template.HTML { return Markdown(c.Text) }

// Erased reports whether the text is gone.
func (c Comment) Erased() bool { return !c.ErasedAt.IsZero() }

// The codes of faults about comments.
const (
	CodeStale  = "content.stale"
	CodeErased = "content.already_erased"
)

// commentBody is the body of entries about a comment.
type commentBody struct {
	Comment string `json:"comment"`
	Thread  string `json:"thread,omitempty"`
	Version int64  `json:"version"`
	Digest  string `json:"salted_sha256"` // as of Digest
}

// Post writes a comment of the actor into a thread of an item, "" for its general
// discussion, as a decision of its own. [Deps.Threads] say which others there are.
func (s *Service) Post(ctx context.Context, item, thread, text string) (Comment, error) {
	var c Comment
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) (err error) {
		c, err = s.Answer(ctx, tx, item, thread, text)
		return err
	})
	return c, err
}

// Answer is [Service.Post] as part of a decision that does not know the item, such as
// that to take a mail: whether the thread is one to write into is asked.
func (s *Service) Answer(ctx context.Context, tx *ledger.Tx, item, thread, text string) (Comment, error) {
	if err := s.mayWriteInto(ctx, tx, item, thread); err != nil {
		return Comment{}, err
	}
	return s.PostIn(ctx, tx, item, thread, text)
}

// PostIn is [Service.Post] as part of the decision of the module that keeps the
// item, which knows whether the thread is one to write into: it is not asked again.
func (s *Service) PostIn(ctx context.Context, tx *ledger.Tx, item, thread, text string) (Comment, error) {
	res, err := s.check(ctx, tx, ActionComment, item)
	if err != nil {
		return Comment{}, err
	}
	if err := checkThread(thread); err != nil {
		return Comment{}, err
	}
	if err := checkText(text); err != nil {
		return Comment{}, err
	}
	if err := open(ctx, tx.Tx, item, res.Visibility); err != nil {
		return Comment{}, err
	}
	a := authz.ActorFrom(ctx)
	c := Comment{ID: tx.NewID(), Item: item, Thread: thread, Author: a.ID, Version: 1, Text: text, PostedAt: tx.Now()}
	salt, err := s.appendComment(ctx, tx, KindPosted, res, &c)
	if err != nil {
		return Comment{}, err
	}
	if err := comments.Insert(ctx, tx.Tx, c, store.Value("salt", salt)); err != nil {
		return Comment{}, err
	}
	return c, s.changed(ctx, tx, c.passage())
}

// Edit replaces the text of the actor's own comment; version is the one that the
// actor saw. The old text stays readable as an earlier version.
func (s *Service) Edit(ctx context.Context, id string, version int64, text string) (Comment, error) {
	var c Comment
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		var res authz.Resource
		var err error
		if c, res, err = s.own(ctx, tx, ActionComment, id); err != nil {
			return err
		}
		switch {
		case c.Author != authz.ActorFrom(ctx).ID:
			return fault.New(fault.Forbidden, "content.not_author", "Only its author can change a comment. Write one of your own.")
		case c.Erased():
			return alreadyErased()
		case c.Version != version:
			return stale()
		}
		if err := s.mayEditIn(ctx, tx, c); err != nil {
			return err
		}
		if err := checkText(text); err != nil {
			return err
		}
		if err := keepVersion(ctx, tx, c); err != nil {
			return err
		}
		c.Version, c.Text, c.EditedAt = c.Version+1, text, tx.Now()
		salt, err := s.appendComment(ctx, tx, KindEdited, res, &c)
		if err != nil {
			return err
		}
		if err := comments.Update(ctx, tx.Tx, c, version, store.Value("salt", salt)); err != nil {
			return err
		}
		return s.changed(ctx, tx, c.passage())
	})
	return c, err
}

// own loads a comment on whose item the actor may do action.
func (s *Service) own(ctx context.Context, tx *ledger.Tx, action authz.Action, id string) (Comment, authz.Resource, error) {
	c, err := findComment(ctx, tx, authz.ActorFrom(ctx), id)
	if err != nil {
		return Comment{}, authz.Resource{}, err
	}
	res, err := s.check(ctx, tx, action, c.Item)
	return c, res, err
}

func (s *Service) appendComment(ctx context.Context, tx *ledger.Tx, kind string, res authz.Resource, c *Comment) (salt []byte, err error) {
	salt, digest, err := s.seal([]byte(c.Text))
	if err != nil {
		return nil, err
	}
	c.Entry, err = s.writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: authz.ActorFrom(ctx).Ref(), Subject: "comment:" + c.ID, Item: c.Item, Visibility: string(res.Visibility),
		Body: commentBody{c.ID, c.Thread, c.Version, digest},
	})
	return salt, err
}

// checkText refuses what is no comment. The path is that of the form's field.
func checkText(text string) error {
	field := fault.Field{Path: "text"}
	switch {
	case strings.TrimSpace(text) == "":
		field.Code, field.Message = "required", "Write something."
	case len(text) > MaxComment:
		field.Code, field.Message = "too_long", "Write at most 32 KiB, or attach a file."
	case !web.PlainText(text):
		field.Code, field.Message = "not_text", "This holds bytes that are not text, or characters that are not seen and hide or reorder others. Type it anew."
	default:
		return nil
	}
	return fault.InvalidFields("content.comment", []fault.Field{field})
}

func stale() error {
	return fault.New(fault.Stale, CodeStale, "This comment was changed after you opened it. Look at the current text, then make your change again; what you entered is still in your form.")
}

func alreadyErased() error {
	return fault.New(fault.Conflict, CodeErased, "This was erased before. There is nothing left to change.")
}

// Page is one page of a list. Next is the cursor of the following page, or empty.
type Page struct {
	Comments []Comment
	Next     string
}

// DefaultLimit is how many comments a page has.
const DefaultLimit = store.DefaultLimit

// Comments returns the comments of a thread of an item, "" for its general
// discussion, the oldest first; cursor is empty or the Next of an earlier page,
// limit 0 means [DefaultLimit]. A thread that is not there has no comments.
func (s *Service) Comments(ctx context.Context, item, thread, cursor string, limit int) (Page, error) {
	at, id, err := parseCursor(cursor)
	if err != nil {
		return Page{}, err
	}
	limit = store.Limit(limit)
	var page Page
	err = s.db.Read(ctx, func(r *store.ReadTx) error {
		if _, err := s.check(ctx, r, ActionRead, item); err != nil {
			return err
		}
		all, err := commentsOf(ctx, r, item, thread, at, id, limit+1)
		page.Comments, page.Next = store.Page(all, limit, func(last Comment) string { return formatCursor(last.PostedAt, last.ID) })
		return err
	})
	return page, err
}

// Versions returns all texts of a comment, the oldest first, the current one last.
// Each has the time at which it was written as PostedAt.
func (s *Service) Versions(ctx context.Context, id string) ([]Comment, error) {
	var all []Comment
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		c, err := findComment(ctx, r, authz.ActorFrom(ctx), id)
		if err != nil {
			return err
		}
		if _, err := s.check(ctx, r, ActionRead, c.Item); err != nil {
			return err
		}
		all, err = versionsOf(ctx, r, c)
		return err
	})
	return all, err
}

// Comment returns one comment that the actor may read.
func (s *Service) Comment(ctx context.Context, id string) (Comment, error) {
	var c Comment
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		var err error
		if c, err = findComment(ctx, r, authz.ActorFrom(ctx), id); err != nil {
			return err
		}
		_, err = s.check(ctx, r, ActionRead, c.Item)
		return err
	})
	if err != nil {
		return Comment{}, err
	}
	return c, nil
}

// Place returns a comment and the cursor of the page of its thread, of pages of
// [DefaultLimit], on which it stands.
func (s *Service) Place(ctx context.Context, id string) (Comment, string, error) {
	c, err := s.Comment(ctx, id)
	if err != nil {
		return Comment{}, "", err
	}
	cursor := ""
	for {
		page, err := s.Comments(ctx, c.Item, c.Thread, cursor, DefaultLimit)
		if err != nil {
			return Comment{}, "", err
		}
		here := slices.ContainsFunc(page.Comments, func(other Comment) bool { return other.ID == id })
		if here || page.Next == "" {
			return c, cursor, nil
		}
		cursor = page.Next
	}
}

// Thread is what a page about an item shows of its general discussion.
type Thread struct {
	Comments    int       // of it that are not erased
	Attachments int       // of the item that are not erased
	Latest      []Comment // the newest ones, the oldest of them first
}

// Thread returns how much there is in the general discussion of an item, and the
// latest comments of it. What stands in other threads is for their pages.
func (s *Service) Thread(ctx context.Context, item string, latest int) (Thread, error) {
	var t Thread
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		if _, err := s.check(ctx, r, ActionRead, item); err != nil {
			return err
		}
		var err error
		if t.Comments, err = countComments(ctx, r, item); err != nil {
			return err
		}
		if t.Attachments, err = countAttachments(ctx, r, item); err != nil {
			return err
		}
		t.Latest, err = latestComments(ctx, r, item, min(max(latest, 1), store.MaxLimit))
		return err
	})
	return t, err
}
