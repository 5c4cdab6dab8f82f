// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) delegationPages(m *web.Mux) {
	m.Page("GET /me/posts/{id}/delegate", office.ActionDelegate, s.showDelegate(minePath))
	m.Page("POST /me/posts/{id}/delegate", office.ActionDelegate, s.postDelegate(minePath))
	m.Page("GET /admin/posts/{id}/delegate", office.ActionAdminister, s.showDelegate(postsPath))
	m.Page("POST /admin/posts/{id}/delegate", office.ActionAdminister, s.postDelegate(postsPath))
	m.Page("GET /me/delegations/{id}/revoke", office.ActionDelegate, s.showRevoke(mineDelegations, minePath))
	m.Page("POST /me/delegations/{id}/revoke", office.ActionDelegate, s.postRevoke(mineDelegations, minePath))
	m.Page("GET /admin/delegations/{id}/revoke", office.ActionAdminister, s.showRevoke(delegationsPath, delegationsPath))
	m.Page("POST /admin/delegations/{id}/revoke", office.ActionAdminister, s.postRevoke(delegationsPath, delegationsPath))
}

const mineDelegations = "/me/delegations"

// delegateView is what templates/delegate.html shows.
type delegateView struct {
	Post         authz.Post
	Organisation string
	Rank         string
	Holder       string
	Action, Back string
	Offers       []web.Choice
}

func (s *Site) delegateView(c *web.Ctx, list string) (delegateView, error) {
	st, err := s.load(c.Context())
	if err != nil {
		return delegateView{}, err
	}
	p, err := st.findPost(c.Path("id"))
	if err != nil {
		return delegateView{}, err
	}
	if list == minePath && p.Holder != c.Actor.ID {
		return delegateView{}, fault.New(fault.Forbidden, "authz.not_holder", "Only the holder of a post delegates it. Ask the holder, or an administrator.")
	}
	v := delegateView{
		Post: p, Organisation: st.organisation(p.Organisation), Rank: st.rank(p.Rank), Holder: st.name(p.Holder),
		Action: list + "/" + url.PathEscape(p.ID) + "/delegate", Back: list,
	}
	v.Offers, err = s.offers(c.Context())
	return v, err
}

func (s *Site) showDelegate(list string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		v, err := s.delegateView(c, list)
		if err != nil {
			return err
		}
		return c.Render(http.StatusOK, "authz/delegate", v)
	}
}

func (s *Site) postDelegate(list string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		v, err := s.delegateView(c, list)
		if err != nil {
			return err
		}
		f.Require("to", "until", "reason")
		in := office.DelegationInput{
			Post: v.Post.ID, From: f.Date("from").Start(s.Location), Until: f.Date("until").End(s.Location), Reason: f.Name("reason", 200),
		}
		to := f.String("to", 100)
		if err = f.Err(); err == nil {
			in.To, err = s.person(c.Context(), "to", to)
		}
		if err == nil {
			_, err = s.Office.Delegate(c.Context(), in)
		}
		if err != nil {
			return c.Again(err, "authz/delegate", v)
		}
		c.Flash("authz.delegations.granted", v.Post.Title)
		return c.SeeOther(list)
	}
}

// delegationHere returns the delegation of the page, with everything else.
func (s *Site) delegationHere(c *web.Ctx) (state, authz.Delegation, error) {
	st, err := s.load(c.Context())
	if err != nil {
		return st, authz.Delegation{}, err
	}
	d, err := st.findDelegation(c.Path("id"))
	return st, d, err
}

func revokeQuestion(c *web.Ctx, st state, d authz.Delegation, path, back string) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.revoke.title"), Lead: c.Text("authz.revoke.lead", st.name(d.To), st.title(d.Post), st.name(d.Holder)),
		Consequences: []any{c.Text("authz.revoke.once"), c.Text("authz.revoke.stays")},
		Action:       path + "/" + url.PathEscape(d.ID) + "/revoke", Button: c.Text("authz.revoke.button"), Danger: true, Cancel: back,
	}
}

