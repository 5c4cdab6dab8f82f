// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// binder carries YAML nodes into Go values and collects what is wrong.
type binder struct {
	problems []problem
	lines    map[string]int // path of each value read -> its line
	holes    bool           // a list has an element without a value, which no rule expects
	err      error          // the Go type cannot be read at all: a mistake of the program
}

// bind sets v, which is addressable, from node.
func (b *binder) bind(node ast.Node, v reflect.Value, path string) {
	if node == nil {
		return
	}
	b.lines[path] = lineOf(node.GetToken())
	if _, null := node.(*ast.NullNode); null {
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		b.bindText(node, text, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			fresh.Elem().Set(v.Elem()) // never write into the caller's value: Decode may still fail
		}
		b.bind(node, fresh.Elem(), path)
		v.Set(fresh)
	case reflect.Struct:
		b.bindStruct(node, v, path)
	case reflect.Map:
		b.bindMap(node, v, path)
	case reflect.Slice:
		b.bindSlice(node, v, path)
	case reflect.Interface:
		b.bindAny(node, v, path)
	default:
		b.bindScalar(node, v, path)
	}
}

func (b *binder) bindStruct(node ast.Node, v reflect.Value, path string) {
	m, ok := node.(*ast.MappingNode)
	if !ok {
		b.wrong(node, path, "type", "must be a group of keys, each with a value")
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, entry := range m.Values {
		key, ok := b.key(entry, path, seen)
		if !ok {
			continue
		}
		index, known := fields.index[key]
		if !known {
			b.wrong(entry.Key, join(path, key), "unknown", b.unknownKey(key, fields.names))
			continue
		}
		b.bind(entry.Value, v.FieldByIndex(index), join(path, key))
	}
}

func (b *binder) bindMap(node ast.Node, v reflect.Value, path string) {
	t := v.Type()
	m, ok := node.(*ast.MappingNode)
	if t.Key().Kind() != reflect.String {
		b.unsupported(t)
		return
	}
	if !ok {
		b.wrong(node, path, "type", "must be a group of keys, each with a value")
		return
	}
	fresh := reflect.MakeMapWithSize(t, len(m.Values))
	seen := map[string]bool{}
	for _, entry := range m.Values {
		key, ok := b.key(entry, path, seen)
		if !ok {
			continue
		}
		value := reflect.New(t.Elem()).Elem()
		b.bind(entry.Value, value, join(path, key))
		fresh.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), value)
	}
	v.Set(fresh)
}

// key returns the text of an entry's key, and false if it cannot be used.
func (b *binder) key(entry *ast.MappingValueNode, path string, seen map[string]bool) (string, bool) {
	s, ok := entry.Key.(*ast.StringNode)
	if !ok {
		b.wrong(entry.Key, path, "key", "has a key that is not text; put it in quotes")
		return "", false
	}
	if seen[s.Value] {
		b.wrong(entry.Key, join(path, s.Value), "duplicate", "stands here a second time")
		return "", false
	}
	seen[s.Value] = true
	return s.Value, true
}

func (b *binder) bindSlice(node ast.Node, v reflect.Value, path string) {
	s, ok := node.(*ast.SequenceNode)
	if !ok {
		b.wrong(node, path, "type", "must be a list")
		return
	}
	fresh := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, item := range s.Values {
		at := path + "[" + strconv.Itoa(i) + "]"
		if _, null := item.(*ast.NullNode); null || item == nil {
			b.wrong(s, at, "required", "has no value")
			b.holes = true
			continue
		}
		b.bind(item, fresh.Index(i), at)
	}
	v.Set(fresh)
}

func (b *binder) bindText(node ast.Node, into encoding.TextUnmarshaler, path string) {
	text, ok := scalarText(node)
	if !ok {
		b.wrong(node, path, "type", "must be a single value, not a list or a group of keys")
		return
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		b.wrong(node, path, "value", err.Error())
	}
}

// bindAny reads into an interface without methods: text, int64, float64, bool,
// []any or map[string]any.
func (b *binder) bindAny(node ast.Node, v reflect.Value, path string) {
	if v.NumMethod() > 0 {
		b.unsupported(v.Type())
		return
	}
	var target reflect.Value
	switch node.(type) {
	case *ast.MappingNode:
		target = reflect.New(reflect.TypeFor[map[string]any]()).Elem()
	case *ast.SequenceNode:
		target = reflect.New(reflect.TypeFor[[]any]()).Elem()
	case *ast.BoolNode:
		target = reflect.New(reflect.TypeFor[bool]()).Elem()
	case *ast.IntegerNode:
		target = reflect.New(reflect.TypeFor[int64]()).Elem()
	case *ast.FloatNode:
		target = reflect.New(reflect.TypeFor[float64]()).Elem()
	default:
		target = reflect.New(reflect.TypeFor[string]()).Elem()
	}
	b.bind(node, target, path)
	v.Set(target)
}

func (b *binder) unsupported(t reflect.Type) {
	if b.err == nil {
		b.err = fmt.Errorf("type %s cannot be read from YAML", t)
	}
}
