// SPDX-License-Identifier: Apache-2.0

package client

import "time"

// Until shows the end of something for people: the last second in which it is
// still in force, in UTC. Ends are exclusive, and "until 24 December 00:00" would
// be read as a day too many. The zero time has no end and shows as nothing.
func Until(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return end.Add(-time.Nanosecond).UTC().Format(time.RFC3339)
}
