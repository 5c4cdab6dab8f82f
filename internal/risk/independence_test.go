// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"slices"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Independence is not got by taking down the facts first, by handing the risk
// over, or by having asked instead of owned.
func TestIndependenceIsNotMade(t *testing.T) {
	low, other := matrix.Cell{Likelihood: 1, Impact: 1}, "reviewer2"
	nothing := risk.RateInput{Inherent: low, Residual: low, Reason: "It is nothing."}
	harmless := matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Read, Volume: matrix.VolumeLow}.Stated()
	worse, claims := caseA().Stated(), caseA().Stated()
	claims.Assurances = "Trust me."
	for name, prepare := range map[string]func(d *desk) risk.Risk{
		"facts taken down": func(d *desk) risk.Risk {
			r, err := d.risks.Register(d.as("reviewer"), risk.RegisterInput{Subject: d.project().Ref, Title: "Own", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
			d.must(err)
			r, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Inputs: &harmless})
			d.must(err)
			return r
		},
		"facts changed last": func(d *desk) risk.Risk {
			r, err := d.register("requester", d.project().Ref, harmless)
			d.must(err)
			r, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Inputs: &worse})
			d.must(err)
			return r
		},
		"facts taken down before another's edit": func(d *desk) risk.Risk {
			r, err := d.register("owner", d.project().Ref, caseA().Stated())
			d.must(err)
			r, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Inputs: &harmless})
			d.must(err)
			promise := harmless
			promise.Assurances = "We promise."
			r, err = d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Inputs: &promise})
			d.must(err)
			return r
		},
		"claims of one's own": func(d *desk) risk.Risk {
			r, err := d.risks.Register(d.as("reviewer"), risk.RegisterInput{Subject: d.flow().Ref, Title: "Own", Threat: "t", Scope: "s", Inputs: claims})
			d.must(err)
			r, err = d.risks.AddMitigation(d.as("reviewer"), r.ID, r.Version, risk.MitigationInput{Title: "Something", Owner: "ops", Due: d.now().Add(day)})
			d.must(err)
			return r
		},
		"handed over": func(d *desk) risk.Risk {
			r, err := d.risks.Register(d.as("requester"), risk.RegisterInput{Subject: d.flow().Ref, Title: "Own", Threat: "t", Scope: "s", Owner: "reviewer", Inputs: caseA().Stated()})
			d.must(err)
			r, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Owner: &other})
			d.must(err)
			return r
		},
		"refused what they asked for": func(d *desk) risk.Risk {
			r := d.ready(d.flow().Ref)
			a, err := d.risks.Ask(d.as("reviewer"), r.ID, r.Version, d.request())
			d.must(err)
			_, err = d.risks.Refuse(d.as("executive"), a.ID, a.Version, "No.")
			d.must(err)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := sqliteDesk(t)
			r := prepare(d)
			_, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, nothing)
			wantCode(t, err, "risk.not_independent")
			_, err = d.risks.Close(d.as("reviewer"), r.ID, r.Version, "It is nothing.")
			wantCode(t, err, "risk.not_independent")
			detail, err := d.risks.Get(d.as("reviewer"), r.ID)
			d.must(err)
			if slices.Contains(detail.Verbs, "close") {
				t.Error("the page offers to close the risk")
			}
			_, err = d.risks.Rate(d.as("sec"), r.ID, r.Version, nothing)
			d.must(err)
		})
	}
}

// Whoever owns a risk while a request waits does not accept it by handing the
// risk over first, nor does the word they gave as owner become one of rank.
func TestHandingOverOpensNothing(t *testing.T) {
	next := "owner"
	for _, votes := range []bool{false, true} {
		d := sqliteDesk(t)
		flow := d.flow()
		r := d.ready(flow.Ref)
		chief := "executive"
		r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &chief})
		d.must(err)
		a, err := d.risks.Ask(d.as("triager"), r.ID, r.Version, d.request())
		d.must(err)
		if votes {
			a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "The end is fine.")
			d.must(err)
		}
		_, err = d.risks.Edit(d.as("executive"), r.ID, r.Version, risk.EditInput{Owner: &next})
		d.must(err)
		if votes {
			_, err = d.risks.Grant(d.as("sec"), a.ID, a.Version, "Fine by security.")
			d.must(err)
		} else {
			_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Mine no more.")
			wantCode(t, err, "risk.own_risk")
			if waits := d.waits("executive"); len(waits) != 0 {
				t.Errorf("waits for the former owner: %q", waits)
			}
		}
		wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
	}
}

