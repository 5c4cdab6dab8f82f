// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Life is what a write says about a session's time. The zero value is what the
// namespace says.
type Life struct {
	TTL      time.Duration // 0 = the namespace's
	Absolute *bool         // nil = as it was, or the namespace's
	MaxAge   time.Duration // from the session's beginning; 0 = the namespace's. It counts at the first write alone
}

// Match is a precondition on a version (RFC 9110, 13.1.1 and 13.1.2).
type Match struct {
	Version uint64
	Any     bool // "*"
	None    bool // If-None-Match instead of If-Match
}

// holds reports whether the row fulfils the precondition. A nil Match always holds.
func (m *Match) holds(r *Row) bool {
	if m == nil {
		return true
	}
	there := r.State == Live
	is := there && (m.Any || m.Version == r.Version)
	return is != m.None
}

// write is a session's next content, as rules see it.
type write struct {
	life        Life
	match       *Match
	owner       OwnerKey // zero = the row's own
	established Instant  // when the application began the session; zero = now
	defaults    Life     // the namespace's
	maxTTL      time.Duration
}

// after returns the live row that the write makes of old, without key and value.
func (w write) after(v View, old *Row) (Row, error) {
	if err := writable(old); err != nil {
		return Row{}, err
	}
	if !w.match.holds(old) {
		return Row{}, Precondition()
	}
	next := Row{State: Live, Key: old.Key, Owner: w.owner, Version: v.Version}
	if old.State == Live {
		next.Established, next.Cap, next.Absolute, next.Expires, next.TTL = old.Established, old.Cap, old.Absolute, old.Expires, old.TTL
		if next.Owner == (OwnerKey{}) {
			next.Owner = old.Owner
		}
	} else {
		next.Established = w.begins(v.Now)
		if age := firstOf(w.life.MaxAge, w.defaults.MaxAge); age > 0 {
			next.Cap = next.Established.After(shorter(age, w.defaults.MaxAge))
		}
	}
	if next.Owner != (OwnerKey{}) && v.NotBefore != 0 && next.Established <= v.NotBefore {
		return Row{}, revoked()
	}
	w.lasts(&next, v.Now, old.State == Live)
	if next.Expired(v.Now) {
		return Row{}, fault.New(fault.Invalid, "session.over", "The session's time would already be over. Begin a new session.")
	}
	return next, nil
}

// begins returns when a new session began: what the application says, never later than now.
func (w write) begins(now Instant) Instant {
	if w.established != 0 && w.established < now {
		return w.established
	}
	return now
}

// lasts sets how long the row lives from now.
func (w write) lasts(next *Row, now Instant, goesOn bool) {
	switch {
	case w.life.Absolute != nil:
		next.Absolute = *w.life.Absolute
	case !goesOn && w.defaults.Absolute != nil:
		next.Absolute = *w.defaults.Absolute
	}
	ttl := shorter(firstOf(w.life.TTL, w.defaults.TTL), w.maxTTL)
	if goesOn && next.Absolute && w.life.TTL == 0 {
		return // absolute: only a new time to live moves it
	}
	next.TTL = ttl
	renew(next, now)
}

// renew gives the row its time to live again, up to its cap.
func renew(r *Row, now Instant) {
	r.Expires = 0
	if r.TTL > 0 {
		r.Expires = now.After(r.TTL)
	}
	if r.Cap != 0 && (r.Expires == 0 || r.Expires > r.Cap) {
		r.Expires = r.Cap
	}
}

// touched returns the row with its time renewed. An absolute one stays as it is.
// The content, and so the version, stays the same.
func touched(v View, old *Row, m *Match) (Row, error) {
	if old.State == Absent {
		return Row{}, notFound()
	}
	if err := writable(old); err != nil {
		return Row{}, err
	}
	if !m.holds(old) {
		return Row{}, Precondition()
	}
	next := *old
	if !next.Absolute {
		renew(&next, v.Now)
	}
	return next, nil
}

// retired returns the old row of a changed id: readable as it was for the grace.
func retired(v View, old *Row, successor RowKey, grace time.Duration) Row {
	r := *old
	if grace <= 0 {
		return Row{Key: old.Key, State: Absent}
	}
	r.State, r.Successor = Retired, successor
	if until := v.Now.After(grace); r.Expires == 0 || r.Expires > until {
		r.Expires = until
	}
	return r
}

// tombstone returns what keeps late writes away from a row for a while.
func tombstone(key RowKey, until Instant) Row {
	return Row{Key: key, State: Revoked, Expires: until}
}

// writable refuses rows that no write may bring back.
func writable(r *Row) error {
	switch r.State {
	case Retired:
		return fault.New(fault.Conflict, "session.changed", "This session goes on under another id, and this one takes no writes any more.")
	case Revoked:
		return revoked()
	default:
		return nil
	}
}

func revoked() error {
	return fault.New(fault.Conflict, "session.revoked", "This session was ended, and a late write does not bring it back. Begin a new session.")
}

// Precondition refuses an act on a session that is at another version.
func Precondition() error {
	return fault.New(fault.Stale, "session.precondition", "The session is not at the version that If-Match or If-None-Match asks for. Read it again.")
}

// TooLarge refuses a value of more bytes than a namespace takes.
func TooLarge(most int64) error {
	return fault.New(fault.Invalid, "session.too_large", "The value is larger than the %d bytes that this namespace takes.", most)
}

func notFound() error {
	return fault.New(fault.NotFound, "session.not_found", "There is no session under this key.").Because(ErrNotFound)
}

func firstOf(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

// shorter returns the shorter of two times, where 0 is without end.
func shorter(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}
