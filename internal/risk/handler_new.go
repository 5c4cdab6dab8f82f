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
// the gate asks about, and those attributes that are inputs of a proposal. A
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
	take := func(field, value string, allowed []string) {
		if slices.Contains(allowed, value) {
			values.Set(field, value)
		}
	}
	take("inputs.data", subject.Attributes["data_class"], texts(matrix.AllData()))
	take("inputs.direction", subject.Attributes["direction"], texts(matrix.AllDirections()))
	take("inputs.access", subject.Attributes["access"], texts(matrix.AllAccess()))
	take("inputs.volume", subject.Attributes["volume"], texts(matrix.AllVolumes()))
	return nil
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
		Participants: lines(f.Text("participants", MaxText)), Inputs: inputsFrom(f), Follows: f.String("follows", 16),
	}
	parties, rows := partiesFrom(f)
	in.Parties = parties
	v, err := s.baseView(c, Detail{})
	if err != nil {
		return err
	}
	v.Action, v.Proposal = "/risks", s.preview(c, in.Inputs)
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
