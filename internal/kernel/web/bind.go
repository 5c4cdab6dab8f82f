// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// The names of a form's fields are the paths by which the API and its faults name
// them: "title", "inputs.data", "parties[0].name". So the struct that the API
// takes says also what a form holds.
//
// A text is as long as its maxLength and one of its enum if it has these tags;
// minLength makes it needed. Whether it is a single line is for the service to
// say. Numbers with a minimum are needed. Lists of texts are typed
// into one field, a line each. Lists of structs are rows.

// longest bounds a text without maxLength, in characters.
const longest = 10_000

// Names of what a form with rows carries besides them.
const (
	fieldRows = "rows" // how many the form showed
	fieldMore = "more" // the button that asks for one more
)

// Bind fills the struct that into points to from a form. Rows that are blank are
// left out; a field of the tag row:"preset" is chosen before anybody types and
// does not count for that. Maps, whose names nobody knows here, are left to the
// caller. What is wrong stays in f.
//
// It reads every field, whether the page shows it or not: into is what the API
// takes from the same person.
func Bind(f *Form, into any) { f.bindStruct(reflect.ValueOf(into).Elem(), "") }

// members lists the fields of a struct with their names in a form.
func members(v reflect.Value, prefix string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.IsExported() && name != "" && name != "-" && !yield(prefix+name, i) {
				return
			}
		}
	}
}

func (f *Form) bindStruct(v reflect.Value, prefix string) {
	for name, i := range members(v, prefix) {
		f.bind(v.Field(i), name, v.Type().Field(i).Tag)
	}
}

func (f *Form) bind(v reflect.Value, name string, tag reflect.StructTag) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.bind(v.Elem(), name, tag)
	case reflect.Struct:
		f.bindWhole(v, name)
	case reflect.String:
		v.SetString(f.bindText(name, tag))
	case reflect.Bool:
		v.SetBool(f.Bool(name))
	case reflect.Int, reflect.Int64:
		if tag.Get("minimum") != "" {
			f.Require(name)
		}
		v.SetInt(f.Int(name, int64(number(tag, "minimum", 0)), int64(number(tag, "maximum", 1<<31))))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(Lines(f.Text(name, longest))).Convert(v.Type()))
			return
		}
		f.bindRows(v, name, number(tag, "maxItems", maxFields))
	case reflect.Map:
	default:
		panic(fmt.Sprintf("web: a form cannot hold a %s, which %q is", v.Type(), name))
	}
}

// bindWhole reads a day, or a struct with fields of its own.
func (f *Form) bindWhole(v reflect.Value, name string) {
	switch v.Interface().(type) {
	case config.Date:
		v.Set(reflect.ValueOf(f.Date(name)))
	case time.Time:
		panic(fmt.Sprintf("web: a form holds days, not the moment that %q is", name))
	default:
		f.bindStruct(v, name+".")
	}
}

func (f *Form) bindText(name string, tag reflect.StructTag) string {
	if tag.Get("minLength") != "" {
		f.Require(name)
	}
	if enum := tag.Get("enum"); enum != "" {
		return f.Choice(name, strings.Split(enum, ",")...)
	}
	return f.Text(name, number(tag, "maxLength", longest))
}

// bindRows reads the rows that are not blank, and notes which they are.
func (f *Form) bindRows(list reflect.Value, name string, most int) {
	if f.rows == nil {
		f.rows = map[string][]int{}
	}
	f.rows[name] = nil
	for row := range f.rowsOf(name, most) {
		one := reflect.New(list.Type().Elem()).Elem()
		f.bindStruct(one, RowField(name, row, ""))
		if !blank(one) {
			list.Set(reflect.Append(list, one))
			f.rows[name] = append(f.rows[name], row)
		}
	}
}

// blank reports whether nobody typed anything into a row.
func blank(row reflect.Value) bool {
	for i := range row.NumField() {
		if row.Type().Field(i).Tag.Get("row") != "preset" && !row.Field(i).IsZero() {
			return false
		}
	}
	return true
}

func number(tag reflect.StructTag, key string, otherwise int) int {
	if n, err := strconv.Atoi(tag.Get(key)); err == nil {
		return n
	}
	return otherwise
}

// Values is the inverse of [Bind]: what a form shows of a struct.
func Values(v any) url.Values {
	values := url.Values{}
	fill(values, reflect.ValueOf(v), "")
	return values
}

func fill(values url.Values, v reflect.Value, prefix string) {
	for name, i := range members(v, prefix) {
		fillOne(values, v.Field(i), name)
	}
}

func fillOne(values url.Values, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillOne(values, v.Elem(), name)
		}
	case reflect.Struct:
		if day, ok := v.Interface().(config.Date); ok {
			values.Set(name, day.String())
			return
		}
		fill(values, v, name+".")
	case reflect.String:
		values.Set(name, v.String())
	case reflect.Bool:
		if v.Bool() {
			values.Set(name, "1")
		}
	case reflect.Int, reflect.Int64:
		values.Set(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			for i := range v.Len() {
				values.Set(name, values.Get(name)+v.Index(i).String()+"\n")
			}
			return
		}
		values.Set(fieldRows, strconv.Itoa(v.Len()))
		for i := range v.Len() {
			fill(values, v.Index(i), RowField(name, i, ""))
		}
	}
}

// Rows is how many rows of a repeated part a form shows: as many as were sent, one
// more if that was asked for, at least least and at most most.
func (f *Form) Rows(least, most int) int {
	n := int(f.Int(fieldRows, 0, int64(most)))
	if f.Bool(fieldMore) {
		n++
	}
	return min(max(n, least), most)
}

// RowsOf is [Form.Rows] for one of several repeated parts of a form, each of which
// counts its rows and has its button for one more in fields of its own: those of
// "parties" are "parties_rows" and "parties_more".
func (f *Form) RowsOf(part string, least, most int) int {
	n := int(f.Int(part+"_"+fieldRows, 0, int64(most)))
	if f.Bool(part + "_" + fieldMore) {
		n++
	}
	return min(max(n, least), most)
}

// rowsOf is how many rows of a part were sent, by its own count or by the form's.
func (f *Form) rowsOf(part string, most int) int {
	if f.values.Has(part + "_" + fieldRows) {
		return f.RowsOf(part, 0, most)
	}
	return f.Rows(0, most)
}

// RowField names a field in a row as faults name it: "parties[0].name".
func RowField(part string, row int, field string) string {
	return part + "[" + strconv.Itoa(row) + "]." + field
}

// Lines returns the lines of a text that are not blank, trimmed.
func Lines(text string) []string {
	all := []string{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// placed gives the wrong fields of a fault the names that they have in the form,
// where blank rows stand between those that were read, and where a list that is
// typed into one field is wrong as a whole. Any other error is returned as it is.
func (f *Form) placed(err error) error {
	e := fault.From(err)
	if e == nil || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = make([]fault.Field, len(e.Fields))
	for i, field := range e.Fields {
		field.Path = f.place(field.Path)
		moved.Fields[i] = field
	}
	return &moved
}

func (f *Form) place(path string) string {
	list, rest, ok := strings.Cut(path, "[")
	if !ok {
		return path
	}
	if rows := f.rows[list]; rows != nil {
		number, field, ok := strings.Cut(rest, "].")
		if n, err := strconv.Atoi(number); ok && err == nil && n >= 0 && n < len(rows) {
			return RowField(list, rows[n], field)
		}
	}
	if f.values.Has(list) {
		return list
	}
	return path
}
