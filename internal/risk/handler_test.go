// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/risk"
)

// newPages is a whole office with the pages of the register on a real database.
func newPages(t *testing.T, adjust ...func(*web.Deps)) (*desk, *web.Mux) {
	t.Helper()
	d := newDesk(t, storetest.SQLite(t, tables()))
	deps := webtest.Deps(risk.Actions()...)
	people := webtest.People{}
	for id, roles := range cast {
		people[id] = authz.Actor{ID: id, Login: id, Name: "The " + id, Kind: authz.KindPerson, Roles: roles}
	}
	deps.People, deps.Policy, deps.Clock, deps.Submissions, deps.Navigation = people, d.authz, d.db.Clock(), d.log, risk.Navigation()
	for _, change := range adjust {
		change(&deps)
	}
	m := web.NewMux(deps)
	d.risks.Pages(m)
	return d, m
}

func servePages(t *testing.T) (*desk, *webtest.Client) {
	t.Helper()
	d, m := newPages(t)
	return d, webtest.Serve(t, m)
}

// fill is a form as the page has it, with some fields set.
func fill(page *webtest.Response, action string, pairs ...string) url.Values {
	values := page.FormValues(action)
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// linkTo is the first link of the page that begins so, or "".
func linkTo(page *webtest.Response, prefix string) string {
	for _, a := range page.All("a") {
		if href := a.Attr("href"); strings.HasPrefix(href, prefix) {
			return href
		}
	}
	return ""
}

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "risk") }

// TestCaseAThroughThePages takes the worked case from an empty register to a
// gate that allows, and stops again.
func TestCaseAThroughThePages(t *testing.T) {
	d, anyone := servePages(t)
	flow := d.flow()
	owner, reviewer := anyone.As("owner"), anyone.As("reviewer")

	owner.Get("/risks").Want(200).WantText("No risk is registered")
	form := owner.Get("/risks/new?subject=" + flow.Ref).Want(200).WantText("Show the proposed rating")
	values := fill(form, "/risks", "title", "Production calls the cloud realm", "threat", "Answers may attack the caller.", "scope", "The suggester.",
		"inputs.data", "public", "inputs.direction", "both", "inputs.access", "read", "inputs.volume", "low", "inputs.crosses_boundary", "1", "inputs.lower_trust", "1",
		"rows", "4", "parties[1].kind", "organisation", "parties[1].name", "The chapter", "parties[1].organisation", "chapter",
		"parties[3].kind", "community", "parties[3].name", "The community", "parties[3].organisation", "community")
	if values.Get("subject") != flow.Ref || values.Get("act") != "call" || values.Get("owner") != "owner" {
		t.Errorf("the form begins with %v", values)
	}
	propose := url.Values{}
	for k, v := range values {
		propose[k] = v
	}
	propose.Set("propose", "1")
	owner.Post("/risks", propose).Want(200).WantText("task T285098, lines 36–39", "at least high", "A call from production to a realm that is trusted less")
	made := owner.Post("/risks", values).Want(303).Header.Get("Location")
	owner.Post("/risks", values).WantLocation(made) // sent twice, registered once
	page := owner.Get(made).Want(200).WantText("Production calls the cloud realm", "Proposed", "The chapter", "Nobody has rated it yet", "The gate denies: call", "Chosen")
	page.Find(`a[href="` + made + `/edit"]`)
	page.WantNoText(made + "/rate\"")

	reviewer.Post(made+"/rate", fill(reviewer.Get(made+"/rate").Want(200), made+"/rate")).WantLocation(made)
	reviewer.Get(made).WantText("Rated by The reviewer", "Rated", "Not heard yet")
	owner.Post(made+"/options", fill(owner.Get(made+"/options"), made+"/options",
		"options[0].title", "Thirty days", "options[0].cost", "Little", "options[0].delay", "None", "options[0].risk", "High", "options[0].rating", "high",
		"options[1].title", "A service", "options[1].cost", "Much", "options[1].delay", "Half a year", "options[1].risk", "Low",
		"options[2].title", "No test", "options[2].cost", "No answer", "options[2].delay", "None", "options[2].risk", "None")).WantLocation(made)
	owner.Get(made).WantText("Thirty days", "Half a year")
	owner.Post(made+"/treat", fill(owner.Get(made+"/treat"), made+"/treat", "treatment", "accept", "note", "For a month.")).WantLocation(made)
	for range 2 {
		reviewer.Post(made+"/hear", fill(reviewer.Get(made+"/hear"), made+"/hear", "heard", "Its speaker", "said", "Not without a date.")).WantLocation(made)
	}
	owner.Get(made).WantText("Not without a date.").WantNoText("Not heard yet")

	decideCaseA(t, d, anyone, flow, made)
}

