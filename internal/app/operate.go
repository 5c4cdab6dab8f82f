// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"log/slog"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// migrateCommand brings the database to this version.
type migrateCommand struct {
	Config string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
}

// Run migrates and stops. The server does the same when it starts; this is for
// those who want to see it happen first.
func (c *migrateCommand) Run(s *client.Session) error {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	db, err := openDatabase(s.Context, cfg, store.NewClock())
	if err != nil {
		return err
	}
	defer db.Close()
	release, err := db.Lease(s.Context)
	if err != nil {
		return err
	}
	defer release()
	if err := db.Migrate(s.Context, migrations()); err != nil {
		return err
	}
	s.Printf("The database is at the version of portreeve %s.\n", Version)
	return nil
}

// openQuietly opens the office of a configuration file for a command that does one
// thing on the server's machine: on real time, without a log. The server must not be
// running. The caller closes the office.
func openQuietly(ctx context.Context, file string) (*Config, *office, error) {
	cfg, err := ReadConfig(file)
	if err != nil {
		return nil, nil, err
	}
	o, err := openOffice(ctx, cfg, options{clock: store.NewClock(), log: slog.New(slog.DiscardHandler)})
	return cfg, o, err
}

// adminCommand is what is done on the server's machine while the server stands still.
type adminCommand struct {
	Create    createAdminCommand `cmd:"" help:"Create an administrator and print a one-time invitation."`
	RotateKey rotateKeyCommand   `cmd:"" help:"Change the key that signs the ledger's checkpoints and the gate's answers."`
}

type createAdminCommand struct {
	Config  string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
	Login   string `arg:"" help:"Login, such as ada."`
	Name    string `help:"Name as others see it; default: the login." placeholder:"NAME"`
	Another bool   `help:"Create one although there are accounts already: the way back in."`
}

// Run creates the account. The server must not be running: it holds the database.
func (c *createAdminCommand) Run(s *client.Session) error {
	cfg, o, err := openQuietly(s.Context, c.Config)
	if err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = c.Login
	}
	invitation, err := o.identity.CreateAdmin(s.Context, c.Login, c.Name, c.Another)
	if fault.HasCode(err, "identity.people_exist") {
		err = fault.New(fault.Conflict, "admin.people_exist", "There are accounts already: an administrator creates further ones under Administration. If none of them can sign in any more, add --another.").Because(err)
	}
	if err := errors.Join(err, o.close()); err != nil {
		return err
	}
	s.Printf("Start the server, then open this link once, before %s, to set a password and a one-time code:\n%s/invitation/%s\n",
		invitation.Until.In(cfg.location).Format("2 January 2006 15:04 MST"), cfg.PublicURL, invitation.Token)
	return nil
}
