// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html/template"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// funcs are the functions that templates may use.
func (r *renderer) funcs() template.FuncMap {
	return template.FuncMap{
		"t":        func(key string, args ...any) string { return r.messages.text(Msg(key, args...)) },
		"show":     r.show,
		"icon":     r.icon,
		"asset":    r.assets.url,
		"date":     r.date,
		"datetime": r.datetime,
		"relative": r.relative,
		"markdown": r.markdown,
		"url":      pathOf,
		"query":    withQuery,
		"list":     func(all ...any) []any { return all },
		"badge":    func(tone, text string) Badge { return Badge{Tone: tone, Text: text} },
		"rating":   func(text string, step, steps int) Rating { return Rating{Text: text, Step: step, Steps: steps} },
		// The pipeline that shapes a Field.
		"required": func(f Field) Field { f.Required = true; return f },
		"hint":     func(key string, f Field) Field { f.Hint = r.messages.text(Msg(key)); return f },
		"blank":    func(key string, f Field) Field { f.Blank = r.messages.text(Msg(key)); return f },
		"rows":     func(n int, f Field) Field { f.Rows = n; return f },
		"code":     func(f Field) Field { f.Code = true; return f },
		"limit":    func(n int, f Field) Field { f.Max = n; return f },
		"between":  func(low, high any, f Field) Field { f.Low, f.High = fmt.Sprint(low), fmt.Sprint(high); return f },
		"complete": func(token string, f Field) Field { f.Autocomplete = token; return f },
		"suggest":  func(offers []Choice, f Field) Field { f.Suggest = offers; return f },
		"accept":   func(kinds string, f Field) Field { f.Accept = kinds; return f },
	}
}

// show renders anything that may stand in a page: a component by the template
// named like its type, a message, a time, a list, a text.
func (r *renderer) show(v any) (template.HTML, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case template.HTML:
		return v, nil
	case string:
		return template.HTML(template.HTMLEscapeString(v)), nil
	case Message:
		return template.HTML(template.HTMLEscapeString(r.messages.text(v))), nil
	case time.Time:
		return r.date(v), nil
	case Moment:
		return r.datetime(v.At), nil
	case []any:
		return r.showAll(v)
	}
	value := reflect.ValueOf(v)
	if value.Kind() == reflect.Pointer && value.IsNil() {
		return "", nil
	}
	typ := reflect.Indirect(value).Type()
	if typ.PkgPath() != reflect.TypeFor[Badge]().PkgPath() || typ.Kind() != reflect.Struct {
		return template.HTML(template.HTMLEscapeString(fmt.Sprint(v))), nil
	}
	var out strings.Builder
	if err := r.components.ExecuteTemplate(&out, strings.ToLower(typ.Name()), v); err != nil {
		return "", fmt.Errorf("web: component %s: %w", typ.Name(), err)
	}
	return template.HTML(out.String()), nil
}

func (r *renderer) showAll(all []any) (template.HTML, error) {
	var out strings.Builder
	for i, one := range all {
		html, err := r.show(one)
		if err != nil {
			return "", err
		}
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(string(html))
	}
	return template.HTML(out.String()), nil
}

// dayFormat is how people read a day.
const dayFormat = "2 January 2006"

// date shows the day of t in the configured zone, or nothing for the zero time.
func (r *renderer) date(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	local := t.In(r.location)
	return timeElement(local.Format(time.DateOnly), local.Format(dayFormat), "")
}

func (r *renderer) datetime(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	local := t.In(r.location)
	return timeElement(local.Format(time.RFC3339), local.Format("2 January 2006, 15:04 MST"), "")
}

// relative shows how far t is from domain time, with the moment as a title.
func (r *renderer) relative(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	local := t.In(r.location)
	return timeElement(local.Format(time.RFC3339), r.distance(t.Sub(r.clock.Domain())), local.Format("2 January 2006, 15:04 MST"))
}

func (r *renderer) distance(d time.Duration) string {
	side := "in"
	if d < 0 {
		side, d = "ago", -d
	}
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}} {
		if n := int(d / unit.size); n > 0 {
			return r.messages.text(Msg("web.time."+side+"_"+unit.name, n))
		}
	}
	return r.messages.text(Msg("web.time.now"))
}

func timeElement(machine, text, title string) template.HTML {
	attr := ""
	if title != "" {
		attr = ` title="` + template.HTMLEscapeString(title) + `"`
	}
	return template.HTML(`<time datetime="` + template.HTMLEscapeString(machine) + `"` + attr + `>` + template.HTMLEscapeString(text) + `</time>`)
}

// pathOf fills "%s" in a path with escaped segments: url "/risks/%s" .ID.
func pathOf(format string, segments ...any) string {
	escaped := make([]any, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(fmt.Sprint(s))
	}
	return fmt.Sprintf(format, escaped...)
}

// withQuery returns the address with one query parameter set, or removed if the
// value is empty.
func withQuery(address, name, value string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("web: not an address: %w", err)
	}
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
