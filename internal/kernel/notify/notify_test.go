// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// office is a service with two people, and items whose visibility a test sets.
type office struct {
	*Service
	t      *testing.T
	db     *store.DB
	relay  *relay
	runner *job.Runner
	items  map[string]authz.Resource
	people map[string]Recipient
}

func person(id string, roles ...authz.Role) authz.Actor {
	return authz.Actor{ID: id, Login: id, Kind: authz.KindPerson, Roles: roles}
}

func each(t *testing.T, change func(*Config), fn func(t *testing.T, o *office)) {
	t.Helper()
	tables := []store.Migrations{ledger.Migrations(), job.Migrations(), Migrations()}
	storetest.Each(t, tables, func(t *testing.T, db *store.DB) {
		o := &office{t: t, db: db, relay: startRelay(t, false), items: map[string]authz.Resource{}, people: map[string]Recipient{
			"olive":  {Actor: person("olive", authz.RoleOwner), Name: "Olive Owner", Address: "olive@example.org"},
			"oscar":  {Actor: person("oscar", authz.RoleOutsider), Name: "Oscar Outsider", Address: "oscar@example.org"},
			"silent": {Actor: person("silent", authz.RoleOwner), Name: "No Address"},
		}}
		log := ledgertest.Open(t, db)
		policy, err := authz.NewPolicy(Actions(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{
			DB: db, Writer: log.Writer("notify", EntryKinds()), Policy: policy, Queue: job.NewQueue(), Sender: o.relay.sender(StartTLS),
			Text: texts(t), BaseURL: "https://office.example.org", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Directory: func(_ context.Context, _ store.Reader, id string) (Recipient, error) {
				r, ok := o.people[id]
				if !ok {
					return Recipient{}, fault.ItemNotFound()
				}
				return r, nil
			},
			Resources: map[string]ResourceOf{"risk": func(_ context.Context, _ store.Reader, id string) (authz.Resource, error) {
				r, ok := o.items["risk:"+id]
				if !ok {
					return authz.Resource{}, fault.ItemNotFound()
				}
				return r, nil
			}},
		}
		if change != nil {
			change(&cfg)
		}
		if o.Service, err = New(cfg); err != nil {
			t.Fatal(err)
		}
		o.runner, err = job.NewRunner(job.Config{DB: db, Writer: log.Writer("job", job.EntryKinds()), Queue: cfg.Queue, Defs: o.Jobs()[:1], Log: cfg.Log})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, o)
	})
}

// texts reads the package's own catalogue and one notice of a slice.
func texts(t *testing.T) func(string, ...any) string {
	t.Helper()
	data, err := files.ReadFile("messages/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	if err := config.Decode("en.yaml", data, &all); err != nil {
		t.Fatal(err)
	}
	all["risk.runs_out"] = "The acceptance of “%s” runs out on %s."
	return func(key string, args ...any) string {
		if plural, ok := all[key].(map[string]any); ok {
			return fmt.Sprintf(plural["other"].(string), args...)
		}
		text, ok := all[key].(string)
		if !ok {
			t.Errorf("no text for %q", key)
		}
		return fmt.Sprintf(text, args...)
	}
}

func (o *office) item(id string, v authz.Visibility, participants ...string) {
	o.items["risk:"+id] = authz.Resource{Item: "risk:" + id, Visibility: v, Participants: participants}
}

func (o *office) enqueue(messages ...Message) {
	o.t.Helper()
	err := o.cfg.Writer.Quiet(o.t.Context(), "test", func(tx *store.Tx) error {
		for _, m := range messages {
			if err := o.Enqueue(o.t.Context(), tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) run() {
	o.t.Helper()
	if _, err := o.runner.RunDue(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) advance(d time.Duration) {
	o.t.Helper()
	o.db.Clock().Set(o.db.Clock().Real().Add(d))
	o.run()
}

func (o *office) wantMails(want int) []received {
	o.t.Helper()
	got := o.relay.mails()
	if len(got) != want {
		o.t.Fatalf("%d mails, want %d", len(got), want)
	}
	return got
}

func (o *office) wantStats(want Stats) {
	o.t.Helper()
	if got, err := o.Stats(o.t.Context()); err != nil || got != want {
		o.t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
}

func runsOut(to, item, title string) Message {
	return Message{Person: to, Item: "risk:" + item, Key: "risk.runs_out", Args: []string{title, "2026-12-23"}, Path: "/risks/" + item}
}

func TestBatch(t *testing.T) {
	each(t, func(c *Config) { c.InternalInMail = true }, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.item("b", authz.Internal)
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(4 * time.Minute)
		o.enqueue(runsOut("olive", "b", "second"), runsOut("oscar", "a", "for oscar"))
		o.wantMails(0)
		o.advance(time.Minute)
		got := o.wantMails(1)[0]
		body := decoded(t, got.body)
		if got.header.Get("Subject") != "2 notices for you" || !strings.Contains(body, "“first” runs out on 2026-12-23") || !strings.Contains(body, "“second”") {
			t.Errorf("%v\n%s", got.header, body)
		}
		if strings.Contains(body, "/risks/") || strings.Count(body, "https://office.example.org/notices/") != 2 {
			t.Errorf("links:\n%s", body)
		}
		o.advance(4 * time.Minute)
		if got := o.wantMails(2)[1]; got.to[0] != "oscar@example.org" {
			t.Errorf("second mail to %v", got.to)
		}
		o.wantStats(Stats{})
	})
}

func TestUrgentAndOnce(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		m := runsOut("olive", "a", "first")
		m.Urgent, m.Once = true, "runs_out:a"
		o.enqueue(m, m)
		o.run()
		o.enqueue(m)
		o.advance(time.Hour)
		if got := o.wantMails(1)[0]; strings.Count(decoded(t, got.body), "/notices/") != 1 {
			t.Errorf("told twice:\n%s", got.body)
		}
		m.Person = "oscar"
		o.enqueue(m)
		o.run()
		o.wantMails(2)
	})
}

// TestNothingRestrictedLeaves: what stands in a mail is decided by the item's
// visibility when the mail is sent.
func TestNothingRestrictedLeaves(t *testing.T) {
	tests := []struct {
		name         string
		visibility   authz.Visibility
		participants []string
		internal     bool
		to           string
		want         string // sentence, hint or nothing
	}{
		{"public", authz.Public, nil, false, "oscar", "sentence"},
		{"internal", authz.Internal, nil, false, "olive", "hint"},
		{"internal, allowed", authz.Internal, nil, true, "olive", "sentence"},
		{"internal, to an outsider", authz.Internal, nil, true, "oscar", "nothing"},
		{"restricted", authz.Restricted, []string{"person:olive"}, true, "olive", "hint"},
		{"restricted, not a participant", authz.Restricted, nil, true, "olive", "nothing"},
		{"unknown visibility", "secret", nil, true, "olive", "nothing"},
		{"item gone", "", nil, true, "olive", "nothing"},
		{"nobody has the address", authz.Public, nil, true, "silent", "nothing"},
		{"person gone", authz.Public, nil, true, "nobody", "nothing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(c *Config) { c.InternalInMail = test.internal }, func(t *testing.T, o *office) {
				o.item("a", authz.Public) // as it was when the notice was written
				m := runsOut(test.to, "a", "swordfish")
				o.enqueue(m)
				o.item("a", test.visibility, test.participants...)
				if test.visibility == "" {
					delete(o.items, "risk:a")
				}
				o.advance(time.Hour)
				o.wantStats(Stats{})
				if test.want == "nothing" {
					o.wantMails(0)
					return
				}
				got := o.wantMails(1)[0]
				all := fmt.Sprint(got.header, decoded(t, got.body))
				if told := strings.Contains(all, "swordfish"); told != (test.want == "sentence") {
					t.Errorf("told %t:\n%s", told, all)
				}
				if strings.Contains(all, "risk") {
					t.Errorf("the mail says what kind of thing it is:\n%s", all)
				}
			})
		})
	}
}

func TestUnknownItemTypeIsDropped(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.enqueue(Message{Person: "olive", Item: "case:1", Key: "risk.runs_out", Args: []string{"a", "b"}, Path: "/"})
		o.advance(time.Hour)
		o.wantMails(0)
		o.wantStats(Stats{})
	})
}

