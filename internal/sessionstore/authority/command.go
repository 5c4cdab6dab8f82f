// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Commands are the verbs of `portreeve sessiond cert`.
type Commands struct {
	Init   InitCmd   `cmd:"" help:"Make an authority in a folder."`
	Issue  IssueCmd  `cmd:"" help:"Make a key and a certificate for a server or a client."`
	Renew  RenewCmd  `cmd:"" help:"Renew certificates: those named, or all that are due. For cron: it does nothing where nothing is due."`
	Revoke RevokeCmd `cmd:"" help:"Take a certificate back, and write the revocation list."`
	List   ListCmd   `cmd:"" help:"Show what was issued and what ends when; exits 2 if something is to be done."`
}

// place is the flag that says where the authority is.
type place struct {
	Authority string `help:"The authority's folder." default:"authority" env:"PORTREEVE_AUTHORITY" type:"path" placeholder:"DIR"`

	now func() time.Time
}

func (p *place) clock() func() time.Time {
	if p.now == nil {
		p.now = store.NewClock().Real
	}
	return p.now
}

func (p *place) open() (*Authority, error) { return Open(p.Authority, p.clock()) }

// InitCmd makes an authority.
type InitCmd struct {
	place
	Name        string          `help:"What people call it." default:"Session storage" placeholder:"TEXT"`
	Domain      []string        `help:"A domain that it may sign for, with what is below it; repeat for more." placeholder:"DOMAIN"`
	TrustDomain []string        `help:"A host that client URIs may have (spiffe://HOST/...); repeat for more." placeholder:"HOST"`
	Network     []string        `help:"A network whose addresses it may sign for; repeat for more." placeholder:"CIDR"`
	Life        config.Duration `help:"How long it lives." default:"1825d" placeholder:"DURATION"`
}

// Run makes it and says what to do next.
func (c *InitCmd) Run(s *client.Session) error {
	o := Options{Name: c.Name, Domains: c.Domain, TrustDomains: c.TrustDomain, Life: time.Duration(c.Life)}
	for _, text := range c.Network {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fault.New(fault.Usage, "authority.network", "--network takes a network such as 10.64.0.0/12.")
		}
		o.Networks = append(o.Networks, p)
	}
	a, err := Create(c.Authority, o, c.clock())
	if err != nil {
		return err
	}
	s.Printf("authority %s until %s\n  certificate      %s\n  revocation list  %s\n", o.Name, a.cert.NotAfter.UTC().Format(time.RFC3339), a.CertFile(), a.ListFile())
	if len(c.Domain)+len(c.TrustDomain)+len(c.Network) == 0 {
		s.Printf("It may sign for every name. With --domain, --trust-domain and --network it could do less, and so could whoever steals its key.\n")
	}
	return nil
}

// IssueCmd issues a certificate.
type IssueCmd struct {
	place
	Name   string          `arg:"" help:"Name of the files, and in listings."`
	Server bool            `help:"For a server." xor:"role" required:""`
	Client bool            `help:"For a client." xor:"role" required:""`
	DNS    []string        `help:"A DNS name; repeat for more." name:"dns" placeholder:"NAME"`
	IP     []string        `help:"An address of a server; repeat for more." name:"ip" placeholder:"ADDRESS"`
	URI    []string        `help:"A client's identity, such as spiffe://wiki/mediawiki; repeat for more." name:"uri" placeholder:"URI"`
	Life   config.Duration `help:"How long it lives, at most 90d." default:"30d" placeholder:"DURATION"`
	Out    string          `help:"Folder for its files; default is the authority's." type:"path" placeholder:"DIR"`
	CSR    string          `help:"A signing request (PKCS #10) by whoever keeps the key, which then never travels. Only its key counts, the names are those given here." name:"csr" type:"existingfile" placeholder:"FILE"`
	client.JSONFlag
}

// Run issues it and shows the record.
func (c *IssueCmd) Run(s *client.Session) error {
	a, err := c.open()
	if err != nil {
		return err
	}
	role := Client
	if c.Server {
		role = Server
	}
	var csr []byte
	if c.CSR != "" {
		if csr, err = os.ReadFile(c.CSR); err != nil {
			return fmt.Errorf("read the signing request: %w", err)
		}
	}
	r, err := a.Issue(Request{Name: c.Name, Role: role, DNS: c.DNS, IPs: c.IP, URIs: c.URI, Life: time.Duration(c.Life), Dir: c.Out, CSR: csr})
	return client.Show(s, r, err, c.JSON, printRecord)
}

