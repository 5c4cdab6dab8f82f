// SPDX-License-Identifier: Apache-2.0

package authz_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// people, functions and ranks of the drawn authorities: few, so that they meet.
func drawPeople() []string    { return []string{"a", "b", "c", "d", "e", "f"} }
func drawFunctions() []string { return []string{"", "security", "operations"} }
func drawRanks() []authz.Rank {
	return []authz.Rank{{Name: "r0"}, {Name: "r1"}, {Name: "r2"}, {Name: "r3"}}
}

func drawAuthority(t *rapid.T) authz.Authority {
	a := authz.Authority{Ranks: drawRanks(), Active: map[string]bool{}}
	for _, p := range drawPeople() {
		a.Active[p] = rapid.IntRange(0, 12).Draw(t, "active "+p) > 0
	}
	holders := append(drawPeople(), "")
	for i := range rapid.IntRange(2, 8).Draw(t, "posts") {
		a.Posts = append(a.Posts, authz.Post{
			ID: fmt.Sprint("p", i), Organisation: rapid.SampledFrom([]string{"org", "org", "org", "org", "chapter"}).Draw(t, "organisation"),
			Rank:     rapid.SampledFrom(a.Ranks).Draw(t, "rank").Name,
			Function: rapid.SampledFrom(drawFunctions()).Draw(t, "function"),
			Holder:   rapid.SampledFrom(holders).Draw(t, "holder"),
			Since:    rapid.SampledFrom([]time.Time{{}, {}, {}, {}, {}, noon(10), noon(20)}).Draw(t, "since"),
			Until:    rapid.SampledFrom([]time.Time{{}, {}, {}, {}, {}, noon(12), noon(28)}).Draw(t, "until"),
		})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "delegations") {
		p := rapid.SampledFrom(a.Posts).Draw(t, "post")
		a.Delegations = append(a.Delegations, authz.Delegation{
			ID: fmt.Sprint("d", i), Post: p.ID, Holder: p.Holder, To: rapid.SampledFrom(drawPeople()).Draw(t, "to"),
			From: noon(8), Until: noon(22),
		})
	}
	return a
}

// held returns what a person may exercise, as kind/rank-or-function.
func held(a authz.Authority, person string, at time.Time) map[string]bool {
	set := map[string]bool{}
	for _, r := range a.Rights(person, "org", at) {
		name := r.Function
		if r.Kind == authz.RightRank {
			name = r.Rank
		}
		set[string(r.Kind)+"/"+name] = true
	}
	return set
}

// topPost returns the highest rank of the person's own filled posts, -1 if none.
func topPost(a authz.Authority, person string, at time.Time) int {
	top := -1
	for _, p := range a.Posts {
		if p.Organisation == "org" && p.Holder == person && a.Filled(p, at) {
			top = max(top, a.RankIndex(p.Rank))
		}
	}
	return top
}

// When a post falls vacant, by whatever cause, nobody gains a rank, and whoever
// gains a function holds a higher post than each of those by whose post it was
// exercised before.
func TestRemovingAHolderNeverMovesAuthorityDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := drawAuthority(t)
		at := noon(rapid.SampledFrom([]int{9, 11, 15, 25}).Draw(t, "day"))
		after := vacated(t, before, at)
		for _, person := range drawPeople() {
			had := held(before, person, at)
			for right := range held(after, person, at) {
				if had[right] {
					continue
				}
				function, ok := strings.CutPrefix(right, "function/")
				if !ok {
					t.Fatalf("%s gained %s by a vacancy", person, right)
				}
				if from := exercisedAt(before, function, at); topPost(after, person, at) <= from {
					t.Fatalf("%s of rank %d gained %s, which was exercised at rank %d",
						person, topPost(after, person, at), function, from)
				}
			}
		}
	})
}

// vacated returns a with one post, or all posts of one person, fallen vacant.
func vacated(t *rapid.T, a authz.Authority, at time.Time) authz.Authority {
	var filled []int
	for i, p := range a.Posts {
		if a.Filled(p, at) {
			filled = append(filled, i)
		}
	}
	if len(filled) == 0 {
		return a // nothing can fall vacant
	}
	i := rapid.SampledFrom(filled).Draw(t, "vacated")
	holder := a.Posts[i].Holder
	a.Posts = slices.Clone(a.Posts)
	switch rapid.SampledFrom([]string{"dismissed", "ended", "deactivated"}).Draw(t, "how") {
	case "dismissed":
		a.Posts[i].Holder = ""
	case "ended":
		a.Posts[i].Until = at
	case "deactivated":
		a.Active = maps.Clone(a.Active)
		a.Active[holder] = false
	}
	return a
}

// exercisedAt returns the highest rank of the posts by which function can be
// exercised, -1 if nobody can.
func exercisedAt(a authz.Authority, function string, at time.Time) int {
	top := -1
	for _, person := range drawPeople() {
		for _, r := range a.Rights(person, "org", at) {
			if r.Function == function && r.Delegation == "" {
				top = max(top, a.RankIndex(r.Rank))
			}
		}
	}
	return top
}

// A function never has two answers: either somebody who holds a post with it,
// or one rank above, never both, and never somebody without an active account.
func TestFunctionIsHeldOrInheritedNeverBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAuthority(t)
		at := noon(rapid.SampledFrom([]int{9, 11, 15, 25}).Draw(t, "day"))
		for _, function := range drawFunctions()[1:] {
			ranks := map[string]bool{}
			own, inherited := false, false
			for _, person := range drawPeople() {
				for _, r := range a.Rights(person, "org", at) {
					if !a.Active[person] || !a.Active[r.Holder] {
						t.Fatalf("%s exercises %+v without an active account", person, r)
					}
					if r.Function != function {
						continue
					}
					if r.Vacant == "" {
						own = true
						continue
					}
					inherited = true
					ranks[r.Rank] = true
				}
			}
			if own && inherited || len(ranks) > 1 {
				t.Fatalf("%s: own %t, inherited at ranks %v", function, own, ranks)
			}
		}
	})
}

// A delegation gives what its post gives, to one person, and takes nothing from anybody.
func TestDelegationGivesOnePostToOnePerson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		without := drawAuthority(t)
		at := noon(15)
		post := rapid.SampledFrom(without.Posts).Draw(t, "delegated")
		to := rapid.SampledFrom(drawPeople()).Draw(t, "delegate")
		with := without
		with.Delegations = append(slices.Clone(without.Delegations),
			authz.Delegation{ID: "new", Post: post.ID, Holder: post.Holder, To: to, From: noon(1), Until: noon(30)})
		for _, person := range drawPeople() {
			had, has := held(without, person, at), held(with, person, at)
			for right := range had {
				if !has[right] {
					t.Fatalf("%s lost %s", person, right)
				}
			}
			for right := range has {
				gives := right == "rank/"+post.Rank || right == "function/"+post.Function
				if !had[right] && (person != to || !gives) {
					t.Fatalf("%s gained %s by a delegation of %+v to %s", person, right, post, to)
				}
			}
		}
	})
}
