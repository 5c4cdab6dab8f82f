// SPDX-License-Identifier: Apache-2.0

package review

import (
	"embed"
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Navigation returns the reviews' entry in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "review.nav", URL: "/reviews", Icon: "file-check", Action: ActionRead, Also: []string{"/review-kinds", "/review-meetings"}}}
}

// SubjectSteps returns what the page of a subject offers to begin here.
func SubjectSteps() []web.NavItem {
	return []web.NavItem{{Label: "review.new.title", URL: "/reviews/new", Icon: "file-check", Action: ActionRequest}}
}

// Pages registers the pages under /reviews and /review-kinds.
func (s *Service) Pages(m *web.Mux) {
	s.texts = m
	m.Files("review", pageFiles)
	m.Page("GET /reviews", ActionRead, s.showBoard)
	m.Page("GET /reviews/list", ActionRead, s.showList)
	s.newPages(m)
	m.Page("GET /reviews/{id}", ActionRead, s.showReview)
	m.Public("GET /reviews/{id}/abstract", "what was published of a review is for everybody", s.showAbstract)
	s.boardPages(m)
	s.recordPages(m)
	s.outcomePages(m)
	s.kindPages(m)
	s.planPages(m)
}

func (s *Service) showBoard(c *web.Ctx) error {
	kind := c.Query("kind")
	board, err := s.Board(c.Context(), kind)
	if err != nil {
		return err
	}
	v, err := s.boardView(c, kind, board)
	if err != nil {
		return err
	}
	c.Prefill("/reviews", url.Values{"kind": {kind}})
	return c.Render(http.StatusOK, "review/board", v)
}

func (s *Service) showList(c *web.Ctx) error {
	f := filterOf(c)
	page, err := s.List(c.Context(), f)
	if err != nil {
		return err
	}
	v, err := s.listView(c, f, page)
	if err != nil {
		return err
	}
	c.Prefill("/reviews/list", filterValues(f))
	return c.Render(http.StatusOK, "review/list", v)
}

// filterOf reads the filter from the address.
func filterOf(c *web.Ctx) Filter {
	f := Filter{
		Column: c.Query("column"), Kind: c.Query("kind"), Outcome: Outcome(c.Query("outcome")), Quarter: c.Query("quarter"),
		Person: c.Query("person"), Subject: c.Query("subject"), Sort: c.Query("sort"), Cursor: c.Query("cursor"),
	}
	if f.Column == "" {
		f.Column = FilterOpen
		if f.Outcome != "" {
			f.Column = FilterAll // only what is done has one
		}
	}
	if f.Sort == "" {
		f.Sort = SortUrgent
	}
	return f
}

// filterValues is the filter as an address holds it, without the cursor.
func filterValues(f Filter) url.Values {
	v := url.Values{}
	for _, p := range [][2]string{
		{"column", f.Column}, {"kind", f.Kind}, {"outcome", string(f.Outcome)}, {"quarter", f.Quarter},
		{"person", f.Person}, {"subject", f.Subject}, {"sort", f.Sort},
	} {
		if p[1] != "" {
			v.Set(p[0], p[1])
		}
	}
	return v
}

func (s *Service) showReview(c *web.Ctx) error {
	d, err := s.here(c)
	if err != nil {
		return err
	}
	v, err := s.reviewView(c, d)
	if err != nil {
		return err
	}
	for _, q := range v.Questions {
		if q.Answer != "" {
			c.Prefill(q.Answer, versionOf(d))
		}
	}
	return c.Render(http.StatusOK, "review/review", v)
}
