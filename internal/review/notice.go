// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// JobRemind is the kind of the job that sends reminders.
const JobRemind = "review.remind"

// The messages of notices; their first argument is the review's title. That of an
// outcome has the outcome at its end.
const (
	MessageAsked            = "review.notice.asked"       // and the question's label
	MessageAskedUntil       = "review.notice.asked_until" // and the last day
	MessageNotReady         = "review.notice.not_ready"
	MessageOutcome          = "review.notice.outcome_"
	MessageAnswerDue        = "review.notice.answer_due" // and label and last day
	MessageAnswerOverdue    = "review.notice.answer_overdue"
	MessageConditionDue     = "review.notice.condition_due" // and the last day
	MessageConditionOverdue = "review.notice.condition_overdue"
)

// Jobs returns the slice's jobs. Nothing that they do is needed for the gate to
// close: they only tell people.
func (s *Service) Jobs() []job.Def {
	return []job.Def{{
		Kind: JobRemind, Summary: "Remind people of the answers and conditions that they owe to reviews.",
		Every:  time.Hour,
		Handle: func(ctx context.Context, _ []byte) error { return s.Remind(ctx) },
	}}
}

// notice tells people other than the actor of the change, once each. What the mail
// says is for kernel/notify to decide, by the visibility that the review has then.
func (d *decision) notice(ctx context.Context, m notify.Message, people ...string) error {
	if d.s.Notices == nil {
		return nil
	}
	if m.Item = d.review.Item(); m.Path == "" {
		m.Path = d.review.URL()
	}
	for _, person := range item.Distinct(people) {
		if person == "" || person == d.actor.ID {
			continue
		}
		m.Person = person
		if err := d.s.Notices.Enqueue(ctx, d.tx.Tx, m); err != nil {
			return err
		}
	}
	return nil
}

// noticeAsked tells whoever owes the answer to a question; owner and requester, too,
// while the review waits for them. An answer to the mail joins the question's thread.
func (d *decision) noticeAsked(ctx context.Context, q Question) error {
	m := notify.Message{Key: MessageAsked, Args: []string{d.review.Title, q.Label}, Path: questionURL(d.review.ID, q.ID), Answer: true, Thread: q.ID}
	if !q.Due.IsZero() {
		m.Key, m.Args = MessageAskedUntil, append(m.Args, dayIn(web.LastDay(q.Due), d.s.Zone))
	}
	if q.Requesting {
		return d.notice(ctx, m, q.Owner, d.review.Owner, d.review.Requester)
	}
	return d.notice(ctx, m, q.Owner)
}

// noticeNotReady tells owner and requester that something falls short.
func (d *decision) noticeNotReady(ctx context.Context) error {
	if d.review.Wait.Cause != NotReady {
		return nil
	}
	return d.notice(ctx, notify.Message{Key: MessageNotReady, Args: []string{d.review.Title}}, d.review.Owner, d.review.Requester)
}

// noticeOutcome tells owner, requester and lead how the review ended.
func (d *decision) noticeOutcome(ctx context.Context) error {
	m := notify.Message{Key: MessageOutcome + string(d.review.Verdict.Outcome), Args: []string{d.review.Title}}
	return d.notice(ctx, m, d.review.Owner, d.review.Requester, d.review.Lead)
}

// Remind sends the reminders that are due now, each once. It does nothing without
// Notices.
func (s *Service) Remind(ctx context.Context) error {
	if s.Notices == nil {
		return nil
	}
	err := s.Writer.Quiet(ctx, "a reminder is not a decision", func(tx *store.Tx) error {
		if err := s.remindAnswers(ctx, tx); err != nil {
			return err
		}
		return s.remindConditions(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("remind: %w", err)
	}
	return nil
}

// maxReminders bounds what one run looks at.
const maxReminders = 5000

// toldFor is how long what is overdue is told; then it shows in the inbox alone.
const toldFor = 30 * day

// owing is something that somebody owes until a day.
type owing struct {
	id, person, label string
	due               time.Time
	review, title     string
}

// owings returns what from and where select whose day comes soon or passed lately.
func (s *Service) owings(ctx context.Context, tx *store.Tx, columns, from, due, where string) ([]owing, error) {
	since, until := store.At(tx.Now().Add(-toldFor)), store.At(tx.Now().Add(s.Policy().Reminders.Before.Std()))
	rows, err := tx.Query(ctx, "SELECT "+columns+", "+due+", r.id, r.title FROM "+from+" WHERE "+where+" AND "+due+" > $1 AND "+due+" <= $2"+
		fmt.Sprintf(" ORDER BY %s LIMIT %d", due, maxReminders), since, until)
	return store.Collect(rows, err, func(row store.Scanner) (owing, error) {
		var o owing
		err := row.Scan(&o.id, &o.person, &o.label, store.Time(&o.due), &o.review, &o.title)
		return o, err
	})
}

// remindAnswers tells those who owe an answer.
func (s *Service) remindAnswers(ctx context.Context, tx *store.Tx) error {
	all, err := s.owings(ctx, tx, "q.id, q.owner, q.label", fromQuestions, "q.due_at", "q.state = 'open' AND r.board_column <> 'done'")
	if err != nil {
		return err
	}
	for _, o := range all {
		m := notify.Message{Args: []string{o.title, o.label, dayIn(web.LastDay(o.due), s.Zone)}, Path: questionURL(o.review, o.id), Answer: true, Thread: o.id}
		if err := s.remind(ctx, tx, o, m, MessageAnswerDue, MessageAnswerOverdue); err != nil {
			return err
		}
	}
	return nil
}

// remindConditions tells those who answer for a condition.
func (s *Service) remindConditions(ctx context.Context, tx *store.Tx) error {
	all, err := s.owings(ctx, tx, "c.id, c.owner, ''", fromConditions, "c.due_at", "c.met_at IS NULL AND c.owner <> ''")
	if err != nil {
		return err
	}
	for _, o := range all {
		m := notify.Message{Args: []string{o.title, dayIn(web.LastDay(o.due), s.Zone)}, Path: Review{ID: o.review}.URL()}
		if err := s.remind(ctx, tx, o, m, MessageConditionDue, MessageConditionOverdue); err != nil {
			return err
		}
	}
	return nil
}

// remind sends one reminder: that the day comes or, once it has passed, that it has.
func (s *Service) remind(ctx context.Context, tx *store.Tx, o owing, m notify.Message, before, after string) error {
	if m.Key = before; !tx.Now().Before(o.due) {
		m.Key = after
	}
	m.Person, m.Item = o.person, ItemType+":"+o.review
	m.Once = fmt.Sprintf("%s:%s:%d", m.Key, o.id, o.due.Unix())
	return s.Notices.Enqueue(ctx, tx, m)
}