func (s *Site) showRevoke(path, back string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		st, d, err := s.delegationHere(c)
		if err != nil {
			return err
		}
		q := revokeQuestion(c, st, d, path, back)
		c.Prefill(q.Action, url.Values{"_version": {version(d.Version)}})
		return c.Confirm(q)
	}
}

func (s *Site) postRevoke(path, back string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		st, d, err := s.delegationHere(c)
		if err != nil {
			return err
		}
		based := f.Version()
		if err = f.Err(); err == nil {
			err = s.Office.Revoke(c.Context(), d.ID, based)
		}
		if err != nil {
			if fault.Is(err, fault.Stale) {
				f.SetCurrent(url.Values{"_version": {version(d.Version)}})
			}
			return c.Again(err, web.ConfirmTemplate, revokeQuestion(c, st, d, path, back))
		}
		c.Flash("authz.revoke.done")
		return c.SeeOther(back)
	}
}

// delegationsView is what templates/delegations.html shows.
type delegationsView struct {
	Tabs   web.Tabs
	States []web.Choice
	Table  web.Table
}

const stateAll = "all"

func (s *Site) showDelegations(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	all := c.Query("state") == stateAll
	var shown []authz.Delegation
	for _, d := range slices.Backward(st.Delegations) {
		if all || !st.over(d) {
			shown = append(shown, d)
		}
	}
	revoke := ""
	if c.Can(office.ActionAdminister) {
		revoke = delegationsPath
	}
	c.Prefill(delegationsPath, url.Values{"state": {c.Query("state")}})
	return c.Render(http.StatusOK, "authz/delegations", delegationsView{
		Tabs: s.adminTabs(c), Table: s.delegationTable(c, st, shown, revoke),
		States: []web.Choice{{Value: stateAll, Label: c.Text("authz.delegations.all")}},
	})
}

// over reports whether a delegation can never be exercised any more.
func (st state) over(d authz.Delegation) bool {
	return !d.RevokedAt.IsZero() || !st.now.Before(d.Until)
}

// delegationTable lists delegations; revoke is where they are ended, or empty if
// they are not ended from here.
func (s *Site) delegationTable(c *web.Ctx, st state, all []authz.Delegation, revoke string) web.Table {
	t := web.Table{
		Caption: c.Text("authz.delegations.title"), Hidden: true,
		Columns: columns(c, "authz.field.post", "authz.field.holder", "authz.field.to", "authz.field.state", "authz.field.from", "authz.field.until", "authz.field.reason"),
		Empty:   &web.Empty{Icon: "hand", Title: c.Text("authz.delegations.empty")},
	}
	if revoke != "" {
		t.Columns = append(t.Columns, web.Column{Text: c.Text("authz.revoke.column")})
	}
	for _, d := range all {
		cells := []any{
			st.title(d.Post), st.name(d.Holder), st.name(d.To), st.delegationState(c, d),
			firstDay(d.From, s.Location), lastDay(d.Until, s.Location), d.Reason,
		}
		if revoke != "" {
			var end any
			if !st.over(d) {
				end = web.Link{Text: c.Text("authz.revoke.this", st.name(d.To)), URL: revoke + "/" + url.PathEscape(d.ID) + "/revoke"}
			}
			cells = append(cells, end)
		}
		t.Rows = append(t.Rows, web.Row{Cells: cells})
	}
	return t
}

func (st state) delegationState(c *web.Ctx, d authz.Delegation) web.Badge {
	switch {
	case st.InForce(d, st.now):
		return web.Badge{Tone: web.ToneGood, Text: c.Text("authz.delegations.in_force")}
	case !d.RevokedAt.IsZero():
		return web.Badge{Tone: web.ToneBad, Text: c.Text("authz.delegations.revoked")}
	case st.now.Before(d.From):
		return web.Badge{Tone: web.ToneNotice, Text: c.Text("authz.delegations.later")}
	case !st.now.Before(d.Until):
		return web.Badge{Tone: web.ToneNeutral, Text: c.Text("authz.delegations.over")}
	default:
		// The post fell vacant or changed hands, or an account is closed.
		return web.Badge{Tone: web.ToneWarning, Text: c.Text("authz.delegations.suspended")}
	}
}
