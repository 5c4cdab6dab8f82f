// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// problem is one wrong field and where it stands.
type problem struct {
	line  int
	field fault.Field
	rule  bool // a rule about the value is broken, not its form
}

// wrong records that the value of node at path is not as the message says.
func (b *binder) wrong(node ast.Node, path, code, message string) {
	b.problems = append(b.problems, problem{
		line:  lineOf(node.GetToken()),
		field: fault.Field{Path: printable(path), Code: "config." + code, Message: ended(message)},
	})
}

// ended ends a message with a full stop, unless it ends with a mark of its own.
func ended(message string) string {
	if strings.HasSuffix(message, "?") {
		return message
	}
	return strings.TrimSuffix(message, ".") + "."
}

// printable keeps a hostile or very long key from spoiling a message.
func printable(path string) string {
	const longest = 200
	if len(path) > longest {
		path = strings.ToValidUTF8(path[:longest], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, path)
}

// fault makes one Invalid fault of all problems in the order of the file, those of
// form first: they may be why a rule is broken.
func (b *binder) fault(file string) error {
	slices.SortStableFunc(b.problems, func(x, y problem) int {
		if x.rule != y.rule {
			return map[bool]int{false: -1, true: 1}[x.rule]
		}
		return cmp.Compare(x.line, y.line)
	})
	first := b.problems[0]
	message := fmt.Sprintf("%s:%d: %s", file, first.line, sentence(first.field))
	if more := len(b.problems) - 1; more > 0 {
		message += fmt.Sprintf(" (%d more below)", more)
	}
	e := fault.New(fault.Invalid, CodeInvalid, "%s", message)
	for _, p := range b.problems {
		p.field.Message = fmt.Sprintf("line %d: %s", p.line, p.field.Message)
		e.Fields = append(e.Fields, p.field)
	}
	e.Fields = fault.Bounded(e.Fields)
	return e
}

func sentence(f fault.Field) string {
	if f.Path == "" {
		return "the file " + f.Message
	}
	return f.Path + " " + f.Message
}

// validate calls Validate on v and on all it holds, inner values first.
func (b *binder) validate(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		b.validate(v.Elem(), path)
	case reflect.Struct:
		fields := fieldsOf(v.Type())
		for _, name := range fields.names {
			b.validate(v.FieldByIndex(fields.index[name]), join(path, name))
		}
		b.validateSource(v, path)
	case reflect.Slice:
		for i := range v.Len() {
			b.validate(v.Index(i), path+"["+strconv.Itoa(i)+"]")
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) })
		for _, key := range keys {
			element := reflect.New(v.Type().Elem()).Elem() // a map's own values have no address
			element.Set(v.MapIndex(key))
			b.validate(element, join(path, key.String()))
		}
	}
	b.validateOne(v, path)
}

func (b *binder) validateOne(v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || !v.CanAddr() {
		return
	}
	validator, ok := v.Addr().Interface().(Validator)
	if !ok {
		return
	}
	for _, f := range validator.Validate() {
		full := join(path, f.Path)
		f.Path = printable(full)
		if !b.unread(f.Path) {
			b.problems = append(b.problems, problem{line: b.lineNear(full), field: f, rule: true})
		}
	}
}

// unread reports whether a value at the path, or around or in it, could not be
// read. What a rule says about it then is about nothing that stands in the file.
func (b *binder) unread(path string) bool {
	return slices.ContainsFunc(b.problems, func(p problem) bool {
		return !p.rule && p.field.Code != "config.unknown" && (within(p.field.Path, path) || within(path, p.field.Path))
	})
}

// within reports whether the value at the path inner is, or is part of, that at outer.
func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && (outer == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// lineNear returns the line of the value at path, or of the nearest one around it
// that the file holds: a missing value stands nowhere itself.
func (b *binder) lineNear(path string) int {
	for {
		if line, ok := b.lines[path]; ok {
			return line
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			break
		}
		path = path[:i]
	}
	if line, ok := b.lines[""]; ok {
		return line
	}
	return 1
}
