// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// newKind is what a new kind begins with.
const newKind = `name: NAME
title: Title of the review
summary: What it looks at, and what it is for.
force: advisory # or: required, and then the gate can ask for its approval
effort: 2 # person-days
origin: chosen

sections:
  - title: What it is about
    fields:
      - name: description
        label: What does it do, and for whom?
        type: text
        required: true
        guidance: What a reader has to know who has never heard of it.
        example: A service that sends reminders to volunteers before a meeting that they signed up for.
`

type kindsView struct {
	Parts web.Tabs
	Table web.Table
}

// kindView is a kind as its readers see it.
type kindView struct {
	Parts    web.Tabs
	Kind     *kind.Kind
	Facts    web.Terms
	Badges   []any
	Old      string // says that it is not the present version
	Present  string // address of that one
	Form     []kindSection
	Opinions []kind.Opinion
	Versions web.Timeline
	Text     web.Code
	Edit     string
}

// kindSection is a section of a form with its fields as a table.
type kindSection struct {
	Title, Summary string
	Fields         web.Table
}

func decidedBy(c *web.Ctx, k *kind.Kind) string {
	if k.DecidedBy == "" {
		return c.Text("review.kinds.by_reviewer")
	}
	return c.Text("review.kinds.by_rank", k.DecidedBy)
}

func (s *Service) kindView(c *web.Ctx, k *kind.Kind, v KindVersion) (kindView, error) {
	at := "/review-kinds/" + url.PathEscape(k.Name)
	view := kindView{
		Parts: parts(c, "kinds"), Kind: k, Facts: kindFacts(c, k, v), Opinions: k.Opinions, Edit: at + "/edit",
		Badges: []any{forceBadge(c, k.Force == kind.Required)}, Text: web.Code{Label: c.Text("review.kind.text"), Text: v.Text},
	}
	for _, section := range k.Sections {
		view.Form = append(view.Form, kindSection{Title: section.Title, Summary: section.Summary, Fields: fieldTable(c, k, section)})
	}
	_, now, err := s.Kind(c.Context(), k.Name, 0)
	if err != nil {
		return kindView{}, err
	}
	if now.Version != v.Version {
		view.Old, view.Present = c.Text("review.kind.old", v.Version, now.Version), at
	}
	all, err := s.kindVersions(c, k.Name)
	if err != nil {
		return kindView{}, err
	}
	authors := make([]string, len(all))
	for i, one := range all {
		authors[i] = one.Author
	}
	var names map[string]Named
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		names, err = item.Names(c.Context(), r, s.Directory, authors, nil)
		return err
	})
	for _, one := range all {
		view.Versions.Events = append(view.Versions.Events, web.Event{
			At: one.PublishedAt, Icon: "file-text", By: itemweb.NameOf(c, names, one.Author), Body: web.Verbatim{Text: one.Note},
			Title: web.Link{Text: c.Text("review.kind.version", one.Version), URL: web.With(at, "version", strconv.FormatInt(one.Version, 10))},
		})
	}
	return view, err
}

func fieldTable(c *web.Ctx, k *kind.Kind, section kind.Section) web.Table {
	t := c.Table(section.Title, "review.kind.field", "review.kind.type", "review.kind.guidance")
	for _, f := range section.Fields {
		what := []any{f.Label}
		if f.Required {
			what = append(what, web.Badge{Tone: web.ToneNotice, Text: c.Text("review.kind.wanted")})
		}
		how := c.Text("review.type_" + string(f.Type))
		if f.When != nil {
			how = c.Text("review.kind.when", how, whenText(c, k, *f.When))
		}
		var help []any
		if f.Guidance != "" {
			help = append(help, f.Guidance)
		}
		if f.Example != "" {
			help = append(help, web.Quote{Text: f.Example, By: c.Text("review.form.example")})
		}
		t.Add(what, how, itemweb.Shown(c, help))
	}
	return t
}

// whenText says to which answers of another question a field is asked.
func whenText(c *web.Ctx, k *kind.Kind, when kind.Condition) string {
	other, known := k.Field(when.Field)
	if when.Question != "" || !known {
		return when.String()
	}
	key, values := "review.kind.when_is", when.Is
	if len(values) == 0 {
		key, values = "review.kind.when_not", when.Not
	}
	labels := make([]string, len(values))
	for i, value := range values {
		labels[i] = "«" + other.ChoiceLabel(value) + "»"
		if other.Type == kind.YesNo {
			labels[i] = "«" + c.Text("review.answer_"+value) + "»"
		}
	}
	return c.Text(key, other.Label, strings.Join(labels, " "+c.Text("review.or")+" "))
}

func kindFacts(c *web.Ctx, k *kind.Kind, v KindVersion) web.Terms {
	t := web.Terms{}
	add := func(label string, value any) { t.Items = append(t.Items, web.Term{Name: c.Text(label), Value: value}) }
	add("review.kinds.force", c.Text("review.force_"+string(k.Force)+"_hint"))
	add("review.kinds.decided_by", decidedBy(c, k))
	add("review.field.effort", c.Text("review.person_days", web.Figure(k.Effort)))
	if k.Lasts > 0 {
		lasts := k.Lasts.String()
		if days := k.Lasts.Std(); days%day == 0 {
			lasts = c.Text("review.kind.days", int(days/day))
		}
		add("review.kind.lasts", lasts)
	}
	asks := []string{}
	if k.Technologies {
		asks = append(asks, c.Text("review.kind.asks_technologies"))
	}
	if k.Scenarios > 0 {
		asks = append(asks, c.Text("review.kind.asks_scenarios", k.Scenarios))
	}
	if k.SecondReader {
		asks = append(asks, c.Text("review.kind.asks_reader"))
	}
	if len(asks) > 0 {
		add("review.kind.asks", web.Verbatim{Text: strings.Join(asks, "\n")})
	}
	if len(k.Skills) > 0 {
		add("review.kind.skills", strings.Join(k.Skills, ", "))
	}
	add("review.kind.origin", web.Origin{Source: k.Origin == "source", Cites: k.Cites})
	add("review.field.version", v.Version)
	return t
}

// kindEditView is the form in which a kind is written, with what the text would do.
type kindEditView struct {
	Kind   KindVersion
	Action string
	New    bool
	Trial  *trialView // nil before it was tried
}

// trialView is what the text of a kind would do.
type trialView struct {
	Problems []fault.Field
	Changes  []string
	Diff     web.Diff
	Form     *requestView // to be tried; nil if there are problems
}

// Max is the longest text of a kind.
func (v kindEditView) Max() int { return maxKind }

func (s *Service) kindEditView(c *web.Ctx, v KindVersion, f *web.Form) (any, error) {
	view := kindEditView{Kind: v, Action: c.R.URL.Path, New: v.Version == 0}
	if f == nil {
		return view, nil
	}
	text := f.Text("text", maxKind)
	t, err := s.TryKind(c.Context(), v.Name, TrialRequest{Text: text})
	if err != nil {
		return nil, err
	}
	trial := &trialView{Problems: t.Problems, Diff: web.Diff{Caption: c.Text("review.kind.diff", v.Version), Lines: web.DiffLines(v.Text, text)}}
	view.Trial = trial
	if t.Kind == nil {
		return view, nil
	}
	form := s.requestView(c, t.Kind, v.Version)
	form.Action, form.New = view.Action, true
	trial.Form = &form
	if view.New {
		return view, nil
	}
	now, err := s.read(v)
	if err != nil {
		return nil, err
	}
	for _, d := range kind.Diff(now, t.Kind) {
		trial.Changes = append(trial.Changes, differenceText(c.Text, d))
	}
	return view, nil
}
