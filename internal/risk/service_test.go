// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Case A of the worked examples, T285098, from registration to proof.
func TestCaseA(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")

		r := d.registered(flow.Ref)
		if r.Effective().Rating != matrix.High || r.Rated() {
			t.Errorf("registered as %s, rated %v: want high by default", r.Effective().Rating, r.Rated())
		}
		wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")

		r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
		d.must(err)
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_missing")

		r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
		d.must(err)
		a := d.asked(d.heard(r))
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")

		a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "For thirty days, no longer.")
		d.must(err)
		if a.State != risk.Granted || len(a.Rights) != 1 || a.Rights[0].By[0].Person != "executive" || a.Rights[0].By[0].Right.Rank != "executive" {
			t.Errorf("granted as %s by %+v", a.State, a.Rights)
		}
		d.at(day)
		wantCodes(t, d.codes(flow.Ref))
		d.at(30 * day)
		wantCodes(t, d.codes(flow.Ref))
		d.at(31 * day)
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_expired")

		detail, err := d.risks.Acceptance(d.as("reviewer"), a.ID)
		d.must(err)
		if detail.Standing.Code != risk.Expired || !detail.Standing.Unclosed {
			t.Errorf("after its end: %+v", detail.Standing)
		}
		a, err = d.risks.Settle(d.as("owner"), a.ID, a.Version, risk.SettleInput{Undone: "The route is gone; change 1.", Learnt: "Worth a service."})
		d.must(err)
		if a.State != risk.Closed || !a.EndedAt.IsZero() {
			t.Errorf("closed as %s, ended %v", a.State, a.EndedAt)
		}
		if _, err := d.risks.Close(d.as("reviewer"), r.ID, r.Version+2, "The test is over."); err != nil {
			t.Errorf("close the risk: %v", err)
		}
		wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
	})
}

// A clock that is set back revives nothing: gate time is never before the head.
func TestClockSetBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		a := d.granted(d.ready(flow.Ref))
		d.at(31 * day)
		d.another("something-else") // an entry at day 31
		d.at(2 * day)
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_expired")
		_, err := d.risks.Revoke(d.as("reviewer"), a.ID, a.Version, "late")
		wantCode(t, err, "risk.acceptance_over")
	})
}

func TestRevocationWorksAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		r := d.ready(flow.Ref)
		a := d.granted(r)
		wantCodes(t, d.codes(flow.Ref))
		a, err := d.risks.Revoke(d.as("reviewer"), a.ID, a.Version, "It leaks.")
		d.must(err)
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_revoked")
		_, err = d.risks.Close(d.as("reviewer"), r.ID, r.Version, "done")
		wantCode(t, err, "risk.acceptance_unclosed")
		_, err = d.risks.Settle(d.as("requester"), a.ID, a.Version, risk.SettleInput{Undone: "x", Learnt: "y"})
		wantCode(t, err, "authz.forbidden")
		_, err = d.risks.Settle(d.as("owner"), a.ID, a.Version, risk.SettleInput{Undone: " ", Learnt: "y"})
		wantCode(t, err, "risk.invalid")
		_, err = d.risks.Settle(d.as("owner"), a.ID, a.Version, risk.SettleInput{Undone: "x", Learnt: "y"})
		d.must(err)
	})
}

