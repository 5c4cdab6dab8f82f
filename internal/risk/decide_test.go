// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

func sqliteDesk(t *testing.T) *desk { return newDesk(t, storetest.SQLite(t, tables())) }

func TestWhoMayNotGrant(t *testing.T) {
	for _, c := range []struct{ name, person, code string }{
		{"the asker", "owner", "risk.own_request"},
		{"too low a rank", "director", "risk.rank_too_low"},
		{"the executive of another organisation", "chief", "risk.rank_too_low"},
		{"no rank at all", "reviewer", "risk.rank_too_low"},
		{"a member of a council that does not decide this rating", "m4", "risk.rank_too_low"},
		{"who only reads", "auditor", "authz.forbidden"},
		{"who cannot see it", "m1", "not_found"},
		{"nobody", "", "authz.sign_in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sqliteDesk(t)
			flow := d.flow()
			a := d.asked(d.ready(flow.Ref))
			_, err := d.risks.Grant(d.as(c.person), a.ID, a.Version, "Yes.")
			wantCode(t, err, c.code)
			wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
		})
	}
}

func TestNobodyAcceptsWhatTheyAskedFor(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	executive := "executive"
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &executive})
	d.must(err)
	a, err := d.risks.Ask(d.as("executive"), r.ID, r.Version, d.request())
	d.must(err)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "I say so.")
	wantCode(t, err, "risk.own_request")
	// Nor by the hand of a delegate.
	_, err = d.office.Delegate(d.as("executive"), office.DelegationInput{Post: d.posts["executive"].ID, To: "manager", Until: d.now().Add(day), Reason: "Leave"})
	d.must(err)
	_, err = d.risks.Grant(d.as("manager"), a.ID, a.Version, "In the name of the executive.")
	wantCode(t, err, "risk.rank_too_low")
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
}

// The owner is barred even if the reviewer asks for them.
func TestOwnerDoesNotAccept(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	executive := "executive"
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Owner: &executive})
	d.must(err)
	a, err := d.risks.Ask(d.as("reviewer"), r.ID, r.Version, d.request())
	d.must(err)
	// They may set the end date, which alone grants nothing.
	a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Until then.")
	d.must(err)
	if a.State != risk.Asked {
		t.Fatalf("the owner's word made it %s", a.State)
	}
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
	// With the three functions it is complete.
	for _, person := range []string{"sec", "ops", "legal"} {
		if a.State != risk.Asked {
			t.Fatalf("%s before %s agreed", a.State, person)
		}
		a, err = d.risks.Grant(d.as(person), a.ID, a.Version, "Thirty days.")
		d.must(err)
	}
	if a.State != risk.Granted || len(a.Rights[0].By) != 4 || a.Rights[0].By[3].Right.Kind != authz.RightOwner {
		t.Errorf("%s by %+v", a.State, a.Rights)
	}
	wantCodes(t, d.codes(flow.Ref))
}

func TestDelegateGrants(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	a := d.asked(d.ready(flow.Ref))
	del, err := d.office.Delegate(d.as("executive"), office.DelegationInput{Post: d.posts["executive"].ID, To: "manager", Until: d.now().Add(day), Reason: "Leave"})
	d.must(err)
	got, err := d.risks.Acceptance(d.as("manager"), a.ID)
	d.must(err)
	if !got.MayGrant || got.YourRights[0].Delegation != del.ID {
		t.Errorf("the dialogue offers %v by %+v", got.MayGrant, got.YourRights)
	}
	a, err = d.risks.Grant(d.as("manager"), a.ID, a.Version, "While the executive is away.")
	d.must(err)
	right := a.Rights[0].By[0].Right
	if right.Delegation != del.ID || right.Holder != "executive" || right.Explanation == "" {
		t.Errorf("the record says %+v", right)
	}
}

