// SPDX-License-Identifier: Apache-2.0

package app

import (
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
)

// backupCommand writes everything to a file.
type backupCommand struct {
	Config string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
	Out    string `help:"File to write; it must not exist yet." required:"" type:"path" placeholder:"FILE"`
}

// Run writes a backup from one snapshot while the server goes on. The file holds
// everything confidential, but neither the keys nor the erasure journal: those
// are files of their own, kept apart.
func (c *backupCommand) Run(s *client.Session) error {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	if exists(c.Out) {
		return fault.New(fault.Invalid, "backup.out", "The file %s exists already; a backup never overwrites one.", c.Out)
	}
	db, err := openExisting(s.Context, cfg)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // only read
	if err := backupTo(s.Context, db, c.Out); err != nil {
		return err
	}
	s.Printf("Backup written to %s.\nKeep ledger.key, secret.key and %s of %s as well, apart from it: without the keys nobody can go on with this log, and without the journal a restore brings back what was erased since.\n",
		c.Out, journalFile, cfg.DataDir)
	return nil
}

// backupTo writes beside the file and puts it in its place at the end, so that a
// file of that name is always whole.
func backupTo(ctx context.Context, db *store.DB, file string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return fault.New(fault.Invalid, "backup.out", "A file cannot be made in %s; check that the folder exists and may be written to.", filepath.Dir(file)).Because(err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	zip := gzip.NewWriter(f)
	err = backup.Write(ctx, db, zip, nil)
	if err := errors.Join(err, zip.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil {
		return fault.New(fault.Invalid, "backup.out", "The backup cannot be put at %s; a file that exists is never overwritten.", file).Because(err)
	}
	return syncFolder(filepath.Dir(file))
}
