// SPDX-License-Identifier: Apache-2.0

package gate

import "portreeve.org/portreeve/internal/kernel/authz"

// ActionCheck is the action of asking the gate about a subject.
const ActionCheck authz.Action = "gate:check"

// Actions returns the gate's action with its default grant. Outsiders do not
// hold it: even the constant gate.withheld would tell them that there is
// something.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{{
		Name: ActionCheck, Summary: "Ask whether an action on a subject may happen now.", Read: true,
		Roles: []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive, authz.RoleAdmin, authz.RoleAuditor},
	}}
}