// Vacancy moves authority up: without a director, a medium risk is the executive's.
func TestVacancy(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.registered(flow.Ref)
	medium := matrix.Cell{Likelihood: 3, Impact: 2}
	r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: medium, Reason: "Little is at stake."})
	d.must(err)
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, risk.AskInput{Reason: "Soon over.", Until: d.now().Add(10 * day)})
	d.must(err)
	for _, person := range []string{"director", "sec", "ops", "legal"} {
		d.vacate(person)
	}
	_, err = d.risks.Grant(d.as("manager"), a.ID, a.Version, "I stand in.")
	wantCode(t, err, "risk.rank_too_low")
	_, err = d.risks.Grant(d.as("director"), a.ID, a.Version, "I used to.")
	wantCode(t, err, "risk.rank_too_low")
	a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Then I.")
	d.must(err)
	if a.State != risk.Granted {
		t.Errorf("it is %s", a.State)
	}
}

func (d *desk) vacate(holder string) {
	d.t.Helper()
	p := d.posts[holder]
	p, err := d.office.ChangePost(d.as("admin"), p.ID, p.Version, office.PostInput{Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title})
	d.must(err)
	d.posts[holder] = p
}

func TestFunctionsGrantTogether(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		a := d.asked(d.ready(flow.Ref))
		var err error
		for _, person := range []string{"sec", "ops"} {
			a, err = d.risks.Grant(d.as(person), a.ID, a.Version, "From my side.")
			d.must(err)
			wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
		}
		_, err = d.risks.Grant(d.as("ops"), a.ID, a.Version, "Once more.")
		wantCode(t, err, "risk.already_voted")
		// Whoever agreed and has lost the post since does not count.
		d.vacate("sec")
		a, err = d.risks.Grant(d.as("legal"), a.ID, a.Version, "From mine.")
		d.must(err)
		if a.State != risk.Asked {
			t.Fatalf("granted with the word of a former head of security")
		}
		// The function moved up to the executive, who as executive decides alone.
		a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Then I.")
		d.must(err)
		if a.State != risk.Granted {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestFunctionsOnlyForThirtyDays(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	in := d.request()
	in.Until = d.now().Add(60 * day)
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
	d.must(err)
	_, err = d.risks.Grant(d.as("sec"), a.ID, a.Version, "Why not.")
	wantCode(t, err, "risk.too_long")
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Sixty.")
	d.must(err)
}

func TestObjections(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	a := d.asked(d.ready(flow.Ref))
	// A function objects: the executive may still decide.
	a, err := d.risks.Refuse(d.as("legal"), a.ID, a.Version, "Not with these data.")
	d.must(err)
	if a.State != risk.Asked {
		t.Fatalf("one function's no made it %s", a.State)
	}
	_, err = d.risks.Refuse(d.as("director"), a.ID, a.Version, "I too.")
	wantCode(t, err, "risk.rank_too_low")
	a, err = d.risks.Refuse(d.as("executive"), a.ID, a.Version, "Build the service.")
	d.must(err)
	if a.State != risk.Refused {
		t.Errorf("the executive's no made it %s", a.State)
	}
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_missing")
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "On second thought.")
	wantCode(t, err, "risk.state")
}

// critical is a risk rated critical, with all it takes to ask.
func (d *desk) critical(subject string) risk.Risk {
	d.t.Helper()
	r := d.registered(subject)
	worst := matrix.Cell{Likelihood: 5, Impact: 5}
	r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: worst, Residual: worst, Reason: "People are in danger."})
	d.must(err)
	r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
	d.must(err)
	return d.shared(r, "m1", "m2", "m3")
}

// shared makes a risk restricted to more people, who need not be internal.
func (d *desk) shared(r risk.Risk, people ...string) risk.Risk {
	d.t.Helper()
	restricted, participants := authz.Restricted, []string{"person:reviewer", "person:executive", "person:chief", "person:m4"}
	for _, p := range people {
		participants = append(participants, "person:"+p)
	}
	r, err := d.risks.Edit(d.as("owner"), r.ID, r.Version, risk.EditInput{Visibility: &restricted, Participants: &participants})
	d.must(err)
	return r
}