// decideCaseA asks to accept the risk for thirty days, decides, and lets it end.
func decideCaseA(t *testing.T, d *desk, anyone *webtest.Client, flow catalog.Subject, made string) {
	t.Helper()
	owner, executive := anyone.As("owner"), anyone.As("executive")
	ask := owner.Get(made+"/acceptances/new").Want(200).WantText("Rank executive or higher", "365 days", "30 days", "The functions security, operations and legal together")
	ask.Find(`input[name="option"]`)
	until := web.DateValue(d.now().Add(30*day), d.risks.Zone())
	wanted := fill(ask, made+"/acceptances", "reason", "The test needs a month.", "until", until, "rows", "2",
		"conditions[1].text", "The fallback is in place", "conditions[1].owner", "owner", "conditions[1].due", until)
	tooLong := fill(ask, made+"/acceptances", "reason", "The test needs a month.", "until", "2099-01-01")
	owner.Post(made+"/acceptances", tooLong).Want(422).WantText("is accepted at most until", "The test needs a month.")
	wrong := fill(ask, made+"/acceptances", "reason", "x", "until", until, "rows", "2", "conditions[1].text", "The fallback", "conditions[1].owner", "nobody", "conditions[1].due", until)
	owner.Post(made+"/acceptances", wrong).Want(422).Find(`a[href="#f1-conditions%5b1%5d.owner"]`)
	dialogue := owner.Post(made+"/acceptances", wanted).Want(303).Header.Get("Location")
	wantCodes(t, d.codes(flow.Ref), risk.CodeAwaiting)

	owner.Get(dialogue).Want(200).WantText("Nobody accepts what they asked for", "You cannot decide this").WantNoText("Accept the risk</button>")
	anyone.As("manager").Get(dialogue).Want(200).WantText("You may not decide about a risk rated high", "rank executive or higher")
	decision := executive.Get(dialogue).Want(200).WantText("As Chief executive of foundation", "This would be the first of this kind", "30 days from now",
		"version 1, digest "+flow.Digest[:12], "call", "The fallback is in place", "Still missing", "The word of those who may decide for foundation")
	empty := fill(decision, dialogue+"/grant")
	executive.Post(dialogue+"/grant", empty).Want(422).WantText("Please fill this in")
	yes := fill(decision, dialogue+"/grant", "reason", "Borne for thirty days.")
	executive.Post(dialogue+"/grant", yes).WantLocation(dialogue)
	executive.Post(dialogue+"/grant", yes).WantLocation(dialogue) // twice, once
	wantCodes(t, d.codes(flow.Ref))
	executive.Get(dialogue).Want(200).WantText("In force until the end of", "This is the first of this kind", "Borne for thirty days.", "As Chief executive of foundation")
	owner.Get(made).WantText("As far as this risk goes, the gate allows: call", "Granted by The executive (As Chief executive of foundation)")
	owner.Get("/risks").WantText("In force", "until", "High").Find(`a[href="` + made + `"]`)

	condition := linkTo(owner.Get(dialogue), dialogue+"/conditions/")
	owner.Post(condition, fill(owner.Get(condition).Want(200), condition, "evidence", "Shown to operations.")).WantLocation(dialogue)
	d.at(31 * day)
	wantCodes(t, d.codes(flow.Ref), risk.CodeExpired)
	owner.Get(made).WantText("The gate denies: call", "It ran out at the end of", "Proof is due")
	owner.Post(dialogue+"/close", fill(owner.Get(dialogue+"/close").Want(200), dialogue+"/close", "undone", "Switched off.", "learnt", "Plan the service earlier.")).WantLocation(dialogue)
	owner.Get(dialogue).WantText("Switched off.", "Plan the service earlier.", "Closed with proof")
}

