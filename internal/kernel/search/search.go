// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// ActionFind is the action of searching.
const ActionFind authz.Action = "search:find"

// Actions returns the actions of this package with their default grants.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{{Name: ActionFind, Summary: "Search what you may see.", Roles: authz.Roles(), Read: true}}
}

// EntryKinds is empty: the index records no decisions of its own.
func EntryKinds() []string { return nil }

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of module "search" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "search", FS: sub}
}

// Document is something that can be found. Its time is that of the transaction
// which writes it.
type Document struct {
	Item       string // "<type>:<id>", whose participants see it where it is restricted
	Part       string // "" for the item itself; "comment:<id>" for something that hangs on it; see [Restricted]
	Kind       string // what a search can be narrowed to: "risk", "subject", "comment"
	Title      string // plain text
	Body       string // plain text
	Visibility authz.Visibility
}

// Restricted begins the name of a part that only those who take part in its item
// find, whatever the visibility of the item is: [SetVisibility] leaves it alone.
const Restricted = "restricted:"

// What is kept of a document, in bytes.
const (
	maxTitle = 500
	maxBody  = 100_000
)

// Index writes a document as part of tx, in place of the one with the same item
// and part.
func Index(ctx context.Context, tx *store.Tx, d Document) error {
	if !strings.Contains(d.Item, ":") || d.Kind == "" || !d.Visibility.Known() {
		return fmt.Errorf("search: a document needs an item, a kind and a known visibility")
	}
	d.Title, d.Body = clean(d.Title, maxTitle), clean(d.Body, maxBody)
	seq, err := sequence(ctx, tx, d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO search_document (seq, item, part, kind, title, body, visibility, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (item, part) DO UPDATE SET kind = excluded.kind, title = excluded.title, body = excluded.body, visibility = excluded.visibility, at = excluded.at`,
		seq, d.Item, d.Part, d.Kind, d.Title, d.Body, string(d.Visibility), store.At(tx.Now()))
	if err != nil {
		return fmt.Errorf("write a search document: %w", err)
	}
	return putWords(ctx, tx, seq, d.Title, d.Body)
}

// sequence returns the row number of a document, a new one for a new document.
func sequence(ctx context.Context, tx *store.Tx, d Document) (int64, error) {
	var seq int64
	err := tx.QueryRow(ctx, "SELECT seq FROM search_document WHERE item = $1 AND part = $2", d.Item, d.Part).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRow(ctx, "SELECT COALESCE(MAX(seq), 0) + 1 FROM search_document").Scan(&seq)
	}
	if err != nil {
		return 0, fmt.Errorf("number a search document: %w", err)
	}
	return seq, nil
}

func putWords(ctx context.Context, tx *store.Tx, seq int64, title, body string) error {
	var count, bytes int
	titleWords := indexed(title, &count, &bytes)
	bodyWords := indexed(body, &count, &bytes)
	if err := engineOf(tx).put(ctx, tx, seq, titleWords, bodyWords); err != nil {
		return fmt.Errorf("index a document: %w", err)
	}
	return nil
}

// clean makes text fit to be stored: valid UTF-8 without NUL, cut to a limit.
func clean(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}

// Remove removes an item with all its parts.
func Remove(ctx context.Context, tx *store.Tx, item string) error {
	return remove(ctx, tx, "item = $1", item)
}

// RemovePart removes one document.
func RemovePart(ctx context.Context, tx *store.Tx, item, part string) error {
	return remove(ctx, tx, "item = $1 AND part = $2", item, part)
}

// Forget rids the index of the words of documents that were removed or rewritten,
// which otherwise stay in the database's file. Whoever erases calls it, once, in
// the same transaction; it rewrites the index. On PostgreSQL it does nothing: there
// the words go with VACUUM and REINDEX.
func Forget(ctx context.Context, tx *store.Tx) error {
	if err := engineOf(tx).forget(ctx, tx); err != nil {
		return fmt.Errorf("forget removed words: %w", err)
	}
	return nil
}

// remove deletes the documents for which a constant condition holds.
func remove(ctx context.Context, tx *store.Tx, condition string, args ...any) error {
	rows, err := tx.Query(ctx, "SELECT seq FROM search_document WHERE "+condition, args...)
	all, err := store.Collect(rows, err, func(s store.Scanner) (int64, error) {
		var seq int64
		err := s.Scan(&seq)
		return seq, err
	})
	if err != nil {
		return fmt.Errorf("find search documents: %w", err)
	}
	for _, seq := range all {
		if err := engineOf(tx).remove(ctx, tx, seq); err != nil {
			return fmt.Errorf("remove a document from the index: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM search_document WHERE "+condition, args...); err != nil {
		return fmt.Errorf("remove search documents: %w", err)
	}
	return nil
}

// SetVisibility records the new visibility of an item for all its documents but those
// of parts that are [Restricted].
// Whoever changes it calls this in the same transaction; an item without
// documents is fine.
func SetVisibility(ctx context.Context, tx *store.Tx, item string, v authz.Visibility) error {
	if !v.Known() {
		return fmt.Errorf("search: visibility %q is not known", v)
	}
	const update = "UPDATE search_document SET visibility = $1 WHERE item = $2 AND visibility <> $1 AND substr(part, 1, $3) <> $4"
	if _, err := tx.Exec(ctx, update, string(v), item, len(Restricted), Restricted); err != nil {
		return fmt.Errorf("change the visibility of search documents: %w", err)
	}
	return nil
}

// rebuildBatch is how many documents Rebuild holds in memory.
const rebuildBatch = 200

// Rebuild makes the index anew from search_document: after a restore, and after a
// release that takes words apart in another way.
func Rebuild(ctx context.Context, tx *store.Tx) error {
	if err := engineOf(tx).clear(ctx, tx); err != nil {
		return fmt.Errorf("clear the index: %w", err)
	}
	type document struct {
		seq         int64
		title, body string
	}
	for last := int64(-1); ; {
		rows, err := tx.Query(ctx, "SELECT seq, title, body FROM search_document WHERE seq > $1 ORDER BY seq LIMIT $2", last, rebuildBatch)
		batch, err := store.Collect(rows, err, func(s store.Scanner) (document, error) {
			var d document
			err := s.Scan(&d.seq, &d.title, &d.body)
			return d, err
		})
		if err != nil {
			return fmt.Errorf("read search documents: %w", err)
		}
		for _, d := range batch {
			if err := putWords(ctx, tx, d.seq, d.title, d.body); err != nil {
				return err
			}
			last = d.seq
		}
		if len(batch) < rebuildBatch {
			return nil
		}
	}
}
