// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// Rank is one step of authority.
type Rank struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// Post is an office that gives its holder a rank, and perhaps a function.
type Post struct {
	ID           string     `json:"id"`
	Organisation string     `json:"organisation" doc:"id of an organisation"`
	Rank         string     `json:"rank"`
	Function     string     `json:"function,omitempty"`
	Title        string     `json:"title"`
	Holder       string     `json:"holder,omitempty" doc:"id of an account; absent: nobody"`
	HolderName   string     `json:"holder_name,omitempty"`
	Since        *time.Time `json:"since,omitempty"`
	Until        *time.Time `json:"until,omitempty"`
	Vacant       bool       `json:"vacant" doc:"nobody can act by this post now"`
	Successors   []Acting   `json:"authority_with,omitempty" doc:"of a vacant post: who exercises its authority meanwhile"`
	Version      int64      `json:"version"`
}

// Acting is somebody who exercises the authority of a vacant post.
type Acting struct {
	Person string `json:"person" doc:"id of an account"`
	Name   string `json:"name"`
	Post   string `json:"post" doc:"id of the post by which they do"`
}

func (st state) post(p authz.Post) Post {
	doc := Post{
		ID: p.ID, Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title, Holder: p.Holder,
		Since: optional(p.Since), Until: optional(p.Until), Vacant: !st.Filled(p, st.now), Version: p.Version,
	}
	if p.Holder != "" {
		doc.HolderName = st.name(p.Holder)
	}
	if doc.Vacant {
		for _, one := range successors(st.Authority, p, st.now) {
			doc.Successors = append(doc.Successors, Acting{Person: one.Person, Name: st.name(one.Person), Post: one.Post})
		}
	}
	return doc
}

// NewPost is what a new post is to be.
type NewPost struct {
	Organisation string `json:"organisation" maxLength:"100" doc:"id of an organisation"`
	Rank         string `json:"rank" maxLength:"100"`
	Function     string `json:"function,omitempty" maxLength:"40"`
	Title        string `json:"title" maxLength:"200"`
	Holder       string `json:"holder,omitempty" maxLength:"100" doc:"id or login of an account; absent: vacant"`
	Since        string `json:"since,omitempty" maxLength:"40" doc:"first day (2026-01-31) or instant (RFC 3339)"`
	Until        string `json:"until,omitempty" maxLength:"40" doc:"last day or instant"`
}

// PostEdit is an edit of a post; an absent member stays as it is.
type PostEdit struct {
	Rank     *string `json:"rank,omitempty" maxLength:"100"`
	Function *string `json:"function,omitempty" maxLength:"40"`
	Title    *string `json:"title,omitempty" maxLength:"200"`
	Holder   *string `json:"holder,omitempty" maxLength:"100" doc:"id or login of an account; empty: vacant"`
	Since    *string `json:"since,omitempty" maxLength:"40" doc:"first day or instant; empty: no limit"`
	Until    *string `json:"until,omitempty" maxLength:"40" doc:"last day or instant; empty: no limit"`
}

// Body decides by quorum.
type Body struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation" doc:"id of an organisation"`
	Name         string   `json:"name"`
	Members      []string `json:"members" nullable:"false" doc:"ids of accounts"`
	Quorum       int      `json:"quorum" doc:"how many active members must agree"`
	Active       int      `json:"active" doc:"how many members have an active account"`
	Version      int64    `json:"version"`
}

func (st state) body(b authz.Body) Body {
	members := b.Members
	if members == nil {
		members = []string{}
	}
	return Body{
		ID: b.ID, Organisation: b.Organisation, Name: b.Name, Members: members, Quorum: b.Quorum,
		Active: st.activeMembers(b), Version: b.Version,
	}
}

// NewBody is what a new body is to be.
type NewBody struct {
	Organisation string   `json:"organisation" maxLength:"100" doc:"id of an organisation"`
	Name         string   `json:"name" maxLength:"200"`
	Members      []string `json:"members" nullable:"false" maxItems:"500" doc:"ids or logins of accounts"`
	Quorum       int      `json:"quorum" minimum:"1" maximum:"500"`
}

// BodyEdit is an edit of a body; an absent member of it stays as it is.
type BodyEdit struct {
	Name    *string   `json:"name,omitempty" maxLength:"200"`
	Members *[]string `json:"members,omitempty" maxItems:"500" doc:"ids or logins of accounts"`
	Quorum  *int      `json:"quorum,omitempty" minimum:"1" maximum:"500"`
}

// Delegation lets somebody act for the holder of a post for a while.
type Delegation struct {
	ID         string     `json:"id"`
	Post       string     `json:"post" doc:"id of a post"`
	PostTitle  string     `json:"post_title"`
	Holder     string     `json:"holder" doc:"id of whoever held the post when it was granted"`
	HolderName string     `json:"holder_name"`
	To         string     `json:"to" doc:"id of whoever acts"`
	ToName     string     `json:"to_name"`
	From       time.Time  `json:"from"`
	Until      time.Time  `json:"until"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	Reason     string     `json:"reason"`
	InForce    bool       `json:"in_force" doc:"it can be exercised now"`
	Version    int64      `json:"version"`
}

func (st state) delegation(d authz.Delegation) Delegation {
	return Delegation{
		ID: d.ID, Post: d.Post, PostTitle: st.title(d.Post), Holder: d.Holder, HolderName: st.name(d.Holder), To: d.To, ToName: st.name(d.To),
		From: d.From, Until: d.Until, RevokedAt: optional(d.RevokedAt), Reason: d.Reason, InForce: st.InForce(d, st.now), Version: d.Version,
	}
}

// NewDelegation is what a delegation is asked to be.
type NewDelegation struct {
	Post   string `json:"post" maxLength:"100" doc:"id of a post"`
	To     string `json:"to" maxLength:"100" doc:"id or login of an account"`
	From   string `json:"from,omitempty" maxLength:"40" doc:"first day or instant; absent: now"`
	Until  string `json:"until" minLength:"1" maxLength:"40" doc:"last day or instant, at most 366 days later"`
	Reason string `json:"reason" maxLength:"200" doc:"one line, shown to whoever relies on it"`
}

// Right is one thing that somebody may exercise, and why.
type Right struct {
	Kind         string `json:"kind" enum:"rank,function,body"`
	Organisation string `json:"organisation" doc:"id of an organisation"`
	Rank         string `json:"rank,omitempty"`
	Function     string `json:"function,omitempty"`
	Body         string `json:"body,omitempty" doc:"id of a body"`
	Post         string `json:"post,omitempty" doc:"id of the post by which they act"`
	Delegation   string `json:"delegation,omitempty" doc:"id of the delegation, if they act for somebody"`
	Explanation  string `json:"explanation"`
}

func rightOf(r authz.Right) Right {
	return Right{
		Kind: string(r.Kind), Organisation: r.Organisation, Rank: r.Rank, Function: r.Function, Body: r.Body,
		Post: r.Post, Delegation: r.Delegation, Explanation: r.Explanation,
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
