// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"html/template"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func joined(texts []string) any { return orNil(strings.Join(texts, ", ")) }

// columns heads a table with messages.
func columns(c *web.Ctx, keys ...string) []web.Column {
	all := make([]web.Column, len(keys))
	for i, key := range keys {
		all[i] = web.Column{Text: c.Text(key)}
	}
	return all
}

// mono shows an identifier as code.
func mono(text string) template.HTML {
	return template.HTML("<code>" + template.HTMLEscapeString(text) + "</code>")
}

// postButton is a button in a table that acts at once. About says, to screen
// readers alone, what it acts on.
func postButton(action, text, about string) template.HTML {
	escape := template.HTMLEscapeString
	return template.HTML(`<form method="post" action="` + escape(action) + `"><button class="button small">` + escape(text) +
		`<span class="unseen"> ` + escape(about) + `</span></button></form>`)
}

// moment shows a time to the minute.
func (s *Site) moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	local := t.In(s.Location)
	return template.HTML(`<time datetime="` + local.Format(time.RFC3339) + `">` + template.HTMLEscapeString(local.Format("2 January 2006, 15:04 MST")) + "</time>")
}

func roleBadges(c *web.Ctx, roles []authz.Role) any {
	if len(roles) == 0 {
		return nil
	}
	var all []any
	for _, r := range roles {
		tone := web.ToneNeutral
		if r == authz.RoleAdmin {
			tone = web.ToneNotice
		}
		all = append(all, web.Badge{Tone: tone, Text: c.Text("identity.role." + string(r))})
	}
	return all
}

func roleChoices(c *web.Ctx) []web.Choice {
	var all []web.Choice
	for _, r := range authz.Roles() {
		all = append(all, web.Choice{Value: string(r), Label: c.Text("identity.role." + string(r)), Hint: c.Text("identity.role." + string(r) + "_hint")})
	}
	return all
}

func roleNames(roles []authz.Role) []string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return names
}

func rolesOf(names []string) []authz.Role {
	roles := make([]authz.Role, len(names))
	for i, n := range names {
		roles[i] = authz.Role(n)
	}
	return roles
}

// standing says how an account stands.
func standing(c *web.Ctx, p identity.Person) web.Badge {
	switch {
	case !p.ErasedAt.IsZero():
		return web.Badge{Tone: web.ToneBad, Text: c.Text("identity.state.erased")}
	case !p.Active:
		return web.Badge{Tone: web.ToneBad, Text: c.Text("identity.state.inactive")}
	case p.Kind == authz.KindService:
		return web.Badge{Tone: web.ToneNeutral, Text: c.Text("identity.state.service")}
	case !p.Enrolled:
		return web.Badge{Tone: web.ToneWarning, Text: c.Text("identity.state.invited")}
	default:
		return web.Badge{Tone: web.ToneGood, Text: c.Text("identity.state.active")}
	}
}
