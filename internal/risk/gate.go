// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// The decisions that this slice answers for in a gate.
const (
	DecisionAssessment = "risk.assessment"
	DecisionAcceptance = "risk.acceptance"
)

// The codes of what can be missing.
const (
	CodeNotAssessed      = "risk.not_assessed"
	CodeMissing          = "risk.acceptance_missing"
	CodeAwaiting         = "risk.acceptance_awaiting"
	CodeNotStarted       = "risk.acceptance_not_started"
	CodeExpired          = "risk.acceptance_expired"
	CodeRevoked          = "risk.acceptance_revoked"
	CodeVoid             = "risk.acceptance_void"
	CodeConditionOverdue = "risk.condition_overdue"
)

// Decisions returns the slice's gate providers by decision.
func (s *Service) Decisions() map[string]gate.Provider {
	return map[string]gate.Provider{DecisionAssessment: s.assessment, DecisionAcceptance: s.acceptance}
}

// fromRating is the rating from which an acceptance is needed; without a
// parameter, or with one that is not a rating, it is needed from the lowest.
func fromRating(with map[string]string) matrix.Rating {
	if r := matrix.Rating(with["from"]); r.Known() {
		return r
	}
	return matrix.Low
}

// risksOf returns the open risks on the subject of a question; both decisions of
// this slice look at them.
func risksOf(ctx context.Context, r store.Reader, q gate.Question) ([]Risk, error) {
	return gate.Once(q, "risk.open", func() ([]Risk, error) { return openRisksOf(ctx, r, q.Subject.Ref) })
}

// assessment answers risk.assessment: required, at least one open risk on the
// subject must be rated by a person, as it is now. A closed risk is none any more. That nobody
// has rated one is no objection, so the mode blocking finds nothing.
func (s *Service) assessment(ctx context.Context, r store.Reader, q gate.Question, req gate.Requirement) (gate.Answer, error) {
	risks, err := risksOf(ctx, r, q)
	if err != nil {
		return gate.Answer{}, err
	}
	rated := false
	var waiting []gate.Missing
	for _, risk := range risks {
		if risk.Rated() {
			rated = true
			continue
		}
		waiting = append(waiting, unrated(risk))
	}
	switch {
	case rated || req.Mode == gate.Blocking:
		return gate.Answer{}, nil
	case len(waiting) > 0:
		return gate.Answer{Missing: waiting}, nil
	}
	return gate.Answer{Missing: []gate.Missing{{
		Code: CodeNotAssessed, Message: "Nobody has registered and rated the risk of this.",
		LiftedBy: "A risk registered for the subject, and rated by the security team.", URL: "/risks/new?subject=" + q.Subject.Ref,
	}}}, nil
}

// ratedAgain lifts what is missing where a rating is outdated.
func ratedAgain(risk Risk) string {
	return "Another rating by " + raters(risk) + ", and a new acceptance if that calls for one."
}

// raters says who can rate the risk: of a restricted one at least one of those who
// take part could when it was shared ([decision.suffices]).
func raters(risk Risk) string {
	if risk.Visibility == authz.Restricted {
		return "somebody in the security team who takes part in it"
	}
	return "the security team"
}

func unrated(risk Risk) gate.Missing {
	message, lifted := "The risk is registered but not rated; until then it counts as %s.", "A rating by "+raters(risk)+"."
	if risk.Rating.Outdated {
		message, lifted = "What was rated has changed since; until the risk is rated again it counts as %s.", ratedAgain(risk)
	}
	return gate.Missing{
		Code:     CodeNotAssessed,
		Message:  fmt.Sprintf(message, risk.Effective().Rating),
		LiftedBy: lifted, URL: risk.URL(), Item: risk.Item(), Visibility: risk.Visibility,
	}
}

// acceptance answers risk.acceptance: each open risk on the subject whose rating
// is With["from"] or higher needs an acceptance in force at the gate's time.
func (s *Service) acceptance(ctx context.Context, r store.Reader, q gate.Question, req gate.Requirement) (gate.Answer, error) {
	from := fromRating(req.With)
	risks, err := risksOf(ctx, r, q)
	if err != nil {
		return gate.Answer{}, err
	}
	var heavy []Risk
	var ids []string
	for _, risk := range risks {
		if risk.Effective().Rating.AtLeast(from) {
			heavy, ids = append(heavy, risk), append(ids, risk.ID)
		}
	}
	if len(heavy) == 0 {
		return gate.Answer{}, nil
	}
	parties, err := loadParties(ctx, r, ids...)
	if err != nil {
		return gate.Answer{}, err
	}
	all, err := acceptancesWhere(ctx, r, "a.subject = $1", "a.asked_at, a.id", q.Subject.Ref)
	if err != nil {
		return gate.Answer{}, err
	}
	byRisk := map[string][]Acceptance{}
	for _, a := range all {
		byRisk[a.Risk] = append(byRisk[a.Risk], a)
	}
	var answer gate.Answer
	p := s.Policy()
	for _, risk := range heavy {
		now := BasisOf(risk, parties[risk.ID], q.Subject)
		until, missing := cover(p, risk, byRisk[risk.ID], now, q.At, s.Zone())
		if missing != nil {
			// For the mode blocking, only what somebody ended or let slide is an objection.
			if req.Mode != gate.Blocking || missing.Code == CodeRevoked || missing.Code == CodeConditionOverdue {
				answer.Missing = append(answer.Missing, *missing)
			}
			continue
		}
		if answer.ValidUntil.IsZero() || until.Before(answer.ValidUntil) {
			answer.ValidUntil = until
		}
	}
	return answer, nil
}

