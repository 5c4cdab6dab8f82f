// SPDX-License-Identifier: Apache-2.0

package authz_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
)

func noon(day int) time.Time { return time.Date(2026, time.November, day, 12, 0, 0, 0, time.UTC) }

// foundation is one organisation with four ranks, and a chapter beside it.
func foundation() authz.Authority {
	return authz.Authority{
		Ranks: []authz.Rank{{Name: "engineer"}, {Name: "manager"}, {Name: "director"}, {Name: "executive"}},
		Posts: []authz.Post{
			{ID: "sec", Organisation: "org", Rank: "director", Function: "security", Title: "Director of Security", Holder: "sam"},
			{ID: "ops", Organisation: "org", Rank: "director", Function: "operations", Title: "Director of Operations", Holder: "olu"},
			{ID: "mgr", Organisation: "org", Rank: "manager", Title: "Release Manager", Holder: "mia"},
			{ID: "cto", Organisation: "org", Rank: "executive", Title: "Chief Technology Officer", Holder: "eve"},
			{ID: "chp", Organisation: "chapter", Rank: "executive", Function: "security", Title: "Chapter Board", Holder: "cam"},
		},
		Bodies: []authz.Body{{ID: "council", Organisation: "org", Name: "Security Council", Members: []string{"sam", "olu", "mia"}, Quorum: 2}},
		Active: map[string]bool{"sam": true, "olu": true, "mia": true, "eve": true, "cam": true, "dan": true},
	}
}

// withRank returns the right by which person exercises that rank or a higher one.
func withRank(a authz.Authority, person, organisation, rank string, at time.Time) (authz.Right, bool) {
	for _, r := range a.Rights(person, organisation, at) {
		if need := a.RankIndex(rank); r.Kind == authz.RightRank && need >= 0 && a.RankIndex(r.Rank) >= need {
			return r, true
		}
	}
	return authz.Right{}, false
}

func TestRank(t *testing.T) {
	delegated := func(a *authz.Authority) {
		a.Delegations = []authz.Delegation{{ID: "d1", Post: "cto", Holder: "eve", To: "dan", From: noon(10), Until: noon(20)}}
	}
	tests := []struct {
		name           string
		change         func(*authz.Authority)
		person, rank   string
		organisation   string
		at             time.Time
		wantPost, want string // post and delegation; post "" means no right
	}{
		{"own rank", nil, "sam", "director", "org", noon(15), "sec", ""},
		{"higher rank", nil, "eve", "manager", "org", noon(15), "cto", ""},
		{"lower rank", nil, "mia", "director", "org", noon(15), "", ""},
		{"rank of another organisation", nil, "cam", "director", "org", noon(15), "", ""},
		{"unknown rank", nil, "eve", "emperor", "org", noon(15), "", ""},
		{"nobody", nil, "", "engineer", "org", noon(15), "", ""},
		{"account inactive", func(a *authz.Authority) { a.Active["sam"] = false }, "sam", "director", "org", noon(15), "", ""},
		{"before the appointment", func(a *authz.Authority) { a.Posts[0].Since = noon(16) }, "sam", "director", "org", noon(15), "", ""},
		{"at the first instant", func(a *authz.Authority) { a.Posts[0].Since = noon(15) }, "sam", "director", "org", noon(15), "sec", ""},
		{"at the end of the appointment", func(a *authz.Authority) { a.Posts[0].Until = noon(15) }, "sam", "director", "org", noon(15), "", ""},
		{"post of a rank that is no more", func(a *authz.Authority) { a.Posts[0].Rank = "deacon" }, "sam", "engineer", "org", noon(15), "", ""},
		{"delegate", delegated, "dan", "executive", "org", noon(15), "cto", "d1"},
		{"delegate before it begins", delegated, "dan", "executive", "org", noon(9), "", ""},
		{"delegate when it ends", delegated, "dan", "executive", "org", noon(20), "", ""},
		{"delegate after revocation", func(a *authz.Authority) { delegated(a); a.Delegations[0].RevokedAt = noon(12) }, "dan", "executive", "org", noon(15), "", ""},
		{"delegate of a former holder", func(a *authz.Authority) { delegated(a); a.Posts[3].Holder = "sam" }, "dan", "executive", "org", noon(15), "", ""},
		{"delegate of a vacant post", func(a *authz.Authority) { delegated(a); a.Active["eve"] = false }, "dan", "executive", "org", noon(15), "", ""},
		{"delegate whose account is inactive", func(a *authz.Authority) { delegated(a); a.Active["dan"] = false }, "dan", "executive", "org", noon(15), "", ""},
		{"delegated on by the delegate", func(a *authz.Authority) {
			delegated(a)
			a.Delegations = append(a.Delegations, authz.Delegation{ID: "d2", Post: "cto", Holder: "dan", To: "mia", From: noon(10), Until: noon(20)})
		}, "mia", "executive", "org", noon(15), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := foundation()
			if tt.change != nil {
				tt.change(&a)
			}
			right, ok := withRank(a, tt.person, tt.organisation, tt.rank, tt.at)
			if ok != (tt.wantPost != "") || right.Post != tt.wantPost || right.Delegation != tt.want {
				t.Errorf("right %+v, %t; want post %q, delegation %q", right, ok, tt.wantPost, tt.want)
			}
		})
	}
}

