// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"slices"
	"time"
)

// Rank is one step of authority, such as manager, director or executive.
type Rank struct {
	Name  string `json:"name"`  // slug, used in configuration: "director"
	Title string `json:"title"` // shown to people: "Director of Security"
}

// Post is an office that gives its holder a rank, and perhaps a function, in
// one organisation. Posts are appointed, roles are granted: the two are
// independent.
type Post struct {
	ID           string    `json:"id"`
	Organisation string    `json:"organisation" doc:"id of an organisation"`
	Rank         string    `json:"rank"`
	Function     string    `json:"function,omitempty"` // such as "security", "operations", "legal"; may be empty
	Title        string    `json:"title"`
	Holder       string    `json:"holder,omitempty" doc:"id of an account; absent: nobody"`
	Since        time.Time `json:"since,omitzero"` // the appointment runs in [Since, Until); a zero time is no limit
	Until        time.Time `json:"until,omitzero"`
	Version      int64     `json:"version"` // for If-Match
}

// Body decides by quorum: a council, a committee.
type Body struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation" doc:"id of an organisation"`
	Name         string   `json:"name"`
	Members      []string `json:"members" nullable:"false" doc:"ids of accounts"`
	Quorum       int      `json:"quorum" doc:"how many active members must agree"` // below 1 nothing can be decided
	Version      int64    `json:"version"`
}

