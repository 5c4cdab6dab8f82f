// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
)

// demoCommand runs a server with the worked case on an embedded database.
type demoCommand struct {
	Listen    string `help:"Address to listen on; port 0 takes a free one; default: ${default}." default:"127.0.0.1:8443" placeholder:"ADDR"`
	Data      string `help:"Folder of the demo's database and keys; default: a fresh one for this run." type:"path" placeholder:"DIR"`
	ReadyFile string `help:"File to write as JSON once the server answers: url, ca, accounts." type:"path" placeholder:"FILE"`
	At        string `help:"Shift the clock of deadlines and acceptances, such as +31d." placeholder:"OFFSET"`
	Verbose   bool   `help:"Log every request." short:"v"`

	temporary bool // Data is removed at the end
}

// Run loads the worked case at the first start, serves it, and ends on SIGINT or SIGTERM.
func (c *demoCommand) Run(s *client.Session) error {
	offset, err := parseOffset(c.At)
	if err != nil {
		return err
	}
	if !loopback(c.Listen) {
		return fault.New(fault.Usage, "demo.listen", "The demo prints its passwords, so it listens on this machine alone: give --listen a loopback address such as 127.0.0.1:8443.")
	}
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "portreeve-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		c.temporary = true
		defer os.RemoveAll(c.Data)
	}
	state, err := loadDemoState(c.Data)
	if err != nil {
		return err
	}
	if offset < state.Offset {
		return fault.New(fault.Usage, "demo.at", "The data in %s has already been used at +%s; time does not go back. Use --at +%s or later, or another --data folder.",
			c.Data, config.Duration(state.Offset), config.Duration(state.Offset))
	}
	return c.serve(s, state, offset)
}

func (c *demoCommand) serve(s *client.Session, state *demoState, offset time.Duration) error {
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(s.Stderr, &slog.HandlerOptions{Level: level}))
	clock := store.NewClock()
	local, err := ensureLocalCertificate(filepath.Join(c.Data, "tls"), clock.Real())
	if err != nil {
		return err
	}
	tlsConfig := TLSConfig{Certificate: local.Certificate, Key: local.Key}
	listener, err := listen(c.Listen, tlsConfig, clock, log)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.New(fault.Unavailable, "demo.taken", "Another program listens on %s already. Name another address with --listen, such as 127.0.0.1:9443 (make demo LISTEN=127.0.0.1:9443), or 127.0.0.1:0 for a free port.", c.Listen).Because(err)
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	url := fmt.Sprintf("https://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	cfg := demoConfig(c.Data, url, tlsConfig)
	if err := cfg.finish(); err != nil {
		return err
	}
	clock.SetOffset(state.Offset)
	o, err := openOffice(s.Context, cfg, options{clock: clock, log: log})
	if err != nil {
		return c.stopped(s, err)
	}
	if state.Accounts == nil {
		if err := loadDemo(s.Context, o, state); err != nil {
			return c.stopped(s, errors.Join(fmt.Errorf("load the worked case: %w", err), o.close()))
		}
	}
	clock.SetOffset(offset)
	state.Offset = offset
	if err := state.save(c.Data); err != nil {
		return errors.Join(err, o.close())
	}
	ready := func() error { return c.announce(s, demoReady{URL: url, CA: local.Authority, Accounts: state.Accounts}) }
	return o.run(s.Context, listener, ready)
}

// stopped says of what failed in a demo that somebody stopped before it was
// loaded that this is why. What is half loaded is not used again.
func (c *demoCommand) stopped(s *client.Session, err error) error {
	if s.Context.Err() == nil || !errors.Is(err, s.Context.Err()) {
		return err
	}
	message := "The demo was stopped before it was ready."
	if !c.temporary && exists(filepath.Join(c.Data, databaseFile)) && !exists(filepath.Join(c.Data, demoStateFile)) {
		message += " Its worked case is not whole: delete " + c.Data + " before you start it again."
	}
	return fault.New(fault.Unavailable, "demo.stopped", message).Because(err)
}

