// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/admin"
	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// Commands are `portreeve sessiond`: without a verb it is the server.
type Commands struct {
	Serve     ServeCmd     `cmd:"" default:"withargs" help:"Run the session store (the default)."`
	Selfcheck SelfcheckCmd `cmd:"" help:"Try every bypass against the running service, and print what was refused."`
	MakeKeys  MakeKeysCmd  `cmd:"" help:"Make the keys that sessions are sealed with."`
	Schema    SchemaCmd    `cmd:"" help:"Print the CQL to run in Cassandra before the first start."`

	Cert       authority.Commands `cmd:"" help:"A small authority: issue, renew, revoke certificates, and see what ends."`
	Credential listen.Commands    `cmd:"" help:"Tokens for clients without certificates: make one, and see what ends."`

	admin.Commands `embed:""`
}

// Version is what the process says that it is; package app binds it for kong.
type Version string

// ServeCmd runs the session store.
type ServeCmd struct {
	Config    string `help:"Configuration file; Kask's own is one, too." type:"path" placeholder:"FILE" xor:"from"`
	ReadyFile string `help:"File to write as JSON once the service answers: url, admin_url, ca, cert, key, config." type:"path" placeholder:"FILE"`
	Dev       bool   `help:"To try it: make an authority, certificates, keys and a configuration in --data." xor:"from"`
	Data      string `help:"Folder of --dev; default: a fresh one for this run." type:"path" placeholder:"DIR"`
	Listen    string `help:"Address of --dev, 127.0.0.1:8081 without it; port 0 takes a free one." placeholder:"ADDR"`
}

// Run serves until SIGINT or SIGTERM. SIGHUP reads the configuration again.
func (c *ServeCmd) Run(s *client.Session, version Version) error {
	o := Options{Version: string(version), Log: s.Stdout, ReadyFile: c.ReadyFile, Hangup: make(chan os.Signal, 1)}
	signal.Notify(o.Hangup, syscall.SIGHUP)
	defer signal.Stop(o.Hangup)
	switch {
	case c.Dev:
		return c.try(s, o)
	case c.Config == "":
		return fault.New(fault.Usage, "sessiond.config", "Say which configuration to run with: --config FILE. To try the store, --dev makes everything that it needs.")
	case c.Data != "":
		return fault.New(fault.Usage, "sessiond.data", "--data is for --dev. A configuration names its folder: embedded.data.")
	case c.Listen != "":
		return fault.New(fault.Usage, "sessiond.listen", "--listen is for --dev. A configuration says where: listen_address and listen_port.")
	}
	cfg, err := settings.Read(c.Config)
	if err != nil {
		return err
	}
	tuneCollector(cfg)
	o.Ready = func(r *Ready) error {
		r.CA, r.Cert, r.Key = cfg.Selfcheck.ServerCA, cfg.Selfcheck.Cert, cfg.Selfcheck.Key
		if r.CA == "" {
			r.CA = cfg.TLS.ClientCA
		}
		return nil
	}
	return Run(s.Context, cfg, o)
}

// try runs a store of its own folder.
func (c *ServeCmd) try(s *client.Session, o Options) (err error) {
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "portreeve-sessiond-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Data) //nolint:errcheck // a leftover in the temporary folder
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8081"
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fault.New(fault.Invalid, "sessiond.data", "The folder %s of --data cannot be made.", c.Data).Because(err)
	}
	// Before anything is made: another process may use what is there.
	release, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer release() //nolint:errcheck // the end of the process gives it up, too
	d, err := newDev(c.Data, c.Listen)
	if err != nil {
		return err
	}
	cfg, err := d.configure()
	if err != nil {
		d.sockets.close()
		return err
	}
	tuneCollector(cfg)
	o.Log, o.sockets = s.Stderr, &d.sockets
	go d.authority.Keep(s.Context, time.Hour, slog.New(slog.DiscardHandler))
	o.Ready = func(r *Ready) error { return d.announce(s, r) }
	return Run(s.Context, cfg, o)
}

// announce says how to try it.
func (d *dev) announce(s *client.Session, r *Ready) error {
	r.CA, r.Cert, r.Key = d.authority.CertFile(), d.client.Cert, d.client.Key
	administrator := *r
	administrator.Cert, administrator.Key = d.admin.Cert, d.admin.Key
	connect := filepath.Join(d.folder, "administrator.json")
	if err := administrator.write(connect); err != nil {
		return err
	}
	s.Printf("Portreeve session store, to try: %s\n\n", r.URL)
	s.Printf("Write, read and end a session, as a client that may:\n")
	curl := "curl --cacert " + r.CA + " --cert " + r.Cert + " --key " + r.Key
	s.Printf("  %s --data-binary hello %smy-session\n  %s %smy-session\n  %s -X DELETE %smy-session\n\n", curl, r.URL, curl, r.URL, curl, r.URL)
	s.Printf("Administer it:  portreeve sessiond status --connect %s\n", connect)
	s.Printf("Try every bypass:  portreeve sessiond selfcheck --config %s\n\nStop with Ctrl-C.\n", r.Config)
	return nil
}
