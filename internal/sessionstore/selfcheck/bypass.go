// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// bypass is one way past a control.
type bypass struct {
	name    string
	control string // of the configuration, which may be staged
	try     func(c *check, ctx context.Context) Result
}

// bypasses returns every one, in the order of the table.
func bypasses() []bypass {
	const client, network, server = "client_authentication", "network_list", "server_tls"
	return []bypass{
		{"no_certificate", client, (*check).nothing},
		{"foreign_authority", client, (*check).foreignAuthority},
		{"expired_certificate", client, (*check).expired},
		{"wrong_name", client, (*check).wrongName},
		{"name_in_common_name_only", client, (*check).commonName},
		{"server_certificate_as_client", client, (*check).serverAsClient},
		{"wrong_namespace", client, (*check).wrongNamespace},
		{"session_of_another_namespace", client, (*check).otherSession},
		{"plain_http", server, (*check).plainHTTP},
		{"tls_1_0", server, func(c *check, ctx context.Context) Result { return c.oldTLS(ctx, tls.VersionTLS10) }},
		{"tls_1_1", server, func(c *check, ctx context.Context) Result { return c.oldTLS(ctx, tls.VersionTLS11) }},
		{"outside_network_list", network, (*check).outside},
		{"forwarded_for_spoof", network, (*check).forwarded},
		{"wrong_credential", client, (*check).wrongCredential},
		{"replayed_credential", client, (*check).replayed},
		{"administration_from_data_listener", client, (*check).adminFromData},
		{"administration_without_certificate", client, (*check).adminNameless},
		{"administration_without_right", client, (*check).adminUnentitled},
		{"sessions_from_probe_listener", client, (*check).fromProbe},
		{"cassandra_foreign_certificate", "cassandra_certificate", (*check).cassandraForeign},
		{"cassandra_wrong_name", "cassandra_certificate", (*check).cassandraWrongName},
	}
}

const noKey = "the key of the clients' authority is not here: give its folder with selfcheck.authority or --authority"

func (c *check) nothing(ctx context.Context) Result {
	return c.attack(ctx, attempt{url: c.session()})
}

// own returns the identity that an impostor claims: that of the client who may.
func (c *check) own() string {
	for _, name := range identities(c.Client) {
		if c.may([]string{name}, c.home.Name, "read") {
			return name
		}
	}
	if name := c.who("read", c.home.Name, ""); name != "" {
		return name
	}
	return "uri:spiffe://selfcheck.invalid/client"
}

// shown attacks with a certificate that an authority signs as wished.
func (c *check) shown(ctx context.Context, i *Issuer, w wish, a attempt) Result {
	if i == nil && c.ClientCA == nil {
		return notApplicable("no authority of clients is configured: no certificate makes anybody known here")
	}
	if i == nil {
		return untried(noKey)
	}
	if i == c.Authority {
		if r := c.trusted(ctx); r != nil {
			return *r
		}
	}
	now := c.Now()
	if w.expires.IsZero() {
		w.begins, w.expires = now.Add(-5*time.Minute), now.Add(5*time.Minute)
	}
	if w.usage == 0 {
		w.usage = x509.ExtKeyUsageClientAuth
	}
	cert, err := i.issue(w)
	if err != nil {
		return untried(err.Error())
	}
	a.cert = cert
	return c.attack(ctx, a)
}

// trusted makes sure that the authority whose key is here is the one that the
// service trusts: a certificate of it with nothing wrong is let in. Otherwise
// every certificate would be refused for its authority alone.
func (c *check) trusted(ctx context.Context) *Result {
	if c.proved {
		return nil
	}
	wrong := func(why string) *Result {
		r := untried(why)
		return &r
	}
	if !c.Authority.signs() {
		return wrong("the key of the clients' authority is not that of its certificate")
	}
	now := c.Now()
	cert, err := c.Authority.issue(wish{identity: c.own(), usage: x509.ExtKeyUsageClientAuth, begins: now.Add(-5 * time.Minute), expires: now.Add(5 * time.Minute)})
	if err != nil {
		return wrong(err.Error())
	}
	a := c.asClient(attempt{url: c.session()})
	a.cert = cert
	if o := c.try(ctx, a); o.err != nil || o.status != http.StatusOK {
		return wrong("a certificate of this authority with nothing wrong was not let in either (" + o.String() + "): it is not the authority that the service trusts")
	}
	c.proved = true
	return nil
}