// At critical, the foundation's council, the chapter and the community's council
// must all accept; nobody's word stands for another's.
func TestQuorumAndParties(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		r := d.critical(flow.Ref)
		a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, risk.AskInput{Option: "temporary", Reason: "Until it is fixed.", Until: d.now().Add(5 * day)})
		d.must(err)
		for i, person := range []string{"m3", "m4", "m1", "chief", "m2"} {
			if a.State != risk.Asked {
				t.Fatalf("%s after %d words", a.State, i)
			}
			wantCodes(t, d.codes(flow.Ref), "risk.acceptance_awaiting")
			a, err = d.risks.Grant(d.as(person), a.ID, a.Version, "Until it is fixed.")
			d.must(err)
		}
		if a.State != risk.Granted || len(a.Rights) != 3 {
			t.Fatalf("%s by %+v", a.State, a.Rights)
		}
		for i, want := range []string{"security-council", "community-council", "executive"} {
			if !strings.Contains(a.Rights[i].Way, want) {
				t.Errorf("%d: by %s, want %s", i, a.Rights[i].Way, want)
			}
		}
		wantCodes(t, d.codes(flow.Ref))
	})
}

func TestCouncilRefusesWhenItCannotAgreeAnyMore(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.critical(flow.Ref)
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, risk.AskInput{Option: "temporary", Reason: "Until it is fixed.", Until: d.now().Add(5 * day)})
	d.must(err)
	// m1 sits in both councils; the community's needs both of its members.
	a, err = d.risks.Refuse(d.as("m1"), a.ID, a.Version, "No.")
	d.must(err)
	if a.State != risk.Refused {
		t.Errorf("the community can no longer agree, and it is %s", a.State)
	}
}

func TestHearingComesBeforeTheDecision(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.rated(flow.Ref)
	r, err := d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
	d.must(err)
	a := d.asked(r)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Yes.")
	wantCode(t, err, "risk.hearing_missing")
	got, err := d.risks.Acceptance(d.as("executive"), a.ID)
	d.must(err)
	if got.MayGrant || len(got.Unheard) != 2 || !strings.Contains(got.WhyNot, "The chapter and The community") {
		t.Errorf("the dialogue says %v, %v, %q", got.MayGrant, got.Unheard, got.WhyNot)
	}
	d.heard(r)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "Yes.")
	d.must(err)
}

func TestAskRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(d *desk, in *risk.AskInput)
		path   string
	}{
		{"no end", func(_ *desk, in *risk.AskInput) { in.Until = in.Start }, "until"},
		{"an end that is past", func(d *desk, in *risk.AskInput) { in.Until = d.now() }, "until"},
		{"longer than anybody may grant", func(d *desk, in *risk.AskInput) { in.Until = d.now().Add(400 * day) }, "until"},
		{"no reason", func(_ *desk, in *risk.AskInput) { in.Reason = "" }, "reason"},
		{"no option", func(_ *desk, in *risk.AskInput) { in.Option = "" }, "option"},
		{"an option that is not compared", func(_ *desk, in *risk.AskInput) { in.Option = "own" }, "option"},
		{"not doing it", func(_ *desk, in *risk.AskInput) { in.Option = "none" }, "option"},
		{"prolonging what never was", func(_ *desk, in *risk.AskInput) { in.Extends = "abcdefghijklmnop" }, "extends"},
		{"a condition after the end", func(d *desk, in *risk.AskInput) {
			in.Conditions = []risk.TermInput{{Text: "x", Owner: "ops", Due: d.now().Add(90 * day)}}
		}, "conditions[0].due"},
		{"a condition of nobody", func(d *desk, in *risk.AskInput) {
			in.Conditions = []risk.TermInput{{Text: "x", Owner: "ghost", Due: d.now().Add(day)}}
		}, "conditions[0].owner"},
		{"control characters", func(_ *desk, in *risk.AskInput) { in.Reason = "a\x00b" }, "reason"},
		{"not UTF-8", func(_ *desk, in *risk.AskInput) { in.Reason = "a\xff" }, "reason"},
		{"ten megabytes", func(_ *desk, in *risk.AskInput) { in.Reason = strings.Repeat("a", 10<<20) }, "reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sqliteDesk(t)
			r := d.ready(d.flow().Ref)
			in := d.request()
			c.change(d, &in)
			_, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
			f := fault.From(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Path != c.path {
				t.Errorf("got %v, want the field %s", f, c.path)
			}
		})
	}
}

