// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

type base struct {
	Note string `yaml:"note"`
}

type level struct {
	Name     string   `yaml:"name"`
	Period   Duration `yaml:"period"`
	Weight   float64  `yaml:"weight"`
	Required bool     `yaml:"required"`
}

func (l *level) Validate() []fault.Field {
	if l.Name == "" {
		return []fault.Field{{Path: "name", Code: "test.required", Message: "must not be empty."}}
	}
	return nil
}

type sample struct {
	base     `yaml:",inline"`
	Title    string            `yaml:"title"`
	Port     int16             `yaml:"port"`
	Limit    Size              `yaml:"limit"`
	Day      Date              `yaml:"day"`
	Levels   []level           `yaml:"levels"`
	ByName   map[string]*level `yaml:"by_name"`
	With     map[string]string `yaml:"with"`
	Free     any               `yaml:"free"`
	Count    uint8             `yaml:"count"`
	Hidden   string            `yaml:"-"`
	Untagged string
	private  string
}

const good = `# a comment
title: "Risk: matrix"
note: |
  two
  lines
port: 443
limit: 10MiB
day: 2026-11-23
levels:
  - name: high
    period: 90d
    weight: 0.5
    required: true
  - {name: low, period: 1d12h}
by_name:
  x: {name: y}
with: {a: b, "1": c}
free: [1, 1.5, true, text, {k: v}]
count: 255
untagged: u
`

