// SPDX-License-Identifier: Apache-2.0

package app

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
)

// backupCommand writes everything to a file.
type backupCommand struct {
	Config string `help:"Configuration file." xor:"source" type:"path" placeholder:"FILE"`
	Data   string `help:"Data directory of an installation on SQLite, such as the demo's, instead of a configuration file." xor:"source" type:"path" placeholder:"DIR"`
	Out    string `help:"File to write; it must not exist yet." required:"" type:"path" placeholder:"FILE"`
}

// Run writes a backup from one snapshot while the server goes on. The file holds
// everything confidential, but neither the keys nor the erasure journal: those
// are files of their own, kept apart.
func (c *backupCommand) Run(s *client.Session) error {
	cfg, err := c.installation()
	if err != nil {
		return err
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

// installation returns whose database is written.
func (c *backupCommand) installation() (*Config, error) {
	switch {
	case c.Config != "":
		return ReadConfig(c.Config)
	case c.Data != "":
		return &Config{DataDir: c.Data}, nil
	default:
		return nil, fault.New(fault.Usage, "backup.source", "Say what to write: --config FILE for a configured installation, or --data DIR for a data directory with SQLite.")
	}
}

// backupTo writes a backup to a file that must not exist.
func backupTo(ctx context.Context, db *store.DB, file string) error {
	err := client.WriteFile(file, false, func(w io.Writer) error {
		zip := gzip.NewWriter(w)
		return errors.Join(backup.Write(ctx, db, zip, nil), zip.Close())
	})
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Usage, "backup.exists", "%s exists already, and a backup takes the place of nothing: name another file, or move this one away.", file).Because(err)
	}
	return err
}
