// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) bodyPages(m *web.Mux) {
	const administer = office.ActionAdminister
	m.Page("GET /admin/bodies/new", administer, s.showNewBody)
	m.Page("POST /admin/bodies", administer, s.postNewBody)
	m.Page("GET /admin/bodies/{id}", administer, s.showBody)
	m.Page("POST /admin/bodies/{id}", administer, s.postBody)
	m.Page("GET /admin/bodies/{id}/dissolve", administer, s.showDissolve)
	m.Page("POST /admin/bodies/{id}/dissolve", administer, s.postDissolve)
}

// mostMembers bounds a body: who decides by quorum can still meet.
const mostMembers = 500

// bodyView is what templates/body.html shows: a new body has no ID.
type bodyView struct {
	Body          authz.Body
	Action        string
	Organisation  string
	Organisations []web.Choice
}

func bodyViewOf(st state, b authz.Body) bodyView {
	if b.ID == "" {
		return bodyView{Action: bodiesPath, Organisations: st.organisationChoices()}
	}
	return bodyView{Body: b, Action: bodyPath(b.ID), Organisation: st.organisation(b.Organisation)}
}

// bodyHere returns the body of the page, with everything else.
func (s *Site) bodyHere(c *web.Ctx) (state, authz.Body, error) {
	st, err := s.load(c.Context())
	if err != nil {
		return st, authz.Body{}, err
	}
	b, err := st.findBody(c.Path("id"))
	return st, b, err
}

func (s *Site) showNewBody(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	v := bodyViewOf(st, authz.Body{})
	chosen := c.Query("organisation")
	if chosen == "" && len(v.Organisations) == 1 {
		chosen = v.Organisations[0].Value
	}
	c.Prefill(v.Action, url.Values{"organisation": {chosen}})
	return c.Render(http.StatusOK, "authz/body", v)
}

// bodyInput reads the form of a body; what is wrong with it is in the error.
func (s *Site) bodyInput(c *web.Ctx, f *web.Form) (office.BodyInput, error) {
	f.Require("name", "members", "quorum")
	in := office.BodyInput{
		Organisation: f.String("organisation", 100), Name: f.Name("name", 200), Quorum: int(f.Int("quorum", 1, mostMembers)),
	}
	typed := words(f.Text("members", 50_000))
	if err := f.Err(); err != nil {
		return in, err
	}
	var err error
	in.Members, err = s.persons(c.Context(), "members", typed...)
	return in, err
}

func (s *Site) postNewBody(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("organisation")
	in, err := s.bodyInput(c, f)
	if err == nil {
		_, err = s.Office.CreateBody(c.Context(), in)
	}
	if err != nil {
		st, missing := s.load(c.Context())
		if missing != nil {
			return missing
		}
		return c.Again(gathered(err), "authz/body", bodyViewOf(st, authz.Body{}))
	}
	c.Flash("authz.bodies.created", in.Name)
	return c.SeeOther(postsPath)
}

func (s *Site) bodyValues(c *web.Ctx, b authz.Body) (url.Values, error) {
	logins, err := s.logins(c.Context(), b.Members...)
	return url.Values{
		"name": {b.Name}, "members": {strings.Join(logins, "\n")}, "quorum": {strconv.Itoa(b.Quorum)}, "_version": {version(b.Version)},
	}, err
}

func (s *Site) showBody(c *web.Ctx) error {
	st, b, err := s.bodyHere(c)
	if err != nil {
		return err
	}
	values, err := s.bodyValues(c, b)
	if err != nil {
		return err
	}
	v := bodyViewOf(st, b)
	c.Prefill(v.Action, values)
	return c.Render(http.StatusOK, "authz/body", v)
}

func (s *Site) postBody(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	based := f.Version()
	in, err := s.bodyInput(c, f)
	if err == nil {
		_, err = s.Office.ChangeBody(c.Context(), c.Path("id"), based, in)
	}
	if err == nil {
		c.Flash("authz.bodies.saved", in.Name)
		return c.SeeOther(postsPath)
	}
	st, b, missing := s.bodyHere(c)
	if missing != nil {
		return missing
	}
	if fault.Is(err, fault.Stale) {
		values, missing := s.bodyValues(c, b)
		if missing != nil {
			return missing
		}
		f.SetCurrent(values)
	}
	return c.Again(gathered(err), "authz/body", bodyViewOf(st, b))
}

func dissolveQuestion(c *web.Ctx, b authz.Body) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.dissolve.title", b.Name), Lead: c.Text("authz.dissolve.lead"),
		Consequences: []any{c.Text("authz.dissolve.open"), c.Text("authz.dissolve.stays")},
		Action:       bodyPath(b.ID) + "/dissolve", Button: c.Text("authz.dissolve.button"), Danger: true, Cancel: bodyPath(b.ID),
	}
}

func (s *Site) showDissolve(c *web.Ctx) error {
	_, b, err := s.bodyHere(c)
	if err != nil {
		return err
	}
	q := dissolveQuestion(c, b)
	c.Prefill(q.Action, url.Values{"_version": {version(b.Version)}})
	return c.Confirm(q)
}

func (s *Site) postDissolve(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	_, b, err := s.bodyHere(c)
	if err != nil {
		return err
	}
	based := f.Version()
	if err = f.Err(); err == nil {
		err = s.Office.DissolveBody(c.Context(), b.ID, based)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(url.Values{"_version": {version(b.Version)}})
		}
		return c.Again(err, web.ConfirmTemplate, dissolveQuestion(c, b))
	}
	c.Flash("authz.dissolve.done", b.Name)
	return c.SeeOther(postsPath)
}
