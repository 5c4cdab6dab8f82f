// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// The decisions that this slice answers for in a gate.
const (
	DecisionRequired  = "review.required"
	DecisionCondition = "review.condition"
)

// The codes of what can be missing.
const (
	CodeNone             = "review.missing"
	CodeRunning          = "review.running"
	CodeNotApproved      = "review.not_approved"
	CodeExpired          = "review.expired"
	CodeOutdated         = "review.outdated"
	CodeConditionOverdue = "review.condition_overdue"
	CodeRowUnclear       = "review.row_unclear" // the policy row does not say what it asks for
)

// Decisions returns the slice's gate providers by decision.
func (s *Service) Decisions() map[string]gate.Provider {
	return map[string]gate.Provider{DecisionRequired: s.required, DecisionCondition: s.condition}
}

// gateRows are reviews without their texts: a gate looks at nothing else.
var gateRows = store.NewTable("review_item", "r", nil, func(r *Review) []store.Column {
	return []store.Column{
		store.Text("id", &r.ID), store.Text("kind", &r.Kind), store.Flag("required", &r.Required), store.Text("visibility", &r.Visibility),
		store.Text("board_column", &r.Column), store.JSON("verdict", &r.Verdict), store.Text("successor", &r.Successor), store.JSON("origin", &r.Origin),
	}
})

// madeHere returns the reviews on the subject of a question that were made here, in
// the order in which they were received; both decisions of this slice look at them.
// One that was imported is history: no decision here, and none to come.
func madeHere(ctx context.Context, rd store.Reader, q gate.Question) ([]Review, error) {
	return gate.Once(q, "review.made_here", func() ([]Review, error) {
		all, err := gateRows.All(ctx, rd, "WHERE r.subject = $1 ORDER BY r.received_at, r.id", q.Subject.Ref)
		return slices.DeleteFunc(all, Review.Imported), err
	})
}

// wanted is a review that a row of the gate policy asks for.
type wanted struct {
	kind   string
	title  string
	within time.Duration // an approval counts no longer than that; 0: as long as it says itself
	mode   gate.Mode
	zone   *time.Location
}

// required answers review.required: the latest decision about a review of the kind
// With["kind"] on the subject must be an approval of the subject as it is now, in
// force at the gate's time and no older than With["within"]. In the mode blocking,
// only a refusal is an objection. A review of a kind that is advisory now never
// closes the gate: that it is missing is advice.
func (s *Service) required(ctx context.Context, r store.Reader, q gate.Question, req gate.Requirement) (gate.Answer, error) {
	w := wanted{kind: req.With["kind"], mode: req.Mode, zone: s.Zone}
	if within, given := req.With["within"]; given {
		limit, err := config.ParseDuration(within)
		if err != nil || limit <= 0 {
			return unclear("The gate policy says within when a review must have been made, but not in a form that can be read.", "“within” as a length of time, such as 365d"), nil
		}
		w.within = limit.Std()
	}
	k, _, err := s.kindOf(ctx, r, w.kind)
	if fault.Is(err, fault.NotFound) {
		return unclear("The gate policy asks for a review, but not of a kind that there is.", "“kind” as the name of a kind of review"), nil
	}
	if err != nil {
		return gate.Answer{}, err
	}
	all, err := madeHere(ctx, r, q)
	if err != nil {
		return gate.Answer{}, err
	}
	w.title = k.Title
	all = slices.DeleteFunc(slices.Clone(all), func(r Review) bool { return r.Kind != k.Name })
	until, missing := w.judge(all, q)
	switch advisory := k.Force != kind.Required; {
	case missing == nil && advisory:
		return gate.Answer{}, nil // the end of what only advises is no end of the answer
	case missing == nil:
		return gate.Answer{ValidUntil: until}, nil
	default:
		missing.Advice = advisory
		return gate.Answer{Missing: []gate.Missing{*missing}}, nil
	}
}

// unclear closes the gate for a row of its policy that does not say what it asks for.
func unclear(message, with string) gate.Answer {
	return gate.Answer{Missing: []gate.Missing{{
		Code: CodeRowUnclear, Message: message, URL: "/gate",
		LiftedBy: "A row in the gate policy that gives " + with + ", written by whoever administers it.",
	}}}
}

// judge returns until when the approval is in force, the zero time for no end, or
// what is missing.
func (w wanted) judge(all []Review, q gate.Question) (time.Time, *gate.Missing) {
	until, missing, about := w.look(all, q)
	if missing == nil || about == nil {
		return until, missing
	}
	missing.URL, missing.Item, missing.Visibility = about.URL(), about.Item(), about.Visibility
	if about.Visibility == authz.Restricted || item.Narrower(about.Visibility, q.Subject.Visibility) {
		// Whoever sees the subject and not the review is told what would be missing
		// without it, if anything.
		_, missing.Otherwise = w.judge(slices.DeleteFunc(slices.Clone(all), func(r Review) bool { return r.ID == about.ID }), q)
	}
	return time.Time{}, missing
}

