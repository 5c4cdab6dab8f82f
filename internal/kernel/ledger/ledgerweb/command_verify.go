// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Stored is an installation's log as `ledger verify` needs it. DB is closed by
// the command.
type Stored struct {
	DB     *store.DB
	Keys   []byte // verifier keys, one per line; nil if they are not at hand
	Origin string // of the checkpoints; empty means the name of the first key
}

// OpenConfig opens the database that a configuration file names, without
// changing anything in it. The program's composition root provides it.
type OpenConfig func(ctx context.Context, file string) (Stored, error)

// Names of the files in a data directory.
const (
	databaseFile = "portreeve.db"
	keyFile      = "ledger.pub"
)

// VerifyCmd verifies a whole log.
type VerifyCmd struct {
	File       string   `arg:"" optional:"" help:"An export, as portreeve ledger export writes it; needs --key." type:"path"`
	Data       string   `help:"A data directory: its portreeve.db, with the keys in its ledger.pub." placeholder:"DIR" type:"path"`
	Config     string   `help:"A configuration file: the database that it names, such as PostgreSQL." placeholder:"FILE" type:"path"`
	Key        string   `help:"Verifier keys to trust, one per line. Keep your own copy: keys that lie beside the log prove less." placeholder:"KEYFILE" type:"path"`
	Checkpoint []string `help:"A signed checkpoint that you kept: the log must still hold all it covers. May be given several times." placeholder:"FILE" type:"path" sep:"none"`
	Origin     string   `help:"The log's origin, if it is not the name of its first key." placeholder:"NAME"`
	Workers    int      `help:"How many processors to use; 0 means all." placeholder:"N"`
	JSON       bool     `help:"Print the result as JSON." name:"json"`

	open OpenConfig
}

// Verified is what `ledger verify --json` prints.
type Verified struct {
	Sound       bool   `json:"sound"`
	Size        int64  `json:"size"`
	Root        string `json:"root,omitempty"`
	Opened      int64  `json:"opened" doc:"entries of which at least one field was open and matched"`
	Checkpoints int    `json:"checkpoints" doc:"signed checkpoints that agree"`
	Entry       *int64 `json:"entry,omitempty" doc:"the first entry that is wrong"`
	Wrong       string `json:"wrong,omitempty"`
}

// Run verifies the log and prints one line: the number of entries and the root,
// or the first entry that is wrong, and then it exits 1.
func (c *VerifyCmd) Run(s *client.Session) error {
	if err := c.check(); err != nil {
		return err
	}
	opts := ledger.VerifyOptions{Origin: c.Origin, Workers: c.Workers}
	for _, file := range c.Checkpoint {
		signed, err := os.ReadFile(file)
		if err != nil {
			return unreadable("checkpoint", file, err)
		}
		opts.Known = append(opts.Known, signed)
	}
	if c.Key != "" {
		keys, err := readKeys(c.Key)
		if err != nil {
			return err
		}
		opts.Keys = keys
	}
	report, err := c.verify(s.Context, opts)
	if err != nil {
		return c.failed(s, err)
	}
	if c.JSON {
		return s.PrintJSON(Verified{Sound: true, Size: report.Size, Root: report.Root.String(), Opened: report.Opened, Checkpoints: report.Checkpoints})
	}
	s.Printf("%s\n", report)
	return nil
}

// check refuses a command line that names none or several things to verify.
func (c *VerifyCmd) check() error {
	given := 0
	for _, source := range []string{c.File, c.Data, c.Config} {
		if source != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return fault.New(fault.Usage, "ledger.verify.what", "Say what to verify, one of: FILE --key KEYFILE (an export), --data DIR, --config FILE.")
	case c.File != "" && c.Key == "":
		return fault.New(fault.Usage, "ledger.verify.key", "An export is verified with keys that you hold: add --key KEYFILE. `portreeve ledger key` prints the server's.")
	case c.Workers < 0:
		return fault.New(fault.Usage, "ledger.verify.workers", "--workers must be 0 or larger.")
	case c.Config != "" && c.open == nil:
		return fault.New(fault.Usage, "ledger.verify.config", "This program cannot open databases by configuration file; use --data DIR.")
	}
	return nil
}

func (c *VerifyCmd) verify(ctx context.Context, opts ledger.VerifyOptions) (ledger.Report, error) {
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return ledger.Report{}, unreadable("export", c.File, err)
		}
		defer f.Close()
		return ledger.VerifyExport(ctx, f, opts)
	}
	stored, err := c.stored(ctx)
	if err != nil {
		return ledger.Report{}, err
	}
	defer stored.DB.Close() //nolint:errcheck // only read
	if opts.Keys.Empty() {
		if opts.Keys, err = format.ParseKeys(stored.Keys); err != nil {
			return ledger.Report{}, fault.New(fault.Usage, "ledger.verify.no_key", "No verifier keys were found beside the log; name your copy with --key KEYFILE.").Because(err)
		}
	}
	if opts.Origin == "" {
		opts.Origin = stored.Origin
	}
	return ledger.VerifyDatabase(ctx, stored.DB, opts)
}

func (c *VerifyCmd) stored(ctx context.Context) (Stored, error) {
	if c.Config != "" {
		return c.open(ctx, c.Config)
	}
	file := filepath.Join(c.Data, databaseFile)
	if err := reachable(file); err != nil {
		return Stored{}, err
	}
	keys, err := os.ReadFile(filepath.Join(c.Data, keyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stored{}, unreadable("key file", filepath.Join(c.Data, keyFile), err)
	}
	db, err := store.Open(ctx, store.Config{SQLite: file})
	return Stored{DB: db, Keys: keys}, err
}

// reachable refuses a database that SQLite would create, or could not open: it
// writes to the journal's index even to read.
func reachable(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Usage, "ledger.verify.data", "There is no %s in %s; name the data directory of an installation on SQLite, or use --config.", databaseFile, filepath.Dir(file)).Because(err)
	case err != nil:
		return fault.New(fault.Usage, "ledger.verify.access", "The database %s cannot be opened. Run this as the user of the server, or verify an export, which needs no access.", file).Because(err)
	}
	return f.Close()
}

// failed says what is wrong. A fault (a file that cannot be read, a database
// that is away) is no finding and is passed on.
func (c *VerifyCmd) failed(s *client.Session, err error) error {
	var f *fault.Error
	var found *ledger.Wrong
	finding := errors.As(err, &found)
	if !finding && (errors.As(err, &f) || s.Context.Err() != nil) {
		return err
	}
	if c.JSON {
		result := Verified{Wrong: err.Error()}
		if finding {
			result.Wrong = found.What
			if found.Seq >= 0 {
				result.Entry = &found.Seq
			}
		}
		if err := s.PrintJSON(result); err != nil {
			return fmt.Errorf("print the result: %w", err)
		}
		return client.Exit(1)
	}
	s.Printf("WRONG: %v\n", err)
	return client.Exit(1)
}
