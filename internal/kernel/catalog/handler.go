// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Navigation returns the catalogue's entry in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "catalog.nav", URL: "/subjects", Icon: "layers", Action: ActionRead}}
}

// Pages registers the pages under /subjects.
func (s *Service) Pages(m *web.Mux) {
	m.Files("catalog", pageFiles)
	m.Page("GET /subjects", ActionRead, s.showList)
	m.Page("GET /subjects/new", ActionRegister, s.showNew)
	m.Page("POST /subjects", ActionRegister, s.postNew)
	m.Page("GET /subjects/{ref}", ActionRead, s.showSubject)
	m.Page("GET /subjects/{ref}/edit", ActionChange, s.showEdit)
	m.Page("POST /subjects/{ref}/edit", ActionChange, s.postEdit)
	m.Page("GET /subjects/{ref}/retire", ActionRetire, s.showRetire)
	m.Page("POST /subjects/{ref}/retire", ActionRetire, s.postRetire)
	m.Page("POST /subjects/{ref}/links", ActionLink, s.postLink)
	m.Page("GET /subjects/{ref}/links/{relation}/{to}/remove", ActionLink, s.showUnlink)
	m.Page("POST /subjects/{ref}/links/{relation}/{to}/remove", ActionLink, s.postUnlink)
}

func (s *Service) showList(c *web.Ctx) error {
	f := Filter{Kind: c.Query("kind"), State: c.Query("state")}
	page, err := s.List(c.Context(), f, c.Query("cursor"), 0)
	if err != nil {
		return err
	}
	if f.State == "" {
		f.State = StateActive
	}
	c.Prefill("/subjects", url.Values{"kind": {f.Kind}, "state": {f.State}})
	return c.Render(http.StatusOK, "catalog/list", s.listView(c, f, page))
}

func (s *Service) showSubject(c *web.Ctx) error {
	v, err := s.subjectView(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "catalog/subject", v)
}

func (s *Service) showNew(c *web.Ctx) error {
	kind, ok := s.Kinds().Kind(c.Query("kind"))
	if !ok {
		return c.Render(http.StatusOK, "catalog/kinds", kindsView{Kinds: s.Kinds().Kinds})
	}
	v, err := s.newView(c, kind)
	if err != nil {
		return err
	}
	if len(v.Organisations) == 1 {
		c.Prefill("/subjects", url.Values{"organisation": {v.Organisations[0].Value}, "visibility": {string(authz.Internal)}})
	} else {
		c.Prefill("/subjects", url.Values{"visibility": {string(authz.Internal)}})
	}
	return c.Render(http.StatusOK, "catalog/new", v)
}

func (s *Service) postNew(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	kind, ok := s.Kinds().Kind(f.String("kind", 40))
	if !ok {
		return fault.New(fault.Invalid, "catalog.subject_invalid", "This kind of subject is not configured. Choose one of those on the page before.")
	}
	in := Registration{
		Kind: kind.Name, Name: f.String("name", MaxName), Title: f.String("title", MaxTitle), Description: f.Text("description", MaxDescription),
		Owner: f.String("owner", 200), Organisation: f.String("organisation", 100), Attributes: attributesOf(f, kind),
		Visibility: authz.Visibility(f.Choice("visibility", visibilities()...)), Participants: lines(f.Text("participants", 10_000)),
	}
	var sub Subject
	if err = f.Err(); err == nil {
		sub, err = s.Register(c.Context(), in)
	}
	if err != nil {
		v, missing := s.newView(c, kind)
		if missing != nil {
			return missing
		}
		return c.Again(err, "catalog/new", v)
	}
	c.Flash("catalog.registered")
	return c.SeeOther(sub.URL())
}

func (s *Service) showEdit(c *web.Ctx) error {
	d, err := s.editableHere(c, ActionChange)
	if err != nil {
		return err
	}
	v, err := s.editView(c, d)
	if err != nil {
		return err
	}
	c.Prefill(v.Action, valuesOf(d))
	return c.Render(http.StatusOK, "catalog/edit", v)
}

// editableHere returns the subject of the page if the actor may edit it.
func (s *Service) editableHere(c *web.Ctx, action authz.Action) (Detail, error) {
	if err := s.MayEdit(c.Context(), action, c.Path("ref")); err != nil {
		return Detail{}, err
	}
	return s.Show(c.Context(), c.Path("ref"))
}

