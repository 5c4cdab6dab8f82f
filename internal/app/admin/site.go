// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"embed"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

//go:embed templates messages
var pageFiles embed.FS

// The actions of this package.
const (
	ActionConfiguration authz.Action = "admin:configuration:read"
	ActionInspect       authz.Action = "admin:person:inspect"
	ActionErase         authz.Action = "admin:person:erase"
	ActionExport        authz.Action = "admin:person:export"
)

// Actions returns the actions of this package with their default grants.
func Actions() []authz.ActionDef {
	administrators := []authz.Role{authz.RoleAdmin}
	return []authz.ActionDef{
		{Name: ActionConfiguration, Summary: "See the configuration that is running.", Read: true,
			Roles: []authz.Role{authz.RoleAdmin, authz.RoleAuditor, authz.RoleReviewer, authz.RoleTriager, authz.RoleExecutive}},
		{Name: ActionInspect, Summary: "See what is held about a person, as far as it is shown to you.", Roles: administrators, Read: true},
		{Name: ActionErase, Summary: "Erase a person in all parts.", Roles: administrators},
		{Name: ActionExport, Summary: "Get all that is held about oneself.", Roles: authz.Roles(), Read: true},
	}
}

// KindErased is the entry of an administrator's order to erase a person.
const KindErased = "admin.person.erased"

// EntryKinds returns the ledger entry kinds that this package alone appends.
func EntryKinds() []string { return []string{KindErased} }

// Deps are what the pages need. The functions are called per request: not all
// that they give exists yet when the pages are registered.
type Deps struct {
	DB       *store.DB
	Writer   *ledger.Writer // of module "admin" with EntryKinds
	Policy   *authz.Policy
	Mail     *notify.Service
	Jobs     func() *job.Runner
	Defs     func() []job.Def
	People   *identity.Service
	Modules  func() []module.Module
	Parts    func() []Part // the configuration that is running
	Resource map[string]func(ctx context.Context, r store.Reader, id string) (authz.Resource, error)
	Sections []web.NavItem // tabs under /admin, of all parts
	Profile  []web.NavItem // tabs under /me, of all parts
}

// Site is pages and API. It may be used concurrently.
type Site struct{ Deps }

// New returns the site.
func New(d Deps) *Site { return &Site{d} }

// The addresses of the pages.
const (
	mailPath          = "/admin/mail"
	jobsPath          = "/admin/jobs"
	configurationPath = "/admin/configuration"
	ownDataPath       = "/me/data"
)

// Sections returns this package's tabs under /admin.
func Sections() []web.NavItem {
	return []web.NavItem{
		{Label: "admin.mail.title", URL: mailPath, Action: notify.ActionRead},
		{Label: "admin.jobs.title", URL: jobsPath, Action: job.ActionRead},
		{Label: "admin.configuration.title", URL: configurationPath, Action: ActionConfiguration},
	}
}

// ProfileSections returns this package's tab under /me.
func ProfileSections() []web.NavItem {
	return []web.NavItem{{Label: "admin.data.own", URL: ownDataPath, Action: ActionExport}}
}

// Pages registers the pages.
func (s *Site) Pages(m *web.Mux) {
	m.Files("admin", pageFiles)
	m.Page("GET "+mailPath, notify.ActionRead, s.showMail)
	m.Page("POST "+mailPath+"/{id}/requeue", notify.ActionRequeue, s.postMail)
	m.Page("GET "+jobsPath, job.ActionRead, s.showJobs)
	m.Page("POST "+jobsPath+"/{id}/requeue", job.ActionRequeue, s.postJob)
	m.Page("GET "+configurationPath, ActionConfiguration, s.showConfiguration)
	m.Page("GET /admin/people/{id}/data", ActionInspect, s.showData)
	s.erasePage(m)
	m.Page("GET "+ownDataPath, ActionExport, s.showOwnData)
	m.Page("GET "+ownDataPath+"/download", ActionExport, s.downloadOwnData)
}

func (s *Site) tabs(c *web.Ctx) web.Tabs { return c.Tabs(c.Text("admin.sections"), s.Sections) }
