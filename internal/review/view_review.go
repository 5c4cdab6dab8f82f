// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// reviewView is the page of a review.
type reviewView struct {
	Review   Detail
	Badges   []any
	Primary  *web.Link // what the reader should do next, if anything
	Actions  []web.Link
	More     []web.Link // rarely needed
	May      map[string]bool
	Alerts   []web.Alert
	Jump     web.Tabs
	Audience string // who sees the restricted parts
	Outcome  *outcomeView
	Steps    web.Steps
	Timer    web.Timer
	Facts    web.Terms

	Sketch       any // nil: none
	Answers      []answerSection
	Technologies web.Table
	Scenarios    []kind.Scenario
	Asks         kindAsks

	Questions      []questionView
	Statements     web.Table
	Confided       web.Table // statements that only those who take part see
	Contradictions []findingView
	Findings       []findingView
	OpenPoints     []findingView
	Reviewers      web.Table
	Opinions       []opinionView

	Assessment *assessmentView
	Abstract   abstractView
	Past       web.Timeline
	History    web.Timeline // the latest steps
	Older      web.Timeline // those before
	Discussion web.Discussion
}

// kindAsks says which lists the form of the kind has.
type kindAsks struct {
	Technologies, Scenarios, Opinions bool
}

// answerSection is a section of the form with its answers.
type answerSection struct {
	Title   string
	Answers []formAnswer
}

// formAnswer is a question of the form and its answer.
type formAnswer struct {
	Label  string
	Answer any // nil: none
	Short  []kind.Shortfall
}

func (s *Service) reviewView(c *web.Ctx, d Detail) (reviewView, error) {
	v := reviewView{
		Review: d, Badges: reviewBadges(c, d), May: map[string]bool{}, Alerts: alerts(c, d), Audience: audience(c, d),
		Steps: stepLine(c, d), Timer: timer(c, d), Facts: facts(c, d), Answers: answerSections(c, d), Technologies: technologyTable(c, d),
		Scenarios: d.Scenarios, Questions: questionViews(c, d), Reviewers: reviewerTable(c, d), Opinions: opinionViews(c, d),
		Assessment: assessmentOf(c, d), Abstract: abstractOf(c, d), Past: pastLine(c, d),
	}
	for _, verb := range d.Verbs {
		v.May[verb] = true
	}
	if d.Sketch != "" {
		v.Sketch = prose(d.Sketch)
	}
	v.Asks = kindAsks{
		Technologies: d.kind.Technologies || len(d.Technologies) > 0, Scenarios: d.kind.Scenarios > 0 || len(d.Scenarios) > 0,
		Opinions: len(d.kind.Opinions) > 0,
	}
	v.Statements, v.Confided = statementTables(c, d)
	v.findings(c, d)
	if d.Done() {
		v.Outcome = outcomeOf(c, d)
	}
	v.History.Events, v.Older.Events = latest(historyLine(c, d).Events)
	v.Primary, v.Actions, v.More = steps(c, d)
	v.Jump = v.jump(c)
	if s.Discussion == nil {
		return v, nil
	}
	var err error
	v.Discussion, err = s.Discussion(c.Context(), d.Item())
	return v, err
}

// shownSteps is how much of a history its page shows unfolded.
const shownSteps = 6

// latest parts the latest steps of a history, which begins with them, from those
// before. One alone is not folded away.
func latest(events []web.Event) (recent, older []web.Event) {
	if len(events) <= shownSteps+1 {
		return events, nil
	}
	return events[:shownSteps], events[shownSteps:]
}

// jump leads to the parts of the page, each with how much there is.
func (v reviewView) jump(c *web.Ctx) web.Tabs {
	t := web.Tabs{Label: c.Text("review.on_this_page")}
	for _, p := range []struct {
		name string
		n    int
	}{
		{"form", -1}, {"questions", len(v.Questions)}, {"statements", len(v.Review.Statements)}, {"findings", len(v.Review.Findings)},
		{"reviewers", len(v.Review.Reviewers)}, {"assessment", -1}, {"history", -1},
	} {
		t.Items = append(t.Items, web.Tab{Text: c.Text("review.jump_" + p.name), URL: "#" + p.name, Count: p.n})
	}
	return t
}

