// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Session returns a session of the superuser. The caller closes it.
func (s *Server) Session() (*gocql.Session, error) {
	return s.session(s.Superuser, s.Password)
}

// Exec carries out statements as the superuser.
func (s *Server) Exec(ctx context.Context, statements ...string) error {
	session, err := s.Session()
	if err != nil {
		return err
	}
	defer session.Close()
	for _, cql := range statements {
		if err := session.Query(cql).ExecContext(ctx); err != nil {
			return fmt.Errorf("%s: %w", cql, err)
		}
	}
	return nil
}

func (s *Server) session(user, password string) (*gocql.Session, error) {
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	c := gocql.NewCluster(s.Host)
	c.Port, c.ProtoVersion, c.NumConns = s.Port, 4, 1
	c.Consistency, c.Timeout, c.ConnectTimeout = gocql.LocalQuorum, 30*time.Second, 10*time.Second
	c.SslOpts = &gocql.SslOptions{Config: config, EnableHostVerification: true}
	c.Authenticator = gocql.PasswordAuthenticator{Username: user, Password: password}
	return opened(c)
}

// opened gives the driver a minute: it takes no context, and one that began while a
// node was starting has been seen to wait for ever.
func opened(c *gocql.ClusterConfig) (*gocql.Session, error) {
	type result struct {
		session *gocql.Session
		err     error
	}
	done := make(chan result, 1)
	go func() {
		session, err := c.CreateSession()
		done <- result{session, err}
	}()
	select {
	case r := <-done:
		return r.session, r.err
	case <-time.After(time.Minute):
		return nil, errors.New("the driver does not come back from connecting")
	}
}

func (s *Server) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// tls returns what a client of the server's authority needs.
func (s *Server) tls() (*tls.Config, error) {
	raw, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s holds no certificate", s.CA)
	}
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, ServerName: s.Host, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// enthrone replaces Cassandra's own superuser, whose password everybody knows.
func (s *Server) enthrone(ctx context.Context) error {
	first, err := s.patient(ctx, "cassandra", "cassandra")
	if err != nil {
		return err
	}
	defer first.Close()
	create := fmt.Sprintf("CREATE ROLE IF NOT EXISTS %s WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '%s'", s.Superuser, s.Password)
	if err := first.Query(create).ExecContext(ctx); err != nil {
		return fmt.Errorf("make the superuser: %w", err)
	}
	return s.Exec(ctx, "DROP ROLE cassandra",
		fmt.Sprintf("ADD IDENTITY IF NOT EXISTS 'spiffe://portreeve.test/office' TO ROLE '%s'", s.Superuser))
}

// await waits until the superuser is let in.
func (s *Server) await(ctx context.Context) error {
	session, err := s.patient(ctx, s.Superuser, s.Password)
	if err != nil {
		return err
	}
	session.Close()
	return nil
}

// patient asks again until the node answers, its process ends or the time is over.
func (s *Server) patient(ctx context.Context, user, password string) (*gocql.Session, error) {
	for {
		session, err := s.session(user, password)
		if err == nil {
			return session, nil
		}
		if !running(s.Dir) {
			return nil, fmt.Errorf("the process ended: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