// What an acceptance is pinned to voids it: recorded where this slice made the
// change, and by the gate alone where it did not.
func TestPins(t *testing.T) {
	scope, threat := "Everything.", "Something else."
	changes := map[string]struct {
		change   func(d *desk, r risk.Risk) error
		recorded bool
		outdated bool // the rating too
	}{
		"re-rated to the same": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
			return err
		}, true, false},
		"another scope": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Scope: &scope})
			return err
		}, true, true},
		"another threat": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Threat: &threat})
			return err
		}, true, true},
		"other facts": {func(d *desk, r risk.Risk) error {
			inputs := caseA().Stated()
			inputs.Data = matrix.DataSensitive
			_, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Inputs: &inputs})
			return err
		}, true, true},
		"another party": {func(d *desk, r risk.Risk) error {
			_, err := d.risks.SetParties(d.as("owner"), r.ID, r.Version, []risk.PartyInput{{Kind: risk.PartyCommunity, Name: "The community"}})
			return err
		}, true, true},
		"one more party": {func(d *desk, r risk.Risk) error {
			all := append(parties(), risk.PartyInput{Kind: risk.PartyCommunity, Name: "The readers", Require: risk.RequireNone})
			_, err := d.risks.SetParties(d.as("owner"), r.ID, r.Version, all)
			return err
		}, true, false},
		"a party that must get more": {func(d *desk, r risk.Risk) error {
			all := parties()
			all[1].Require = risk.RequireAcceptance
			_, err := d.risks.SetParties(d.as("owner"), r.ID, r.Version, all)
			return err
		}, true, false},
		"the organisation": {func(d *desk, r risk.Risk) error {
			chapter, s := "chapter", "flow:property-suggester-ab-test"
			detail, err := d.catalog.Show(d.as("triager"), s)
			d.must(err)
			_, err = d.catalog.Change(d.as("triager"), s, detail.Subject.Revision, catalog.Change{Organisation: &chapter})
			return err
		}, false, true},
		"the subject": {func(d *desk, r risk.Risk) error {
			return d.changeSubject(r.Subject, map[string]string{"from": "production", "to": "cloud", "access": "write"})
		}, false, true},
		"the subject, and back again": {func(d *desk, r risk.Risk) error {
			if err := d.changeSubject(r.Subject, map[string]string{"from": "production", "to": "cloud", "access": "write"}); err != nil {
				return err
			}
			return d.changeSubject(r.Subject, map[string]string{"from": "production", "to": "cloud", "access": "read"})
		}, false, true},
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				flow := d.flow()
				r := d.ready(flow.Ref)
				a := d.granted(r)
				wantCodes(t, d.codes(flow.Ref))
				d.must(c.change(d, r))
				want := []string{"risk.acceptance_void"}
				if c.outdated {
					want = append(want, "risk.not_assessed")
				}
				wantCodes(t, d.codes(flow.Ref), want...)
				got, err := d.risks.Acceptance(d.as("reviewer"), a.ID)
				d.must(err)
				if (got.State == risk.Voided) != c.recorded || got.Standing.Code != risk.Void {
					t.Errorf("state %s, standing %s", got.State, got.Standing.Code)
				}
			})
		})
	}
}

// A new title changes nothing that was decided on.
func TestTitleIsNotPinned(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	flow := d.flow()
	r := d.ready(flow.Ref)
	d.granted(r)
	title := "Better words"
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Title: &title})
	d.must(err)
	// Nor is the plan, which may grow.
	_, err = d.risks.AddMitigation(d.as("owner"), r.ID, r.Version, risk.MitigationInput{Title: "More", Owner: "ops", Due: d.now().Add(day)})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))
}

func (d *desk) changeSubject(ref string, attributes map[string]string) error {
	detail, err := d.catalog.Show(d.as("triager"), ref)
	if err != nil {
		return err
	}
	return d.setAttributes(ref, detail.Subject.Revision, attributes)
}

func TestConditions(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		r := d.ready(flow.Ref)
		in := d.request()
		in.Conditions = []risk.TermInput{{Text: "Log every call.", Owner: "ops", Due: d.now().Add(5 * day)}}
		a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
		d.must(err)
		a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "With logs.")
		d.must(err)
		v, err := d.gate.Ask(d.as("reviewer"), flow.Ref, "call")
		d.must(err)
		if !v.Allowed() {
			t.Fatalf("denied: %v", v.Blockers)
		}
		d.at(5 * day)
		wantCodes(t, d.codes(flow.Ref), "risk.condition_overdue")
		_, err = d.risks.Meet(d.as("legal"), a.ID, a.Version, a.Conditions[0].ID, "Not mine.")
		wantCode(t, err, "authz.forbidden")
		a, err = d.risks.Meet(d.as("ops"), a.ID, a.Version, a.Conditions[0].ID, "Dashboard 7.")
		d.must(err)
		wantCodes(t, d.codes(flow.Ref))
		_, err = d.risks.Meet(d.as("ops"), a.ID, a.Version, a.Conditions[0].ID, "Again.")
		wantCode(t, err, "risk.state")
	})
}

