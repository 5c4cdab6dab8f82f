// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

//go:embed migrations/*.sql
var officeTables embed.FS

// officeMigrations returns the tables of the installation itself.
func officeMigrations() store.Migrations {
	sub, err := fs.Sub(officeTables, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "office", FS: sub}
}

// The ledger entries of the installation itself.
const (
	kindRestored = "office.restored"         // everything before it was loaded from a backup
	kindRepeated = "office.erasure.repeated" // erasures of the journal that the database did not have
)

func officeKinds() []string { return []string{kindRestored, kindRepeated} }

// settlement says what settle did.
type settlement struct {
	restores int // entries office.restored
	repeated int // erasures that were carried out again
}

// openJournal brings the database and the erasure journal in line with each
// other, in both directions: an erasure that a crash kept out of the journal is
// added; one that the database has lost, because an older copy of it was put
// back in whatever way, is carried out again. A restore that has no entry yet
// gets it in the same transaction. So it does not matter where a restore was
// interrupted: nobody is served before this has succeeded.
func (o *office) openJournal(ctx context.Context) error {
	j, err := openJournal(filepath.Join(o.cfg.DataDir, journalFile))
	if err != nil {
		return err
	}
	var present []erasure
	var loaded []loadedBackup
	err = o.db.Read(ctx, func(r *store.ReadTx) (err error) {
		if present, err = o.erased(ctx, r); err != nil {
			return err
		}
		loaded, err = loadedBackups(ctx, r)
		return err
	})
	if err != nil {
		return err
	}
	if err := j.add(present); err != nil {
		return err
	}
	o.journal = j
	o.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "portreeve_erasure_journal_behind",
		Help: "1 while an erasure could not be written to the erasure journal.",
	}, func() float64 {
		if o.behind.Load() {
			return 1
		}
		return 0
	}))
	missing := j.without(present)
	if len(missing) == 0 && len(loaded) == 0 {
		return nil
	}
	return o.settle(ctx, missing, loaded)
}

// errSettled ends a decision that found nothing to do.
var errSettled = errors.New("nothing to settle")

func (o *office) settle(ctx context.Context, missing []erasure, loaded []loadedBackup) error {
	ctx = authz.WithActor(ctx, authz.System("restore"))
	writer := o.ledger.Writer("office", officeKinds())
	var done settlement
	err := writer.Decide(ctx, func(tx *ledger.Tx) error {
		done = settlement{}
		n, err := o.eraseAgain(ctx, tx, missing)
		if err != nil {
			return err
		}
		done.repeated = n
		for _, l := range loaded {
			seq, err := writer.Append(ctx, tx, officeEntry(kindRestored, map[string]any{"file": l.file, "loaded_at": l.at, "erasures_repeated": n}))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "UPDATE office_restore SET entry = $1 WHERE id = $2", seq, l.id); err != nil {
				return fmt.Errorf("record the restore: %w", err)
			}
			done.restores++
		}
		if done.restores > 0 {
			return nil
		}
		if n == 0 {
			return errSettled
		}
		_, err = writer.Append(ctx, tx, officeEntry(kindRepeated, map[string]any{"erasures_repeated": n}))
		return err
	})
	if err != nil && !errors.Is(err, errSettled) {
		return fmt.Errorf("repeat the erasures of the journal: %w", err)
	}
	if o.settled = done; done.repeated > 0 {
		o.log.Warn("the database came back older than the erasure journal; erasures were repeated", "count", done.repeated)
	}
	return nil
}

func officeEntry(kind string, body any) ledger.Entry {
	return ledger.Entry{Kind: kind, Actor: authz.System("restore").Ref(), Subject: "office:database", Body: body, Visibility: string(authz.Internal)}
}

// loadedBackup is a row of office_restore without an entry.
type loadedBackup struct {
	id, file string
	at       time.Time
}

func loadedBackups(ctx context.Context, r store.Reader) ([]loadedBackup, error) {
	rows, err := r.Query(ctx, "SELECT id, file, loaded_at FROM office_restore WHERE entry IS NULL ORDER BY loaded_at, id")
	all, err := store.Collect(rows, err, func(s store.Scanner) (loadedBackup, error) {
		var l loadedBackup
		err := s.Scan(&l.id, &l.file, store.Time(&l.at))
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for restores without an entry: %w", err)
	}
	return all, nil
}
