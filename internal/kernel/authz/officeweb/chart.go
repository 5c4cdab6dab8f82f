// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
)

// chartView is what templates/chart.html shows.
type chartView struct {
	Tabs          web.Tabs
	Organisations []organisationView
	None          *web.Empty
	Vacant        int
	MayEdit       bool
}

// organisationView is one organisation on the chart.
type organisationView struct {
	ID, Name string
	Posts    web.Table
	Bodies   web.Table
}

func (s *Site) adminTabs(c *web.Ctx) web.Tabs {
	return c.Tabs(c.Text("authz.nav.sections"), s.Sections)
}

func (s *Site) showChart(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	v := chartView{Tabs: s.adminTabs(c), MayEdit: c.Can(office.ActionAdminister)}
	for _, o := range st.organisations {
		one := organisationView{ID: o.ID, Name: o.Name, Posts: st.postTable(c, o.ID, v.MayEdit), Bodies: bodyTable(c, st, o.ID, v.MayEdit)}
		v.Organisations = append(v.Organisations, one)
	}
	for _, p := range st.Posts {
		if !st.Filled(p, st.now) {
			v.Vacant++
		}
	}
	if len(st.organisations) == 0 {
		v.None = &web.Empty{Icon: "landmark", Title: c.Text("authz.posts.no_organisation"), Text: c.Text("authz.posts.no_organisation_text")}
	}
	return c.Render(http.StatusOK, "authz/chart", v)
}

// postTable draws the posts of an organisation, highest rank first.
func (st state) postTable(c *web.Ctx, organisation string, mayEdit bool) web.Table {
	t := c.Table(c.Text("authz.posts.of", st.organisation(organisation)),
		"authz.field.post", "authz.field.rank", "authz.field.function", "authz.field.holder", "authz.field.acting")
	for _, p := range ofOrganisation(st.Authority, organisation) {
		row := web.Row{Cells: []any{titleOf(p.Title, postPath(p.ID), mayEdit), st.rank(p.Rank), p.Function, st.holder(c, p), st.acting(c, p)}}
		if !st.Filled(p, st.now) {
			row.Tone = web.ToneWarning
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// holder shows who holds a post, or that it is vacant and where its authority is.
func (st state) holder(c *web.Ctx, p authz.Post) any {
	if st.Filled(p, st.now) {
		if p.Until.IsZero() {
			return st.name(p.Holder)
		}
		return []any{st.name(p.Holder), c.Text("authz.posts.until"), web.LastDay(p.Until)}
	}
	cell := []any{web.Badge{Tone: web.ToneWarning, Text: c.Text("authz.posts.vacant")}, vacancy(c, st, p)}
	switch {
	case p.Holder == "":
	case !st.Active[p.Holder]:
		cell = append(cell, c.Text("authz.posts.inactive", st.name(p.Holder)))
	case st.now.Before(p.Since):
		cell = append(cell, c.Text("authz.posts.from", st.name(p.Holder)), p.Since)
	default:
		cell = append(cell, c.Text("authz.posts.ended", st.name(p.Holder)), web.LastDay(p.Until))
	}
	return cell
}

// vacancy says where the authority of a vacant post is, beside its badge.
func vacancy(c *web.Ctx, st state, p authz.Post) string {
	if with := st.successors(p); with != "" {
		return c.Text("authz.posts.with", with)
	}
	return c.Text("authz.posts.with_nobody")
}

// meanwhile says the same as a sentence.
func meanwhile(c *web.Ctx, st state, p authz.Post) string {
	if with := st.successors(p); with != "" {
		return c.Text("authz.posts.meanwhile", with)
	}
	return c.Text("authz.posts.meanwhile_nobody")
}

// successors names who exercises the authority of a vacant post.
func (st state) successors(p authz.Post) string {
	var names []string
	for _, one := range successors(st.Authority, p, st.now) {
		names = append(names, st.name(one.Person)+" ("+st.title(one.Post)+")")
	}
	return strings.Join(names, ", ")
}

func (st state) title(post string) string {
	i := slices.IndexFunc(st.Posts, func(p authz.Post) bool { return p.ID == post })
	if i < 0 {
		return post
	}
	return st.Posts[i].Title
}

// acting lists who acts for the holder of a post by delegation.
func (st state) acting(c *web.Ctx, p authz.Post) any {
	var all []any
	for _, d := range st.Delegations {
		if d.Post == p.ID && st.InForce(d, st.now) {
			all = append(all, st.name(d.To), c.Text("authz.posts.until"), web.LastDay(d.Until))
		}
	}
	if all == nil {
		return nil
	}
	return all
}

func bodyTable(c *web.Ctx, st state, organisation string, mayEdit bool) web.Table {
	t := c.Table(c.Text("authz.bodies.of", st.organisation(organisation)), "authz.field.body", "authz.field.members", "authz.field.quorum")
	for _, b := range st.Bodies {
		if b.Organisation != organisation {
			continue
		}
		quorum := []any{c.Text("authz.bodies.quorum", b.Quorum, len(b.Members))}
		row := web.Row{}
		if active := st.activeMembers(b); active < b.Quorum {
			quorum = append(quorum, web.Badge{Tone: web.ToneWarning, Text: c.Text("authz.bodies.too_few", active)})
			row.Tone = web.ToneWarning
		}
		row.Cells = []any{titleOf(b.Name, bodyPath(b.ID), mayEdit), strings.Join(st.memberNames(b), ", "), quorum}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (st state) activeMembers(b authz.Body) int {
	n := 0
	for _, m := range b.Members {
		if st.Active[m] {
			n++
		}
	}
	return n
}

func (st state) memberNames(b authz.Body) []string {
	var names []string
	for _, m := range b.Members {
		names = append(names, st.name(m))
	}
	slices.Sort(names)
	return names
}

// ranksView is what templates/ranks.html shows.
type ranksView struct {
	Tabs  web.Tabs
	Table web.Table
}

func (s *Site) showRanks(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	t := c.Table(c.Text("authz.ranks.title"), "authz.field.rank", "authz.field.name", "authz.ranks.posts")
	t.Empty = &web.Empty{Icon: "layers", Title: c.Text("authz.ranks.empty"), Text: c.Text("authz.ranks.lead")}
	t.Columns[2].Number = true
	for _, r := range slices.Backward(st.Ranks) {
		n := 0
		for _, p := range st.Posts {
			if p.Rank == r.Name {
				n++
			}
		}
		t.Add(r.Title, r.Name, n)
	}
	return c.Render(http.StatusOK, "authz/ranks", ranksView{s.adminTabs(c), t})
}

// titleOf is a name that leads to where it can be changed.
func titleOf(name, path string, mayEdit bool) any {
	if !mayEdit {
		return name
	}
	return web.Link{Text: name, URL: path}
}

func postPath(id string) string { return postsPath + "/" + url.PathEscape(id) }
func bodyPath(id string) string { return bodiesPath + "/" + url.PathEscape(id) }
