// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) postPages(m *web.Mux) {
	const administer = office.ActionAdminister
	m.Page("GET /admin/posts/new", administer, s.showNewPost)
	m.Page("POST /admin/posts", administer, s.postNewPost)
	m.Page("GET /admin/posts/{id}", administer, s.showPost)
	m.Page("POST /admin/posts/{id}", administer, s.postPost)
	m.Page("GET /admin/posts/{id}/vacate", administer, s.askPost(vacateQuestion))
	m.Page("POST /admin/posts/{id}/vacate", administer, s.postVacate)
	m.Page("GET /admin/posts/{id}/abolish", administer, s.askPost(abolishQuestion))
	m.Page("POST /admin/posts/{id}/abolish", administer, s.postAbolish)
}

// postView is what templates/post.html shows: a new post has no ID.
type postView struct {
	Post                         authz.Post
	Action                       string
	Organisation                 string
	Vacancy                      string // where its authority is, if it is vacant
	Organisations, Ranks, Offers []web.Choice
}

func (s *Site) newPostView(c *web.Ctx, st state) (postView, error) {
	v := postView{Action: postsPath, Organisations: st.organisationChoices()}
	for _, r := range slices.Backward(st.Ranks) {
		v.Ranks = append(v.Ranks, web.Choice{Value: r.Name, Label: r.Title})
	}
	var err error
	v.Offers, err = s.offers(c.Context())
	return v, err
}

func (s *Site) postView(c *web.Ctx, st state, p authz.Post) (postView, error) {
	v, err := s.newPostView(c, st)
	v.Post, v.Action, v.Organisation = p, postPath(p.ID), st.organisation(p.Organisation)
	if !st.Filled(p, st.now) {
		v.Vacancy = meanwhile(c, st, p)
	}
	return v, err
}

func (s *Site) showNewPost(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	v, err := s.newPostView(c, st)
	if err != nil {
		return err
	}
	chosen := c.Query("organisation")
	if chosen == "" && len(v.Organisations) == 1 {
		chosen = v.Organisations[0].Value
	}
	c.Prefill(postsPath, url.Values{"organisation": {chosen}})
	return c.Render(http.StatusOK, "authz/post", v)
}

// postInput reads the form of a post; what is wrong with it is in the error.
func (s *Site) postInput(c *web.Ctx, f *web.Form) (office.PostInput, error) {
	f.Require("title", "rank")
	in := office.PostInput{
		Organisation: f.String("organisation", 100), Title: f.Name("title", 200), Rank: f.String("rank", 100),
		Function: f.String("function", 40), Since: f.Date("since").Start(s.Location), Until: f.Date("until").End(s.Location),
	}
	holder := f.String("holder", 100)
	if err := f.Err(); err != nil {
		return in, err
	}
	var err error
	in.Holder, err = s.person(c.Context(), "holder", holder)
	return in, err
}

func (s *Site) postNewPost(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("organisation")
	in, err := s.postInput(c, f)
	if err == nil {
		_, err = s.Office.CreatePost(c.Context(), in)
	}
	if err == nil {
		c.Flash("authz.posts.created", in.Title)
		return c.SeeOther(postsPath)
	}
	st, missing := s.load(c.Context())
	if missing != nil {
		return missing
	}
	v, missing := s.newPostView(c, st)
	if missing != nil {
		return missing
	}
	return c.Again(err, "authz/post", v)
}

func (s *Site) postValues(c *web.Ctx, p authz.Post) (url.Values, error) {
	holder, err := s.logins(c.Context(), p.Holder)
	return url.Values{
		"title": {p.Title}, "rank": {p.Rank}, "function": {p.Function}, "holder": {strings.Join(holder, "")},
		"since": {web.DateValue(p.Since, s.Location)}, "until": {config.LastDay(p.Until, s.Location).String()}, "_version": {version(p.Version)},
	}, err
}

func (s *Site) showPost(c *web.Ctx) error {
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	p, err := st.findPost(c.Path("id"))
	if err != nil {
		return err
	}
	v, err := s.postView(c, st, p)
	if err != nil {
		return err
	}
	values, err := s.postValues(c, p)
	if err != nil {
		return err
	}
	c.Prefill(v.Action, values)
	return c.Render(http.StatusOK, "authz/post", v)
}