// look finds out what is missing, and which review that is about; nil: none.
func (w wanted) look(all []Review, q gate.Question) (time.Time, *gate.Missing, *Review) {
	decided, advised, running := w.latest(all)
	refused := decided != nil && decided.Verdict.Outcome == NotApproved
	if w.mode == gate.Blocking && !refused {
		return time.Time{}, nil, nil // that there is none is no objection
	}
	var lapsed *gate.Missing
	if decided != nil && !refused {
		until, missing := w.approval(*decided, q)
		if missing == nil {
			return until, nil, nil
		}
		lapsed = missing
	}
	switch {
	case running != nil && w.mode != gate.Blocking:
		return time.Time{}, &gate.Missing{
			Code:     CodeRunning,
			Message:  fmt.Sprintf("A review is under way: %s. It stands in %s.", w.title, columnTitle(running.Column)),
			LiftedBy: "An approval as its outcome.",
		}, running
	case refused:
		return time.Time{}, &gate.Missing{
			Code: CodeNotApproved, Message: fmt.Sprintf("The latest review did not approve this: %s.", w.title), LiftedBy: "Another review that approves it, once what spoke against it is mended.",
		}, decided
	case lapsed != nil:
		return time.Time{}, lapsed, decided
	case advised != nil:
		return time.Time{}, &gate.Missing{
			Code: CodeNotApproved, Message: fmt.Sprintf("The review gave advice, which is no approval: %s.", w.title), LiftedBy: "Another review that approves it.",
		}, advised
	}
	return time.Time{}, &gate.Missing{
		Code: CodeNone, Message: fmt.Sprintf("This was not reviewed: %s.", w.title),
		LiftedBy: "A review of that kind that approves it. Request one.", URL: web.With("/reviews/new", "kind", w.kind, "subject", q.Subject.Ref),
	}, nil
}

// latest returns the review with the latest decision, the one with the latest
// advice, and the first that is under way. What replaces a decision is the next one.
func (wanted) latest(all []Review) (decided, advised, running *Review) {
	later := func(a, b *Review) bool {
		return b == nil || cmp.Or(a.Verdict.At.Compare(b.Verdict.At), cmp.Compare(a.Verdict.Entry, b.Verdict.Entry)) > 0
	}
	for i := range all {
		r := &all[i]
		switch {
		case !r.Done():
			if running == nil {
				running = r
			}
		case r.Successor != "":
			// Another review stands in its place.
		case r.Verdict.Outcome.Approves() || r.Verdict.Outcome == NotApproved:
			if later(r, decided) {
				decided = r
			}
		case r.Verdict.Outcome == Advice:
			if later(r, advised) {
				advised = r
			}
		}
	}
	return decided, advised, running
}

// approval returns until when an approval is in force, or why it is not.
func (w wanted) approval(r Review, q gate.Question) (time.Time, *gate.Missing) {
	v := r.Verdict
	if v.SubjectVersion != q.Subject.Version || v.SubjectDigest != q.Subject.Digest {
		return time.Time{}, &gate.Missing{
			Code: CodeOutdated, Message: fmt.Sprintf("What was approved has changed since: it was version %d, and is version %d now (%s).", v.SubjectVersion, q.Subject.Version, w.title),
			LiftedBy: "Another review, of the subject as it is now.",
		}
	}
	until := v.Until
	if end := v.At.Add(w.within); w.within > 0 && (until.IsZero() || end.Before(until)) {
		until = end
	}
	if until.IsZero() || q.At.Before(until) {
		return until, nil
	}
	return time.Time{}, &gate.Missing{
		Code: CodeExpired, Message: fmt.Sprintf("The approval ran out on %s (%s).", dayIn(until, w.zone), w.title), LiftedBy: "Another review that approves it.",
	}
}

// condition answers review.condition: each condition of an approval on the subject
// that is past its day and not met closes the gate, in every mode but advisory.
// Nothing has to run for that. Only a review that was required asks for something
// that binds.
func (s *Service) condition(ctx context.Context, r store.Reader, q gate.Question, _ gate.Requirement) (gate.Answer, error) {
	all, err := madeHere(ctx, r, q)
	if err != nil {
		return gate.Answer{}, err
	}
	var ids []string
	for _, v := range all {
		if binds(v) {
			ids = append(ids, v.ID)
		}
	}
	if len(ids) == 0 {
		return gate.Answer{}, nil
	}
	conditions, err := loadConditions(ctx, r, ids...)
	if err != nil {
		return gate.Answer{}, err
	}
	var answer gate.Answer
	for _, v := range all {
		if !binds(v) {
			continue
		}
		for _, c := range conditions[v.ID] {
			switch {
			case c.Overdue(q.At):
				answer.Missing = append(answer.Missing, gate.Missing{
					Code: CodeConditionOverdue, Message: fmt.Sprintf("A condition of the approval was due on %s and is not met: “%s”", dayIn(web.LastDay(c.Due), s.Zone), c.Text),
					LiftedBy: "Evidence, by whoever answers for the condition, that it is met.", URL: v.URL(), Item: v.Item(), Visibility: v.Visibility,
				})
			case c.MetAt.IsZero() && !c.Due.IsZero() && (answer.ValidUntil.IsZero() || c.Due.Before(answer.ValidUntil)):
				answer.ValidUntil = c.Due
			}
		}
	}
	return answer, nil
}

// binds reports whether the conditions of a review can close a gate.
func binds(r Review) bool {
	return r.Required && !r.Imported() && r.Verdict.Outcome == ApprovedWithConditions
}

// columnTitle is what people call a column of the board.
func columnTitle(c Column) string {
	text := strings.ReplaceAll(string(c), "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// dayIn is the day of a moment in a zone; nil is UTC.
func dayIn(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("2 January 2006")
}
