// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// maxInbox bounds each kind of thing that waits, so that a dashboard stays fast.
const maxInbox = 100

// Inbox lists what waits for the actor: reviews to triage, to lead, to declare
// conflicts of interest for, to read and to decide; questions to answer and answers
// to judge; forms to mend, opinions to give and conditions to meet.
func (s *Service) Inbox(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionRead) || !a.SignedIn() {
		return nil, nil
	}
	var items []module.InboxItem
	for _, part := range []func(context.Context, store.Reader, authz.Actor) ([]module.InboxItem, error){
		s.inboxQuestions, s.inboxNotReady, s.inboxConditions, s.inboxOpinions,
		s.inboxParts, s.inboxAnswers, s.inboxTriage, s.inboxByRank, s.inboxRetired,
	} {
		more, err := part(ctx, rd, a)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// waitingReviews returns reviews by a condition on r, at most maxInbox that the
// actor sees. args must hold the condition's arguments.
func waitingReviews(ctx context.Context, rd store.Reader, a authz.Actor, where, order string, args ...any) ([]Review, error) {
	visible := keptReviews.Visible(a, &args)
	return reviewRows.All(ctx, rd, "WHERE "+where+" AND "+visible+fmt.Sprintf(" ORDER BY %s LIMIT %d", order, maxInbox), args...)
}

// inboxTriage lists, to those who triage, what nobody has looked at, the oldest
// first, and what was planned without anybody to lead it.
func (s *Service) inboxTriage(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionMove) {
		return nil, nil
	}
	incoming, err := waitingReviews(ctx, rd, a, "r.board_column = 'incoming'", "r.received_at, r.id")
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, r := range incoming {
		ask := web.Msg("review.inbox.triage")
		if !r.TriagedAt.IsZero() {
			ask = web.Msg("review.inbox.triage_again")
		}
		items = append(items, module.InboxItem{Title: r.Title, Ask: ask, URL: r.URL(), Since: r.ReceivedAt})
	}
	unled, err := waitingReviews(ctx, rd, a, "r.board_column = 'planned' AND r.lead = ''", "r.weight, r.received_at, r.id")
	if err != nil {
		return nil, err
	}
	for _, r := range unled {
		items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.lead", r.Quarter), URL: r.URL(), Since: r.AcceptedAt})
	}
	return items, nil
}

// ownPart is a reviewer's part in a review.
type ownPart struct {
	Reviewer
	Review string
}

var partRows = store.NewTable("review_reviewer", "v", nil, func(p *ownPart) []store.Column {
	return []store.Column{
		store.Text("review", &p.Review), store.Text("part", &p.Part), store.Text("conflict", &p.Conflict),
		store.Moment("assigned_at", &p.AssignedAt), store.Moment("read_at", &p.ReadAt),
	}
})

// inboxParts lists what waits for a reviewer: to declare conflicts of interest, the
// reviews in progress that they lead, and what they are to read.
func (s *Service) inboxParts(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	args := []any{a.ID}
	visible := keptReviews.Visible(a, &args)
	parts, err := partRows.All(ctx, rd, "JOIN review_item r ON r.id = v.review WHERE v.person = $1 AND r.board_column <> 'done' AND v.conflict <> 'hard' AND "+
		visible+fmt.Sprintf(" ORDER BY v.assigned_at, v.review LIMIT %d", maxInbox), args...)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.Review
	}
	reviews, err := reviewsByID(ctx, rd, ids)
	if err != nil {
		return nil, err
	}
	pauses, err := loadPauses(ctx, rd, ids...)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, p := range parts {
		r := reviews[p.Review]
		switch {
		case p.Conflict == Undeclared:
			items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.declare"), URL: r.URL(), Since: p.AssignedAt})
		case p.Part == Leads && r.Column == InProgress:
			items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.review"), URL: r.URL(), Since: r.StartedAt, Due: dueOf(r, pauses[r.ID], rd.Now())})
		case p.Part == SecondReader:
			written, err := latestAssessment(ctx, rd, r.ID)
			if err != nil {
				return nil, err
			}
			if written.Version > 0 && p.ReadAt.Before(written.At) {
				items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.read"), URL: r.URL(), Since: written.At})
			}
		}
	}
	return items, nil
}

