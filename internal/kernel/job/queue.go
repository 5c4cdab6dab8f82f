// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"encoding/json"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Queue takes jobs and wakes the runner of this process. There is one per
// server; it is safe for concurrent use. A nil Queue takes jobs and wakes nobody.
type Queue struct{ wake chan struct{} }

// NewQueue returns a queue.
func NewQueue() *Queue { return &Queue{wake: make(chan struct{}, 1)} }

// Enqueue writes a job as part of tx: it exists if and only if tx commits. The
// runner is woken at once if the job is due; since writes run one after the
// other, it looks for the job only when tx has ended.
func (q *Queue) Enqueue(ctx context.Context, tx *store.Tx, j Job) error {
	payload, err := json.Marshal(j.Payload)
	if err != nil {
		return fmt.Errorf("enqueue %s: marshal the payload: %w", j.Kind, err)
	}
	r := row{id: tx.NewID(), kind: j.Kind, key: j.Key, payload: string(payload), runAt: j.RunAt, enqueuedAt: tx.Now()}
	if r.runAt.IsZero() {
		r.runAt = tx.Now()
	}
	if err := r.insert(ctx, tx); err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind, err)
	}
	if q != nil && !r.runAt.After(tx.Now()) {
		q.signal()
	}
	return nil
}

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // it is awake already
	}
}
