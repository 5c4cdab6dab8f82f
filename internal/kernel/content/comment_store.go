// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// comments is where comments are kept. A text that was erased is NULL, and so is the
// salt, which is written only.
var comments = store.NewTable("content_comment", "c", stale, func(c *Comment) []store.Column {
	return []store.Column{
		store.Text("id", &c.ID).Key(),
		store.Text("item", &c.Item).Fixed(),
		store.Text("thread", &c.Thread).Fixed(),
		store.Text("author", &c.Author).Fixed(),
		store.Int("version", &c.Version).Version(),
		store.NullText("body", &c.Text),
		store.Moment("posted_at", &c.PostedAt).Fixed(),
		store.Moment("edited_at", &c.EditedAt),
		store.Moment("erased_at", &c.ErasedAt),
		store.Text("erased_by", &c.ErasedBy),
		store.Int("entry", &c.Entry),
	}
})

func loadComment(ctx context.Context, r store.Reader, id string) (Comment, error) {
	return store.Found(comments.One(ctx, r, "WHERE c.id = $1", id))
}

// findComment is loadComment for a reader: what they may not see is not there,
// after the same one statement.
func findComment(ctx context.Context, r store.Reader, a authz.Actor, id string) (Comment, error) {
	args := []any{id}
	visible := authz.Visible(a, "t.item", "t.visibility", &args)
	return store.Found(comments.One(ctx, r, "JOIN content_thread t ON t.item = c.item WHERE c.id = $1 AND "+visible, args...))
}

// keepVersion copies the current text to the earlier versions.
func keepVersion(ctx context.Context, tx *ledger.Tx, c Comment) error {
	_, err := tx.Exec(ctx, `INSERT INTO content_comment_version (comment, version, body, salt, written_at, entry)
		SELECT id, version, body, salt, COALESCE(edited_at, posted_at), entry FROM content_comment WHERE id = $1`, c.ID)
	return wrap(err, "keep the earlier text of a comment")
}

func versionsOf(ctx context.Context, r store.Reader, c Comment) ([]Comment, error) {
	rows, err := r.Query(ctx, "SELECT version, COALESCE(body, ''), written_at, entry FROM content_comment_version WHERE comment = $1 ORDER BY version", c.ID)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Comment, error) {
		v := Comment{ID: c.ID, Item: c.Item, Thread: c.Thread, Author: c.Author, ErasedAt: c.ErasedAt, ErasedBy: c.ErasedBy}
		err := s.Scan(&v.Version, &v.Text, store.Time(&v.PostedAt), &v.Entry)
		return v, err
	})
	if !c.EditedAt.IsZero() {
		c.PostedAt = c.EditedAt
	}
	return append(all, c), wrap(err, "load the versions of a comment")
}

func commentsOf(ctx context.Context, r store.Reader, item, thread string, at time.Time, id string, limit int) ([]Comment, error) {
	return comments.All(ctx, r, `WHERE c.item = $1 AND c.thread = $2 AND (c.posted_at > $3 OR (c.posted_at = $3 AND c.id > $4))
		ORDER BY c.posted_at, c.id LIMIT $5`, item, thread, at.UnixMicro(), id, limit)
}

// countComments counts those of the general discussion that are not erased.
func countComments(ctx context.Context, r store.Reader, item string) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM content_comment WHERE item = $1 AND thread = '' AND erased_at IS NULL", item).Scan(&n)
	return n, wrap(err, "count comments")
}

// latestComments returns the newest comments of the general discussion, the oldest
// of them first.
func latestComments(ctx context.Context, r store.Reader, item string, limit int) ([]Comment, error) {
	all, err := comments.All(ctx, r, "WHERE c.item = $1 AND c.thread = '' ORDER BY c.posted_at DESC, c.id DESC LIMIT $2", item, limit)
	slices.Reverse(all)
	return all, err
}

// A cursor is the time and id of the last row seen, opaque to the reader.
func formatCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at.UnixMicro(), id))
}

func parseCursor(cursor string) (time.Time, string, error) {
	if cursor == "" {
		return time.UnixMicro(-1 << 62), "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	micros, id, found := strings.Cut(string(text), " ")
	n, numberErr := strconv.ParseInt(micros, 10, 64)
	if err != nil || numberErr != nil || !found || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return time.Time{}, "", fault.New(fault.Invalid, "content.cursor", "The cursor is not one that this list gave out; begin at the first page.")
	}
	return time.UnixMicro(n), id, nil
}
