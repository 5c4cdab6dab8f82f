// SPDX-License-Identifier: Apache-2.0

package officeweb

import "portreeve.org/portreeve/internal/kernel/authz"

// Rank is one step of authority.
type Rank struct{ authz.Rank }

// Post is an office with who can act by it.
type Post struct {
	authz.Post
	HolderName string   `json:"holder_name,omitempty"`
	Vacant     bool     `json:"vacant" doc:"nobody can act by this post now"`
	Successors []Acting `json:"authority_with,omitempty" doc:"of a vacant post: who exercises its authority meanwhile"`
}

// Acting is somebody who exercises the authority of a vacant post.
type Acting struct {
	Person string `json:"person" doc:"id of an account"`
	Name   string `json:"name"`
	Post   string `json:"post" doc:"id of the post by which they do"`
}

func (st state) post(p authz.Post) Post {
	doc := Post{Post: p, Vacant: !st.Filled(p, st.now)}
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

// Body is a body that decides by quorum.
type Body struct {
	authz.Body
	Active int `json:"active" doc:"how many members have an active account"`
}

func (st state) body(b authz.Body) Body {
	if b.Members == nil {
		b.Members = []string{}
	}
	return Body{Body: b, Active: st.activeMembers(b)}
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
	authz.Delegation
	PostTitle  string `json:"post_title"`
	HolderName string `json:"holder_name"`
	ToName     string `json:"to_name"`
	InForce    bool   `json:"in_force" doc:"it can be exercised now"`
}

func (st state) delegation(d authz.Delegation) Delegation {
	return Delegation{Delegation: d, PostTitle: st.title(d.Post), HolderName: st.name(d.Holder), ToName: st.name(d.To), InForce: st.InForce(d, st.now)}
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
type Right struct{ authz.Right }
