// SPDX-License-Identifier: Apache-2.0

package authz

// Action is what somebody does, as "capability:entity:verb": "risk:acceptance:grant".
// The same words name the table, the command and the ledger entry kind.
type Action string

// ActionDef declares one action. A package that has actions exports them as
// data; app hands all of them to [NewPolicy], which refuses a name declared twice.
type ActionDef struct {
	Name    Action
	Summary string // what one may do, in the imperative: "Accept the residual risk until a date."
	Roles   []Role // the default grant
	Read    bool   // it only reads: which items are shown is then decided by visibility alone
	Public  string // why anyone, even signed out, may do it; empty for all other actions
}

// Role is a coarse function of a person in the security office. What a person
// may decide beyond that depends on rank, see [Authority].
type Role string

// The roles. A person may have several.
const (
	RoleRequester Role = "requester" // asks for reviews and decisions
	RoleOwner     Role = "owner"     // answers for subjects and their risks
	RoleTriager   Role = "triager"   // sorts what comes in
	RoleReviewer  Role = "reviewer"  // reviews and rates: the security team
	RoleExecutive Role = "executive" // decides by rank
	RoleOutsider  Role = "outsider"  // signed in, but sees only what is public or shared with them
	RoleAdmin     Role = "admin"     // administers accounts and posts; reads nothing restricted by that
	RoleAuditor   Role = "auditor"   // reads, never writes
)

// Roles returns all roles in a fixed order. The slice is the caller's own.
func Roles() []Role {
	return []Role{RoleRequester, RoleOwner, RoleTriager, RoleReviewer, RoleExecutive, RoleOutsider, RoleAdmin, RoleAuditor}
}

// Known reports whether r is one of [Roles].
func (r Role) Known() bool { return roleSet([]Role{r}) != 0 }

// roleSet returns the roles as a bit set in the order of [Roles]; unknown roles
// have no bit and so grant nothing.
func roleSet(roles []Role) uint16 {
	var set uint16
	for i, known := range Roles() {
		for _, r := range roles {
			if r == known {
				set |= 1 << i
			}
		}
	}
	return set
}

func roleNames() []string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return names
}
