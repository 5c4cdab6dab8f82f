// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/store"
)

// engine is what the two databases do differently.
type engine interface {
	// put indexes the words of a document, in place of what was indexed for it.
	put(ctx context.Context, tx *store.Tx, seq int64, title, body []string) error
	remove(ctx context.Context, tx *store.Tx, seq int64) error
	clear(ctx context.Context, tx *store.Tx) error
	// forget rids the index of words that were removed from it.
	forget(ctx context.Context, tx *store.Tx) error
	// anyOf and match are SQL conditions on the row d of search_document; their
	// arguments are appended to args.
	anyOf(terms []term, args *[]any) string
	match(t term, inTitle bool, args *[]any) string
}

func engineOf(r store.Reader) engine {
	if r.Engine() == store.Postgres {
		return vectors{}
	}
	return fts{}
}

// mark appends an argument and returns its placeholder.
func mark(args *[]any, value any) string {
	*args = append(*args, value)
	return "$" + strconv.Itoa(len(*args))
}

// fts keeps the words in an FTS5 table (https://sqlite.org/fts5.html).
type fts struct{}

func (f fts) put(ctx context.Context, tx *store.Tx, seq int64, title, body []string) error {
	if err := f.remove(ctx, tx, seq); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO search_index (rowid, title, body) VALUES ($1, $2, $3)", seq, strings.Join(title, " "), strings.Join(body, " "))
	return err
}

func (fts) remove(ctx context.Context, tx *store.Tx, seq int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM search_index WHERE rowid = $1", seq)
	return err
}

func (fts) clear(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, "INSERT INTO search_index (search_index) VALUES ('delete-all')")
	return err
}

// forget merges all into one: until then a removed word stands in the index beside
// the mark that its document is gone. The table keeps no text, so that it cannot
// overwrite the words itself (its option secure-delete).
func (fts) forget(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, "INSERT INTO search_index (search_index) VALUES ('optimize')")
	return err
}

func (fts) anyOf(terms []term, args *[]any) string {
	all := make([]string, len(terms))
	for i, t := range terms {
		all[i] = ftsTerm(t)
	}
	return "d.seq IN (SELECT rowid FROM search_index WHERE search_index MATCH " + mark(args, strings.Join(all, " OR ")) + ")"
}

func (fts) match(t term, inTitle bool, args *[]any) string {
	query := ftsTerm(t)
	if inTitle {
		query = "title : " + query
	}
	return "d.seq IN (SELECT rowid FROM search_index WHERE search_index MATCH " + mark(args, query) + ")"
}

// ftsTerm writes a term in FTS5's syntax. The words hold only ASCII letters,
// digits and underscores, and stand in quotes.
func ftsTerm(t term) string {
	encoded := make([]string, len(t.words))
	for i, w := range t.words {
		encoded[i] = encode(w)
	}
	text := `"` + strings.Join(encoded, " ") + `"`
	if t.prefix {
		text += " *"
	}
	return text
}

// vectors keeps the words in a tsvector column (PostgreSQL manual, 8.11). Both
// vectors and queries are written as literals, so that no parser of the database
// takes the words apart once more.
type vectors struct{}

func (vectors) put(ctx context.Context, tx *store.Tx, seq int64, title, body []string) error {
	_, err := tx.Exec(ctx, "UPDATE search_document SET words = $1::text::tsvector WHERE seq = $2", vector(title, body), seq)
	return err
}

// vector gives each word its position and those of the title the weight A. A gap
// keeps phrases from reaching over from the title.
func vector(title, body []string) string {
	var b strings.Builder
	write := func(word string, position int, weight string) {
		b.WriteString("'" + word + "':" + strconv.Itoa(position) + weight + " ")
	}
	for i, w := range title {
		write(w, i+1, "A")
	}
	for i, w := range body {
		write(w, len(title)+2+i, "")
	}
	return b.String()
}

func (vectors) remove(context.Context, *store.Tx, int64) error { return nil } // it is a column of the document

func (vectors) clear(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, "UPDATE search_document SET words = ''")
	return err
}

// forget has nothing to do: dead rows and the keys of the index are not a
// transaction's to remove (see the operations guide).
func (vectors) forget(context.Context, *store.Tx) error { return nil }

func (vectors) anyOf(terms []term, args *[]any) string {
	all := make([]string, len(terms))
	for i, t := range terms {
		all[i] = "(" + vectorTerm(t, "") + ")"
	}
	return "d.words @@ " + mark(args, strings.Join(all, " | ")) + "::text::tsquery"
}

func (vectors) match(t term, inTitle bool, args *[]any) string {
	weight := ""
	if inTitle {
		weight = "A"
	}
	return "d.words @@ " + mark(args, vectorTerm(t, weight)) + "::text::tsquery"
}

// vectorTerm writes a term as a tsquery literal.
func vectorTerm(t term, weight string) string {
	parts := make([]string, len(t.words))
	for i, w := range t.words {
		flags := weight
		if t.prefix && i == len(t.words)-1 {
			flags = "*" + weight
		}
		parts[i] = "'" + encode(w) + "'"
		if flags != "" {
			parts[i] += ":" + flags
		}
	}
	return strings.Join(parts, " <-> ")
}