func TestDecode(t *testing.T) {
	want := sample{
		base: base{Note: "two\nlines\n"}, Title: "Risk: matrix", Port: 443, Limit: 10 << 20, Day: Date{2026, time.November, 23},
		Levels: []level{
			{Name: "high", Period: Duration(90 * 24 * time.Hour), Weight: 0.5, Required: true},
			{Name: "low", Period: Duration(36 * time.Hour)},
		},
		ByName: map[string]*level{"x": {Name: "y"}}, With: map[string]string{"a": "b", "1": "c"},
		Free:  []any{int64(1), 1.5, true, "text", map[string]any{"k": "v"}},
		Count: 255, Untagged: "u",
	}
	for name, text := range map[string]string{"plain": good, "byte order mark": "\ufeff" + good, "CRLF": strings.ReplaceAll(good, "\n", "\r\n"), "document header": "---\n" + good} {
		t.Run(name, func(t *testing.T) {
			var got sample
			if err := Decode("f.yaml", []byte(text), &got); err != nil {
				t.Fatal(err)
			}
			got.Note = strings.ReplaceAll(got.Note, "\r\n", "\n")
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{}, base{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDecodeKeepsDefaults(t *testing.T) {
	shared := &level{Name: "kept", Weight: 1}
	got := sample{Title: "default", Port: 1, ByName: map[string]*level{"old": shared}, Levels: []level{{Name: "old"}}}
	if err := Decode("f.yaml", []byte("port: 2\ntitle:\nlevels: [{name: new}]\nby_name: {new: {name: n}}\n"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Title != "default" || got.Port != 2 || len(got.Levels) != 1 || got.Levels[0].Name != "new" || got.ByName["old"] != nil {
		t.Errorf("got %+v", got)
	}
	if err := Decode("f.yaml", nil, &got); err != nil || got.Port != 2 {
		t.Errorf("an empty file: %v, %+v", err, got)
	}
}

// TestDecodeRefuses: each mistake names file, line and field, and never repeats a value.
func TestDecodeRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "title: a\ntitel: b\n", `f.yaml:2: titel is not a known key; did you mean "title"?`},
		{"unknown nested", "levels:\n  - name: a\n    perod: 3d\n", `f.yaml:3: levels[0].perod is not a known key; did you mean "period"?`},
		{"far from all", "zzzzzzzzzzzzzz: 1\n", `the nearest known one is "note", and all of them are`},
		{"hidden", "hidden: x\n", "f.yaml:1: hidden is not a known key"},
		{"private", "private: x\n", "f.yaml:1: private is not a known key"},
		{"duplicate", "title: a\nport: 1\ntitle: b\n", "f.yaml:3: title stands here a second time"},
		{"duplicate in map", "with: {a: b, a: c}\n", "f.yaml:1: with.a stands here a second time"},
		{"number for text", "title: 1.10\n", "f.yaml:1: title must be text; put it in quotes"},
		{"truth for text", "\ntitle: true\n", "f.yaml:2: title must be text; put it in quotes"},
		{"list for text", "title: [a]\n", "f.yaml:1: title must be text, not a list"},
		{"text for number", "port: abc\n", "f.yaml:1: port must be a whole number up to 32767"},
		{"quoted number", `port: "1"`, "f.yaml:1: port must be a whole number"},
		{"too large", "port: 40000\n", "must be a whole number up to 32767"},
		{"octal", "port: 010\n", "must be a whole number"},
		{"hexadecimal", "port: 0x10\n", "must be a whole number"},
		{"negative", "count: -1\n", "must be a whole number from 0 to 255"},
		{"yes", "levels: [{name: a, required: yes}]\n", "levels[0].required must be true or false"},
		{"infinite", "levels: [{name: a, weight: .inf}]\n", "levels[0].weight must be a number"},
		{"duration", "levels: [{name: a, period: 3y}]\n", "levels[0].period must be a length of time"},
		{"size", "limit: 10MB\n", "limit must be a size"},
		{"date", "day: 2026-02-30\n", "day must be a date that exists"},
		{"list of lists", "day: [2026]\n", "day must be a single value"},
		{"mapping for list", "levels: {a: b}\n", "levels must be a list"},
		{"list for mapping", "by_name: [a]\n", "by_name must be a group of keys"},
		{"hole in a list", "levels:\n  -\n", "levels[0] has no value"},
		{"not a mapping", "- a\n", "f.yaml:1: the file must be a group of keys"},
		{"number as key", "with: {1: a}\n", "with has a key that is not text"},
		{"validation", "levels:\n  - name: a\n  - period: 3d\n", "f.yaml:3: levels[1].name must not be empty"},
		{"validation in a map", "by_name:\n\n  k: {weight: 1}\n", "f.yaml:3: by_name.k.name must not be empty"},
		{"anchor", "title: &a x\nnote: *a\n", "f.yaml:1: the file uses an anchor or alias"},
		{"tag", "title: !!str 5\n", "f.yaml:1: the file uses a tag"},
		{"merge", "<<: {title: a}\n", "f.yaml:1: the file uses a merge key"},
		{"explicit key", "? title\n: a\n", "f.yaml:1: the file uses an explicit key"},
		{"two documents", "title: a\n---\ntitle: b\n", "f.yaml:2: the file holds more than one document"},
		{"directive", "%YAML 1.2\n---\ntitle: a\n", "f.yaml:1: the file uses a directive"},
		{"syntax", "title: 'a\n", "f.yaml:1: this is not valid YAML"},
		{"UTF-8", "title: a\nnote: \xff\n", "f.yaml:2: the file is not valid UTF-8"},
		{"NUL", "title: a\x00\n", "f.yaml:1: the file is not valid UTF-8, or holds a control character"},
		{"too many bytes", "#" + strings.Repeat("x", MaxBytes), "f.yaml is larger than 1024 KiB"},
		{"far too many keys", strings.Repeat("key: 1\n", 60_000), "f.yaml:13334: the file has more lines than configuration ever has"},
		{"flow nesting", "free: " + strings.Repeat("[", 5000), "f.yaml:1: the file nests too deeply"},
		{"block nesting", strings.Repeat("- ", 5000) + "x", "f.yaml:1: the file nests too deeply"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := sample{Title: "kept", private: "kept"}
			err := Decode("f.yaml", []byte(test.text), &got)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Invalid {
				t.Fatalf("got %v, want an Invalid fault", err)
			}
			if !strings.Contains(f.Message, test.want) {
				t.Errorf("message %q, want %q in it", f.Message, test.want)
			}
			if got.Title != "kept" || got.private != "kept" || got.Levels != nil || got.With != nil {
				t.Errorf("a refused file changed the target: %+v", got)
			}
		})
	}
}

func TestDecodeCollectsAndHidesValues(t *testing.T) {
	err := Decode("f.yaml", []byte("port: hunter2\ntitel: swordfish\nlimit: swordfish\nday: swordfish\n"), &sample{})
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	var paths []string
	for _, field := range f.Fields {
		paths = append(paths, field.Path)
	}
	if diff := cmp.Diff([]string{"port", "titel", "limit", "day"}, paths); diff != "" {
		t.Error(diff)
	}
	all := fmt.Sprint(err, f.Fields)
	if strings.Contains(all, "swordfish") || strings.Contains(all, "hunter2") {
		t.Errorf("a value is repeated: %s", all)
	}
	if !strings.Contains(f.Message, "(3 more below)") {
		t.Errorf("message %q", f.Message)
	}
}

// Wrong forms do not hide broken rules, and nothing is said about what was not read.
func TestDecodeCollectsBothKinds(t *testing.T) {
	err := Decode("f.yaml", []byte("levels:\n  - period: 3d\n  - name: [a]\nport: many\n"), &sample{})
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	var paths []string
	for _, field := range f.Fields {
		paths = append(paths, field.Path)
	}
	if diff := cmp.Diff([]string{"levels[1].name", "port", "levels[0].name"}, paths); diff != "" {
		t.Errorf("%s\n%v", diff, f.Fields)
	}
}

func TestDecodeLimitsProblems(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "k%d: hunter2\n", i)
	}
	var f *fault.Error
	err := Decode("f.yaml", []byte(b.String()), &sample{})
	if !errors.As(err, &f) || len(f.Fields) != fault.MaxFields+1 {
		t.Fatalf("got %v", err)
	}
	if last := f.Fields[fault.MaxFields]; last.Message != "and 4980 more" {
		t.Errorf("the end of the list: %+v", last)
	}
	if first := f.Fields[0]; !strings.HasPrefix(first.Message, "line 1: is not a known key") || strings.Contains(fmt.Sprint(f.Fields), "hunter2") {
		t.Errorf("the list: %+v", f.Fields)
	}
}

func TestDecodeIntoWrongType(t *testing.T) {
	var unreadable struct {
		C chan int `yaml:"c"`
	}
	for name, into := range map[string]any{"value": sample{}, "nil": (*sample)(nil), "channel": &unreadable} {
		err := Decode("f.yaml", []byte("c: 1\n"), into)
		if err == nil || fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an error of the program", name, err)
		}
	}
}

