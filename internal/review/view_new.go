// SPDX-License-Identifier: Apache-2.0

package review

import (
	"errors"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// doorView is the first page of a request: a sketch, or the pre-screen.
type doorView struct {
	Sketch    kind.Field // how the paragraph is asked for
	Version   int64      // of the kind that takes it
	questions []kind.Question
	text      func(key string, args ...any) string
}

func (s *Service) doorView(c *web.Ctx) (doorView, error) {
	k, v, err := s.Kind(c.Context(), KindAdvice, 0)
	if err != nil {
		return doorView{}, err
	}
	field, _ := k.Field(sketchField(k))
	return doorView{Sketch: field, Version: v.Version, questions: s.Policy().PreScreen.Questions, text: c.Text}, nil
}

// Paragraph makes the input of the sketch; it is for the template.
func (v doorView) Paragraph(f *web.Form) web.Field {
	field := needed(f.Area("sketch", "review.field.sketch"))
	field.Max = MaxText
	return f.Titled(field, v.Sketch.Label, v.Sketch.Guidance)
}

// Questions makes the inputs of the pre-screen; it is for the template.
func (v doorView) Questions(f *web.Form) []web.Field {
	var all []web.Field
	for _, q := range v.questions {
		choices := options(q.Choices)
		if q.Type == kind.YesNo {
			choices = []web.Choice{{Value: kind.Yes, Label: v.text("review.answer_yes")}, {Value: kind.No, Label: v.text("review.answer_no")}}
		}
		all = append(all, needed(f.Titled(f.Radio("prescreen."+q.Name, "review.field.answer", choices), q.Label, q.Help)))
	}
	return all
}

// verdictView is what the pre-screen says, and where it leads.
type verdictView struct {
	Result  kind.Result
	Title   string
	Because string        // said once, where no kind has a reason of its own
	Next    string        // what to do with the kinds that it names
	Kinds   []offeredKind // those that it names
	Others  []offeredKind
	Hidden  []web.Choice // the answers, name as label
	Subject string
	Anyway  string // address of the forms for somebody who wants a review all the same
}

// offeredKind is a kind of review that may be asked for.
type offeredKind struct {
	Title, Summary, URL string
	Force               web.Badge
	Because             string    // why the pre-screen names it
	From                web.Terms // the answers that this follows from
}

// verdictView judges the answers. A wrong or missing one is named by its field in
// the form.
func (s *Service) verdictView(c *web.Ctx, answers map[string]string) (verdictView, error) {
	verdict, err := s.Policy().PreScreen.Judge(answers)
	if wrong := (*fault.Error)(nil); errors.As(err, &wrong) {
		moved := *wrong
		moved.Fields = nil
		for _, field := range wrong.Fields {
			field.Path = "prescreen." + field.Path
			moved.Fields = append(moved.Fields, field)
		}
		return verdictView{}, &moved
	}
	if err != nil {
		return verdictView{}, err
	}
	f, err := c.Form()
	if err != nil {
		return verdictView{}, err
	}
	v := verdictView{Result: verdict.Result, Title: c.Text("review.verdict_is_" + string(verdict.Result)), Subject: f.String("subject", 200)}
	query := url.Values{}
	for name, answer := range answers {
		query.Set("prescreen."+name, answer)
		v.Hidden = append(v.Hidden, web.Choice{Label: "prescreen." + name, Value: answer})
	}
	if v.Subject != "" {
		query.Set("subject", v.Subject)
	}
	if follows := f.String("follows", 60); follows != "" {
		query.Set("follows", follows)
	}
	if verdict.Result == kind.NotNeeded {
		query.Set("anyway", "1")
	}
	if v.Kinds, v.Others, err = s.offeredKinds(c, verdict, query); err != nil {
		return verdictView{}, err
	}
	switch n := len(v.Kinds); {
	case n == 0:
		v.Because = verdict.Because
	case verdict.Result == kind.Needed:
		v.Next = c.Text("review.verdict.next_needed", n)
	default:
		v.Next = c.Text("review.verdict.next_advice", n)
	}
	return v, nil
}

// offeredKinds are the kinds that the verdict names, in its order and with its
// reasons, and all others.
func (s *Service) offeredKinds(c *web.Ctx, verdict kind.Verdict, query url.Values) (offered, rest []offeredKind, err error) {
	all, err := s.Kinds(c.Context())
	if err != nil {
		return nil, nil, err
	}
	found := map[string]offeredKind{}
	for _, v := range all {
		k, err := s.read(v)
		if err != nil {
			return nil, nil, err
		}
		query.Set("kind", v.Name)
		one := offeredKind{Title: k.Title, Summary: k.Summary, URL: "/reviews/new?" + query.Encode(), Force: forceBadge(c, k.Force == kind.Required)}
		found[v.Name] = one
		if _, _, named := verdict.For(v.Name); !named {
			rest = append(rest, one)
		}
	}
	for _, name := range verdict.Named() {
		if one, ok := found[name]; ok {
			var from []kind.Said
			one.Because, from, _ = verdict.For(name)
			for _, said := range from {
				one.From.Items = append(one.From.Items, web.Term{Name: said.Label, Value: saidText(c, said)})
			}
			offered = append(offered, one)
		}
	}
	return offered, rest, nil
}

// saidText is an answer to the pre-screen as its form offers it.
func saidText(c *web.Ctx, said kind.Said) string {
	if said.Text == kind.Yes || said.Text == kind.No {
		return c.Text("review.answer_" + said.Text)
	}
	return said.Text
}

// alsoNeeded are links to the forms of the other kinds that the answers ask for.
func (s *Service) alsoNeeded(c *web.Ctx, a asking, verdict kind.Verdict) ([]web.Link, error) {
	if verdict.Result != kind.Needed {
		return nil, nil
	}
	query := url.Values{}
	for name, answer := range a.prescreen {
		query.Set("prescreen."+name, answer)
	}
	if subject := a.values.Get("subject"); subject != "" {
		query.Set("subject", subject)
	}
	offered, _, err := s.offeredKinds(c, verdict, query)
	var links []web.Link
	for _, one := range offered {
		if one.Title != a.kind.Title {
			links = append(links, web.Link{Text: one.Title, URL: one.URL})
		}
	}
	return links, err
}
