// SPDX-License-Identifier: Apache-2.0

package ledger

import "portreeve.org/portreeve/internal/kernel/authz"

// The actions of the ledger.
const (
	ActionRead   authz.Action = "ledger:read"
	ActionExport authz.Action = "ledger:export"
	ActionErase  authz.Action = "ledger:erase"
	ActionProve  authz.Action = "ledger:prove"
)

// Actions returns the actions with their default grants. Outsiders have none but
// the public one: the number of an entry tells how much was decided before it.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{
		{
			Name: ActionRead, Summary: "Read the decisions in the ledger that one may see.", Read: true,
			Roles: []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive, authz.RoleAdmin, authz.RoleAuditor},
		},
		{
			Name: ActionExport, Summary: "Export the ledger with the decisions that one may see.", Read: true,
			Roles: []authz.Role{authz.RoleReviewer, authz.RoleExecutive, authz.RoleAdmin, authz.RoleAuditor},
		},
		{
			Name: ActionErase, Summary: "Erase what a ledger entry says, for good.",
			Roles: []authz.Role{authz.RoleAdmin},
		},
		{
			Name: ActionProve, Summary: "Read public checkpoints, prove entries against them, and hand in cosignatures.", Read: true,
			Public: "a checkpoint is worth something only if everybody can hold one",
		},
	}
}

// The kinds of entry that the kernel appends about the ledger itself.
const (
	KindErased     = "ledger.opening.erased"
	KindRestored   = "ledger.restored"
	KindKeyChanged = "ledger.key.changed"
)

// Kinds returns the entry kinds of the module "ledger".
func Kinds() []string { return []string{KindErased, KindRestored, KindKeyChanged} }