func (s *Service) postEdit(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := s.editableHere(c, ActionChange)
	if err != nil {
		return err
	}
	revision := f.Version()
	in := changeOf(f, d)
	if kind, ok := s.Kinds().Kind(d.Subject.Kind); ok {
		in.Attributes = attributesOf(f, kind)
	}
	if err = f.Err(); err == nil {
		_, err = s.Change(c.Context(), d.Subject.Ref, revision, in)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(valuesOf(d))
		}
		v, missing := s.editView(c, d)
		if missing != nil {
			return missing
		}
		return c.Again(err, "catalog/edit", v)
	}
	c.Flash("catalog.changed")
	return c.SeeOther(d.Subject.URL())
}

// changeOf reads the edit form but for the attributes. Participants are taken
// over only for a restricted subject: the form of another does not show them.
func changeOf(f *web.Form, d Detail) Change {
	title, description := f.String("title", MaxTitle), f.Text("description", MaxDescription)
	owner, organisation := f.String("owner", 200), f.String("organisation", 100)
	visibility := authz.Visibility(f.Choice("visibility", visibilities()...))
	in := Change{Title: &title, Description: &description, Organisation: &organisation, Visibility: &visibility}
	if owner != d.Owner.typed() {
		in.Owner = &owner
	}
	if participants := lines(f.Text("participants", 10_000)); visibility == authz.Restricted {
		in.Participants = &participants
	}
	return in
}

func (s *Service) showRetire(c *web.Ctx) error {
	d, err := s.editableHere(c, ActionRetire)
	if err != nil {
		return err
	}
	q := retireQuestion(c, d.Subject)
	c.Prefill(q.Action, url.Values{"_version": {strconv.FormatInt(d.Subject.Revision, 10)}})
	return c.Confirm(q)
}

func (s *Service) postRetire(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := s.editableHere(c, ActionRetire)
	if err != nil {
		return err
	}
	revision, reason := f.Version(), f.Text("reason", MaxReason)
	f.Require("reason")
	if err = f.Err(); err == nil {
		_, err = s.Retire(c.Context(), d.Subject.Ref, revision, reason)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(url.Values{"_version": {strconv.FormatInt(d.Subject.Revision, 10)}, "reason": {reason}})
		}
		return c.Again(err, web.ConfirmTemplate, retireQuestion(c, d.Subject))
	}
	c.Flash("catalog.retired")
	return c.SeeOther(d.Subject.URL())
}

func (s *Service) postLink(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ref, relation, to := c.Path("ref"), f.String("relation", 40), f.String("to", 150)
	f.Require("relation", "to")
	if err = f.Err(); err == nil {
		err = s.AddLink(c.Context(), ref, relation, to)
	}
	if err != nil {
		v, missing := s.subjectView(c)
		if missing != nil {
			return missing
		}
		return c.Again(err, "catalog/subject", v)
	}
	c.Flash("catalog.linked")
	return c.SeeOther("/subjects/" + ref)
}

func (s *Service) showUnlink(c *web.Ctx) error {
	if _, err := s.editableHere(c, ActionLink); err != nil {
		return err
	}
	return c.Confirm(s.unlinkQuestion(c))
}

func (s *Service) postUnlink(c *web.Ctx) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	if err := s.RemoveLink(c.Context(), c.Path("ref"), c.Path("relation"), c.Path("to")); err != nil {
		return c.Again(err, web.ConfirmTemplate, s.unlinkQuestion(c))
	}
	c.Flash("catalog.unlinked")
	return c.SeeOther("/subjects/" + c.Path("ref"))
}

// attributePath is the name of an attribute's field: the path that a fault names
// it by.
func attributePath(name string) string { return "attributes." + name }

func attributesOf(f *web.Form, kind Kind) map[string]string {
	attributes := map[string]string{}
	for _, a := range kind.Attributes {
		attributes[a.Name] = f.Text(attributePath(a.Name), MaxAttribute)
	}
	return attributes
}

// lines returns the lines of a text that are not blank.
func lines(text string) []string {
	all := []string{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func visibilities() []string {
	return []string{string(authz.Public), string(authz.Internal), string(authz.Restricted)}
}
