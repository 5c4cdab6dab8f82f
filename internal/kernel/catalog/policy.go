// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	_ "embed"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of the catalogue.
const (
	ActionRead     authz.Action = "catalog:read"
	ActionRegister authz.Action = "catalog:register"
	ActionChange   authz.Action = "catalog:change"
	ActionLink     authz.Action = "catalog:link"
	ActionRetire   authz.Action = "catalog:retire"
)

//go:embed policy.cedar
var policyCedar string

// Actions returns the catalogue's actions with their default grants. Cedar adds
// what the owner of a subject may do with it.
func Actions() []authz.ActionDef {
	office := []authz.Role{authz.RoleTriager, authz.RoleReviewer}
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "See the subjects that decisions are about.", Read: true, Roles: authz.Roles()},
		{Name: ActionRegister, Summary: "Register a subject.", Roles: append([]authz.Role{authz.RoleRequester, authz.RoleOwner}, office...)},
		{Name: ActionChange, Summary: "Change a subject, its owner, its visibility.", Roles: office},
		{Name: ActionLink, Summary: "Link a subject to another and remove such a link.", Roles: office},
		{Name: ActionRetire, Summary: "Take a subject out of use for good.", Roles: office},
	}
}

// Policies returns the catalogue's Cedar text.
func Policies() authz.PolicyText {
	return authz.PolicyText{Name: "catalog/policy.cedar", Text: policyCedar}
}

// Migrations returns the catalogue's tables for store.DB.Migrate.
func Migrations() store.Migrations {
	return store.Migrations{Module: "catalog", FS: migrationFiles()}
}
