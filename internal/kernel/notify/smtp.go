// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Security says how the connection to the relay is protected.
type Security string

// The protections. Opportunistic TLS is none of them: whoever sits on the line
// could switch it off.
const (
	StartTLS    Security = "starttls" // RFC 3207, required; usually port 587
	ImplicitTLS Security = "tls"      // RFC 8314; usually port 465
	NoTLS       Security = "none"     // only to a relay on this machine
)

// SMTPConfig names the relay that mails leave by.
type SMTPConfig struct {
	Host     string
	Port     int      // zero: 587, with ImplicitTLS 465, with NoTLS 25
	Security Security // empty: StartTLS
	Username string   // empty: no authentication
	Password string
	From     string         // "Security Office <security@example.org>"
	Hello    string         // our name in EHLO; empty: the machine's
	RootCAs  *x509.CertPool // nil: the system's
	Timeout  time.Duration  // of each step; zero: 30 seconds
}

// SMTP sends mails through a relay, each over a connection of its own. It is safe
// for concurrent use.
type SMTP struct {
	cfg  SMTPConfig
	from *mail.Address
}

// NewSMTP checks the configuration; it does not connect.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	from, err := mail.ParseAddress(cfg.From)
	if err != nil || !plainAddress(from.Address) {
		return nil, errors.New("mail.from must be one address, such as Security Office <security@example.org>")
	}
	ports := map[Security]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}
	if cfg.Security == "" {
		cfg.Security = StartTLS
	}
	port, known := ports[cfg.Security]
	switch {
	case cfg.Host == "":
		return nil, errors.New("mail.host must name the relay")
	case !known:
		return nil, errors.New("mail.security must be starttls, tls or none")
	case cfg.Security == NoTLS && !loopback(cfg.Host):
		return nil, errors.New("mail.security may be none only for a relay on this machine (localhost or a loopback address): mails and passwords must not cross a network in the clear")
	case cfg.Port < 0 || cfg.Port > 65535:
		return nil, errors.New("mail.port must be a port number")
	}
	if cfg.Port == 0 {
		cfg.Port = port
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &SMTP{cfg: cfg, from: from}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send delivers the mail to the relay.
func (s *SMTP) Send(ctx context.Context, m Mail) error {
	msg, err := s.message(m)
	if err != nil {
		return refusedError{err}
	}
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("prepare the connection to the relay: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // what failed after that is good-bye
	}
	var send *gomail.SendError
	if errors.As(err, &send) && permanent(send) {
		return refusedError{err}
	}
	return err
}

// message builds the mail. Nothing in m can add a header or a recipient: fields
// are checked here, and the library encodes them.
func (s *SMTP) message(m Mail) (*gomail.Msg, error) {
	if !plainAddress(m.Address) {
		return nil, errors.New("the recipient's address is not a mail address")
	}
	if strings.ContainsAny(m.MessageID, " <>\r\n\t") {
		return nil, errors.New("the Message-ID is malformed")
	}
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&mail.Address{Name: oneLine(m.Name, maxSubject), Address: m.Address})
	msg.Subject(oneLine(m.Subject, maxSubject))
	msg.SetMessageIDWithValue(m.MessageID)
	msg.SetDateWithValue(m.Date)
	// No vacation notice and no bounce loop shall answer (RFC 3834, section 5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	// What comes back with it is a loop.
	msg.SetGenHeader("X-Loop", messageHost(m.MessageID))
	if m.ReplyTo != "" {
		if !plainAddress(m.ReplyTo) || strings.ContainsAny(m.References, " <>\r\n\t") {
			return nil, errors.New("the address for answers is malformed")
		}
		msg.ReplyToMailAddress(&mail.Address{Name: s.from.Name, Address: m.ReplyTo})
		msg.SetGenHeader("References", "<"+m.References+">")
		msg.SetGenHeader("In-Reply-To", "<"+m.References+">")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	return msg, nil
}

// messageHost returns the right side of a Message-ID.
func messageHost(id string) string { return id[strings.LastIndexByte(id, '@')+1:] }

func (s *SMTP) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.cfg.Port), gomail.WithTimeout(s.cfg.Timeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.cfg.Host, RootCAs: s.cfg.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	switch s.cfg.Security {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.cfg.Hello != "" {
		options = append(options, gomail.WithHELO(s.cfg.Hello))
	}
	if s.cfg.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.cfg.Username), gomail.WithPassword(s.cfg.Password))
	}
	return gomail.NewClient(s.cfg.Host, options...)
}

// plainAddress reports whether address is one address of ordinary form, without
// display name, comments, quoting or line breaks.
func plainAddress(address string) bool {
	if len(address) > 254 || strings.ContainsAny(address, "\"\\(),:;<>[] \t\r\n\x00") { // 254: RFC 5321, 4.5.3.1.3
		return false
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// refusedError marks a delivery that was refused for good.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

// Refused reports whether a delivery failed in a way that trying again cannot heal.
func Refused(err error) bool {
	var r refusedError
	return errors.As(err, &r)
}

// Refuse marks an error of a Sender as one that trying again cannot heal.
func Refuse(err error) error { return refusedError{err} }

// permanent reports whether the relay refused this recipient or this text with
// a 5xx reply (RFC 5321, 4.2.1). What it says about us (authentication, the
// sender's address) is a matter of configuration and is tried again.
func permanent(e *gomail.SendError) bool {
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
	default:
		return false
	}
	switch code := e.ErrorCode(); code {
	case 530, 535, 538: // authentication is missing or wrong (RFC 4954, section 6)
		return false
	default:
		return code >= 500 && code <= 599
	}
}