// cover returns until when the risk is covered by an acceptance in force at t, or
// what is missing.
func cover(p *RiskPolicy, risk Risk, acceptances []Acceptance, now Basis, t time.Time, zone *time.Location) (time.Time, *gate.Missing) {
	var until time.Time
	var nearest *Acceptance
	for i, a := range acceptances {
		s := a.Standing(p, now, t)
		if s.Code == InForce && risk.Rated() {
			if s.ValidUntil.After(until) {
				until = s.ValidUntil
			}
			continue
		}
		if nearest == nil || telling(s.Code) >= telling(nearest.Standing(p, now, t).Code) {
			nearest = &acceptances[i]
		}
	}
	if !until.IsZero() {
		return until, nil
	}
	missing := unrated(risk)
	if risk.Rated() || risk.Rating.Outdated && nearest != nil {
		missing = lacking(p, risk, nearest, now, t, zone)
	}
	if risk.Rating.Outdated {
		missing.LiftedBy = ratedAgain(risk)
	}
	return time.Time{}, &missing
}

// telling orders standings by how much they help the reader: what is nearest to
// being in force comes last. Among equals the latest request wins.
func telling(c StandingCode) int {
	switch c {
	case ConditionOverdue:
		return 4
	case NotStarted:
		return 3
	case Awaiting:
		return 2
	case Expired, WasRevoked, Void:
		return 1
	default:
		return 0
	}
}

// lacking describes the missing acceptance by the one that comes nearest, if any.
func lacking(p *RiskPolicy, risk Risk, a *Acceptance, now Basis, t time.Time, zone *time.Location) gate.Missing {
	m := gate.Missing{
		Code: CodeMissing, Message: fmt.Sprintf("A risk rated %s is not accepted.", risk.Rating.Residual.Rating),
		URL: risk.URL(), Item: risk.Item(), Visibility: risk.Visibility,
	}
	for _, need := range p.Needs(now) {
		if m.LiftedBy != "" {
			m.LiftedBy += " "
		}
		m.LiftedBy += need.LiftedBy()
	}
	if a == nil {
		return m
	}
	standing := a.Standing(p, now, t)
	switch standing.Code {
	case ConditionOverdue:
		m.Code, m.Message, m.LiftedBy = CodeConditionOverdue, "A condition of the acceptance is past its date and not met.", "Evidence that the condition is met."
	case NotStarted:
		m.Code, m.Message = CodeNotStarted, "The acceptance begins "+onset(a.From, zone)+"."
	case Awaiting:
		m.Code, m.Message = CodeAwaiting, fmt.Sprintf("The acceptance of a risk rated %s waits for its decision.", risk.Rating.Residual.Rating)
	case Expired:
		m.Code, m.Message = CodeExpired, "The acceptance ran out at "+ending(a.Until, zone)+"."
	case WasRevoked:
		m.Code, m.Message = CodeRevoked, "The acceptance was revoked."
	case Void:
		m.Code, m.Message = CodeVoid, "The acceptance is void: what it was decided on has changed."
		if len(standing.Changed) > 0 {
			m.Message = "The acceptance is void: " + changeWords(standing.Changed) + " changed since it was decided."
		}
	default:
		return m
	}
	m.URL = a.URL()
	return m
}

// The gate says days as the pages do: "until 24 December, 00:00" would be read as
// a day too many. Only an end within a day is told by the clock.

// ending says when what ended at an exclusive instant ended.
func ending(at time.Time, zone *time.Location) string {
	if at := at.In(zone); !startsDay(at) {
		return at.Format("15:04 MST on 2 January 2006")
	}
	return "the end of " + at.In(zone).Add(-time.Nanosecond).Format("2 January 2006")
}

// onset says when something begins.
func onset(at time.Time, zone *time.Location) string {
	if at := at.In(zone); !startsDay(at) {
		return at.Format("at 15:04 MST on 2 January 2006")
	}
	return at.In(zone).Format("on 2 January 2006")
}

// startsDay reports whether a day begins then. That is at midnight, or at the first
// instant of a day on which the clocks skip midnight.
func startsDay(at time.Time) bool { return at.Add(-time.Nanosecond).Day() != at.Day() }
