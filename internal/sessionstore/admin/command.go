// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// Commands are the verbs of `portreeve sessiond` that ask a running service.
type Commands struct {
	Status   StatusCmd   `cmd:"" help:"Show the state of the service: readiness, room, namespaces, warnings; with --json also keys and guarantees."`
	Sessions SessionsCmd `cmd:"" help:"List the sessions of an owner. No id or value is shown."`
	End      EndCmd      `cmd:"" help:"End the sessions of an owner, also against late writes, and print a signed receipt."`
	Writers  WritersCmd  `cmd:"" help:"Show who writes most to a namespace."`
	Keys     KeysCmds    `cmd:"" help:"Rotate or destroy the keys of a namespace."`
	Empty    EmptyCmd    `cmd:"" help:"End every session of a namespace."`
	Audit    AuditCmd    `cmd:"" help:"Copy the log of administrative acts."`
	Verify   VerifyCmd   `cmd:"" help:"Check receipts, and a copy of that log, without the service."`
}

// Connection is the flag that says which service to ask and as whom: embed it.
type Connection struct {
	Connect string `required:"" help:"File with admin_url, ca, and the cert and key of an administrator, as JSON; paths are relative to it." env:"PORTREEVE_SESSIOND" placeholder:"FILE" type:"path"`
}

// Client returns a client of the service that the file names.
func (c Connection) Client() (Client, error) {
	var file struct {
		AdminURL string `json:"admin_url"`
		CA       string `json:"ca"`
		Cert     string `json:"cert"`
		Key      string `json:"key"`
	}
	b, err := os.ReadFile(c.Connect)
	if err != nil {
		return Client{}, fault.New(fault.Usage, "admin.connect", "The file %s of --connect cannot be read.", c.Connect).Because(err)
	}
	if err := json.Unmarshal(b, &file); err != nil || file.AdminURL == "" {
		return Client{}, fault.New(fault.Usage, "admin.connect", "The file %s of --connect is not JSON with admin_url, ca, cert and key.", c.Connect).Because(err)
	}
	// As in a configuration: relative to the file, wherever the command is called.
	for _, name := range []*string{&file.CA, &file.Cert, &file.Key} {
		if *name == "" {
			continue
		}
		if !filepath.IsAbs(*name) {
			*name = filepath.Join(filepath.Dir(c.Connect), *name)
		}
		if _, err := os.ReadFile(*name); err != nil {
			return Client{}, fault.New(fault.Usage, "admin.connect", "The file %s, which %s names, cannot be read.", *name, c.Connect).Because(err)
		}
	}
	api, err := NewClient(client.Config{URL: file.AdminURL, CA: file.CA, Cert: file.Cert, Key: file.Key})
	api.connect = c.Connect
	return api, c.typed(err)
}

// typed words what is wrong with a connection by the file that it was given in: the
// client of the command line speaks of its own flags.
func (c Connection) typed(err error) error {
	words := map[string]string{
		"client.url":       "The admin_url in %s must be https://host:port, without a path.",
		"client.ca":        "The file that %s names as ca cannot be read, or holds no PEM certificate.",
		"client.cert":      "The files that %s names as cert and key are no certificate with its key.",
		"client.token":     "The service does not know who you are. In %s, name a certificate that its policy knows as cert and key.",
		"client.untrusted": "The service's certificate is signed by another authority than the ca that %s names.",
	}
	var f *fault.Error
	if !errors.As(err, &f) || words[f.Code] == "" {
		return err
	}
	return fault.New(f.Kind, "admin.connect", words[f.Code], c.Connect).Because(f.Err)
}

// StatusCmd shows the state of the service.
type StatusCmd struct {
	Connection
	client.JSONFlag
}

// Run prints the state.
func (c *StatusCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	status, err := api.Status(s.Context)
	return client.Show(s, status, err, c.JSON, printStatus)
}

