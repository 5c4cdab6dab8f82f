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

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
)

// backupCommand writes everything to a file.
type backupCommand struct {
	Config string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
	Out    string `help:"File to write; it must not exist yet." required:"" type:"path" placeholder:"FILE"`
}

// Run writes a backup from one snapshot while the server goes on. The file holds
// everything confidential but not the keys: those are files of their own.
func (c *backupCommand) Run(s *client.Session) (err error) {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	db, err := openDatabase(s.Context, cfg, store.NewClock())
	if err != nil {
		return err
	}
	defer db.Close()
	// Written beside and renamed at the end, so that a file of that name is whole.
	f, err := os.OpenFile(c.Out+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.New(fault.Invalid, "backup.out", "The file %s.part cannot be made; does it exist already?", c.Out).Because(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(c.Out+".part"))
		}
	}()
	if err := writeBackup(s.Context, db, f); err != nil {
		return err
	}
	if err := os.Link(c.Out+".part", c.Out); err != nil {
		return fault.New(fault.Invalid, "backup.out", "The file %s exists already; a backup never overwrites one.", c.Out).Because(err)
	}
	s.Printf("Backup written to %s. Keep the keys in %s apart from it.\n", c.Out, cfg.DataDir)
	return os.Remove(c.Out + ".part")
}

func writeBackup(ctx context.Context, db *store.DB, f *os.File) error {
	zip := gzip.NewWriter(f)
	err := backup.Write(ctx, db, zip, nil)
	return errors.Join(err, zip.Close(), f.Sync(), f.Close())
}

// restoreCommand loads a backup into an empty database.
type restoreCommand struct {
	Config string `help:"Configuration file of the new installation." required:"" type:"path" placeholder:"FILE"`
	File   string `arg:"" help:"Backup to load." type:"existingfile"`
}

// Run loads the backup into an empty database of either engine, repeats the
// erasures that the ledger knows of, and appends an entry that says so.
func (c *restoreCommand) Run(s *client.Session) error {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Ledger.KeyFile); err != nil {
		return fault.New(fault.Invalid, "restore.no_key", "The ledger's signing key is missing: put ledger.key (and secret.key) from your backup of the keys into %s first. With a new key, nobody could check that the restored log continues the old one.", filepath.Dir(cfg.Ledger.KeyFile)).Because(err)
	}
	if err := restoreInto(s.Context, cfg, c.File); err != nil {
		return err
	}
	o, err := openOffice(s.Context, cfg, options{clock: store.NewClock(), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = o.recordRestore(s.Context, filepath.Base(c.File))
	if err := errors.Join(err, o.close()); err != nil {
		return err
	}
	s.Printf("Restored from %s. The ledger has an entry that says so.\n", c.File)
	return nil
}

func restoreInto(ctx context.Context, cfg *Config, file string) error {
	db, err := openDatabase(ctx, cfg, store.NewClock())
	if err != nil {
		return err
	}
	defer db.Close()
	release, err := db.Lease(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := db.Migrate(ctx, migrations()); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	var source io.Reader = bufio.NewReader(f)
	zip, err := gzip.NewReader(source)
	if err != nil {
		return fault.New(fault.Malformed, "backup.unknown_format", "The file %s is not a backup of Portreeve.", file).Because(err)
	}
	return backup.Read(ctx, db, zip, nil)
}

// kindRestored is the ledger entry of a restore.
const kindRestored = "office.restored"

// recordRestore appends the entry that says that everything before it was
// restored from a file.
func (o *office) recordRestore(ctx context.Context, file string) error {
	writer := o.ledger.Writer("office", []string{kindRestored})
	return writer.Decide(ctx, func(tx *ledger.Tx) error {
		_, err := writer.Append(ctx, tx, ledger.Entry{
			Kind: kindRestored, Actor: authz.System("restore").Ref(), Subject: "office:database",
			Body: map[string]string{"file": file}, Visibility: string(authz.Internal),
		})
		return err
	})
}