func TestOneRequestAtATime(t *testing.T) {
	d := sqliteDesk(t)
	r := d.ready(d.flow().Ref)
	a := d.asked(r)
	_, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, d.request())
	wantCode(t, err, "risk.acceptance_awaiting")
	a, err = d.risks.Withdraw(d.as("owner"), a.ID, a.Version, "Wrong date.")
	d.must(err)
	if a.State != risk.Withdrawn {
		t.Errorf("it is %s", a.State)
	}
	d.asked(r)
}

// A request that nobody decided in time lapses, and does not stand in the way.
func TestLapsedRequest(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	a := d.asked(r)
	d.at(31 * day)
	_, err := d.risks.Grant(d.as("executive"), a.ID, a.Version, "Late.")
	wantCode(t, err, "risk.acceptance_lapsed")
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_missing")
	d.asked(r)
}

// What was asked for and changed before the decision cannot be decided.
func TestDecidingOnWhatIsNoMore(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	a := d.asked(d.ready(flow.Ref))
	d.must(d.changeSubject(flow.Ref, map[string]string{"from": "production", "to": "cloud", "access": "write"}))
	_, err := d.risks.Grant(d.as("executive"), a.ID, a.Version, "Yes.")
	wantCode(t, err, "risk.acceptance_void")
	wantCodes(t, d.codes(flow.Ref), "risk.acceptance_void", "risk.not_assessed")
}

func TestStaleAndTwice(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.registered(d.flow().Ref)
		in := risk.RateInput{Inherent: high, Residual: high}
		_, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, in)
		d.must(err)
		_, err = d.risks.Rate(d.as("reviewer2"), r.ID, r.Version, in)
		if !fault.Is(err, fault.Stale) {
			t.Errorf("the second of two people: %v", err)
		}
		key := ledger.Key{Actor: "person:owner", Key: "k", Fingerprint: "f"}
		submit := func() error {
			ctx := ledger.WithIdempotency(d.as("owner"), key)
			_, err := d.risks.Register(ctx, risk.RegisterInput{Subject: r.Subject, Title: "Twice", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
			return err
		}
		d.must(submit())
		wantCode(t, submit(), "idempotency.repeated")
		page, err := d.risks.List(d.as("reviewer"), risk.Filter{})
		d.must(err)
		if len(page.Items) != 2 {
			t.Errorf("%d risks after a double submit, want 2", len(page.Items))
		}
	})
}

func TestIndependence(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r, err := d.risks.Register(d.as("reviewer"), risk.RegisterInput{Subject: flow.Ref, Title: "Own", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
	d.must(err)
	low := matrix.Cell{Likelihood: 1, Impact: 1}
	in := risk.RateInput{Inherent: high, Residual: low, Reason: "It is nothing."}
	_, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, in)
	wantCode(t, err, "risk.not_independent")
	_, err = d.risks.Close(d.as("reviewer"), r.ID, r.Version, "It is nothing.")
	wantCode(t, err, "risk.not_independent")
	_, err = d.risks.Rate(d.as("owner"), r.ID, r.Version, in)
	wantCode(t, err, "authz.forbidden")
	in.Reason = ""
	_, err = d.risks.Rate(d.as("reviewer2"), r.ID, r.Version, in)
	wantCode(t, err, "risk.invalid")
	in.Reason = "Looked at it."
	_, err = d.risks.Rate(d.as("reviewer2"), r.ID, r.Version, in)
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))
}

// An unrated risk counts as if nothing had been done about it: what its owner
// claims opens nothing.
func TestClaimsOpenNothing(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	low := matrix.Cell{Likelihood: 1, Impact: 1}
	r := d.registered(flow.Ref)
	_, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: low, Reason: "Looked at it."})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))
	other := d.registered(flow.Ref)
	wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
	inputs := caseA().Stated()
	inputs.Assurances = "Trust me."
	other, err = d.risks.Edit(d.as("owner"), other.ID, other.Version, risk.EditInput{Inputs: &inputs})
	d.must(err)
	_, err = d.risks.AddMitigation(d.as("owner"), other.ID, other.Version, risk.MitigationInput{Title: "Something", Owner: "ops", Due: d.now().Add(day)})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
}

