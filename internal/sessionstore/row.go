// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// RowKey is where a session lies: HMAC-SHA-256 of its id under a key of its namespace.
type RowKey [32]byte

// OwnerKey is a keyed hash of an owner's name, cut to 16 bytes. The zero value is no owner.
type OwnerKey [16]byte

// Instant is microseconds since 1970 in UTC. Zero is no instant: never, or none.
type Instant int64

// InstantOf returns t to the microsecond; the zero time gives zero.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMicro())
}

// Time returns the instant in UTC; zero gives the zero time.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// After returns the instant that lies d after i.
func (i Instant) After(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// State is where a row is in the life of a session.
type State uint8

// The states. A row that is not there is Absent.
const (
	Absent  State = iota
	Live          // may be read and written
	Retired       // its id was changed: may be read until it expires, never written
	Revoked       // a tombstone: never read, refuses writes until it expires; holds no value
)

// Row is a session as a backend holds it. A backend stores every field and
// understands Key, Owner, State and Expires alone.
type Row struct {
	Key         RowKey
	Owner       OwnerKey
	State       State
	Absolute    bool          // writes and touches do not move Expires
	KeyID       uint32        // the data key that sealed it
	Version     uint64        // of this content; a fresh one for each write
	Established Instant       // when the session began; an owner's revocation ends what began before it
	Expires     Instant       // 0 = never
	Cap         Instant       // no write or touch moves Expires beyond it; 0 = none
	TTL         time.Duration // what a touch gives again; 0 = never expires
	Successor   RowKey        // of a retired row: where the session lies now
	Sealed      []byte        // id, owner and value, encrypted
}

// AppendAAD appends what the sealed value is bound to: namespace, row key, owner,
// version, and the two instants that nobody may move. A row copied to another
// place, given to another owner or made older than it is does not open.
func (r *Row) AppendAAD(b []byte, namespace string) []byte {
	b = append(b, 1, byte(len(namespace)))
	b = append(b, namespace...)
	b = append(b, r.Key[:]...)
	b = append(b, r.Owner[:]...)
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Established))
	return binary.BigEndian.AppendUint64(b, uint64(r.Cap))
}

// Expired reports whether the row's time has ended.
func (r *Row) Expired(now Instant) bool { return r.Expires != 0 && now >= r.Expires }

// Size is what the row counts against a namespace's quota, in bytes.
func (r *Row) Size() int64 { return int64(len(r.Sealed)) + 128 }

// ErrNotFound says that there is no such row, or none that may be read.
var ErrNotFound = errors.New("sessionstore: no such session")

// ErrFull says that a namespace's quota or the disk takes no more.
var ErrFull = errors.New("sessionstore: full")

// View is what a backend shows a change: the time, and the rows of its keys as
// they are at one moment. Rows whose time has ended, and rows that an owner's
// revocation has ended, are shown as what they then are: Absent, Revoked.
type View struct {
	Now     Instant
	Version uint64 // fresh: no row has it and none will get it
	Rows    []Row  // one for each of the change's keys; State Absent when there is none
	// NotBefore is the latest revocation of any of the change's owners, and of the
	// owners of its rows that are not Absent; 0 = none.
	NotBefore Instant
}

// Change is one act on a namespace's rows, which happens wholly or not at all.
type Change struct {
	Keys   []RowKey   // rows that it reads and may write, at most 8
	Owners []OwnerKey // whose revocations it asks for, beside those of the rows' owners
	// Exact says that Next relies on what it is shown. A backend whose writes are
	// not atomic by nature takes its dearer way then.
	Exact bool
	// Ends says that whatever lies under its keys ends, unless Next refuses: also
	// what the view does not show, because it was written where this backend's
	// reads have not come yet. A backend that always shows what is there passes over it.
	Ends bool
	// Next says what the rows become: each row it returns is put under its key,
	// and removed if its State is Absent. It is pure and may be called again with
	// another view; the rows' Sealed must not be changed in place.
	Next func(View) ([]Row, error)
}

// Space is one namespace's place in a backend. All methods may be called at once
// from many goroutines. What a method has answered without an error survives the
// end of the process, and of the machine where the backend says so.
type Space interface {
	// Get returns the row that may be read now: Live, or Retired while its
	// successor may be read and is the same session still (its Established is the
	// row's own: one that began anew under that key is another). Anything else is
	// ErrNotFound. The caller must not change the row's Sealed.
	Get(ctx context.Context, key RowKey) (Row, error)
	// Apply carries out a change, or returns the error of its Next unchanged. A
	// change that would exceed the namespace's quota is ErrFull; one that only
	// removes never is.
	Apply(ctx context.Context, c Change) error
	// Owned returns up to limit live rows of an owner with keys after the given
	// one (the zero key begins), in order of their keys.
	Owned(ctx context.Context, owner OwnerKey, after RowKey, limit int) ([]Row, error)
	// Revoke ends every session of the owners that began at notBefore or earlier,
	// at once and for writes that are under way, too, and removes their contents
	// before it returns how many were live. An earlier notBefore than the last one
	// changes nothing. After an error it may be called again.
	Revoke(ctx context.Context, owners []OwnerKey, notBefore Instant) (int64, error)
	// Walk calls f for rows of any state with keys after the given one, in some
	// order that continues from the last key of an earlier call, until f returns
	// false or an error. Rows that change meanwhile may be missed.
	Walk(ctx context.Context, after RowKey, f func(Row) (bool, error)) error
	// Usage tells what the namespace holds.
	Usage(ctx context.Context) (Usage, error)
	// Drop removes every row of the namespace. Revocations stay.
	Drop(ctx context.Context) error
}

// Usage is what a namespace holds. Counts may include rows whose time has ended
// and that nobody has swept yet. Known is false where a backend cannot count.
type Usage struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	Known bool  `json:"known"`
}

// Quota bounds what a namespace may hold; 0 is no bound.
type Quota struct {
	Rows  int64
	Bytes int64
}

// Backend is where namespaces keep their rows.
type Backend interface {
	// Space returns a namespace's place, making it if need be. The name is 1 to 64
	// of a-z, 0-9 and "-".
	Space(ctx context.Context, name string, q Quota) (Space, error)
	// Probe really reads and really writes.
	Probe(ctx context.Context) error
	// Guarantees says what holds, for the start message, the administration and the guide.
	Guarantees() []string
	Close() error
}
