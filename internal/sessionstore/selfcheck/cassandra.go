// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// impostor is a server that stands where Cassandra should, with a certificate of
// its own choice. It notes what the backend does.
type impostor struct {
	listener net.Listener
	now      func() time.Time
	met      atomic.Int32 // connections
	told     atomic.Int32 // of them on which something was said
}

func newImpostor(cert *tls.Certificate, now func() time.Time) (*impostor, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &impostor{listener: l, now: now}
	config := &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			go i.meet(tls.Server(raw, config))
		}
	}()
	return i, nil
}

// meet listens to what a backend says that took the certificate for Cassandra's.
func (i *impostor) meet(c *tls.Conn) {
	defer c.Close()
	i.met.Add(1)
	_ = c.SetDeadline(i.now().Add(patience))
	if err := c.Handshake(); err != nil {
		var plain tls.RecordHeaderError
		if errors.As(err, &plain) { // it speaks without TLS, to whoever answers
			i.told.Add(1)
		}
		return
	}
	// With TLS 1.3 the server's side is complete before the client has judged: only
	// what is said then tells that it trusted.
	if n, _ := c.Read(make([]byte, 1)); n > 0 {
		i.told.Add(1)
	}
}

// dial makes the backend connect to an impostor.
func (c *check) dial(ctx context.Context, cert *tls.Certificate, ca []byte) Result {
	i, err := newImpostor(cert, c.Now)
	if err != nil {
		return untried(err.Error())
	}
	defer i.listener.Close()
	tcp, ok := i.listener.Addr().(*net.TCPAddr)
	if !ok {
		return untried("no port could be taken")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = c.Cassandra.Open(ctx, tcp.IP.String(), tcp.Port, ca)
	switch {
	case err == nil:
		return open("the backend connected")
	case i.told.Load() > 0:
		return open("the backend spoke to it")
	case i.met.Load() == 0:
		return untried("the backend did not connect at all: " + lastPart(err))
	default:
		return refused("the backend broke the handshake off: " + reason(err))
	}
}

// reason returns what was wrong with the certificate, of an error that may say more.
func reason(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return unknown.Error()
	case errors.As(err, &name):
		return name.Error()
	default:
		return "its certificate is not taken for Cassandra's"
	}
}

// cassandraForeign shows the right names, signed by a foreign authority.
func (c *check) cassandraForeign(ctx context.Context) Result {
	if c.Cassandra == nil {
		return notApplicable("this build has no Cassandra backend")
	}
	now := c.Now()
	cert, err := c.foreign.issue(wish{usage: x509.ExtKeyUsageServerAuth, hosts: append([]string{"127.0.0.1", "localhost"}, c.Cassandra.Hosts...), begins: now.Add(-time.Hour), expires: now.Add(time.Hour)})
	if err != nil {
		return untried(err.Error())
	}
	if c.Cassandra.Configured {
		return c.dial(ctx, cert, nil)
	}
	trusted, err := newIssuer(nil, now)
	if err != nil {
		return untried(err.Error())
	}
	r := c.dial(ctx, cert, trusted.pem())
	r.Detail = "no session is kept in Cassandra here; the backend of this build: " + r.Detail
	return r
}

// cassandraWrongName shows a foreign name, signed by the right authority: one that
// the check makes, because nobody has the key of Cassandra's here.
func (c *check) cassandraWrongName(ctx context.Context) Result {
	if c.Cassandra == nil {
		return notApplicable("this build has no Cassandra backend")
	}
	now := c.Now()
	trusted, err := newIssuer(nil, now)
	if err != nil {
		return untried(err.Error())
	}
	cert, err := trusted.issue(wish{usage: x509.ExtKeyUsageServerAuth, hosts: []string{"somebody-else.invalid"}, begins: now.Add(-time.Hour), expires: now.Add(time.Hour)})
	if err != nil {
		return untried(err.Error())
	}
	return c.dial(ctx, cert, trusted.pem())
}

func (i *Issuer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Cert.Raw})
}
