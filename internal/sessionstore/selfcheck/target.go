// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Space is a namespace and its base.
type Space struct{ Name, Base string }

// Rule lets an identity do something in namespaces, as the configuration has it.
type Rule struct {
	Identity   string
	Namespaces []string
	Verbs      []string
}

func (r Rule) covers(identity string) bool {
	prefix, ok := strings.CutSuffix(r.Identity, "*")
	return r.Identity == identity || ok && len(identity) > len(prefix) && strings.HasPrefix(identity, prefix)
}

func (r Rule) grants(namespace, verb string) bool {
	return slices.Contains(r.Verbs, verb) && (slices.Contains(r.Namespaces, "*") || slices.Contains(r.Namespaces, namespace))
}

// Target is a running service, with what its configuration says about it and what
// the check may act with.
type Target struct {
	URL      string // https://host:port of the sessions
	AdminURL string // of the administration; "" = none
	ProbeURL string // of the probes; "" = none
	Profile  string // mutual, credential, network, kask
	Spaces   []Space
	Rules    []Rule
	// Staged says of a control that is not on yet what holds it.
	Staged map[string]string

	ServerCA   *x509.CertPool
	ServerName string // the name that the server's certificate must have; "" = the host of URL

	Client     *tls.Certificate // who may read and write; nil = profile asks for none
	Credential string           // Authorization header of who may; "" = none
	Former     string           // Authorization header with what was rotated out; "" = none given

	ClientCA  *x509.Certificate // the authority of clients, whose name an impostor takes; nil = none
	Authority *Issuer           // with its key; nil = not here
	Expired   *tls.Certificate  // instead of the authority's key
	Nobody    *tls.Certificate  // of the authority, with a name that no rule grants anything; instead of its key

	Listed func(net.IP) bool // whether an address is in the network list; nil = there is no list

	Cassandra *Cassandra // nil = this build has no such backend
	Now       func() time.Time
}

// Cassandra makes the backend connect somewhere.
type Cassandra struct {
	Configured bool     // sessions are kept there
	Hosts      []string // names that a foreign certificate claims
	// Open connects to one address, trusting the authorities in ca, or if that is
	// nil those of the configuration. It returns when it is connected or refused.
	Open func(ctx context.Context, host string, port int, ca []byte) error
}

// check is one run.
type check struct {
	*Target
	home    Space // where the client may read and write
	planted string
	value   []byte
	foreign *Issuer
	proved  bool // the authority is the one that the service trusts
}

// Run plants a session as a client that may, tries every bypass, and looks whether
// the same client is still served. A service that does not serve it is an
// Unavailable fault: then nothing was proved.
func (t *Target) Run(ctx context.Context) ([]Result, error) {
	c := &check{Target: t, planted: "selfcheck-" + random(), value: []byte(random())}
	var err error
	if c.foreign, err = newIssuer(t.ClientCA, t.Now()); err != nil {
		return nil, err
	}
	if err := errors.Join(c.appoint(), c.plant(ctx)); err != nil {
		return nil, err
	}
	var all []Result
	for _, b := range bypasses() {
		r := b.try(c, ctx)
		r.Name = b.name
		if r.Refused != nil && !*r.Refused && !r.untried {
			r.Detail += t.heldOff(b.control)
		}
		all = append(all, r)
	}
	return all, c.unplant(ctx)
}

func (t *Target) heldOff(control string) string {
	if why, ok := t.Staged[control]; ok {
		return "; " + control + " is not on yet: " + why
	}
	return ""
}

// appoint makes a certificate of a client that may, where none was given and the
// authority's key is here.
func (c *check) appoint() error {
	if c.Client != nil || c.Authority == nil || c.Profile != "mutual" {
		return nil
	}
	for _, s := range c.Spaces {
		name := c.who("write", s.Name, "")
		if name == "" {
			continue
		}
		now := c.Now()
		cert, err := c.Authority.issue(wish{identity: name, usage: x509.ExtKeyUsageClientAuth, begins: now.Add(-5 * time.Minute), expires: now.Add(5 * time.Minute)})
		if err != nil {
			return err
		}
		client := *c.Target // the caller's stays as it is
		client.Client = cert
		c.Target = &client
		return nil
	}
	return nil
}

