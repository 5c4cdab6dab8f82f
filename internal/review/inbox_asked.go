// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review/kind"
)

// asked is something that somebody is asked for, with the review that it belongs to.
type asked[T any] struct {
	part          T
	review, title string
	kind          string
	kindVersion   int64
}

// askedOf loads parts by a condition on their table and r, at most maxInbox whose
// review the actor sees.
func askedOf[T any](ctx context.Context, rd store.Reader, a authz.Actor, rows *store.Table[T], from, where, order string, args ...any) ([]asked[T], error) {
	visible := keptReviews.Visible(a, &args)
	found, err := rd.Query(ctx, "SELECT "+rows.Columns()+", r.id, r.title, r.kind, r.kind_version FROM "+from+
		" WHERE "+where+" AND "+visible+fmt.Sprintf(" ORDER BY %s LIMIT %d", order, maxInbox), args...)
	return store.Collect(found, err, func(row store.Scanner) (asked[T], error) {
		var one asked[T]
		err := row.Scan(append(rows.Dest(&one.part), &one.review, &one.title, &one.kind, &one.kindVersion)...)
		return one, err
	})
}

func (o asked[T]) url() string { return Review{ID: o.review}.URL() }

// questionURL is where a question of a review is shown, with what was answered.
func questionURL(review, question string) string {
	return Review{ID: review}.URL() + "#question-" + question
}

const (
	fromQuestions  = "review_question q JOIN review_item r ON r.id = q.review"
	fromConditions = "review_condition c JOIN review_item r ON r.id = c.review"
	fromOpinions   = "review_opinion o JOIN review_item r ON r.id = o.review"
)

// owed is the condition that a question is open and the actor $1 owes the answer.
const owed = "q.state = 'open' AND r.board_column <> 'done' AND (q.owner = $1 OR (q.requesting = 1 AND (r.owner = $1 OR r.requester = $1)))"

// inboxQuestions lists the questions that the actor owes an answer to.
func (s *Service) inboxQuestions(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	open, err := askedOf(ctx, rd, a, questionRows, fromQuestions, owed, "q.asked_at, q.id", a.ID)
	var items []module.InboxItem
	for _, o := range open {
		items = append(items, module.InboxItem{Title: o.title, Ask: web.Msg("review.inbox.answer", o.part.Label), URL: questionURL(o.review, o.part.ID), Since: o.part.AskedAt, Due: o.part.Due})
	}
	return items, err
}

// inboxAnswers lists the answers that whoever asked has not judged.
func (s *Service) inboxAnswers(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionAsk) {
		return nil, nil
	}
	given, err := askedOf(ctx, rd, a, questionRows, fromQuestions, "q.state = 'answered' AND q.asker = $1 AND r.board_column <> 'done'", "q.answered_at, q.id", a.ID)
	var items []module.InboxItem
	for _, o := range given {
		items = append(items, module.InboxItem{Title: o.title, Ask: web.Msg("review.inbox.settle", o.part.Label), URL: questionURL(o.review, o.part.ID), Since: o.part.AnsweredAt})
	}
	return items, err
}

// inboxNotReady lists the requests of the actor in which something falls short.
func (s *Service) inboxNotReady(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	own, err := waitingReviews(ctx, rd, a, "r.board_column = 'waiting' AND (r.owner = $1 OR r.requester = $1)", "r.received_at, r.id", a.ID)
	var items []module.InboxItem
	for _, r := range own {
		if r.Wait.Cause == NotReady {
			items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.mend", shortLabels(r.Wait)), URL: r.URL(), Since: r.Wait.Since})
		}
	}
	return items, err
}

// shortLabels names what falls short, each once.
func shortLabels(w Wait) []string {
	var all []string
	for _, sf := range w.Shortfalls {
		if !slices.Contains(all, sf.Label) {
			all = append(all, sf.Label)
		}
	}
	return all
}

// inboxConditions lists what the actor is to show that it is met.
func (s *Service) inboxConditions(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	open, err := askedOf(ctx, rd, a, conditionRows, fromConditions, "c.owner = $1 AND c.met_at IS NULL", "c.due_at, c.id", a.ID)
	var items []module.InboxItem
	for _, o := range open {
		items = append(items, module.InboxItem{Title: o.part.Text, Ask: web.Msg("review.inbox.meet", o.title), URL: o.url(), Due: o.part.Due})
	}
	return items, err
}

