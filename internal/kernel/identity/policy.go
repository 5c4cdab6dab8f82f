// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"embed"
	"io/fs"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of module "identity".
const (
	ActionDirectoryRead          authz.Action = "identity:directory:read"
	ActionPersonAdminister       authz.Action = "identity:person:administer"
	ActionGroupAdminister        authz.Action = "identity:group:administer"
	ActionOrganisationAdminister authz.Action = "identity:organisation:administer"
	ActionProfileManage          authz.Action = "identity:profile:manage"
	ActionTokenManage            authz.Action = "identity:token:manage"
	ActionTokenAdminister        authz.Action = "identity:token:administer"
)

// Actions returns the actions of this package.
func Actions() []authz.ActionDef {
	inside := slices.DeleteFunc(authz.Roles(), func(r authz.Role) bool { return r == authz.RoleOutsider })
	admin := []authz.Role{authz.RoleAdmin}
	return []authz.ActionDef{
		{Name: ActionDirectoryRead, Summary: "See people, groups and organisations.", Roles: inside, Read: true},
		{Name: ActionPersonAdminister, Summary: "Create, change, invite and deactivate accounts, and set roles.", Roles: admin},
		{Name: ActionGroupAdminister, Summary: "Create and change groups and their members.", Roles: admin},
		{Name: ActionOrganisationAdminister, Summary: "Create and rename organisations.", Roles: admin},
		{Name: ActionProfileManage, Summary: "Manage one's own password, second factor and sessions.", Roles: authz.Roles()},
		{Name: ActionTokenManage, Summary: "Create and revoke one's own API tokens.", Roles: authz.Roles()},
		{Name: ActionTokenAdminister, Summary: "List and revoke all API tokens, and create those of service accounts.", Roles: admin},
	}
}

// The kinds of ledger entry of module "identity". Sign-ins are not among them:
// they are not decisions.
const (
	KindPersonCreated       = "identity.person.created"
	KindPersonChanged       = "identity.person.changed"
	KindPersonDeactivated   = "identity.person.deactivated"
	KindPersonReactivated   = "identity.person.reactivated"
	KindPersonErased        = "identity.person.erased"
	KindRoleChanged         = "identity.role.changed"
	KindGroupChanged        = "identity.group.changed"
	KindOrganisationChanged = "identity.organisation.changed"
	KindSessionsEnded       = "identity.session.ended_all"
	KindSessionsRemoved     = "identity.session.removed_all"
	KindTokenCreated        = "identity.token.created"
	KindTokenRevoked        = "identity.token.revoked"
)

// Kinds returns the kinds of ledger entry that this package appends.
func Kinds() []string {
	return []string{
		KindPersonCreated, KindPersonChanged, KindPersonDeactivated, KindPersonReactivated, KindPersonErased,
		KindRoleChanged, KindGroupChanged, KindOrganisationChanged, KindSessionsEnded, KindSessionsRemoved, KindTokenCreated, KindTokenRevoked,
	}
}

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of module "identity" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "identity", FS: sub}
}
