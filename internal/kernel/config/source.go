// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Origin says where an entry of a policy comes from.
type Origin string

// The origins.
const (
	FromSource Origin = "source" // the cited document says so
	Chosen     Origin = "chosen" // a default of this product, to be changed by whoever runs it
)

// Source says where an entry of a policy comes from, and why it is as it is. The
// type of the entry embeds it with the tag yaml:",inline"; [Decode] then refuses an
// entry without an origin, and one from a source that names no place in it.
type Source struct {
	Origin Origin `yaml:"origin" json:"origin" enum:"source,chosen" doc:"whether a cited source says so or it is a default of this product"`
	Cites  string `yaml:"cites" json:"cites,omitempty"`
	Why    string `yaml:"why" json:"why,omitempty"`
}

// sourceOf returns the Source that a struct embeds.
func sourceOf(v reflect.Value) (Source, bool) {
	field, found := v.Type().FieldByName("Source")
	if !found || !field.Anonymous || field.Type != reflect.TypeFor[Source]() {
		return Source{}, false
	}
	return v.FieldByIndex(field.Index).Interface().(Source), true
}

// validateSource reports what is wrong with the Source of the struct at path.
func (b *binder) validateSource(v reflect.Value, path string) {
	source, ok := sourceOf(v)
	if !ok {
		return
	}
	wrong := func(key, message string) {
		at := join(path, key)
		b.problems = append(b.problems, problem{line: b.lineNear(at), field: fault.Field{Path: printable(at), Code: "config." + key, Message: message}})
	}
	switch {
	case source.Origin != FromSource && source.Origin != Chosen:
		wrong("origin", "must be source or chosen.")
	case source.Origin == FromSource && source.Cites == "":
		wrong("cites", "must name the place in the source.")
	}
}