// Delegation lets somebody act for the holder of a post for a while. It ends
// by its dates, by revocation, when the post changes hands or falls vacant,
// and when either account is deactivated. What was delegated cannot be
// delegated further, because only the holder's own post can be.
type Delegation struct {
	ID        string    `json:"id"`
	Post      string    `json:"post" doc:"id of a post"`
	Holder    string    `json:"holder" doc:"id of whoever held the post when it was granted"`
	To        string    `json:"to" doc:"id of whoever acts"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: not revoked
	Reason    string    `json:"reason"`
	Version   int64     `json:"version"`
}

// RightKind says what a right comes from.
type RightKind string

// The kinds of right. RightOwner is for slices: authz never returns it.
const (
	RightRank     RightKind = "rank"
	RightFunction RightKind = "function"
	RightBody     RightKind = "body"
	RightOwner    RightKind = "owner"
)

// Right is one thing that a person may exercise, and why.
type Right struct {
	Kind         RightKind `json:"kind" enum:"rank,function,body"`
	Organisation string    `json:"organisation" doc:"id of an organisation"`
	Rank         string    `json:"rank,omitempty"`                                                            // rank of Post
	Function     string    `json:"function,omitempty"`                                                        // for RightFunction
	Body         string    `json:"body,omitempty" doc:"id of a body"`                                         // for RightBody
	Post         string    `json:"post,omitempty" doc:"id of the post by which they act"`                     // empty for RightBody
	Holder       string    `json:"-"`                                                                         // who holds Post: not the person who acts if Delegation is set
	Vacant       string    `json:"-"`                                                                         // the vacant post whose function moved up to Post, if so
	Delegation   string    `json:"delegation,omitempty" doc:"id of the delegation, if they act for somebody"` // if the person acts for Holder
	Explanation  string    `json:"explanation"`                                                               // one sentence for the record
}

// Authority is everything needed to tell who is entitled, at one moment of the
// database. Its methods are pure and do not change it, so that it may be
// shared between goroutines.
type Authority struct {
	Ranks       []Rank // low to high
	Posts       []Post
	Bodies      []Body
	Delegations []Delegation
	Active      map[string]bool // person id -> the account is active
}

// RankIndex returns the position of a rank, low to high from 0, or -1 if there
// is no such rank.
func (a Authority) RankIndex(rank string) int {
	return slices.IndexFunc(a.Ranks, func(r Rank) bool { return r.Name == rank })
}

// Rights returns what person may exercise in organisation at the given domain
// time: own posts before delegated ones, higher ranks first.
//
// Vacancy moves authority up, never down and never sideways: a function that
// nobody in the organisation can exercise falls to the holders of the nearest
// filled rank above its highest post. It falls to them alone, not to those
// whom they delegated their own post to: they were chosen for another office.
func (a Authority) Rights(person, organisation string, at time.Time) []Right {
	if person == "" || !a.Active[person] {
		return nil
	}
	var rights []Right
	for _, p := range a.heldPosts(person, organisation, at) {
		rights = append(rights, a.postRights(p, nil)...)
		rights = append(rights, a.inherited(p, at)...)
	}
	for _, d := range a.delegationsTo(person, at) {
		p, _ := a.post(d.Post)
		if p.Organisation == organisation {
			rights = append(rights, a.postRights(p, &d)...)
		}
	}
	for _, b := range a.Bodies {
		if b.Organisation == organisation && slices.Contains(b.Members, person) {
			rights = append(rights, bodyRight(b))
		}
	}
	return rights
}

// HasFunction reports whether person may exercise that function in
// organisation, and by which right.
func (a Authority) HasFunction(person, organisation, function string, at time.Time) (Right, bool) {
	if function == "" {
		return Right{}, false
	}
	return first(a.Rights(person, organisation, at), func(r Right) bool {
		return r.Kind == RightFunction && r.Function == function
	})
}

// Filled reports whether the post has a holder who can act at that time.
func (a Authority) Filled(p Post, at time.Time) bool {
	return p.Holder != "" && a.Active[p.Holder] &&
		!at.Before(p.Since) && (p.Until.IsZero() || at.Before(p.Until))
}

// InForce reports whether a delegation can be exercised at that time.
func (a Authority) InForce(d Delegation, at time.Time) bool {
	p, ok := a.post(d.Post)
	return ok && a.Filled(p, at) &&
		p.Holder == d.Holder && d.To != "" && d.To != p.Holder && a.Active[d.To] &&
		!at.Before(d.From) && at.Before(d.Until) &&
		(d.RevokedAt.IsZero() || at.Before(d.RevokedAt))
}

func (a Authority) post(id string) (Post, bool) {
	i := slices.IndexFunc(a.Posts, func(p Post) bool { return p.ID == id })
	if i < 0 {
		return Post{}, false
	}
	return a.Posts[i], true
}

// heldPosts returns the filled posts of person in organisation, highest rank
// first; posts of a rank that no longer exists give nothing.
func (a Authority) heldPosts(person, organisation string, at time.Time) []Post {
	var held []Post
	for _, p := range a.Posts {
		if p.Holder == person && p.Organisation == organisation && a.RankIndex(p.Rank) >= 0 && a.Filled(p, at) {
			held = append(held, p)
		}
	}
	slices.SortStableFunc(held, func(x, y Post) int { return a.RankIndex(y.Rank) - a.RankIndex(x.Rank) })
	return held
}

func (a Authority) delegationsTo(person string, at time.Time) []Delegation {
	var all []Delegation
	for _, d := range a.Delegations {
		if d.To == person && a.InForce(d, at) {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(x, y Delegation) int {
		px, _ := a.post(x.Post)
		py, _ := a.post(y.Post)
		return a.RankIndex(py.Rank) - a.RankIndex(px.Rank)
	})
	return all
}

// inherited returns the functions that moved up to post p because nobody in
// its organisation can exercise them.
func (a Authority) inherited(p Post, at time.Time) []Right {
	var rights []Right
	for _, function := range a.functions(p.Organisation) {
		top, vacant := a.vacantFunction(p.Organisation, function, at)
		if !vacant || a.nearestFilledAbove(p.Organisation, a.RankIndex(top.Rank), at) != a.RankIndex(p.Rank) {
			continue
		}
		rights = append(rights, Right{
			Kind: RightFunction, Organisation: p.Organisation, Rank: p.Rank, Function: function,
			Post: p.ID, Holder: p.Holder, Vacant: top.ID,
			Explanation: "As " + p.Title + ", because the post " + top.Title + " is vacant.",
		})
	}
	return rights
}

// vacantFunction returns the highest post with that function if none of them is filled.
func (a Authority) vacantFunction(organisation, function string, at time.Time) (Post, bool) {
	var top Post
	highest := -1
	for _, p := range a.Posts {
		if p.Organisation != organisation || p.Function != function {
			continue
		}
		if a.Filled(p, at) {
			return Post{}, false
		}
		if i := a.RankIndex(p.Rank); i > highest {
			top, highest = p, i
		}
	}
	return top, highest >= 0
}

// nearestFilledAbove returns the lowest rank above floor that somebody in the
// organisation holds, or -1.
func (a Authority) nearestFilledAbove(organisation string, floor int, at time.Time) int {
	nearest := -1
	for _, p := range a.Posts {
		i := a.RankIndex(p.Rank)
		if p.Organisation == organisation && i > floor && (nearest < 0 || i < nearest) && a.Filled(p, at) {
			nearest = i
		}
	}
	return nearest
}

// functions returns the functions of an organisation's posts, each once, sorted.
func (a Authority) functions(organisation string) []string {
	var names []string
	for _, p := range a.Posts {
		if p.Organisation == organisation && p.Function != "" {
			names = append(names, p.Function)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// postRights returns rank and function of a filled post, exercised by its
// holder or, if d is given, by the delegate.
func (a Authority) postRights(p Post, d *Delegation) []Right {
	if a.RankIndex(p.Rank) < 0 {
		return nil
	}
	r := Right{
		Kind: RightRank, Organisation: p.Organisation, Rank: p.Rank,
		Post: p.ID, Holder: p.Holder, Explanation: "As " + p.Title + ".",
	}
	if d != nil {
		r.Delegation = d.ID
		r.Explanation = "For " + p.Title + ", by delegation until " + d.Until.UTC().Format(time.RFC3339) + "."
	}
	rights := []Right{r}
	if p.Function != "" {
		r.Kind, r.Function = RightFunction, p.Function
		rights = append(rights, r)
	}
	return rights
}

func bodyRight(b Body) Right {
	return Right{Kind: RightBody, Organisation: b.Organisation, Body: b.ID, Explanation: "As a member of " + b.Name + "."}
}

func first(rights []Right, fits func(Right) bool) (Right, bool) {
	if i := slices.IndexFunc(rights, fits); i >= 0 {
		return rights[i], true
	}
	return Right{}, false
}