// plant writes a session that the bypasses are after.
func (c *check) plant(ctx context.Context) error {
	var last outcome
	for _, s := range c.Spaces {
		last = c.try(ctx, c.asClient(attempt{method: http.MethodPost, url: c.URL + s.Base + c.planted, body: c.value, header: map[string]string{"Session-TTL": "600"}}))
		if last.err == nil && last.status == http.StatusCreated {
			c.home = s
			return c.served(ctx)
		}
	}
	return fault.New(fault.Unavailable, "selfcheck.not_served", "A client that may use the service could not write a session: %s. Nothing was tried. %s", last, last.remedy())
}

// served reads the session as a client that may.
func (c *check) served(ctx context.Context) error {
	o := c.try(ctx, c.asClient(attempt{url: c.session()}))
	if o.err != nil || o.status != http.StatusOK || string(o.body) != string(c.value) {
		return fault.New(fault.Unavailable, "selfcheck.not_served", "A client that may use the service could not read its session: %s. So what was refused proves nothing. Give the check a client that may read and write.", o)
	}
	return nil
}

func (c *check) unplant(ctx context.Context) error {
	if err := c.served(ctx); err != nil {
		return err
	}
	c.try(ctx, c.asClient(attempt{method: http.MethodDelete, url: c.session()})) // it ends by itself otherwise
	return nil
}

func (c *check) session() string { return c.URL + c.home.Base + c.planted }

// asClient gives an attempt what a client that may use the service has.
func (c *check) asClient(a attempt) attempt {
	a.cert = c.Client
	if c.Credential != "" {
		header := map[string]string{"Authorization": c.Credential}
		for k, v := range a.header {
			header[k] = v
		}
		a.header = header
	}
	return a
}

// attack carries out an attempt and judges it: what is neither a refusal nor an
// answer was no attempt.
func (c *check) attack(ctx context.Context, a attempt) Result {
	o := c.try(ctx, a)
	if how, ok := o.turnedAway(); ok {
		return refused(how)
	}
	if o.err != nil {
		return untried(o.String())
	}
	if o.status == http.StatusOK && string(o.body) == string(c.value) {
		return open("the session was given out")
	}
	return open(o.String())
}

// identities returns what the client's certificate calls itself.
func identities(cert *tls.Certificate) []string {
	if cert == nil {
		return nil
	}
	leaf := cert.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return nil
		}
	}
	var all []string
	for _, u := range leaf.URIs {
		all = append(all, "uri:"+u.String())
	}
	for _, d := range leaf.DNSNames {
		all = append(all, "dns:"+d)
	}
	return all
}

// may reports whether the rules let one of the identities use a verb.
func (t *Target) may(names []string, namespace, verb string) bool {
	for _, r := range t.Rules {
		if slices.ContainsFunc(names, r.covers) && r.grants(namespace, verb) {
			return true
		}
	}
	return false
}

// who returns an identity of a certificate that the rules let use one namespace and
// not another; "" = none. An empty namespace asks for nothing.
func (t *Target) who(verb, in, notIn string) string {
	for _, r := range t.Rules {
		kind, _, _ := strings.Cut(r.Identity, ":")
		if kind != "uri" && kind != "dns" || strings.HasSuffix(r.Identity, "*") {
			continue
		}
		names := []string{r.Identity}
		if (in == "" || t.may(names, in, verb)) && (notIn == "" || !t.mayAnything(names, notIn)) {
			return r.Identity
		}
	}
	return ""
}

func (t *Target) mayAnything(names []string, namespace string) bool {
	for _, verb := range []string{"read", "write", "delete"} {
		if t.may(names, namespace, verb) {
			return true
		}
	}
	return false
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b)
}

// String says what the target is, without secrets.
func (t *Target) String() string { return fmt.Sprintf("%s, profile %s", t.URL, t.Profile) }
