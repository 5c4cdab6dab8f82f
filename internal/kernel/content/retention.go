// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Jobs returns the jobs of this package.
func (s *Service) Jobs() []job.Def {
	return []job.Def{{
		Kind: "content.retain", Summary: "Erase comments, attachments and drafts that are older than configured.", Every: 24 * time.Hour,
		Handle: func(ctx context.Context, _ []byte) error { return s.Retain(ctx) },
	}}
}

// Retain erases what is older than the settings allow, in domain time.
func (s *Service) Retain(ctx context.Context) error {
	settings := s.settings.Get()
	err := s.writer.Quiet(ctx, "forgetting a draft is not a decision", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM content_draft WHERE saved_at < $1", store.At(tx.Now().Add(-settings.Drafts.Keep.Std())))
		return wrap(err, "forget old drafts")
	})
	if err != nil {
		return err
	}
	for _, rule := range settings.Retention {
		if err := s.retainRule(ctx, rule); err != nil {
			return fmt.Errorf("retain %ss of %s: %w", rule.What, rule.Of, err)
		}
	}
	return nil
}

// retainBatch is how much one transaction erases: others want to write too.
const retainBatch = 100

func (s *Service) retainRule(ctx context.Context, rule RetentionRule) error {
	reason := fmt.Sprintf("older than %s (retention)", rule.Keep)
	for {
		var ids []string
		err := s.db.Read(ctx, func(r *store.ReadTx) error {
			var err error
			ids, err = expired(ctx, r, rule)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.eraseExpired(ctx, rule.What, ids, reason); err != nil {
			return err
		}
	}
}

func (s *Service) eraseExpired(ctx context.Context, what string, ids []string, reason string) error {
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		erased := 0
		for _, id := range ids {
			done, err := s.eraseByID(ctx, tx, what, id, reason)
			if err != nil {
				return err
			}
			if done {
				erased++
			}
		}
		if erased == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// errNothing ends a decision that would change nothing: somebody was faster.
var errNothing = errors.New("nothing to erase")

func expired(ctx context.Context, r store.Reader, rule RetentionRule) ([]string, error) {
	query := `SELECT c.id FROM content_comment c JOIN content_thread t ON t.item = c.item
		WHERE t.item_type = $1 AND c.posted_at < $2 AND c.erased_at IS NULL ORDER BY c.posted_at, c.id LIMIT $3`
	if rule.What == whatAttachment {
		query = `SELECT a.id FROM content_attachment a JOIN content_thread t ON t.item = a.item
		WHERE t.item_type = $1 AND a.added_at < $2 AND a.erased_at IS NULL ORDER BY a.added_at, a.id LIMIT $3`
	}
	rows, err := r.Query(ctx, query, rule.Of, store.At(r.Now().Add(-rule.Keep.Std())), retainBatch)
	ids, err := store.Texts(rows, err)
	return ids, wrap(err, "find what has expired")
}
