// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// requestView is the form of a kind, for a new review or one that is edited. Its
// fields are data; which of them are asked follows from what is in the form.
type requestView struct {
	Action  string
	Review  Detail // zero for a new one
	Kind    *kind.Kind
	Version int64 // of the kind
	New     bool

	PreScreen    map[string]string // answers to it, kept hidden
	Because      string            // what the pre-screen said
	Also         []web.Link        // what else it said to be needed
	Visibilities []web.Choice
	States       []web.Choice

	weak   []kind.Weak
	before func(version int64) *kind.Kind // another version of the kind, nil if there is none
	text   func(key string, args ...any) string
}

func (s *Service) requestView(c *web.Ctx, k *kind.Kind, version int64) requestView {
	return requestView{
		Action: c.R.URL.Path, Kind: k, Version: version, PreScreen: map[string]string{},
		Visibilities: c.Hinted("review.visibility_", web.Visibilities()...),
		States:       c.Choices("review.technology_", web.Strings(kind.States())...),
		weak:         s.Policy().Weak.Answers, text: c.Text,
		before: func(version int64) *kind.Kind {
			then, _, err := s.Kind(c.Context(), k.Name, version)
			if err != nil {
				return nil // what was changed is not told then
			}
			return then
		},
	}
}

// answersIn reads the answers that a form holds.
func answersIn(k *kind.Kind, f *web.Form) map[string]string {
	answers := map[string]string{}
	for _, field := range k.Fields() {
		answers[field.Name] = f.Text("answers."+field.Name, kind.MaxText)
	}
	if paragraph := sketchField(k); paragraph != "" {
		answers[paragraph] = f.Text("sketch", MaxText)
	}
	return answers
}

// listed are the lists of a form, without the rows that are blank.
type listed struct {
	Technologies []kind.Technology `json:"technologies" maxItems:"40"`
	Scenarios    []kind.Scenario   `json:"scenarios" maxItems:"20"`
}

func listedIn(f *web.Form) (l listed) {
	web.Bind(f, &l)
	return l
}

// The lists of a form: each counts its rows, and has a button for one more.
const (
	listTechnologies = kind.FieldTechnologies
	listScenarios    = kind.FieldScenarios
	maxTechnologies  = 40 // as an input takes
	maxScenarios     = 20
	rowsSuffix       = "_rows"
	moreSuffix       = "_more"
)

// sectionView is a section of the form with the fields that are asked.
type sectionView struct {
	Title, Summary string
	Fields         []askedField
}

// askedField is a field with what helps to answer it.
type askedField struct {
	Field   web.Field
	ID      string // of the remarks
	Example string
	Decides bool // another field is asked, or not, by this one
	Remarks []kind.Shortfall
	New     bool // it was not in the version that was filled in before
}

// Sections are the sections that are asked given what is in the form; it is for the
// template.
func (v requestView) Sections(f *web.Form) []sectionView {
	answers := answersIn(v.Kind, f)
	remarks := v.remarks(f, answers)
	then := v.then(f)
	paragraph := sketchField(v.Kind)
	var all []sectionView
	for _, section := range v.Kind.Form(kind.WithPreScreen(answers, v.prescreen(f))) {
		out := sectionView{Title: section.Title, Summary: section.Summary}
		for _, field := range section.Fields {
			name := "answers." + field.Name
			if field.Name == paragraph {
				name = "sketch"
			}
			one := askedField{Field: v.input(f, field, name), ID: field.Name, Example: field.Example, Decides: v.decides(field.Name)}
			for _, short := range shortOf(remarks, field.Name) {
				if short.Code != kind.ShortMissing || v.checked(f) {
					one.Remarks = append(one.Remarks, short)
				}
			}
			if then != nil {
				_, was := then.Field(field.Name)
				one.New = !was
			}
			out.Fields = append(out.Fields, one)
		}
		all = append(all, out)
	}
	return all
}

// checked reports whether what is missing is remarked, too: it was asked for, or
// the form was saved before.
func (v requestView) checked(f *web.Form) bool { return !v.New || f.Bool("check") }

func (v requestView) remarks(f *web.Form, answers map[string]string) []kind.Shortfall {
	lists := listedIn(f)
	return v.Kind.Shortfalls(kind.WithPreScreen(answers, v.prescreen(f)), lists.Technologies, lists.Scenarios, v.weak)
}

// ListRemarks are the remarks on a list of the form; it is for the template.
func (v requestView) ListRemarks(f *web.Form, list string) []kind.Shortfall {
	if !v.checked(f) {
		return nil
	}
	return shortOf(v.remarks(f, answersIn(v.Kind, f)), list)
}

// decides reports whether another field is asked by the answer to this one.
func (v requestView) decides(name string) bool {
	for _, f := range v.Kind.Fields() {
		if f.When != nil && f.When.Field == name {
			return true
		}
	}
	return false
}

