// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Config holds what an organisation may set. The zero value of each field takes
// the default named beside it.
type Config struct {
	Issuer     string        // shown by authenticator apps; "Portreeve"
	Idle       time.Duration // a session unused for so long is over; 12 h
	Absolute   time.Duration // a session is over after so long; 7 days
	Keep       time.Duration // an ended session can still tell whose draft it was; 30 days
	Invitation time.Duration // a one-time link is valid for so long; 72 h
	TokenLife  time.Duration // the longest life of an API token; 365 days, which is also the most
	Hash       HashConfig
	PerRemote  Rate // sign-in attempts per remote address; 60, then one each 2 s
	PerLogin   Rate // sign-in attempts per login; 10, then one each 10 s
	PerBrowser Rate // sign-in attempts of a known browser; 10, then one each 10 s
}

func (c Config) withDefaults() Config {
	const day = 24 * time.Hour
	for _, d := range []struct {
		value *time.Duration
		none  time.Duration
	}{
		{&c.Idle, 12 * time.Hour}, {&c.Absolute, 7 * day}, {&c.Keep, 30 * day}, {&c.Invitation, 72 * time.Hour}, {&c.TokenLife, maxTokenLife},
	} {
		if *d.value <= 0 {
			*d.value = d.none
		}
	}
	c.TokenLife = min(c.TokenLife, maxTokenLife)
	for _, r := range []struct{ value, none *Rate }{
		{&c.PerRemote, &Rate{2 * time.Second, 60}}, {&c.PerLogin, &Rate{10 * time.Second, 10}}, {&c.PerBrowser, &Rate{10 * time.Second, 10}},
	} {
		if r.value.Burst <= 0 || r.value.Every <= 0 {
			*r.value = *r.none
		}
	}
	if c.Issuer == "" {
		c.Issuer = "Portreeve"
	}
	c.Hash = c.Hash.withDefaults()
	return c
}

// limitedKeys is how many keys each limiter of sign-ins keeps, about 200 bytes each.
const limitedKeys = 10_000

// Deps are what the service needs.
type Deps struct {
	DB     *store.DB
	Writer *ledger.Writer // of module "identity" with [Kinds]
	Policy *authz.Policy
	// SecretKey are 32 bytes of the data directory's key file. Who loses it must
	// enrol everybody anew; who has it and the database can make one-time codes.
	SecretKey []byte
	Config    Config
	// Sessions keeps web sessions; Past keeps, for longer, whose they were.
	Sessions, Past SessionStore
	Queue          *job.Queue   // takes what follows in the session store; nil wakes nobody
	Log            *slog.Logger // nil: slog.Default
	Rand           io.Reader    // of secrets; nil: crypto/rand
}

// Service holds the use cases of identity. Methods that take a context and
// nothing about who acts read the actor from it and check their action. It is
// safe for concurrent use.
type Service struct {
	db      *store.DB
	writer  *ledger.Writer
	policy  *authz.Policy
	config  Config
	log     *slog.Logger
	random  io.Reader
	keys    *keys
	hasher  *hasher
	factors []SecondFactor

	remotes, logins, browsers *Limiter

	sessions, pastSessions SessionStore
	prefix                 atomic.Pointer[string] // of every key in them
	queue                  *job.Queue

	touching sync.Map // session and token ids whose last use is being written
}

// New returns the service. It fails if the secret key is not 32 bytes long.
func New(d Deps) (*Service, error) {
	s := &Service{db: d.DB, writer: d.Writer, policy: d.Policy, config: d.Config.withDefaults(), log: d.Log, random: d.Rand, sessions: d.Sessions, pastSessions: d.Past, queue: d.Queue}
	if s.sessions == nil || s.pastSessions == nil {
		return nil, errors.New("identity: no session store")
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	var err error
	if s.keys, err = newKeys(d.SecretKey); err != nil {
		return nil, err
	}
	if s.hasher, err = newHasher(s.config.Hash, s.random); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	s.factors = []SecondFactor{totpFactor{s.keys}, recoveryFactor{}}
	s.remotes = NewLimiter(s.config.PerRemote, limitedKeys, s.now)
	s.logins = NewLimiter(s.config.PerLogin, limitedKeys, s.now)
	s.browsers = NewLimiter(s.config.PerBrowser, limitedKeys, s.now)
	return s, nil
}

// now is real time: nothing here follows the domain clock.
func (s *Service) now() time.Time { return s.db.Clock().Real() }

// HashStats tells how busy the password queue is, for metrics.
func (s *Service) HashStats() HashStats { return s.hasher.snapshot() }
