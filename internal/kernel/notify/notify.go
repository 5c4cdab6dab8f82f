// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of this package.
const (
	ActionOpen    authz.Action = "notify:open"
	ActionRead    authz.Action = "notify:read"
	ActionRequeue authz.Action = "notify:requeue"
)

// Actions returns the actions of this package with their default grants.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{
		{Name: ActionOpen, Summary: "Follow the link of a notice to you.", Roles: authz.Roles(), Read: true},
		{Name: ActionRead, Summary: "See which mails could not be sent.", Roles: []authz.Role{authz.RoleAdmin, authz.RoleAuditor}, Read: true},
		{Name: ActionRequeue, Summary: "Try to send a mail again.", Roles: []authz.Role{authz.RoleAdmin}},
	}
}

// KindRequeued is the entry of an administrator's order to send a mail after all.
const KindRequeued = "notify.requeued"

// EntryKinds returns the ledger entry kinds that this package alone appends.
func EntryKinds() []string { return []string{KindRequeued} }

//go:embed migrations/*.sql messages/en.yaml
var files embed.FS

// Migrations returns the tables of module "notify" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "notify", FS: sub}
}

// Files returns the package's messages (messages/en.yaml) for the catalogue.
func Files() fs.FS { return files }

// Recipient is a person as a mail needs them.
type Recipient struct {
	Actor   authz.Actor // with roles and groups, to tell what the person may see
	Name    string
	Address string // empty: gets no mail
}

// Directory finds a person by id. A person who is unknown, erased or inactive is
// fault.NotFound.
type Directory func(ctx context.Context, r store.Reader, person string) (Recipient, error)

// ResourceOf gives the visibility of an item by its id; an absent item is
// fault.NotFound. It is the type of module.Module's Resource.
type ResourceOf = func(ctx context.Context, r store.Reader, id string) (authz.Resource, error)

// Sender delivers a mail. A nil error means that a mail server has taken it. An
// error that Refused is one that no further try can heal.
type Sender interface {
	Send(ctx context.Context, m Mail) error
}

// Replies makes the addresses that answers go to; *mailin.Service does.
type Replies interface {
	// ReplyTo returns, as part of tx, an address from which an answer of the person
	// joins a thread of an item, and the Message-ID that all mails about that thread
	// refer to. Without an address no answer can be taken.
	ReplyTo(ctx context.Context, tx *store.Tx, item, thread, person string) (address, root string, err error)
}

// Config is what the service needs.
type Config struct {
	DB        *store.DB
	Writer    *ledger.Writer // of module "notify" with EntryKinds
	Policy    *authz.Policy
	Queue     *job.Queue
	Directory Directory
	Resources map[string]ResourceOf // by item type; notices of other items are dropped
	Sender    Sender                // nil: notices wait
	// Text gives the text of a message key of the catalogue.
	Text func(key string, args ...any) string
	// Replies gives the part that takes answers; nil, or giving nil: nobody does.
	Replies func() Replies
	BaseURL string // of the server, "https://office.example.org"
	Log     *slog.Logger

	Window         time.Duration // batching window; zero means 5 minutes
	InternalInMail bool          // may a mail say what internal items are about
	Attempts       int           // before a mail is given up; zero means 14, about a day
}

// Service is the outbox and what empties it. It is safe for concurrent use.
type Service struct {
	cfg    Config
	host   string // right side of a Message-ID
	log    *slog.Logger
	counts counts
}

const (
	defaultWindow   = 5 * time.Minute
	defaultAttempts = 14
	firstWait       = time.Minute
	maxWait         = 4 * time.Hour
	keep            = 180 * 24 * time.Hour // how long a notice's link works, in domain time
)

// New returns the service.
func New(cfg Config) (*Service, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Hostname() == "" {
		return nil, errors.New("notify: the base URL has no host")
	}
	if cfg.Text == nil || cfg.Directory == nil {
		return nil, errors.New("notify: texts and directory are needed")
	}
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	if cfg.Attempts == 0 {
		cfg.Attempts = defaultAttempts
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Service{cfg: cfg, host: base.Hostname(), log: cfg.Log, counts: newCounts()}, nil
}

// JobSend is the kind of job that sends what is due.
const JobSend = "notify.send"

// Jobs returns the jobs of this package.
func (s *Service) Jobs() []job.Def {
	return []job.Def{
		{
			Kind: JobSend, Summary: "Send the mails that are due.", Every: time.Minute,
			// A mail that fails is tried again by its own plan, so the job seldom fails.
			Retry:  job.Retry{Attempts: 3},
			Handle: func(ctx context.Context, _ []byte) error { return s.SendDue(ctx) },
		},
		{
			Kind: "notify.purge", Summary: "Remove notices whose links have expired.", Every: 24 * time.Hour,
			Handle: func(ctx context.Context, _ []byte) error { return s.purge(ctx) },
		},
	}
}

// wait returns how long to wait after the given number of failed tries.
func wait(attempts int) time.Duration {
	d := firstWait
	for range attempts - 1 {
		if d *= 2; d >= maxWait {
			return maxWait
		}
	}
	return d
}

// wrap adds what was attempted, if there is an error.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