// input makes the input of a field by its type.
func (v requestView) input(f *web.Form, field kind.Field, name string) web.Field {
	const label = "review.field.answer"
	var in web.Field
	switch field.Type {
	case kind.Text:
		in = f.Area(name, label)
		in.Max = kind.MaxText
	case kind.Links, kind.List:
		in = tall(f.Area(name, label), 4)
	case kind.YesNo:
		in = f.Radio(name, label, []web.Choice{{Value: kind.Yes, Label: v.text("review.answer_yes")}, {Value: kind.No, Label: v.text("review.answer_no")}})
	case kind.Choice:
		in = f.Radio(name, label, options(field.Choices))
		if len(field.Choices) > 7 {
			in = f.Select(name, label, in.Options)
		}
	default:
		in = f.Line(name, label)
		in.Max = kind.MaxLine
	}
	if name == "sketch" {
		in.Max = MaxText
	}
	in = f.Titled(in, field.Label, field.Guidance)
	in.Required = field.Required // no browser enforces it: what is missing is remarked
	if field.Type == kind.Date && in.Hint == "" {
		in.Hint = v.text("review.form.day_hint")
	}
	return in
}

func options(all []kind.Option) []web.Choice {
	choices := make([]web.Choice, len(all))
	for i, o := range all {
		choices[i] = web.Choice{Value: o.Value, Label: o.Label}
	}
	return choices
}

// TechnologyRows makes the rows of the technologies; it is for the template.
func (v requestView) TechnologyRows(f *web.Form) []fieldRow {
	rows := make([]fieldRow, f.RowsOf(listTechnologies, 1, maxTechnologies))
	for i := range rows {
		at := func(name string) string { return web.RowField("technologies", i, name) }
		rows[i].Title = v.text("review.technology.row", i+1)
		rows[i].Fields = []web.Field{
			hinted(f.Line(at("name"), "review.technology.name"), "", MaxTitle), f.Select(at("state"), "review.technology.state", v.States),
			hinted(f.Line(at("replaces"), "review.technology.replaces"), v.text("review.technology.replaces_hint"), MaxShort),
			hinted(f.Line(at("owner"), "review.technology.owner"), v.text("review.technology.owner_hint"), MaxTitle),
		}
	}
	return rows
}

// ScenarioRows makes the rows of the scenarios; it is for the template.
func (v requestView) ScenarioRows(f *web.Form) []fieldRow {
	rows := make([]fieldRow, f.RowsOf(listScenarios, 1, maxScenarios))
	for i := range rows {
		at := func(name string) string { return web.RowField("scenarios", i, name) }
		rows[i].Title = v.text("review.scenario.row", i+1)
		rows[i].Fields = []web.Field{
			hinted(f.Line(at("title"), "review.scenario.title"), "", MaxTitle),
			hinted(f.Line(at("who"), "review.scenario.who"), v.text("review.scenario.who_hint"), MaxShort),
		}
		rows[i].Below = []web.Field{
			tall(hinted(f.Area(at("steps"), "review.scenario.steps"), v.text("review.scenario.steps_hint"), MaxText), 4),
			tall(hinted(f.Area(at("trust"), "review.scenario.trust"), v.text("review.scenario.trust_hint"), MaxReason), 3),
		}
	}
	return rows
}

// newsView is what a changed form asks otherwise, with the answers that have no
// place any more.
type newsView struct {
	Changes []string
	Lost    []kind.Kept
}

// then is the version of the kind that the form was filled in for, nil if it is the
// present one.
func (v requestView) then(f *web.Form) *kind.Kind {
	filled := f.Int("kind_version", 0, 1<<31)
	if filled == 0 || filled == v.Version {
		return nil
	}
	return v.before(filled)
}

// News are the changes of the form since it was filled in, nil if there are none;
// it is for the template.
func (v requestView) News(f *web.Form) *newsView {
	then := v.then(f)
	if then == nil {
		return nil
	}
	n := &newsView{Lost: kind.Compare(then, v.Kind, answersIn(then, f)).Lost}
	for _, d := range kind.Diff(then, v.Kind) {
		n.Changes = append(n.Changes, differenceText(v.text, d))
	}
	return n
}

// differenceText tells a difference between two versions of a kind in a sentence.
func differenceText(text func(string, ...any) string, d kind.Difference) string {
	about := text("review.diff_"+string(d.Part), d.Name)
	if d.Part == kind.PartKind {
		about = text("review.diff_kind")
	}
	if d.Change != kind.Changed {
		return text("review.diff_"+string(d.Change), about)
	}
	key := strings.ReplaceAll(d.Key, "_", " ")
	switch {
	case d.Before == "":
		return text("review.diff_set", about, key, d.After)
	case d.After == "":
		return text("review.diff_unset", about, key, d.Before)
	}
	return text("review.diff_changed", about, key, d.Before, d.After)
}

// prescreen are the answers to the pre-screen that the form carries.
func (v requestView) prescreen(*web.Form) map[string]string { return v.PreScreen }

// Hidden are the fields that say for which form the answers are; it is for the
// template.
func (v requestView) Hidden(f *web.Form) []web.Choice {
	all := []web.Choice{{Label: "kind_version", Value: strconv.FormatInt(v.Version, 10)}}
	if v.New {
		all = append(all, web.Choice{Label: "kind", Value: v.Kind.Name}, web.Choice{Label: "follows", Value: f.String("follows", 60)})
		for name, answer := range v.PreScreen {
			all = append(all, web.Choice{Label: "prescreen." + name, Value: answer})
		}
		if f.Bool("anyway") {
			all = append(all, web.Choice{Label: "anyway", Value: "1"})
		}
	}
	return all
}

// ownerOf is how the owner of a review is typed.
func ownerOf(d Detail) string { return itemweb.Handle(d.Names, d.Owner) }