func (c *check) foreignAuthority(ctx context.Context) Result {
	return c.shown(ctx, c.foreign, wish{identity: c.own()}, attempt{url: c.session()})
}

func (c *check) expired(ctx context.Context) Result {
	if c.Authority == nil && c.Expired != nil {
		return c.attack(ctx, attempt{url: c.session(), cert: c.Expired})
	}
	now := c.Now()
	r := c.shown(ctx, c.Authority, wish{identity: c.own(), begins: now.Add(-48 * time.Hour), expires: now.Add(-time.Hour)}, attempt{url: c.session()})
	return c.orElse(r, "; or an expired certificate with --expired and --expired-key")
}

func (c *check) orElse(r Result, hint string) Result {
	if r.untried && c.Authority == nil {
		r.Detail += hint
	}
	return r
}

// nobody returns an identity that no rule names, in the domain of one that is
// named: the authority may be bound to it.
func (c *check) nobody() string {
	kind, name, _ := strings.Cut(c.own(), ":")
	wished := "dns:selfcheck-nobody.invalid"
	if u, err := url.Parse(name); kind == "uri" && err == nil && u.Host != "" {
		wished = "uri:" + u.Scheme + "://" + u.Host + "/selfcheck-nobody-" + random()
	} else if kind == "dns" {
		wished = "dns:selfcheck-nobody." + name
	}
	if slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.covers(wished) }) {
		return "uri:spiffe://selfcheck.invalid/nobody"
	}
	return wished
}

func (c *check) wrongName(ctx context.Context) Result {
	if c.Authority == nil && c.Nobody != nil {
		return c.attack(ctx, attempt{url: c.session(), cert: c.Nobody})
	}
	r := c.shown(ctx, c.Authority, wish{identity: c.nobody()}, attempt{url: c.session()})
	return c.orElse(r, "; or a certificate of that authority that no rule names with --nobody and --nobody-key")
}

func (c *check) commonName(ctx context.Context) Result {
	return c.shown(ctx, c.Authority, wish{}, attempt{url: c.session()})
}

func (c *check) serverAsClient(ctx context.Context) Result {
	return c.shown(ctx, c.Authority, wish{identity: c.own(), usage: x509.ExtKeyUsageServerAuth}, attempt{url: c.session()})
}

// wrongNamespace uses the right to one namespace in another.
func (c *check) wrongNamespace(ctx context.Context) Result {
	names := identities(c.Client)
	switch c.Profile {
	case "network":
		names = []string{"network"}
	case "credential":
		if c.Client == nil && len(c.Spaces) > 1 {
			return c.elsewhere(ctx)
		}
	}
	for _, s := range c.Spaces {
		if len(names) > 0 && s != c.home && !c.mayAnything(names, s.Name) {
			return c.attack(ctx, c.asClient(attempt{url: c.URL + s.Base + c.planted}))
		}
	}
	for _, s := range c.Spaces {
		if name := c.who("read", s.Name, c.home.Name); s != c.home && name != "" {
			return c.shown(ctx, c.Authority, wish{identity: name}, attempt{url: c.session()})
		}
	}
	if c.Profile == "kask" || c.Profile == "network" {
		if len(c.Spaces) > 1 {
			return open("everybody who connects may use every namespace")
		}
	}
	if len(c.Spaces) == 1 {
		return notApplicable("there is one namespace")
	}
	return notApplicable("the policy gives every client every namespace")
}