func TestRevokingSaysWhatStops(t *testing.T) {
	d, anyone := servePages(t)
	flow := d.flow()
	r := d.ready(flow.Ref)
	a := d.granted(r)
	executive, owner := anyone.As("executive"), anyone.As("owner")
	anew := "/risks/" + r.ID + "/acceptances/new"
	extend := anew + "?extends=" + a.ID
	owner.Get(a.URL()).Find(`a[href="` + extend + `"]`)
	if got := owner.Get(extend).WantText("This prolongs the acceptance until").FormValues("/risks/" + r.ID + "/acceptances").Get("extends"); got != a.ID {
		t.Errorf("extends %q", got)
	}
	at := a.URL() + "/revoke"
	question := executive.Get(at).Want(200).WantText("The gate denies «call» on "+flow.Ref+" at once", "It cannot be given back")
	executive.Post(at, fill(question, at)).Want(422)
	executive.Post(at, fill(executive.Get(at), at, "reason", "It attacks us.")).WantLocation(a.URL())
	wantCodes(t, d.codes(flow.Ref), risk.CodeRevoked)
	executive.Get(a.URL()).WantText("Revoked on", "It attacks us.").WantNoText(at + `"`)
	executive.Get(at).Want(409).WantText("This acceptance allows nothing now").Find(`a[href="` + a.URL() + `"]`)
	owner.Get(a.URL()).Find(`a[href="` + anew + `"]`)
	owner.Get(extend).WantNoText("This prolongs the acceptance until") // it is over
	d.another("second")
	next := d.asked(d.ready("flow:second"))
	executive.Get(next.URL()).WantText("This would be the second of this kind", "Revoked")
}

func TestDelegatesSeeForWhomTheyDecide(t *testing.T) {
	d, anyone := servePages(t)
	a := d.asked(d.ready(d.flow().Ref))
	_, err := d.office.Delegate(d.as("executive"), office.DelegationInput{Post: d.posts["executive"].ID, To: "manager", Until: d.now().Add(2 * day), Reason: "Leave"})
	d.must(err)
	manager := anyone.As("manager")
	page := manager.Get(a.URL()).Want(200).WantText("For Chief executive of foundation, delegated by The executive until 25 November 2026")
	refuse := fill(page, a.URL()+"/grant", "reason", "Too long.")
	manager.Post(a.URL()+"/refuse", refuse).WantLocation(a.URL())
	manager.Get(a.URL()).WantText("The manager objects", "Too long.", "Refused").WantNoText("Accept the risk</button>")
	wantCodes(t, d.codes(a.Basis.Subject), risk.CodeMissing)
}

// Nothing that a form shows is lost by saving it as it is.
func TestSavingUnchangedChangesNothing(t *testing.T) {
	d, anyone := servePages(t)
	r := d.ready(d.flow().Ref)
	before, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	owner := anyone.As("owner")
	for _, at := range []string{"/edit", "/parties", "/options"} {
		owner.Post(r.URL()+at, owner.Get(r.URL()+at).FormValues(r.URL()+at)).WantLocation(r.URL())
	}
	after, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	ignore := cmpopts.IgnoreFields
	if diff := cmp.Diff(before, after, ignore(risk.Risk{}, "Version", "Entry", "ChangedAt"), ignore(risk.Detail{}, "History"),
		ignore(risk.Party{}, "Entry"), ignore(risk.Option{}, "ID", "Entry")); diff != "" {
		t.Error(diff)
	}
}

