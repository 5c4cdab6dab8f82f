// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"encoding/binary"
	"fmt"
)

// content is what is sealed: the id and the owner in clear, then the value.
type content struct {
	id    []byte
	owner string
	value []byte
}

// seal puts the content into the row. The owner's key becomes the current one: a row
// that kept an older one could not be found any more when that is retired.
func (s *Store) seal(r *Row, id []byte, owner string, value []byte) error {
	if owner != "" {
		r.Owner = s.ring.OwnerKeys(owner)[0]
	}
	b := make([]byte, 0, len(id)+len(owner)+len(value)+4)
	b = binary.AppendUvarint(b, uint64(len(id)))
	b = append(b, id...)
	b = binary.AppendUvarint(b, uint64(len(owner)))
	b = append(b, owner...)
	return s.ring.Seal(r, append(b, value...))
}

func (s *Store) open(r *Row) (content, error) {
	c, _, err := s.openInto(nil, r)
	return c, err
}

// openInto opens the row's content behind buf's bytes.
func (s *Store) openInto(buf []byte, r *Row) (content, []byte, error) {
	b, err := s.ring.Open(buf, r)
	if err != nil {
		return content{}, buf, fmt.Errorf("namespace %s: %w", s.Name, err)
	}
	id, rest, ok := prefixed(b[len(buf):])
	owner, value, ok2 := prefixed(rest)
	if !ok || !ok2 {
		return content{}, buf, fmt.Errorf("namespace %s: a row's content is cut short", s.Name)
	}
	return content{id: id, owner: string(owner), value: value}, b, nil
}

// prefixed splits off what its length stands before.
func prefixed(b []byte) (head, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	return b[size : size+int(n)], b[size+int(n):], true
}
