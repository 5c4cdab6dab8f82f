// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Plan is a quarter as the reader may see it: who has how many person-days for
// reviews, what was accepted, and by how much that is too much. Reviews that are
// not shown to the reader do not count.
//
// A review's effort is carried in equal parts by its lead and its reviewers; those
// who declared a hard conflict and second readers carry nothing. Of a review that
// nobody carries all of it is unassigned. What is done in the quarter that it was
// accepted for took its effort all the same. What an earlier quarter left undone
// counts in the present one.
type Plan struct {
	Quarter  string    `json:"quarter" doc:"such as 2026-Q4"`
	Now      string    `json:"now" doc:"the present quarter"`
	Begins   time.Time `json:"begins"`
	Ends     time.Time `json:"ends"`
	Capacity float64   `json:"capacity" doc:"person-days of all reviewers"`
	Planned  float64   `json:"planned" doc:"person-days of what was accepted and is not done"`
	Spent    float64   `json:"spent" doc:"person-days of what was accepted and is done"`
	LeftOver float64   `json:"left_over" doc:"of those planned, person-days that earlier quarters left undone"`
	Nobodys  float64   `json:"unassigned" doc:"of those planned, person-days that nobody carries"`
	Over     float64   `json:"over" doc:"person-days planned and spent above the capacity; 0: none"`

	People  []PersonPlan    `json:"people" nullable:"false" doc:"reviewers, the fullest first"`
	Reviews []PlannedReview `json:"reviews" nullable:"false" doc:"accepted for the quarter, or left over: in progress first, done last"`
	Further []QuarterPlan   `json:"further" nullable:"false" doc:"the quarters after it"`
}

// PersonPlan is one reviewer's quarter.
type PersonPlan struct {
	Person  string   `json:"person"`
	Name    string   `json:"name,omitempty"`
	Days    float64  `json:"days" doc:"person-days for reviews"`
	Said    bool     `json:"said" doc:"somebody said so for this quarter; false: what policy.review gives"`
	Skills  []string `json:"skills" nullable:"false"`
	Planned float64  `json:"planned"`
	Spent   float64  `json:"spent"`
	Reviews int      `json:"reviews" doc:"that they carry and that are not done"`
	Over    float64  `json:"over"`
}

// Taken is what the person has planned and spent.
func (p PersonPlan) Taken() float64 { return tidy(p.Planned + p.Spent) }

// PlannedReview is a review as a plan lists it.
type PlannedReview struct {
	ID           string    `json:"id"`
	Title        string    `json:"title"`
	Kind         string    `json:"kind"`
	Column       Column    `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting,done"`
	Priority     Priority  `json:"priority,omitempty" enum:"urgent,high,medium,low"`
	Effort       float64   `json:"effort"`
	Quarter      string    `json:"quarter"`
	ScheduledFor string    `json:"scheduled_for,omitempty"`
	DoneAt       time.Time `json:"done_at,omitzero"`
	Outcome      Outcome   `json:"outcome,omitempty"`
	CarriedBy    []string  `json:"carried_by" nullable:"false" doc:"ids of the lead and the reviewers"`
	LeftOver     bool      `json:"left_over,omitempty" doc:"an earlier quarter left it undone"`
}

// URL is the review's page.
func (p PlannedReview) URL() string { return Review{ID: p.ID}.URL() }

// QuarterPlan is a later quarter in a line.
type QuarterPlan struct {
	Quarter  string  `json:"quarter"`
	Capacity float64 `json:"capacity"`
	Planned  float64 `json:"planned"`
	Reviews  int     `json:"reviews"`
}

// Taken is what the quarter has planned and spent.
func (p Plan) Taken() float64 { return tidy(p.Planned + p.Spent) }

// Count returns how many of the quarter's reviews are planned, in progress (or
// waiting) and done.
func (p Plan) Count() (planned, running, done int) {
	for _, r := range p.Reviews {
		switch r.Column {
		case Done:
			done++
		case InProgress, Waiting:
			running++
		default:
			planned++
		}
	}
	return planned, running, done
}

