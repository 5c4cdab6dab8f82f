// SPDX-License-Identifier: Apache-2.0

package format

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// Field names one of the four committed fields of an entry. Its value is its
// position in leaves, openings and export lines.
type Field int

// The fields, in the order in which leaves and exports hold them.
const (
	Kind    Field = iota // what was decided: "risk.acceptance.granted"
	Actor                // who decided: "person:<id>"
	Subject              // what it is about and, on a second line, the item that governs who may read it
	Body                 // the decision itself, JSON
	Fields  = 4          // how many there are
)

// String returns the name that goes into the commitment: "kind", "actor",
// "subject" or "body".
func (f Field) String() string {
	switch f {
	case Kind:
		return "kind"
	case Actor:
		return "actor"
	case Subject:
		return "subject"
	case Body:
		return "body"
	default:
		return "unknown"
	}
}

// ParseField returns the field of that name.
func ParseField(name string) (Field, bool) {
	for f := Kind; f < Fields; f++ {
		if f.String() == name {
			return f, true
		}
	}
	return 0, false
}

const (
	// SaltSize is the length of a salt in bytes. 32 bytes keep a commitment hiding
	// even for a value that has only a handful of possibilities.
	SaltSize = 32
	// HashSize is the length of a hash or commitment in bytes.
	HashSize = sha256.Size
	// LeafSize is the length of every leaf in bytes: magic, time, four commitments.
	LeafSize = 16 + Fields*HashSize

	leafMagic    = "prtrvlf1" // 8 bytes; the last one is the version
	commitDomain = "portreeve/commit/v1"
)

// Leaf is the canonical form of one entry. All leaves, those that pad a
// checkpoint too, have this one shape.
type Leaf [LeafSize]byte

// NewLeaf builds a leaf. The time is kept in whole microseconds since the Unix
// epoch; what is finer is cut off.
func NewLeaf(at time.Time, commitments [Fields][HashSize]byte) Leaf {
	var l Leaf
	copy(l[:8], leafMagic)
	binary.BigEndian.PutUint64(l[8:16], uint64(at.UnixMicro()))
	for f, c := range commitments {
		copy(l[16+f*HashSize:], c[:])
	}
	return l
}

var errLeaf = errors.New("the leaf has not the shape of version 1")

// ParseLeaf checks length and magic of a leaf.
func ParseLeaf(data []byte) (Leaf, error) {
	var l Leaf
	if len(data) != LeafSize || string(data[:8]) != leafMagic {
		return l, errLeaf
	}
	copy(l[:], data)
	return l, nil
}

// Micros returns the leaf's time in microseconds since the Unix epoch.
func (l *Leaf) Micros() int64 { return int64(binary.BigEndian.Uint64(l[8:16])) }

// Time returns the leaf's time in UTC.
func (l *Leaf) Time() time.Time { return time.UnixMicro(l.Micros()).UTC() }

// Commitment returns the leaf's commitment to field f.
func (l *Leaf) Commitment(f Field) []byte { return l[16+int(f)*HashSize : 16+int(f+1)*HashSize] }

// Hash returns the leaf's hash in the tree: SHA-256 of a zero byte and the leaf (RFC 6962, 2.1).
func (l *Leaf) Hash() [HashSize]byte {
	var buf [1 + LeafSize]byte
	copy(buf[1:], l[:])
	return sha256.Sum256(buf[:])
}

// Opening is what a commitment hides: a salt followed by the value. Nil means
// that it is not open: erased, or not shown to this reader.
type Opening []byte

// NewOpening joins salt and value. The salt must have [SaltSize] bytes.
func NewOpening(salt []byte, value string) Opening {
	o := make(Opening, 0, SaltSize+len(value))
	return append(append(o, salt...), value...)
}

// Salt returns the opening's salt.
func (o Opening) Salt() []byte { return o[:SaltSize] }

// Value returns the opened value.
func (o Opening) Value() string { return string(o[SaltSize:]) }

// Commit returns the commitment to value under salt for field f:
//
//	SHA-256("portreeve/commit/v1" || 0 || field name || 0 || salt || value)
func Commit(f Field, salt []byte, value string) [HashSize]byte {
	var c Committer
	return c.Commit(f, salt, value)
}

// Committer computes commitments in a buffer that it keeps, for those who make
// many. The zero value is ready; it is not safe for concurrent use.
type Committer struct{ buf []byte }

// Commit is [Commit] without an allocation per call.
func (c *Committer) Commit(f Field, salt []byte, value string) [HashSize]byte {
	c.buf = append(append(c.prefix(f), salt...), value...)
	return sha256.Sum256(c.buf)
}

// CommitBytes is Commit for a value at hand as bytes.
func (c *Committer) CommitBytes(f Field, salt, value []byte) [HashSize]byte {
	c.buf = append(append(c.prefix(f), salt...), value...)
	return sha256.Sum256(c.buf)
}

func (c *Committer) prefix(f Field) []byte {
	b := append(c.buf[:0], commitDomain...)
	b = append(b, 0)
	b = append(b, f.String()...)
	return append(b, 0)
}
