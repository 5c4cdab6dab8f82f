// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/risk/matrix"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// office is a foundation with all posts filled, a chapter, and a community that
// has nothing but a council.
func office() authz.Authority {
	active := map[string]bool{}
	for _, p := range strings.Fields("asker owner exec dir man sec ops leg m1 m2 m3 m4 chapter-exec c1 c2 both gone") {
		active[p] = p != "gone"
	}
	post := func(id, org, rank, function, holder string) authz.Post {
		return authz.Post{ID: id, Organisation: org, Rank: rank, Function: function, Title: id, Holder: holder}
	}
	return authz.Authority{
		Ranks: []authz.Rank{{Name: "manager"}, {Name: "director"}, {Name: "executive"}},
		Posts: []authz.Post{
			post("P-exec", "foundation", "executive", "", "exec"),
			post("P-dir", "foundation", "director", "", "dir"),
			post("P-man", "foundation", "manager", "", "man"),
			post("P-sec", "foundation", "director", "security", "sec"),
			post("P-ops", "foundation", "director", "operations", "ops"),
			post("P-leg", "foundation", "director", "legal", "leg"),
			post("P-chapter", "chapter", "executive", "", "chapter-exec"),
		},
		Bodies: []authz.Body{
			{ID: "B-sec", Organisation: "foundation", Name: "security-council", Members: []string{"m1", "m2", "m3", "m4", "asker", "gone"}, Quorum: 3},
			{ID: "B-com", Organisation: "community", Name: "community-council", Members: []string{"c1", "c2"}, Quorum: 1},
		},
		Active: active,
	}
}

func request() Request {
	return Request{
		Asker: "asker", Owner: "owner", OwnerBarred: true, OwnerAsked: false,
		Until: noon.Add(20 * day), Zone: time.UTC, At: noon, Office: office(),
	}
}

func highNeed(t *testing.T, rating matrix.Rating) Need {
	t.Helper()
	return shipped(t).Needs(Basis{Organisation: "foundation", Residual: Assessment{Rating: rating}})[0]
}

func TestWhoMeetsANeed(t *testing.T) {
	for _, c := range []struct {
		name   string
		rating matrix.Rating
		change func(*Request)
		agreed string
		want   bool
	}{
		{"high: the executive", "high", nil, "exec", true},
		{"high: a director is too low", "high", nil, "dir", false},
		{"high: nobody yet", "high", nil, "", false},
		{"high: a stranger", "high", nil, "stranger", false},
		{"high: the executive of another organisation", "high", nil, "chapter-exec", false},
		{"medium: a higher rank will do", "medium", nil, "exec", true},
		{"medium: a director", "medium", nil, "dir", true},
		{"medium: a manager is too low", "medium", nil, "man", false},
		{"low: a manager", "low", nil, "man", true},
		{"high: the asker is the executive", "high", func(q *Request) { q.Asker = "exec" }, "exec", false},
		{"high: the owner is the executive", "high", func(q *Request) { q.Owner = "exec" }, "exec", false},
		{"high: policy lets the owner", "high", func(q *Request) { q.Owner, q.OwnerBarred = "exec", false }, "exec", true},
		{"high: the executive's account is inactive", "high", func(q *Request) { q.Office.Active["exec"] = false }, "exec", false},
		{"high: three functions and the owner", "high", nil, "sec ops leg owner", true},
		{"high: three functions, the owner had asked", "high", func(q *Request) { q.OwnerAsked = true }, "sec ops leg", true},
		{"high: three functions, nobody set the end", "high", nil, "sec ops leg", false},
		{"high: one function is missing", "high", func(q *Request) { q.OwnerAsked = true }, "sec ops", false},
		{"high: functions for longer than thirty days", "high", func(q *Request) { q.OwnerAsked, q.Until = true, noon.Add(32*day) }, "sec ops leg", false},
		{"high: functions to the end of the thirtieth day", "high", func(q *Request) { q.OwnerAsked, q.Until = true, time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC) }, "sec ops leg", true},
		{"high: functions and a microsecond more", "high", func(q *Request) {
			q.OwnerAsked, q.Until = true, time.Date(2026, 12, 24, 0, 0, 0, 1000, time.UTC)
		}, "sec ops leg", false},
		{"high: the executive for longer than thirty days", "high", func(q *Request) { q.Until = noon.Add(300 * day) }, "exec", true},
		{"high: the executive for longer than a year", "high", func(q *Request) { q.Until = noon.Add(400 * day) }, "exec", false},
		{"high: a later beginning moves no end", "high", func(q *Request) { q.Start, q.Until = noon.Add(100*day), noon.Add(400*day) }, "exec", false},
		{"high: but that of what prolongs another does", "high", func(q *Request) { q.Start, q.Until, q.Extends = noon.Add(100*day), noon.Add(400*day), true }, "exec", true},
		{"critical: a quorum of the council", "critical", func(q *Request) { q.Until = noon.Add(5 * day) }, "m1 m2 m3", true},
		{"critical: one short", "critical", func(q *Request) { q.Until = noon.Add(5 * day) }, "m1 m2", false},
		{"critical: the same member twice", "critical", func(q *Request) { q.Until = noon.Add(5 * day) }, "m1 m2 m2", false},
		{"critical: the asker does not count", "critical", func(q *Request) { q.Until = noon.Add(5 * day) }, "m1 m2 asker", false},
		{"critical: an inactive member does not count", "critical", func(q *Request) { q.Until = noon.Add(5 * day) }, "m1 m2 gone", false},
		{"critical: too long", "critical", nil, "m1 m2 m3 exec", false},
		{"critical: the body asks for more than policy", "critical", func(q *Request) {
			q.Until = noon.Add(5 * day)
			q.Office.Bodies[0].Quorum = 4
		}, "m1 m2 m3", false},
		{"critical: a body without a quorum decides nothing", "critical", func(q *Request) {
			q.Until = noon.Add(5 * day)
			q.Office.Bodies[0].Quorum = 0
		}, "m1 m2 m3 m4", false},
		{"critical: a body of that name elsewhere", "critical", func(q *Request) {
			q.Until = noon.Add(5 * day)
			q.Office.Bodies[0].Organisation = "chapter"
		}, "m1 m2 m3 m4", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := request()
			if c.change != nil {
				c.change(&q)
			}
			q.Agreed = strings.Fields(c.agreed)
			if _, got := highNeed(t, c.rating).Met(q); got != c.want {
				t.Errorf("met: %v, want %v", got, c.want)
			}
		})
	}
}

