// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// furtherQuarters is how many quarters a plan looks ahead.
const furtherQuarters = 3

// Plan returns a quarter as the reader may see it; the present one for "".
func (s *Service) Plan(ctx context.Context, quarter string) (Plan, error) {
	if err := s.require(ctx, ActionInside); err != nil {
		return Plan{}, err
	}
	var p Plan
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		p, err = s.plan(ctx, r, authz.ActorFrom(ctx), quarter)
		return err
	})
	if err != nil {
		return Plan{}, err
	}
	return p, nil
}

func (s *Service) plan(ctx context.Context, r store.Reader, a authz.Actor, quarter string) (Plan, error) {
	p := Plan{Now: QuarterOf(r.Now(), s.Zone), Quarter: quarter, People: []PersonPlan{}, Reviews: []PlannedReview{}, Further: []QuarterPlan{}}
	if p.Quarter == "" {
		p.Quarter = p.Now
	}
	var ok bool
	if p.Begins, ok = quarterBegins(p.Quarter, s.Zone); !ok {
		return Plan{}, wrongQuarter()
	}
	p.Ends, _ = quarterBegins(QuarterAfter(p.Quarter, 1), s.Zone)
	var err error
	if p.Reviews, err = plannedReviews(ctx, r, a, p.Quarter, p.Now); err != nil {
		return Plan{}, err
	}
	quarters := []string{p.Quarter}
	for n := range furtherQuarters {
		quarters = append(quarters, QuarterAfter(p.Quarter, n+1))
	}
	days, err := s.capacities(ctx, r, quarters)
	if err != nil {
		return Plan{}, err
	}
	if p.People, err = s.planPeople(ctx, r, p.Reviews, days[p.Quarter]); err != nil {
		return Plan{}, err
	}
	p.fill()
	p.Further, err = furtherPlans(ctx, r, a, quarters[1:], days)
	return p, err
}

func wrongQuarter() error {
	var f item.Fields
	f.Add("quarter", "syntax", "Name a quarter, such as 2026-Q4.")
	return f.Err(CodeInvalid)
}

var plannedRows = store.NewTable("review_item", "r", nil, func(p *PlannedReview) []store.Column {
	return []store.Column{
		store.Text("id", &p.ID), store.Text("title", &p.Title), store.Text("kind", &p.Kind), store.Text("board_column", &p.Column),
		store.Text("priority", &p.Priority), store.JSON("effort", &p.Effort), store.Text("quarter", &p.Quarter),
		store.Text("scheduled_for", &p.ScheduledFor), store.Moment("done_at", &p.DoneAt), store.Text("outcome", &p.Outcome),
	}
})