func TestStaleForms(t *testing.T) {
	d, anyone := servePages(t)
	r := d.ready(d.flow().Ref)
	owner, triager := anyone.As("owner"), anyone.As("triager")
	edit := r.URL() + "/edit"
	mine := fill(owner.Get(edit), edit, "title", "My title")
	mine.Set("threat", strings.ReplaceAll(mine.Get("threat"), "\n", "\r\n")+"\r\n") // as browsers send it
	triager.Post(edit, fill(triager.Get(edit), edit, "title", "Their title")).WantLocation(r.URL())
	again := owner.Post(edit, mine).Want(412).WantText("Somebody changed this after you opened it", "Their title")
	if n := strings.Count(again.Body, "Saved meanwhile by somebody else:"); n != 1 {
		t.Errorf("%d fields show what is saved now, and one differs", n)
	}
	if got := again.FormValues(edit).Get("title"); got != "My title" {
		t.Errorf("what was typed became %q", got)
	}
	owner.Post(edit, again.FormValues(edit)).WantLocation(r.URL())
	owner.Get(r.URL()).WantText("My title")

	// What was asked for is taken back while somebody decides.
	detail, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	a := d.asked(detail.Risk)
	executive := anyone.As("executive")
	yes := fill(executive.Get(a.URL()), a.URL()+"/grant", "reason", "A long and careful reason.")
	_, err = d.risks.Withdraw(d.as("owner"), a.ID, a.Version, "no")
	d.must(err)
	executive.Post(a.URL()+"/grant", yes).Want(412).WantText("Somebody changed this", "A long and careful reason.", "Withdrawn")

	// Somebody changes what it is pinned to: both versions are shown.
	detail, err = d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	a = d.asked(detail.Risk)
	d.must(d.setAttributes(r.Subject, 1, map[string]string{"from": "production", "to": "cloud", "access": "write"}))
	executive.Get(a.URL()).Want(200).WantText("the subject changed since", "As it was asked for", "As it is now", "version 1,", "version 2,", "Differs").WantNoText("Accept the risk</button>")
}

func TestRowsAndProposalWithoutScripts(t *testing.T) {
	d, anyone := servePages(t)
	r := d.registered(d.flow().Ref)
	owner := anyone.As("owner")
	at := r.URL() + "/parties"
	more := owner.Post(at, fill(owner.Get(at), at, "more", "1", "parties[3].name", "Somebody else")).Want(200)
	if got := more.FormValues(at); !got.Has("parties[3].name") || got.Has("parties[4].name") || got.Get("parties[3].name") != "Somebody else" {
		t.Errorf("after one more row: %v", got)
	}
	// A wrong row keeps its place although rows before it are blank.
	values := owner.Get(at).FormValues(at)
	for _, i := range []string{"0", "1", "2"} {
		for _, name := range []string{"kind", "name", "organisation", "exposure", "require"} {
			values.Set("parties["+i+"]."+name, "")
		}
	}
	values.Set("rows", "4")
	values.Set("parties[3].name", "Alone")
	owner.Post(at, values).Want(422).Find(`a[href="#f1-parties%5b3%5d.kind"]`)
	// A new risk begins with one row; more come with everything that was typed.
	begun := owner.Get("/risks/new")
	if got := begun.FormValues("/risks"); !got.Has("parties[0].name") || got.Has("parties[1].name") {
		t.Errorf("a new risk begins with %v", got)
	}
	typed := owner.Post("/risks", fill(begun, "/risks", "more", "1", "title", "Half written", "parties[0].name", "The chapter")).Want(200)
	if got := typed.FormValues("/risks"); !got.Has("parties[1].name") || got.Get("title") != "Half written" || got.Get("parties[0].name") != "The chapter" {
		t.Errorf("after another party: %v", got)
	}
	if at := typed.Find(`button[name="more"]`).Attr("formaction"); at != "/risks#row-2" {
		t.Errorf("another party leads to %q", at)
	}
	edit := r.URL() + "/edit"
	owner.Post(edit, fill(owner.Get(edit), edit, "propose", "1", "inputs.lower_trust", "")).Want(200).WantNoText("task T285098, lines 36–39")
}

func TestMitigationIsDueOnTheDayThatWasEntered(t *testing.T) {
	d, anyone := servePages(t)
	r := d.ready(d.flow().Ref)
	owner := anyone.As("owner")
	at := r.URL() + "/mitigations/new"
	owner.Post(at, fill(owner.Get(at), at, "title", "Build it", "owner", "owner", "due", "2027-03-04")).WantLocation(r.URL())
	owner.Get(r.URL()).WantText("4 March 2027").WantNoText("5 March 2027")
	detail, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	owner.Get(r.URL() + "/mitigations/" + detail.Mitigations[0].ID).WantText("4 March 2027").WantNoText("5 March 2027")
}

