// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
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

const commentColumns = "c.id, c.item, c.author, c.version, c.body, c.posted_at, c.edited_at, c.erased_at, c.erased_by, c.entry"

func scanComment(s store.Scanner) (Comment, error) {
	var c Comment
	var body sql.NullString
	err := s.Scan(&c.ID, &c.Item, &c.Author, &c.Version, &body, store.Time(&c.PostedAt), store.Time(&c.EditedAt), store.Time(&c.ErasedAt), &c.ErasedBy, &c.Entry)
	c.Text = body.String
	return c, err
}

func loadComment(ctx context.Context, r store.Reader, id string) (Comment, error) {
	c, err := scanComment(r.QueryRow(ctx, "SELECT "+commentColumns+" FROM content_comment c WHERE c.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Comment{}, fault.ItemNotFound()
	}
	return c, wrap(err, "load a comment")
}

// findComment is loadComment for a reader: what they may not see is not there,
// after the same one statement.
func findComment(ctx context.Context, r store.Reader, a authz.Actor, id string) (Comment, error) {
	args := []any{id}
	visible := authz.Visible(a, "t.item", "t.visibility", &args)
	c, err := scanComment(r.QueryRow(ctx, "SELECT "+commentColumns+" FROM content_comment c JOIN content_thread t ON t.item = c.item WHERE c.id = $1 AND "+visible, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Comment{}, fault.ItemNotFound()
	}
	return c, wrap(err, "find a comment")
}

func insertComment(ctx context.Context, tx *ledger.Tx, c Comment, salt []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO content_comment (id, item, author, version, body, salt, posted_at, edited_at, erased_at, erased_by, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, '', $8)`, c.ID, c.Item, c.Author, c.Version, c.Text, salt, store.At(c.PostedAt), c.Entry)
	return wrap(err, "write a comment")
}

// keepVersion copies the current text to the earlier versions.
func keepVersion(ctx context.Context, tx *ledger.Tx, c Comment) error {
	_, err := tx.Exec(ctx, `INSERT INTO content_comment_version (comment, version, body, salt, written_at, entry)
		SELECT id, version, body, salt, COALESCE(edited_at, posted_at), entry FROM content_comment WHERE id = $1`, c.ID)
	return wrap(err, "keep the earlier text of a comment")
}

func updateComment(ctx context.Context, tx *ledger.Tx, c Comment, salt []byte) error {
	_, err := tx.Exec(ctx, "UPDATE content_comment SET version = $1, body = $2, salt = $3, edited_at = $4, entry = $5 WHERE id = $6",
		c.Version, c.Text, salt, store.At(c.EditedAt), c.Entry, c.ID)
	return wrap(err, "change a comment")
}

func versionsOf(ctx context.Context, r store.Reader, c Comment) ([]Comment, error) {
	rows, err := r.Query(ctx, "SELECT version, body, written_at, entry FROM content_comment_version WHERE comment = $1 ORDER BY version", c.ID)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Comment, error) {
		v := Comment{ID: c.ID, Item: c.Item, Author: c.Author, ErasedAt: c.ErasedAt, ErasedBy: c.ErasedBy}
		var body sql.NullString
		err := s.Scan(&v.Version, &body, store.Time(&v.PostedAt), &v.Entry)
		v.Text = body.String
		return v, err
	})
	if !c.EditedAt.IsZero() {
		c.PostedAt = c.EditedAt
	}
	return append(all, c), wrap(err, "load the versions of a comment")
}

func commentsOf(ctx context.Context, r store.Reader, item string, at time.Time, id string, limit int) ([]Comment, error) {
	rows, err := r.Query(ctx, "SELECT "+commentColumns+` FROM content_comment c
		WHERE c.item = $1 AND (c.posted_at > $2 OR (c.posted_at = $2 AND c.id > $3)) ORDER BY c.posted_at, c.id LIMIT $4`,
		item, at.UnixMicro(), id, limit)
	all, err := store.Collect(rows, err, scanComment)
	return all, wrap(err, "list comments")
}

func countComments(ctx context.Context, r store.Reader, item string) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM content_comment WHERE item = $1 AND erased_at IS NULL", item).Scan(&n)
	return n, wrap(err, "count comments")
}

// latestComments returns the newest comments on an item, the oldest of them first.
func latestComments(ctx context.Context, r store.Reader, item string, limit int) ([]Comment, error) {
	rows, err := r.Query(ctx, "SELECT "+commentColumns+" FROM content_comment c WHERE c.item = $1 ORDER BY c.posted_at DESC, c.id DESC LIMIT $2", item, limit)
	all, err := store.Collect(rows, err, scanComment)
	slices.Reverse(all)
	return all, wrap(err, "list the latest comments")
}

func recentComments(ctx context.Context, r store.Reader, a authz.Actor, limit int) ([]Comment, error) {
	var args []any
	visible := authz.Visible(a, "t.item", "t.visibility", &args)
	args = append(args, limit)
	rows, err := r.Query(ctx, "SELECT "+commentColumns+" FROM content_comment c JOIN content_thread t ON t.item = c.item WHERE c.erased_at IS NULL AND "+
		visible+" ORDER BY c.posted_at DESC, c.id DESC LIMIT $"+strconv.Itoa(len(args)), args...)
	all, err := store.Collect(rows, err, scanComment)
	return all, wrap(err, "list recent comments")
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
