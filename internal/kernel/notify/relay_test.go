// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// relay is a real SMTP server on loopback whose answers a test can script.
type relay struct {
	t    testing.TB
	addr *net.TCPAddr
	pool *x509.CertPool

	mu       sync.Mutex
	rcpt     func(to string) error // nil: accepted
	data     error                 // answer to the text
	drop     dropping
	login    string // "user:password" that is asked for; empty: none
	received []received
	tls      int // mails that came over TLS
}

// dropping says when the server breaks the connection.
type dropping int

const (
	dropNever    dropping = iota
	dropHalfWay           // while the text comes
	dropAfterAll          // after it took the text, before it says so
)

type received struct {
	from   string
	to     []string
	header mail.Header
	body   string
}

// startRelay starts a server; implicit says that TLS begins with the connection.
func startRelay(t testing.TB, implicit bool) *relay {
	t.Helper()
	r := &relay{t: t, pool: x509.NewCertPool()}
	cert := r.certificate()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{relay: r, conn: c}, nil }))
	server.Domain = "relay.test"
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.AllowInsecureAuth = true
	server.ErrorLog = discardLog{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = listener.Addr().(*net.TCPAddr)
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	go server.Serve(listener) //nolint:errcheck // ends with Close below
	t.Cleanup(func() { server.Close() })
	return r
}

type discardLog struct{}

func (discardLog) Printf(string, ...any) {}
func (discardLog) Println(...any)        {}

func (r *relay) certificate() tls.Certificate {
	r.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		r.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		r.t.Fatal(err)
	}
	r.pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (r *relay) set(change func(r *relay)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// mails returns what was taken so far.
func (r *relay) mails() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.received...)
}

// config is that of a client of this relay.
func (r *relay) config(security Security) SMTPConfig {
	return SMTPConfig{Host: "localhost", Port: r.addr.Port, Security: security, From: "Security Office <office@example.org>", RootCAs: r.pool, Timeout: 10 * time.Second}
}

func (r *relay) sender(security Security) *SMTP {
	r.t.Helper()
	s, err := NewSMTP(r.config(security))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// session is one SMTP conversation.
type session struct {
	relay *relay
	conn  *smtp.Conn
	authenticated
	mail received
}

type authenticated bool

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		if username+":"+password != s.relay.login {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	if s.relay.login != "" && !bool(s.authenticated) {
		return smtp.ErrAuthRequired
	}
	s.mail = received{from: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	if s.relay.rcpt != nil {
		if err := s.relay.rcpt(to); err != nil {
			return err
		}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	if s.relay.drop == dropHalfWay {
		if _, err := io.CopyN(io.Discard, r, 10); err != nil {
			return err
		}
		s.conn.Conn().Close()
		return errors.New("dropped")
	}
	parsed, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(parsed.Body)
	if err != nil {
		return err
	}
	if s.relay.data != nil {
		return s.relay.data
	}
	s.mail.header, s.mail.body = parsed.Header, strings.ReplaceAll(string(body), "\r\n", "\n")
	s.relay.received = append(s.relay.received, s.mail)
	if _, ok := s.conn.TLSConnectionState(); ok {
		s.relay.tls++
	}
	if s.relay.drop == dropAfterAll {
		s.conn.Conn().Close()
		return errors.New("dropped")
	}
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
