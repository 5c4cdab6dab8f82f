// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Attach makes an HTTP server serve what this guard's listeners hand out: it sets
// ConnContext and ConnState, turns HTTP/2 off, and wraps the handler, so that
// answers on a connection that ends soon say so. Set the handler first; hooks
// that are set already are called, too.
func (g *Guard) Attach(srv *http.Server) {
	context0, state0 := srv.ConnContext, srv.ConnState
	srv.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		if context0 != nil {
			ctx = context0(ctx, nc)
		}
		if c := underlying(nc); c != nil {
			ctx = context.WithValue(ctx, peerKey{}, c)
		}
		return ctx
	}
	srv.ConnState = func(nc net.Conn, s http.ConnState) {
		if c := underlying(nc); c != nil {
			c.became(s)
		}
		if state0 != nil {
			state0(nc, s)
		}
	}
	srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	srv.Handler = closing{srv.Handler}
}

// underlying returns our part of a connection that an HTTP server has.
func underlying(nc net.Conn) *conn {
	if s, ok := nc.(*served); ok {
		return s.conn
	}
	c, _ := nc.(*conn)
	return c
}

// became follows what the HTTP server does with the connection. end reads what the
// connection is doing after it set ended, and here it is the other way round: one
// of the two closes. A request that lay in the buffer when the connection ended
// comes here once more: it is late.
func (c *conn) became(s http.ConnState) {
	switch s {
	case http.StateActive:
		c.asked.Store(nil)
		c.bodiless.Store(true) // until the handler sees a body
		c.doing.Store(answering)
		if c.ended.Load() {
			c.late.Store(true)
		}
	case http.StateIdle:
		c.bodiless.Store(false)
		c.doing.Store(answered)
		if c.ended.Load() {
			c.shut()
		}
	}
}

// over reports that the connection ended before the request that is being looked at
// came; one that was in flight then gets its answer.
func (c *conn) over() bool {
	return c.ended.Load() && (c.late.Load() || c.doing.Load() != answering)
}

// closing tells the client to connect anew where a connection ends soon.
type closing struct{ next http.Handler }

// ServeHTTP serves the request.
func (h closing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c := connOf(r.Context()); c != nil {
		if r.Body != http.NoBody {
			c.bodiless.Store(false)
		}
		if c.draining.Load() || c.ended.Load() {
			w.Header().Set("Connection", "close")
		}
	}
	h.next.ServeHTTP(w, r)
}

// Identify returns who makes a request: the peer of its connection, or in profile
// credential who the Authorization header shows. A request that came past this
// guard's listeners is nobody's.
func (g *Guard) Identify(r *http.Request) (*Peer, error) {
	c := connOf(r.Context())
	if c == nil || c.guard != g || c.over() {
		return nil, unauthenticated()
	}
	if c.peer != nil {
		return c.peer, nil
	}
	s := g.state.Load()
	if s.proof != byCredential || c.tls == nil {
		return nil, unauthenticated()
	}
	// Two headers are no credential: who reads the first and who reads the last
	// would see different people.
	headers := r.Header["Authorization"]
	if len(headers) != 1 {
		g.metrics.refused.WithLabelValues("no_credential").Inc()
		return nil, unauthenticated()
	}
	if a := c.auth.Load(); a != nil && a.in == s.credentials && sameSecret(a.header, headers[0]) {
		c.asked.Store(a.peer)
		return a.peer, nil
	}
	one, err := g.verifier.verify(r.Context(), s.credentials, headers[0], c.remote, g.cfg.Now())
	if err != nil {
		g.metrics.refused.WithLabelValues("credential").Inc()
		return nil, err
	}
	peer := &Peer{Identities: []string{"credential:" + one.name}, Remote: c.remote, NotAfter: one.until, spaces: one.namespaces}
	c.asked.Store(peer)
	c.auth.Store(&authenticated{header: []byte(headers[0]), in: s.credentials, credential: one, peer: peer})
	return peer, nil
}

// Check reports whether a peer may use a verb in a namespace; "*" asks for all
// namespaces. It costs a few nanoseconds.
func (g *Guard) Check(p *Peer, namespace string, v Verb) error {
	if p == nil {
		return unauthenticated()
	}
	if g.state.Load().policy.grantsOf(p).allows(namespace, v.bit()) {
		return nil
	}
	g.metrics.refused.WithLabelValues("forbidden").Inc()
	return fault.New(fault.Forbidden, "listen.forbidden", "You are known here, but the policy of this service does not let you do this in this namespace. Ask whoever runs it for a rule.")
}

// Authorize is Identify and Check in one: package wire calls it for each request.
func (g *Guard) Authorize(r *http.Request, namespace, verb string) error {
	p, err := g.Identify(r)
	if err != nil {
		return err
	}
	return g.Check(p, namespace, Verb(verb))
}
