// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"embed"
	"io/fs"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of this slice.
const (
	ActionRead       authz.Action = "risk:read"
	ActionRegister   authz.Action = "risk:register"
	ActionEdit       authz.Action = "risk:edit"
	ActionRate       authz.Action = "risk:rate"
	ActionReview     authz.Action = "risk:review"
	ActionTreat      authz.Action = "risk:treat"
	ActionMitigation authz.Action = "risk:mitigation:report"
	ActionHear       authz.Action = "risk:hear"
	ActionClose      authz.Action = "risk:close"
	ActionAsk        authz.Action = "risk:acceptance:ask"
	ActionGrant      authz.Action = "risk:acceptance:grant"
	ActionRefuse     authz.Action = "risk:acceptance:refuse"
	ActionWithdraw   authz.Action = "risk:acceptance:withdraw"
	ActionRevoke     authz.Action = "risk:acceptance:revoke"
	ActionSettle     authz.Action = "risk:acceptance:close"
	ActionMeet       authz.Action = "risk:condition:meet"
)

//go:embed policy.cedar
var policyCedar string

//go:embed migrations/*.sql
var migrations embed.FS

// Actions returns the slice's actions with their default grants. Cedar adds what
// the owner of a risk and whoever asked for an acceptance may do with it.
//
// Granting and refusing are open to every role that a member of a body may have:
// who may really decide is a matter of rank, function or body ([RiskPolicy]),
// which no role gives.
func Actions() []authz.ActionDef {
	office := []authz.Role{authz.RoleTriager, authz.RoleReviewer}
	reviewer := []authz.Role{authz.RoleReviewer}
	working := []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive}
	deciding := append([]authz.Role{authz.RoleOutsider}, working...)
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "See the register of risks.", Read: true, Roles: authz.Roles()},
		{Name: ActionRegister, Summary: "Register a risk.", Roles: []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer}},
		{Name: ActionEdit, Summary: "Change a risk's texts, inputs, parties, options, owner and visibility.", Roles: office},
		{Name: ActionRate, Summary: "Rate a risk.", Roles: reviewer},
		{Name: ActionReview, Summary: "Record the regular review of a risk.", Roles: reviewer},
		{Name: ActionTreat, Summary: "Choose a treatment and plan mitigation.", Roles: reviewer},
		{Name: ActionMitigation, Summary: "Report a mitigation action of one's own as done.", Roles: working},
		{Name: ActionHear, Summary: "Record that a party was heard.", Roles: office},
		{Name: ActionClose, Summary: "Close a risk.", Roles: reviewer},
		{Name: ActionAsk, Summary: "Ask to accept the residual risk until a date.", Roles: office},
		{Name: ActionGrant, Summary: "Agree to an acceptance by one's rank, function or seat in a body.", Roles: deciding},
		{Name: ActionRefuse, Summary: "Refuse an acceptance by one's rank, function or seat in a body.", Roles: deciding},
		{Name: ActionWithdraw, Summary: "Withdraw a request for an acceptance.", Roles: reviewer},
		{Name: ActionRevoke, Summary: "Revoke an acceptance; it ends at once.", Roles: []authz.Role{authz.RoleReviewer, authz.RoleExecutive}},
		{Name: ActionSettle, Summary: "Close an acceptance with proof of what was undone and learnt.", Roles: reviewer},
		{Name: ActionMeet, Summary: "Report a condition of one's own as met.", Roles: working},
	}
}

// Migrations returns the slice's tables for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "risk", FS: sub}
}
