// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Peer is who is at the other end of a connection, or who showed a credential on
// it. It does not change; it may be used at once by many goroutines.
type Peer struct {
	// Identities are what policy rules name: "uri:<URI name of the certificate>",
	// "dns:<DNS name>", "credential:<name>", or "network". The first is the one
	// that audit and figures use.
	Identities []string
	// Remote is the address that the connection comes from.
	Remote netip.Addr
	// NotAfter is when what it showed ends; zero = never.
	NotAfter time.Time

	spaces []string // the namespaces of a credential; nil = those of the policy
	grants atomic.Pointer[grants]
}

// Name returns the first identity.
func (p *Peer) Name() string {
	if p == nil || len(p.Identities) == 0 {
		return ""
	}
	return p.Identities[0]
}

// networkIdentity is the identity of who showed nothing.
const networkIdentity = "network"

type peerKey struct{}

// PeerOf returns who makes a request, once it was identified: until Identify or
// Authorize has admitted a credential, a request that needs one is nobody's.
func PeerOf(ctx context.Context) *Peer {
	c := connOf(ctx)
	switch {
	case c == nil:
		return nil
	case c.peer != nil:
		return c.peer
	}
	return c.asked.Load()
}

func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(peerKey{}).(*conn)
	return c
}

var (
	errNoIdentity = errors.New("the certificate names no identity: it needs a URI or DNS name")
	errAmbiguous  = errors.New("the certificate has a SPIFFE id and another URI beside it")
	errPath       = errors.New("the path of the certificate's URI has segments such as .. or escapes")
	errAuthority  = errors.New("the certificate is an authority's and cannot be a client's")
)

// identitiesOf returns the identities in a client certificate. Common names,
// mail and IP addresses are not identities: nobody checks the first two, and the
// third names a place. A name with a wildcard stands for many and names nobody.
func identitiesOf(leaf *x509.Certificate) ([]string, error) {
	if leaf.IsCA {
		return nil, errAuthority
	}
	var names []string
	spiffe := false
	for _, u := range leaf.URIs {
		spiffe = spiffe || u.Scheme == "spiffe"
		if !plainPath(u) {
			return nil, errPath
		}
		names = append(names, "uri:"+u.String())
	}
	if spiffe && len(leaf.URIs) > 1 { // X.509-SVID section 2: exactly one
		return nil, errAmbiguous
	}
	for _, name := range leaf.DNSNames {
		if name != "" && !strings.Contains(name, "*") {
			names = append(names, "dns:"+strings.ToLower(name))
		}
	}
	if len(names) == 0 {
		return nil, errNoIdentity
	}
	return names, nil
}

// plainPath reports whether a URI's path says what it means: a rule for a prefix
// must not be met by segments that lead out of it.
func plainPath(u *url.URL) bool {
	if strings.Contains(u.EscapedPath(), "%") || u.Scheme == "spiffe" && (u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Port() != "") {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}