func reviewBadges(c *web.Ctx, d Detail) []any {
	all := []any{web.Badge{Tone: web.ToneNeutral, Text: d.KindTitle}, forceBadge(c, d.Required)}
	if d.Done() {
		all = append(all, outcomeBadge(c, d.Verdict.Outcome))
	} else {
		all = append(all, columnBadge(c, d.Column))
		if p := priorityBadge(c, d.Priority); p != nil {
			all = append(all, p)
		}
	}
	if d.Visibility != authz.Internal {
		all = append(all, c.Visibility(d.Visibility))
	}
	if d.Imported() {
		all = append(all, web.Badge{Tone: web.ToneNeutral, Text: originText(c, d.Origin)})
	}
	if !d.Done() && d.Clock.Over {
		all = append(all, web.Badge{Tone: web.ToneBad, Text: c.Text("review.clock_over")})
	}
	return all
}

// alerts say what stands in the way, and where it went on.
func alerts(c *web.Ctx, d Detail) []web.Alert {
	var all []web.Alert
	switch d.Wait.Cause {
	case Stalled:
		all = append(all, web.Alert{Tone: web.ToneWarning, Title: c.Text("review.alert.stalled", d.named(c, d.Wait.By), c.Day(d.Wait.Since)), Body: web.Verbatim{Text: d.Wait.Reason}})
	case NotReady:
		all = append(all, web.Alert{Tone: web.ToneWarning, Title: c.Text("review.alert.not_ready", d.named(c, d.Wait.By), c.Day(d.Wait.Since)), Body: notReady(c, d)})
	}
	if d.Successor != "" {
		all = append(all, web.Alert{Tone: web.ToneNotice, Title: c.Text("review.alert.successor"),
			Body: web.Link{Text: c.Text("review.alert.successor_link"), URL: Review{ID: d.Successor}.URL(), Icon: "arrow-right"}})
	}
	if d.Imported() && len(d.Origin.Losses) > 0 {
		all = append(all, web.Alert{Tone: web.ToneNotice, Title: c.Text("review.alert.losses", d.Origin.Number), Body: web.Verbatim{Text: strings.Join(d.Origin.Losses, "\n")}})
	}
	return all
}

// notReady lists what triage found to fall short.
func notReady(c *web.Ctx, d Detail) any {
	var lines []string
	if d.Wait.Reason != "" {
		lines = append(lines, d.Wait.Reason)
	}
	var missing []string
	for _, short := range d.Wait.Shortfalls {
		if short.Code == kind.ShortMissing {
			missing = append(missing, "«"+short.Label+"»")
			continue
		}
		lines = append(lines, c.Text("review.alert.short", short.Label, short.Message))
	}
	if len(missing) > 0 {
		lines = append(lines, c.Text("review.alert.unanswered", missing))
	}
	return web.Verbatim{Text: strings.Join(lines, "\n")}
}

// stepLine is the way of a review over the board, with the day on which it came to
// each column last.
func stepLine(c *web.Ctx, d Detail) web.Steps {
	entered := map[Column]time.Time{}
	for _, st := range d.Stages {
		entered[st.Column] = st.From
	}
	line := web.Steps{Label: c.Text("review.steps")}
	for _, column := range wayOf(d.Column, entered) {
		step := web.Step{Text: columnText(c, column), State: "todo"}
		if at, was := entered[column]; was {
			step.State, step.Note = "done", any(at)
		}
		switch {
		case column == d.Column && d.Done():
			step.Note = []any{d.DoneAt, c.Text("review.outcome_" + string(d.Verdict.Outcome))}
			if !slices.Contains([]Outcome{Advice, Approved, ApprovedWithConditions, NotApproved}, d.Verdict.Outcome) {
				step.State = "stopped"
			}
		case column == d.Column:
			step.State = "current"
		}
		if column == Planned && d.Quarter != "" {
			step.Note = plannedNote(c, d, step.Note)
		}
		line.Items = append(line.Items, step)
	}
	return line
}

// plannedNote says for when a review was accepted, and for which day it is
// scheduled, behind the day on which that was decided.
func plannedNote(c *web.Ctx, d Detail, decided any) any {
	forWhen := c.Text("review.step.for_quarter", d.Quarter)
	if d.ScheduledFor != "" {
		forWhen = c.Text("review.step.for_day", d.Quarter, dayText(c, d.ScheduledFor))
	}
	if decided == nil {
		return forWhen
	}
	return []any{decided, forWhen}
}