// inboxOpinions lists the opinions that the actor was named for.
func (s *Service) inboxOpinions(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	open, err := askedOf(ctx, rd, a, opinionRows, fromOpinions, "o.assessor = $1 AND o.given_at IS NULL AND r.board_column <> 'done'", "r.received_at, r.id, o.aspect", a.ID)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, o := range open {
		k, err := s.kindAt(ctx, rd, o.kind, o.kindVersion)
		if err != nil {
			return nil, err
		}
		aspect := o.part.Aspect
		if i := slices.IndexFunc(k.Opinions, func(w kind.Opinion) bool { return w.Aspect == aspect }); i >= 0 {
			aspect = k.Opinions[i].Title
		}
		items = append(items, module.InboxItem{Title: o.title, Ask: web.Msg("review.inbox.opine", aspect), URL: o.url()})
	}
	return items, nil
}

// shownAhead is how far ahead a dashboard shows what runs out: to the end of the
// thirtieth day.
const shownAhead = 31 * 24 * time.Hour

// Deadlines lists what comes due soon: answers and conditions that the actor owes,
// the clocks of the reviews that they lead, and the approvals of what they asked
// for, answer for or led.
func (s *Service) Deadlines(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.Deadline, error) {
	if !s.Authz.Allowed(a, ActionRead) || !a.SignedIn() {
		return nil, nil
	}
	now, horizon := store.At(rd.Now()), store.At(rd.Now().Add(shownAhead))
	questions, err := askedOf(ctx, rd, a, questionRows, fromQuestions, owed+" AND q.due_at > $2 AND q.due_at <= $3", "q.due_at, q.id", a.ID, now, horizon)
	if err != nil {
		return nil, err
	}
	var all []module.Deadline
	for _, o := range questions {
		all = append(all, module.Deadline{Title: o.title, What: web.Msg("review.soon.answer", o.part.Label), URL: questionURL(o.review, o.part.ID), At: o.part.Due})
	}
	conditions, err := askedOf(ctx, rd, a, conditionRows, fromConditions,
		"c.met_at IS NULL AND c.due_at > $2 AND c.due_at <= $3 AND (c.owner = $1 OR r.owner = $1 OR r.lead = $1)", "c.due_at, c.id", a.ID, now, horizon)
	if err != nil {
		return nil, err
	}
	for _, o := range conditions {
		all = append(all, module.Deadline{Title: o.part.Text, What: web.Msg("review.soon.condition"), URL: o.url(), At: o.part.Due})
	}
	for _, part := range []func(context.Context, store.Reader, authz.Actor) ([]module.Deadline, error){clocksSoon, approvalsSoon} {
		more, err := part(ctx, rd, a)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// clocksSoon lists the reviews that the actor leads whose days are over soon.
func clocksSoon(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.Deadline, error) {
	led, err := waitingReviews(ctx, rd, a, "r.lead = $1 AND r.board_column <> 'done' AND r.clock_start IS NOT NULL", "r.clock_start, r.id", a.ID)
	if err != nil || len(led) == 0 {
		return nil, err
	}
	ids := make([]string, len(led))
	for i, r := range led {
		ids[i] = r.ID
	}
	pauses, err := loadPauses(ctx, rd, ids...)
	var all []module.Deadline
	for _, r := range led {
		if due := dueOf(r, pauses[r.ID], rd.Now()); due.After(rd.Now()) && !due.After(rd.Now().Add(shownAhead)) {
			all = append(all, module.Deadline{Title: r.Title, What: web.Msg("review.soon.clock"), URL: r.URL(), At: due})
		}
	}
	return all, err
}

// approvalsSoon lists the approvals that run out soon.
func approvalsSoon(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.Deadline, error) {
	args := []any{a.ID}
	visible := keptReviews.Visible(a, &args)
	approved, err := titleRows.All(ctx, rd, "WHERE r.outcome IN ('approved', 'approved_with_conditions') AND (r.owner = $1 OR r.requester = $1 OR r.lead = $1) AND "+
		visible+fmt.Sprintf(" ORDER BY r.done_at, r.id LIMIT %d", 10*maxInbox), args...)
	var all []module.Deadline
	for _, r := range approved {
		if until := r.Verdict.Until; until.After(rd.Now()) && !until.After(rd.Now().Add(shownAhead)) {
			all = append(all, module.Deadline{Title: r.Title, What: web.Msg("review.soon.approval"), URL: r.URL(), At: until})
		}
	}
	return all, err
}

// titleRows are reviews by their titles and outcomes alone.
var titleRows = store.NewTable("review_item", "r", nil, func(r *Review) []store.Column {
	return []store.Column{store.Text("id", &r.ID), store.Text("title", &r.Title), store.JSON("verdict", &r.Verdict)}
})