func TestNearest(t *testing.T) {
	tests := []struct {
		word       string
		candidates []string
		want       string
	}{
		{"titel", []string{"table", "title"}, "title"}, // a swap is one step
		{"PORT", []string{"sort", "port"}, "port"},
		{"x", nil, ""},
		{"ab", []string{"ac", "ad"}, "ac"},
		{"", []string{"long", "a"}, "a"},
	}
	for _, test := range tests {
		if got := Nearest(test.word, test.candidates); got != test.want {
			t.Errorf("Nearest(%q, %q) = %q, want %q", test.word, test.candidates, got, test.want)
		}
	}
}

// FuzzDecode: any bytes either decode or give an Invalid fault, and what decodes
// once decodes the same again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{good, "", "a", "- a", "{", "title: [", "levels: [{}]", "with: {a: {b: c}}", "? a", "a: b: c", "free: {a: [b, {c: d}]}", "|", "title: >-\n  x\n", "'", "\"\\x", "title: \"\\u0000\"", "free: ~", "free: {}\n", "- - a\n  - b\n", "a:\n- b\n-\n", "free: {,}", "free: [,]", "free: {a}", "free: {[a]: b}", "title: \"a\n\n b\"", ": a", "!", "&", "*", "%", "@", "`"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second sample
		err := Decode("f.yaml", data, &first)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("not a fault of the file: %v", err)
			}
			return
		}
		if err := Decode("f.yaml", data, &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(sample{}, base{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