// dueOf is when the days of a review are over; zero while its clock stands still.
func dueOf(r Review, pauses []Pause, now time.Time) time.Time {
	if c := ClockOf(r, pauses, now); c.Running {
		return c.Due
	}
	return time.Time{}
}

// reviewsByID returns reviews by id, whoever may see them.
func reviewsByID(ctx context.Context, rd store.Reader, ids []string) (map[string]Review, error) {
	byID := make(map[string]Review, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	var args []any
	where := "WHERE r.id IN " + store.In(ids, &args)
	all, err := reviewRows.All(ctx, rd, where, args...)
	for _, r := range all {
		byID[r.ID] = r
	}
	return byID, err
}

// inboxByRank lists the reviews that somebody of the actor's rank decides, once all
// opinions are there.
func (s *Service) inboxByRank(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionDecide) || a.Kind != authz.KindPerson {
		return nil, nil
	}
	byRank, err := s.kindsByRank(ctx, rd)
	if err != nil || len(byRank) == 0 {
		return nil, err
	}
	args := []any{a.ID}
	where := "r.board_column IN ('in_progress', 'waiting') AND r.owner <> $1 AND r.requester <> $1 AND r.kind IN " + store.In(byRank, &args)
	open, err := waitingReviews(ctx, rd, a, where, "r.weight, r.received_at, r.id", args...)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	office, err := authz.LoadAuthority(ctx, rd)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, r := range open {
		since, ready, err := s.readyForRank(ctx, rd, office, a, r)
		if err != nil {
			return nil, err
		}
		if ready {
			items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.decide"), URL: r.URL(), Since: since})
		}
	}
	return items, nil
}

// kindsByRank returns the names of the kinds that some rank decides.
func (s *Service) kindsByRank(ctx context.Context, rd store.Reader) ([]string, error) {
	all, err := s.kinds(ctx, rd)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range all {
		k, err := s.read(v)
		if err != nil {
			return nil, err
		}
		if k.DecidedBy != "" {
			names = append(names, v.Name)
		}
	}
	return names, nil
}

// readyForRank reports whether the actor may decide the review by their rank and
// has what it takes, and since when.
func (s *Service) readyForRank(ctx context.Context, rd store.Reader, office authz.Authority, a authz.Actor, r Review) (time.Time, bool, error) {
	k, err := s.kindAt(ctx, rd, r.Kind, r.KindVersion)
	if err != nil || k.DecidedBy == "" {
		return time.Time{}, false, err
	}
	var subject catalog.Subject
	if r.Subject != "" {
		if subject, err = s.Catalog.Subject(ctx, rd, r.Subject); err != nil {
			return time.Time{}, false, err
		}
	}
	bars, err := s.barredFrom(ctx, rd, r, subject)
	if err != nil || bars.bars(a.ID) {
		return time.Time{}, false, err
	}
	if _, entitled := byRank(office, bars, a.ID, subject.Organisation, k.DecidedBy, rd.Now()); !entitled {
		return time.Time{}, false, nil
	}
	given, err := loadOpinions(ctx, rd, r.ID)
	since := r.StartedAt
	for _, wanted := range k.Opinions {
		i := slices.IndexFunc(given, func(o Opinion) bool { return o.Aspect == wanted.Aspect && o.Verdict != "" })
		if i < 0 {
			return time.Time{}, false, err
		}
		if given[i].GivenAt.After(since) {
			since = given[i].GivenAt
		}
	}
	return since, err == nil, err
}

// inboxRetired lists, to those who could end it, what is still under way about a
// subject that is no longer in use.
func (s *Service) inboxRetired(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	own, err := waitingReviews(ctx, rd, a, "r.board_column <> 'done' AND r.subject <> '' AND (r.owner = $1 OR r.requester = $1 OR r.lead = $1)", "r.received_at, r.id", a.ID)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	refs := make([]string, len(own))
	for i, r := range own {
		refs[i] = r.Subject
	}
	subjects, err := s.Catalog.SubjectsByRef(ctx, rd, refs)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, r := range own {
		if subject := subjects[r.Subject]; subject.Retired() {
			items = append(items, module.InboxItem{Title: r.Title, Ask: web.Msg("review.inbox.retired"), URL: r.URL(), Since: subject.RetiredAt})
		}
	}
	return items, nil
}