func printStatus(s *client.Session, st Status) error {
	ready := "ready"
	if !st.Ready {
		ready = "not ready"
	}
	s.Printf("%s %s, profile %s, %s, pressure %s\n\n", st.Service, st.Version, st.Profile, ready, st.Pressure)
	if st.Pressure != "calm" && st.Means != "" {
		s.Printf("%s.\n\n", st.Means)
	}
	var rows [][]string
	for _, n := range st.Namespaces {
		sessions, bytes := "not counted", "not counted"
		if n.Usage.Known {
			sessions, bytes = strconv.FormatInt(n.Usage.Rows, 10), strconv.FormatInt(n.Usage.Bytes, 10)
		}
		rows = append(rows, []string{n.Name, n.Base, sessions, bytes, (time.Duration(n.TTL) * time.Second).String(), strconv.FormatInt(n.Written.Writes, 10), strconv.FormatInt(n.Written.Same, 10)})
	}
	if err := s.Table([]string{"NAMESPACE", "BASE", "SESSIONS", "BYTES", "TIME TO LIVE", "WRITES", "SAME VALUE"}, rows, ""); err != nil {
		return err
	}
	if st.AuditKeys != "" {
		s.Printf("\nReceipts and the audit log are verified by:\n%s", st.AuditKeys)
	}
	for _, w := range st.Warnings {
		s.Printf("\nunsafe: %s\n  %s\n", w.Thing, w.Message)
	}
	return nil
}

// SessionsCmd lists the sessions of an owner.
type SessionsCmd struct {
	Connection
	client.JSONFlag
	Namespace string       `required:"" help:"The namespace." placeholder:"NAME"`
	Owner     string       `arg:"" help:"The owner, as the application wrote it."`
	Limit     client.Limit `help:"The most to list, up to 200." default:"50" placeholder:"N"`
	After     string       `help:"Go on after this handle." placeholder:"HANDLE"`
}

// Run prints a page.
func (c *SessionsCmd) Run(s *client.Session) error {
	if c.Owner == "" {
		return nobody()
	}
	api, err := c.Client()
	if err != nil {
		return err
	}
	page, err := api.Sessions(s.Context, c.Namespace, c.Owner, c.After, int(c.Limit))
	return client.Show(s, page, err, c.JSON, func(s *client.Session, page Sessions) error {
		var rows [][]string
		for _, v := range page.Sessions {
			expires := "never"
			if v.Expires != nil {
				expires = v.Expires.Format(time.RFC3339)
			}
			rows = append(rows, []string{v.Handle, v.Established.Format(time.RFC3339), expires, strconv.Itoa(v.Bytes)})
		}
		if len(rows) == 0 {
			s.Printf("This owner has no session here.\n")
			return nil
		}
		if err := s.Table([]string{"HANDLE", "ESTABLISHED", "EXPIRES", "BYTES"}, rows, ""); err != nil {
			return err
		}
		if page.Next != "" {
			s.Printf("\nmore: --after %s\n", page.Next)
		}
		return nil
	})
}

// EndCmd ends the sessions of an owner.
type EndCmd struct {
	Connection
	Namespace *string       `help:"One namespace; without it, all." placeholder:"NAME"`
	Owner     string        `arg:"" help:"The owner, as the application wrote it."`
	Handle    *string       `help:"One session alone, by its handle." placeholder:"HANDLE"`
	Hold      time.Duration `help:"Refuse new sessions of the owner for that long, at most 1h." placeholder:"DURATION"`
	Cause     string        `help:"A short phrase for the audit log, without personal data." placeholder:"TEXT"`
}

// Validate refuses what would end more than was meant: an empty text, as a variable
// of a script that is not set gives it, is neither every namespace nor every session.
func (c *EndCmd) Validate() error {
	switch {
	case c.Namespace != nil && *c.Namespace == "":
		return errors.New("--namespace is empty; leave it out to end the owner's sessions in all namespaces")
	case c.Handle != nil && *c.Handle == "":
		return errors.New("--handle is empty; leave it out to end all sessions of the owner")
	case c.Handle != nil && (c.Namespace == nil || c.Hold != 0):
		return errors.New("--handle needs --namespace, and takes no --hold")
	case c.Hold%time.Second != 0 || c.Hold < 0 || c.Hold > maxHold:
		return fmt.Errorf("--hold is a number of seconds, at most %s", maxHold)
	case len(c.Cause) > maxCause || strings.ContainsFunc(c.Cause, unicode.IsControl):
		return fmt.Errorf("--cause is one line of at most %d bytes", maxCause)
	}
	return nil
}

func nobody() error {
	return fault.New(fault.Usage, "usage", "The owner is empty. Say whose sessions, as the application wrote it.")
}

