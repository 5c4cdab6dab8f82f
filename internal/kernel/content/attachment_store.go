// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// chunkBytes is how much of a file one row holds.
const chunkBytes = 256 << 10

// attachments is where attachments are kept. The salt is written only.
var attachments = store.NewTable("content_attachment", "f", nil, func(a *Attachment) []store.Column {
	return []store.Column{
		store.Text("id", &a.ID).Key(),
		store.Text("item", &a.Item),
		store.Text("author", &a.Author),
		store.Text("name", &a.Name),
		store.Text("media", &a.Media),
		store.Int("size", &a.Size),
		store.Text("sha256", &a.SHA256),
		store.Moment("added_at", &a.AddedAt),
		store.Moment("erased_at", &a.ErasedAt),
		store.Text("erased_by", &a.ErasedBy),
		store.Int("entry", &a.Entry),
	}
})

func loadAttachment(ctx context.Context, r store.Reader, id string) (Attachment, error) {
	return store.Found(attachments.One(ctx, r, "WHERE f.id = $1", id))
}

// findAttachment is loadAttachment for a reader: what they may not see is not
// there, after the same one statement.
func findAttachment(ctx context.Context, r store.Reader, reader authz.Actor, id string) (Attachment, error) {
	args := []any{id}
	visible := authz.Visible(reader, "t.item", "t.visibility", &args)
	return store.Found(attachments.One(ctx, r, "JOIN content_thread t ON t.item = f.item WHERE f.id = $1 AND "+visible, args...))
}

func attachmentsOf(ctx context.Context, r store.Reader, item string) ([]Attachment, error) {
	return attachments.All(ctx, r, "WHERE f.item = $1 ORDER BY f.added_at, f.id", item)
}

func countAttachments(ctx context.Context, r store.Reader, item string) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM content_attachment WHERE item = $1 AND erased_at IS NULL", item).Scan(&n)
	return n, wrap(err, "count attachments")
}

func insertAttachment(ctx context.Context, tx *ledger.Tx, a Attachment, salt, data []byte) error {
	if err := attachments.Insert(ctx, tx.Tx, a, store.Value("salt", salt)); err != nil {
		return err
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
	return store.Found(data, wrap(err, "load an attachment's bytes"))
}
