// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// JobRemind is the kind of the job that sends reminders.
const JobRemind = "risk.remind"

// The messages of the reminders; their arguments are title and last day.
const (
	MessageRunsOut   = "risk.notice.runs_out"   // an acceptance runs out soon
	MessageEnded     = "risk.notice.ended"      // it has run out; proof is due
	MessageStatus    = "risk.notice.status"     // half-yearly status to the owner
	MessageReviewDue = "risk.notice.review_due" // the yearly review has come
)

// Jobs returns the slice's jobs. Nothing that they do is needed for the gate to
// close: they only tell people.
func (s *Service) Jobs() []job.Def {
	return []job.Def{{
		Kind: JobRemind, Summary: "Remind people of acceptances that run out, reviews that are due, and the half-yearly status.",
		Every:  time.Hour,
		Handle: func(ctx context.Context, _ []byte) error { return s.Remind(ctx) },
	}}
}

// Remind sends the reminders that are due now, each once. It does nothing
// without Notices.
func (s *Service) Remind(ctx context.Context) error {
	if s.Notices == nil {
		return nil
	}
	err := s.Writer.Quiet(ctx, "a reminder is not a decision", func(tx *store.Tx) error {
		if err := s.remindExpiry(ctx, tx); err != nil {
			return err
		}
		if err := s.remindReview(ctx, tx); err != nil {
			return err
		}
		return s.remindOwners(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("remind: %w", err)
	}
	return nil
}

// maxReminders bounds what one run looks at.
const maxReminders = 5000

// forever is longer than any register has existed.
const forever = 100 * 365 * 24 * time.Hour

// remindExpiry tells owner and asker how long an acceptance still runs, at each
// of the steps that policy names, and that it has run out.
func (s *Service) remindExpiry(ctx context.Context, tx *store.Tx) error {
	steps := s.Policy().Notices.BeforeExpiry
	horizon := tx.Now()
	if len(steps) > 0 {
		horizon = horizon.Add(steps[0].Std())
	}
	// What ran out is told for a month after; then it shows in the inbox alone.
	all, err := acceptancesWhere(ctx, tx, "a.state = 'granted' AND a.until_at > $1 AND a.until_at <= $2",
		fmt.Sprintf("a.until_at, a.id LIMIT %d", maxReminders), store.At(tx.Now().Add(-soon)), store.At(horizon))
	if err != nil || len(all) == 0 {
		return err
	}
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.Risk
	}
	risks, err := risksByID(ctx, tx, item.Distinct(ids))
	if err != nil {
		return err
	}
	for _, a := range all {
		step, message := dueStep(steps, a.Until, tx.Now())
		if message == "" {
			continue
		}
		risk := risks[a.Risk]
		for _, person := range item.Distinct([]string{risk.Owner, a.AskedBy}) {
			err := s.Notices.Enqueue(ctx, tx, notify.Message{
				Person: person, Item: risk.Item(), Key: message, Args: []string{risk.Title, web.LastDay(a.Until).In(s.Zone()).Format("2 January 2006")},
				Path: a.URL(), Once: message + ":" + a.ID + ":" + step,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// dueStep returns which of the steps before the end has come: the latest one, so
// that a server that was down does not send several at once.
func dueStep(steps []config.Duration, until, now time.Time) (step, message string) {
	if !now.Before(until) {
		return "end", MessageEnded
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if !now.Before(until.Add(-steps[i].Std())) {
			return steps[i].String(), MessageRunsOut
		}
	}
	return "", ""
}

// remindReview tells the owner that the review is due.
func (s *Service) remindReview(ctx context.Context, tx *store.Tx) error {
	risks, err := dueRisks(ctx, tx, "r.review_due", soon)
	if err != nil {
		return err
	}
	for _, r := range risks {
		err := s.Notices.Enqueue(ctx, tx, notify.Message{
			Person: r.Owner, Item: r.Item(), Key: MessageReviewDue, Args: []string{r.Title}, Path: r.URL(),
			Once: fmt.Sprintf("%s:%s:%d", MessageReviewDue, r.ID, r.ReviewDue.Unix()),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// remindOwners tells each owner half-yearly how their risk stands, and sets the
// next date.
func (s *Service) remindOwners(ctx context.Context, tx *store.Tx) error {
	risks, err := dueRisks(ctx, tx, "r.notice_due", forever)
	if err != nil {
		return err
	}
	for _, r := range risks {
		err := s.Notices.Enqueue(ctx, tx, notify.Message{
			Person: r.Owner, Item: r.Item(), Key: MessageStatus, Args: []string{r.Title, string(r.Effective().Rating)}, Path: r.URL(),
			Once: fmt.Sprintf("%s:%s:%d", MessageStatus, r.ID, r.NoticeDue.Unix()),
		})
		if err != nil {
			return err
		}
		next := tx.Now().Add(s.Policy().Review.OwnerNotice.Std())
		if _, err := tx.Exec(ctx, "UPDATE risk_item SET notice_due = $2 WHERE id = $1", r.ID, store.At(next)); err != nil {
			return fmt.Errorf("set the next status notice: %w", err)
		}
	}
	return nil
}

// dueRisks returns the open risks whose date in the column has come, at most so
// long ago.
func dueRisks(ctx context.Context, tx *store.Tx, column string, since time.Duration) ([]Risk, error) {
	return riskRows.All(ctx, tx, "WHERE r.closed = 0 AND "+column+" > $1 AND "+column+" <= $2 ORDER BY "+column+", r.id LIMIT $3",
		store.At(tx.Now().Add(-since)), store.At(tx.Now()), maxReminders)
}
