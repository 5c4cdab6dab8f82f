// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// jobEnd is the job that ends in the session store what the database has ended.
const jobEnd = "identity.end_sessions"

// ending is what the job is told.
type ending struct {
	Person    string    `json:"person"`
	Prefix    string    `json:"prefix"`
	NotBefore time.Time `json:"not_before"`
	Keep      string    `json:"keep,omitempty"` // the id of a session that goes on
}

// raiseEpoch ends all sessions of a person as part of tx, but the one of the id
// keep, if that is not empty. From the commit on every request knows; the session
// store follows by a job that is woken at once.
func (s *Service) raiseEpoch(ctx context.Context, tx *store.Tx, person, keep string) error {
	now := s.now()
	if err := raiseEpoch(ctx, tx, person, now); err != nil {
		return err
	}
	if keep != "" {
		if err := markKept(ctx, tx, keep, person, now); err != nil {
			return err
		}
	}
	prefix, err := sessionGeneration(ctx, tx)
	if err != nil {
		return err
	}
	// A session that begins in this very microsecond has the new epoch, and lives.
	order := ending{Person: person, Prefix: prefix + ".", NotBefore: now.Add(-time.Microsecond), Keep: keep}
	return s.queue.Enqueue(ctx, tx, job.Job{Kind: jobEnd, Payload: order})
}

// Jobs returns the jobs of this package.
func (s *Service) Jobs() []job.Def {
	return []job.Def{{
		Kind: jobEnd, Summary: "End in the session store the sessions that are over.", Handle: s.endInStore,
		Retry: job.Retry{Attempts: 1000, First: time.Second, Max: 5 * time.Minute},
	}, {
		Kind: "identity.purge", Summary: "Remove what is left of sessions and invitations that ended long ago.", Every: 24 * time.Hour,
		Handle: func(ctx context.Context, _ []byte) error { return s.Purge(ctx) },
	}}
}

// endInStore is the job's work. The result of ending all sessions is an entry,
// with the store's receipt if it gives one.
func (s *Service) endInStore(ctx context.Context, payload []byte) error {
	var order ending
	if err := json.Unmarshal(payload, &order); err != nil {
		return job.Permanent(fmt.Errorf("read the order to end sessions: %w", err))
	}
	at := s.runningAt(order.Prefix)
	if order.Keep != "" {
		return s.endOthers(ctx, at, order)
	}
	ended, err := at.EndAll(ctx, at.owner(order.Person), order.NotBefore)
	if err != nil {
		return fmt.Errorf("end the sessions of a person: %w", err)
	}
	if ended.Sessions == 0 && ended.Receipt == "" {
		return nil
	}
	return s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		_, err := s.append(ctx, tx, KindSessionsRemoved, order.Person, removedBody{Person: order.Person, NotBefore: order.NotBefore, Ended: ended})
		return err
	})
}

type removedBody struct {
	Person    string    `json:"person"`
	NotBefore time.Time `json:"not_before"` // sessions that began then or earlier
	Ended
}

// endOthers ends every session of a person but one.
func (s *Service) endOthers(ctx context.Context, at space, order ending) error {
	all, err := at.Owned(ctx, at.owner(order.Person))
	if err != nil {
		return fmt.Errorf("list the sessions of a person: %w", err)
	}
	for _, kept := range all {
		// What was not written here is nobody's, and ends, too.
		r, err := at.open(kept)
		if err == nil && (r.ID == order.Keep || r.Begun.After(order.NotBefore)) {
			continue
		}
		if err := at.End(ctx, at.owner(order.Person), kept.Handle); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
	}
	return nil
}
