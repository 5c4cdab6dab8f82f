// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/http"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

func (s *Service) showNew(c *web.Ctx) error {
	v, err := s.baseView(c, Detail{})
	if err != nil {
		return err
	}
	v.Action = "/risks"
	values := url.Values{"owner": {c.Actor.Login}, "follows": {c.Query("follows")}}
	if err := s.suggest(c, values); err != nil {
		return err
	}
	c.Prefill("/risks", values)
	return c.Render(http.StatusOK, "risk/new", v)
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
	err := s.db.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		subject, err = s.subjects.VisibleSubject(c.Context(), r, c.Actor, ref)
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
	inputValues(values, inputs)
	return nil
}

// statedFrom reads the inputs of a new risk. A box that is not checked states
// nothing, so that what follows from the subject counts.
func statedFrom(f *web.Form) matrix.Stated {
	stated := inputsFrom(f).Stated()
	for _, box := range []**bool{&stated.CrossesBoundary, &stated.LowerTrust} {
		if !**box {
			*box = nil
		}
	}
	return stated
}

// supposed is what the inputs of a risk about the subject would be: what is stated
// and, for the rest, what the subject states. A subject that the reader may not
// see states nothing.
func (s *Service) supposed(c *web.Ctx, ref string, stated matrix.Stated) (matrix.Inputs, error) {
	var g grounds
	err := s.db.Read(c.Context(), func(r *store.ReadTx) error {
		subject, err := s.subjects.VisibleSubject(c.Context(), r, c.Actor, ref)
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
	if s.gate == nil {
		return acts
	}
	for _, row := range s.gate().Rows {
		if row.Kind == kind && !slices.Contains(acts, row.Action) {
			acts = append(acts, row.Action)
		}
	}
	return acts
}

func (s *Service) postNew(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := RegisterInput{
		Subject: f.String("subject", 200), Act: f.String("act", 60), Title: f.String("title", MaxTitle), Threat: f.Text("threat", MaxText),
		Scope: f.Text("scope", MaxText), Owner: f.String("owner", 200), Visibility: authz.Visibility(f.Choice("visibility", visibilities()...)),
		Participants: lines(f.Text("participants", MaxText)), Inputs: statedFrom(f), Follows: f.String("follows", 16),
	}
	parties, rows := partiesFrom(f)
	in.Parties = parties
	v, err := s.baseView(c, Detail{})
	if err != nil {
		return err
	}
	supposed, err := s.supposed(c, in.Subject, in.Inputs)
	if err != nil {
		return err
	}
	v.Action, v.Proposal = "/risks", s.preview(c, supposed)
	if reshaped(f) {
		if c.Partial() {
			return c.Fragment(http.StatusOK, "risk/new", "proposal", v)
		}
		return c.Render(http.StatusOK, "risk/new", v)
	}
	var r Risk
	if err = f.Err(); err == nil {
		r, err = s.Register(c.Context(), in)
	}
	if err != nil {
		return c.Again(inRows(err, "parties", rows), "risk/new", v)
	}
	c.Flash("risk.flash.registered")
	return c.SeeOther(r.URL())
}
