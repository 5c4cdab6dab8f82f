// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"encoding/binary"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// A record is a row as it lies in the engine and in the cache, without its key:
//
//	1  format
//	1  state, and flags: absolute, has an owner, has a successor
//	4  key id
//	8  version
//	8  established
//	8  expires
//	8  cap
//	8  time to live, nanoseconds
//	4  minute of the row's place in the expiry index
//	16 owner, if it has one
//	32 successor, if it has one
//	.. sealed
const recordHead = 1 + 1 + 4 + 5*8 + 4

const (
	recordFormat  = 1
	stateMask     = 0x0f
	flagAbsolute  = 0x10
	flagOwner     = 0x20
	flagSuccessor = 0x40
)

var errRecord = errors.New("embedded: a row is damaged")

// encode returns the record of a row that has its place in the expiry index at due.
func encode(r *sessionstore.Row, due uint32) []byte {
	flags := byte(r.State)
	size := recordHead + len(r.Sealed)
	if r.Absolute {
		flags |= flagAbsolute
	}
	if r.Owner != (sessionstore.OwnerKey{}) {
		flags |= flagOwner
		size += len(r.Owner)
	}
	if r.Successor != (sessionstore.RowKey{}) {
		flags |= flagSuccessor
		size += len(r.Successor)
	}
	b := make([]byte, 0, size)
	b = append(b, recordFormat, flags)
	b = binary.BigEndian.AppendUint32(b, r.KeyID)
	b = binary.BigEndian.AppendUint64(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Established))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Expires))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Cap))
	b = binary.BigEndian.AppendUint64(b, uint64(r.TTL))
	b = binary.BigEndian.AppendUint32(b, due)
	if flags&flagOwner != 0 {
		b = append(b, r.Owner[:]...)
	}
	if flags&flagSuccessor != 0 {
		b = append(b, r.Successor[:]...)
	}
	return append(b, r.Sealed...)
}

// decode fills r, but for its key, from a record. Sealed shares the record's memory.
func decode(b []byte, r *sessionstore.Row) (due uint32, err error) {
	if len(b) < recordHead || b[0] != recordFormat {
		return 0, errRecord
	}
	flags := b[1]
	r.State = sessionstore.State(flags & stateMask)
	if r.State == sessionstore.Absent || r.State > sessionstore.Revoked || flags&0x80 != 0 {
		return 0, errRecord
	}
	r.Absolute = flags&flagAbsolute != 0
	r.KeyID = binary.BigEndian.Uint32(b[2:])
	r.Version = binary.BigEndian.Uint64(b[6:])
	r.Established = sessionstore.Instant(binary.BigEndian.Uint64(b[14:]))
	r.Expires = sessionstore.Instant(binary.BigEndian.Uint64(b[22:]))
	r.Cap = sessionstore.Instant(binary.BigEndian.Uint64(b[30:]))
	r.TTL = time.Duration(binary.BigEndian.Uint64(b[38:]))
	due = binary.BigEndian.Uint32(b[46:])
	b = b[recordHead:]
	if flags&flagOwner != 0 {
		if len(b) < len(r.Owner) {
			return 0, errRecord
		}
		b = b[copy(r.Owner[:], b):]
	}
	if flags&flagSuccessor != 0 {
		if len(b) < len(r.Successor) {
			return 0, errRecord
		}
		b = b[copy(r.Successor[:], b):]
	}
	if len(b) > 0 {
		r.Sealed = b[:len(b):len(b)]
	}
	return due, nil
}