func TestRetryUntilTaken(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.relay.set(func(r *relay) {
			r.rcpt = func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
		})
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(5 * time.Minute)
		o.wantStats(Stats{Ready: 1})
		o.advance(30 * time.Second) // too early
		o.relay.set(func(r *relay) { r.rcpt = nil })
		o.run()
		o.wantMails(0)
		o.advance(30 * time.Second)
		o.wantMails(1)
		o.wantStats(Stats{})
		o.advance(24 * time.Hour)
		o.wantMails(1)
	})
}

// TestUnknownOutcomeRepeatsUnderOneID: when the connection breaks before the
// relay's answer, the mail comes again and can be recognised.
func TestUnknownOutcomeRepeatsUnderOneID(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.relay.set(func(r *relay) { r.drop = dropAfterAll })
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(5 * time.Minute)
		o.wantStats(Stats{Ready: 1})
		o.relay.set(func(r *relay) { r.drop = dropNever })
		o.advance(time.Minute)
		got := o.wantMails(2)
		if id := got[0].header.Get("Message-Id"); id == "" || id != got[1].header.Get("Message-Id") {
			t.Errorf("ids %q and %q", id, got[1].header.Get("Message-Id"))
		}
	})
}

func TestDeadAndRequeued(t *testing.T) {
	tests := map[string]struct {
		code     int
		attempts int
	}{"refused for good": {550, 1}, "too many tries": {450, 3}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *Config) { c.Attempts = 3 }, func(t *testing.T, o *office) {
				o.item("a", authz.Public)
				o.relay.set(func(r *relay) {
					r.rcpt = func(string) error { return &smtp.SMTPError{Code: test.code, Message: "no olive@example.org"} }
				})
				o.enqueue(runsOut("olive", "a", "first"))
				o.advance(5 * time.Minute)
				for range 5 {
					o.advance(maxWait)
				}
				o.wantStats(Stats{Dead: 1})
				admin := authz.WithActor(t.Context(), person("a", authz.RoleAdmin))
				dead, err := o.Undelivered(admin)
				if err != nil || len(dead) != 1 || dead[0].Attempts != test.attempts || strings.Contains(dead[0].Reason, "olive") {
					t.Fatalf("%+v, %v", dead, err)
				}
				if err := o.Requeue(authz.WithActor(t.Context(), person("olive", authz.RoleOwner)), dead[0].ID); !fault.Is(err, fault.Forbidden) {
					t.Errorf("requeued by somebody: %v", err)
				}
				o.relay.set(func(r *relay) { r.rcpt = nil })
				if err := o.Requeue(admin, dead[0].ID); err != nil {
					t.Fatal(err)
				}
				o.run()
				o.wantMails(1)
				if err := o.Requeue(admin, dead[0].ID); !fault.Is(err, fault.NotFound) {
					t.Errorf("requeued after it was sent: %v", err)
				}
			})
		})
	}
}

