// SPDX-License-Identifier: Apache-2.0

package embedded

import "portreeve.org/portreeve/internal/sessionstore"

// The expiry index names each row that will expire under a minute, at or before the
// one in which it does. Writes and touches that move a row's end to later leave its
// entry where it is, so that a sliding session costs the index one entry in each of
// its times to live and not one for each write. The sweep looks at what is due,
// removes rows whose time has ended, gives the others a new entry, and takes all
// entries that it looked at away with one deletion of their range: no entry is
// deleted for itself.

// due returns the minute under which the row has an entry, and makes one if the
// row needs it: it has none, its end moved before it, or the sweep has passed it.
func (x *batch) due(s *space, old uint32, row *sessionstore.Row) uint32 {
	if row.Expires == 0 {
		return old
	}
	present := minuteOf(x.now)
	minute := max(minuteOf(row.Expires), present)
	if old > present && old <= minute {
		return old
	}
	x.set(dueKey(minute, s.id, row.Key), nil)
	return minute
}
