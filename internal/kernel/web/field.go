// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Field is one input with its label, hint and error. Templates make it with the
// builders of Form and shape it in a pipeline:
//
//	{{$f.Line "title" "risk.title" | hint "risk.title_hint" | required | show}}
type Field struct {
	ID, Name     string
	Kind         string // text, area, select, radio, checkbox, checks, date, number, file, password, search
	Label        string
	Hint         string
	Error        string
	Value        string
	Values       []string // of a field with several values
	Current      string   // what is saved now, if it differs after a stale edit
	Options      []Choice
	Suggest      []Choice // offered while a line of text is typed
	Blank        string   // what a select says while nothing is chosen; "": the usual words
	Required     bool
	Autocomplete string // token of the HTML standard: "username", "one-time-code"
	Rows         int
	Code         bool // an area for a text in which places count, such as YAML
	Max          int  // characters; 0 is no limit
	Low, High    string
	Accept       string // of a file: ".pdf,.png"
}

// Choice is one value that a select, radio group or checkbox group offers.
type Choice struct {
	Value, Label, Hint string
}

// Picked reports whether the field's value includes v.
func (f Field) Picked(v string) bool {
	for _, picked := range f.Values {
		if picked == v {
			return true
		}
	}
	return false
}

// Described returns the ids for aria-describedby, or "".
func (f Field) Described() string {
	ids := ""
	for _, part := range []struct{ text, suffix string }{{f.Hint, "-hint"}, {f.Error, "-error"}, {f.Current, "-current"}} {
		if part.text != "" {
			ids += " " + f.ID + part.suffix
		}
	}
	if ids == "" {
		return ""
	}
	return ids[1:]
}

func (f *Form) field(kind, name, key string) Field {
	field := Field{
		ID: f.prefix + name, Name: name, Kind: kind, Label: f.text(Msg(key)),
		Value: f.values.Get(name), Values: f.values[name], Error: f.errs[name].Message,
	}
	f.labels = append(f.labels, label{name, field.Label})
	if f.current != nil && plainEnds(f.current.Get(name)) != plainEnds(field.Value) {
		field.Current = f.current.Get(name)
	}
	return field
}

// plainEnds is a text as it is saved: browsers send the lines of a text with other
// ends, which are no change.
func plainEnds(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// Titled gives a field a label and a hint that are data, such as the attributes
// of a kind of subject that somebody configured, rather than messages of the
// catalogue.
func (f *Form) Titled(field Field, title, hint string) Field {
	field.Label, field.Hint = title, hint
	for i := range f.labels {
		if f.labels[i].name == field.Name {
			f.labels[i].text = title
		}
	}
	return field
}

// Line makes a line of text; label is a message key, here and below.
func (f *Form) Line(name, label string) Field { return f.field("text", name, label) }

// Area makes a text of several lines.
func (f *Form) Area(name, label string) Field {
	field := f.field("area", name, label)
	field.Rows = 6
	return field
}

// Search makes a search box.
func (f *Form) Search(name, label string) Field { return f.field("search", name, label) }

// Select makes a list to choose one from.
func (f *Form) Select(name, label string, options []Choice) Field {
	return f.field("select", name, label).of(options)
}

// Radio makes a group of buttons to choose one from; better than Select up to
// about seven options.
func (f *Form) Radio(name, label string, options []Choice) Field {
	return f.field("radio", name, label).of(options)
}

// of gives a field its options. What is saved now reads as its option does.
func (f Field) of(options []Choice) Field {
	f.Options = options
	if i := slices.IndexFunc(options, func(o Choice) bool { return f.Current != "" && o.Value == f.Current }); i >= 0 {
		f.Current = options[i].Label
	}
	return f
}

// Checks makes a group of boxes to choose several from.
func (f *Form) Checks(name, label string, options []Choice) Field {
	field := f.field("checks", name, label)
	field.Options = options
	return field
}

// Checkbox makes one box; Bool reads it.
func (f *Form) Checkbox(name, label string) Field { return f.field("checkbox", name, label) }

// Day makes a calendar date, which Form.Date reads.
func (f *Form) Day(name, label string) Field { return f.field("date", name, label) }

// Number makes a whole number.
func (f *Form) Number(name, label string) Field { return f.field("number", name, label) }

// Upload makes a file input; the form needs enctype="multipart/form-data".
func (f *Form) Upload(name, label string) Field {
	field := f.field("file", name, label)
	field.Value = ""
	return field
}

// Password makes an input for a password or code. It is never filled, and its
// name must be one that is never kept: "password", "code", "token" or "secret",
// alone or joined by "_".
func (f *Form) Password(name, label string) (Field, error) {
	if !secretField(name) {
		return Field{}, fmt.Errorf("web: field %q would be kept in drafts: name it password, code, token or secret", name)
	}
	field := f.field("password", name, label)
	field.Value, field.Values, field.Current = "", nil, ""
	return field, nil
}

// DateValue returns t as the value of a date field in the zone, for Prefill.
func DateValue(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.DateOnly)
}

// Hidden lists the fields that every form carries.
func (f *Form) Hidden() []Choice {
	all := []Choice{{Value: f.submission, Label: fieldSubmission}, {Value: f.page, Label: fieldPage}}
	if v := f.values.Get(fieldVersion); v != "" {
		all = append(all, Choice{Value: v, Label: fieldVersion})
	}
	if f.restored {
		all = append(all, Choice{Value: "1", Label: fieldRestored})
	}
	return all
}

// Restored reports whether the form is filled from a draft.
func (f *Form) Restored() bool { return f.restored && f.refusal == nil }

// Discard is the address of the page that drops the draft.
func (f *Form) Discard() string { return discardURL(f.page) }