func delegate(q *Request, post, from, to string) {
	q.Office.Delegations = append(q.Office.Delegations, authz.Delegation{
		ID: "D-" + to, Post: post, Holder: from, To: to, From: noon.Add(-day), Until: noon.Add(day)})
}

func TestDelegationAndVacancy(t *testing.T) {
	need := highNeed(t, matrix.High)
	q := request()
	delegate(&q, "P-exec", "exec", "man")
	q.Agreed = []string{"man"}
	got, ok := need.Met(q)
	if !ok || got.By[0].Right.Delegation != "D-man" || got.By[0].Right.Holder != "exec" {
		t.Errorf("the delegate of the executive: %v %+v", ok, got)
	}
	q.At = noon.Add(2 * day)
	if _, ok := need.Met(q); ok {
		t.Error("a delegation that has ended still counts")
	}

	q = request()
	q.Asker = "exec"
	delegate(&q, "P-exec", "exec", "man")
	q.Agreed = []string{"man"}
	if _, ok := need.Met(q); ok {
		t.Error("the asker accepted by the hand of a delegate")
	}
	q.Asker, q.Owner = "asker", "exec"
	if _, ok := need.Met(q); ok {
		t.Error("the barred owner accepted by the hand of a delegate")
	}

	q = request()
	q.Asker = "man"
	delegate(&q, "P-exec", "exec", "man")
	q.Agreed = []string{"man"}
	if _, ok := need.Met(q); ok {
		t.Error("the asker accepted by a delegation from somebody else")
	}

	// The post of security falls vacant: the executive exercises its function,
	// the director beside it does not.
	q = request()
	q.OwnerAsked = true
	q.Office.Posts[3].Holder = ""
	q.Agreed = []string{"dir", "ops", "leg"}
	if _, ok := need.Met(q); ok {
		t.Error("a vacant function moved sideways")
	}
	three := Need{Organisation: "foundation", Longest: config.Duration(30 * day), AnyOf: []Alternative{{Functions: []string{"security", "operations", "legal"}}}}
	q.Agreed = []string{"exec", "ops", "leg"}
	if _, ok := three.Met(q); !ok {
		t.Error("a vacant function did not move up")
	}
}