// wayOf are the columns of the way to and from where a review stands: without those
// that were left out, and with Waiting, which is a halt and no step, only while the
// review waits, behind where it came from.
func wayOf(here Column, entered map[Column]time.Time) []Column {
	way := slices.DeleteFunc(Columns(), func(column Column) bool { return column == Waiting })
	last := 0
	for i, column := range way {
		if _, been := entered[column]; been {
			last = i
		}
	}
	if here == Waiting {
		return slices.Insert(way, last+1, Waiting)
	}
	at := slices.Index(way, here)
	return slices.DeleteFunc(way, func(column Column) bool {
		_, been := entered[column]
		return !been && slices.Index(Columns(), column) < slices.Index(Columns(), way[at])
	})
}

// timer draws the clock with its pauses.
func timer(c *web.Ctx, d Detail) web.Timer {
	t := web.Timer{
		Start: d.Clock.Start, Due: d.Clock.Due, End: d.Clock.End, Now: d.AsOf, Days: d.Clock.Days, Used: int(d.Clock.Used),
		State: clockText(c, d.Review, d.Clock, d.openLabels()),
	}
	if t.Start.IsZero() && t.State == "" && !d.Done() {
		t.State = c.Text("review.clock_later")
	}
	switch {
	case d.Clock.Over:
		t.Tone = web.ToneBad
	case !d.Clock.Running && !d.Done():
		t.Tone = web.ToneWarning
	}
	for _, p := range d.Clock.Pauses {
		t.Pauses = append(t.Pauses, d.pause(c, p))
	}
	return t
}

func (d Detail) pause(c *web.Ctx, p Pause) web.Pause {
	out := web.Pause{From: p.From, Until: p.Until, Why: c.Text("review.pause_" + string(p.Cause))}
	if i := slices.IndexFunc(d.Questions, func(q Asked) bool { return q.ID == p.Ref }); i >= 0 {
		out.Why, out.URL = c.Text("review.pause_question_of", d.Questions[i].Label), "#"+questionAnchor(p.Ref)
	}
	return out
}

// openLabels are the questions for which the clock stands still.
func (d Detail) openLabels() []string {
	var all []string
	for _, q := range d.Questions {
		if q.State == QuestionOpen && q.Requesting {
			all = append(all, q.Label)
		}
	}
	return all
}

// answerSections are the answers of the form, with what falls short in each.
func answerSections(c *web.Ctx, d Detail) []answerSection {
	paragraph := sketchField(d.kind)
	var all []answerSection
	for _, section := range d.kind.Form(kind.WithPreScreen(d.Answers, d.PreScreen.Answers)) {
		out := answerSection{Title: section.Title}
		for _, f := range section.Fields {
			if f.Name == paragraph && d.Sketch != "" {
				continue // it stands at the head of the page
			}
			one := formAnswer{Label: f.Label, Answer: answerText(c, f, d.Answers[f.Name]), Short: shortOf(d.Shortfalls, f.Name)}
			if one.Answer != nil || len(one.Short) > 0 { // what nobody has to answer is not missed
				out.Answers = append(out.Answers, one)
			}
		}
		if len(out.Answers) > 0 {
			all = append(all, out)
		}
	}
	return all
}

// shortOf returns what falls short in one field.
func shortOf(all []kind.Shortfall, field string) []kind.Shortfall {
	var of []kind.Shortfall
	for _, short := range all {
		if short.Field == field {
			of = append(of, short)
		}
	}
	return of
}

// sketchField is the field of a kind that is the sketch itself, or "".
func sketchField(k *kind.Kind) string {
	if !k.Sketch {
		return ""
	}
	for _, f := range k.Fields() {
		if f.Required && f.Type == kind.Text {
			return f.Name
		}
	}
	return ""
}

// answerText shows an answer as its type reads.
func answerText(c *web.Ctx, f kind.Field, answer string) any {
	switch {
	case answer == "":
		return nil
	case f.Type == kind.Text:
		return content.Markdown(answer)
	case f.Type == kind.List || f.Type == kind.Links:
		return content.Markdown("- " + strings.Join(web.Lines(answer), "\n- "))
	case f.Type == kind.Link:
		return web.Link{Text: answer, URL: answer}
	case f.Type == kind.Choice:
		return f.ChoiceLabel(answer)
	case f.Type == kind.YesNo:
		return c.Text("review.answer_" + answer)
	}
	return answer
}
