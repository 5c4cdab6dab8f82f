// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

var low = matrix.Cell{Likelihood: 1, Impact: 1}

// harmlessFlow registers a flow whose risk is proposed low enough to need no acceptance.
func (d *desk) harmlessFlow() catalog.Subject {
	d.t.Helper()
	d.flow()
	s, err := d.catalog.Register(d.as("triager"), catalog.Registration{
		Kind: "flow", Name: "harmless", Title: "A harmless flow", Organisation: "foundation",
		Attributes: map[string]string{"from": "production", "to": "production", "data_class": "none", "direction": "outbound", "access": "read", "volume": "low"},
	})
	d.must(err)
	return s
}

// A low rating opens the gate for what was rated, and for nothing that is put in
// its place afterwards.
func TestRatingsArePinned(t *testing.T) {
	horror, other, promise := "Everything in the user table can be changed by anybody.", "All wikis, for ever.", matrix.Stated{Assurances: "We promise."}
	title := "Another title"
	subject := func(in catalog.Change) func(d *desk, r risk.Risk) error {
		return func(d *desk, r risk.Risk) error {
			detail, err := d.catalog.Show(d.as("triager"), r.Subject)
			d.must(err)
			_, err = d.catalog.Change(d.as("triager"), r.Subject, detail.Subject.Revision, in)
			return err
		}
	}
	edited := func(in risk.EditInput) func(d *desk, r risk.Risk) error {
		return func(d *desk, r risk.Risk) error {
			_, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, in)
			return err
		}
	}
	exposed := func(all ...risk.PartyInput) func(d *desk, r risk.Risk) error {
		return func(d *desk, r risk.Risk) error {
			_, err := d.risks.SetParties(d.as("owner"), r.ID, r.Version, all)
			return err
		}
	}
	readers := risk.PartyInput{Kind: risk.PartyCommunity, Name: "The readers", Organisation: "community", Require: risk.RequireHearing}
	weaker, stronger, more := readers, readers, readers
	weaker.Require, stronger.Require, more.Name = risk.RequireNone, risk.RequireAcceptance, "The writers"
	chapter := "chapter"
	for name, c := range map[string]struct {
		change   func(d *desk, r risk.Risk) error
		outdated bool
	}{
		"threat":           {edited(risk.EditInput{Threat: &horror}), true},
		"scope":            {edited(risk.EditInput{Scope: &other}), true},
		"assurances":       {edited(risk.EditInput{Inputs: &promise}), true},
		"title":            {edited(risk.EditInput{Title: &title}), false},
		"party dropped":    {exposed(), true},
		"party weakened":   {exposed(weaker), true},
		"party kept":       {exposed(readers), false},
		"party stronger":   {exposed(stronger), false},
		"one more party":   {exposed(readers, more), false},
		"organisation":     {subject(catalog.Change{Organisation: &chapter}), true},
		"title of subject": {subject(catalog.Change{Title: &title}), false},
		"another realm": {func(d *desk, r risk.Risk) error {
			twin, err := d.catalog.Register(d.as("triager"), catalog.Registration{Kind: "realm", Name: "twin", Title: "t", Organisation: "foundation", Attributes: map[string]string{"trust": "production"}})
			d.must(err)
			return d.changeSubject(r.Subject, map[string]string{"from": "production", "to": twin.Name, "data_class": "none", "direction": "outbound", "access": "read", "volume": "low"})
		}, true},
		"mitigation": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.AddMitigation(d.as("sec"), r.ID, r.Version, risk.MitigationInput{Title: "t", Owner: "ops", Due: d.now().Add(day)})
			return err
		}, false},
		"treatment": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.Treat(d.as("sec"), r.ID, r.Version, risk.TreatInput{Treatment: risk.Avoid})
			return err
		}, false},
		"options": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
			return err
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := sqliteDesk(t)
			flow := d.harmlessFlow()
			r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{
				Subject: flow.Ref, Act: "call", Title: "R", Threat: "A typo is shown.", Scope: "One page.", Parties: []risk.PartyInput{readers},
			})
			d.must(err)
			r, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "A typo."})
			d.must(err)
			wantCodes(t, d.codes(flow.Ref))
			d.must(c.change(d, r))
			want := []string{}
			if c.outdated {
				want = append(want, "risk.not_assessed")
			}
			wantCodes(t, d.codes(flow.Ref), want...)
			got, err := d.risks.Get(d.as("sec"), r.ID)
			d.must(err)
			if got.Rated() == c.outdated || got.Rating.Outdated != c.outdated {
				t.Errorf("rated %v, outdated %v", got.Rated(), got.Rating.Outdated)
			}
			if !c.outdated {
				return
			}
			_, err = d.risks.Ask(d.as("owner"), r.ID, got.Version, d.request())
			wantCode(t, err, "risk.not_rated")
			_, err = d.risks.Rate(d.as("sec"), r.ID, got.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "Looked at again."})
			d.must(err)
			wantCodes(t, d.codes(flow.Ref))
		})
	}
}

// Who picks the judge, or drops a party that must accept, does so before the rating
// alone.
func TestJudgesArePickedBeforeTheRating(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	chapter := "chapter"
	detail, err := d.catalog.Show(d.as("triager"), flow.Ref)
	d.must(err)
	_, err = d.catalog.Change(d.as("triager"), flow.Ref, detail.Subject.Revision, catalog.Change{Organisation: &chapter})
	d.must(err)
	now, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	_, err = d.risks.Ask(d.as("owner"), r.ID, now.Version, d.request())
	wantCode(t, err, "risk.not_rated")

	r = d.ready(d.another("second").Ref)
	r, err = d.risks.SetParties(d.as("owner"), r.ID, r.Version, nil)
	d.must(err)
	_, err = d.risks.Ask(d.as("owner"), r.ID, r.Version, d.request())
	wantCode(t, err, "risk.not_rated")
}

// A flow into a realm that is no longer in use is not what was rated, nor what was
// accepted.
func TestRetiredRealmsCloseTheGate(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	d.granted(d.ready(flow.Ref))
	harmless, err := d.catalog.Register(d.as("triager"), catalog.Registration{
		Kind: "flow", Name: "harmless", Title: "A harmless flow", Organisation: "foundation",
		Attributes: map[string]string{"from": "cloud", "to": "cloud", "data_class": "none", "direction": "outbound", "access": "read", "volume": "low"},
	})
	d.must(err)
	r, err := d.register("owner", harmless.Ref, matrix.Stated{})
	d.must(err)
	_, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "Harmless."})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))
	wantCodes(t, d.codes(harmless.Ref))
	_, err = d.catalog.Retire(d.as("triager"), "realm:cloud", 1, "Switched off.")
	d.must(err)
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_void", "risk.not_assessed")
	wantCodes(t, d.codes(harmless.Ref), "risk.not_assessed")
}
