// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// ErasedPerson is an account that was erased.
type ErasedPerson struct {
	ID string
	At time.Time // real time
}

// ErasedPeople returns the accounts that were erased, in the order of their ids.
// A list of them is kept beside the backups, so that [Service.Erase] can be
// repeated on a restored copy.
func ErasedPeople(ctx context.Context, r store.Reader) ([]ErasedPerson, error) {
	rows, err := r.Query(ctx, "SELECT id, erased_at FROM identity_person WHERE erased_at IS NOT NULL ORDER BY id")
	all, err := store.Collect(rows, err, func(s store.Scanner) (ErasedPerson, error) {
		var p ErasedPerson
		err := s.Scan(&p.ID, store.Time(&p.At))
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("list erased people: %w", err)
	}
	return all, nil
}

// ForgetSessions lets a database that was restored from a backup know no session
// any more: some had ended since it was taken, and nothing in it says which. The
// session store is left alone; nobody asks it under the old keys.
func ForgetSessions(ctx context.Context, tx *store.Tx) error {
	for _, table := range []string{"identity_session_mark", "identity_session_generation"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
			return fmt.Errorf("forget the sessions: %w", err)
		}
	}
	return nil
}
