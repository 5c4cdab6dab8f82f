// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"
)

const statusPath = "/admin/v1/status"

// adminFromData asks the data listener for the administration, as somebody who may
// administer if the authority's key is here.
func (c *check) adminFromData(ctx context.Context) Result {
	a := c.asClient(attempt{url: c.URL + statusPath})
	if name := c.who("administer", "", ""); name != "" && c.Authority != nil {
		now := c.Now()
		cert, err := c.Authority.issue(wish{identity: name, usage: x509.ExtKeyUsageClientAuth, begins: now.Add(-5 * time.Minute), expires: now.Add(5 * time.Minute)})
		if err == nil {
			a.cert = cert
		}
	}
	for _, one := range []struct{ method, path string }{
		{http.MethodGet, statusPath}, {http.MethodGet, "/admin/v1/audit"}, {http.MethodPost, "/admin/v1/namespaces/" + c.home.Name + "/keys"},
	} {
		a.method, a.url = one.method, c.URL+one.path
		o := c.try(ctx, a)
		_, away := o.turnedAway()
		switch {
		case away, o.err == nil && (o.status == http.StatusNotFound || o.status == http.StatusMethodNotAllowed):
		case o.err != nil:
			return untried(o.String())
		default:
			return open(one.method + " " + one.path + " " + o.String())
		}
	}
	return refused("there is no administration on the data listener")
}

// adminNameless comes to the administration with nothing.
func (c *check) adminNameless(ctx context.Context) Result {
	if c.AdminURL == "" {
		return notApplicable("there is no administration listener")
	}
	return c.attack(ctx, attempt{url: c.AdminURL + statusPath})
}

// adminUnentitled comes to the administration as a client of the sessions.
func (c *check) adminUnentitled(ctx context.Context) Result {
	switch {
	case c.AdminURL == "":
		return notApplicable("there is no administration listener")
	case c.Client == nil && c.Credential == "":
		return notApplicable("there is no client with a name")
	case c.administers():
		return notApplicable("the client that the check acts as may administer; give it another one")
	}
	return c.attack(ctx, c.asClient(attempt{url: c.AdminURL + statusPath}))
}

func (c *check) administers() bool {
	names := identities(c.Client)
	for _, s := range c.Spaces {
		if c.may(names, s.Name, "administer") {
			return true
		}
	}
	return false
}

// fromProbe asks the listener that answers anybody for the session.
func (c *check) fromProbe(ctx context.Context) Result {
	if c.ProbeURL == "" {
		return notApplicable("there is no probe listener")
	}
	o := c.try(ctx, attempt{url: c.ProbeURL + c.home.Base + c.planted})
	switch {
	case o.err != nil:
		return untried(o.String())
	case o.status == http.StatusNotFound:
		return refused("answered 404 Not Found")
	default:
		return open(o.String())
	}
}