// Work on a risk is given to nobody who may not see it: they would be told of it.
func TestWorkIsForThoseWhoSee(t *testing.T) {
	d := sqliteDesk(t)
	r := d.ready(d.flow().Ref)
	for _, name := range []string{"outsider", "m1"} {
		_, err := d.risks.AddMitigation(d.as("owner"), r.ID, r.Version, risk.MitigationInput{Title: "Something", Owner: name, Due: d.now().Add(day)})
		wantField(t, err, "owner", "unsighted")
		in := d.request()
		in.Conditions = []risk.TermInput{{Text: "Something", Owner: name, Due: d.now().Add(day)}}
		_, err = d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
		wantField(t, err, "conditions[0].owner", "unsighted")
	}
}

// A person who is no employee but sits in a council decides without a role that
// opens anything else.
func TestServiceAccountsDecideNothing(t *testing.T) {
	d := sqliteDesk(t)
	a := d.asked(d.ready(d.flow().Ref))
	ctx := authz.WithActor(context.Background(), authz.Actor{ID: "executive", Kind: authz.KindService, Roles: []authz.Role{authz.RoleExecutive}})
	_, err := d.risks.Grant(ctx, a.ID, a.Version, "Beep.")
	wantCode(t, err, "risk.rank_too_low")
}

// Nor do they judge: a rating, a review, a hearing and the end of a risk take a
// person, whatever the roles of the account.
func TestServiceAccountsJudgeNothing(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	r := d.registered(flow.Ref)
	bot := authz.WithActor(t.Context(), authz.Actor{ID: "bot", Kind: authz.KindService, Roles: []authz.Role{authz.RoleReviewer, authz.RoleTriager}})
	low := matrix.Cell{Likelihood: 1, Impact: 1}
	_, err := d.risks.Rate(bot, r.ID, r.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "The machine says so."})
	wantCode(t, err, "risk.person_required")
	wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
	_, err = d.risks.Close(bot, r.ID, r.Version, "No risk.")
	wantCode(t, err, "risk.person_required")
	r = d.rated(d.another("second").Ref)
	_, err = d.risks.Review(bot, r.ID, r.Version, "Looked at.")
	wantCode(t, err, "risk.person_required")
	_, err = d.risks.Hear(bot, r.ID, r.Version, risk.HearingInput{Party: "The chapter", Heard: "x", Said: "x"})
	wantCode(t, err, "risk.person_required")
	detail, err := d.risks.Get(bot, r.ID)
	d.must(err)
	for _, verb := range []string{"rate", "review", "hear", "close"} {
		if slices.Contains(detail.Verbs, verb) {
			t.Errorf("the account is offered to %s", verb)
		}
	}
}

// What a party said is not written down by whoever wants the acceptance.
func TestHearingsAreRecordedByOthers(t *testing.T) {
	d := sqliteDesk(t)
	r := d.rated(d.flow().Ref)
	said := risk.HearingInput{Party: "The chapter", Heard: "Its speaker", Said: "Fine by us."}
	next := "manager"
	for _, person := range []string{"owner", "manager"} { // who owned it, and who owns it
		_, err := d.risks.Hear(d.as(person), r.ID, r.Version, said)
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", person, err)
		}
		if person == r.Owner {
			wantCode(t, err, "risk.not_independent")
			r, err = d.risks.Edit(d.as("triager"), r.ID, r.Version, risk.EditInput{Owner: &next})
			d.must(err)
		}
	}
	r, err := d.risks.SetOptions(d.as("triager"), r.ID, r.Version, options())
	d.must(err)
	a, err := d.risks.Ask(d.as("triager"), r.ID, r.Version, d.request())
	d.must(err)
	if waits := d.waits("reviewer"); len(waits) == 0 {
		t.Error("nobody is told whom to hear")
	}
	_, err = d.risks.Withdraw(d.as("reviewer"), a.ID, a.Version, "Another will ask.")
	d.must(err)
	_, err = d.risks.Hear(d.as("triager"), r.ID, r.Version, said)
	wantCode(t, err, "risk.not_independent")
	detail, err := d.risks.Get(d.as("triager"), r.ID)
	d.must(err)
	if slices.Contains(detail.Verbs, "hear") {
		t.Error("who asked is offered to record a hearing")
	}
	_, err = d.risks.Hear(d.as("reviewer"), r.ID, r.Version, said)
	d.must(err)
}
