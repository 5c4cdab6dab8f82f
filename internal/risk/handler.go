// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"embed"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

//go:embed templates messages
var pageFiles embed.FS

// Navigation returns the register's entry in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "risk.nav", URL: "/risks", Icon: "shield-alert", Action: ActionRead}}
}

// SubjectSteps returns what the page of a subject offers to begin here.
func SubjectSteps() []web.NavItem {
	return []web.NavItem{{Label: "risk.new.title", URL: "/risks/new", Icon: "shield-alert", Action: ActionRegister}}
}

// Pages registers the pages under /risks.
func (s *Service) Pages(m *web.Mux) {
	s.texts = m
	m.Files("risk", pageFiles)
	m.Page("GET /risks", ActionRead, s.showRegister)
	s.newPage(m)
	m.Page("GET /risks/{id}", ActionRead, s.showRisk)
	s.riskPages(m)
	s.acceptancePages(m)
}

func (s *Service) showRegister(c *web.Ctx) error {
	f := filterOf(c)
	page, err := s.List(c.Context(), f)
	if err != nil {
		return err
	}
	counts, err := s.Matrix(c.Context(), f)
	if err != nil {
		return err
	}
	values := filterValues(f)
	if f.Sort == "" {
		values.Set("sort", SortWorst)
	}
	c.Prefill("/risks", values)
	return c.Render(http.StatusOK, "risk/register", s.registerView(c, f, page, counts))
}

// filterOf reads the filter from the address. A cell that is none selects all.
func filterOf(c *web.Ctx) Filter {
	cell := func(name string) int {
		n, err := strconv.Atoi(c.Query(name))
		if err != nil || n < 1 || n > matrix.Steps {
			return 0
		}
		return n
	}
	f := Filter{
		State: c.Query("state"), By: c.Query("by"), Rating: matrix.Rating(c.Query("rating")), Owner: c.Query("owner"), Subject: c.Query("subject"),
		Sort: c.Query("sort"), Cursor: c.Query("cursor"), Likelihood: cell("likelihood"), Impact: cell("impact"),
	}
	if f.State == "" {
		f.State = FilterActive
	}
	return f
}

// filterValues is the filter as an address holds it, without the cursor.
func filterValues(f Filter) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			v.Set(name, value)
		}
	}
	set("state", f.State)
	set("by", f.By)
	set("rating", string(f.Rating))
	set("owner", f.Owner)
	set("subject", f.Subject)
	set("sort", f.Sort)
	set("likelihood", strconv.Itoa(f.Likelihood))
	set("impact", strconv.Itoa(f.Impact))
	return v
}

func (s *Service) showRisk(c *web.Ctx) error {
	d, err := s.Get(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	v, err := s.riskView(c, d)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "risk/risk", v)
}
