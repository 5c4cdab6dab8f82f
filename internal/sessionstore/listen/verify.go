// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// maxAuthorization bounds the header that is looked at.
const maxAuthorization = 1024

// proofDigest stands for a name with its password without giving them away: what
// is remembered between connections is of no use to who reads it.
type proofDigest [sha256.Size]byte

// verifier compares credentials. Passwords are compared a few at a time, and an
// address that got them wrong waits: hashing is what a guesser makes others pay.
type verifier struct {
	secret [32]byte
	slots  chan struct{}

	mu     sync.Mutex
	wrong  map[netip.Prefix]*rate.Limiter
	banked *rate.Limiter // for who finds the table full
}

// Bounds on comparing passwords: how many at once, and how many wrong ones an
// address may send at once and per second.
const (
	hashesAtOnce   = 2
	hashesWait     = 3 * time.Second
	wrongAtOnce    = 10
	wrongEach      = time.Second
	wrongAddresses = 4096
)

func newVerifier() *verifier {
	v := &verifier{slots: make(chan struct{}, hashesAtOnce), wrong: map[netip.Prefix]*rate.Limiter{}, banked: rate.NewLimiter(rate.Every(wrongEach), wrongAtOnce)}
	rand.Read(v.secret[:]) //nolint:errcheck // never fails (crypto/rand)
	return v
}

// digest returns what is remembered of a name and its password.
func (v *verifier) digest(name, secret string) proofDigest {
	mac := hmac.New(sha256.New, v.secret[:])
	io.WriteString(mac, name+":"+secret) //nolint:errcheck // a hash takes everything
	return proofDigest(mac.Sum(nil))
}

// unauthenticated is the answer to who shows nothing that holds. It says the same
// whatever was wrong.
func unauthenticated() *fault.Error {
	return fault.New(fault.Unauthenticated, "listen.credential", "Send a credential of this service that is in force, as a bearer token or by basic authentication.")
}

// verify returns the credential that an Authorization header shows at an instant.
func (v *verifier) verify(ctx context.Context, c *Credentials, header string, from netip.Addr, now time.Time) (*credential, error) {
	if len(header) > maxAuthorization {
		return nil, unauthenticated()
	}
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.Trim(rest, " ")
	switch strings.ToLower(scheme) {
	case "bearer":
		if one := c.byToken[sha256.Sum256([]byte(rest))]; one != nil && one.validAt(now) {
			return one, nil
		}
	case "basic":
		raw, err := base64.StdEncoding.DecodeString(rest)
		name, secret, found := strings.Cut(string(raw), ":")
		if err == nil && found {
			return v.basic(ctx, c, name, secret, from, now)
		}
	}
	return nil, unauthenticated()
}

// basic compares a name and a secret with what is in force for the name.
func (v *verifier) basic(ctx context.Context, c *Credentials, name, secret string, from netip.Addr, now time.Time) (*credential, error) {
	if one := c.byToken[sha256.Sum256([]byte(secret))]; one != nil && one.name == name && one.validAt(now) {
		return one, nil
	}
	seen := v.digest(name, secret)
	if one := c.remembered(seen); one != nil && one.validAt(now) {
		return one, nil
	}
	// Without a password of the name there is nothing to compare, and names are no
	// secrets: they stand in the policy.
	if !slices.ContainsFunc(c.list, func(one credential) bool { return one.password != "" && one.name == name }) {
		return nil, unauthenticated()
	}
	limit := v.limit(from)
	if limit.Tokens() < 1 {
		return nil, guesses()
	}
	if err := v.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-v.slots }()
	if one := c.remembered(seen); one != nil && one.validAt(now) { // while we waited
		return one, nil
	}
	return v.compare(c, name, secret, seen, limit, now)
}

// guesses is the answer to an address that was wrong too often.
func guesses() *fault.Error {
	return &fault.Error{Kind: fault.Limited, Code: "listen.guesses", RetryAfter: 2 * time.Second, Message: "Too many wrong credentials came from this address. Wait, then try again."}
}

// enter waits until a password may be hashed.
func (v *verifier) enter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hashesWait)
	defer cancel()
	select {
	case v.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &fault.Error{Kind: fault.Limited, Code: "listen.busy", RetryAfter: 2 * time.Second, Message: "Many passwords are being compared at this moment. Wait, then try again; a token costs nothing to compare.", Err: ctx.Err()}
	}
}

// compare hashes the password for each secret of the name that is in force: two at
// most.
func (v *verifier) compare(c *Credentials, name, secret string, seen proofDigest, limit *rate.Limiter, now time.Time) (*credential, error) {
	for i := range c.list {
		one := &c.list[i]
		if one.password == "" || one.name != name || !one.validAt(now) {
			continue
		}
		match, err := argon2id.ComparePasswordAndHash(secret, one.password)
		if err != nil {
			return nil, fmt.Errorf("compare a password: %w", err)
		}
		if match {
			c.remember(seen, one)
			return one, nil
		}
	}
	limit.Allow()
	return nil, unauthenticated()
}

// limit returns the bound on wrong passwords of an address, or of a /64 of IPv6,
// all of which one machine may have.
func (v *verifier) limit(from netip.Addr) *rate.Limiter {
	network := networkOf(from)
	v.mu.Lock()
	defer v.mu.Unlock()
	if l := v.wrong[network]; l != nil {
		return l
	}
	if len(v.wrong) >= wrongAddresses {
		for n, l := range v.wrong {
			if l.Tokens() >= wrongAtOnce {
				delete(v.wrong, n)
			}
		}
	}
	if len(v.wrong) >= wrongAddresses {
		return v.banked
	}
	l := rate.NewLimiter(rate.Every(wrongEach), wrongAtOnce)
	v.wrong[network] = l
	return l
}

// networkOf returns what counts as one machine.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

func (c *Credentials) remembered(seen proofDigest) *credential {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.known[seen]
}

func (c *Credentials) remember(seen proofDigest, one *credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) < maxCredentials { // no more can match than there are
		c.known[seen] = one
	}
}

// NewToken returns a token of 256 random bits, and the hash of it for the file.
func NewToken() (token, hash string) {
	var raw [32]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails (crypto/rand)
	token = "pst_" + base64.RawURLEncoding.EncodeToString(raw[:])
	return token, HashToken(token)
}

// HashToken returns the hash of a token for the file.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// sameSecret compares without telling by its time where the difference is.
func sameSecret(known []byte, shown string) bool {
	var room [256]byte
	return subtle.ConstantTimeCompare(known, append(room[:0], shown...)) == 1
}
