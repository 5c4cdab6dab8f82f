// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"encoding/binary"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// recordFormat is the first byte of a content. Another one is refused.
const recordFormat = 1

// recordSize is the length of a content without its sealed part.
const recordSize = 1 + 8 + 1 + 1 + 4 + 5*8 + 8 + 16 + 32

// absolute is the flag of sessionstore.Row.Absolute.
const absolute = 1

// encode returns the content of a row that began in its place at begun. It is one
// cell, so that two writers never mix.
func encode(r *sessionstore.Row, begun int64) []byte {
	b := make([]byte, 0, recordSize+len(r.Sealed))
	b = append(b, recordFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(begun))
	var flags byte
	if r.Absolute {
		flags |= absolute
	}
	b = append(b, byte(r.State), flags)
	b = binary.BigEndian.AppendUint32(b, r.KeyID)
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Established))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Expires))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Cap))
	b = binary.BigEndian.AppendUint64(b, uint64(r.TTL))
	b = binary.BigEndian.AppendUint64(b, 0) // for what may come
	b = append(b, r.Owner[:]...)
	b = append(b, r.Successor[:]...)
	return append(b, r.Sealed...)
}

// errRecord says that a content is none of ours.
var errRecord = errors.New("cassandra: a row is damaged, or of a later release")

// decode is the way back; the row has no key, and shares the bytes of its sealed part.
func decode(b []byte) (r sessionstore.Row, begun int64, err error) {
	if len(b) < recordSize || b[0] != recordFormat || b[9] > byte(sessionstore.Revoked) || b[9] == 0 {
		return r, 0, errRecord
	}
	u64 := func(at int) uint64 { return binary.BigEndian.Uint64(b[at:]) }
	begun = int64(u64(1))
	r.State, r.Absolute = sessionstore.State(b[9]), b[10]&absolute != 0
	r.KeyID = binary.BigEndian.Uint32(b[11:])
	r.Version, r.Established, r.Expires = u64(15), sessionstore.Instant(u64(23)), sessionstore.Instant(u64(31))
	r.Cap, r.TTL = sessionstore.Instant(u64(39)), time.Duration(u64(47))
	copy(r.Owner[:], b[63:])
	copy(r.Successor[:], b[79:])
	if sealed := b[recordSize:]; len(sealed) > 0 {
		r.Sealed = sealed
	}
	return r, begun, nil
}

// promise makes a content count only once another partition says so: the change of
// two partitions happens when that one is changed.
type promise struct {
	token uint64              // 0 = none: the content counts
	at    sessionstore.RowKey // of the other partition, whose end or retirement has the token then
}

// xcontent is a content by a lightweight transaction.
type xcontent struct {
	base    int64 // tag of the content that it replaces; 0 = none
	promise promise
	content []byte
}

func (x xcontent) encode() []byte {
	b := make([]byte, 0, 48+len(x.content))
	b = binary.BigEndian.AppendUint64(b, uint64(x.base))
	b = binary.BigEndian.AppendUint64(b, x.promise.token)
	b = append(b, x.promise.at[:]...)
	return append(b, x.content...)
}

func decodeX(b []byte) (x xcontent, err error) {
	if len(b) < 48 {
		return x, errRecord
	}
	x.base, x.promise.token = int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])
	copy(x.promise.at[:], b[16:])
	x.content = b[48:]
	return x, nil
}

// gone is an xgone.
type gone struct {
	ended int64  // what began then or earlier has ended
	held  int64  // until when writes are refused; 0 = not at all
	token uint64 // what a promise waits for; 0 = none
}

func (g gone) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(g.ended))
	b = binary.BigEndian.AppendUint64(b, uint64(g.held))
	return binary.BigEndian.AppendUint64(b, g.token)
}

func decodeGone(b []byte) (gone, error) {
	if len(b) != 24 {
		return gone{}, errRecord
	}
	return gone{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])), binary.BigEndian.Uint64(b[16:])}, nil
}

// renewal moves the end of one content.
type renewal struct {
	version uint64
	expires sessionstore.Instant
}

func (n renewal) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, n.version)
	return binary.BigEndian.AppendUint64(b, uint64(n.expires))
}

func decodeRenewal(b []byte) (renewal, error) {
	if len(b) != 16 {
		return renewal{}, errRecord
	}
	return renewal{binary.BigEndian.Uint64(b), sessionstore.Instant(binary.BigEndian.Uint64(b[8:]))}, nil
}

// retirement tells what became of an id that was changed.
type retirement struct {
	ended     int64 // contents that began then or earlier are retired
	until     sessionstore.Instant
	token     uint64 // what a promise waits for; 0 = none
	successor sessionstore.RowKey
}

func (t retirement) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.ended))
	b = binary.BigEndian.AppendUint64(b, uint64(t.until))
	b = binary.BigEndian.AppendUint64(b, t.token)
	return append(b, t.successor[:]...)
}

func decodeRetirement(b []byte) (t retirement, err error) {
	if len(b) != 24+len(t.successor) {
		return t, errRecord
	}
	t.ended, t.until = int64(binary.BigEndian.Uint64(b)), sessionstore.Instant(binary.BigEndian.Uint64(b[8:]))
	t.token = binary.BigEndian.Uint64(b[16:])
	copy(t.successor[:], b[24:])
	return t, nil
}
