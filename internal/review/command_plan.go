// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"net/http"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// PlanCmd shows a quarter.
type PlanCmd struct {
	Quarter string `arg:"" optional:"" help:"A quarter, such as 2026-Q4; default is the present one." query:"quarter"`
	client.JSONFlag
}

// Run shows the plan of the quarter.
func (c *PlanCmd) Run(s *client.Session) error {
	p, err := client.Get[Plan](s, "/reviews/plan", c)
	return client.Show(s, p, err, c.JSON, printPlan)
}

func printPlan(s *client.Session, p Plan) error {
	s.Printf("%s: %s of %s person-days taken (%s planned, %s done)\n", p.Quarter, web.Figure(p.Taken()), web.Figure(p.Capacity), web.Figure(p.Planned), web.Figure(p.Spent))
	if p.Over > 0 {
		s.Printf("OVER-PLANNED by %s person-days\n", web.Figure(p.Over))
	}
	if p.Nobodys > 0 {
		s.Printf("%s person-days are assigned to nobody\n", web.Figure(p.Nobodys))
	}
	var rows [][]string
	for _, one := range p.People {
		over := ""
		if one.Over > 0 {
			over = "over by " + web.Figure(one.Over)
		}
		rows = append(rows, []string{nameOr(one.Name, one.Person), web.Figure(one.Taken()) + " of " + web.Figure(one.Days), over, strings.Join(one.Skills, ", ")})
	}
	if err := s.Table([]string{"REVIEWER", "DAYS", "", "SKILLS"}, rows, ""); err != nil {
		return err
	}
	rows = nil
	for _, r := range p.Reviews {
		note := r.ScheduledFor
		if r.LeftOver {
			note = "left over from " + r.Quarter
		}
		rows = append(rows, []string{r.ID, plainWord(r.Column), string(r.Priority), web.Figure(r.Effort), note, r.Title})
	}
	if err := s.Table([]string{"REVIEW", "COLUMN", "PRIORITY", "DAYS", "", "TITLE"}, rows, ""); err != nil {
		return err
	}
	rows = nil
	for _, q := range p.Further {
		rows = append(rows, []string{q.Quarter, web.Figure(q.Planned) + " of " + web.Figure(q.Capacity), fmt.Sprint(q.Reviews)})
	}
	return s.Table([]string{"LATER", "DAYS", "REVIEWS"}, rows, "")
}

func nameOr(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// CapacityCmd says what a reviewer has.
type CapacityCmd struct {
	Person  string   `arg:"" optional:"" help:"Login or id of a reviewer; default is you."`
	Quarter string   `help:"The quarter; default is the present one." placeholder:"2026-Q4"`
	Days    *float64 `help:"Person-days for reviews in that quarter." placeholder:"DAYS"`
	Skill   []string `help:"All skills, which replace those before; repeat for more." placeholder:"SKILL" sep:"none" api:"skills"`
	client.JSONFlag
}

// Run says so and shows the plan.
func (c *CapacityCmd) Run(s *client.Session) error {
	in := CapacityInput{Person: c.Person, Quarter: c.Quarter, Days: c.Days}
	if c.Skill != nil {
		in.Skills = &c.Skill
	}
	if in.Days == nil && in.Skills == nil {
		return fault.New(fault.Usage, "review.nothing", "Say what there is: --days or --skill.")
	}
	p, err := client.Send[Plan](s, http.MethodPut, "/reviews/capacity", 0, in)
	return client.Show(s, p, err, c.JSON, printPlan)
}

// SuggestCmd suggests reviewers.
type SuggestCmd struct {
	named
	client.JSONFlag
}

// Run lists who could review, the best first.
func (c *SuggestCmd) Run(s *client.Session) error {
	return client.List(s, client.Path("reviews", c.Review, "candidates"), nil, c.JSON, []string{"REVIEWER", "NAME", "BECAUSE"}, func(one Candidate) []string {
		return []string{nameOr(one.Login, one.Person), one.Name, one.Because}
	})
}