// Prolonging is a new decision, and the dialogue shows what was granted before.
func TestExtensionAndPrecedents(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		r := d.ready(flow.Ref)
		first := d.granted(r)
		d.at(20 * day)
		in := d.request()
		in.Extends = first.ID
		second, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
		d.must(err)
		d.at(31 * day)
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
		_, err = d.risks.Grant(d.as("executive"), second.ID, second.Version, "Once more.")
		d.must(err)
		wantCodes(t, d.codes(flow.Ref))

		other := d.another("second-flow")
		third := d.asked(d.ready(other.Ref))
		got, err := d.risks.Acceptance(d.as("executive"), third.ID)
		d.must(err)
		if got.Ordinal != 3 || len(got.Precedents) != 2 || got.Precedents[1].Outcome != risk.Expired || got.Precedents[0].Outcome != risk.InForce {
			t.Errorf("ordinal %d, precedents %+v", got.Ordinal, got.Precedents)
		}
		if len(got.Opens) != 1 || got.Opens[0] != "flow call" || !got.MayGrant || len(got.YourRights) == 0 {
			t.Errorf("opens %v, may grant %v by %v", got.Opens, got.MayGrant, got.YourRights)
		}
		// In another realm it is another pattern.
		in = d.request()
		in.Extends = first.ID
		_, err = d.risks.Withdraw(d.as("owner"), third.ID, third.Version, "Not any more.")
		d.must(err)
		_, err = d.risks.Ask(d.as("owner"), third.Risk, d.version(third.Risk), in)
		wantCode(t, err, "risk.invalid")
	})
}

// No choice of words makes an exception the first of its kind: the act is one that
// the gate knows or none, and none counts as each of them.
func TestPrecedentsOfNoAct(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	_, err := d.risks.Register(d.as("owner"), risk.RegisterInput{Subject: d.flow().Ref, Act: "call.x", Title: "R", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
	wantField(t, err, "act", "not_offered")
	for i, act := range []string{"call", "", "call", ""} {
		r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{Subject: "flow:property-suggester-ab-test", Act: act, Title: "R", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
		d.must(err)
		r, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
		d.must(err)
		r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
		d.must(err)
		d.at(time.Duration(i) * time.Hour)
		got, err := d.risks.Acceptance(d.as("executive"), d.granted(r).ID)
		d.must(err)
		if got.Ordinal != i+1 || len(got.Precedents) != i {
			t.Errorf("no. %d, for the act %q, is no. %d after %d", i+1, act, got.Ordinal, len(got.Precedents))
		}
	}
}

func (d *desk) version(id string) int64 {
	d.t.Helper()
	got, err := d.risks.Get(d.as("reviewer"), id)
	d.must(err)
	return got.Version
}

// However late it begins, an acceptance ends as if it began at once; only one that
// prolongs another in force counts from its own beginning, which is no later than
// that one's end. So none is stacked on another in advance.
func TestLongestIsNotStacked(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.ready(d.flow().Ref)
	limit := 365 * day
	ask := func(change func(in *risk.AskInput)) (risk.Acceptance, error) {
		in := d.request()
		change(&in)
		return d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
	}
	_, err := ask(func(in *risk.AskInput) { in.Start, in.Until = d.now().Add(10*limit), d.now().Add(10*limit+30*day) })
	wantField(t, err, "until", "too_long")
	first := d.granted(r)
	next := func(in *risk.AskInput) {
		in.Extends, in.Start, in.Until = first.ID, first.Until, first.Until.Add(limit)
	}
	_, err = ask(func(in *risk.AskInput) { next(in); in.Extends = "" })
	wantField(t, err, "until", "too_long")
	_, err = ask(func(in *risk.AskInput) { next(in); in.Start = first.Until.Add(time.Hour) })
	wantField(t, err, "start", "gap")
	_, err = ask(func(in *risk.AskInput) { next(in); in.Until = first.Until.Add(limit + 2*day) })
	wantField(t, err, "until", "too_long")
	second, err := ask(next)
	d.must(err)
	second, err = d.risks.Grant(d.as("executive"), second.ID, second.Version, "Once more.")
	d.must(err)
	_, err = ask(func(in *risk.AskInput) {
		in.Extends, in.Start, in.Until = second.ID, second.Until, second.Until.Add(limit)
	})
	wantField(t, err, "extends", "not_in_force")
	d.at(31 * day) // the second is in force, the first is over
	_, err = ask(func(in *risk.AskInput) { in.Extends = first.ID })
	wantField(t, err, "extends", "not_in_force")
	_, err = ask(func(in *risk.AskInput) { in.Extends = second.ID })
	d.must(err)
}

func TestLaterBeginning(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	flow := d.flow()
	r := d.ready(flow.Ref)
	in := d.request()
	in.Start = d.now().Add(3 * day)
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
	d.must(err)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "From then on.")
	d.must(err)
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_not_started")
	d.at(3*day - time.Microsecond)
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_not_started")
	d.at(3 * day)
	wantCodes(t, d.codes(flow.Ref))
}
