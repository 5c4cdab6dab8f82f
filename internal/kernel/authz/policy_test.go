// SPDX-License-Identifier: Apache-2.0

package authz_test

import (
	"strings"
	"sync"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

func actions() []authz.ActionDef {
	return []authz.ActionDef{
		{Name: "risk:risk:read", Summary: "Read risks.", Roles: []authz.Role{authz.RoleReviewer, authz.RoleOwner, authz.RoleAuditor}, Read: true},
		{Name: "risk:risk:edit", Summary: "Change a risk.", Roles: []authz.Role{authz.RoleReviewer}},
		{Name: "risk:acceptance:grant", Summary: "Accept a risk.", Roles: []authz.Role{authz.RoleExecutive}},
		{Name: "ledger:checkpoint:read", Summary: "Read the checkpoint.", Read: true, Public: "Anyone may verify."},
	}
}

func person(id string, roles ...authz.Role) authz.Actor {
	return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: roles}
}

func mustPolicy(t *testing.T, organisation string) *authz.Policy {
	t.Helper()
	p, err := authz.NewPolicy(actions(), nil, []authz.PolicyText{{Name: "organisation.cedar", Text: organisation}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAllowed(t *testing.T) {
	token := person("p1", authz.RoleReviewer)
	token.Scopes = []authz.Action{"risk:risk:read"}
	none := person("p1", authz.RoleReviewer)
	none.Scopes = []authz.Action{}
	forged := authz.Actor{Kind: authz.KindAnonymous, Roles: []authz.Role{authz.RoleReviewer}}
	tests := []struct {
		name   string
		policy string
		actor  authz.Actor
		action authz.Action
		want   bool
	}{
		{"default grant", "", person("p1", authz.RoleReviewer), "risk:risk:edit", true},
		{"no grant", "", person("p1", authz.RoleOwner), "risk:risk:edit", false},
		{"second role grants", "", person("p1", authz.RoleOwner, authz.RoleReviewer), "risk:risk:edit", true},
		{"anonymous", "", authz.Anonymous(), "risk:risk:read", false},
		{"anonymous with roles in the value", "", forged, "risk:risk:read", false},
		{"anonymous, public", "", authz.Anonymous(), "ledger:checkpoint:read", true},
		{"zero actor", "", authz.Actor{}, "risk:risk:read", false},
		{"system holds no role", "", authz.System("expiry"), "risk:risk:edit", false},
		{"unknown role grants nothing", "", person("p1", "root"), "risk:risk:edit", false},
		{"undeclared action", "", person("p1", authz.RoleAdmin), "risk:risk:destroy", false},
		{"token in scope", "", token, "risk:risk:read", true},
		{"token narrows", "", token, "risk:risk:edit", false},
		{"token does not take away what is public", "", token, "ledger:checkpoint:read", true},
		{"token without scopes", "", none, "risk:risk:read", false},
		{"organisation permits", `permit (principal in Role::"owner", action == Action::"risk:risk:edit", resource);`,
			person("p1", authz.RoleOwner), "risk:risk:edit", true},
		{"organisation forbids", `forbid (principal in Role::"reviewer", action == Action::"risk:risk:edit", resource);`,
			person("p1", authz.RoleReviewer), "risk:risk:edit", false},
		{"forbid beats a permit of another role", `forbid (principal in Role::"outsider", action == Action::"risk:risk:edit", resource);`,
			person("p1", authz.RoleReviewer, authz.RoleOutsider), "risk:risk:edit", false},
		{"reading may be forbidden by role", `forbid (principal in Role::"owner", action, resource);`,
			person("p1", authz.RoleOwner), "risk:risk:read", false},
		{"group permit applies to the group", `permit (principal in Group::"g1", action == Action::"risk:risk:edit", resource);`,
			authz.Actor{ID: "p1", Kind: authz.KindPerson, Groups: []string{"g1"}}, "risk:risk:edit", true},
		{"group permit applies to nobody else", `permit (principal in Group::"g1", action == Action::"risk:risk:edit", resource);`,
			authz.Actor{ID: "p1", Kind: authz.KindPerson, Groups: []string{"g2"}}, "risk:risk:edit", false},
		{"condition on the actor is decided without an object",
			`forbid (principal, action == Action::"risk:risk:edit", resource) when { principal.kind == "service" };`,
			authz.Actor{ID: "p1", Kind: authz.KindService, Roles: []authz.Role{authz.RoleReviewer}}, "risk:risk:edit", false},
		{"condition on the object is left to Check",
			`forbid (principal, action == Action::"risk:risk:edit", resource) when { resource.visibility == "restricted" };`,
			person("p1", authz.RoleReviewer), "risk:risk:edit", true},
		{"permit for owners shows the page to everybody signed in or not",
			`permit (principal, action == Action::"risk:risk:edit", resource) when { resource has owner && resource.owner == principal };`,
			person("p1", authz.RoleOutsider), "risk:risk:edit", true},
		{"a role beside a condition on the object still counts",
			`permit (principal, action == Action::"risk:risk:edit", resource) when { principal in Role::"owner" && resource has owner && resource.owner == principal };`,
			person("p1", authz.RoleOutsider), "risk:risk:edit", false},
		{"a role beside a condition on the object, held",
			`permit (principal, action == Action::"risk:risk:edit", resource) when { (principal in Role::"owner" || principal in Role::"auditor") && resource has owner && resource.owner == principal };`,
			person("p1", authz.RoleOwner), "risk:risk:edit", true},
		{"roles in two branches count in each",
			`permit (principal, action == Action::"risk:risk:edit", resource) when { principal in Role::"owner" && resource has owner || principal in Role::"auditor" && resource has requester };`,
			authz.Anonymous(), "risk:risk:edit", false},
		{"unless a role, negated and beside the object",
			`permit (principal, action == Action::"risk:risk:edit", resource) unless { !(principal in Role::"owner") || resource.visibility == "restricted" };`,
			person("p1", authz.RoleOutsider), "risk:risk:edit", false},
		{"unless about the object is assumed not to hold",
			`permit (principal, action == Action::"risk:risk:edit", resource) unless { !(principal in Role::"owner") || resource.visibility == "restricted" };`,
			person("p1", authz.RoleOwner), "risk:risk:edit", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustPolicy(t, tt.policy)
			for range 2 { // the second answer comes from the cache
				if got := p.Allowed(tt.actor, tt.action); got != tt.want {
					t.Fatalf("Allowed = %t, want %t", got, tt.want)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	ownersEdit := `permit (principal, action == Action::"risk:risk:edit", resource) when { resource has owner && resource.owner == principal };`
	failing := `forbid (principal, action == Action::"risk:risk:edit", resource) when { 9223372036854775807 + 1 > 0 };`
	internal := authz.Resource{Item: "risk:1", Visibility: authz.Internal, Owner: "p1"}
	restricted := authz.Resource{Item: "risk:2", Visibility: authz.Restricted, Owner: "p1", Participants: []string{"person:p1"}}
	tests := []struct {
		name     string
		policy   string
		actor    authz.Actor
		resource authz.Resource
		want     string // code; "" means allowed
	}{
		{"reviewer", "", person("p2", authz.RoleReviewer), internal, ""},
		{"owner without grant", "", person("p1", authz.RoleOwner), internal, "authz.forbidden"},
		{"owner by policy", ownersEdit, person("p1", authz.RoleOwner), internal, ""},
		{"other owner by policy", ownersEdit, person("p3", authz.RoleOwner), internal, "authz.forbidden"},
		{"reviewer who is no participant", "", person("p2", authz.RoleReviewer), restricted, "not_found"},
		{"admin who is no participant", "", person("p2", authz.RoleAdmin), restricted, "not_found"},
		{"anonymous, hidden", "", authz.Anonymous(), internal, "not_found"},
		{"anonymous, public item", "", authz.Anonymous(), authz.Resource{Item: "risk:3", Visibility: authz.Public}, "authz.sign_in"},
		{"unknown visibility", "", person("p2", authz.RoleReviewer), authz.Resource{Item: "risk:4", Visibility: "open"}, "not_found"},
		{"a policy that fails denies", failing, person("p2", authz.RoleReviewer), internal, "authz.forbidden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := mustPolicy(t, tt.policy).Check(tt.actor, "risk:risk:edit", tt.resource)
			switch {
			case tt.want == "" && err != nil:
				t.Fatalf("Check = %v, want allowed", err)
			case tt.want != "" && !fault.HasCode(err, tt.want):
				t.Fatalf("Check = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"syntax", "permit (principal", "organisation.cedar"},
		{"unknown role", `permit (principal in Role::"reveiwer", action == Action::"risk:risk:edit", resource);`, `"reviewer"`},
		{"unknown role in a condition", `permit (principal, action == Action::"risk:risk:edit", resource) when { principal in Role::"ownr" };`, `"owner"`},
		{"unknown action", `permit (principal, action == Action::"risk:risk:edti", resource);`, `"risk:risk:edit"`},
		{"unknown action in a list", `permit (principal, action in [Action::"risk:risk:edit", Action::"risk:risk:reed"], resource);`, `"risk:risk:read"`},
		{"unknown type", `permit (principal in Roles::"owner", action == Action::"risk:risk:edit", resource);`, "Role."},
		{"unknown attribute", `permit (principal, action == Action::"risk:risk:edit", resource) when { resource.ownr == principal };`, "ownr"},
		{"reading depends on the object", "\n" + `forbid (principal, action == Action::"risk:risk:read", resource) when { resource.visibility == "restricted" };`, "line 2"},
		{"reading depends on the person", `forbid (principal == Person::"p1", action == Action::"risk:risk:read", resource);`, "risk:risk:read"},
		{"reading depends on the group", `permit (principal in Group::"g1", action == Action::"risk:risk:read", resource);`, "risk:risk:read"},
		{"reading of one object", `permit (principal, action == Action::"risk:risk:read", resource == Item::"risk:1");`, "risk:risk:read"},
		{"reading by way of all actions", `forbid (principal, action, resource) unless { principal.kind == "person" };`, "more than roles"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := authz.NewPolicy(actions(), nil, []authz.PolicyText{{Name: "organisation.cedar", Text: tt.text}})
			if !fault.HasCode(err, "authz.policy_invalid") {
				t.Fatalf("err = %v, want authz.policy_invalid", err)
			}
			if m := fault.From(err).Message; !strings.Contains(m, tt.want) {
				t.Errorf("message %q does not mention %q", m, tt.want)
			}
		})
	}
}

func TestNewPolicyRefusesActions(t *testing.T) {
	for _, tt := range []struct {
		name string
		defs []authz.ActionDef
	}{
		{"twice", []authz.ActionDef{{Name: "a:b"}, {Name: "a:b"}}},
		{"upper case", []authz.ActionDef{{Name: "Risk:read"}}},
		{"one part", []authz.ActionDef{{Name: "read"}}},
		{"empty part", []authz.ActionDef{{Name: "risk::read"}}},
		{"quote", []authz.ActionDef{{Name: `risk:"read`}}},
		{"unknown role", []authz.ActionDef{{Name: "a:b", Roles: []authz.Role{"boss"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := authz.NewPolicy(tt.defs, nil, nil); !fault.HasCode(err, "authz.policy_invalid") {
				t.Fatalf("err = %v, want authz.policy_invalid", err)
			}
		})
	}
}

// The gate asks several hundred times a second from many goroutines.
func TestAllowedConcurrently(t *testing.T) {
	p := mustPolicy(t, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if !p.Allowed(person("p1", authz.RoleReviewer), "risk:risk:edit") || p.Allowed(person("p2", authz.RoleOwner), "risk:risk:edit") {
					t.Error("the answer changed")
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAllowed(b *testing.B) {
	p, err := authz.NewPolicy(actions(), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	a := person("p1", authz.RoleReviewer)
	for b.Loop() {
		p.Allowed(a, "risk:risk:read")
	}
}
