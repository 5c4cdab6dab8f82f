// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"io"
	"maps"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
)

func letterMail() Mail {
	return Mail{MessageID: "m1@office.example.org", Name: "Rosalind Review", Address: "rosalind@example.org", Subject: "Rücknahme: eine Ausnahme", Body: "Zeile\n.\nFrom here\n", Date: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

// decoded reads a quoted-printable body.
func decoded(t testing.TB, body string) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestSendOverSMTP(t *testing.T) {
	tests := map[string]struct {
		security Security
		wantTLS  int
	}{"STARTTLS": {StartTLS, 1}, "implicit TLS": {ImplicitTLS, 1}, "none": {NoTLS, 0}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, test.security == ImplicitTLS)
			m := letterMail()
			if err := r.sender(test.security).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := r.mails()
			if len(got) != 1 || r.tls != test.wantTLS {
				t.Fatalf("%d mails, %d over TLS", len(got), r.tls)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got[0].header.Get("Subject"))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"office@example.org", "rosalind@example.org", `"Security Office" <office@example.org>`, `"Rosalind Review" <rosalind@example.org>`,
				"<m1@office.example.org>", m.Subject, "auto-generated", "Mon, 23 Nov 2026 12:00:00 +0000", strings.TrimSpace(m.Body)}
			h := got[0].header
			have := []string{got[0].from, strings.Join(got[0].to, ","), h.Get("From"), h.Get("To"), h.Get("Message-Id"), subject, h.Get("Auto-Submitted"), h.Get("Date"),
				strings.TrimSpace(decoded(t, got[0].body))}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	r := startRelay(t, false)
	r.set(func(r *relay) { r.login = "office:correct horse" })
	cfg := r.config(StartTLS)
	cfg.Username = "office"
	for want, password := range []string{"wrong", "correct horse"} { // how many mails have arrived afterwards
		cfg.Password = password
		s, err := NewSMTP(cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), letterMail())
		if (err == nil) != (want == 1) || Refused(err) {
			t.Errorf("%s: %v; a wrong password is ours to mend, not the end of the mail", password, err)
		}
		if len(r.mails()) != want {
			t.Errorf("%s: %d mails", password, len(r.mails()))
		}
	}
	if err := r.sender(StartTLS).Send(t.Context(), letterMail()); err == nil || Refused(err) {
		t.Errorf("without a password: %v", err)
	}
}

func TestUntrustedRelayGetsNothing(t *testing.T) {
	r := startRelay(t, false)
	cfg := r.config(StartTLS)
	cfg.RootCAs = startRelay(t, false).pool // another authority
	s, err := NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), letterMail())
	if err == nil || Refused(err) || len(r.mails()) != 0 {
		t.Errorf("%v, %d mails", err, len(r.mails()))
	}
	if got := describe(err); got != "the certificate of the relay is not trusted" {
		t.Error(got)
	}
}

// TestRefusals: what is temporary and what is for good, and no description
// repeats what the relay said, because it names the recipient.
func TestRefusals(t *testing.T) {
	reply := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "rosalind@example.org secret"}
	}
	tests := []struct {
		name     string
		script   func(*relay)
		refused  bool
		describe string
	}{
		{"greylisting", func(r *relay) { r.rcpt = func(string) error { return reply(450) } }, false, "the relay answered 450 4.1.1 (sending SMTP RCPT TO command)"},
		{"no such user", func(r *relay) { r.rcpt = func(string) error { return reply(550) } }, true, "the relay answered 550 5.1.1 (sending SMTP RCPT TO command)"},
		{"we must authenticate", func(r *relay) { r.rcpt = func(string) error { return reply(530) } }, false, "the relay answered 530 5.1.1 (sending SMTP RCPT TO command)"},
		{"text not taken now", func(r *relay) { r.data = reply(451) }, false, "the relay answered 451 4.1.1 (closing SMTP DATA writer)"},
		{"text refused", func(r *relay) { r.data = reply(554) }, true, "the relay answered 554 5.1.1 (closing SMTP DATA writer)"},
		{"broken half way", func(r *relay) { r.drop = dropHalfWay }, false, "the connection to the relay broke"},
		{"broken before the answer", func(r *relay) { r.drop = dropAfterAll }, false, "the connection to the relay broke"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := startRelay(t, false)
			r.set(test.script)
			m := letterMail()
			m.Body = strings.Repeat("a long text\n", 1000)
			err := r.sender(NoTLS).Send(t.Context(), m)
			if err == nil || Refused(err) != test.refused {
				t.Errorf("%v, refused %t, want %t", err, Refused(err), test.refused)
			}
			if got := describe(err); got != test.describe {
				t.Errorf("%q, want %q", got, test.describe)
			}
		})
	}
}

