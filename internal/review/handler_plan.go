// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/web"
)

// planPages registers the pages of plans, meetings and metrics.
func (s *Service) planPages(m *web.Mux) {
	m.Page("GET /reviews/plan", ActionInside, s.showPlan)
	web.FormPage[Plan, CapacityInput]{
		Path: "/reviews/plan/capacity", Action: ActionPlan, Page: "review/capacity", Load: s.planHere,
		Values: capacityValues, View: capacityView, Read: readCapacity,
		Do: func(c *web.Ctx, _ Plan, _ int64, in CapacityInput) (web.Next, error) {
			return web.To(web.With("/reviews/plan", "quarter", in.Quarter), "review.capacity.saved"), s.Provide(c.Context(), in)
		},
	}.Register(m)
	s.meetingPages(m)
	m.Page("GET /reviews/metrics", ActionRead, s.showMetrics)
	m.Page("GET /reviews/metrics.csv", ActionRead, s.downloadMetrics)
}

func (s *Service) planHere(c *web.Ctx) (Plan, error) { return s.Plan(c.Context(), c.Query("quarter")) }

func (s *Service) showPlan(c *web.Ctx) error {
	p, err := s.planHere(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "review/plan", planViewOf(c, p))
}

// capacityValues is what is known of the reviewer that the address names.
func capacityValues(c *web.Ctx, p Plan) url.Values {
	person := c.Query("person")
	if person == "" {
		person = c.Actor.ID
	}
	v := url.Values{"quarter": {p.Quarter}}
	for _, one := range p.People {
		if one.Person == person {
			v.Set("person", one.Person)
			v.Set("days", web.Figure(one.Days))
			v.Set("skills", strings.Join(one.Skills, "\n"))
		}
	}
	return v
}

func readCapacity(_ *web.Ctx, _ Plan, f *web.Form) CapacityInput {
	skills := web.Lines(f.Text("skills", MaxSkills*(maxSkill+2)))
	in := CapacityInput{Person: f.String("person", 200), Quarter: f.String("quarter", 7), Skills: &skills}
	f.Require("person", "quarter", "days")
	if text := f.String("days", 10); text != "" {
		days, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		if err != nil {
			f.Refuse("days", "not_a_number", "Enter a number of days, such as 12 or 7.5.")
		}
		in.Days = &days
	}
	return in
}
