// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"encoding/binary"
	"fmt"
	"math"

	"portreeve.org/portreeve/internal/sessionstore"
)

// The first byte of a key says what it is of. See the package's documentation.
const (
	kindMeta byte = iota
	kindRow
	kindOwner
	kindDue
	kindEpoch
	kindEnd
)

const (
	format       = 1 // of everything here; a folder with a higher one is refused
	metaSize     = 1 + 8 + 8
	usageSize    = 8 + 8
	epochSize    = 8 + 1
	rowKeySize   = 1 + 4 + 32
	dueKeySize   = 1 + 4 + 4 + 32
	epochKeySize = 1 + 4 + 16
)

var (
	metaKey  = []byte{kindMeta, 'm'}
	probeKey = []byte{kindMeta, 'p'}
)

func nameKey(name string) []byte { return append([]byte{kindMeta, 'n'}, name...) }

func usageKey(space uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{kindMeta, 'u'}, space)
}

func prefix(kind byte, space uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, space)
}

func appendRowKey(b []byte, space uint32, key *sessionstore.RowKey) []byte {
	b = binary.BigEndian.AppendUint32(append(b, kindRow), space)
	return append(b, key[:]...)
}

func ownerPrefix(space uint32, owner sessionstore.OwnerKey) []byte {
	return append(prefix(kindOwner, space), owner[:]...)
}

func ownerIndexKey(space uint32, owner sessionstore.OwnerKey, key sessionstore.RowKey) []byte {
	return append(ownerPrefix(space, owner), key[:]...)
}

func epochKey(id ownerID) []byte {
	return append(prefix(kindEpoch, id.space), id.owner[:]...)
}

func dueKey(minute, space uint32, key sessionstore.RowKey) []byte {
	b := make([]byte, 0, dueKeySize)
	b = binary.BigEndian.AppendUint32(append(b, kindDue), minute)
	b = binary.BigEndian.AppendUint32(b, space)
	return append(b, key[:]...)
}

func parseDueKey(b []byte) (minute, space uint32, key sessionstore.RowKey, err error) {
	if len(b) != dueKeySize || b[0] != kindDue {
		return 0, 0, key, fmt.Errorf("embedded: an expiry key of %d bytes", len(b))
	}
	copy(key[:], b[9:])
	return binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:]), key, nil
}

// after returns the key that follows b and all keys that it begins.
func after(b []byte) []byte {
	end := append([]byte(nil), b...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return []byte{kindEnd}
}

// minuteOf returns the minute of an instant, for the expiry index.
func minuteOf(i sessionstore.Instant) uint32 {
	return uint32(min(max(int64(i)/60e6, 1), math.MaxUint32))
}

// meta is what was reached when a batch was written.
type meta struct {
	clock   sessionstore.Instant
	version uint64
}

func (m meta) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, format), uint64(m.clock))
	return binary.BigEndian.AppendUint64(b, m.version)
}

func parseMeta(b []byte) (meta, error) {
	if len(b) > 0 && b[0] > format {
		return meta{}, fmt.Errorf("embedded: the data is of format %d; this program knows %d: use a newer one", b[0], format)
	}
	if len(b) != metaSize || b[0] != format {
		return meta{}, fmt.Errorf("embedded: the record of time and version has %d bytes", len(b))
	}
	return meta{clock: sessionstore.Instant(binary.BigEndian.Uint64(b[1:])), version: binary.BigEndian.Uint64(b[9:])}, nil
}

func appendUsage(b []byte, u sessionstore.Usage) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(u.Rows))
	return binary.BigEndian.AppendUint64(b, uint64(u.Bytes))
}

func parseUsage(b []byte) (sessionstore.Usage, error) {
	if len(b) != usageSize {
		return sessionstore.Usage{}, fmt.Errorf("embedded: a namespace's count has %d bytes", len(b))
	}
	return sessionstore.Usage{Rows: int64(binary.BigEndian.Uint64(b)), Bytes: int64(binary.BigEndian.Uint64(b[8:])), Known: true}, nil
}

// epoch is what is known of an owner's revocation.
type epoch struct {
	notBefore sessionstore.Instant
	swept     bool // no row that it ended is left as it was
}

func (e epoch) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(e.notBefore))
	if e.swept {
		return append(b, 1)
	}
	return append(b, 0)
}

func parseEpoch(key, b []byte) (ownerID, epoch, error) {
	var id ownerID
	if len(key) != epochKeySize || len(b) != epochSize {
		return id, epoch{}, fmt.Errorf("embedded: an owner's revocation has %d and %d bytes", len(key), len(b))
	}
	id.space = binary.BigEndian.Uint32(key[1:])
	copy(id.owner[:], key[5:])
	return id, epoch{notBefore: sessionstore.Instant(binary.BigEndian.Uint64(b)), swept: b[8] == 1}, nil
}
