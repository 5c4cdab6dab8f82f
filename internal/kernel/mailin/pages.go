// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"net/http"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/web"
)

// listPath is the page of the mails that wait.
const listPath = "/mail"

// pagePath is the page of one mail.
func pagePath(id string) string { return listPath + "/" + url.PathEscape(id) }

// Navigation returns the entry of the mails that wait, for those who look after them.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "mailin.nav", URL: listPath, Icon: "mail", Action: ActionRead}}
}

// Pages registers the pages of mails that wait, and the package's messages.
func (s *Service) Pages(m *web.Mux) {
	m.Files("mailin", files)
	m.Page("GET "+listPath, ActionOpen, s.showList)
	m.Page("GET "+listPath+"/{id}", ActionOpen, s.showMail)
	m.Page("POST "+listPath+"/{id}/confirm", ActionConfirm, s.post(s.postConfirm))
	m.Page("POST "+listPath+"/{id}/discard", ActionOpen, s.post(s.postDiscard))
}

// listView is what templates/list.html shows.
type listView struct{ Table web.Table }

func (s *Service) showList(c *web.Ctx) error {
	all, err := s.Waiting(c.Context())
	if err != nil {
		return err
	}
	v := listView{c.Table(c.Text("mailin.list.title"), "mailin.subject", "mailin.from", "mailin.why", "mailin.size", "mailin.received")}
	v.Table.Hidden = true
	v.Table.Empty = &web.Empty{Icon: "mail", Title: c.Text("mailin.list.empty"), Text: c.Text("mailin.list.empty_text")}
	for _, w := range all {
		v.Table.Add(web.Link{Text: title(c, w), URL: pagePath(w.ID)}, w.From, c.Text("mailin.why."+w.Why), size(w.Size), web.Moment{At: w.ReceivedAt})
	}
	return c.Render(http.StatusOK, "mailin/list", v)
}

// title is what a mail is called.
func title(c *web.Ctx, w Waiting) string {
	if w.Subject == "" {
		return c.Text("mailin.no_subject")
	}
	return w.Subject
}

// size writes a number of bytes in a unit that people read.
func size(n int64) string {
	for _, unit := range []int64{1 << 20, 1 << 10} {
		if n >= unit {
			return config.Size((n + unit/2) / unit * unit).String()
		}
	}
	return config.Size(n).String()
}

// mailView is what templates/mail.html shows.
type mailView struct {
	Mail             Waiting
	Title            string
	Facts            web.Terms
	Waits            bool
	Confirm, Discard string // where the forms are sent to; empty: may not
}

func (s *Service) showMail(c *web.Ctx) error {
	w, err := s.Mail(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	v := mailView{Mail: w, Title: title(c, w), Waits: w.State == stateParked}
	add := func(key string, value any) {
		v.Facts.Items = append(v.Facts.Items, web.Term{Name: c.Text(key), Value: value})
	}
	add("mailin.state", c.Text("mailin.state."+w.State))
	if w.Why != "" {
		add("mailin.why", c.Text("mailin.why."+w.Why))
	}
	if w.From != "" {
		add("mailin.from", w.From)
	}
	add("mailin.size", size(w.Size))
	add("mailin.received", web.Moment{At: w.ReceivedAt})
	if w.MayConfirm {
		v.Confirm = pagePath(w.ID) + "/confirm"
	}
	if w.MayDiscard {
		v.Discard = pagePath(w.ID) + "/discard"
	}
	return c.Render(http.StatusOK, "mailin/mail", v)
}

// post reads a form that has no fields before it acts.
func (s *Service) post(act func(c *web.Ctx) error) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		if _, err := c.Form(); err != nil {
			return err
		}
		return act(c)
	}
}

func (s *Service) postConfirm(c *web.Ctx) error {
	if err := s.Confirm(c.Context(), c.Path("id")); err != nil {
		return err
	}
	c.Flash("mailin.confirmed")
	return c.SeeOther(pagePath(c.Path("id")))
}

func (s *Service) postDiscard(c *web.Ctx) error {
	if err := s.Discard(c.Context(), c.Path("id")); err != nil {
		return err
	}
	c.Flash("mailin.discarded")
	return c.SeeOther(listPath)
}

// Messages returns the keys of this package's messages that are put together.
func Messages() []string {
	var all []string
	for _, why := range whys() {
		all = append(all, "mailin.why."+why)
	}
	for _, state := range []string{stateNew, stateParked, stateDelivered, stateRefused, stateDiscarded} {
		all = append(all, "mailin.state."+state)
	}
	return slices.Clip(all)
}

// whys are the reasons that pages show.
func whys() []string {
	return []string{
		WhyMalformed, WhyComplex, WhyAutomatic, WhyBounce, WhyLoop, WhyNowhere, WhySender, WhyForged, WhyOther, WhyOver, WhyStranger, WhyShared,
		WhyInactive, WhyEmpty, WhyRefused, WhyExpired, WhyUnwanted, WhyErased,
	}
}
