// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
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
		dead, err := letters.All(ctx, r, "WHERE l.state = 'dead' ORDER BY l.created_at DESC, l.id LIMIT 200")
		for _, l := range dead {
			all = append(all, Undelivered{l.id, l.person, l.attempts, l.createdAt, l.lastError})
		}
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
		l, err := store.Found(letters.One(ctx, tx, "WHERE l.id = $1 AND l.state = 'dead'", id))
		if err != nil {
			return err
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
