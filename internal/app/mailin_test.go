// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// postbox is a discussed risk that mails reach through a unix socket.
type postbox struct {
	*discussed
	t      *testing.T
	socket string
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "in.sock")
	p := &postbox{t: t, socket: socket, discussed: newDiscussed(t, func(c *Config) {
		c.Mail = MailConfig{Host: "localhost", Security: "none", From: "Office <office@office.test>", In: MailInConfig{Listen: socket, Domain: "mail.office.test", Authserv: "mx.test"}}
	})}
	l, secure, err := p.in.listenMail()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.in.mailin.Serve(ctx, l, secure) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// address gives out an address for answers about the risk.
func (p *postbox) address(person string) string {
	p.t.Helper()
	var address string
	err := p.in.ledger.Writer("mailin", nil).Quiet(p.t.Context(), "test", func(tx *store.Tx) (err error) {
		address, err = p.in.mailin.ReplyAddress(p.t.Context(), tx, p.risk.Item(), "", p.in.person(person))
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return address
}

// send delivers a mail and has the jobs work on it.
func (p *postbox) send(to, from, body string) {
	p.t.Helper()
	p.deliver(to, "From: "+from+"\nMessage-ID: <"+body[:4]+"@elsewhere.example>\nSubject: Re: Something needs your attention\n\n"+body)
}

// deliver is send for a whole mail, headers and all.
func (p *postbox) deliver(to, mail string) {
	p.t.Helper()
	conn, err := net.Dial("unix", p.socket)
	if err != nil {
		p.t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	defer c.Close()
	if err := c.Mail("bounces@elsewhere.example", nil); err != nil {
		p.t.Fatal(err)
	}
	if err := c.Rcpt(to, nil); err != nil {
		p.t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		p.t.Fatal(err)
	}
	io.WriteString(w, strings.ReplaceAll(mail, "\n", "\r\n"))
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	var ids []string
	if err := p.in.db.Read(p.t.Context(), func(r *store.ReadTx) error {
		rows, err := r.Query(p.t.Context(), "SELECT id FROM mailin_message WHERE state = 'new'")
		ids, err = store.Texts(rows, err)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	for _, id := range ids {
		if err := p.in.mailin.Route(p.t.Context(), id); err != nil {
			p.t.Fatal(err)
		}
	}
}

// mailOf returns the address of an account.
func (p *postbox) mailOf(login string) string {
	p.t.Helper()
	var mail string
	if err := p.in.db.Read(p.t.Context(), func(r *store.ReadTx) error {
		person, err := p.in.identity.PersonByLogin(p.t.Context(), r, login)
		mail = person.Mail
		return err
	}); err != nil || mail == "" {
		p.t.Fatalf("%s has the address %q, %v", login, mail, err)
	}
	return mail
}

func (p *postbox) comments() []string {
	p.t.Helper()
	page, err := p.in.content.Comments(p.in.as("owner"), p.risk.Item(), "", "", 0)
	if err != nil {
		p.t.Fatal(err)
	}
	var texts []string
	for _, c := range page.Comments {
		if c.Text != "I was in "+placeName+" once." { // the fixture's
			texts = append(texts, c.Text)
		}
	}
	return texts
}

// told returns what people are told by mail.
func (p *postbox) told(login string) []string {
	p.t.Helper()
	var keys []string
	if err := p.in.db.Read(p.t.Context(), func(r *store.ReadTx) error {
		rows, err := r.Query(p.t.Context(), "SELECT key FROM notify_message WHERE person = $1 AND path > '/mail/' AND path < '/mail0' ORDER BY created_at, id", p.in.person(login))
		keys, err = store.Texts(rows, err)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return keys
}

// TestReplyByMail: an answer joins the discussion of an item with the rights that its
// sender has when it comes.
func TestReplyByMail(t *testing.T) {
	p := newPostbox(t)
	reviewer := p.mailOf("reviewer")
	address := p.address("reviewer")
	p.send(address, reviewer, "It is dry there now.\n\nOn Mon, 2 Mar 2026 at 09:00, Office <office@office.test> wrote:\n> The cellar of "+placeName+" holds the keys.\n")
	if got := p.comments(); !slices.Equal(got, []string{"It is dry there now."}) {
		t.Errorf("comments: %q", got)
	}
	page := p.in.visit("owner").get("/items/risk/" + p.risk.ID + "/discussion").Body.String()
	if !strings.Contains(page, "It is dry there now.") {
		t.Error("the page does not show it")
	}
	// Who cannot see the risk any more hears that it was refused, not of what.
	p.hide(t)
	p.send(address, reviewer, "What became of it?")
	if got := p.comments(); len(got) != 1 {
		t.Errorf("comments: %q", got)
	}
	if got := p.told("reviewer"); !slices.Equal(got, []string{"mailin.notice.refused"}) {
		t.Errorf("told: %q", got)
	}
}

// TestForgedReply: a reply address alone is not enough, and is confirmed by whom the
// mail says it is from, who must see the item.
func TestForgedReply(t *testing.T) {
	p := newPostbox(t)
	p.send(p.address("reviewer"), p.mailOf("outsider"), "Let me in.")
	if got, told := p.comments(), p.told("outsider"); len(got) != 0 || !slices.Equal(told, []string{"mailin.notice.confirm"}) {
		t.Errorf("comments %q, told %q", got, told)
	}
	all, err := p.in.mailin.Waiting(p.in.as("outsider"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if front := p.in.visit("outsider").get("/").Body.String(); !strings.Contains(front, "/mail/"+all[0].ID) {
		t.Error("the dashboard does not ask")
	}
	if err := p.in.mailin.Confirm(p.in.as("outsider"), all[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("an outsider posts: %v", err)
	}
	if got := p.comments(); len(got) != 0 {
		t.Errorf("comments %q", got)
	}
}

// TestConfigurationOfMailIn: what cannot work is refused with the field that is wrong.
func TestConfigurationOfMailIn(t *testing.T) {
	const usable = "listen: 127.0.0.1:2525, domain: office.example.org"
	for in, want := range map[string]string{
		usable: "",
		"listen: /run/portreeve/mail.sock, domain: office.example.org, protocol: smtp, hosts: [10.1.2.0/24, \"::1\"], authserv: mx.example.org, max_size: 1MiB": "",
		"domain: office.example.org":                       "mail.in.listen",
		"listen: \"2525\", domain: office.example.org":     "mail.in.listen",
		"listen: 0.0.0.0:2525, domain: office.example.org": "mail.in.listen", // without a certificate
		"listen: 127.0.0.1:2525":                           "mail.in.domain",
		"listen: 127.0.0.1:2525, domain: \"a b\"":          "mail.in.domain",
		usable + ", authserv: \"a;b\"":                     "mail.in.authserv",
		usable + ", protocol: pop3":                        "mail.in.protocol",
		usable + ", hosts: [everywhere]":                   "mail.in.hosts",
		usable + ", max_size: 1GiB":                        "mail.in.max_size",
		usable + ", max_size: 1B":                          "mail.in.max_size",
		usable + "}\n  host: \"\"\n  username: \"\"\n#":    "mail.host",
	} {
		relay := "\n  host: localhost\n  security: none\n  from: office@example.org"
		if strings.Contains(in, "#") {
			relay = ""
		}
		text := "public_url: https://security.example.org\ndata_dir: data\nlisten: 127.0.0.1:8080\ntls: {behind_proxy: true}\norganisation: {contact: [\"mailto:a@example.org\"]}\nmail:\n  in: {" + in + "}" + relay + "\n"
		err := config.Decode("portreeve.yaml", []byte(text), &Config{})
		got := ""
		if f := fault.From(err); err != nil && len(f.Fields) > 0 {
			got = f.Fields[0].Path
		} else if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q is wrong, want %q (%v)", in, got, want, err)
		}
	}
}
