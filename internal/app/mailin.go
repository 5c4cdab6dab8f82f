// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/mailin"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// MailInConfig is where the organisation's mail server delivers mails for the office.
type MailInConfig struct {
	Listen   string      `yaml:"listen"`   // host:port, or the path of a unix socket; empty: no mail comes in
	Protocol string      `yaml:"protocol"` // lmtp (default) or smtp
	Domain   string      `yaml:"domain"`   // right side of the office's addresses
	Hosts    []string    `yaml:"hosts"`    // networks that may deliver; default: this machine
	Authserv string      `yaml:"authserv"` // whose Authentication-Results are believed (RFC 8601); empty: nobody's
	MaxSize  config.Size `yaml:"max_size"` // of a mail; default 10MiB
}

// maxMailSize is the largest mail that can be configured: mails are in memory while
// they are read.
const maxMailSize = 64 << 20

// domainName is a domain as it stands in an address, and a name of a mail server.
var domainName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// unix reports whether mails come in by a unix socket.
func (c MailInConfig) unix() bool { return filepath.IsAbs(c.Listen) }

// networks returns who may deliver.
func (c MailInConfig) networks() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, host := range c.Hosts {
		prefix, err := netip.ParsePrefix(host)
		if err != nil {
			ip, ipErr := netip.ParseAddr(host)
			if ipErr != nil {
				return nil, fmt.Errorf("must list networks such as 10.1.2.0/24 or addresses; %q is neither", host)
			}
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// checkMailIn lists what is wrong with mail.in.
func (c *Config) checkMailIn(wrong func(path, code, message string, args ...any)) {
	in := c.Mail.In
	if in.Listen == "" {
		if in.Domain != "" || in.Authserv != "" || in.Protocol != "" || len(in.Hosts) > 0 {
			wrong("mail.in.listen", "config.mail_in", "must say where the mail server delivers: host:port, or the absolute path of a unix socket")
		}
		return
	}
	if !in.unix() {
		if _, _, err := net.SplitHostPort(in.Listen); err != nil {
			wrong("mail.in.listen", "config.mail_in", "must be host:port, or the absolute path of a unix socket")
		} else if !loopback(in.Listen) && c.TLS.BehindProxy {
			wrong("mail.in.listen", "config.mail_in", "must be a loopback address or a unix socket, because there is no certificate under tls: mails must not cross a network in the clear")
		}
	}
	if in.Domain == "" || !domainName.MatchString(in.Domain) || len(in.Domain) > 200 {
		wrong("mail.in.domain", "config.mail_in", "must be the right side of the office's addresses, such as office.example.org")
	}
	if in.Authserv != "" && !domainName.MatchString(in.Authserv) {
		wrong("mail.in.authserv", "config.mail_in", "must be the name that your mail server writes into Authentication-Results, such as mx.example.org")
	}
	switch in.Protocol {
	case "", "lmtp", "smtp":
	default:
		wrong("mail.in.protocol", "config.mail_in", "must be lmtp or smtp")
	}
	if _, err := in.networks(); err != nil {
		wrong("mail.in.hosts", "config.mail_in", "%v", err)
	}
	if in.MaxSize < 0 || in.MaxSize > maxMailSize || in.MaxSize > 0 && in.MaxSize < 64<<10 {
		wrong("mail.in.max_size", "config.mail_in", "must be from 64KiB to 64MiB")
	}
	if c.Mail.Host == "" {
		wrong("mail.host", "config.mail_in", "must name a relay if mails come in: people are asked by mail whether a mail is theirs")
	}
}

// openMailIn opens what takes mails, with the doors of the slices. Without mail.in it
// is there, and nothing comes.
func (o *office) openMailIn(context.Context) (err error) {
	in := o.cfg.Mail.In
	networks, err := in.networks()
	if err != nil {
		return fmt.Errorf("mail.in.hosts: %w", err)
	}
	base, err := url.Parse(o.cfg.PublicURL)
	if err != nil {
		return fmt.Errorf("public_url: %w", err)
	}
	c := mailin.Config{
		DB: o.db, Writer: o.ledger.Writer("mailin", mailin.EntryKinds()), Policy: o.policy, Queue: o.queue,
		People: mailPeople{o.identity}, Notices: o.notify, Threads: mailThreads{o}, ReplyScopes: []authz.Action{content.ActionRead, content.ActionComment}, Log: o.log,
		Domain: in.Domain, Host: base.Hostname(), Authserv: in.Authserv, LMTP: in.Protocol != "smtp", Networks: networks, MaxSize: in.MaxSize.Bytes(),
	}
	if in.Listen == "" {
		c.Domain = ""
	}
	for _, m := range o.modules {
		c.Doors = append(c.Doors, m.Doors...)
		c.ReplyScopes = append(c.ReplyScopes, m.ReplyScopes...)
	}
	o.mailin, err = mailin.New(c)
	return err
}

// replies is notify.Config's Replies; mails come in only once all parts are open.
func (o *office) replies() notify.Replies {
	if o.mailin == nil || !o.mailin.On() {
		return nil
	}
	return o.mailin
}

// mailPeople finds people by their addresses.
type mailPeople struct{ people *identity.Service }

func mailPerson(p identity.Person) mailin.Person {
	return mailin.Person{
		Actor:   authz.Actor{ID: p.ID, Login: p.Login, Name: p.Name, Kind: p.Kind, Roles: p.Roles, Groups: p.Groups},
		Address: p.Mail, Active: p.Active,
	}
}

// PeopleAt implements mailin.People.
func (m mailPeople) PeopleAt(ctx context.Context, r store.Reader, address string) ([]mailin.Person, error) {
	all, err := m.people.PeopleByMail(ctx, r, address)
	found := make([]mailin.Person, len(all))
	for i, p := range all {
		found[i] = mailPerson(p)
	}
	return found, err
}

// PersonOf implements mailin.People.
func (m mailPeople) PersonOf(ctx context.Context, r store.Reader, id string) (mailin.Person, error) {
	p, err := m.people.PersonByID(ctx, r, id)
	return mailPerson(p), err
}

// mailThreads gives replies to the part that keeps the item, if it wants them itself,
// and else to the discussion of the item.
type mailThreads struct{ o *office }

// Reply implements mailin.Threads.
func (t mailThreads) Reply(ctx context.Context, tx *ledger.Tx, _ authz.Actor, item, thread, text string) error {
	kind, id, _ := strings.Cut(item, ":")
	for _, m := range t.o.modules {
		if reply := m.Reply[kind]; reply != nil {
			return reply(ctx, tx, id, thread, text)
		}
	}
	_, err := t.o.content.Answer(ctx, tx, item, thread, text)
	return err
}

// Sees implements mailin.Threads.
func (t mailThreads) Sees(ctx context.Context, r store.Reader, a authz.Actor, item string) (bool, error) {
	kind, id, _ := strings.Cut(item, ":")
	resourceOf := t.o.resources()[kind]
	if resourceOf == nil {
		return false, nil
	}
	res, err := resourceOf(ctx, r, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && authz.CanSee(a, res), err
}

// listenMail opens the listener for mails; nil if none come in. The configuration that
// comes with it is for connections over a network.
func (o *office) listenMail() (net.Listener, *tls.Config, error) {
	in := o.cfg.Mail.In
	if in.Listen == "" {
		return nil, nil, nil
	}
	network := "tcp"
	if in.unix() {
		network = "unix"
		// A socket that a dead process left: this one holds the database, so it is ours.
		if info, err := os.Lstat(in.Listen); err == nil && info.Mode()&fs.ModeSocket != 0 {
			if err := os.Remove(in.Listen); err != nil {
				return nil, nil, fmt.Errorf("remove the old socket of mail.in.listen: %w", err)
			}
		}
	}
	l, err := net.Listen(network, in.Listen)
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "serve.mail_in", "Cannot listen on %s of mail.in.listen: %s.", in.Listen, whyNot(err)).Because(err)
	}
	if in.unix() {
		// The group may deliver: the folder and its permissions say who that is.
		if err := os.Chmod(in.Listen, 0o660); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("set the permissions of mail.in.listen: %w", err), l.Close())
		}
		return l, nil, nil
	}
	if loopback(in.Listen) {
		return l, nil, nil
	}
	cert, err := loadCertificate(o.cfg.TLS.Certificate, o.cfg.TLS.Key, o.db.Clock(), o.log)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}, nil
}

func (o *office) mailinHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	all, err := o.mailin.Holds(ctx, r, person)
	held := make([]module.Held, len(all))
	for i, h := range all {
		held[i] = module.Held{What: h.What + ", " + h.At.Format(time.DateOnly), Where: h.Where, Value: h.Value, Item: h.Item, Private: true}
	}
	return held, err
}

// forgetMails is module.Module's Erase of the part mailin.
func (o *office) forgetMails(ctx context.Context, tx *ledger.Tx, person string) error {
	return o.mailin.Forget(ctx, tx.Tx, person)
}

// mailsToConfirm is module.Module's Inbox of the part mailin.
func (o *office) mailsToConfirm(ctx context.Context, r store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	all, err := o.mailin.Own(ctx, r, a)
	items := make([]module.InboxItem, len(all))
	for i, w := range all {
		title := w.Subject
		if title == "" {
			title = o.mux.Text("mailin.no_subject")
		}
		items[i] = module.InboxItem{Title: title, Ask: web.Msg("office.mail.confirm"), URL: "/mail/" + w.ID, Since: w.ReceivedAt}
	}
	return items, err
}
