// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"context"
	"time"
)

// Namespace is what holds for one application's sessions. Durations of 0 mean no
// bound unless said otherwise.
type Namespace struct {
	Name       string        // 1 to 64 of a-z, 0-9 and "-"
	Defaults   Life          // what a write gets that says nothing
	MaxTTL     time.Duration // no time to live is longer
	MaxValue   int64         // bytes of a value
	MaxGrace   time.Duration // the longest grace after a change of id
	DeleteHold time.Duration // how long a deleted id refuses writes; 0 = it may be written at once, as Kask has it
	Rate       float64       // writes a second; 0 = no bound
	Burst      int           // writes at once
	Shed       bool          // shed first when disk or memory runs short
	Quota      Quota
}

// Default bounds, for a namespace that sets none.
const (
	DefaultTTL      = 24 * time.Hour // Kask's default_ttl
	DefaultMaxValue = 1 << 20
	DefaultMaxGrace = time.Minute
	// MaxID is the longest session id in bytes, after percent-decoding.
	MaxID = 1024
	// MaxOwner is the longest owner's name in bytes.
	MaxOwner = 256
)

// Ring holds the keys of one namespace; package seal makes it. All methods may be
// called at once; the keys may be rotated meanwhile.
type Ring interface {
	// RowKey returns where a session lies.
	RowKey(id []byte) RowKey
	// OlderRowKeys returns where it may lie still, under keys that are being
	// rotated out; nil as a rule.
	OlderRowKeys(id []byte) []RowKey
	// OwnerKeys returns an owner's key, the current one first.
	OwnerKeys(owner string) []OwnerKey
	// Seal encrypts content with the current key, bound to the row (Row.AppendAAD),
	// and sets the row's KeyID and Sealed.
	Seal(r *Row, content []byte) error
	// Open appends the row's content to dst. A row that was altered, or whose key
	// was destroyed, is an error.
	Open(dst []byte, r *Row) ([]byte, error)
	// Current reports whether the row lies and is sealed under the current keys.
	// It does not look at the row's place if id is nil.
	Current(r *Row, id []byte) bool
}

// Pressure tells what runs short (package embedded and the process tell it).
type Pressure int

// The levels, each of which includes those before it.
const (
	Calm     Pressure = iota
	Short             // namespaces that are shed first take no writes
	Shedding          // they are emptied
	Critical          // no namespace takes new sessions; reads and deletes go on
)

// Observer is told of every write, for the figures of who writes most.
type Observer interface {
	Wrote(ctx context.Context, w Observation)
}

// Observation is one write. It names no session.
type Observation struct {
	Namespace string
	Owner     string // "" = none
	Bytes     int
	Same      bool // the value is what it was
}
