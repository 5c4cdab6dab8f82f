// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// ask is what a request says by its headers.
type ask struct {
	when        condition
	life        sessionstore.Life
	owner       string
	established sessionstore.Instant
	touch       bool
	from        []byte // the old id of a change; nil = none
	grace       time.Duration
	graced      bool // a grace was given
	lively      bool // something of a write's was given: life, owner, beginning
}

// defaultGrace is how long the old id of a changed session is readable.
const defaultGrace = 10 * time.Second

// maxSeconds bounds times in headers: a hundred years.
const maxSeconds = 100 * 366 * 24 * 60 * 60

// parse reads the headers in one pass. A Session- header that is not known, that
// comes twice or that does not belong to the act is refused: who misspells
// Session-Max-Age would otherwise get sessions without an end.
func (a *ask) parse(header http.Header, act act) error {
	for name, values := range header {
		var err error
		switch {
		case len(name) >= 8 && name[0] == 'S' && name[:8] == "Session-":
			err = a.session(name, values, act)
		case name == "If-Match":
			err = a.when.match.parse(name, values)
		case name == "If-None-Match":
			err = a.when.none.parse(name, values)
		}
		if err != nil {
			return err
		}
	}
	if !a.lively && !a.graced && a.from == nil {
		return nil
	}
	return a.agrees()
}

// agrees refuses combinations that say nothing.
func (a *ask) agrees() error {
	switch {
	case a.graced && a.from == nil:
		return malformed("Session-Grace", "belongs to Session-Change-From.")
	case a.touch && a.from != nil:
		return malformed("Session-Touch", "and Session-Change-From exclude each other: a change renews, too.")
	default:
		return nil
	}
}

// session reads one Session- header.
func (a *ask) session(name string, values []string, act act) error {
	if len(values) != 1 || values[0] == "" {
		return malformed(name, "must be there once, with a value.")
	}
	if act == deleting || act == reading && name != "Session-Touch" {
		return malformed(name, "does not belong to this method.")
	}
	value, err := values[0], error(nil)
	switch name {
	case "Session-Ttl":
		a.lively = true
		a.life.TTL, err = seconds("Session-TTL", value, 1)
	case "Session-Max-Age":
		a.lively = true
		a.life.MaxAge, err = seconds(name, value, 1)
	case "Session-Grace":
		a.graced = true
		a.grace, err = seconds(name, value, 0)
	case "Session-Expiry":
		a.lively = true
		a.life.Absolute, err = expiry(value)
	case "Session-Owner":
		a.lively = true
		a.owner, err = owner(value)
	case "Session-Established":
		a.lively = true
		a.established, err = instant(value)
	case "Session-Touch":
		if a.touch = value == "true"; !a.touch {
			err = malformed(name, `takes "true" alone.`)
		}
	case "Session-Change-From":
		a.from, err = oldKey(value)
	default:
		err = fault.New(fault.Malformed, "session.header", "The request has a Session- header that this service does not know.")
	}
	return err
}

func malformed(header, what string) error {
	return fault.New(fault.Malformed, "session.header", "The header "+header+" "+what)
}

// seconds reads a whole number of seconds of at least least.
func seconds(header, value string, least int64) (time.Duration, error) {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil || int64(n) < least || n > maxSeconds {
		return 0, malformed(header, "takes whole seconds from "+strconv.FormatInt(least, 10)+" to "+strconv.Itoa(maxSeconds)+".")
	}
	return time.Duration(n) * time.Second, nil
}

func expiry(value string) (*bool, error) {
	switch value {
	case "sliding", "absolute":
		absolute := value == "absolute"
		return &absolute, nil
	default:
		return nil, malformed("Session-Expiry", `takes "sliding" or "absolute".`)
	}
}

// owner reads an owner's name: UTF-8 as it stands. HTTP lets no control characters through.
func owner(value string) (string, error) {
	if !utf8.ValidString(value) || len(value) > sessionstore.MaxOwner {
		return "", malformed("Session-Owner", "takes up to "+strconv.Itoa(sessionstore.MaxOwner)+" bytes of UTF-8.")
	}
	return value, nil
}

// instant reads seconds since 1970 with up to six decimals that count; more are dropped.
func instant(value string) (sessionstore.Instant, error) {
	whole, part, decimals := strings.Cut(value, ".")
	s, err := strconv.ParseUint(whole, 10, 63)
	bad := err != nil || s > 1<<40 || decimals && part == "" || len(part) > 20
	for i := range len(part) {
		bad = bad || part[i] < '0' || part[i] > '9'
	}
	if bad {
		return 0, malformed("Session-Established", "takes seconds since 1970, with decimals if you like.")
	}
	micros, _ := strconv.ParseUint((part + "000000")[:6], 10, 32) // six digits: cannot fail
	return sessionstore.Instant(s*1e6 + micros), nil
}

// oldKey reads a key as it stands in a path.
func oldKey(value string) ([]byte, error) {
	key, err := url.PathUnescape(value)
	if err != nil || key == "" || len(key) > sessionstore.MaxID || strings.Contains(key, "/") {
		return nil, malformed("Session-Change-From", "takes the old key, percent-encoded as in a path.")
	}
	return []byte(key), nil
}
