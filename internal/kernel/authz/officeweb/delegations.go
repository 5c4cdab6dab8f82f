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
	s.delegatePage(m, office.ActionDelegate, minePath)
	s.delegatePage(m, office.ActionAdminister, postsPath)
	s.revokePage(m, office.ActionDelegate, mineDelegations, minePath)
	s.revokePage(m, office.ActionAdminister, delegationsPath, delegationsPath)
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

// delegatePage is the form by which a post of a list is delegated.
func (s *Site) delegatePage(m *web.Mux, action authz.Action, list string) {
	web.FormPage[delegateView, office.DelegationInput]{
		Path: list + "/{id}/delegate", Action: action, Page: "authz/delegate",
		Load: func(c *web.Ctx) (delegateView, error) { return s.delegateView(c, list) },
		Read: func(_ *web.Ctx, v delegateView, f *web.Form) office.DelegationInput {
			f.Require("to", "until", "reason")
			return office.DelegationInput{
				Post: v.Post.ID, To: f.String("to", 100), From: f.Date("from").Start(s.Location), Until: f.Date("until").End(s.Location), Reason: f.Name("reason", 200),
			}
		},
		Do: func(c *web.Ctx, v delegateView, _ int64, in office.DelegationInput) (web.Next, error) {
			var err error
			if in.To, err = s.person(c.Context(), "to", in.To); err == nil {
				_, err = s.Office.Delegate(c.Context(), in)
			}
			return web.To(list, "authz.delegations.granted", v.Post.Title), err
		},
	}.Register(m)
}

// delegationHere is the delegation of a page, with everything else.
type delegationHere struct {
	state
	delegation authz.Delegation
}

// revokePage asks before a delegation at path is ended, and goes back.
func (s *Site) revokePage(m *web.Mux, action authz.Action, path, back string) {
	web.ConfirmPage[delegationHere, web.None]{
		Path: path + "/{id}/revoke", Action: action,
		Load: func(c *web.Ctx) (delegationHere, error) {
			st, err := s.load(c.Context())
			if err != nil {
				return delegationHere{}, err
			}
			d, err := st.findDelegation(c.Path("id"))
			return delegationHere{st, d}, err
		},
		Version: func(d delegationHere) int64 { return d.delegation.Version },
		Question: func(c *web.Ctx, d delegationHere) web.Confirm {
			return web.Confirm{
				Title: c.Text("authz.revoke.title"), Lead: c.Text("authz.revoke.lead", d.name(d.delegation.To), d.title(d.delegation.Post), d.name(d.delegation.Holder)),
				Consequences: []any{c.Text("authz.revoke.once"), c.Text("authz.revoke.stays")},
				Button:       c.Text("authz.revoke.button"), Danger: true, Cancel: back,
			}
		},
		Do: func(c *web.Ctx, d delegationHere, version int64, _ web.None) (web.Next, error) {
			return web.To(back, "authz.revoke.done"), s.Office.Revoke(c.Context(), d.delegation.ID, version)
		},
	}.Register(m)
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
	t := c.Table(c.Text("authz.delegations.title"), "authz.field.post", "authz.field.holder", "authz.field.to", "authz.field.state",
		"authz.field.from", "authz.field.until", "authz.field.reason")
	t.Empty = &web.Empty{Icon: "hand", Title: c.Text("authz.delegations.empty")}
	if revoke != "" {
		t.Columns = append(t.Columns, web.Column{Text: c.Text("authz.revoke.column")})
	}
	for _, d := range all {
		cells := []any{
			st.title(d.Post), st.name(d.Holder), st.name(d.To), st.delegationState(c, d),
			d.From, web.LastDay(d.Until), d.Reason,
		}
		if revoke != "" {
			var end any
			if !st.over(d) {
				end = web.Link{Text: c.Text("authz.revoke.this", st.name(d.To)), URL: revoke + "/" + url.PathEscape(d.ID) + "/revoke"}
			}
			cells = append(cells, end)
		}
		t.Add(cells...)
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