func TestRegisterFilters(t *testing.T) {
	d, anyone := servePages(t)
	high := d.rated(d.flow().Ref)
	d.another("second")
	d.registered("flow:second")
	me := anyone.As("reviewer")
	me.Get("/risks").Want(200).WantText("Flow property-suggester-ab-test", "Flow second", "Proposed")
	me.Get("/risks?subject=flow:second").WantText("Flow second").WantNoText(high.ID)
	me.Get("/risks?likelihood=3&impact=4").Want(200).WantText("Only risks that are possible × major", "Shown")
	inherent := me.Get("/risks?by=inherent&likelihood=3").Want(200).WantText("The inherent rating", "if nothing had been done about them", "Inherent rating", "Flow second")
	inherent.Find(`a[href="/risks?by=residual&state=active"]`)
	if kept := inherent.Find(`form.filters input[name="by"]`).Attr("value"); kept != "inherent" {
		t.Errorf("the filter keeps by=%q", kept)
	}
	me.Get("/risks?by=nonsense").Want(422)
	me.Get("/risks?rating=low").WantText("No risk matches")
	me.Get("/risks?owner=reviewer").WantText("No risk matches")
	me.Get("/risks?owner=owner&sort=recent").WantText("Flow second")
	me.Get("/risks?state=nonsense").Want(422)
	me.Get("/risks?cursor=!").Want(400)
	d.at(400 * day)
	me.Get("/risks").WantText("Overdue")
}

func TestRestrictedRisksAreNotThere(t *testing.T) {
	d, anyone := servePages(t)
	d.flow()
	r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{
		Subject: "flow:property-suggester-ab-test", Title: "Hidden away", Threat: "t", Scope: "s", Inputs: caseA().Stated(), Visibility: authz.Restricted,
		Participants: []string{"person:sec"},
	})
	d.must(err)
	reviewer := anyone.As("reviewer")
	for _, path := range []string{"", "/edit", "/rate", "/treat", "/parties", "/options", "/acceptances/new", "/close"} {
		hidden, absent := reviewer.Get("/risks/"+r.ID+path).Want(404), reviewer.Get("/risks/absent0000000000"+path).Want(404)
		mask := func(w *webtest.Response, id string) string {
			return strings.ReplaceAll(strings.ReplaceAll(w.Body, w.Header.Get("X-Request-Id"), ""), id, "")
		}
		if mask(hidden, r.ID) != mask(absent, "absent0000000000") {
			t.Errorf("%s: the pages differ", path)
		}
	}
	reviewer.Get("/risks").WantNoText("Hidden away")
	anyone.As("owner").Get("/risks").WantText("Hidden away", "Restricted")
	anyone.As("owner").Get("/risks/" + r.ID).Want(200)
}

func TestHostileTextIsEscaped(t *testing.T) {
	d, anyone := servePages(t)
	d.flow()
	const bad = `"><script>alert(1)</script>{{.}}`
	r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{
		Subject: "flow:property-suggester-ab-test", Title: bad, Threat: bad, Scope: bad, Inputs: caseA().Stated(),
		Parties: []risk.PartyInput{{Kind: risk.PartyCommunity, Name: bad, Exposure: bad}},
	})
	d.must(err)
	r, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high, Reason: bad})
	d.must(err)
	options := options()
	for i := range options {
		options[i].Title, options[i].Cost = bad, bad
	}
	r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options)
	d.must(err)
	in := d.request()
	in.Reason, in.Conditions = bad, []risk.TermInput{{Text: bad, Owner: "owner", Due: in.Until}}
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
	d.must(err)
	for _, path := range []string{"/risks", r.URL(), r.URL() + "/edit", r.URL() + "/parties", r.URL() + "/options", r.URL() + "/rate", a.URL()} {
		page := anyone.As("reviewer").Get(path).Want(200)
		if path == r.URL()+"/options" || path == r.URL()+"/parties" || path == r.URL()+"/edit" {
			page.Find("form")
		}
		page.WantText(`<script>alert(1)</script>`).WantNoText("<script>alert", "ZgotmplZ")
	}
}