func printRecord(s *client.Session, r Record) error {
	return s.Facts([][2]string{
		{"name", r.Name}, {"role", string(r.Role)}, {"names", names(r)}, {"serial", r.Serial},
		{"until", r.NotAfter.Format(time.RFC3339)}, {"renew from", r.RenewAt().Format(time.RFC3339)},
		{"certificate", r.Cert}, {"key", r.Key},
	})
}

func names(r Record) string {
	var all []string
	for _, list := range [][]string{r.URIs, r.DNS, r.IPs} {
		all = append(all, list...)
	}
	return strings.Join(all, " ")
}

// RenewCmd renews certificates.
type RenewCmd struct {
	place
	Name   []string `arg:"" optional:"" help:"What to renew now; default is all that are due."`
	NewKey bool     `help:"With a new key, which replaces the old one."`
	client.JSONFlag
}

// Run renews what is named, or due.
func (c *RenewCmd) Run(s *client.Session) error {
	a, err := c.open()
	if err != nil {
		return err
	}
	if c.NewKey && len(c.Name) == 0 {
		return fault.New(fault.Usage, "authority.renew", "Name the certificates that are to have a new key.")
	}
	var done []Record
	var failed []error
	if len(c.Name) == 0 {
		done, failed = a.RenewDue()
	}
	for _, name := range c.Name {
		r, err := a.Renew(name, c.NewKey)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		done = append(done, r)
	}
	if len(done) == 0 && len(failed) > 0 {
		return errors.Join(failed...)
	}
	return errors.Join(client.Show(s, done, nil, c.JSON, printRecords), errors.Join(failed...))
}

func printRecords(s *client.Session, all []Record) error {
	if len(all) == 0 {
		s.Printf("nothing is due\n")
		return nil
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{r.Name, string(r.Role), r.NotAfter.Format(time.RFC3339), r.Serial})
	}
	return s.Table([]string{"NAME", "ROLE", "UNTIL", "SERIAL"}, rows, "")
}

// RevokeCmd revokes certificates.
type RevokeCmd struct {
	place
	Name   string `arg:"" help:"The name, or the serial number of one certificate."`
	Reason string `help:"Why: unspecified, key-compromise, superseded or cessation-of-operation." enum:"unspecified,key-compromise,superseded,cessation-of-operation" default:"unspecified" placeholder:"REASON"`
	client.JSONFlag
}

// Run revokes and shows what was revoked.
func (c *RevokeCmd) Run(s *client.Session) error {
	a, err := c.open()
	if err != nil {
		return err
	}
	done, err := a.Revoke(c.Name, c.Reason)
	return client.Show(s, done, err, c.JSON, func(s *client.Session, done []Record) error {
		if len(done) == 0 {
			s.Printf("all of them were revoked or over before; the list was written again: %s\n", a.ListFile())
			return nil
		}
		if err := printRecords(s, done); err != nil {
			return err
		}
		s.Printf("\nServers that read %s refuse them within seconds, and end their connections.\n", a.ListFile())
		return nil
	})
}

// ListCmd lists what was issued.
type ListCmd struct {
	place
	client.JSONFlag
}

// Run lists; its exit code is 2 if something is to be done.
func (c *ListCmd) Run(s *client.Session) error {
	a, err := c.open()
	if err != nil {
		return err
	}
	status, err := a.Status()
	if err := client.Show(s, status, err, c.JSON, printStatus); err != nil {
		return err
	}
	if len(status.Warnings) > 0 {
		return client.Exit(2)
	}
	return nil
}

func printStatus(s *client.Session, status Status) error {
	s.Printf("authority %s until %s; revocation list until %s\n\n", status.Name, status.NotAfter.Format(time.RFC3339), status.ListUntil.UTC().Format(time.RFC3339))
	var rows [][]string
	for _, c := range status.Certificates {
		rows = append(rows, []string{c.Name, string(c.Role), c.State, c.NotAfter.Format(time.RFC3339), c.RenewAt.Format(time.RFC3339), names(c.Record)})
	}
	if err := s.Table([]string{"NAME", "ROLE", "STATE", "UNTIL", "RENEW FROM", "NAMES"}, rows, ""); err != nil {
		return err
	}
	for _, w := range status.Warnings {
		s.Printf("warning: %s\n", w)
	}
	return nil
}
