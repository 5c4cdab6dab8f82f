// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
)

// restoreCommand loads a backup into an empty database.
type restoreCommand struct {
	Config string `help:"Configuration file of the new installation." required:"" type:"path" placeholder:"FILE"`
	File   string `arg:"" help:"Backup to load." type:"existingfile"`
}

// Run loads the backup into an empty database of either engine, repeats the
// erasures of the journal that the backup is older than, and appends an entry
// that says so. If it is interrupted after the load, the next start of the server
// does the rest before it serves anybody.
func (c *restoreCommand) Run(s *client.Session) error {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	if err := errors.Join(requireKeys(cfg), checkOrigin(cfg)); err != nil {
		return err
	}
	journal := exists(filepath.Join(cfg.DataDir, journalFile))
	if err := load(s.Context, cfg, c.File); err != nil {
		return err
	}
	o, err := openOffice(s.Context, cfg, options{clock: store.NewClock(), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return loaded(err)
	}
	if err := o.close(); err != nil {
		return err
	}
	s.Printf("Restored from %s. The ledger has an entry that says so. Erasures repeated: %d. All sessions are ended.\n", c.File, o.settled.repeated)
	if !journal {
		fmt.Fprintf(s.Stderr, "Warning: there was no %s in %s, so what was erased after this backup was taken has come back. If you have the file, put it there and restart: every start repeats what is missing.\n",
			journalFile, cfg.DataDir)
	}
	return nil
}

// loaded says of what went wrong after the load that the load stands: repeating
// it would be refused, and is not needed.
func loaded(err error) error {
	const stands = "The backup is loaded; do not load it again. Mend what follows and start the server, which does the rest of the restore."
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return fmt.Errorf("%s %w", stands, err)
	}
	said := *f
	said.Message = stands + " " + f.Message
	return said.Because(err)
}

// requireKeys refuses to restore beside new keys: nobody could check that the
// restored log continues the old one, and no second factor could be opened.
func requireKeys(cfg *Config) error {
	for _, file := range []string{cfg.Ledger.KeyFile, filepath.Join(cfg.DataDir, secretKeyFile)} {
		if !exists(file) {
			return fault.New(fault.Invalid, "restore.no_key", "The key %s is missing. Put the keys of the old installation (ledger.key, secret.key and, with them, %s) in their place first, from your backup of the keys: with new ones the restored log could not be continued, and nobody could sign in.", file, journalFile)
		}
	}
	return nil
}

// load fills the empty database in one transaction.
func load(ctx context.Context, cfg *Config, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	zip, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return fault.New(fault.Malformed, "backup.unknown_format", "The file %s is not a backup of Portreeve.", file).Because(err)
	}
	db, err := openDatabase(ctx, cfg, store.NewClock())
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // what counts is committed
	release, err := db.Lease(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := db.Migrate(ctx, migrations()); err != nil {
		return err
	}
	return backup.Read(ctx, db, broken{zip}, func(tx *store.Tx) error { return prepareRestored(ctx, tx, filepath.Base(file)) })
}

// prepareRestored is part of the transaction that loads a backup.
func prepareRestored(ctx context.Context, tx *store.Tx, file string) error {
	if err := search.Rebuild(ctx, tx); err != nil {
		return fmt.Errorf("build the search index: %w", err)
	}
	if err := identity.ForgetSessions(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO office_restore (id, file, loaded_at, entry) VALUES ($1, $2, $3, NULL)", tx.NewID(), file, store.At(tx.Now()))
	if err != nil {
		return fmt.Errorf("note the restore: %w", err)
	}
	return nil
}

// broken reports damage of the compressed file as what it is.
type broken struct{ zip io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.zip.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, fault.New(fault.Malformed, "backup.truncated", "The backup ends before its last line. Nothing was restored; use a complete copy.").Because(err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fault.New(fault.Malformed, "backup.damaged", "The backup is damaged: it cannot be unpacked. Nothing was restored; use another copy.").Because(err)
	}
	return n, err
}