// Handing a risk to somebody who then asks is asking by another hand.
func TestHandingOverBeforeTheRequest(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	chief, puppet := "executive", "triager"
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &chief})
	d.must(err)
	r, err = d.risks.Edit(d.as("executive"), r.ID, r.Version, risk.EditInput{Owner: &puppet})
	d.must(err)
	d.at(time.Second)
	a, err := d.risks.Ask(d.as("triager"), r.ID, r.Version, d.request())
	d.must(err)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Mine until a minute ago.")
	wantCode(t, err, "risk.own_risk")
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
}

// rerated rates the risk as high as before, as the reviewer.
func (d *desk) rerated(id string) risk.Risk {
	d.t.Helper()
	now, err := d.risks.Get(d.as("reviewer"), id)
	d.must(err)
	r, err := d.risks.Rate(d.as("reviewer"), id, now.Version, risk.RateInput{Inherent: high, Residual: high})
	d.must(err)
	return d.heard(r)
}

// Another rating makes nobody independent who owned the risk.
func TestFormerOwnersAcceptNothing(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	chief, back := "executive", "owner"
	r := d.ready(flow.Ref)
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &chief})
	d.must(err)
	_, err = d.risks.Edit(d.as("executive"), r.ID, r.Version, risk.EditInput{Owner: &back})
	d.must(err)
	d.at(time.Hour)
	a := d.asked(d.rerated(r.ID))
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Mine no more.")
	wantCode(t, err, "risk.own_risk")
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
}

// Nor does it make anybody independent to withdraw, so that somebody else asks for
// the same.
func TestFormerAskersAcceptNothing(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	chief, back := "executive", "owner"
	r, err := d.risks.Register(d.as("triager"), risk.RegisterInput{Subject: flow.Ref, Act: "call", Title: "R", Threat: "t", Scope: "s", Owner: chief, Inputs: caseA().Stated()})
	d.must(err)
	r, err = d.risks.SetOptions(d.as("triager"), r.ID, r.Version, options())
	d.must(err)
	r, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
	d.must(err)
	a, err := d.risks.Ask(d.as("sec"), r.ID, r.Version, d.request())
	d.must(err)
	_, err = d.risks.Withdraw(d.as("reviewer"), a.ID, a.Version, "Another will ask.")
	d.must(err)
	r, err = d.risks.Edit(d.as("triager"), r.ID, r.Version, risk.EditInput{Owner: &back})
	d.must(err)
	a = d.asked(r)
	for _, person := range []string{"sec", "executive"} {
		_, err = d.risks.Grant(d.as(person), a.ID, a.Version, "Yes.")
		wantCode(t, err, map[string]string{"sec": "risk.own_request", "executive": "risk.own_risk"}[person])
	}
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
}

// Nobody becomes the owner of what rests on their own word, until it is revoked.
func TestWhoAcceptedTakesNothingOver(t *testing.T) {
	chief, delegate, sec := "executive", "director", "sec"
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	a := d.asked(r)
	a, err := d.risks.Grant(d.as("sec"), a.ID, a.Version, "Fine by security.")
	d.must(err)
	_, err = d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &sec})
	wantCode(t, err, "risk.owner_accepted") // while it waits, too
	_, err = d.office.Delegate(d.as("admin"), office.DelegationInput{Post: d.posts["executive"].ID, To: delegate, Until: d.now().Add(day), Reason: "Away."})
	d.must(err)
	a, err = d.risks.Grant(d.as(delegate), a.ID, a.Version, "For the chief.")
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))
	for _, person := range []*string{&chief, &delegate, &sec} {
		_, err = d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: person})
		wantCode(t, err, "risk.owner_accepted")
	}
	other := "manager"
	r, err = d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &other})
	d.must(err)
	_, err = d.risks.Revoke(d.as("reviewer"), a.ID, a.Version, "For the new owner.")
	d.must(err)
	_, err = d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &chief})
	d.must(err)
}