// Run ends them and prints the receipt as JSON.
func (c *EndCmd) Run(s *client.Session) error {
	if c.Owner == "" {
		return nobody()
	}
	api, err := c.Client()
	if err != nil {
		return err
	}
	namespace := ""
	if c.Namespace != nil {
		namespace = *c.Namespace
	}
	if c.Handle != nil {
		return done(s, api.EndOne(s.Context, namespace, c.Owner, *c.Handle), "The session is ended.")
	}
	receipt, err := api.End(s.Context, namespace, c.Owner, Ending{Hold: int64(c.Hold.Seconds()), Cause: c.Cause})
	if err != nil {
		return err
	}
	return s.PrintJSON(receipt)
}

// done says that something was done that has no other answer.
func done(s *client.Session, err error, what string) error {
	if err == nil {
		s.Printf("%s\n", what)
	}
	return err
}

// maxCause is what a record of the audit log takes.
const maxCause = 1024

// WritersCmd shows who writes most.
type WritersCmd struct {
	Connection
	client.JSONFlag
	Namespace string `arg:"" help:"The namespace."`
}

// Run prints the most active owners, identities and networks.
func (c *WritersCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	w, err := api.Writers(s.Context, c.Namespace)
	return client.Show(s, w, err, c.JSON, func(s *client.Session, w Writers) error {
		s.Printf("%d writes, %d of them with the value that was there, %d bytes\n\n", w.Totals.Writes, w.Totals.Same, w.Totals.Bytes)
		var rows [][]string
		for _, list := range []struct {
			kind   writers.Kind
			counts []writers.Count
		}{{writers.Owner, w.Owners}, {writers.Identity, w.Identities}, {writers.Network, w.Networks}} {
			for _, n := range list.counts {
				rows = append(rows, []string{string(list.kind), n.Name, strconv.FormatInt(n.Count, 10), fmt.Sprintf("too high by %d at most", n.Over)})
			}
		}
		return s.Table([]string{"KIND", "NAME", "WRITES", ""}, rows, "")
	})
}

// KeysCmds change keys.
type KeysCmds struct {
	Rotate  RotateCmd  `cmd:"" help:"Make new keys. Nobody is signed out; older rows are sealed anew in the background."`
	Destroy DestroyCmd `cmd:"" help:"Destroy the keys of a namespace: all it holds is lost, in every copy and backup."`
}

// RotateCmd makes new keys.
type RotateCmd struct {
	Connection
	Namespace string `arg:"" help:"The namespace."`
	Index     bool   `help:"Also the keys that places and owners are hashed with."`
}

// Run makes them.
func (c *RotateCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	return done(s, api.Rotate(s.Context, c.Namespace, c.Index), "Namespace "+c.Namespace+" has new keys. Older rows are sealed anew in the background.")
}

// confirm is what ends every session of a namespace and so asks twice: embed it.
type confirm struct {
	Connection
	Namespace string `arg:"" help:"The namespace."`
	Confirm   string `required:"" help:"The name of the namespace once more." placeholder:"NAME"`
}

// Validate refuses another name.
func (c confirm) Validate() error {
	if c.Confirm != c.Namespace {
		return fmt.Errorf("--confirm must repeat the namespace %q", c.Namespace)
	}
	return nil
}

// DestroyCmd destroys the keys of a namespace.
type DestroyCmd struct {
	confirm `embed:""`
}

// Run destroys them.
func (c *DestroyCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	return done(s, api.Destroy(s.Context, c.Namespace), "The keys of namespace "+c.Namespace+" are destroyed. Take it out of the configuration, or let it begin anew with make-keys --again, before the next start.")
}

// EmptyCmd ends every session of a namespace.
type EmptyCmd struct {
	confirm `embed:""`
}

// Run ends them.
func (c *EmptyCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	return done(s, api.Empty(s.Context, c.Namespace), "Namespace "+c.Namespace+" is empty.")
}

// AuditCmd copies the log of administrative acts.
type AuditCmd struct{ Connection }

// Run copies it to the standard output.
func (c *AuditCmd) Run(s *client.Session) error {
	api, err := c.Client()
	if err != nil {
		return err
	}
	return api.Audit(s.Context, s.Stdout)
}
