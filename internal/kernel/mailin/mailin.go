// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Message is a mail as a door or a thread gets it.
type Message struct {
	ID     string
	From   string // address of the sender; it may be anybody's unless Person is set
	Person string // id of the verified sender; empty: a stranger, at an open door

	Subject string // one line
	// Text is what the sender wrote, without quotes and signature; see [Cut]. Both
	// texts pass web.PlainText and may be empty.
	Text  string
	Whole string // with quotes and signature, for a door that only the office sees behind
	Cut   bool   // Text is less than Whole

	Item, Thread string // of the reply address; empty at a door
	Attachments  []Attachment
	Left         int // attachments that are missing, because they could not be decoded
	ReceivedAt   time.Time
}

// Door is an address by which mails open something new.
type Door struct {
	Name string // local part of the address, such as "review": letters a to z, digits, hyphens
	// Open says that the door takes mails of strangers, too: of people without an
	// account, and of senders who could not be verified. Person is empty then, and the
	// context's actor is anonymous.
	Open bool
	// Scopes is all that a sender may do by mail, of what they may do; nil: all of it.
	Scopes []authz.Action
	// Deliver opens the item and returns it, "<type>:<id>". The context's actor is the
	// sender, with the roles of this moment. It appends an entry, as every decision. A
	// fault of the kinds Invalid, Forbidden, NotFound, Conflict or Blocked refuses the
	// mail; the sender is told that it was refused, not why. Any other error tries
	// again later.
	Deliver func(ctx context.Context, tx *ledger.Tx, m Message) (item string, err error)
}

// Threads is where replies go.
type Threads interface {
	// Reply posts the text of a person into a thread of an item, with the rights that
	// the person has now; thread may be empty. It is also the context's actor. Errors
	// are as of [Door].
	Reply(ctx context.Context, tx *ledger.Tx, person authz.Actor, item, thread, text string) error
	// Sees reports whether somebody may see the item now.
	Sees(ctx context.Context, r store.Reader, a authz.Actor, item string) (bool, error)
}

// Person is an account as this package needs it.
type Person struct {
	Actor   authz.Actor // with roles and groups as of now
	Address string
	Active  bool
}

// People finds accounts. *Neither* method checks an action.
type People interface {
	// PeopleAt returns those with this mail address, whatever its case, active or not.
	PeopleAt(ctx context.Context, r store.Reader, address string) ([]Person, error)
	// PersonOf returns an account by its id; an unknown one is fault.NotFound.
	PersonOf(ctx context.Context, r store.Reader, id string) (Person, error)
}

// Notices tells people something; *notify.Service does.
type Notices interface {
	Enqueue(ctx context.Context, tx *store.Tx, m notify.Message) error
}

// The actions of this package.
const (
	ActionOpen    authz.Action = "mailin:open"
	ActionConfirm authz.Action = "mailin:confirm"
	ActionRead    authz.Action = "mailin:read"
	ActionDiscard authz.Action = "mailin:discard"
)

// Actions returns the actions of this package with their default grants.
func Actions() []authz.ActionDef {
	writers := []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive, authz.RoleOutsider, authz.RoleAdmin}
	return []authz.ActionDef{
		{Name: ActionOpen, Summary: "See the mails under your address that wait.", Roles: authz.Roles(), Read: true},
		{Name: ActionConfirm, Summary: "Say whether a mail under your address is yours.", Roles: writers},
		{Name: ActionRead, Summary: "See all mails that wait.", Roles: []authz.Role{authz.RoleTriager}, Read: true},
		{Name: ActionDiscard, Summary: "Discard mails that wait.", Roles: []authz.Role{authz.RoleTriager}},
	}
}

// The ledger entry kinds of this package. What a mail opens or says has an entry of
// the part that takes it.
const (
	KindConfirmed = "mailin.confirmed" // a person said that a mail is theirs
	KindDiscarded = "mailin.discarded"
)

