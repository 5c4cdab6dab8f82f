// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// dialer opens connections for the driver. The driver's own TLS options verify
// nothing unless told to; this one cannot be told not to. The handshake is over,
// and the node known, before the driver sends its first byte.
type dialer struct {
	hosts   []string
	tls     TLS
	plain   bool
	timeout time.Duration
	log     *slog.Logger

	mu   sync.Mutex
	raw  [3][]byte // what the files held when trust was made
	last *tls.Config
}

// DialHost is gocql.HostDialer.DialHost.
func (d *dialer) DialHost(ctx context.Context, host *gocql.HostInfo) (*gocql.DialedHost, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	ip, port := host.ConnectAddress(), host.Port()
	if len(ip) == 0 || port == 0 {
		return nil, errors.New("cassandra: a node has no address")
	}
	conn, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(ip.String(), strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	if d.plain {
		return &gocql.DialedHost{Conn: conn}, nil
	}
	config, err := d.trust()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	config = config.Clone()
	config.ServerName = d.name(ctx, ip)
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cassandra: the node at %s does not prove to be %q: %w", ip, config.ServerName, err), conn.Close())
	}
	return &gocql.DialedHost{Conn: secure, DisableCoalesce: true}, nil
}

// name returns what the certificate of the node at ip must say.
func (d *dialer) name(ctx context.Context, ip net.IP) string {
	if d.tls.ServerName != "" {
		return d.tls.ServerName
	}
	for _, host := range d.hosts {
		if net.ParseIP(host) != nil {
			continue
		}
		found, err := net.DefaultResolver.LookupHost(ctx, host)
		if err == nil && slices.ContainsFunc(found, func(a string) bool { return net.ParseIP(a).Equal(ip) }) {
			return host
		}
	}
	return ip.String()
}

// trust returns what the files say now. If they became unreadable, what they said
// last counts on.
func (d *dialer) trust() (*tls.Config, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh, raw, err := d.load()
	switch {
	case err == nil && fresh != nil:
		d.last, d.raw = fresh, raw
	case err != nil && d.last == nil:
		return nil, err
	case err != nil:
		d.log.Error("Cassandra's certificates cannot be read; the last good ones count on", "error", err)
	}
	return d.last, nil
}

// load returns nil if the files are as they were.
func (d *dialer) load() (*tls.Config, [3][]byte, error) {
	var raw [3][]byte
	for i, name := range []string{d.tls.CA, d.tls.Cert, d.tls.Key} {
		if name == "" {
			continue
		}
		var err error
		if raw[i], err = os.ReadFile(name); err != nil {
			return nil, raw, fmt.Errorf("cassandra: read a certificate: %w", err)
		}
	}
	if d.last != nil && slices.EqualFunc(raw[:], d.raw[:], bytes.Equal) {
		return nil, raw, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(raw[0]) {
		return nil, raw, fmt.Errorf("cassandra: %s holds no certificate", d.tls.CA)
	}
	if d.tls.Cert != "" {
		pair, err := tls.X509KeyPair(raw[1], raw[2])
		if err != nil {
			return nil, raw, fmt.Errorf("cassandra: %s and %s: %w", d.tls.Cert, d.tls.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, raw, nil
}

// credentials answers a node that asks who this is. An empty answer refers to the
// client certificate (MutualTlsAuthenticator).
type credentials struct{ user, password string }

// Challenge is gocql.Authenticator.Challenge (RFC 4616).
func (c credentials) Challenge([]byte) ([]byte, gocql.Authenticator, error) {
	if c.user == "" {
		return []byte{}, nil, nil
	}
	return []byte("\x00" + c.user + "\x00" + c.password), nil, nil
}

// Success is gocql.Authenticator.Success.
func (c credentials) Success([]byte) error { return nil }
