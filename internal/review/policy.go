// SPDX-License-Identifier: Apache-2.0

package review

import (
	"embed"
	"io/fs"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of this slice.
const (
	ActionRead    authz.Action = "review:read"
	ActionRequest authz.Action = "review:request"
	ActionEdit    authz.Action = "review:edit"
	ActionMove    authz.Action = "review:move"
	ActionAssign  authz.Action = "review:assign"
	ActionDeclare authz.Action = "review:declare"
	ActionAsk     authz.Action = "review:ask"
	ActionAnswer  authz.Action = "review:answer"
	ActionFind    authz.Action = "review:find"
	ActionOpine   authz.Action = "review:opine"
	ActionAssess  authz.Action = "review:assess"
	ActionPublish authz.Action = "review:publish"
	ActionDecide  authz.Action = "review:decide"
	ActionEnd     authz.Action = "review:withdraw"
	ActionMeet    authz.Action = "review:condition:meet"
	ActionPlan    authz.Action = "review:plan"
	ActionInside  authz.Action = "review:plan:read"
	ActionMeeting authz.Action = "review:meeting"
	ActionKind    authz.Action = "review:kind"
	ActionImport  authz.Action = "review:import"
)

//go:embed policy.cedar
var policyCedar string

//go:embed migrations/*.sql
var migrations embed.FS

// Actions returns the slice's actions with their default grants. Cedar adds what
// requester and owner of a review may do with it.
//
// Declaring, answering, giving an opinion and showing that a condition is met are
// open to every role that somebody named may have: who it really is depends on the
// review. Deciding is open to whoever may hold the rank that a kind names.
func Actions() []authz.ActionDef {
	office := []authz.Role{authz.RoleTriager, authz.RoleReviewer}
	reviewer := []authz.Role{authz.RoleReviewer}
	working := []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive, authz.RoleOutsider}
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "See security reviews.", Read: true, Roles: authz.Roles()},
		{Name: ActionRequest, Summary: "Request a security review, or early advice on a sketch.", Roles: working},
		{Name: ActionEdit, Summary: "Change what a review is about, its form, owner and visibility.", Roles: office},
		{Name: ActionMove, Summary: "Triage a review, plan it and move it on the board.", Roles: office},
		{Name: ActionAssign, Summary: "Assign reviewers and assessors.", Roles: office},
		{Name: ActionDeclare, Summary: "Declare one's conflict of interest, or its absence, as a reviewer.", Roles: working},
		{Name: ActionAsk, Summary: "Ask scoping questions and say how far answers settle them.", Roles: office},
		{Name: ActionAnswer, Summary: "Answer a scoping question.", Roles: working},
		{Name: ActionFind, Summary: "Record statements, requirements and findings.", Roles: office},
		{Name: ActionOpine, Summary: "Give the opinion that one was named for.", Roles: working},
		{Name: ActionAssess, Summary: "Write the assessment of a review.", Roles: reviewer},
		{Name: ActionPublish, Summary: "Publish the abstract of a review.", Roles: reviewer},
		{Name: ActionDecide, Summary: "Decide the outcome of a review in which one takes part, or by one's rank.", Roles: []authz.Role{authz.RoleReviewer, authz.RoleExecutive, authz.RoleOwner}},
		{Name: ActionEnd, Summary: "Withdraw a review, or say which one replaces it.", Roles: office},
		{Name: ActionMeet, Summary: "Show that a condition of one's own is met.", Roles: working},
		{Name: ActionPlan, Summary: "Say how much time and which skills reviewers have.", Roles: office},
		{Name: ActionInside, Summary: "See how the reviewers' time is planned, and what their meetings decide.", Read: true, Roles: insiders()},
		{Name: ActionMeeting, Summary: "Hold the review meeting and keep its minutes.", Roles: office},
		{Name: ActionKind, Summary: "Publish kinds of review.", Roles: reviewer},
		{Name: ActionImport, Summary: "Import reviews from another tracker.", Roles: office},
	}
}

// insiders are all roles but that of somebody who does not work here.
func insiders() []authz.Role {
	return slices.DeleteFunc(authz.Roles(), func(r authz.Role) bool { return r == authz.RoleOutsider })
}

// Migrations returns the slice's tables for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "review", FS: sub}
}
