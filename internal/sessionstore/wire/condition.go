// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// condition is a request's If-Match and If-None-Match (RFC 9110, 13.1.1 and 13.1.2).
type condition struct {
	match, none tags
}

// tags are the entity tags of one header.
type tags struct {
	given    bool
	any      bool     // "*"
	versions []uint64 // those that can be ours; others match nothing
}

// maxTags bounds the list of one header.
const maxTags = 64

// parse reads the lines of a header as RFC 9110, 8.8.3 has it. If-Match compares
// strongly, so a weak tag there matches nothing; ours are all strong.
func (t *tags) parse(header string, lines []string) error {
	list := strings.Join(lines, ",")
	t.given = true
	if strings.Trim(list, " \t") == "*" {
		t.any = true
		return nil
	}
	count := 0
	for rest := strings.TrimLeft(list, " \t,"); rest != ""; rest = strings.TrimLeft(rest, " \t,") {
		weak := strings.HasPrefix(rest, "W/")
		if weak {
			rest = rest[2:]
		}
		if rest[:min(1, len(rest))] != `"` {
			return malformed(header, `takes * or entity tags in double quotes.`)
		}
		end := strings.IndexByte(rest[1:], '"')
		if count++; end < 0 || count > maxTags {
			return malformed(header, `takes * or entity tags in double quotes, a few of them.`)
		}
		if v, ok := versionOf(rest[1 : end+1]); ok && !(weak && header == "If-Match") {
			t.versions = append(t.versions, v)
		}
		rest = rest[end+2:]
		if after := strings.TrimLeft(rest, " \t"); after != "" && after[0] != ',' {
			return malformed(header, `has entity tags without a comma between them.`)
		}
	}
	if count == 0 {
		return malformed(header, "is empty.")
	}
	return nil
}

// versionOf reads the inside of an entity tag: 16 lower-case hexadecimal digits.
func versionOf(opaque string) (uint64, bool) {
	if len(opaque) != 16 {
		return 0, false
	}
	for i := range len(opaque) {
		if c := opaque[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0, false
		}
	}
	v, err := strconv.ParseUint(opaque, 16, 64)
	return v, err == nil
}

// holds reports whether one of the tags is that of what is there.
func (t *tags) holds(there bool, version uint64) bool {
	return there && (t.any || slices.Contains(t.versions, version))
}

// given reports whether there is any condition.
func (c *condition) given() bool { return c.match.given || c.none.given }

// holds reports whether both headers hold for what is there.
func (c *condition) holds(there bool, version uint64) bool {
	return (!c.match.given || c.match.holds(there, version)) && (!c.none.given || !c.none.holds(there, version))
}

// simple returns the condition as the store takes it, if it can: one tag, or "*".
func (c *condition) simple() (*sessionstore.Match, bool) {
	if !c.given() {
		return nil, true
	}
	if c.match.given && c.none.given {
		return nil, false
	}
	t := &c.match
	if c.none.given {
		t = &c.none
	}
	if t.any {
		return &sessionstore.Match{Any: true, None: c.none.given}, true
	}
	if len(t.versions) == 1 {
		return &sessionstore.Match{Version: t.versions[0], None: c.none.given}, true
	}
	return nil, false
}

// attempts bounds how often a list of tags is tried against a session that others write.
const attempts = 4

// under carries out an act under the request's condition. One that the store takes
// is decided by the store alone. Lists, and both headers together, are decided on
// what is read now; the act then holds for exactly that version, or is tried again.
func (e *exchange) under(ctx context.Context, key []byte, do func(*sessionstore.Match) error) error {
	if m, ok := e.ask.when.simple(); ok {
		return do(m)
	}
	var err error
	for range attempts {
		var there bool
		var s sessionstore.Session
		s, err = e.s.Store.Get(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if there = err == nil && !s.Retired; !e.ask.when.holds(there, s.Version) {
			return sessionstore.Precondition()
		}
		m := &sessionstore.Match{Version: s.Version}
		if !there {
			m = &sessionstore.Match{Any: true, None: true}
		}
		if err = do(m); !fault.Is(err, fault.Stale) {
			return err
		}
	}
	return err
}
