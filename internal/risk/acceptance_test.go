// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

func basis() Basis {
	return Basis{
		RatingSeq: 2, Residual: Assessment{Cell: matrix.Cell{Likelihood: 3, Impact: 4}, Rating: matrix.High},
		Threat: "data leaks", Scope: "test wiki only", Subject: "flow:x", SubjectVersion: 3, SubjectDigest: "d3",
		Organisation: "foundation", Parties: []BasisParty{{Kind: PartyCommunity, Name: "Community"}},
	}
}

func granted() Acceptance {
	return Acceptance{ID: "a", Risk: "r", State: Granted, Basis: basis(), AskedAt: noon.Add(-2 * day), From: noon.Add(-day), Until: noon.Add(29 * day)}
}

func TestStanding(t *testing.T) {
	p := shipped(t)
	for _, c := range []struct {
		name   string
		change func(*Acceptance)
		now    func(*Basis)
		at     time.Time
		want   StandingCode
	}{
		{"granted", nil, nil, noon, InForce},
		{"at its first moment", nil, nil, noon.Add(-day), InForce},
		{"a moment before", nil, nil, noon.Add(-day - time.Microsecond), NotStarted},
		{"a moment before its end", nil, nil, noon.Add(29*day - time.Microsecond), InForce},
		{"at its end", nil, nil, noon.Add(29 * day), Expired},
		{"long after", nil, nil, noon.Add(900 * day), Expired},
		{"re-rated", nil, func(b *Basis) { b.RatingSeq++ }, noon, Void},
		{"re-rated back to the same", nil, func(b *Basis) { b.RatingSeq = 9 }, noon, Void},
		{"another scope", nil, func(b *Basis) { b.Scope += "." }, noon, Void},
		{"another threat", nil, func(b *Basis) { b.Threat += "." }, noon, Void},
		{"other data", nil, func(b *Basis) { b.Facts.Data = matrix.DataSensitive }, noon, Void},
		{"an assurance less", nil, func(b *Basis) { b.Facts.Assurances = "x" }, noon, Void},
		{"the subject's version", nil, func(b *Basis) { b.SubjectVersion++ }, noon, Void},
		{"the subject's digest", nil, func(b *Basis) { b.SubjectDigest = "d4" }, noon, Void},
		{"one more party", nil, func(b *Basis) { b.Parties = append(b.Parties, BasisParty{Name: "x"}) }, noon, Void},
		{"no party", nil, func(b *Basis) { b.Parties = nil }, noon, Void},
		{"another organisation", nil, func(b *Basis) { b.Organisation = "chapter" }, noon, Void},
		{"expired and changed", nil, func(b *Basis) { b.Scope = "" }, noon.Add(30 * day), Expired},
		{"asked", func(a *Acceptance) { a.State, a.From = Asked, time.Time{} }, nil, noon, Awaiting},
		{"asked on what is no more", func(a *Acceptance) { a.State = Asked }, func(b *Basis) { b.Scope = "" }, noon, Void},
		{"refused", func(a *Acceptance) { a.State = Refused }, nil, noon, WasRefused},
		{"withdrawn", func(a *Acceptance) { a.State = Withdrawn }, nil, noon, WasWithdrawn},
		{"revoked", func(a *Acceptance) { a.State = Revoked }, nil, noon, WasRevoked},
		{"voided stays void when the pins match again", func(a *Acceptance) { a.State = Voided }, nil, noon, Void},
		{"closed", func(a *Acceptance) { a.State = Closed }, nil, noon, WasClosed},
		{"a state that nobody knows", func(a *Acceptance) { a.State = "weird" }, nil, noon, WasClosed},
		{"granted without a beginning", func(a *Acceptance) { a.From = time.Time{} }, nil, noon, NotStarted},
		{"condition due later", func(a *Acceptance) { a.Conditions = []Term{{ID: "c", Due: noon.Add(day)}} }, nil, noon, InForce},
		{"condition due now", func(a *Acceptance) { a.Conditions = []Term{{ID: "c", Due: noon}} }, nil, noon, ConditionOverdue},
		{"condition met", func(a *Acceptance) { a.Conditions = []Term{{ID: "c", Due: noon, MetAt: noon.Add(-time.Hour)}} }, nil, noon, InForce},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, now := granted(), basis()
			if c.change != nil {
				c.change(&a)
			}
			if c.now != nil {
				c.now(&now)
			}
			got := a.Standing(p, now, c.at)
			if got.Code != c.want {
				t.Errorf("got %s, want %s", got.Code, c.want)
			}
			if (got.Code == InForce) == got.ValidUntil.IsZero() {
				t.Errorf("%s until %v", got.Code, got.ValidUntil)
			}
		})
	}
}

