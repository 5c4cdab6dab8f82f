// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Attachment is a file that one person added to an item.
type Attachment struct {
	ID       string    `json:"id"`
	Item     string    `json:"item" doc:"what it is attached to, type:id"`
	Author   string    `json:"author" doc:"id of a person"`
	Name     string    `json:"name" doc:"file name that every system can save; empty when erased"` // as of FileName
	Media    string    `json:"media" doc:"media type it is sent as"`
	Size     int64     `json:"size" doc:"in bytes"`
	SHA256   string    `json:"sha256,omitempty" doc:"of the bytes, in hexadecimal"` // empty when erased
	AddedAt  time.Time `json:"added_at"`
	ErasedAt time.Time `json:"erased_at,omitzero"` // zero: not erased
	ErasedBy string    `json:"-"`                  // authz.Actor.Ref
	Entry    int64     `json:"entry,omitempty" doc:"ledger entry of the latest change; absent if you may not read the ledger"`
}

// Erased reports whether the bytes are gone.
func (a Attachment) Erased() bool { return !a.ErasedAt.IsZero() }

// The codes of faults about attachments.
const (
	CodeTooLarge = "content.too_large"
	CodeKind     = "content.kind_forbidden"
	CodeTooMany  = "content.too_many"
)

// attachmentBody is the body of the entry about an attachment.
type attachmentBody struct {
	Attachment string `json:"attachment"`
	Size       int64  `json:"size"`
	Digest     string `json:"salted_sha256"` // as of Digest
}

// Attach adds a file to an item, as a decision of its own. The file is read to
// its end before anything is locked. name is what the sender called it.
func (s *Service) Attach(ctx context.Context, item, name string, file io.Reader) (Attachment, error) {
	data, kind, err := s.accept(name, file)
	if err != nil {
		return Attachment{}, err
	}
	var at Attachment
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		res, err := s.check(ctx, tx, ActionAttach, item)
		if err != nil {
			return err
		}
		if err := s.room(ctx, tx, item); err != nil {
			return err
		}
		if err := open(ctx, tx.Tx, item, res.Visibility); err != nil {
			return err
		}
		a := authz.ActorFrom(ctx)
		sum := sha256.Sum256(data)
		at = Attachment{ID: tx.NewID(), Item: item, Author: a.ID, Name: FileName(name), Media: kind.media, Size: int64(len(data)),
			SHA256: hex.EncodeToString(sum[:]), AddedAt: tx.Now()}
		salt, digest, err := s.seal(data)
		if err != nil {
			return err
		}
		at.Entry, err = s.writer.Append(ctx, tx, ledger.Entry{
			Kind: KindAttached, Actor: a.Ref(), Subject: "attachment:" + at.ID, Item: item, Visibility: string(res.Visibility),
			Body: attachmentBody{at.ID, at.Size, digest},
		})
		if err != nil {
			return err
		}
		if err := insertAttachment(ctx, tx, at, salt, data); err != nil {
			return err
		}
		return s.changed(ctx, tx, at.passage(data))
	})
	return at, err
}

// accept reads the file and refuses it if it is too large or of a kind that is
// not allowed.
func (s *Service) accept(name string, file io.Reader) ([]byte, fileKind, error) {
	settings := s.settings.Get().Attachments
	_, extension := cutExtension(FileName(name))
	extension = strings.ToLower(strings.TrimPrefix(extension, "."))
	kind, known := fileKinds[extension]
	if !known || !slices.Contains(settings.Kinds, extension) {
		return nil, fileKind{}, refuseFile(CodeKind, fmt.Sprintf("This kind of file cannot be attached. Allowed are: %s.", strings.Join(settings.Kinds, ", ")))
	}
	data, err := io.ReadAll(io.LimitReader(file, settings.MaxSize.Bytes()+1))
	if err != nil {
		return nil, fileKind{}, fmt.Errorf("read an attachment: %w", err)
	}
	if int64(len(data)) > settings.MaxSize.Bytes() {
		return nil, fileKind{}, refuseFile(CodeTooLarge, fmt.Sprintf("The file is larger than %s. Attach a smaller one, or say where it can be found.", settings.MaxSize))
	}
	if len(data) == 0 {
		return nil, fileKind{}, refuseFile(CodeKind, "The file is empty.")
	}
	if !kind.is(data) {
		return nil, fileKind{}, refuseFile(CodeKind, "The file's content is not what its name says, or it is a program or a web page. Text must be UTF-8.")
	}
	return data, kind, nil
}

// refuseFile is an Invalid fault about the form's field "file".
func refuseFile(code, message string) error {
	e := fault.New(fault.Invalid, code, "%s", message)
	e.Fields = []fault.Field{{Path: "file", Code: code, Message: message}}
	return e
}

// room refuses one attachment too many.
func (s *Service) room(ctx context.Context, r store.Reader, item string) error {
	limit := s.settings.Get().Attachments.MaxPerItem
	n, err := countAttachments(ctx, r, item)
	if err != nil {
		return err
	}
	if limit > 0 && n >= limit {
		return fault.New(fault.Conflict, CodeTooMany, "There are %d attachments here, and no more fit. Erase one that is not needed.", n)
	}
	return nil
}

// Attachments returns the attachments of an item, the oldest first, erased ones
// included: that there was one is part of the record.
func (s *Service) Attachments(ctx context.Context, item string) ([]Attachment, error) {
	var all []Attachment
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		if _, err := s.check(ctx, r, ActionRead, item); err != nil {
			return err
		}
		var err error
		all, err = attachmentsOf(ctx, r, item)
		return err
	})
	return all, err
}

// Attachment returns one attachment that the actor may see, without its bytes.
func (s *Service) Attachment(ctx context.Context, id string) (Attachment, error) {
	var a Attachment
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		var err error
		if a, err = findAttachment(ctx, r, authz.ActorFrom(ctx), id); err != nil {
			return err
		}
		_, err = s.check(ctx, r, ActionRead, a.Item)
		return err
	})
	if err != nil {
		return Attachment{}, err
	}
	return a, nil
}

// Limits returns what may be attached now.
func (s *Service) Limits() AttachmentSettings { return s.settings.Get().Attachments }

// MayErase reports whether the actor may try to erase what author wrote; the
// erasure itself checks again, on the item.
func (s *Service) MayErase(a authz.Actor, author string) bool {
	return a.SignedIn() && a.ID == author && s.policy.Allowed(a, ActionComment) || s.policy.Allowed(a, ActionErase)
}
