// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Credentials are the credentials of a file. What they are does not change; what
// was compared once is remembered.
type Credentials struct {
	list    []credential
	byToken map[[sha256.Size]byte]*credential

	mu    sync.RWMutex
	known map[proofDigest]*credential // secrets that matched, by a digest with a secret of the process
}

// credential is one secret of a name. Two of a name may be valid at once, so that
// clients can go over from one to the other.
type credential struct {
	name        string
	token       [sha256.Size]byte // if password is ""
	password    string            // argon2id
	namespaces  []string
	from, until time.Time
}

// validAt reports whether the credential may be used at an instant.
func (c *credential) validAt(now time.Time) bool {
	return !now.Before(c.from) && now.Before(c.until)
}

// instant is an RFC 3339 instant in the file.
type instant time.Time

// UnmarshalText reads an instant.
func (i *instant) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("must be an instant such as 2027-03-01T00:00:00Z")
	}
	*i = instant(at)
	return nil
}

// credentialFile is the file as it is written.
type credentialFile struct {
	Credentials []credentialEntry `yaml:"credentials"`
}

type credentialEntry struct {
	Name       string   `yaml:"name"`
	Hash       string   `yaml:"hash"`
	Namespaces []string `yaml:"namespaces"`
	From       instant  `yaml:"from"`
	Until      instant  `yaml:"until"`
}

// credentialName is what a user's name in basic authentication may be without
// being misread: no colon, nothing to escape.
var credentialName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Bounds of what a stored hash may ask for, so that a file cannot make each
// request cost a second or a gigabyte, nor hash with next to nothing.
const (
	minArgonKiB, maxArgonKiB       = 8 << 10, 256 << 10
	minArgonPasses, maxArgonPasses = 1, 16
	maxArgonLanes                  = 16
	maxCredentials                 = 10_000
)

// ParseCredentials reads a file of credentials:
//
//	credentials:
//	  - name: mediawiki
//	    hash: "sha256:<64 hex digits>"      # of a token of 256 random bits, or
//	    # hash: "$argon2id$v=19$m=19456,t=2,p=1$..."  # of a password
//	    namespaces: [default]                # ["*"] = all that the policy grants
//	    from: 2026-11-23T00:00:00Z           # may be left out
//	    until: 2027-03-01T00:00:00Z
//
// A token is sent as a bearer token, or as the password of basic authentication
// with the name as the user; a password only so. At most two secrets of one name
// may be valid at any instant. Errors never repeat a hash.
func ParseCredentials(file string, data []byte) (*Credentials, error) {
	var in credentialFile
	if err := config.Decode(file, data, &in); err != nil {
		return nil, err
	}
	if len(in.Credentials) > maxCredentials {
		return nil, fault.New(fault.Invalid, "listen.credentials", "%s lists more than %d credentials.", file, maxCredentials)
	}
	c := &Credentials{byToken: map[[sha256.Size]byte]*credential{}, known: map[proofDigest]*credential{}}
	var wrong []fault.Field
	for i, entry := range in.Credentials {
		one, problems := entry.read()
		for _, p := range problems {
			p.Path = fmt.Sprintf("credentials[%d].%s", i, p.Path)
			wrong = append(wrong, p)
		}
		c.list = append(c.list, one)
	}
	if len(in.Credentials) == 0 {
		wrong = append(wrong, fault.Field{Path: "credentials", Code: "listen.credentials", Message: "must list at least one credential."})
	}
	wrong = append(wrong, c.crowded()...)
	wrong = append(wrong, c.index()...)
	if len(wrong) > 0 {
		return nil, fault.InvalidFields("listen.credentials", wrong)
	}
	return c, nil
}

// read checks one entry.
func (e credentialEntry) read() (credential, []fault.Field) {
	var wrong []fault.Field
	add := func(path, message string) {
		wrong = append(wrong, fault.Field{Path: path, Code: "listen.credential", Message: message})
	}
	c := credential{name: e.Name, namespaces: e.Namespaces, from: time.Time(e.From), until: time.Time(e.Until)}
	if !credentialName.MatchString(e.Name) {
		add("name", "must be 1 to 64 letters, digits, dots, dashes and underscores.")
	}
	if len(e.Namespaces) == 0 || slices.Contains(e.Namespaces, "") {
		add("namespaces", `must list namespaces, or "*" for all that the policy grants.`)
	}
	if c.until.IsZero() {
		add("until", "must say when the credential ends.")
	} else if !c.from.Before(c.until) {
		add("until", "must be later than from.")
	}
	if digits, found := strings.CutPrefix(e.Hash, "sha256:"); found {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			add("hash", "must be sha256: and 64 hexadecimal digits.")
		}
		copy(c.token[:], sum)
		return c, wrong
	}
	if !soundArgon(e.Hash) {
		add("hash", "must be sha256:... of a token, or $argon2id$... of a password with 8 to 256 MiB and 1 to 16 passes.")
	}
	c.password = e.Hash
	return c, wrong
}

// soundArgon reports whether a hash can be compared with at a bearable cost.
func soundArgon(hash string) bool {
	p, salt, key, err := argon2id.DecodeHash(hash)
	return err == nil && len(salt) >= 8 && len(key) >= 16 && len(key) <= 64 &&
		p.Memory >= minArgonKiB && p.Memory <= maxArgonKiB && p.Iterations >= minArgonPasses && p.Iterations <= maxArgonPasses &&
		p.Parallelism >= 1 && p.Parallelism <= maxArgonLanes
}

// crowded refuses a third secret of a name at any instant: who can go over from
// one to the next needs two, and each more is one that nobody remembers.
func (c *Credentials) crowded() []fault.Field {
	var wrong []fault.Field
	for i := range c.list {
		together := 0
		for j := range c.list {
			// c.list[i] begins: how many of the name are valid then?
			if c.list[j].name == c.list[i].name && c.list[j].validAt(c.list[i].from) {
				together++
			}
		}
		if together > 2 {
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("credentials[%d]", i), Code: "listen.credential", Message: "would be the third of its name that is valid at once; end an older one first."})
		}
	}
	return wrong
}

// index finds tokens by their hash. The same token twice would make two names of
// one secret.
func (c *Credentials) index() []fault.Field {
	var wrong []fault.Field
	for i := range c.list {
		one := &c.list[i]
		if one.password != "" {
			continue
		}
		if c.byToken[one.token] != nil {
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("credentials[%d].hash", i), Code: "listen.credential", Message: "is the hash of another entry, too."})
		}
		c.byToken[one.token] = one
	}
	return wrong
}

// Status is what is known of one credential, for people. It holds no hash.
type Status struct {
	Name       string    `json:"name"`
	Namespaces []string  `json:"namespaces"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Valid      bool      `json:"valid"`
}

// Status lists the credentials as they are at an instant.
func (c *Credentials) Status(now time.Time) []Status {
	var out []Status
	for i := range c.list {
		one := &c.list[i]
		out = append(out, Status{Name: one.name, Namespaces: one.namespaces, From: one.from, Until: one.until, Valid: one.validAt(now)})
	}
	return out
}

// same reports whether the other file holds this very credential, too.
func (c *Credentials) has(other *credential) bool {
	return slices.ContainsFunc(c.list, func(one credential) bool {
		return one.name == other.name && one.token == other.token && one.password == other.password &&
			slices.Equal(one.namespaces, other.namespaces) && one.from.Equal(other.from) && one.until.Equal(other.until)
	})
}
