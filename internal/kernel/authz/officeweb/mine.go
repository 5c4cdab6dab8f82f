// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
)

// mineView is what templates/mine.html shows.
type mineView struct {
	Tabs        web.Tabs
	Rights      []rightsView
	None        *web.Empty
	Posts       web.Table
	Delegations web.Table
}

// rightsView is what somebody may exercise in one organisation, in sentences.
type rightsView struct {
	Organisation string
	Terms        web.Terms
}

func (s *Site) showMine(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	me := c.Actor.ID
	v := mineView{Tabs: c.Tabs(c.Text("authz.nav.profile"), s.Profile), Rights: st.rightsOf(c, me), Posts: s.ownPosts(c, st)}
	if len(v.Rights) == 0 {
		v.None = &web.Empty{Icon: "scale", Title: c.Text("authz.mine.none"), Text: c.Text("authz.mine.none_text")}
	}
	var mine []authz.Delegation
	for _, d := range slices.Backward(st.Delegations) {
		if (d.To == me || d.Holder == me) && !st.over(d) {
			mine = append(mine, d)
		}
	}
	revoke := ""
	if c.Can(office.ActionDelegate) {
		revoke = mineDelegations
	}
	v.Delegations = s.delegationTable(c, st, mine, revoke)
	return c.Render(http.StatusOK, "authz/mine", v)
}

// rightsOf lists what somebody may exercise now, by organisation.
func (st state) rightsOf(c *web.Ctx, person string) []rightsView {
	var all []rightsView
	for _, o := range st.organisations {
		var terms web.Terms
		for _, r := range st.Rights(person, o.ID, st.now) {
			terms.Items = append(terms.Items, web.Term{Name: st.rightName(c, r), Value: r.Explanation})
		}
		if len(terms.Items) > 0 {
			all = append(all, rightsView{Organisation: o.Name, Terms: terms})
		}
	}
	return all
}

func (st state) rightName(c *web.Ctx, r authz.Right) string {
	switch r.Kind {
	case authz.RightFunction:
		return c.Text("authz.right.function", r.Function)
	case authz.RightBody:
		return c.Text("authz.right.body")
	default:
		return c.Text("authz.right.rank", st.rank(r.Rank))
	}
}

// ownPosts lists the posts that the actor holds, with the way to delegate each.
func (s *Site) ownPosts(c *web.Ctx, st state) web.Table {
	t := c.Table(c.Text("authz.mine.posts"), "authz.field.post", "authz.field.organisation", "authz.field.rank", "authz.field.function",
		"authz.field.until", "authz.field.acting")
	t.Empty = &web.Empty{Icon: "user-check", Title: c.Text("authz.mine.no_post")}
	may := c.Can(office.ActionDelegate)
	if may {
		t.Columns = append(t.Columns, web.Column{Text: c.Text("authz.delegate.column")})
	}
	for _, p := range byRank(st.Authority, st.Posts) {
		if p.Holder != c.Actor.ID {
			continue
		}
		cells := []any{p.Title, st.organisation(p.Organisation), st.rank(p.Rank), p.Function, web.LastDay(p.Until), st.acting(c, p)}
		if may {
			var link any
			if st.Filled(p, st.now) {
				link = web.Link{Text: c.Text("authz.delegate.this", p.Title), URL: minePath + "/" + url.PathEscape(p.ID) + "/delegate"}
			}
			cells = append(cells, link)
		}
		t.Add(cells...)
	}
	return t
}
