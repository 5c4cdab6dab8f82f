// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// asTyped names the wrong fields of an answer of the API by the flags and
// arguments of the command that was typed, and leaves alone those that it has
// none for. A field "inherent.likelihood" is that of --inherent-likelihood or,
// without such a flag, --likelihood or --inherent; "conditions[1].due" is the
// second --condition. A flag of another name states its fields with the tag
// api:"field,other.field", or the parameter of a query with query:"name".
func asTyped(err error, node *kong.Node) error {
	var f *fault.Error
	if node == nil || !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	values := typable(node)
	named := *f
	named.Fields = slices.Clone(f.Fields)
	for i := range named.Fields {
		named.Fields[i].Path = typedName(named.Fields[i].Path, values)
	}
	return &named
}

// typable returns what can be typed behind a command.
func typable(node *kong.Node) []*kong.Value {
	values := slices.Clone(node.Positional)
	for _, flag := range node.Flags {
		values = append(values, flag.Value)
	}
	return values
}

// location is where huma says that a field stands.
var location = regexp.MustCompile(`^(query|path|header|body)\.`)

// step is one step of a field's path, and its index.
var step = regexp.MustCompile(`^([^\[]*)(?:\[(\d+)\])?$`)

func typedName(path string, values []*kong.Value) string {
	var names, rests []string
	for _, part := range strings.Split(location.ReplaceAllString(path, ""), ".") {
		m := step.FindStringSubmatch(part)
		if m == nil {
			return path
		}
		names = append(names, m[1])
		rests = append(rests, m[2])
	}
	for from := range names {
		if from > 0 && rests[from-1] != "" {
			break // a field of one of several is not the command's field of that name
		}
		for to := len(names); to > from; to-- {
			if v := valueFor(strings.Join(names[from:to], "."), values); v != nil {
				return shown(v) + rest(rests[to-1], names[to:])
			}
		}
	}
	return path
}

// valueFor finds the flag or argument that a field was sent from.
func valueFor(field string, values []*kong.Value) *kong.Value {
	if field == "" {
		return nil
	}
	name := strings.NewReplacer(".", "-", "_", "-").Replace(field)
	for _, fits := range []func(*kong.Value) bool{
		func(v *kong.Value) bool { return slices.Contains(strings.Split(v.Tag.Get("api"), ","), field) },
		func(v *kong.Value) bool {
			parameter, _, _ := strings.Cut(v.Tag.Get("query"), "=")
			return parameter == field
		},
		func(v *kong.Value) bool { return v.Name == name },
		func(v *kong.Value) bool { return v.Name == strings.TrimSuffix(name, "s") },
	} {
		if i := slices.IndexFunc(values, fits); i >= 0 {
			return values[i]
		}
	}
	return nil
}

func shown(v *kong.Value) string {
	if v.Flag != nil {
		return "--" + v.Name
	}
	return "<" + v.Name + ">"
}

// rest says which of several values is meant, and what of it.
func rest(index string, of []string) string {
	var parts []string
	if index != "" {
		var n int
		if _, err := fmt.Sscan(index, &n); err == nil {
			parts = append(parts, fmt.Sprintf("number %d", n+1))
		}
	}
	if len(of) > 0 {
		parts = append(parts, strings.Join(of, " "))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
