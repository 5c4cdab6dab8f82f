// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"embed"
	"net/http"
	"net/url"

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
	s.newForm().Register(m)
	m.Page("GET /subjects/{ref}", ActionRead, s.showSubject)
	s.editPage(m)
	s.retirePage(m)
	s.linkPages(m)
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
	d, err := s.detailHere(c)
	if err != nil {
		return err
	}
	v, err := s.subjectView(c, d, nil)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "catalog/subject", v)
}

// detailHere loads the subject of the page.
func (s *Service) detailHere(c *web.Ctx) (Detail, error) { return s.Show(c.Context(), c.Path("ref")) }

func (s *Service) showNew(c *web.Ctx) error {
	kind, ok := s.Kinds().Kind(c.Query("kind"))
	if !ok {
		return c.Render(http.StatusOK, "catalog/kinds", kindsView{Kinds: s.Kinds().Kinds})
	}
	v, err := s.newView(c, kind)
	if err != nil {
		return err
	}
	s.newForm().Prefill(c, v)
	return c.Render(http.StatusOK, "catalog/new", v)
}

// newForm is the form of a new subject. Its page asks for the kind first.
func (s *Service) newForm() web.FormPage[formView, Registration] {
	return web.FormPage[formView, Registration]{
		Sends: "/subjects", Action: ActionRegister, Page: "catalog/new", Load: s.newHere,
		Values: func(_ *web.Ctx, v formView) url.Values {
			values := url.Values{"visibility": {string(authz.Internal)}}
			if len(v.Organisations) == 1 {
				values.Set("organisation", v.Organisations[0].Value)
			}
			return values
		},
		Read: func(_ *web.Ctx, v formView, f *web.Form) Registration {
			var in Registration
			web.Bind(f, &in)
			in.Attributes = attributesOf(f, v.Kind)
			return in
		},
		Do: func(c *web.Ctx, _ formView, _ int64, in Registration) (web.Next, error) {
			sub, err := s.Register(c.Context(), in)
			return web.To(sub.URL(), "catalog.registered"), err
		},
	}
}

// newHere is the form of a subject of the kind that was sent.
func (s *Service) newHere(c *web.Ctx) (formView, error) {
	f, err := c.Form()
	if err != nil {
		return formView{}, err
	}
	kind, ok := s.Kinds().Kind(f.String("kind", 40))
	if !ok {
		return formView{}, fault.New(fault.Invalid, "catalog.subject_invalid", "This kind of subject is not configured. Choose one of those on the page before.")
	}
	return s.newView(c, kind)
}

// detailFor returns what loads the subject of the page if the actor may do action
// to it.
func (s *Service) detailFor(action authz.Action) func(c *web.Ctx) (Detail, error) {
	return func(c *web.Ctx) (Detail, error) {
		if err := s.MayEdit(c.Context(), action, c.Path("ref")); err != nil {
			return Detail{}, err
		}
		return s.Show(c.Context(), c.Path("ref"))
	}
}

func revision(d Detail) int64 { return d.Subject.Revision }

func (s *Service) editPage(m *web.Mux) {
	web.FormPage[Detail, Change]{
		Path: "/subjects/{ref}/edit", Action: ActionChange, Page: "catalog/edit",
		Load: s.detailFor(ActionChange), Version: revision, Values: valuesOf, View: s.editView, Read: s.readChange,
		Do: func(c *web.Ctx, d Detail, version int64, in Change) (web.Next, error) {
			_, err := s.Change(c.Context(), d.Subject.Ref, version, in)
			return web.To(d.Subject.URL(), "catalog.changed"), err
		},
	}.Register(m)
}

// readChange reads the edit form. Participants are taken over only for a
// restricted subject: the form of another does not show them.
func (s *Service) readChange(_ *web.Ctx, d Detail, f *web.Form) Change {
	var in Change
	web.Bind(f, &in)
	if *in.Owner == d.Owner.typed() {
		in.Owner = nil
	}
	if *in.Visibility != authz.Restricted {
		in.Participants = nil
	}
	if kind, ok := s.Kinds().Kind(d.Subject.Kind); ok {
		in.Attributes = attributesOf(f, kind)
	}
	return in
}

func (s *Service) retirePage(m *web.Mux) {
	web.ConfirmPage[Detail, Retirement]{
		Path: "/subjects/{ref}/retire", Action: ActionRetire, Load: s.detailFor(ActionRetire), Version: revision, Question: retireQuestion,
		Do: func(c *web.Ctx, d Detail, version int64, in Retirement) (web.Next, error) {
			_, err := s.Retire(c.Context(), d.Subject.Ref, version, in.Reason)
			return web.To(d.Subject.URL(), "catalog.retired"), err
		},
	}.Register(m)
}

func (s *Service) linkPages(m *web.Mux) {
	web.FormPage[Detail, NewLink]{
		Sends: "/subjects/{ref}/links", Action: ActionLink, Page: "catalog/subject", Load: s.detailHere, View: s.subjectView,
		Read: func(_ *web.Ctx, _ Detail, f *web.Form) NewLink {
			f.Require("relation", "to")
			return NewLink{Relation: f.String("relation", 40), To: f.String("to", 150)}
		},
		Do: func(c *web.Ctx, d Detail, _ int64, in NewLink) (web.Next, error) {
			return web.To(d.Subject.URL(), "catalog.linked"), s.AddLink(c.Context(), d.Subject.Ref, in.Relation, in.To)
		},
	}.Register(m)
	web.ConfirmPage[Detail, web.None]{
		Path: "/subjects/{ref}/links/{relation}/{to}/remove", Action: ActionLink, Load: s.detailFor(ActionLink), Question: s.unlinkQuestion,
		Do: func(c *web.Ctx, d Detail, _ int64, _ web.None) (web.Next, error) {
			return web.To(d.Subject.URL(), "catalog.unlinked"), s.RemoveLink(c.Context(), d.Subject.Ref, c.Path("relation"), c.Path("to"))
		},
	}.Register(m)
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
