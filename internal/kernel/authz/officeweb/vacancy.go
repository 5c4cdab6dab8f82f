// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// acting is somebody who exercises the authority of a vacant post, by a post of
// their own.
type acting struct{ Person, Post string }

// successors returns who exercises the authority of a vacant post: for a post
// with a function, whoever may exercise that function; for one without, the
// holders of the nearest filled rank at or above its own.
func successors(a authz.Authority, p authz.Post, at time.Time) []acting {
	if p.Function != "" {
		return holders(a, p.Organisation, at, func(person string) (authz.Right, bool) {
			return a.HasFunction(person, p.Organisation, p.Function, at)
		})
	}
	for i := max(a.RankIndex(p.Rank), 0); i < len(a.Ranks); i++ {
		found := holders(a, p.Organisation, at, func(person string) (authz.Right, bool) {
			return ownRank(a.Rights(person, p.Organisation, at), a.Ranks[i].Name)
		})
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func ownRank(rights []authz.Right, rank string) (authz.Right, bool) {
	i := slices.IndexFunc(rights, func(r authz.Right) bool {
		return r.Kind == authz.RightRank && r.Rank == rank && r.Delegation == ""
	})
	if i < 0 {
		return authz.Right{}, false
	}
	return rights[i], true
}

// holders returns those holders of posts in an organisation who have a right by
// a post of their own, each once.
func holders(a authz.Authority, organisation string, at time.Time, has func(person string) (authz.Right, bool)) []acting {
	var found []acting
	for _, p := range a.Posts {
		if p.Organisation != organisation || !a.Filled(p, at) {
			continue
		}
		right, ok := has(p.Holder)
		one := acting{Person: p.Holder, Post: right.Post}
		if ok && right.Delegation == "" && !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	return found
}

// byRank orders posts: highest rank first, then by title.
func byRank(a authz.Authority, posts []authz.Post) []authz.Post {
	sorted := slices.Clone(posts)
	slices.SortStableFunc(sorted, func(x, y authz.Post) int {
		if d := a.RankIndex(y.Rank) - a.RankIndex(x.Rank); d != 0 {
			return d
		}
		return strings.Compare(x.Title, y.Title)
	})
	return sorted
}

// ofOrganisation returns the posts of an organisation, ordered by rank.
func ofOrganisation(a authz.Authority, organisation string) []authz.Post {
	var posts []authz.Post
	for _, p := range a.Posts {
		if p.Organisation == organisation {
			posts = append(posts, p)
		}
	}
	return byRank(a, posts)
}