func TestRightNamesWhosePost(t *testing.T) {
	a := foundation()
	a.Delegations = []authz.Delegation{{ID: "d1", Post: "sec", Holder: "sam", To: "dan", From: noon(10), Until: noon(20)}}
	got, _ := a.HasFunction("dan", "org", "security", noon(15))
	want := authz.Right{
		Kind: authz.RightFunction, Organisation: "org", Rank: "director", Function: "security", Post: "sec", Holder: "sam", Delegation: "d1",
		Explanation: "For Director of Security, by delegation until 2026-11-20T12:00:00Z.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVacancyMovesUp(t *testing.T) {
	vacate := func(ids ...string) func(*authz.Authority) {
		return func(a *authz.Authority) {
			for i := range a.Posts {
				for _, id := range ids {
					if a.Posts[i].ID == id {
						a.Posts[i].Holder = ""
					}
				}
			}
		}
	}
	tests := []struct {
		name   string
		change func(*authz.Authority)
		want   []string // who may exercise "security" in org
	}{
		{"filled", vacate(), []string{"sam"}},
		{"vacant: to the next filled rank above", vacate("sec"), []string{"eve"}},
		{"inactive holder is a vacancy", func(a *authz.Authority) { a.Active["sam"] = false }, []string{"eve"}},
		{"ended appointment is a vacancy", func(a *authz.Authority) { a.Posts[0].Until = noon(1) }, []string{"eve"}},
		{"nobody above: nobody, not even another organisation", vacate("sec", "cto"), nil},
		{"another post with the function is filled", func(a *authz.Authority) {
			vacate("sec")(a)
			a.Posts = append(a.Posts, authz.Post{ID: "dep", Organisation: "org", Rank: "manager", Function: "security", Holder: "mia"})
		}, []string{"mia"}},
		{"both vacant: above the higher of them, not beside it", func(a *authz.Authority) {
			vacate("sec")(a)
			a.Posts = append(a.Posts, authz.Post{ID: "dep", Organisation: "org", Rank: "manager", Function: "security"})
		}, []string{"eve"}},
		{"not to the delegate of the post above", func(a *authz.Authority) {
			vacate("sec")(a)
			a.Delegations = []authz.Delegation{{ID: "d1", Post: "cto", Holder: "eve", To: "dan", From: noon(1), Until: noon(30)}}
		}, []string{"eve"}},
		{"not to the delegate of the former holder", func(a *authz.Authority) {
			vacate("sec")(a)
			a.Delegations = []authz.Delegation{{ID: "d1", Post: "sec", Holder: "sam", To: "dan", From: noon(1), Until: noon(30)}}
		}, []string{"eve"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := foundation()
			tt.change(&a)
			if diff := cmp.Diff(tt.want, exercising(a, "security", noon(15))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func exercising(a authz.Authority, function string, at time.Time) []string {
	var who []string
	for _, person := range []string{"cam", "dan", "eve", "mia", "olu", "sam"} {
		if _, ok := a.HasFunction(person, "org", function, at); ok {
			who = append(who, person)
		}
	}
	return who
}
