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
	"portreeve.org/portreeve/internal/kernel/mailin"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/risk"
)

// capabilities are the slices of the product. A new one is added here.
func capabilities() []module.Slice {
	return []module.Slice{risk.Slice(), review.Slice()}
}

// ground is a part that slices stand on: what it declares, and what it does once
// the office is open.
type ground struct {
	module.Declaration
	open func(o *office) module.Module
}

// grounds lists the parts of the kernel and of app, in the order of their migrations.
func grounds() []ground {
	tables := func(m store.Migrations) *store.Migrations { return &m }
	subjects := module.ItemType{Type: catalog.ItemType, Many: "office.kind.subjects", One: "office.kind.subject", Icon: "layers"}
	idle := func(*office) module.Module { return module.Module{} }
	return []ground{
		{module.Declaration{Name: "ledger", Migrations: tables(ledger.Migrations()), Actions: ledger.Actions(), EntryKinds: ledger.Kinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.ledgerView.Pages, API: o.ledgerView.API, Navigation: ledgerweb.Navigation()}
		}},
		{module.Declaration{Name: "authz", Migrations: tables(authz.Migrations()), Actions: authority.Actions(), EntryKinds: authority.Kinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.offices.Pages, API: o.offices.API, Policies: o.files["authority"], Holds: authorityHolds}
		}},
		{module.Declaration{Name: "identity", Migrations: tables(identity.Migrations()), Actions: identity.Actions(), EntryKinds: identity.Kinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.people.Pages, API: o.people.API, Navigation: identityweb.Navigation(), Holds: o.identityHolds, Erase: o.identity.Erase}
		}},
		{module.Declaration{Name: "job", Migrations: tables(job.Migrations()), Actions: job.Actions(), EntryKinds: job.EntryKinds()}, idle},
		{module.Declaration{Name: "catalog", Migrations: tables(catalog.Migrations()), Actions: catalog.Actions(), Cedar: catalog.Policies().Text, EntryKinds: catalog.EntryKinds(), Items: []module.ItemType{subjects}}, func(o *office) module.Module {
			return module.Module{
				Pages: o.catalog.Pages, API: o.catalog.API, Navigation: catalog.Navigation(), Policies: o.files["catalog"], Holds: o.catalogHolds,
				Resource: map[string]content.ResourceOf{catalog.ItemType: o.catalog.Resource}, Describe: o.catalog.Describe,
			}
		}},
		{module.Declaration{Name: "content", Migrations: tables(content.Migrations()), Actions: content.Actions(), EntryKinds: content.EntryKinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.threads.Pages, API: o.threads.API, Jobs: o.content.Jobs(), Policies: o.files["content"], Holds: contentHolds, Erase: eraseDrafts}
		}},
		{module.Declaration{Name: "search", Migrations: tables(search.Migrations()), Actions: search.Actions(), EntryKinds: search.EntryKinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.finder.Pages, API: o.finder.API}
		}},
		{module.Declaration{Name: "gate", Actions: gate.Actions()}, func(o *office) module.Module {
			return module.Module{Pages: o.gate.Pages, API: o.gate.API, Navigation: gate.Navigation(), Policies: o.files["gate"]}
		}},
		{module.Declaration{Name: "office", Migrations: tables(officeMigrations()), Actions: officeActions(), EntryKinds: officeKinds()}, idle},
		{module.Declaration{Name: "web", Actions: web.Actions()}, idle},
		{module.Declaration{Name: "admin", Actions: admin.Actions(), EntryKinds: admin.EntryKinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.admin.Pages, API: o.admin.API}
		}},
		{module.Declaration{Name: "notify", Migrations: tables(notify.Migrations()), Actions: notify.Actions(), EntryKinds: notify.EntryKinds()}, func(o *office) module.Module {
			return module.Module{Pages: o.notify.Pages, Jobs: o.notify.Jobs(), Holds: o.notifyHolds, Erase: o.forgetNotices}
		}},
		{module.Declaration{Name: "mailin", Migrations: tables(mailin.Migrations()), Actions: mailin.Actions(), EntryKinds: mailin.EntryKinds()}, func(o *office) module.Module {
			m := module.Module{Pages: o.mailin.Pages, Jobs: o.mailin.Jobs(), Inbox: o.mailsToConfirm, Holds: o.mailinHolds, Erase: o.forgetMails}
			if o.mailin.On() {
				m.Navigation = mailin.Navigation()
			}
			return m
		}},
	}
}

// declarations are those of all parts.
func declarations() []module.Declaration {
	var all []module.Declaration
	for _, g := range grounds() {
		all = append(all, g.Declaration)
	}
	for _, s := range capabilities() {
		all = append(all, s.Declaration)
	}
	return all
}

// declared collects something of all declarations.
func declared[T any](what func(module.Declaration) []T) []T {
	var all []T
	for _, d := range declarations() {
		all = append(all, what(d)...)
	}
	return all
}

// migrations returns the tables of all parts.
func migrations() []store.Migrations {
	return declared(func(d module.Declaration) []store.Migrations {
		if d.Migrations == nil {
			return nil
		}
		return []store.Migrations{*d.Migrations}
	})
}

// actions returns the actions of all parts.
func actions() []authz.ActionDef {
	return declared(func(d module.Declaration) []authz.ActionDef { return d.Actions })
}

// cedar returns what all parts grant beyond the roles of their actions.
func cedar() []authz.PolicyText {
	return declared(func(d module.Declaration) []authz.PolicyText {
		if d.Cedar == "" {
			return nil
		}
		return []authz.PolicyText{{Name: d.Name + "/policy.cedar", Text: d.Cedar}}
	})
}

// kinds returns the ledger entry kinds of all parts.
func kinds() []string {
	return slices.Sorted(slices.Values(declared(func(d module.Declaration) []string { return d.EntryKinds })))
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

// openModules puts the parts of the kernel before the slices, which are open.
func (o *office) openModules(context.Context) error {
	var all []module.Module
	for _, g := range grounds() {
		m := g.open(o)
		m.Declaration = g.Declaration
		all = append(all, m)
	}
	o.modules = append(all, o.modules...)
	return module.Check(o.modules)
}
