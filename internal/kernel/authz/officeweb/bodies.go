// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) bodyPages(m *web.Mux) {
	form := web.FormPage[bodyHere, office.BodyInput]{
		Path: "/admin/bodies/new", Sends: "/admin/bodies", Action: office.ActionAdminister, Page: "authz/body",
		Load:   s.newBody,
		Values: func(c *web.Ctx, d bodyHere) url.Values { return d.suggestOrganisation(c) },
		View:   bodyViewOf, Read: readBody, Do: s.createBody,
	}
	form.Register(m)
	form.Path, form.Sends = "/admin/bodies/{id}", ""
	form.Load, form.Version, form.Values, form.Do = s.bodyHere, bodyHere.version, bodyValues, s.changeBody
	form.Register(m)
	web.ConfirmPage[bodyHere, web.None]{
		Path: "/admin/bodies/{id}/dissolve", Action: office.ActionAdminister,
		Load: s.bodyHere, Version: bodyHere.version, Question: dissolveQuestion, Do: s.dissolve,
	}.Register(m)
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

// bodyHere is the body of a page, or a new one without an ID, with everything else.
type bodyHere struct {
	state
	body   authz.Body
	logins []string // of the members
}

func (d bodyHere) version() int64 { return d.body.Version }

func (s *Site) newBody(c *web.Ctx) (bodyHere, error) {
	st, err := s.load(c.Context())
	return bodyHere{state: st}, err
}

func (s *Site) bodyHere(c *web.Ctx) (bodyHere, error) {
	d, err := s.newBody(c)
	if err != nil {
		return d, err
	}
	if d.body, err = d.findBody(c.Path("id")); err != nil {
		return d, err
	}
	d.logins, err = s.logins(c.Context(), d.body.Members...)
	return d, err
}

func bodyViewOf(_ *web.Ctx, d bodyHere, _ *web.Form) (any, error) {
	if d.body.ID == "" {
		return bodyView{Action: bodiesPath, Organisations: d.organisationChoices()}, nil
	}
	return bodyView{Body: d.body, Action: bodyPath(d.body.ID), Organisation: d.organisation(d.body.Organisation)}, nil
}

func bodyValues(_ *web.Ctx, d bodyHere) url.Values {
	return url.Values{"name": {d.body.Name}, "members": {strings.Join(d.logins, "\n")}, "quorum": {strconv.Itoa(d.body.Quorum)}}
}

// readBody reads the form of a body; its members are still logins.
func readBody(_ *web.Ctx, d bodyHere, f *web.Form) office.BodyInput {
	f.Require("name", "members", "quorum")
	if d.body.ID == "" {
		f.Require("organisation")
	}
	return office.BodyInput{
		Organisation: f.String("organisation", 100), Name: f.Name("name", 200), Quorum: int(f.Int("quorum", 1, mostMembers)),
		Members: words(f.Text("members", 50_000)),
	}
}

func (s *Site) createBody(c *web.Ctx, _ bodyHere, _ int64, in office.BodyInput) (web.Next, error) {
	var err error
	if in.Members, err = s.persons(c.Context(), "members", in.Members...); err == nil {
		_, err = s.Office.CreateBody(c.Context(), in)
	}
	return web.To(postsPath, "authz.bodies.created", in.Name), err
}

func (s *Site) changeBody(c *web.Ctx, d bodyHere, version int64, in office.BodyInput) (web.Next, error) {
	var err error
	if in.Members, err = s.persons(c.Context(), "members", in.Members...); err == nil {
		_, err = s.Office.ChangeBody(c.Context(), d.body.ID, version, in)
	}
	return web.To(postsPath, "authz.bodies.saved", in.Name), err
}

func dissolveQuestion(c *web.Ctx, d bodyHere) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.dissolve.title", d.body.Name), Lead: c.Text("authz.dissolve.lead"),
		Consequences: []any{c.Text("authz.dissolve.open"), c.Text("authz.dissolve.stays")},
		Button:       c.Text("authz.dissolve.button"), Danger: true, Cancel: bodyPath(d.body.ID),
	}
}

func (s *Site) dissolve(c *web.Ctx, d bodyHere, version int64, _ web.None) (web.Next, error) {
	return web.To(postsPath, "authz.dissolve.done", d.body.Name), s.Office.DissolveBody(c.Context(), d.body.ID, version)
}
