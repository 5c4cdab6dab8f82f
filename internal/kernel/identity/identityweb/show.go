// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

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
	return c.Hinted("identity.role.", roleNames(authz.Roles())...)
}

func roleNames(roles []authz.Role) []string { return web.Strings(roles) }

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
