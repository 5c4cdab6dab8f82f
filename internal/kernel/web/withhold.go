// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// entryField is the JSON name under which every answer of the API gives the
// number of a ledger entry. The number tells how much was decided before it, so
// whoever may not do ledger:read does not get it, see [API] and [Ctx.EntryLink].
const entryField = "entry"

// EntryLink links a ledger entry, or is nil for an actor who may not read the
// ledger: they are not to know the entry's number.
func (c *Ctx) EntryLink(text string, seq int64) any {
	if !c.Can(ledger.ActionRead) {
		return nil
	}
	return Link{Text: text, URL: fmt.Sprintf("/ledger/%d", seq)}
}

// withholdEntries is [Ctx.EntryLink] for the answers of the API.
func (m *Mux) withholdEntries(ctx huma.Context, _ string, v any) (any, error) {
	if v == nil || m.deps.Policy.Allowed(authz.ActorFrom(ctx.Context()), ledger.ActionRead) {
		return v, nil
	}
	shown := reflect.New(reflect.TypeOf(v)).Elem()
	shown.Set(reflect.ValueOf(v))
	clearEntries(shown)
	return shown.Interface(), nil
}

// clearEntries sets every field for the number of an entry in v to zero, which
// omits it. What v refers to is changed in place: an answer belongs to its request.
func clearEntries(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clearEntries(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			clearEntries(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			one := reflect.New(v.Type().Elem()).Elem()
			one.Set(v.MapIndex(key))
			clearEntries(one)
			v.SetMapIndex(key, one)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if number, _ := isEntry(f); number {
				v.Field(i).SetZero()
			} else if f.IsExported() || f.Anonymous {
				clearEntries(v.Field(i))
			}
		}
	}
}

// isEntry reports whether a field holds the number of an entry, and whether it is
// left out of an answer when it is zero.
func isEntry(f reflect.StructField) (number, omitted bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name == entryField && f.Type.Kind() == reflect.Int64 && f.IsExported(), strings.Contains(options, "omit")
}

// keepsEntry finds a field below t for the number of an entry that would stand in
// an answer as 0, where it should not stand at all.
func keepsEntry(t reflect.Type, seen map[reflect.Type]bool) (where string, found bool) {
	if seen[t] {
		return "", false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return keepsEntry(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if number, omitted := isEntry(f); number && !omitted {
				return t.String() + "." + f.Name, true
			}
			if where, found := keepsEntry(f.Type, seen); found {
				return where, true
			}
		}
	}
	return "", false
}
