// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) postPages(m *web.Mux) {
	form := web.FormPage[postHere, office.PostInput]{
		Path: "/admin/posts/new", Sends: "/admin/posts", Action: office.ActionAdminister, Page: "authz/post",
		Load:   s.newPost,
		Values: func(c *web.Ctx, d postHere) url.Values { return d.suggestOrganisation(c) },
		View:   s.postView, Read: s.readPost, Do: s.createPost,
	}
	form.Register(m)
	form.Path, form.Sends = "/admin/posts/{id}", ""
	form.Load, form.Version, form.Values, form.Do = s.postHere, postHere.version, s.postValues, s.changePost
	form.Register(m)
	ask := web.ConfirmPage[postHere, web.None]{
		Path: "/admin/posts/{id}/vacate", Action: office.ActionAdminister,
		Load: s.postHere, Version: postHere.version, Question: vacateQuestion, Do: s.vacate,
	}
	ask.Register(m)
	ask.Path, ask.Question, ask.Do = "/admin/posts/{id}/abolish", abolishQuestion, s.abolish
	ask.Register(m)
}

// postHere is the post of a page, or a new one without an ID, with everything else.
type postHere struct {
	state
	post   authz.Post
	holder string // login
}

func (d postHere) version() int64 { return d.post.Version }

func (s *Site) newPost(c *web.Ctx) (postHere, error) {
	st, err := s.load(c.Context())
	return postHere{state: st}, err
}

func (s *Site) postHere(c *web.Ctx) (postHere, error) {
	d, err := s.newPost(c)
	if err != nil {
		return d, err
	}
	if d.post, err = d.findPost(c.Path("id")); err != nil {
		return d, err
	}
	logins, err := s.logins(c.Context(), d.post.Holder)
	d.holder = strings.Join(logins, "")
	return d, err
}

// postView is what templates/post.html shows: a new post has no ID.
type postView struct {
	Post                         authz.Post
	Action                       string
	Organisation                 string
	Vacancy                      string // where its authority is, if it is vacant
	Organisations, Ranks, Offers []web.Choice
}

func (s *Site) postView(c *web.Ctx, d postHere, _ *web.Form) (any, error) {
	v := postView{Post: d.post, Action: postsPath, Organisations: d.organisationChoices()}
	for _, r := range slices.Backward(d.Ranks) {
		v.Ranks = append(v.Ranks, web.Choice{Value: r.Name, Label: r.Title})
	}
	if d.post.ID != "" {
		v.Action, v.Organisation = postPath(d.post.ID), d.organisation(d.post.Organisation)
		if !d.Filled(d.post, d.now) {
			v.Vacancy = meanwhile(c, d.state, d.post)
		}
	}
	var err error
	v.Offers, err = s.offers(c.Context())
	return v, err
}

func (s *Site) postValues(_ *web.Ctx, d postHere) url.Values {
	p := d.post
	return url.Values{
		"title": {p.Title}, "rank": {p.Rank}, "function": {p.Function}, "holder": {d.holder},
		"since": {web.DateValue(p.Since, s.Location)}, "until": {config.LastDay(p.Until, s.Location).String()},
	}
}

// readPost reads the form of a post; its holder is still a login. A form shows
// days: an instant that was set over the API does not move by that.
func (s *Site) readPost(_ *web.Ctx, d postHere, f *web.Form) office.PostInput {
	f.Require("title", "rank")
	if d.post.ID == "" {
		f.Require("organisation")
	}
	in := office.PostInput{
		Organisation: f.String("organisation", 100), Title: f.Name("title", 200), Rank: f.String("rank", 100), Holder: f.String("holder", 100),
		Function: f.String("function", 40), Since: f.Date("since").Start(s.Location), Until: f.Date("until").End(s.Location),
	}
	if config.DateOf(d.post.Since, s.Location) == config.DateOf(in.Since, s.Location) {
		in.Since = d.post.Since
	}
	if config.LastDay(d.post.Until, s.Location) == config.LastDay(in.Until, s.Location) {
		in.Until = d.post.Until
	}
	return in
}

func (s *Site) createPost(c *web.Ctx, _ postHere, _ int64, in office.PostInput) (web.Next, error) {
	var err error
	if in.Holder, err = s.person(c.Context(), "holder", in.Holder); err == nil {
		_, err = s.Office.CreatePost(c.Context(), in)
	}
	return web.To(postsPath, "authz.posts.created", in.Title), err
}

func (s *Site) changePost(c *web.Ctx, d postHere, version int64, in office.PostInput) (web.Next, error) {
	var err error
	if in.Holder, err = s.person(c.Context(), "holder", in.Holder); err == nil {
		_, err = s.Office.ChangePost(c.Context(), d.post.ID, version, in)
	}
	return web.To(postsPath, "authz.posts.saved", in.Title), err
}

// vacant is the authority as it would be if a post were vacant.
func (st state) vacant(p authz.Post) state {
	after := st
	after.Posts = slices.Clone(st.Posts)
	for i := range after.Posts {
		if after.Posts[i].ID == p.ID {
			after.Posts[i].Holder = ""
		}
	}
	return after
}

func vacateQuestion(c *web.Ctx, d postHere) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.vacate.title", d.post.Title), Lead: c.Text("authz.vacate.lead", d.name(d.post.Holder)),
		Consequences: []any{meanwhile(c, d.vacant(d.post), d.post), c.Text("authz.vacate.delegations"), c.Text("authz.vacate.stays")},
		Button:       c.Text("authz.vacate.button"), Danger: true, Cancel: postPath(d.post.ID),
	}
}

func abolishQuestion(c *web.Ctx, d postHere) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.abolish.title", d.post.Title), Lead: c.Text("authz.abolish.lead"),
		Consequences: []any{c.Text("authz.abolish.authority"), c.Text("authz.abolish.delegations"), c.Text("authz.abolish.stays")},
		Button:       c.Text("authz.abolish.button"), Danger: true, Cancel: postPath(d.post.ID),
	}
}

// vacate leaves a post without holder and without the dates of the appointment.
func (s *Site) vacate(c *web.Ctx, d postHere, version int64, _ web.None) (web.Next, error) {
	p := d.post
	in := office.PostInput{Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title}
	_, err := s.Office.ChangePost(c.Context(), p.ID, version, in)
	return web.To(postsPath, "authz.vacate.done", p.Title), err
}

func (s *Site) abolish(c *web.Ctx, d postHere, version int64, _ web.None) (web.Next, error) {
	return web.To(postsPath, "authz.abolish.done"), s.Office.AbolishPost(c.Context(), d.post.ID, version)
}
