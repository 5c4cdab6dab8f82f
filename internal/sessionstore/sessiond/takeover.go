// SPDX-License-Identifier: Apache-2.0

package sessiond

import "portreeve.org/portreeve/internal/sessionstore"

// takeover seals what is written and still reads rows from before there were keys,
// so that turning sealing on signs nobody out. The keeper brings such rows over.
// Whoever can write to the disk can make such rows, so it is on only while the
// configuration says so.
type takeover struct {
	sessionstore.Ring
	plain plainRing
}

// OlderRowKeys returns where a session may lie still, the place without keys last.
func (t takeover) OlderRowKeys(id []byte) []sessionstore.RowKey {
	return append(t.Ring.OlderRowKeys(id), t.plain.RowKey(id))
}

// OwnerKeys returns an owner's keys, the one without keys last.
func (t takeover) OwnerKeys(owner string) []sessionstore.OwnerKey {
	return append(t.Ring.OwnerKeys(owner), t.plain.OwnerKeys(owner)...)
}

// Open appends the row's content to dst.
func (t takeover) Open(dst []byte, r *sessionstore.Row) ([]byte, error) {
	if r.KeyID == 0 {
		return t.plain.Open(dst, r)
	}
	return t.Ring.Open(dst, r)
}
