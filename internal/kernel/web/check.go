// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"text/template/parse"
)

// fieldBuilders are the methods of Form whose second argument is a message key.
func fieldBuilders() []string {
	return []string{"Line", "Area", "Search", "Select", "Radio", "Checks", "Checkbox", "Day", "Number", "Upload", "Password"}
}

// checkMessages finds every message that a template names literally, and the
// navigation's labels, and reports those that the catalogue lacks, or gives too
// few arguments.
func (r *renderer) checkMessages(deps Deps) error {
	var errs []error
	check := func(where, key string, args int) {
		switch {
		case !r.messages.has(key):
			errs = append(errs, fmt.Errorf("web: %s: message %q is missing", where, key))
		case args >= 0 && args != r.messages.verbs[key]:
			errs = append(errs, fmt.Errorf("web: %s: message %q takes %d arguments, not %d", where, key, r.messages.verbs[key], args))
		}
	}
	for _, n := range slices.Concat(deps.Navigation, deps.Menu) {
		check("navigation", n.Label, 0)
	}
	for _, key := range deps.Texts {
		check("Deps.Texts", key, 0)
	}
	seen := map[*parse.Tree]bool{}
	each := func(page string, set *template.Template) {
		for _, tmpl := range set.Templates() {
			if tmpl.Tree == nil || seen[tmpl.Tree] {
				continue
			}
			seen[tmpl.Tree] = true
			where := page + " " + tmpl.Name()
			walkCommands(tmpl.Tree.Root, func(cmd *parse.CommandNode) { checkCommand(cmd, where, check) })
		}
	}
	each("components", r.components)
	for _, page := range slices.Sorted(maps.Keys(r.pages)) {
		each(page, r.pages[page])
	}
	return errors.Join(errs...)
}

func checkCommand(cmd *parse.CommandNode, where string, check func(where, key string, args int)) {
	literal := func(i int) (string, bool) {
		if len(cmd.Args) <= i {
			return "", false
		}
		s, ok := cmd.Args[i].(*parse.StringNode)
		if !ok {
			return "", false
		}
		return s.Text, true
	}
	switch name := calledName(cmd.Args[0]); {
	case name == "t":
		if key, ok := literal(1); ok {
			check(where, key, len(cmd.Args)-2)
		}
	case name == "hint" || name == "blank":
		if key, ok := literal(1); ok {
			check(where, key, 0)
		}
	case name != "" && slices.Contains(fieldBuilders(), name):
		if key, ok := literal(2); ok {
			check(where, key, 0)
		}
	}
}

// calledName returns the function or the last method of a chain, or "".
func calledName(n parse.Node) string {
	var chain []string
	switch n := n.(type) {
	case *parse.IdentifierNode:
		return n.Ident
	case *parse.FieldNode:
		chain = n.Ident
	case *parse.VariableNode:
		chain = n.Ident[1:]
	case *parse.ChainNode:
		chain = n.Field
	}
	if len(chain) == 0 {
		return ""
	}
	return chain[len(chain)-1]
}

// walkCommands calls fn for each command below n.
func walkCommands(n parse.Node, fn func(*parse.CommandNode)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				walkCommands(child, fn)
			}
		}
	case *parse.ActionNode:
		walkCommands(n.Pipe, fn)
	case *parse.TemplateNode:
		walkCommands(n.Pipe, fn)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, fn)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, fn)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, fn)
	case *parse.PipeNode:
		if n != nil {
			for _, cmd := range n.Cmds {
				walkCommands(cmd, fn)
			}
		}
	case *parse.CommandNode:
		fn(n)
		for _, arg := range n.Args {
			walkCommands(arg, fn)
		}
	}
}

func walkBranch(n *parse.BranchNode, fn func(*parse.CommandNode)) {
	walkCommands(n.Pipe, fn)
	walkCommands(n.List, fn)
	walkCommands(n.ElseList, fn)
}