// fill computes a plan from its reviews and its people, whose days are known.
func (p *Plan) fill() {
	at := make(map[string]int, len(p.People))
	for i, person := range p.People {
		at[person.Person] = i
		p.Capacity += person.Days
	}
	for _, r := range p.Reviews {
		if r.Column == Done {
			p.Spent += r.Effort
		} else {
			p.Planned += r.Effort
		}
		if r.LeftOver {
			p.LeftOver += r.Effort
		}
		if len(r.CarriedBy) == 0 && r.Column != Done {
			p.Nobodys += r.Effort
		}
		for _, id := range r.CarriedBy {
			person := &p.People[at[id]]
			part := r.Effort / float64(len(r.CarriedBy))
			if r.Column == Done {
				person.Spent += part
				continue
			}
			person.Planned += part
			person.Reviews++
		}
	}
	for i := range p.People {
		person := &p.People[i]
		person.Over = tidy(max(0, person.Planned+person.Spent-person.Days))
		person.Planned, person.Spent = tidy(person.Planned), tidy(person.Spent)
	}
	p.Over = tidy(max(0, p.Planned+p.Spent-p.Capacity))
	p.Capacity, p.Planned, p.Spent, p.LeftOver, p.Nobodys = tidy(p.Capacity), tidy(p.Planned), tidy(p.Spent), tidy(p.LeftOver), tidy(p.Nobodys)
	slices.SortStableFunc(p.People, func(a, b PersonPlan) int {
		return cmp.Or(-cmp.Compare(a.Taken()-a.Days, b.Taken()-b.Days), strings.Compare(a.Name, b.Name), strings.Compare(a.Person, b.Person))
	})
	slices.SortStableFunc(p.Reviews, func(a, b PlannedReview) int {
		return cmp.Or(cmp.Compare(planOrder(a.Column), planOrder(b.Column)), cmp.Compare(a.Priority.weight(), b.Priority.weight()), strings.Compare(a.ID, b.ID))
	})
}

// planOrder puts what is at work first and what is done last.
func planOrder(c Column) int {
	return slices.Index([]Column{InProgress, Waiting, Planned, BackOrders, Incoming, Done}, c)
}

// tidy rounds person-days to a hundredth, so that thirds add up.
func tidy(days float64) float64 { return math.Round(days*100) / 100 }

// Candidate is somebody who could review, with what speaks for and against it.
type Candidate struct {
	Person  string   `json:"person"`
	Name    string   `json:"name,omitempty"`
	Login   string   `json:"login,omitempty" doc:"for those who may read the directory"`
	Knows   []string `json:"knows" nullable:"false" doc:"skills of theirs that the review asks for"`
	Taken   float64  `json:"taken" doc:"person-days of theirs that are planned or spent in the quarter"`
	Days    float64  `json:"days" doc:"person-days that they have in the quarter"`
	Room    bool     `json:"room" doc:"a review of this effort still fits"`
	Because string   `json:"because" doc:"such as: knows kubernetes; 4 of 20 days taken"`
}

// rank orders candidates: those with room first, then who knows more of what is
// asked for, then who has less to do.
func rank(all []Candidate) {
	load := func(c Candidate) float64 {
		if c.Days <= 0 {
			return math.Inf(1)
		}
		return c.Taken / c.Days
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		room := func(c Candidate) int {
			if c.Room {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(room(a), room(b)), -cmp.Compare(len(a.Knows), len(b.Knows)), cmp.Compare(load(a), load(b)), strings.Compare(a.Name, b.Name), strings.Compare(a.Person, b.Person))
	})
}

// known returns those of the skills that one of the texts names, as whole words:
// "kubernetes" is known of "Kubernetes cluster", and "go" is not of "Django".
func known(skills, texts []string) []string {
	found := []string{}
	for _, skill := range skills {
		want := wordsOf(skill)
		if want != " " && slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(wordsOf(text), want) }) {
			found = append(found, skill)
		}
	}
	return found
}

// wordsOf is a text as words in lower case, with a space around each.
func wordsOf(text string) string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127 || r == '+' || r == '#')
	})
	if len(fields) == 0 {
		return " "
	}
	return " " + strings.Join(fields, " ") + " "
}
