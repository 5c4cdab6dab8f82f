// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Err returns nil, or an Invalid fault with every field found wrong so far.
// Call it after the getters and before the service.
func (f *Form) Err() error {
	fields := make([]fault.Field, 0, len(f.order))
	for _, name := range f.order {
		fields = append(fields, f.errs[name])
	}
	return fault.InvalidFields("form.invalid", fields)
}

// Refuse notes that a field is wrong; the first reason per field counts. Code is
// a slug for the API's sake, message is shown.
func (f *Form) Refuse(name, code, message string) {
	if _, known := f.errs[name]; known {
		return
	}
	f.order = append(f.order, name)
	f.errs[name] = fault.Field{Path: name, Code: code, Message: message}
}

func (f *Form) refuse(name, code string, args ...any) {
	f.Refuse(name, code, f.text(Msg("web.form."+code, args...)))
}

// Require notes an error for each of the fields that is blank.
func (f *Form) Require(names ...string) {
	for _, name := range names {
		if strings.TrimSpace(f.values.Get(name)) == "" && len(f.files[name]) == 0 {
			f.refuse(name, "required")
		}
	}
}

// String returns a line of text, trimmed, of at most max characters. It may not
// hold control characters.
func (f *Form) String(name string, max int) string {
	return f.check(name, strings.TrimSpace(f.values.Get(name)), max, cleanLine)
}

// Text returns text of several lines, at most max characters, lines ended by "\n".
func (f *Form) Text(name string, max int) string {
	return f.check(name, strings.TrimSpace(f.values.Get(name)), max, cleanText)
}

// Secret returns a password or code as it was typed, at most 1000 characters.
// The value is never shown again nor kept in a draft.
func (f *Form) Secret(name string) string {
	return f.check(name, f.values.Get(name), 1000, cleanLine)
}

// Strings returns all values of a field with several, such as checkboxes: at
// most 200, each a line of at most max characters.
func (f *Form) Strings(name string, max int) []string {
	all := f.values[name]
	if len(all) > 200 {
		f.refuse(name, "too_many", 200)
		return nil
	}
	var out []string
	for _, v := range all {
		if v = f.check(name, strings.TrimSpace(v), max, cleanLine); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Choice returns a value that is one of allowed, or "" if the field is blank.
func (f *Form) Choice(name string, allowed ...string) string {
	v := f.String(name, 200)
	if v != "" && !slices.Contains(allowed, v) {
		f.refuse(name, "not_offered")
		return ""
	}
	return v
}

// Int returns a whole number from low to high; a blank field gives 0 and no error.
func (f *Form) Int(name string, low, high int64) int64 {
	v := f.String(name, 30)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		f.refuse(name, "not_a_number")
		return 0
	}
	if n < low || n > high {
		f.refuse(name, "out_of_range", low, high)
		return 0
	}
	return n
}

// Bool reports whether a checkbox is ticked.
func (f *Form) Bool(name string) bool { return f.values.Get(name) != "" }

// Date returns the day that was entered. A blank field gives the zero Date and no
// error; whoever asks turns it into an instant, by Start or by End.
func (f *Form) Date(name string) config.Date {
	v := f.String(name, 30)
	if v == "" {
		return config.Date{}
	}
	day, err := config.ParseDate(v)
	if err != nil {
		f.refuse(name, "not_a_date")
	}
	return day
}

// Version returns the version of the item that the form was filled from. A form
// without one is refused: two people would overwrite each other unseen.
func (f *Form) Version() int64 {
	n, err := strconv.ParseInt(f.values.Get(fieldVersion), 10, 64)
	if err != nil || n < 0 {
		f.refuse(fieldVersion, "no_version")
		return 0
	}
	return n
}

// File returns an uploaded file of at most max bytes; ok is false if none was sent.
func (f *Form) File(name string, max int64) (file File, ok bool) {
	if len(f.files[name]) == 0 {
		return File{}, false
	}
	file = f.files[name][0]
	if int64(len(file.Data)) > max {
		f.refuse(name, "file_too_large", byteSize(max))
		return File{}, false
	}
	return file, true
}

// Files returns all files sent under a name.
func (f *Form) Files(name string) []File { return slices.Clone(f.files[name]) }

// SetCurrent gives the saved values after a stale edit: the form then shows, at
// each field that differs, what stands there now, and its next submission is
// based on that version.
func (f *Form) SetCurrent(values url.Values) {
	f.current = values
	if v := values.Get(fieldVersion); v != "" {
		f.values.Set(fieldVersion, v)
	}
}

func (f *Form) check(name, value string, max int, clean func(string) bool) string {
	switch {
	case f.broken[name]:
		f.refuse(name, "not_text")
	case utf8.RuneCountInString(value) > max:
		f.refuse(name, "too_long", max, utf8.RuneCountInString(value))
	case !clean(value):
		f.refuse(name, "control_character")
	default:
		return value
	}
	return ""
}

// cleanText is cleanLine for several lines.
func cleanText(s string) bool {
	return cleanLine(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, s))
}
