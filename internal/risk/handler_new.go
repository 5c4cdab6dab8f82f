// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"maps"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// newPage is the form of a new risk: about what the subject says by itself.
func (s *Service) newPage(m *web.Mux) {
	web.FormPage[url.Values, RegisterInput]{
		Path: "/risks/new", Sends: "/risks", Action: ActionRegister, Page: "risk/new", Redraw: []string{"more", "propose"}, Part: "proposal",
		Load: func(c *web.Ctx) (url.Values, error) {
			values := url.Values{"owner": {c.Actor.Login}, "follows": {c.Query("follows")}}
			return values, s.suggest(c, values)
		},
		Values: func(_ *web.Ctx, suggested url.Values) url.Values { return suggested },
		View:   s.newView,
		Read:   func(_ *web.Ctx, _ url.Values, f *web.Form) RegisterInput { return readNew(f) },
		Do: func(c *web.Ctx, _ url.Values, _ int64, in RegisterInput) (web.Next, error) {
			r, err := s.Register(c.Context(), in)
			return web.To(r.URL(), "risk.flash.registered"), err
		},
	}.Register(m)
}

func (s *Service) newView(c *web.Ctx, _ url.Values, f *web.Form) (any, error) {
	v, err := s.baseView(c, Detail{})
	if err != nil {
		return nil, err
	}
	v.Action = "/risks"
	if f != nil {
		in := readNew(f)
		supposed, err := s.supposed(c, in.Subject, in.Inputs)
		if err != nil {
			return nil, err
		}
		v.Proposal = s.preview(c, supposed)
	}
	return v, nil
}

// suggest fills in what the subject says by itself: its visibility, the act that
// the gate asks about, and the inputs that follow from its attributes. A
// subject that the reader may not see fills in nothing.
func (s *Service) suggest(c *web.Ctx, values url.Values) error {
	ref := c.Query("subject")
	values.Set("subject", ref)
	if ref == "" {
		return nil
	}
	var subject catalog.Subject
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		subject, err = s.Subjects.VisibleSubject(c.Context(), r, c.Actor, ref)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	values.Set("visibility", string(subject.Visibility))
	if acts := s.acts(subject.Kind); len(acts) == 1 {
		values.Set("act", acts[0])
	}
	inputs, err := s.supposed(c, ref, matrix.Stated{})
	if err != nil {
		return err
	}
	maps.Copy(values, web.Values(EditInput{Inputs: spoken(inputs)}))
	return nil
}

// readNew reads the form of a new risk. A box that is not checked states
// nothing, so that what follows from the subject counts.
func readNew(f *web.Form) RegisterInput {
	var in RegisterInput
	web.Bind(f, &in)
	for _, box := range []**bool{&in.Inputs.CrossesBoundary, &in.Inputs.LowerTrust} {
		if !**box {
			*box = nil
		}
	}
	return in
}

// supposed is what the inputs of a risk about the subject would be: what is stated
// and, for the rest, what the subject states. A subject that the reader may not
// see states nothing.
func (s *Service) supposed(c *web.Ctx, ref string, stated matrix.Stated) (matrix.Inputs, error) {
	var g grounds
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		subject, err := s.Subjects.VisibleSubject(c.Context(), r, c.Actor, ref)
		if err != nil {
			return err
		}
		g, err = s.groundsOf(c.Context(), r, subject)
		return err
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return matrix.Inputs{}, err
	}
	return stated.Over(g.Raise(matrix.Inputs{})), nil
}

// acts lists what the gate asks about for that kind of subject.
func (s *Service) acts(kind string) []string {
	var acts []string
	if s.Gate == nil {
		return acts
	}
	for _, row := range s.Gate().Rows {
		if row.Kind == kind && !slices.Contains(acts, row.Action) {
			acts = append(acts, row.Action)
		}
	}
	return acts
}