// plannedReviews returns what was accepted for the quarter and, of the present one,
// what earlier quarters left undone, with who carries it. What went back to Back
// orders is no longer accepted; what was withdrawn, replaced or found not to be
// needed took no effort that anybody planned.
func plannedReviews(ctx context.Context, r store.Reader, a authz.Actor, quarter, now string) ([]PlannedReview, error) {
	args := []any{quarter}
	where := "(r.quarter = $1"
	if quarter == now {
		where += " OR r.quarter <> '' AND r.quarter < $1 AND r.board_column <> 'done'"
	}
	where += ") AND r.board_column NOT IN ('incoming', 'back_orders') AND r.outcome NOT IN ('withdrawn', 'superseded', 'not_needed') AND " + keptReviews.Visible(a, &args)
	all, err := plannedRows.All(ctx, r, "WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	rows, err := r.Query(ctx, `SELECT v.review, v.person FROM review_reviewer v JOIN review_item r ON r.id = v.review
		WHERE v.part <> 'second_reader' AND v.conflict <> 'hard' AND `+where+" ORDER BY v.review, v.person", args...)
	carry, err := store.TextsBy(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load who carries reviews: %w", err)
	}
	for i := range all {
		all[i].CarriedBy = append([]string{}, carry[all[i].ID]...)
		all[i].LeftOver = all[i].Quarter != quarter
	}
	if all == nil {
		all = []PlannedReview{}
	}
	return all, nil
}

// capacity is what one person has in one quarter.
type capacity struct {
	days float64
	said bool
}

// capacities returns by quarter and person how many days the reviewers have.
// Somebody who triages has days only if somebody said so; who left has none.
func (s *Service) capacities(ctx context.Context, r store.Reader, quarters []string) (map[string]map[string]capacity, error) {
	reviewers, err := s.Directory.Holders(ctx, r, authz.RoleReviewer)
	if err != nil {
		return nil, err
	}
	office, err := s.Directory.Holders(ctx, r, authz.RoleReviewer, authz.RoleTriager)
	if err != nil {
		return nil, err
	}
	here := make(map[string]bool, len(office))
	for _, id := range office {
		here[id] = true
	}
	all := make(map[string]map[string]capacity, len(quarters))
	for _, q := range quarters {
		all[q] = make(map[string]capacity, len(reviewers))
		for _, id := range reviewers {
			all[q][id] = capacity{days: s.Policy().Capacity.Days}
		}
	}
	var args []any
	query := "SELECT person, quarter, days FROM review_capacity WHERE quarter IN " + store.In(quarters, &args)
	rows, err := r.Query(ctx, query, args...)
	_, err = store.Collect(rows, err, func(row store.Scanner) (none struct{}, err error) {
		var person, quarter string
		var days float64
		err = row.Scan(&person, &quarter, &days)
		if here[person] {
			all[quarter][person] = capacity{days, true}
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("load capacities: %w", err)
	}
	return all, nil
}

// planPeople returns those who have days, and those who carry something without.
func (s *Service) planPeople(ctx context.Context, r store.Reader, reviews []PlannedReview, days map[string]capacity) ([]PersonPlan, error) {
	var ids []string
	for id := range days {
		ids = append(ids, id)
	}
	for _, p := range reviews {
		ids = append(ids, p.CarriedBy...)
	}
	ids = item.Distinct(ids)
	names, err := s.Directory.Names(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	skills, err := loadSkills(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	people := make([]PersonPlan, len(ids))
	for i, id := range ids {
		people[i] = PersonPlan{Person: id, Name: names[id], Days: days[id].days, Said: days[id].said, Skills: append([]string{}, skills[id]...)}
	}
	return people, nil
}

func loadSkills(ctx context.Context, r store.Reader, people []string) (map[string][]string, error) {
	skills := map[string][]string{}
	for some := range slices.Chunk(people, store.Batch) {
		var args []any
		query := "SELECT person, skill FROM review_skill WHERE person IN " + store.In(some, &args) + " ORDER BY skill"
		rows, err := r.Query(ctx, query, args...)
		found, err := store.TextsBy(rows, err)
		if err != nil {
			return nil, fmt.Errorf("load skills: %w", err)
		}
		for id, words := range found {
			skills[id] = words
		}
	}
	return skills, nil
}

// furtherPlans sums up later quarters.
func furtherPlans(ctx context.Context, r store.Reader, a authz.Actor, quarters []string, days map[string]map[string]capacity) ([]QuarterPlan, error) {
	all := make([]QuarterPlan, len(quarters))
	for i, q := range quarters {
		all[i].Quarter = q
		for _, c := range days[q] {
			all[i].Capacity += c.days
		}
		all[i].Capacity = tidy(all[i].Capacity)
	}
	var args []any
	where := "r.quarter IN " + store.In(quarters, &args) + " AND r.board_column NOT IN ('incoming', 'back_orders', 'done') AND " + keptReviews.Visible(a, &args)
	rows, err := r.Query(ctx, "SELECT r.quarter, r.effort, COUNT(*) FROM review_item r WHERE "+where+" GROUP BY r.quarter, r.effort", args...)
	_, err = store.Collect(rows, err, func(row store.Scanner) (none struct{}, err error) {
		var quarter string
		var effort float64
		var n int
		err = row.Scan(&quarter, &effort, &n)
		if i := slices.Index(quarters, quarter); i >= 0 {
			all[i].Planned, all[i].Reviews = tidy(all[i].Planned+effort*float64(n)), all[i].Reviews+n
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("sum up later quarters: %w", err)
	}
	return all, nil
}

// PlanNotice says how a quarter would stand with a review of that effort more, for
// whoever is about to accept one for it, and whether that is more than the
// reviewers have. effort is 0 of a review that the quarter holds already.
func (s *Service) PlanNotice(ctx context.Context, quarter string, effort float64) (text web.Message, over bool, err error) {
	p, err := s.Plan(ctx, quarter)
	if err != nil {
		return web.Message{}, false, err
	}
	taken := tidy(p.Taken() + effort)
	if above := tidy(taken - p.Capacity); above > 0 {
		return web.Msg("review.plan.notice_over", p.Quarter, web.Figure(taken), web.Figure(p.Capacity), web.Figure(above)), true, nil
	}
	return web.Msg("review.plan.notice_room", p.Quarter, web.Figure(taken), web.Figure(p.Capacity)), false, nil
}