// EntryKinds returns the ledger entry kinds that this package alone appends.
func EntryKinds() []string { return []string{KindConfirmed, KindDiscarded} }

//go:embed migrations/*.sql messages/en.yaml templates/*.html
var files embed.FS

// Migrations returns the tables of module "mailin" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "mailin", FS: sub}
}

// Config is what the service needs.
type Config struct {
	DB      *store.DB
	Writer  *ledger.Writer // of module "mailin" with EntryKinds
	Policy  *authz.Policy
	Queue   *job.Queue
	People  People
	Notices Notices
	Threads Threads
	Doors   []Door
	// ReplyScopes is all that the sender of a reply may do by mail; nil: all that they may.
	ReplyScopes []authz.Action
	Log         *slog.Logger

	Domain   string         // right side of our addresses; empty: no mail comes in
	Host     string         // right side of the Message-ID of the mails that we send
	Authserv string         // whose Authentication-Results are believed; empty: nobody's
	LMTP     bool           // LMTP (RFC 2033) instead of SMTP
	Networks []netip.Prefix // that may deliver over TCP; none: this machine alone
	MaxSize  int64          // bytes of a mail; zero: 10 MiB
	Keep     time.Duration  // how long a mail waits to be confirmed; zero: 30 days
}

// DefaultMaxSize is the largest mail in bytes if nothing else is configured.
const DefaultMaxSize = 10 << 20

const (
	defaultKeep = 30 * 24 * time.Hour
	keepSettled = 90 * 24 * time.Hour  // how long a repeated delivery is known, in domain time
	keepReply   = 180 * 24 * time.Hour // how long an answer finds its thread, in real time; as long as a notice's link
	askEvery    = time.Hour            // between two mails to one person about mails of theirs, in real time
	maxStored   = 1 << 30              // bytes of all mails that are kept
)

// replyName begins the local part of reply addresses.
const replyName = "reply"

// Service takes mails in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	doors  map[string]Door
	log    *slog.Logger
	counts counts
	slots  chan struct{} // each is a mail in memory
}

// New returns the service.
func New(cfg Config) (*Service, error) {
	s := &Service{doors: map[string]Door{}, counts: newCounts(), slots: make(chan struct{}, maxAtOnce)}
	for _, d := range cfg.Doors {
		if _, taken := s.doors[d.Name]; taken || !doorName(d.Name) || d.Deliver == nil {
			return nil, fmt.Errorf("mailin: the door %q is taken, has no usable name, or leads nowhere", d.Name)
		}
		s.doors[d.Name] = d
	}
	if cfg.Domain != "" && (cfg.People == nil || cfg.Notices == nil || cfg.Threads == nil) {
		return nil, errors.New("mailin: people, notices and threads are needed")
	}
	if cfg.MaxSize == 0 {
		cfg.MaxSize = DefaultMaxSize
	}
	if cfg.Keep == 0 {
		cfg.Keep = defaultKeep
	}
	if len(cfg.Networks) == 0 {
		cfg.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	s.cfg, s.log = cfg, cfg.Log
	return s, nil
}

// doorName reports whether a door may have this name.
func doorName(name string) bool {
	return name != "" && len(name) <= 40 && name != replyName && name != "postmaster" && name != "abuse" && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	})
}

// On reports whether mail comes in at all.
func (s *Service) On() bool { return s.cfg.Domain != "" }

// Address returns the address of a door, or "" if no mail comes in or there is no
// such door.
func (s *Service) Address(door string) string {
	if _, ok := s.doors[door]; !ok || !s.On() {
		return ""
	}
	return door + "@" + s.cfg.Domain
}

// JobRoute is the kind of job that delivers one mail.
const JobRoute = "mailin.route"

// routing is the payload of JobRoute.
type routing struct {
	Message string `json:"message"`
}

// wrap adds what was attempted, if there is an error.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
