// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Held is one thing that a person wrote, for their export.
type Held struct {
	What    string // comment, attachment or draft
	Where   string // the item, or the form's page
	Value   string // the text, the file's name, or what the form held
	Written time.Time
}

// Holds returns what a person wrote. What they were told of others' items is not
// checked again: it is their own words.
func Holds(ctx context.Context, r store.Reader, person string) ([]Held, error) {
	rows, err := r.Query(ctx, `SELECT 'comment', item, COALESCE(body, ''), posted_at FROM content_comment WHERE author = $1
		UNION ALL SELECT 'attachment', item, name, added_at FROM content_attachment WHERE author = $1
		UNION ALL SELECT 'draft', form, body, saved_at FROM content_draft WHERE person = $1
		ORDER BY 4, 1, 2`, person)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Held, error) {
		var h Held
		err := s.Scan(&h.What, &h.Where, &h.Value, store.Time(&h.Written))
		return h, err
	})
	return all, wrap(err, "list what a person wrote")
}

// ErasePerson removes the drafts of a person. Comments and attachments stay:
// they are part of the record of other people's decisions, under an id that names
// nobody once the account is erased. What must go is erased one by one.
func ErasePerson(ctx context.Context, tx *store.Tx, person string) error {
	_, err := tx.Exec(ctx, "DELETE FROM content_draft WHERE person = $1", person)
	return wrap(err, "remove a person's drafts")
}
