// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

const maxReason = 2000 // bytes

// erasedBody is the body of the entry content.erased.
type erasedBody struct {
	What   string `json:"what"` // "comment" or "attachment"
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// EraseComment removes the text of a comment, with all its earlier versions, and
// leaves that there was one. Authors may erase their own while they may change it
// ([Deps].Edits); for others', and for what stands as it was judged, the actor needs
// content:erase. The reason stays in the ledger.
func (s *Service) EraseComment(ctx context.Context, id, reason string) error {
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		c, err := findComment(ctx, tx, authz.ActorFrom(ctx), id)
		if err != nil {
			return err
		}
		res, err := s.mayErase(ctx, tx, c.Item, c.Author, reason)
		if err != nil {
			return err
		}
		if c.Erased() {
			return alreadyErased()
		}
		if !s.policy.Allowed(authz.ActorFrom(ctx), ActionErase) {
			if err := s.mayEditIn(ctx, tx, c); err != nil {
				return err
			}
		}
		return s.eraseComment(ctx, tx, c, res.Visibility, authz.ActorFrom(ctx), reason)
	})
}

// EraseAttachment removes the bytes and the name of an attachment; see [Service.EraseComment].
func (s *Service) EraseAttachment(ctx context.Context, id, reason string) error {
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := findAttachment(ctx, tx, authz.ActorFrom(ctx), id)
		if err != nil {
			return err
		}
		res, err := s.mayErase(ctx, tx, a.Item, a.Author, reason)
		if err != nil {
			return err
		}
		if a.Erased() {
			return alreadyErased()
		}
		return s.eraseAttachment(ctx, tx, a, res.Visibility, authz.ActorFrom(ctx), reason)
	})
}

// mayErase checks that the actor sees the item and is the author or may erase
// what others wrote.
func (s *Service) mayErase(ctx context.Context, r store.Reader, item, author, reason string) (authz.Resource, error) {
	action := ActionErase
	if a := authz.ActorFrom(ctx); a.SignedIn() && a.ID == author {
		action = ActionComment
	}
	res, err := s.check(ctx, r, action, item)
	if err != nil {
		return authz.Resource{}, err
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxReason || !web.PlainText(reason) {
		return authz.Resource{}, fault.InvalidFields("content.erase", []fault.Field{{
			Path: "reason", Code: "required", Message: fmt.Sprintf("Say in at most %d bytes of plain text why this must go; the reason stays.", maxReason),
		}})
	}
	return res, nil
}

func (s *Service) eraseComment(ctx context.Context, tx *ledger.Tx, c Comment, v authz.Visibility, by authz.Actor, reason string) error {
	seq, err := s.appendErased(ctx, tx, whatComment, c.ID, c.Item, v, by, reason)
	if err != nil {
		return err
	}
	c.Text, c.ErasedAt, c.ErasedBy, c.Entry = "", tx.Now(), by.Ref(), seq
	if err := comments.Update(ctx, tx.Tx, c, c.Version, store.Value("salt", nil)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE content_comment_version SET body = NULL, salt = NULL WHERE comment = $1", c.ID); err != nil {
		return wrap(err, "erase the versions of a comment")
	}
	return s.changed(ctx, tx, c.passage())
}

func (s *Service) eraseAttachment(ctx context.Context, tx *ledger.Tx, a Attachment, v authz.Visibility, by authz.Actor, reason string) error {
	seq, err := s.appendErased(ctx, tx, whatAttachment, a.ID, a.Item, v, by, reason)
	if err != nil {
		return err
	}
	if err := wipeAttachment(ctx, tx, a.ID, tx.Now(), by.Ref(), seq); err != nil {
		return err
	}
	a.Name, a.ErasedAt = "", tx.Now()
	return s.changed(ctx, tx, a.passage(nil))
}

func (s *Service) appendErased(ctx context.Context, tx *ledger.Tx, what, id, item string, v authz.Visibility, by authz.Actor, reason string) (int64, error) {
	return s.writer.Append(ctx, tx, ledger.Entry{
		Kind: KindErased, Actor: by.Ref(), Subject: what + ":" + id, Item: item, Visibility: string(v),
		Body: erasedBody{what, id, reason},
	})
}

func wipeAttachment(ctx context.Context, tx *ledger.Tx, id string, at time.Time, by string, entry int64) error {
	_, err := tx.Exec(ctx, "UPDATE content_attachment SET name = '', sha256 = '', salt = NULL, erased_at = $1, erased_by = $2, entry = $3 WHERE id = $4", store.At(at), by, entry, id)
	if err != nil {
		return wrap(err, "erase an attachment")
	}
	_, err = tx.Exec(ctx, "DELETE FROM content_chunk WHERE attachment = $1", id)
	return wrap(err, "erase an attachment's bytes")
}

// Erasure is one comment or attachment that was erased. A backup keeps the list
// beside it, so that what was erased after the backup is erased again when it is
// restored.
type Erasure struct {
	What string    `json:"what"` // "comment" or "attachment"
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
}

// Erasures returns all erasures so far.
func Erasures(ctx context.Context, r store.Reader) ([]Erasure, error) {
	rows, err := r.Query(ctx, `SELECT 'comment', id, erased_at, erased_by FROM content_comment WHERE erased_at IS NOT NULL
		UNION ALL SELECT 'attachment', id, erased_at, erased_by FROM content_attachment WHERE erased_at IS NOT NULL ORDER BY 3, 2`)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Erasure, error) {
		var e Erasure
		err := s.Scan(&e.What, &e.ID, store.Time(&e.At), &e.By)
		return e, err
	})
	return all, wrap(err, "list erasures")
}

// EraseAgain erases what the list names and what is back, with an entry each; it
// returns how much that was. What is unknown or erased is passed over.
func (s *Service) EraseAgain(ctx context.Context, tx *ledger.Tx, list []Erasure) (int, error) {
	n := 0
	for _, e := range list {
		done, err := s.eraseByID(ctx, tx, e.What, e.ID, "erased before the backup was restored")
		if err != nil {
			return n, err
		}
		if done {
			n++
		}
	}
	return n, nil
}

// eraseByID erases by order of the system and reports whether there was something.
func (s *Service) eraseByID(ctx context.Context, tx *ledger.Tx, what, id, reason string) (bool, error) {
	by := authz.System("content.retain")
	switch what {
	case whatComment:
		c, err := loadComment(ctx, tx, id)
		if fault.Is(err, fault.NotFound) || err == nil && c.Erased() {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		v, err := threadVisibility(ctx, tx, c.Item)
		if err != nil {
			return false, err
		}
		return true, s.eraseComment(ctx, tx, c, v, by, reason)
	case whatAttachment:
		a, err := loadAttachment(ctx, tx, id)
		if fault.Is(err, fault.NotFound) || err == nil && a.Erased() {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		v, err := threadVisibility(ctx, tx, a.Item)
		if err != nil {
			return false, err
		}
		return true, s.eraseAttachment(ctx, tx, a, v, by, reason)
	}
	return false, nil
}

// threadVisibility is the item's visibility as last recorded.
func threadVisibility(ctx context.Context, r store.Reader, item string) (authz.Visibility, error) {
	var v authz.Visibility
	err := r.QueryRow(ctx, "SELECT visibility FROM content_thread WHERE item = $1", item).Scan(&v)
	return v, wrap(err, "read the visibility of a thread")
}
