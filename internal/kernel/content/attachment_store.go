// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"database/sql"
	"errors"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// chunkBytes is how much of a file one row holds.
const chunkBytes = 256 << 10

const attachmentColumns = "f.id, f.item, f.author, f.name, f.media, f.size, f.sha256, f.added_at, f.erased_at, f.erased_by, f.entry"

func scanAttachment(s store.Scanner) (Attachment, error) {
	var a Attachment
	err := s.Scan(&a.ID, &a.Item, &a.Author, &a.Name, &a.Media, &a.Size, &a.SHA256, store.Time(&a.AddedAt), store.Time(&a.ErasedAt), &a.ErasedBy, &a.Entry)
	return a, err
}

func loadAttachment(ctx context.Context, r store.Reader, id string) (Attachment, error) {
	a, err := scanAttachment(r.QueryRow(ctx, "SELECT "+attachmentColumns+" FROM content_attachment f WHERE f.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Attachment{}, fault.ItemNotFound()
	}
	return a, wrap(err, "load an attachment")
}

// findAttachment is loadAttachment for a reader: what they may not see is not
// there, after the same one statement.
func findAttachment(ctx context.Context, r store.Reader, reader authz.Actor, id string) (Attachment, error) {
	args := []any{id}
	visible := authz.Visible(reader, "t.item", "t.visibility", &args)
	a, err := scanAttachment(r.QueryRow(ctx, "SELECT "+attachmentColumns+" FROM content_attachment f JOIN content_thread t ON t.item = f.item WHERE f.id = $1 AND "+visible, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Attachment{}, fault.ItemNotFound()
	}
	return a, wrap(err, "find an attachment")
}

func attachmentsOf(ctx context.Context, r store.Reader, item string) ([]Attachment, error) {
	rows, err := r.Query(ctx, "SELECT "+attachmentColumns+" FROM content_attachment f WHERE f.item = $1 ORDER BY f.added_at, f.id", item)
	all, err := store.Collect(rows, err, scanAttachment)
	return all, wrap(err, "list attachments")
}

func countAttachments(ctx context.Context, r store.Reader, item string) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM content_attachment WHERE item = $1 AND erased_at IS NULL", item).Scan(&n)
	return n, wrap(err, "count attachments")
}

func insertAttachment(ctx context.Context, tx *ledger.Tx, a Attachment, salt, data []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO content_attachment (id, item, author, name, media, size, sha256, salt, added_at, erased_at, erased_by, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '', $10)`, a.ID, a.Item, a.Author, a.Name, a.Media, a.Size, a.SHA256, salt, store.At(a.AddedAt), a.Entry)
	if err != nil {
		return wrap(err, "write an attachment")
	}
	for seq := 0; len(data) > 0; seq++ {
		n := min(chunkBytes, len(data))
		if _, err := tx.Exec(ctx, "INSERT INTO content_chunk (attachment, seq, data) VALUES ($1, $2, $3)", a.ID, seq, data[:n]); err != nil {
			return wrap(err, "write an attachment's bytes")
		}
		data = data[n:]
	}
	return nil
}

// loadChunk returns one piece of a file, or NotFound: it was erased meanwhile.
func loadChunk(ctx context.Context, r store.Reader, attachment string, seq int) ([]byte, error) {
	var data []byte
	err := r.QueryRow(ctx, "SELECT data FROM content_chunk WHERE attachment = $1 AND seq = $2", attachment, seq).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.ItemNotFound()
	}
	return data, wrap(err, "load an attachment's bytes")
}