// demoConfig is the configuration of the demo: an office on localhost.
func demoConfig(data, url string, tls TLSConfig) *Config {
	return &Config{
		PublicURL: url,
		DataDir:   data,
		TLS:       tls,
		Organisation: OrganisationConfig{
			Name:    "Portreeve demo",
			Contact: []string{"mailto:security@demo.example"},
			Intro:   "The security office of a fictional foundation. Everybody here is invented and named for their part.",
		},
		Ledger: LedgerConfig{Origin: "demo.portreeve.example"},
		// The demo prints its passwords: a costly hash would only delay its start.
		hash: identity.HashConfig{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1},
	}
}

// demoReady is the ready file.
type demoReady struct {
	URL      string        `json:"url"`
	CA       string        `json:"ca"`
	Accounts []demoAccount `json:"accounts"`
}

// demoAccount is somebody who can sign in to the demo.
type demoAccount struct {
	Name       string `json:"name"`
	Role       string `json:"role"`
	Login      string `json:"login"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
	Token      string `json:"token"`
}

// announce tells people and programs that the server answers.
func (c *demoCommand) announce(s *client.Session, ready demoReady) error {
	s.Printf("Portreeve demo: %s\n", ready.URL)
	s.Printf("Trust its certificate with %s, or accept the browser's warning.\n\n", ready.CA)
	s.Printf("The password of everybody, spaces included: %q\n\n", demoPassword)
	s.Printf("%-18s %-11s %s\n", "Sign in as", "Role", "Secret of the one-time code")
	for _, a := range ready.Accounts {
		s.Printf("%-18s %-11s %s\n", a.Login, a.Role, a.TOTPSecret)
	}
	s.Printf("\nA one-time code: portreeve demo-code SECRET, or any authenticator app.\n")
	for _, a := range ready.Accounts {
		if a.Login == "reviewer" {
			s.Printf("\nThe command line as the reviewer, in another terminal:\n  export PORTREEVE_URL=%s PORTREEVE_CA=%s PORTREEVE_TOKEN=%s\n", ready.URL, ready.CA, a.Token)
		}
	}
	s.Printf("\nStop with Ctrl-C. The data is in %s%s.\n", c.Data, map[bool]string{true: " and goes away then; keep it with --data DIR"}[c.temporary])
	if c.ReadyFile == "" {
		return nil
	}
	data, err := json.MarshalIndent(ready, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(c.ReadyFile, data, 0o600) // scripts wait for it: it is never half there
}

// demoState is what the demo remembers between runs on the same data.
type demoState struct {
	Offset   time.Duration `json:"offset"`
	Accounts []demoAccount `json:"accounts"`
}

const demoStateFile = "demo.json"

func loadDemoState(dir string) (*demoState, error) {
	data, err := os.ReadFile(filepath.Join(dir, demoStateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &demoState{}, refuseForeign(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo's state: %w", err)
	}
	var s demoState
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fault.New(fault.Invalid, "demo.state", "The file %s is damaged. Start the demo with another --data folder.", filepath.Join(dir, demoStateFile)).Because(err)
	}
	return &s, nil
}

// refuseForeign refuses a data folder that some other server uses, or that a
// demo left before it was loaded.
func refuseForeign(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); err == nil {
		return fault.New(fault.Usage, "demo.foreign", "The folder %s holds a database that is not a loaded demo. Use another --data folder, or delete it.", dir)
	}
	return nil
}

func (s *demoState) save(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, demoStateFile), data, 0o600)
}

// parseOffset reads +31d, +12h or the empty offset.
func parseOffset(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.ParseDuration(strings.TrimPrefix(text, "+"))
	if err != nil || d < 0 {
		return 0, fault.New(fault.Usage, "demo.at", "--at takes an offset such as +31d or +12h, not %q.", text)
	}
	return d.Std(), nil
}
