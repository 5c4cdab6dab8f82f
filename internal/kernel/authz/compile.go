// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	cedarast "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"portreeve.org/portreeve/internal/kernel/config"
)

// compiler sorts Cedar policies into the actions they apply to.
type compiler struct {
	policy    *Policy
	validator *validate.Validator
}

func newCompiler(p *Policy) (*compiler, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(schemaText(p.order))); err != nil {
		return nil, fmt.Errorf("parse generated Cedar schema: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("resolve generated Cedar schema: %w", err)
	}
	return &compiler{policy: p, validator: validate.New(resolved)}, nil
}

// schemaText describes to Cedar's validator what a policy may look at. A
// misspelt attribute is thereby refused at start-up; left to evaluation it
// would deny every request.
func schemaText(actions []ActionDef) string {
	var b strings.Builder
	b.WriteString(`entity Role;
entity Group;
entity Person in [Role, Group] { kind: String };
entity Item { type: String, visibility: String, owner?: Person, requester?: Person };
`)
	for _, def := range actions {
		fmt.Fprintf(&b, "action %q appliesTo { principal: Person, resource: Item };\n", string(def.Name))
	}
	return b.String()
}

// defaultGrants writes the grants of the action definitions as Cedar text.
func defaultGrants(actions []ActionDef) PolicyText {
	var b strings.Builder
	for _, def := range actions {
		if def.Public != "" {
			fmt.Fprintf(&b, "permit (principal, action == Action::%q, resource);\n", string(def.Name))
			continue
		}
		for _, role := range def.Roles {
			fmt.Fprintf(&b, "permit (principal in Role::%q, action == Action::%q, resource);\n", string(role), string(def.Name))
		}
	}
	return PolicyText{Name: "default-grants.cedar", Text: b.String()}
}

