// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// HeadTime returns the time of the head of the log: that of the latest decision,
// or the epoch for an empty log. A question that must not be answered for a time
// before it (a clock was set back) takes the later of this and its own.
func HeadTime(ctx context.Context, r store.Reader) (time.Time, error) {
	h, err := readHead(ctx, r)
	if err != nil {
		return time.Time{}, err
	}
	return h.time, nil
}
