// SPDX-License-Identifier: Apache-2.0

package sessiond

import "time"

// clock is the time of the process, which it hands to its parts: the machine's, with
// the monotonic part by which durations are immune to its being set.
func clock() time.Time { return time.Now() }
