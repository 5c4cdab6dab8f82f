// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// house is the service on a real store behind a real listener, with people, a door
// for those who are verified, one for everybody, and threads that people may see.
type house struct {
	*Service
	t       *testing.T
	db      *store.DB
	log     *ledger.Log
	own     *ledger.Writer // of what takes the mails
	runner  *job.Runner
	addr    string
	people  map[string]Person
	sees    map[string][]string // item -> people
	mu      sync.Mutex
	posts   []string  // "olive on risk:a Q1: text"
	opened  []Message // by doors
	told    []notify.Message
	scopes  [][]authz.Action
	failing error // of the thread
}

const (
	testDomain = "office.example.org"
	testHost   = "security.example.org"
	testMX     = "mx.example.org"
)

func tables() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), job.Migrations(), Migrations()}
}

func each(t *testing.T, fn func(t *testing.T, h *house)) { eachWith(t, nil, fn) }

func eachWith(t *testing.T, change func(*Config), fn func(t *testing.T, h *house)) {
	t.Helper()
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) { fn(t, newHouse(t, db, change)) })
}

func newHouse(t *testing.T, db *store.DB, change func(*Config)) *house {
	t.Helper()
	h := &house{t: t, db: db, log: ledgertest.Open(t, db), people: map[string]Person{}, sees: map[string][]string{"risk:a": {"olive", "rita"}}}
	h.own = h.log.Writer("test", []string{"test.posted"})
	for _, id := range []string{"olive", "rita", "oscar", "tom"} {
		h.person(id, id+"@example.org", authz.RoleRequester)
	}
	h.person("tom", "tom@example.org", authz.RoleTriager)
	policy, err := authz.NewPolicy(Actions(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	cfg := Config{
		DB: db, Writer: h.log.Writer("mailin", EntryKinds()), Policy: policy, Queue: job.NewQueue(), People: h, Notices: h, Threads: h,
		ReplyScopes: []authz.Action{"content:comment"}, Log: quiet, Domain: testDomain, Host: testHost, Authserv: testMX, LMTP: true, MaxSize: 1 << 20,
		Doors: []Door{{Name: "review", Deliver: h.open, Scopes: []authz.Action{"review:request"}}, {Name: "report", Open: true, Deliver: h.open}},
	}
	if change != nil {
		change(&cfg)
	}
	if h.Service, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	h.runner, err = job.NewRunner(job.Config{DB: db, Writer: h.log.Writer("job", job.EntryKinds()), Queue: cfg.Queue, Defs: h.Jobs()[:1], Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	h.listen()
	return h
}

// listen starts the listener, which ends with the test.
func (h *house) listen() {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l, nil) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

func (h *house) person(id, address string, roles ...authz.Role) {
	h.people[id] = Person{Actor: authz.Actor{ID: id, Login: id, Name: "Fictional " + id, Kind: authz.KindPerson, Roles: roles}, Address: address, Active: true}
}

// PeopleAt implements People.
func (h *house) PeopleAt(_ context.Context, _ store.Reader, address string) ([]Person, error) {
	var found []Person
	for _, p := range h.people {
		if strings.EqualFold(p.Address, address) {
			found = append(found, p)
		}
	}
	return found, nil
}

// PersonOf implements People.
func (h *house) PersonOf(_ context.Context, _ store.Reader, id string) (Person, error) {
	p, ok := h.people[id]
	if !ok {
		return Person{}, fault.ItemNotFound()
	}
	return p, nil
}

// Enqueue implements Notices.
func (h *house) Enqueue(_ context.Context, _ *store.Tx, m notify.Message) error {
	h.told = append(h.told, m)
	return nil
}

// Reply implements Threads.
func (h *house) Reply(ctx context.Context, tx *ledger.Tx, person authz.Actor, item, thread, text string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case authz.ActorFrom(ctx).ID != person.ID:
		h.t.Errorf("%s is posted as %s", person.ID, authz.ActorFrom(ctx).ID)
	case h.failing != nil:
		return h.failing
	case !slices.Contains(h.sees[item], person.ID):
		return fault.ItemNotFound()
	}
	h.scopes = append(h.scopes, person.Scopes)
	h.posts = append(h.posts, fmt.Sprintf("%s on %s %s: %s", person.ID, item, thread, text))
	return h.entry(ctx, tx)
}

// Sees implements Threads.
func (h *house) Sees(_ context.Context, _ store.Reader, a authz.Actor, item string) (bool, error) {
	return slices.Contains(h.sees[item], a.ID), nil
}

func (h *house) open(ctx context.Context, tx *ledger.Tx, m Message) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Person != authz.ActorFrom(ctx).ID {
		h.t.Errorf("the mail of %q is delivered as %q", m.Person, authz.ActorFrom(ctx).ID)
	}
	h.scopes = append(h.scopes, authz.ActorFrom(ctx).Scopes)
	h.opened = append(h.opened, m)
	return "review:" + tx.NewID(), h.entry(ctx, tx)
}

func (h *house) entry(ctx context.Context, tx *ledger.Tx) error {
	_, err := h.own.Append(ctx, tx, ledger.Entry{Kind: "test.posted", Actor: authz.ActorFrom(ctx).Ref(), Subject: "test:1", Visibility: string(authz.Internal)})
	return err
}

// as returns the context of somebody who is signed in.
func (h *house) as(id string) context.Context {
	return authz.WithActor(h.t.Context(), h.people[id].Actor)
}

// address gives out a reply address.
func (h *house) address(item, thread, person string) string {
	h.t.Helper()
	var address string
	err := h.cfg.Writer.Quiet(h.t.Context(), "test", func(tx *store.Tx) (err error) {
		address, err = h.ReplyAddress(h.t.Context(), tx, item, thread, person)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return address
}

// client opens a connection as the mail server does.
func (h *house) client() *smtp.Client {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	if !h.cfg.LMTP {
		c = smtp.NewClient(conn)
	}
	h.t.Cleanup(func() { c.Close() })
	return c
}

// send delivers a mail and returns what the server answered.
func (h *house) send(envelope string, to []string, raw string) error {
	h.t.Helper()
	c := h.client()
	if err := c.Mail(envelope, nil); err != nil {
		return err
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt, nil); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, strings.ReplaceAll(raw, "\n", "\r\n")); err != nil {
		return err
	}
	return w.Close()
}

// deliver sends a mail and lets the job work on it.
func (h *house) deliver(to, raw string) {
	h.t.Helper()
	if err := h.send("somebody@example.org", []string{to}, raw); err != nil {
		h.t.Fatalf("the mail was not taken: %v", err)
	}
	h.run()
}

func (h *house) run() {
	h.t.Helper()
	if _, err := h.runner.RunDue(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// later moves both clocks.
func (h *house) later(d time.Duration) { h.db.Clock().Set(h.db.Clock().Real().Add(d)) }

// rows returns all mails, the oldest first.
func (h *house) rows() []mailRow {
	h.t.Helper()
	var all []mailRow
	err := h.db.Read(h.t.Context(), func(r *store.ReadTx) (err error) {
		all, err = mails.All(h.t.Context(), r, "ORDER BY m.received_at, m.id")
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// want compares the state of the one mail, and whom a notice went to.
func (h *house) want(state, why string, told ...string) mailRow {
	h.t.Helper()
	all := h.rows()
	if len(all) != 1 {
		h.t.Fatalf("%d mails are stored, want 1", len(all))
	}
	if all[0].state != state || all[0].why != why {
		h.t.Errorf("the mail is %s (%s), want %s (%s)", all[0].state, all[0].why, state, why)
	}
	var got []string
	for _, m := range h.told {
		got = append(got, m.Person+" "+m.Key)
		if m.Item != "" || len(m.Args) > 0 {
			h.t.Errorf("the notice tells of the mail: %+v", m)
		}
	}
	if !slices.Equal(got, told) {
		h.t.Errorf("told: %q, want %q", got, told)
	}
	return all[0]
}

func (h *house) wantPosts(want ...string) {
	h.t.Helper()
	if !slices.Equal(h.posts, want) {
		h.t.Errorf("posted: %q, want %q", h.posts, want)
	}
}

func (h *house) wantCount(outcome, reason string, want float64) {
	h.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(h.Service)
	families, err := registry.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	var got float64
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if family.GetName() == "portreeve_mailin_mails_total" && labels["outcome"] == outcome && labels["reason"] == reason {
				got = m.GetCounter().GetValue()
			}
		}
	}
	if got != want {
		h.t.Errorf("%v mails are counted as %s %s, want %v", got, outcome, reason, want)
	}
}

// passed is what the trusted server puts on top for a sender whom DMARC confirms.
const passed = "Authentication-Results: " + testMX + "; dmarc=pass (p=reject) header.from=example.org\n"

// text is a mail of plain text.
func text(head, body string) string {
	return head + "Message-ID: <1@example.org>\nSubject: A subject\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n\n" + body + "\n"
}

// fromOlive is a plain mail of Olive's.
func fromOlive(body string) string { return text("From: Olive Owner <olive@example.org>\n", body) }
