// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

// Probe reports whether the database can be read and written now: it updates and
// commits one row of its own, and reads it back through a reading connection. A
// write that is rolled back would prove nothing, because SQLite does not touch
// the disk before the commit. On PostgreSQL it also proves that the lease is
// held, if this process has it. It waits as every write does; the caller limits
// how often it may be asked.
func (db *DB) Probe(ctx context.Context) error {
	now := db.clock.Real().UnixMicro()
	err := db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "UPDATE store_probe SET probed_at = $1 WHERE id = 1", now)
		return err
	})
	if err != nil {
		return fmt.Errorf("probe writing: %w", err)
	}
	err = db.Read(ctx, func(tx *ReadTx) error {
		var at int64
		return tx.QueryRow(ctx, "SELECT probed_at FROM store_probe WHERE id = 1").Scan(&at)
	})
	if err != nil {
		return fmt.Errorf("probe reading: %w", err)
	}
	return nil
}
