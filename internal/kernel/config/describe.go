// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Group is one section of a policy, for people.
type Group struct {
	Name     string    `json:"name"`
	Settings []Setting `json:"settings" nullable:"false"`
}

// Setting is one thing that is configured, and where it comes from.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin Origin `json:"origin,omitempty" enum:"source,chosen" doc:"source: the cited document says so; chosen: a default, to be changed by whoever runs it"`
	Cites  string `json:"cites,omitempty"`
	Why    string `json:"why,omitempty"`
}

// Labelled is an entry of a policy that people know by several keys together, not by
// "name" or the first one.
type Labelled interface{ LabelKeys() []string }

// nothing stands for a value that is not set.
const nothing = "–"

// Describe says what a policy holds, a struct or a pointer to one as [Decode] reads
// it, in the words of its keys. Each key of the policy is a group; what stands
// there alone comes first, in a group without a name. Each entry with a [Source] is
// a setting of its own, and so is each key of a group; what lies deeper is told in
// one line.
func Describe(policy any) []Group {
	v := reflect.Indirect(reflect.ValueOf(policy))
	source, _ := sourceOf(v)
	var alone Group
	var groups []Group
	for _, f := range keysOf(v) {
		d := describer{}
		switch {
		case isStruct(f.value.Type()):
			d.group("", f.value, source)
		case holdsStructs(f.value.Type()) && f.value.Len() > 0:
			d.entries("", f.value, source)
		case holdsStructs(f.value.Type()):
			d.settings = []Setting{setting(capital(f.words), nothing, source)}
		default:
			alone.Settings = append(alone.Settings, setting(capital(f.words), text(f.value), source))
			continue
		}
		groups = append(groups, Group{Name: capital(f.words), Settings: onceSaid(d.settings)})
	}
	if len(alone.Settings) == 0 {
		return groups
	}
	return append([]Group{alone}, groups...)
}

// onceSaid leaves out a reason that is the one of the setting before.
func onceSaid(settings []Setting) []Setting {
	for i, s := range slices.Backward(settings) {
		if i > 0 && s.Why == settings[i-1].Why {
			settings[i].Why = ""
		}
	}
	return settings
}

// describer collects the settings of a group.
type describer struct{ settings []Setting }

// group adds a setting for each key of a struct.
func (d *describer) group(prefix string, v reflect.Value, outer Source) {
	source := innerSource(v, outer)
	for _, f := range keysOf(v) {
		name := under(prefix, capital(f.words))
		if holdsStructs(f.value.Type()) && f.value.Len() > 0 {
			d.entries(name, f.value, source)
			continue
		}
		d.settings = append(d.settings, setting(name, text(f.value), source))
	}
}

// entries adds a setting for each struct of a list, and for those inside that have
// a source of their own.
func (d *describer) entries(prefix string, list reflect.Value, outer Source) {
	for i := range list.Len() {
		v := reflect.Indirect(list.Index(i))
		label, known := labelOf(v)
		name, source := under(prefix, label), innerSource(v, outer)
		var words []string
		var inner []namedValue
		for _, f := range keysOf(v) {
			switch {
			case holdsSources(f.value.Type()):
				inner = append(inner, f)
			case !slices.Contains(known, f.key) && !f.value.IsZero():
				words = append(words, phrase(f))
			}
		}
		d.settings = append(d.settings, setting(name, strings.Join(words, "; "), source))
		for _, f := range inner {
			if f.value.Len() == 0 {
				d.settings = append(d.settings, setting(under(name, f.words), nothing, source))
				continue
			}
			d.entries(name, f.value, source)
		}
	}
}

// namedValue is the value of a key.
type namedValue struct {
	key   string
	words string // the key, for people
	value reflect.Value
}

// keysOf returns the keys of a struct in their order, without those of its Source.
func keysOf(v reflect.Value) []namedValue {
	_, sourced := sourceOf(v)
	fields := fieldsOf(v.Type())
	var all []namedValue
	for _, name := range fields.names {
		if sourced && slices.Contains([]string{"origin", "cites", "why"}, name) {
			continue
		}
		all = append(all, namedValue{name, strings.ReplaceAll(name, "_", " "), v.FieldByIndex(fields.index[name])})
	}
	return all
}

// labelOf returns what an entry is known by, and the keys that say it.
func labelOf(v reflect.Value) (label string, known []string) {
	keys := keysOf(v)
	if entry, ok := v.Interface().(Labelled); ok {
		var words []string
		for _, f := range keys {
			if slices.Contains(entry.LabelKeys(), f.key) {
				words = append(words, text(f.value))
			}
		}
		return strings.Join(words, ", "), entry.LabelKeys()
	}
	for _, f := range keys {
		if f.key == "name" && !f.value.IsZero() {
			return text(f.value), []string{f.key}
		}
	}
	for _, f := range keys {
		if !f.value.IsZero() && !holdsSources(f.value.Type()) {
			return capital(phrase(f)), []string{f.key}
		}
	}
	return nothing, nil
}

func innerSource(v reflect.Value, outer Source) Source {
	if own, ok := sourceOf(v); ok {
		return own
	}
	return outer
}

// phrase is a key with its value. A switch that is on is its key alone, and what is
// written for people needs none.
func phrase(f namedValue) string {
	switch {
	case f.value.Kind() == reflect.Bool:
		return f.words
	case slices.Contains([]string{"title", "description", "meaning"}, f.key):
		return strings.TrimSuffix(text(f.value), ".")
	}
	return f.words + " " + text(f.value)
}

// text tells a value in one line.
func text(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if s, ok := worded(v); ok {
		return s
	}
	var words []string
	separator := ", "
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range keysOf(v) {
			if !f.value.IsZero() {
				words = append(words, phrase(f))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			words = append(words, text(v.Index(i)))
			if kind := v.Index(i).Kind(); kind == reflect.Struct || kind == reflect.Slice {
				separator = "; "
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			words = append(words, key.String()+" "+text(v.MapIndex(key)))
		}
		slices.Sort(words)
	default:
		if s := fmt.Sprint(v.Interface()); s != "" && v.Kind() != reflect.Pointer {
			return s
		}
	}
	if len(words) == 0 {
		return nothing
	}
	return strings.Join(words, separator)
}

// worded is the text of a value that is written as one in the file.
func worded(v reflect.Value) (string, bool) {
	if _, ok := v.Interface().(encoding.TextMarshaler); !ok {
		return "", false
	}
	s := fmt.Sprint(v.Interface())
	return s, s != ""
}

func setting(name, value string, source Source) Setting {
	return Setting{Name: name, Value: cmp.Or(value, nothing), Origin: source.Origin, Cites: source.Cites, Why: source.Why}
}

// under names something inside of something.
func under(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + ": " + inner
}

// capital begins a label that is made of keys; names stand as the policy has them.
func capital(label string) string {
	first, size := utf8.DecodeRuneInString(label)
	return string(unicode.ToUpper(first)) + label[size:]
}

func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// holdsStructs reports whether t is a list of structs.
func holdsStructs(t reflect.Type) bool { return t.Kind() == reflect.Slice && isStruct(t.Elem()) }

// holdsSources reports whether t is a list of structs that have a Source.
func holdsSources(t reflect.Type) bool {
	if !holdsStructs(t) {
		return false
	}
	_, ok := sourceOf(reflect.New(t.Elem()).Elem())
	return ok
}