// elsewhere uses a credential, whose name the check does not know, in namespaces that
// it need not be for.
func (c *check) elsewhere(ctx context.Context) Result {
	for _, s := range c.Spaces {
		if s == c.home {
			continue
		}
		if r := c.attack(ctx, c.asClient(attempt{url: c.URL + s.Base + c.planted})); r.Refused != nil && *r.Refused {
			r.Detail = "namespace " + s.Name + " " + r.Detail
			return r
		}
	}
	return notApplicable("this credential may use every namespace")
}

// otherSession asks for the planted session by its id under another namespace.
func (c *check) otherSession(ctx context.Context) Result {
	names := identities(c.Client)
	for _, s := range c.Spaces {
		if s == c.home {
			continue
		}
		a := attempt{url: c.URL + s.Base + c.planted}
		var o outcome
		switch name := c.who("read", s.Name, ""); {
		case c.Client == nil || c.may(names, s.Name, "read"):
			o = c.try(ctx, c.asClient(a))
		case name == "":
			continue
		case c.Authority == nil:
			return untried(noKey)
		default:
			now := c.Now()
			cert, err := c.Authority.issue(wish{identity: name, usage: x509.ExtKeyUsageClientAuth, begins: now.Add(-5 * time.Minute), expires: now.Add(5 * time.Minute)})
			if err != nil {
				return untried(err.Error())
			}
			a.cert = cert
			o = c.try(ctx, a)
		}
		if o.err == nil && o.status == http.StatusNotFound {
			return refused("namespace " + s.Name + " answered 404 Not Found")
		}
		if how, ok := o.turnedAway(); ok {
			return refused("namespace " + s.Name + " " + how)
		}
		return open("namespace " + s.Name + " " + o.String())
	}
	return notApplicable("there is one namespace that the check may read")
}

// plainHTTP asks without TLS, and never shows a true credential while it does.
func (c *check) plainHTTP(ctx context.Context) Result {
	o := c.try(ctx, attempt{url: "http" + strings.TrimPrefix(strings.TrimPrefix(c.session(), "https"), "http")})
	how, ok := o.turnedAway()
	switch {
	case ok && o.err != nil:
		return refused(how)
	case o.err == nil && o.status == http.StatusBadRequest:
		return refused("answered 400 Bad Request, without TLS")
	case o.err != nil:
		return untried(o.String())
	default:
		return open("without TLS it " + o.String())
	}
}

// oldTLS is a client that may, with a version that is broken (RFC 8996).
func (c *check) oldTLS(ctx context.Context, version uint16) Result {
	if !strings.HasPrefix(c.URL, "https://") {
		return open("there is no TLS at all")
	}
	return c.attack(ctx, c.asClient(attempt{url: c.session(), max: version}))
}

// wrongCredential guesses: the right name if there is one, the wrong secret.
func (c *check) wrongCredential(ctx context.Context) Result {
	if !strings.HasPrefix(c.URL, "https://") {
		return c.attack(ctx, attempt{url: c.session(), header: map[string]string{"Authorization": "Bearer " + random()}})
	}
	guess := "Bearer " + random() + random()
	if encoded, ok := strings.CutPrefix(c.Credential, "Basic "); ok {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			name, _, _ := strings.Cut(string(plain), ":")
			guess = "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+random()))
		}
	}
	return c.attack(ctx, attempt{url: c.session(), header: map[string]string{"Authorization": guess}})
}

func (c *check) replayed(ctx context.Context) Result {
	switch {
	case c.Former != "":
		return c.attack(ctx, attempt{url: c.session(), header: map[string]string{"Authorization": c.Former}})
	case c.Credential != "":
		return untried("no credential that was rotated out is here: give one with selfcheck.former or --former")
	default:
		r := c.attack(ctx, attempt{url: c.session(), header: map[string]string{"Authorization": "Bearer " + random() + random()}})
		r.Detail = fmt.Sprintf("profile %s takes no credentials; with one made up: %s", c.Profile, r.Detail)
		return r
	}
}