// TestDyingServerTriesAgain: a process that dies between claiming a mail and
// recording what came of it leaves the mail to be tried again.
func TestDyingServerTriesAgain(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		m := runsOut("olive", "a", "first")
		m.Urgent = true
		o.enqueue(m)
		err := o.cfg.Writer.Quiet(t.Context(), "test", func(tx *store.Tx) error {
			if err := batch(t.Context(), tx); err != nil {
				return err
			}
			l, err := claim(t.Context(), tx)
			if l == nil {
				return errors.Join(err, errors.New("nothing to claim"))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		o.run()
		o.wantMails(0)
		o.advance(time.Minute)
		o.wantMails(1)
	})
}

func TestManyNoticesAreSeveralMails(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		var all []Message
		for i := range noticesPerMail + 1 {
			all = append(all, runsOut("olive", "a", fmt.Sprint("t", i)))
		}
		o.enqueue(all...)
		o.advance(time.Hour)
		o.wantMails(2)
	})
}

func TestWithoutRelayNoticesWait(t *testing.T) {
	each(t, func(c *Config) { c.Sender = nil }, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(24 * time.Hour)
		o.wantStats(Stats{Waiting: 1})
	})
}

func TestOpen(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Restricted, "person:olive")
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(time.Hour)
		_, rest, _ := strings.Cut(decoded(t, o.wantMails(1)[0].body), "/notices/")
		id, _, _ := strings.Cut(rest, "\n")
		path, err := o.Open(authz.WithActor(t.Context(), person("olive", authz.RoleOwner)), id)
		if err != nil || path != "/risks/a" {
			t.Errorf("%q, %v", path, err)
		}
		if _, err := o.Open(authz.WithActor(t.Context(), person("oscar", authz.RoleOutsider)), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("opened by somebody else: %v", err)
		}
		if _, err := o.Open(t.Context(), id); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("opened by nobody: %v", err)
		}
	})
}