func (c *compiler) add(text PolicyText) error {
	list, err := cedar.NewPolicyListFromBytes(text.Name, []byte(text.Text))
	if err != nil {
		return invalidPolicy("The policy file %s cannot be read: %v.", text.Name, err)
	}
	for i, p := range list {
		if err := c.addOne(text.Name, i, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) addOne(file string, index int, p *cedar.Policy) error {
	tree := (*ast.Policy)(p.AST())
	where := fmt.Sprintf("%s, line %d", file, p.Position().Line)
	if err := c.checkNames(where, tree); err != nil {
		return err
	}
	id := fmt.Sprintf("%s#%d", file, index)
	if err := c.validator.Policy(id, tree); err != nil {
		return invalidPolicy("The policy in %s does not fit what policies may look at: %v.", where, err)
	}
	roleOnly := dependsOnRolesOnly(tree)
	somewhere, applies := assumeObject(tree)
	for _, action := range c.appliesTo(tree.Action) {
		target := c.policy.actions[action]
		if target.def.Read && !roleOnly {
			return invalidPolicy("The policy in %s makes reading (%s) depend on more than roles. "+
				"Which items somebody may see is decided by each item's visibility and participants; "+
				"name only actions that write, or remove the condition.", where, action)
		}
		target.roleOnly = target.roleOnly && roleOnly
		target.exact.Add(cedar.PolicyID(id), p)
		if applies {
			target.anywhere.Add(cedar.PolicyID(id), somewhere)
		}
	}
	return nil
}

// appliesTo returns the actions that a policy's action scope covers.
func (c *compiler) appliesTo(scope ast.IsActionScopeNode) []Action {
	var uids []cedar.EntityUID
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		uids = []cedar.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		uids = []cedar.EntityUID{s.Entity}
	case ast.ScopeTypeInSet:
		uids = s.Entities
	default:
		all := make([]Action, 0, len(c.policy.order))
		for _, def := range c.policy.order {
			all = append(all, def.Name)
		}
		return all
	}
	var named []Action
	for _, uid := range uids {
		named = append(named, Action(uid.ID))
	}
	return named
}

// checkNames refuses entity names that nothing has: a misspelt role would
// grant to nobody, a misspelt action would forbid nothing, both in silence.
func (c *compiler) checkNames(where string, tree *ast.Policy) error {
	for _, uid := range namedEntities(tree) {
		switch uid.Type {
		case typeRole:
			if !Role(uid.ID).Known() {
				return invalidPolicy("The policy in %s names the unknown role %q; the nearest known role is %q.",
					where, uid.ID, config.Nearest(string(uid.ID), roleNames()))
			}
		case typeAction:
			if !c.policy.Known(Action(uid.ID)) {
				return invalidPolicy("The policy in %s names the unknown action %q; the nearest known action is %q.",
					where, uid.ID, config.Nearest(string(uid.ID), c.actionNames()))
			}
		case typePerson, typeGroup, typeItem:
		default:
			return invalidPolicy("The policy in %s names the unknown type %s; the nearest known type is %s.",
				where, uid.Type, config.Nearest(string(uid.Type), []string{"Role", "Action", "Person", "Group", "Item"}))
		}
	}
	return nil
}

func (c *compiler) actionNames() []string {
	names := make([]string, 0, len(c.policy.order))
	for _, def := range c.policy.order {
		names = append(names, string(def.Name))
	}
	return names
}

// namedEntities returns every entity literal of a policy, in scope and conditions.
func namedEntities(tree *ast.Policy) []cedar.EntityUID {
	var uids []cedar.EntityUID
	for _, scope := range []ast.IsScopeNode{tree.Principal, tree.Action, tree.Resource} {
		switch s := scope.(type) {
		case ast.ScopeTypeEq:
			uids = append(uids, s.Entity)
		case ast.ScopeTypeIn:
			uids = append(uids, s.Entity)
		case ast.ScopeTypeInSet:
			uids = append(uids, s.Entities...)
		case ast.ScopeTypeIsIn:
			uids = append(uids, s.Entity)
		}
	}
	inspectConditions(tree, func(n ast.IsNode) {
		if v, ok := n.(ast.NodeValue); ok {
			if uid, ok := v.Value.(cedar.EntityUID); ok {
				uids = append(uids, uid)
			}
		}
	})
	return uids
}

// dependsOnRolesOnly reports whether the same policy decides alike for all
// actors with the same roles and for all objects.
func dependsOnRolesOnly(tree *ast.Policy) bool {
	if len(tree.Conditions) > 0 {
		return false
	}
	if _, ok := tree.Resource.(ast.ScopeTypeAll); !ok {
		return false
	}
	switch s := tree.Principal.(type) {
	case ast.ScopeTypeAll:
		return true
	case ast.ScopeTypeIn:
		return s.Entity.Type == typeRole
	default:
		return false
	}
}

// assumeObject returns the policy for a question without an object: what it
// says of the object is assumed to favour the actor in a permit, and a forbid
// that needs an object does not apply. What it says of the actor stays, also
// where one condition says both.
func assumeObject(tree *ast.Policy) (*cedar.Policy, bool) {
	_, anyObject := tree.Resource.(ast.ScopeTypeAll)
	if anyObject && !mentionsObject(tree) {
		return cedar.NewPolicyFromAST((*cedarast.Policy)(tree)), true
	}
	if tree.Effect == ast.EffectForbid {
		return nil, false
	}
	open := *tree
	open.Resource = ast.Scope{}.All()
	open.Conditions = nil
	for _, condition := range tree.Conditions {
		condition.Body = assume(condition.Body, condition.Condition == ast.ConditionWhen)
		open.Conditions = append(open.Conditions, condition)
	}
	return cedar.NewPolicyFromAST((*cedarast.Policy)(&open)), true
}

// assume returns the expression with outcome in the place of each part that
// looks at the object, as far as and, or and not can be seen through.
func assume(n ast.IsNode, outcome bool) ast.IsNode {
	if !looksAtObject(n) {
		return n
	}
	switch n := n.(type) {
	case ast.NodeTypeAnd:
		n.Left, n.Right = assume(n.Left, outcome), assume(n.Right, outcome)
		return n
	case ast.NodeTypeOr:
		n.Left, n.Right = assume(n.Left, outcome), assume(n.Right, outcome)
		return n
	case ast.NodeTypeNot:
		n.Arg = assume(n.Arg, !outcome)
		return n
	default:
		return ast.NodeValue{Value: cedar.Boolean(outcome)}
	}
}

func mentionsObject(tree *ast.Policy) bool {
	return slices.ContainsFunc(tree.Conditions, func(c ast.ConditionType) bool { return looksAtObject(c.Body) })
}

func looksAtObject(n ast.IsNode) bool {
	found := false
	ast.Inspect(ast.NewNode(n), func(n ast.IsNode) bool {
		if v, ok := n.(ast.NodeTypeVariable); ok && v.Name == "resource" {
			found = true
		}
		return !found
	})
	return found
}

func inspectConditions(tree *ast.Policy, visit func(ast.IsNode)) {
	for _, condition := range tree.Conditions {
		ast.Inspect(ast.NewNode(condition.Body), func(n ast.IsNode) bool {
			visit(n)
			return true
		})
	}
}
