// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/risk"
)

// part is what a part of the product declares before anything is opened: its
// name, tables, actions and entry kinds. The order is that of the migrations.
type part struct {
	name       string
	migrations *store.Migrations
	actions    []authz.ActionDef
	kinds      []string
}

// parts lists every part. A new slice is added here and in openModules.
func parts() []part {
	migrations := func(m store.Migrations) *store.Migrations { return &m }
	return []part{
		{"ledger", migrations(ledger.Migrations()), ledger.Actions(), ledger.Kinds()},
		{"authz", migrations(authz.Migrations()), authority.Actions(), authority.Kinds()},
		{"identity", migrations(identity.Migrations()), identity.Actions(), identity.Kinds()},
		{"job", migrations(job.Migrations()), job.Actions(), job.EntryKinds()},
		{"catalog", migrations(catalog.Migrations()), catalog.Actions(), catalog.EntryKinds()},
		{"content", migrations(content.Migrations()), content.Actions(), content.EntryKinds()},
		{"search", migrations(search.Migrations()), search.Actions(), search.EntryKinds()},
		{"gate", nil, gate.Actions(), nil},
		{"office", migrations(officeMigrations()), officeActions(), officeKinds()},
		{"web", nil, web.Actions(), nil},
		{"admin", nil, admin.Actions(), admin.EntryKinds()},
		{"notify", migrations(notify.Migrations()), notify.Actions(), notify.EntryKinds()},
		{"risk", migrations(risk.Migrations()), risk.Actions(), risk.EntryKinds()},
	}
}

// migrations returns the tables of all parts.
func migrations() []store.Migrations {
	var all []store.Migrations
	for _, p := range parts() {
		if p.migrations != nil {
			all = append(all, *p.migrations)
		}
	}
	return all
}

// actions returns the actions of all parts.
func actions() []authz.ActionDef {
	var all []authz.ActionDef
	for _, p := range parts() {
		all = append(all, p.actions...)
	}
	return all
}

// kinds returns the ledger entry kinds of all parts.
func kinds() []string {
	var all []string
	for _, p := range parts() {
		all = append(all, p.kinds...)
	}
	return slices.Sorted(slices.Values(all))
}

// kindMessages returns the keys of the texts that say what was decided, one for
// each entry kind.
func kindMessages() []string {
	all := kinds()
	for i, kind := range all {
		all[i] = ledgerweb.KindMessage(kind)
	}
	return all
}

// openModules completes the declarations with what the opened services do.
func (o *office) openModules(context.Context) error {
	serving := map[string]module.Module{
		"ledger":   {Pages: o.ledgerView.Pages, API: o.ledgerView.API, Navigation: ledgerweb.Navigation()},
		"catalog":  {Pages: o.catalog.Pages, API: o.catalog.API, Navigation: catalog.Navigation(), Holds: o.catalogHolds},
		"gate":     {Pages: o.gate.Pages, API: o.gate.API, Navigation: gate.Navigation()},
		"authz":    {Pages: o.offices.Pages, API: o.offices.API, Holds: authorityHolds},
		"identity": {Pages: o.people.Pages, API: o.people.API, Navigation: identityweb.Navigation(), Holds: o.identityHolds, Erase: o.identity.Erase},
		"content":  {Pages: o.threads.Pages, API: o.threads.API, Jobs: o.content.Jobs(), Holds: contentHolds, Erase: eraseDrafts},
		"search":   {Pages: o.finder.Pages, API: o.finder.API},
		"notify":   {Pages: o.notify.Pages, Jobs: o.notify.Jobs(), Holds: o.notifyHolds, Erase: o.forgetNotices},
		"admin":    {Pages: o.admin.Pages, API: o.admin.API},
		"risk":     o.risk.Module(),
	}
	for _, p := range parts() {
		m := serving[p.name]
		m.Name, m.Migrations, m.Actions, m.EntryKinds = p.name, p.migrations, p.actions, p.kinds
		o.modules = append(o.modules, m)
	}
	return module.Check(o.modules)
}
