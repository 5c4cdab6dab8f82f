// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Undelivered is a mail that was given up. Whom it was for is shown, what it said is not.
type Undelivered struct {
	ID, Person string
	Attempts   int
	CreatedAt  time.Time // domain time
	Reason     string
}

// Undelivered returns up to 200 mails that were given up, the latest first. The
// actor of ctx needs notify:read.
func (s *Service) Undelivered(ctx context.Context) ([]Undelivered, error) {
	if err := s.cfg.Policy.Require(authz.ActorFrom(ctx), ActionRead); err != nil {
		return nil, err
	}
	var all []Undelivered
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		rows, err := r.Query(ctx, "SELECT "+letterColumns+" FROM notify_mail WHERE state = 'dead' ORDER BY created_at DESC, id LIMIT 200")
		all, err = store.Collect(rows, err, func(sc store.Scanner) (Undelivered, error) {
			l, err := scanLetter(sc)
			return Undelivered{l.id, l.person, l.attempts, l.createdAt, l.lastError}, err
		})
		return err
	})
	return all, wrap(err, "list undelivered mails")
}

// requeuedBody is the body of the entry notify.requeued.
type requeuedBody struct {
	Mail   string `json:"mail"`
	Reason string `json:"reason"`
}

// Requeue plans new tries of a mail that was given up. The actor of ctx needs
// notify:requeue. A mail that is not dead is NotFound.
func (s *Service) Requeue(ctx context.Context, id string) error {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionRequeue); err != nil {
		return err
	}
	return s.cfg.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		l, err := scanLetter(tx.QueryRow(ctx, "SELECT "+letterColumns+" FROM notify_mail WHERE id = $1 AND state = 'dead'", id))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.ItemNotFound()
		}
		if err != nil {
			return wrap(err, "load a dead mail")
		}
		if _, err := tx.Exec(ctx, "UPDATE notify_mail SET state = 'ready', attempts = 0, next_at = $1 WHERE id = $2", store.At(tx.Now()), l.id); err != nil {
			return wrap(err, "requeue a mail")
		}
		if err := s.cfg.Queue.Enqueue(ctx, tx.Tx, job.Job{Kind: JobSend, Key: "due"}); err != nil {
			return err
		}
		_, err = s.cfg.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindRequeued, Actor: a.Ref(), Subject: "mail:" + l.id, Visibility: string(authz.Internal),
			Body: requeuedBody{l.id, l.lastError},
		})
		return err
	})
}