func TestForgetHoldsAndPurge(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.enqueue(runsOut("olive", "a", "first"), runsOut("oscar", "a", "first"))
		o.advance(time.Hour)
		o.enqueue(runsOut("olive", "a", "second"))
		held := func(id string) int {
			var n int
			err := o.db.Read(t.Context(), func(r *store.ReadTx) error {
				all, err := o.Holds(t.Context(), r, id)
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if held("olive") != 2 || held("oscar") != 1 {
			t.Errorf("held: %d, %d", held("olive"), held("oscar"))
		}
		if err := o.cfg.Writer.Quiet(t.Context(), "test", func(tx *store.Tx) error { return o.Forget(t.Context(), tx, "olive") }); err != nil {
			t.Fatal(err)
		}
		if held("olive") != 0 || held("oscar") != 1 {
			t.Errorf("after forgetting: %d, %d", held("olive"), held("oscar"))
		}
		o.db.Clock().Set(o.db.Clock().Real().Add(keep + time.Hour))
		if err := o.purge(t.Context()); err != nil || held("oscar") != 0 {
			t.Errorf("after the purge: %d, %v", held("oscar"), err)
		}
	})
}

func TestEnqueueRefuses(t *testing.T) {
	for name, m := range map[string]Message{
		"nobody": {Key: "k", Path: "/"}, "no key": {Person: "p", Path: "/"}, "bad item": {Person: "p", Key: "k", Item: "risk", Path: "/"},
		"elsewhere": {Person: "p", Key: "k", Path: "https://example.org/"}, "other host": {Person: "p", Key: "k", Path: "//example.org/"},
	} {
		if m.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMetrics(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Public)
		o.enqueue(runsOut("olive", "a", "first"))
		o.advance(time.Hour)
		registry := prometheus.NewPedanticRegistry()
		if err := registry.Register(o.Service); err != nil {
			t.Fatal(err)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range families {
			names = append(names, f.GetName())
		}
		if diff := cmp.Diff([]string{"portreeve_notify_mails_total", "portreeve_notify_oldest_seconds", "portreeve_notify_outbox"}, names); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWait(t *testing.T) {
	var total time.Duration
	for i := range defaultAttempts - 1 {
		total += wait(i + 1)
	}
	if wait(1) != time.Minute || wait(100) != maxWait || total < 20*time.Hour || total > 48*time.Hour {
		t.Errorf("first %s, last %s, all %s", wait(1), wait(100), total)
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb":                     "a b",
		" a \t b\x00":                "a b",
		"a\u202eb\u2028c":            "a b c",
		"\xff":                       "?",
		strings.Repeat("ä", 10):      strings.Repeat("ä", 10),
		strings.Repeat("ä", 30):      strings.Repeat("ä", 18) + "…",
		"plain text stays as it is.": "plain text stays as it is.",
	} {
		if got := oneLine(in, 40); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}