func TestStandingLastsUntilTheNextCondition(t *testing.T) {
	p := shipped(t)
	a := granted()
	a.Conditions = []Term{{ID: "late", Due: noon.Add(10 * day)}, {ID: "soon", Due: noon.Add(3 * day)}, {ID: "met", Due: noon.Add(day), MetAt: noon}}
	if got, want := a.Standing(p, basis(), noon).ValidUntil, noon.Add(3*day); !got.Equal(want) {
		t.Errorf("valid until %v, want %v", got, want)
	}
	late := a.Standing(p, basis(), noon.Add(4*day))
	if diff := cmp.Diff([]string{"soon"}, late.Overdue); diff != "" || late.Code != ConditionOverdue {
		t.Errorf("%s %s", late.Code, diff)
	}
	// Where policy only advises, the acceptance stands and the condition shows.
	advise := *p
	advise.Conditions.Overdue = OverdueAdvises
	got := a.Standing(&advise, basis(), noon.Add(4*day))
	if got.Code != InForce || len(got.Overdue) != 1 || !got.ValidUntil.Equal(a.Until) {
		t.Errorf("advise: %+v", got)
	}
}

func TestClosureIsDueOnTheLastDay(t *testing.T) {
	p := shipped(t)
	for _, c := range []struct {
		name     string
		change   func(*Acceptance)
		at       time.Time
		due      time.Time
		unclosed bool
	}{
		{"while it runs", nil, noon, noon.Add(29 * day), false},
		{"from its end on", nil, noon.Add(29 * day), noon.Add(29 * day), true},
		{"revoked: at once", func(a *Acceptance) { a.State, a.EndedAt = Revoked, noon.Add(-time.Hour) }, noon, noon.Add(-time.Hour), true},
		{"voided before it was granted: nothing to undo", func(a *Acceptance) { a.State, a.EndedAt, a.From = Voided, noon, time.Time{} }, noon, time.Time{}, false},
		{"closed", func(a *Acceptance) { a.State = Closed }, noon.Add(99 * day), time.Time{}, false},
		{"refused", func(a *Acceptance) { a.State, a.From = Refused, time.Time{} }, noon.Add(99 * day), time.Time{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := granted()
			if c.change != nil {
				c.change(&a)
			}
			got := a.Standing(p, basis(), c.at)
			if !got.ClosureDue.Equal(c.due) || got.Unclosed != c.unclosed {
				t.Errorf("due %v unclosed %v, want %v %v", got.ClosureDue, got.Unclosed, c.due, c.unclosed)
			}
		})
	}
}

func TestBasisOfIgnoresTheOrderOfParties(t *testing.T) {
	a := Party{Kind: PartyOrganisation, Name: "A", Organisation: "o1"}
	b := Party{Kind: PartyCommunity, Name: "B"}
	subject := catalog.Subject{Ref: "flow:x", Version: 1, Digest: "d"}
	one, two := BasisOf(Risk{}, []Party{a, b}, subject), BasisOf(Risk{}, []Party{b, a}, subject)
	if changes := one.Changes(two); len(changes) > 0 {
		t.Errorf("differs in %v", changes)
	}
}

func TestPattern(t *testing.T) {
	p := shipped(t)
	flow := func(from, to string) catalog.Subject {
		return catalog.Subject{Kind: "flow", Attributes: map[string]string{"from": from, "to": to, "volume": "low"}}
	}
	if got, want := p.Pattern(flow("production", "cloud")), "flow|from=production|to=cloud"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if p.Pattern(flow("a|to=b", "")) == p.Pattern(flow("a", "b")) {
		t.Error("a value imitated two attributes")
	}
}

func TestTransitions(t *testing.T) {
	for _, c := range []struct {
		from AcceptanceState
		verb string
		want AcceptanceState // "" for a conflict
	}{
		{Asked, "grant", Granted}, {Asked, "refuse", Refused}, {Asked, "withdraw", Withdrawn}, {Asked, "void", Voided}, {Asked, "approve", Asked},
		{Asked, "revoke", ""}, {Asked, "close", ""},
		{Granted, "revoke", Revoked}, {Granted, "void", Voided}, {Granted, "close", Closed},
		{Granted, "grant", ""}, {Granted, "refuse", ""}, {Granted, "withdraw", ""},
		{Refused, "grant", ""}, {Refused, "close", ""}, {Withdrawn, "grant", ""},
		{Revoked, "grant", ""}, {Revoked, "close", Closed}, {Voided, "grant", ""}, {Voided, "close", Closed},
		{Closed, "grant", ""}, {Closed, "close", ""},
	} {
		got, err := item.Next(AcceptanceTransitions(), c.from, c.verb, "risk.state")
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %s: %q %v, want %q", c.from, c.verb, got, err, c.want)
		}
		if err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s %s: %v", c.from, c.verb, err)
		}
	}
	if _, err := item.Next(RiskTransitions(), StateClosed, "rate", "risk.state"); err == nil {
		t.Error("a closed risk was rated")
	}
}