func TestFunctionsNeedDifferentPeople(t *testing.T) {
	need := Need{Organisation: "foundation", Longest: config.Duration(30 * day), AnyOf: []Alternative{{Functions: []string{"security", "operations"}}}}
	q := request()
	q.Office.Posts = append(q.Office.Posts,
		authz.Post{ID: "P1", Organisation: "foundation", Rank: "manager", Function: "security", Holder: "both"},
		authz.Post{ID: "P2", Organisation: "foundation", Rank: "manager", Function: "operations", Holder: "both"})
	q.Agreed = []string{"both"}
	if _, ok := need.Met(q); ok {
		t.Error("one person stood for two functions")
	}
	// Whoever comes first, the right assignment is found: ops can only do operations.
	for _, agreed := range [][]string{{"both", "ops"}, {"ops", "both"}, {"both", "sec"}, {"sec", "both"}} {
		q.Agreed = agreed
		e, ok := need.Met(q)
		if !ok || e.By[0].Person == e.By[1].Person || e.By[0].Right.Function != "security" || e.By[1].Right.Function != "operations" {
			t.Errorf("%v: %v %+v", agreed, ok, e.By)
		}
	}
}

func TestNeedsOfParties(t *testing.T) {
	p := shipped(t)
	basis := Basis{Organisation: "foundation", Residual: Assessment{Rating: matrix.Critical}, Parties: []BasisParty{
		{Kind: PartyOrganisation, Name: "Foundation", Organisation: "foundation"},
		{Kind: PartyOrganisation, Name: "Chapter", Organisation: "chapter"},
		{Kind: PartyCommunity, Name: "Community", Organisation: "community"},
	}}
	names := func(needs []Need) []string {
		var all []string
		for _, n := range needs {
			all = append(all, n.Party+"@"+n.Organisation)
		}
		return all
	}
	if diff := cmp.Diff([]string{"@foundation", "Chapter@chapter", "Community@community"}, names(p.Needs(basis))); diff != "" {
		t.Errorf("critical: %s", diff)
	}
	basis.Residual.Rating = matrix.High
	if diff := cmp.Diff([]string{"@foundation"}, names(p.Needs(basis))); diff != "" {
		t.Errorf("high asks for hearings only: %s", diff)
	}
	basis.Parties[1].Require = RequireAcceptance
	if diff := cmp.Diff([]string{"@foundation", "Chapter@chapter"}, names(p.Needs(basis))); diff != "" {
		t.Errorf("more than policy for one party: %s", diff)
	}
	if got, _ := p.requirement(BasisParty{Kind: PartyOrganisation, Require: RequireNone}, matrix.High); got != RequireHearing {
		t.Errorf("less than policy was written down and counts: %s", got)
	}

	// The community's own body decides for it, and nobody else.
	basis.Residual.Rating = matrix.Critical
	needs := p.Needs(basis)
	q := request()
	q.Until = noon.Add(5 * day)
	for agreed, want := range map[string]bool{"c1 c2": true, "c1": false, "m1 m2 m3": false, "exec": false} {
		q.Agreed = strings.Fields(agreed)
		if _, got := needs[2].Met(q); got != want {
			t.Errorf("community by %q: %v", agreed, got)
		}
	}
}

func TestAttainable(t *testing.T) {
	council := Need{Organisation: "foundation", Longest: config.Duration(30 * day), AnyOf: []Alternative{{Body: "security-council", Quorum: 3}}}
	functions := Need{Organisation: "foundation", Longest: config.Duration(30 * day), AnyOf: []Alternative{{Functions: []string{"security", "legal"}}}}
	for _, c := range []struct {
		name     string
		need     Need
		objected string
		want     bool
	}{
		{"four can still reach three", council, "m1", true},
		{"two cannot", council, "m1 m2", false},
		{"one function says no", functions, "leg", false},
		{"a function that is not asked", functions, "ops", true},
		{"a rank may still decide", Need{Organisation: "foundation", Longest: config.Duration(30 * day), AnyOf: slices.Concat(functions.AnyOf, []Alternative{{Rank: "executive"}})}, "leg", true},
		{"nothing is allowed that long", Need{Organisation: "foundation", Longest: config.Duration(day), AnyOf: []Alternative{{Rank: "executive"}}}, "", false},
	} {
		q := request()
		q.Objected = strings.Fields(c.objected)
		if got := c.need.Attainable(q); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLiftedBy(t *testing.T) {
	want := "An acceptance by rank executive or higher (at most 365 days); or by the functions security, operations and legal together, the owner setting the end date (at most 30 days)."
	if diff := cmp.Diff(want, highNeed(t, matrix.High).LiftedBy()); diff != "" {
		t.Error(diff)
	}
	nobody := Need{Rating: matrix.Critical}
	if got := nobody.LiftedBy(); !strings.Contains(got, "Nobody may accept") {
		t.Errorf("empty any_of: %s", got)
	}
}
