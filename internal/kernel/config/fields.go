// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"strings"
)

// structFields are the keys that a struct knows, in the order of its fields.
type structFields struct {
	names []string
	index map[string][]int
}

// fieldsOf returns the keys of struct type t.
func fieldsOf(t reflect.Type) structFields {
	f := structFields{index: map[string][]int{}}
	for _, sf := range reflect.VisibleFields(t) {
		name, skip := keyOf(t, sf)
		if skip {
			continue
		}
		if _, taken := f.index[name]; !taken {
			f.names = append(f.names, name)
			f.index[name] = sf.Index
		}
	}
	return f
}

// keyOf returns the key of a field, and whether it has none of its own.
func keyOf(t reflect.Type, sf reflect.StructField) (key string, skip bool) {
	tag, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
	inline := sf.Anonymous && options == "inline"
	if !sf.IsExported() || inline || tag == "-" {
		return "", true
	}
	// A promoted field counts only where each struct on the way is inlined.
	for depth := 1; depth < len(sf.Index); depth++ {
		parent := t.FieldByIndex(sf.Index[:depth])
		_, options, _ := strings.Cut(parent.Tag.Get("yaml"), ",")
		if options != "inline" || parent.Type.Kind() == reflect.Pointer {
			return "", true
		}
	}
	if tag == "" {
		tag = strings.ToLower(sf.Name)
	}
	return tag, false
}

// join appends a key to a path.
func join(path, key string) string {
	switch {
	case path == "":
		return key
	case key == "":
		return path
	case key[0] == '[':
		return path + key
	default:
		return path + "." + key
	}
}