func TestRelayAway(t *testing.T) {
	r := startRelay(t, false)
	cfg := r.config(NoTLS)
	cfg.Port = 1 // nobody listens on tcpmux
	s, err := NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), letterMail()); err == nil || Refused(err) || describe(err) != "the relay cannot be reached" {
		t.Errorf("%v: %s", err, describe(err))
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	good := SMTPConfig{Host: "mail.example.org", From: "office@example.org"}
	if _, err := NewSMTP(good); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*SMTPConfig){
		"no host":            func(c *SMTPConfig) { c.Host = "" },
		"no sender":          func(c *SMTPConfig) { c.From = "" },
		"two senders":        func(c *SMTPConfig) { c.From = "a@example.org, b@example.org" },
		"clear over network": func(c *SMTPConfig) { c.Security = NoTLS },
		"unknown security":   func(c *SMTPConfig) { c.Security = "ssl" },
		"port":               func(c *SMTPConfig) { c.Port = 70000 },
	}
	for name, change := range tests {
		cfg := good
		change(&cfg)
		if _, err := NewSMTP(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzMessage: whatever names, subjects and texts hold, the mail has exactly our
// headers, one recipient, and the text that was given.
func FuzzMessage(f *testing.F) {
	f.Add("Rosalind", "rosalind@example.org", "Subject", "text\n")
	f.Add("A\r\nBcc: x@example.org", "a@example.org\r\nBcc: b@example.org", "S\r\nX: y\r\n\r\nbody", ".\r\n.\r\nQUIT\r\n")
	f.Add("\"quoted\" <b@example.org>,", "\"a b\"@example.org", "=?utf-8?q?=0ABcc:?=", "=0A.=0A")
	f.Add("\u2028\u0085\v\f", "a@b", strings.Repeat("ä", 500), "\x00\x1b[2J")
	f.Add("", "a@example.org>, <b@example.org", "\r", "From a\n")
	sender, err := NewSMTP(SMTPConfig{Host: "localhost", From: "office@example.org"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, address, subject, body string) {
		msg, err := sender.message(Mail{MessageID: "m1@office.example.org", Name: name, Address: address, Subject: subject, Body: body, Date: time.Unix(0, 0)})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := msg.WriteTo(&out); err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatalf("cannot be read: %v\n%q", err, out.String())
		}
		want := []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress", "X-Loop"}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(parsed.Header))); diff != "" {
			t.Fatalf("headers: %s\n%q", diff, out.String())
		}
		for key, values := range parsed.Header {
			if len(values) != 1 {
				t.Fatalf("%s stands %d times", key, len(values))
			}
		}
		to, err := parsed.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != address {
			t.Fatalf("recipients %v, %v", to, err)
		}
		recipients, err := msg.GetRecipients()
		if err != nil || !cmp.Equal(recipients, []string{"<" + address + ">"}) {
			t.Fatalf("envelope %v, %v", recipients, err)
		}
		got, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
		if err != nil || got != oneLine(subject, maxSubject) {
			t.Fatalf("subject %q, %v, want %q", got, err, oneLine(subject, maxSubject))
		}
	})
}
