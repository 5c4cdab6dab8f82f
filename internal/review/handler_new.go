// SPDX-License-Identifier: Apache-2.0

package review

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// asking is the form of a kind that is filled in for a new review.
type asking struct {
	kind      *kind.Kind
	version   int64
	prescreen map[string]string
	values    url.Values
}

// newPages are the door: a sketch, or the pre-screen and then the form of a kind.
func (s *Service) newPages(m *web.Mux) {
	m.Page("GET /reviews/new", ActionRequest, s.showNew)
	s.requestForm().Register(m)
	web.FormPage[web.None, map[string]string]{
		Sends: "/reviews/new", Action: ActionRequest, Page: "review/new",
		View: func(c *web.Ctx, _ web.None, _ *web.Form) (any, error) { return s.doorView(c) },
		Read: func(_ *web.Ctx, _ web.None, f *web.Form) map[string]string { return s.screenIn(f) },
		Do: func(c *web.Ctx, _ web.None, _ int64, answers map[string]string) (web.Next, error) {
			v, err := s.verdictView(c, answers)
			return func(c *web.Ctx) error { return c.Render(http.StatusOK, "review/verdict", v) }, err
		},
	}.Register(m)
}

// requestForm is the form of a kind; a sketch on the first page is sent to it, too.
func (s *Service) requestForm() web.FormPage[asking, RequestInput] {
	return web.FormPage[asking, RequestInput]{
		Sends: "/reviews", Action: ActionRequest, Page: "review/request", Load: s.loadAsking,
		Redraw: []string{"redraw", "check", listTechnologies + moreSuffix, listScenarios + moreSuffix}, Part: "request-fields",
		Values: func(_ *web.Ctx, a asking) url.Values { return a.values },
		View: func(c *web.Ctx, a asking, _ *web.Form) (any, error) {
			v := s.requestView(c, a.kind, a.version)
			v.Action, v.New, v.PreScreen = "/reviews", true, a.prescreen
			if verdict, err := s.Policy().PreScreen.Judge(a.prescreen); err == nil && len(a.prescreen) > 0 {
				v.Because = verdict.Because
				if because, _, named := verdict.For(a.kind.Name); named {
					v.Because = because
				}
				if v.Also, err = s.alsoNeeded(c, a, verdict); err != nil {
					return nil, err
				}
			}
			return v, nil
		},
		Read: readRequest,
		Do: func(c *web.Ctx, _ asking, _ int64, in RequestInput) (web.Next, error) {
			r, err := s.Request(c.Context(), in)
			done := "review.flash.requested"
			if r.Done() {
				done = "review.flash.screened"
			}
			return web.To(r.URL(), done), err
		},
	}
}

// showNew is the first page or, once the kind is chosen, its form.
func (s *Service) showNew(c *web.Ctx) error {
	if c.Query("kind") == "" {
		v, err := s.doorView(c)
		if err != nil {
			return err
		}
		values := url.Values{"subject": {c.Query("subject")}, "follows": {c.Query("follows")}}
		c.Prefill("/reviews", values)
		c.Prefill("/reviews/new", maps.Clone(values))
		return c.Render(http.StatusOK, "review/new", v)
	}
	form := s.requestForm()
	a, err := s.loadAsking(c)
	if err != nil {
		return err
	}
	v, err := form.View(c, a, nil)
	if err != nil {
		return err
	}
	form.Prefill(c, a)
	return c.Render(http.StatusOK, form.Page, v)
}

// loadAsking finds the form that the address names or that was sent, always in the
// present version of its kind.
func (s *Service) loadAsking(c *web.Ctx) (asking, error) {
	name, from := c.Query("kind"), c.Query
	if c.R.Method == http.MethodPost {
		f, err := c.Form()
		if err != nil {
			return asking{}, err
		}
		name = f.String("kind", 60)
		from = func(field string) string { return f.String(field, 60) }
	}
	if name == "" {
		name = KindAdvice
	}
	k, v, err := s.Kind(c.Context(), name, 0)
	if err != nil {
		return asking{}, err
	}
	a := asking{kind: k, version: v.Version, prescreen: map[string]string{}}
	for _, q := range s.Policy().PreScreen.Questions {
		if answer := from("prescreen." + q.Name); answer != "" {
			a.prescreen[q.Name] = answer
		}
	}
	a.values = url.Values{"owner": {c.Actor.Login}, "follows": {c.Query("follows")}, "anyway": {c.Query("anyway")}, "kind_version": {strconv.FormatInt(v.Version, 10)}}
	return a, s.suggest(c, a.values)
}

// suggest fills in what the subject says by itself. A subject that the reader may
// not see fills in nothing.
func (s *Service) suggest(c *web.Ctx, values url.Values) error {
	ref := c.Query("subject")
	values.Set("subject", ref)
	if ref == "" {
		return nil
	}
	var subject catalog.Subject
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		subject, err = s.Catalog.VisibleSubject(c.Context(), r, c.Actor, ref)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	values.Set("visibility", string(subject.Visibility))
	values.Set("title", subject.Title)
	return err
}

// readRequest reads the form of a new review.
func readRequest(_ *web.Ctx, a asking, f *web.Form) RequestInput {
	var in RequestInput
	web.Bind(f, &in)
	in.Kind, in.PreScreen, in.Answers = a.kind.Name, a.prescreen, answersIn(a.kind, f)
	return in
}

// screenIn reads the answers to the pre-screen.
func (s *Service) screenIn(f *web.Form) map[string]string {
	answers := map[string]string{}
	for _, q := range s.Policy().PreScreen.Questions {
		if answer := f.String("prescreen."+q.Name, 60); answer != "" {
			answers[q.Name] = answer
		}
	}
	return answers
}