func (s *Site) postPost(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	p, err := st.findPost(c.Path("id"))
	if err != nil {
		return err
	}
	based := f.Version()
	in, err := s.postInput(c, f)
	// A form shows days: an instant that was set over the API does not move by that.
	if config.DateOf(p.Since, s.Location) == config.DateOf(in.Since, s.Location) {
		in.Since = p.Since
	}
	if config.LastDay(p.Until, s.Location) == config.LastDay(in.Until, s.Location) {
		in.Until = p.Until
	}
	if err == nil {
		_, err = s.Office.ChangePost(c.Context(), p.ID, based, in)
	}
	if err == nil {
		c.Flash("authz.posts.saved", in.Title)
		return c.SeeOther(postsPath)
	}
	v, missing := s.postView(c, st, p)
	if missing != nil {
		return missing
	}
	if fault.Is(err, fault.Stale) {
		values, missing := s.postValues(c, p)
		if missing != nil {
			return missing
		}
		f.SetCurrent(values)
	}
	return c.Again(err, "authz/post", v)
}

// postQuestion asks before something is done to a post.
type postQuestion func(c *web.Ctx, st state, p authz.Post) web.Confirm

func (s *Site) askPost(q postQuestion) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		st, err := s.load(c.Context())
		if err != nil {
			return err
		}
		p, err := st.findPost(c.Path("id"))
		if err != nil {
			return err
		}
		ask := q(c, st, p)
		c.Prefill(ask.Action, url.Values{"_version": {version(p.Version)}})
		return c.Confirm(ask)
	}
}

// askPostAgain shows the question with the reason why the act was refused.
func (s *Site) askPostAgain(c *web.Ctx, f *web.Form, err error, q postQuestion) error {
	st, missing := s.load(c.Context())
	if missing != nil {
		return missing
	}
	p, missing := st.findPost(c.Path("id"))
	if missing != nil {
		return missing
	}
	if fault.Is(err, fault.Stale) {
		f.SetCurrent(url.Values{"_version": {version(p.Version)}})
	}
	return c.Again(err, web.ConfirmTemplate, q(c, st, p))
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

func vacateQuestion(c *web.Ctx, st state, p authz.Post) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.vacate.title", p.Title), Lead: c.Text("authz.vacate.lead", st.name(p.Holder)),
		Consequences: []any{meanwhile(c, st.vacant(p), p), c.Text("authz.vacate.delegations"), c.Text("authz.vacate.stays")},
		Action:       postPath(p.ID) + "/vacate", Button: c.Text("authz.vacate.button"), Danger: true, Cancel: postPath(p.ID),
	}
}

func abolishQuestion(c *web.Ctx, _ state, p authz.Post) web.Confirm {
	return web.Confirm{
		Title: c.Text("authz.abolish.title", p.Title), Lead: c.Text("authz.abolish.lead"),
		Consequences: []any{c.Text("authz.abolish.authority"), c.Text("authz.abolish.delegations"), c.Text("authz.abolish.stays")},
		Action:       postPath(p.ID) + "/abolish", Button: c.Text("authz.abolish.button"), Danger: true, Cancel: postPath(p.ID),
	}
}

func (s *Site) postVacate(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	st, err := s.load(c.Context())
	if err != nil {
		return err
	}
	p, err := st.findPost(c.Path("id"))
	if err != nil {
		return err
	}
	based := f.Version()
	if err = f.Err(); err == nil {
		_, err = s.Office.ChangePost(c.Context(), p.ID, based, vacated(p))
	}
	if err != nil {
		return s.askPostAgain(c, f, err, vacateQuestion)
	}
	c.Flash("authz.vacate.done", p.Title)
	return c.SeeOther(postsPath)
}

// vacated is a post without holder and without the dates of the appointment.
func vacated(p authz.Post) office.PostInput {
	return office.PostInput{Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title}
}

func (s *Site) postAbolish(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	based := f.Version()
	if err = f.Err(); err == nil {
		err = s.Office.AbolishPost(c.Context(), c.Path("id"), based)
	}
	if err != nil {
		return s.askPostAgain(c, f, err, abolishQuestion)
	}
	c.Flash("authz.abolish.done")
	return c.SeeOther(postsPath)
}
