// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// PolicyText is one file of Cedar policies.
type PolicyText struct {
	Name string // file name, for messages
	Text string
}

// Policy decides actions. It does not change after [NewPolicy] and may be used
// by many goroutines; what it remembers per set of roles is a cache of answers
// that cannot differ.
type Policy struct {
	actions map[Action]*compiled
	order   []ActionDef
}

// compiled is what Cedar needs to decide one action.
type compiled struct {
	def      ActionDef
	exact    *cedar.PolicySet // for one object
	anywhere *cedar.PolicySet // for some object: what depends on the object is assumed to favour the actor
	roleOnly bool             // nothing but roles decides; then the two sets are equal
	byRoles  sync.Map         // uint16 role set -> bool; filled when roleOnly
}

// NewPolicy compiles the policy: one permit per action and role from actions,
// then the Cedar texts of the slices, then those of the organisation, which
// may add permits and forbids (a forbid always wins). It refuses, naming file
// and line: a text that does not parse or type-check, an unknown action or
// role (with the nearest known one), an action declared twice, and any policy
// that makes a Read action depend on more than the reader's roles.
func NewPolicy(actions []ActionDef, cedarSets, organisation []PolicyText) (*Policy, error) {
	p := &Policy{actions: make(map[Action]*compiled, len(actions)), order: slices.Clone(actions)}
	slices.SortFunc(p.order, func(a, b ActionDef) int { return strings.Compare(string(a.Name), string(b.Name)) })
	for _, def := range p.order {
		if err := checkAction(def); err != nil {
			return nil, err
		}
		if p.actions[def.Name] != nil {
			return nil, invalidPolicy("The action %s is declared twice.", def.Name)
		}
		p.actions[def.Name] = &compiled{
			def: def, roleOnly: true,
			exact: cedar.NewPolicySet(), anywhere: cedar.NewPolicySet(),
		}
	}
	c, err := newCompiler(p)
	if err != nil {
		return nil, err
	}
	for _, text := range slices.Concat([]PolicyText{defaultGrants(p.order)}, cedarSets, organisation) {
		if err := c.add(text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Actions returns all declared actions sorted by name. The slice is the caller's own.
func (p *Policy) Actions() []ActionDef { return slices.Clone(p.order) }

// Known reports whether the action is declared.
func (p *Policy) Known(action Action) bool { return p.actions[action] != nil }

// Allowed reports whether a may do action at all, to some object: what
// navigation and routes ask. Where a policy looks at the object, Allowed
// assumes the best and [Policy.Check] decides. An unknown action and any error
// in a policy deny.
func (p *Policy) Allowed(a Actor, action Action) bool {
	c := p.actions[action]
	if c == nil || !inScope(a, c.def) {
		return false
	}
	if !c.roleOnly {
		return c.decide(c.anywhere, a, Resource{})
	}
	key := roleKey(a)
	if known, ok := c.byRoles.Load(key); ok {
		return known.(bool)
	}
	allowed := c.decide(c.anywhere, a, Resource{})
	c.byRoles.Store(key, allowed)
	return allowed
}

// Require is [Policy.Allowed] as an error, for actions that have no object:
// Unauthenticated ("authz.sign_in") or Forbidden ("authz.forbidden").
func (p *Policy) Require(a Actor, action Action) error {
	if p.Allowed(a, action) {
		return nil
	}
	return p.refuse(a, action)
}

// Check decides action on one object. An object that a may not see answers
// NotFound, whatever the policy says; one that a may see but not act on
// answers Forbidden ("authz.forbidden"), or Unauthenticated ("authz.sign_in")
// if nobody is signed in.
func (p *Policy) Check(a Actor, action Action, r Resource) error {
	if !CanSee(a, r) {
		return fault.ItemNotFound()
	}
	c := p.actions[action]
	if c == nil || !inScope(a, c.def) {
		return p.refuse(a, action)
	}
	allowed := false
	if c.roleOnly {
		allowed = p.Allowed(a, action)
	} else {
		allowed = c.decide(c.exact, a, r)
	}
	if !allowed {
		return p.refuse(a, action)
	}
	return nil
}

func (p *Policy) refuse(a Actor, action Action) error {
	if p.actions[action] == nil {
		return forbidden().Because(fmt.Errorf("action %q is not declared", action))
	}
	if !a.SignedIn() {
		return fault.New(fault.Unauthenticated, "authz.sign_in", "Sign in to do this.")
	}
	if !inScope(a, p.actions[action].def) {
		return fault.New(fault.Forbidden, "authz.forbidden",
			"This token does not include the action %s. Use a token whose scope names it.", action)
	}
	return forbidden()
}

func forbidden() *fault.Error {
	return fault.New(fault.Forbidden, "authz.forbidden",
		"Your roles do not allow this. Ask your administrator if you should be able to do it.")
}

// inScope reports whether the actor's token, if any, covers the action. What
// anyone may do needs no token, so no token takes it away.
func inScope(a Actor, def ActionDef) bool {
	return a.Scopes == nil || def.Public != "" || slices.Contains(a.Scopes, def.Name)
}

// roleKey identifies the answers of policies that look at roles alone. Who is
// not signed in has no roles, whatever the value says.
func roleKey(a Actor) uint16 {
	if !a.SignedIn() {
		return 0
	}
	return roleSet(a.Roles)
}

// decide asks Cedar. Cedar skips a policy whose evaluation fails, which would
// let a failing forbid allow; so any error denies.
func (c *compiled) decide(set *cedar.PolicySet, a Actor, r Resource) bool {
	decision, diagnostic := cedar.Authorize(set, entitiesOf(a, r), cedar.Request{
		Principal: principalUID(a),
		Action:    actionUID(c.def.Name),
		Resource:  itemUID(r),
		Context:   cedar.NewRecord(nil),
	})
	return len(diagnostic.Errors) == 0 && decision == cedar.Allow
}

func checkAction(def ActionDef) error {
	if !wellFormed(def.Name) {
		return invalidPolicy("The action %q is not of the form capability:entity:verb in lower case.", def.Name)
	}
	for _, r := range def.Roles {
		if !r.Known() {
			return invalidPolicy("The action %s is granted to the unknown role %q; the nearest known role is %q.",
				def.Name, r, config.Nearest(string(r), roleNames()))
		}
	}
	return nil
}

func wellFormed(a Action) bool {
	parts := 1
	start := true
	for _, c := range string(a) {
		switch {
		case c >= 'a' && c <= 'z':
			start = false
		case (c >= '0' && c <= '9' || c == '-' || c == '_') && !start:
		case c == ':' && !start:
			parts++
			start = true
		default:
			return false
		}
	}
	return parts >= 2 && !start
}

func invalidPolicy(message string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "authz.policy_invalid", message, args...)
}
