// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// maxInbox bounds each kind of thing that waits, so that a dashboard stays fast.
const maxInbox = 100

// soon is how far ahead deadlines are shown.
const soon = 30 * 24 * time.Hour

// waiting is one acceptance with what is needed to say what waits for whom.
type waiting struct {
	Acceptance
	risk     Risk
	standing Standing
	unheard  []string
}

// open loads visible acceptances by a condition on a (acceptance) and r (risk),
// with where they stand. args must hold the condition's arguments; visibility is
// added.
func (s *Service) open(ctx context.Context, rd store.Reader, actor authz.Actor, where string, args ...any) ([]waiting, error) {
	visible := keptRisks.Visible(actor, &args)
	all, err := acceptancesWhere(ctx, rd, where+" AND "+visible, fmt.Sprintf("a.until_at, a.id LIMIT %d", maxInbox), args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	ids := make([]string, 0, len(all))
	for _, a := range all {
		ids = append(ids, a.Risk)
	}
	ids = item.Distinct(ids)
	risks, err := risksByID(ctx, rd, ids)
	if err != nil {
		return nil, err
	}
	parties, err := loadParties(ctx, rd, ids...)
	if err != nil {
		return nil, err
	}
	hearings, err := loadHearings(ctx, rd, ids...)
	if err != nil {
		return nil, err
	}
	p := s.Policy()
	found := make([]waiting, 0, len(all))
	for _, a := range all {
		w := waiting{Acceptance: a, risk: risks[a.Risk]}
		subject, err := s.Subjects.Subject(ctx, rd, w.risk.Subject)
		if err != nil {
			return nil, err
		}
		w.standing = a.Standing(p, BasisOf(w.risk, parties[a.Risk], subject), rd.Now())
		w.unheard = unheard(p, a.Basis, parties[a.Risk], hearings[a.Risk])
		found = append(found, w)
	}
	return found, nil
}

func risksByID(ctx context.Context, rd store.Reader, ids []string) (map[string]Risk, error) {
	var args []any
	where := "WHERE r.id IN " + store.In(ids, &args)
	all, err := riskRows.All(ctx, rd, where, args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Risk, len(all))
	for _, r := range all {
		byID[r.ID] = r
	}
	return byID, nil
}

// Inbox lists what waits for the actor: acceptances to decide, parties to hear,
// risks to rate or review, mitigation actions and conditions to carry out, and
// acceptances to close.
func (s *Service) Inbox(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionRead) || !a.SignedIn() {
		return nil, nil
	}
	var items []module.InboxItem
	for _, part := range []func(context.Context, store.Reader, authz.Actor) ([]module.InboxItem, error){
		s.inboxDecisions, s.inboxClosures, s.inboxMitigations, s.inboxTerms, s.inboxRatings,
	} {
		more, err := part(ctx, rd, a)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// inboxDecisions lists the requests that the actor may decide and did not ask
// for, and to those who record hearings whom to hear first.
func (s *Service) inboxDecisions(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	asked, err := s.open(ctx, rd, a, "a.state = 'asked'")
	if err != nil || len(asked) == 0 {
		return nil, err
	}
	office, err := authz.LoadAuthority(ctx, rd)
	if err != nil {
		return nil, err
	}
	risks := make([]string, len(asked))
	for i, w := range asked {
		risks[i] = w.Risk
	}
	edits, err := pastOf(ctx, rd, risks...)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	p := s.Policy()
	for _, w := range asked {
		if w.standing.Code != Awaiting {
			continue
		}
		if len(w.unheard) > 0 && !edits[w.Risk].sought(a.ID, w.risk) && mayJudge(a, "hear") && s.byRole(a, ActionHear) {
			items = append(items, module.InboxItem{Title: w.risk.Title, Ask: web.Msg("risk.inbox.hear", w.unheard), URL: w.risk.URL() + "/hear", Since: w.AskedAt})
		}
		if len(w.unheard) > 0 || !s.Authz.Allowed(a, ActionGrant) {
			continue
		}
		votes, err := loadVotes(ctx, rd, w.ID)
		if err != nil {
			return nil, err
		}
		q := withVotes(bidOf(w.Acceptance, w.risk, edits[w.Risk], p, s.Zone(), rd.Now(), office), votes)
		if len(rightsOf(p.Needs(w.Basis), q, a)) == 0 || voted(votes, a.ID) {
			continue
		}
		items = append(items, module.InboxItem{
			Title: w.risk.Title, URL: w.Acceptance.URL(), Since: w.AskedAt,
			Ask: web.Msg("risk.inbox.decide", ratingWord(w.Basis.Residual.Rating), web.LastDay(w.Until)),
		})
	}
	return items, nil
}

// byRole reports whether the actor may do the action whosever risk it is.
func (s *Service) byRole(a authz.Actor, action authz.Action) bool {
	return s.Authz.Check(a, action, authz.Resource{Visibility: authz.Public}) == nil
}

func voted(votes []Vote, person string) bool {
	for _, v := range votes {
		if v.Person == person {
			return true
		}
	}
	return false
}

// inboxClosures lists what runs out today, ran out or was ended, and has not been
// closed. Its last day is when to undo it.
func (s *Service) inboxClosures(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	ended, err := s.open(ctx, rd, a, "a.state IN ('granted', 'revoked', 'voided') AND a.from_at IS NOT NULL AND (r.owner = $1 OR a.asked_by = $1)", a.ID)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, w := range ended {
		due := w.standing.ClosureDue
		last := config.DateOf(web.LastDay(due), s.Zone()).Start(s.Zone())
		if !due.IsZero() && !rd.Now().Before(last) {
			items = append(items, module.InboxItem{
				Title: w.risk.Title, URL: w.Acceptance.URL(), Since: last, Due: due,
				Ask: web.Msg("risk.inbox.close"),
			})
		}
	}
	return items, nil
}

func (s *Service) inboxMitigations(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	args := []any{a.ID}
	visible := keptRisks.Visible(a, &args)
	mitigations, err := mitigationRows.All(ctx, rd, "JOIN risk_item r ON r.id = m.risk WHERE m.owner = $1 AND m.state = 'open' AND r.closed = 0 AND "+
		visible+fmt.Sprintf(" ORDER BY m.due_at, m.id LIMIT %d", maxInbox), args...)
	if err != nil {
		return nil, err
	}
	var items []module.InboxItem
	for _, m := range mitigations {
		items = append(items, module.InboxItem{Title: m.Title, Ask: web.Msg("risk.inbox.mitigate"), URL: "/risks/" + m.Risk + "/mitigations/" + m.ID, Since: m.ChangedAt, Due: m.Due})
	}
	return items, nil
}

// owedTerm is a condition with the acceptance that it belongs to.
type owedTerm struct {
	Term
	acceptance, risk string
}

func (s *Service) inboxTerms(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	args := []any{a.ID}
	visible := keptRisks.Visible(a, &args)
	rows, err := rd.Query(ctx, "SELECT "+termRows.Columns()+`, a.id, a.risk FROM risk_condition c JOIN risk_acceptance a ON a.id = c.acceptance JOIN risk_item r ON r.id = a.risk
		WHERE c.owner = $1 AND c.met_at IS NULL AND a.state = 'granted' AND `+visible+fmt.Sprintf(" ORDER BY c.due_at, c.id LIMIT %d", maxInbox), args...)
	owed, err := store.Collect(rows, err, scanOwed)
	if err != nil {
		return nil, fmt.Errorf("look for conditions: %w", err)
	}
	var items []module.InboxItem
	for _, o := range owed {
		items = append(items, module.InboxItem{
			Title: o.Text, Ask: web.Msg("risk.inbox.meet"),
			URL: Acceptance{ID: o.acceptance, Risk: o.risk}.URL() + "/conditions/" + o.ID, Due: o.Due,
		})
	}
	return items, nil
}

func scanOwed(row store.Scanner) (owedTerm, error) {
	var o owedTerm
	err := row.Scan(append(termRows.Dest(&o.Term), &o.acceptance, &o.risk)...)
	return o, err
}

// inboxRatings lists, to those who rate, what waits for its rating or review.
func (s *Service) inboxRatings(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.InboxItem, error) {
	if !s.Authz.Allowed(a, ActionRate) {
		return nil, nil
	}
	// A risk that nobody has rated has no date of review.
	unrated, err := risksToRate(ctx, rd, a, "r.review_due IS NULL")
	if err != nil {
		return nil, err
	}
	due, err := risksToRate(ctx, rd, a, "r.review_due <= $1", store.At(rd.Now()))
	if err != nil {
		return nil, err
	}
	risks := slices.Concat(unrated, due)
	var items []module.InboxItem
	for _, r := range risks {
		item := module.InboxItem{Title: r.Title, URL: r.URL(), Since: r.RegisteredAt, Ask: web.Msg("risk.inbox.rate", ratingWord(r.Effective().Rating))}
		if r.Rated() {
			item.Ask, item.Since, item.Due = web.Msg("risk.inbox.review"), r.ReviewDue, r.ReviewDue
		}
		items = append(items, item)
	}
	return items, nil
}

func risksToRate(ctx context.Context, rd store.Reader, a authz.Actor, where string, args ...any) ([]Risk, error) {
	visible := keptRisks.Visible(a, &args)
	return riskRows.All(ctx, rd, "WHERE r.closed = 0 AND "+where+" AND "+visible+fmt.Sprintf(" ORDER BY r.review_due, r.id LIMIT %d", maxInbox), args...)
}

// shownAhead is how far ahead a dashboard shows what runs out: to the end of the
// thirtieth day, so that what was granted for thirty days is there from the start.
const shownAhead = 31 * 24 * time.Hour

// Deadlines lists what runs out soon: acceptances in force and conditions that
// the actor answers for, or sees as a member of the security team.
func (s *Service) Deadlines(ctx context.Context, rd store.Reader, a authz.Actor) ([]module.Deadline, error) {
	if !s.Authz.Allowed(a, ActionRead) || !a.SignedIn() {
		return nil, nil
	}
	where := "a.state = 'granted' AND a.until_at > $1 AND a.until_at <= $2"
	args := []any{store.At(rd.Now()), store.At(rd.Now().Add(shownAhead))}
	if !s.Authz.Allowed(a, ActionRate) {
		where += " AND (r.owner = $3 OR a.asked_by = $3)"
		args = append(args, a.ID)
	}
	running, err := s.open(ctx, rd, a, where, args...)
	if err != nil {
		return nil, err
	}
	var all []module.Deadline
	for _, w := range running {
		if w.standing.Code != InForce && w.standing.Code != ConditionOverdue {
			continue
		}
		what := web.Msg("risk.soon.acceptance")
		if acts := s.opens(kindOf(w.Basis.Subject), w.Basis.Residual); len(acts) > 0 {
			what = web.Msg("risk.soon.acceptance_acts", acts)
		}
		all = append(all, module.Deadline{Title: w.risk.Title, What: what, URL: w.Acceptance.URL(), At: w.Until})
		for _, c := range w.Conditions {
			if c.MetAt.IsZero() {
				all = append(all, module.Deadline{Title: c.Text, What: web.Msg("risk.soon.condition"), URL: w.Acceptance.URL(), At: c.Due})
			}
		}
	}
	return all, nil
}

// kindOf returns the kind in "kind:name".
func kindOf(ref string) string {
	kind, _, _ := strings.Cut(ref, ":")
	return kind
}
