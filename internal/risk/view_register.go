// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

type registerView struct {
	Bare    bool // nothing is registered, as far as the reader may see
	By      web.Tabs
	Matrix  web.Matrix
	Chosen  string // the cell that is chosen
	Whole   string // address without it
	States  []web.Choice
	Ratings []web.Choice
	Sorts   []web.Choice
	Kept    []web.Choice // hidden fields that keep the switch and the chosen cell
	Table   web.Table
	Pager   web.Pager
	Count   int64
}

func (s *Service) registerView(c *web.Ctx, f Filter, page Page, counts Counts) registerView {
	v := registerView{Count: counts.Total, By: bySwitch(c, f), Table: s.riskTable(c, f, page), Matrix: s.countMatrix(c, f, counts)}
	v.States = c.Choices("risk.state_", FilterActive, string(StateOpen), string(StateTreated), string(StateClosed), FilterAll)
	v.Ratings = c.Choices("risk.rating_", ratingNames()...)
	v.Sorts = c.Choices("risk.sort_", SortWorst, SortRecent)
	query := filterValues(f)
	if f.By != "" {
		v.Kept = append(v.Kept, web.Choice{Label: "by", Value: f.By})
	}
	if f.Likelihood > 0 && f.Impact > 0 {
		cell := matrix.Cell{Likelihood: f.Likelihood, Impact: f.Impact}
		v.Chosen = c.Text("risk.register.chosen", s.cellText(c, cell))
		v.Kept = append(v.Kept, web.Choice{Label: "likelihood", Value: strconv.Itoa(f.Likelihood)}, web.Choice{Label: "impact", Value: strconv.Itoa(f.Impact)})
		whole := filterValues(f)
		whole.Del("likelihood")
		whole.Del("impact")
		v.Whole = "/risks?" + whole.Encode()
	}
	v.Bare = counts.Total == 0 && f == Filter{State: FilterActive, By: f.By, Sort: f.Sort}
	v.Table.Empty = emptyRegister(c, v.Bare)
	v.Pager = c.Pager("/risks", query, page.Next)
	return v
}

func emptyRegister(c *web.Ctx, bare bool) *web.Empty {
	if !bare {
		return &web.Empty{Icon: "filter", Title: c.Text("risk.register.no_match"), Text: c.Text("risk.register.no_match_text"),
			Action: &web.Link{Text: c.Text("risk.register.unfilter"), URL: "/risks", Icon: "x"}}
	}
	empty := &web.Empty{Icon: "shield-check", Title: c.Text("risk.register.empty"), Text: c.Text("risk.register.empty_text")}
	if c.Can(ActionRegister) {
		empty.Action = &web.Link{Text: c.Text("risk.new.title"), URL: "/risks/new", Icon: "plus"}
	}
	return empty
}

// bySwitch leads from the residual ratings to the inherent ones and back. A cell
// that is chosen lies in one of the two matrices and is let go.
func bySwitch(c *web.Ctx, f Filter) web.Tabs {
	t := web.Tabs{Label: c.Text("risk.register.by")}
	for _, by := range []string{ByResidual, ByInherent} {
		query := filterValues(Filter{State: f.State, By: by, Rating: f.Rating, Owner: f.Owner, Subject: f.Subject, Sort: f.Sort})
		current := by == f.By || by == ByResidual && f.By == ""
		t.Items = append(t.Items, web.Tab{Text: c.Text("risk.by_" + by), URL: "/risks?" + query.Encode(), Count: -1, Current: current})
	}
	return t
}

// countMatrix draws how many risks lie in each cell; a number leads to them.
func (s *Service) countMatrix(c *web.Ctx, f Filter, counts Counts) web.Matrix {
	g := s.grid(c, c.Text("risk.register.matrix"))
	g.Hint = c.Text("risk.register.residual_hint")
	if f.By == ByInherent {
		g.Hint = c.Text("risk.register.inherent_hint")
	}
	for _, cell := range counts.Cells {
		query := filterValues(f)
		query.Set("likelihood", strconv.Itoa(cell.Likelihood))
		query.Set("impact", strconv.Itoa(cell.Impact))
		at := field(&g, cell.Cell)
		at.Count, at.What, at.URL = int(cell.Count), c.Text("risk.counted", int(cell.Count)), "/risks?"+query.Encode()+"#list"
		if cell.Likelihood == f.Likelihood && cell.Impact == f.Impact {
			at.Mark = c.Text("risk.register.shown")
		}
	}
	return g
}

func (s *Service) riskTable(c *web.Ctx, f Filter, page Page) web.Table {
	rating := "risk.field.rating"
	if f.By == ByInherent {
		rating = "risk.field.inherent"
	}
	t := c.Table(c.Text("risk.register.caption"), "risk.field.risk", rating, "risk.field.subject", "risk.field.owner", "risk.field.acceptance", "risk.field.review_due")
	for _, r := range page.Items {
		t.Rows = append(t.Rows, s.riskRow(c, f, r))
	}
	return t
}

func (s *Service) riskRow(c *web.Ctx, f Filter, r Summary) web.Row {
	row := web.Row{}
	first := []any{web.Link{Text: r.Title, URL: r.URL()}}
	if r.State != StateOpen {
		first = append(first, stateBadge(c, r.State))
	}
	if r.Visibility == authz.Restricted {
		first = append(first, c.Visibility(r.Visibility))
	}
	rating := []any{ratingBadge(c, r.Effective.Rating)}
	if f.By == ByInherent {
		rating[0] = ratingBadge(c, r.Inherent.Rating)
	}
	if !r.Rated() {
		rating = append(rating, web.Badge{Tone: web.ToneNotice, Text: c.Text("risk.proposed")})
	}
	review := []any{r.ReviewDue}
	if !r.Closed() && !r.ReviewDue.IsZero() && r.ReviewDue.Before(c.Now()) {
		row.Tone = web.ToneWarning
		review = append(review, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.overdue")})
	}
	var acceptance any
	if r.Acceptance != "" {
		acceptance = standingBadge(c, r.Acceptance)
	}
	if r.Acceptance == InForce {
		acceptance = []any{acceptance, web.Msg("risk.until", c.Day(web.LastDay(r.AcceptedUntil)))}
	}
	if standingTone(r.Acceptance) == web.ToneBad && !r.Closed() {
		row.Tone = web.ToneBad
	}
	subject := itemweb.SubjectLink(r.Subject, r.SubjectTitle)
	if r.ReviewDue.IsZero() {
		review = nil
	}
	row.Cells = []any{first, rating, itemweb.Shown(c, subject), itemweb.Shown(c, r.OwnerName), itemweb.Shown(c, acceptance), itemweb.Shown(c, any(review))}
	return row
}

func ratingNames() []string { return web.Strings(matrix.Ratings()) }
