// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"flag"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/review"
)

// TestMachine runs random sequences of moves, questions, answers, declarations and
// ends, on versions that are sometimes old, while time passes, and compares the
// review after every step with a model that knows nothing of the service's code:
// where it stands, what is open, and how many hours count and how many do not.
func TestMachine(t *testing.T) {
	// Each run takes a database of its own, so fewer but longer ones than the default.
	setDefault(t, "rapid.checks", "100", "12")
	setDefault(t, "rapid.steps", "30", "60")
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt, newDesk(t, storetest.SQLite(t, tables())))
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "move": m.move, "resubmit": m.resubmit, "lead": m.lead, "declare": m.declare,
			"ask": m.ask, "answer": m.answer, "settle": m.settle, "estimate": m.estimate, "old": m.old, "end": m.end, "time": m.time,
		})
	})
}

// setDefault changes a flag of rapid for this test unless somebody set it.
func setDefault(t *testing.T, name, preset, value string) {
	t.Helper()
	v := flag.Lookup(name).Value
	if v.String() != preset {
		return
	}
	if err := v.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Set(preset) })
}

// machine is the model and the desk that it is compared with.
type machine struct {
	d         *desk
	id        string
	version   int64
	column    review.Column
	notReady  bool
	leads     review.Conflict // of the reviewer who leads; "": nobody was assigned
	begun     bool            // the clock
	counted   int             // hours
	paused    int
	stages    int
	questions []*modelQuestion
}

type modelQuestion struct {
	label      string
	requesting bool
	state      review.QuestionState
	answers    int
}

func newMachine(rt *rapid.T, d *desk) *machine {
	r := d.requested()
	return &machine{d: d, id: r.ID, version: r.Version, column: review.Incoming, stages: 1}
}

func (m *machine) done() bool { return m.column == review.Done }

// stands reports whether the clock stands still.
func (m *machine) stands() bool {
	return m.column == review.Waiting || slices.ContainsFunc(m.questions, func(q *modelQuestion) bool { return q.requesting && q.state == review.QuestionOpen })
}

func (m *machine) check(rt *rapid.T) {
	detail, err := m.d.reviews.Get(m.d.as("owner"), m.id)
	if err != nil {
		rt.Fatal(err)
	}
	if detail.Column != m.column || detail.Version != m.version || len(detail.Stages) != m.stages || len(detail.History) != int(m.version) {
		rt.Fatalf("it is %s at version %d after %d stages and %d steps, the model says %s, %d, %d", detail.Column, detail.Version, len(detail.Stages), len(detail.History), m.column, m.version, m.stages)
	}
	if last := detail.Stages[len(detail.Stages)-1]; last.Column != m.column || !last.Until.IsZero() {
		rt.Fatalf("the last stage is %+v, the column %s", last, m.column)
	}
	c := detail.Clock
	if c.Start.IsZero() == m.begun || c.Counted != time.Duration(m.counted)*time.Hour || c.Paused != time.Duration(m.paused)*time.Hour {
		rt.Fatalf("the clock counts %v and %v paused from %v, the model %d and %d, begun %v", c.Counted, c.Paused, c.Start, m.counted, m.paused, m.begun)
	}
	if m.begun && c.Running != (!m.done() && !m.stands()) {
		rt.Fatalf("running %v, the model stands %v, done %v", c.Running, m.stands(), m.done())
	}
	for i, q := range detail.Questions {
		if q.State != m.questions[i].state || len(q.Thread) != 1+m.questions[i].answers {
			rt.Fatalf("%s is %s with %d comments, the model says %+v", q.Label, q.State, len(q.Thread), m.questions[i])
		}
	}
	if m.done() && len(detail.Verbs) > 0 && slices.ContainsFunc([]string{"move", "edit", "ask", "answer", "decide"}, func(v string) bool { return slices.Contains(detail.Verbs, v) }) {
		rt.Fatalf("done, and offered: %v", detail.Verbs)
	}
}

// expect compares whether a change was taken, and counts it.
func (m *machine) expect(rt *rapid.T, what string, err error, want bool) bool {
	if (err == nil) != want {
		rt.Fatalf("%s from %s: %v, the model says %v", what, m.column, err, want)
	}
	if err == nil {
		m.version++
	}
	return err == nil
}

// byHand is where a review can be moved from a column.
var byHand = map[review.Column][]review.Column{
	review.Incoming:   {review.BackOrders, review.Planned, review.InProgress, review.Waiting},
	review.BackOrders: {review.Incoming, review.Planned, review.InProgress, review.Waiting},
	review.Planned:    {review.Incoming, review.BackOrders, review.Planned, review.InProgress, review.Waiting},
	review.InProgress: {review.BackOrders, review.Planned, review.Waiting},
	review.Waiting:    {review.Incoming, review.BackOrders, review.Planned, review.InProgress},
}

func (m *machine) takesPart() bool { return m.leads == review.NoConflict || m.leads == review.Soft }

func (m *machine) enter(c review.Column) {
	if c != m.column {
		m.stages++
	}
	m.column, m.notReady = c, false
	m.begun = m.begun || c == review.InProgress
}

func (m *machine) move(rt *rapid.T) {
	to := rapid.SampledFrom([]review.Column{review.Incoming, review.BackOrders, review.Planned, review.InProgress, review.InProgress, review.Waiting}).Draw(rt, "to")
	in := review.MoveInput{To: to, Quarter: "2026-Q4", Reason: "x"}
	notReady := to == review.Waiting && rapid.Bool().Draw(rt, "not ready")
	if notReady {
		in.NotReady = []string{"all"}
	}
	_, err := m.d.reviews.Move(m.d.as("triager"), m.id, m.version, in)
	possible := slices.Contains(byHand[m.column], to)
	if m.expect(rt, "moving to "+string(to), err, possible && (to != review.InProgress || m.takesPart())) {
		m.enter(to)
		m.notReady = notReady
	}
}

func (m *machine) resubmit(rt *rapid.T) {
	_, err := m.d.reviews.Resubmit(m.d.as("requester"), m.id, m.version)
	if m.expect(rt, "sending back", err, m.column == review.Waiting && m.notReady) {
		m.enter(review.Incoming)
	}
}

func (m *machine) lead(rt *rapid.T) {
	_, err := m.d.reviews.Assign(m.d.as("triager"), m.id, m.version, review.AssignInput{Person: "reviewer", Part: review.Leads})
	if m.expect(rt, "assigning", err, !m.done() && m.leads != review.Hard) && m.leads == "" {
		m.leads = review.Undeclared
	}
}

func (m *machine) declare(rt *rapid.T) {
	conflict := rapid.SampledFrom([]review.Conflict{review.NoConflict, review.Soft, review.Hard}).Draw(rt, "conflict")
	_, err := m.d.reviews.Declare(m.d.as("reviewer"), m.id, m.version, review.DeclareInput{Conflict: conflict, Words: "x"})
	if m.expect(rt, "declaring", err, !m.done() && m.leads != "" && m.leads != review.Hard) {
		m.leads = conflict
	}
}

func (m *machine) ask(rt *rapid.T) {
	owner := rapid.SampledFrom([]string{"", "requester", "infra"}).Draw(rt, "owner")
	q, err := m.d.reviews.Ask(m.d.as("triager"), m.id, m.version, review.AskInput{Text: "x", Owner: owner})
	if m.expect(rt, "asking", err, !m.done()) {
		m.questions = append(m.questions, &modelQuestion{label: q.Label, requesting: owner != "infra", state: review.QuestionOpen})
	}
}

// pick draws a question; nil if there is none.
func (m *machine) pick(rt *rapid.T) *modelQuestion {
	if len(m.questions) == 0 {
		return nil
	}
	return rapid.SampledFrom(m.questions).Draw(rt, "question")
}

func (m *machine) answer(rt *rapid.T) {
	q := m.pick(rt)
	if q == nil {
		return
	}
	person := rapid.SampledFrom([]string{"owner", "requester", "infra", "bystander"}).Draw(rt, "person")
	_, err := m.d.reviews.Answer(m.d.as(person), m.id, m.version, q.label, "x")
	mine := person == "infra" && !q.requesting || (person == "owner" || person == "requester") && q.requesting
	if m.expect(rt, person+" answers", err, !m.done() && mine && (q.state == review.QuestionOpen || q.state == review.QuestionAnswered)) {
		q.state = review.QuestionAnswered
		q.answers++
	}
}

func (m *machine) settle(rt *rapid.T) {
	q := m.pick(rt)
	if q == nil {
		return
	}
	in := rapid.SampledFrom([]review.SettleInput{{Settled: review.Fully}, {Settled: review.Not, Note: "x"}, {Withdraw: true}, {Again: true}}).Draw(rt, "how")
	_, err := m.d.reviews.Settle(m.d.as("triager"), m.id, m.version, q.label, in)
	open := q.state == review.QuestionOpen || q.state == review.QuestionAnswered
	if !m.expect(rt, "settling", err, !m.done() && open && (!in.Again || q.state == review.QuestionAnswered)) {
		return
	}
	switch {
	case in.Withdraw:
		q.state = review.QuestionWithdrawn
	case in.Again:
		q.state = review.QuestionOpen
	default:
		q.state = review.QuestionSettled
	}
}

func (m *machine) estimate(rt *rapid.T) {
	effort := rapid.Float64Range(-1, 10).Draw(rt, "effort")
	_, err := m.d.reviews.Estimate(m.d.as("triager"), m.id, m.version, review.EstimateInput{Effort: &effort})
	m.expect(rt, "estimating", err, !m.done() && effort >= 0)
}

// old tries a change on a version that is no longer the present one.
func (m *machine) old(rt *rapid.T) {
	version := m.version - int64(rapid.IntRange(1, 3).Draw(rt, "older"))
	_, err := m.d.reviews.Move(m.d.as("triager2"), m.id, version, review.MoveInput{To: review.BackOrders})
	m.expect(rt, "moving what was changed", err, false)
}

// end ends the review now and then, in one of the ways.
func (m *machine) end(rt *rapid.T) {
	if rapid.IntRange(0, 5).Draw(rt, "seldom") != 0 {
		return
	}
	var err error
	possible := false
	switch rapid.IntRange(0, 2).Draw(rt, "way") {
	case 0:
		_, err = m.d.reviews.Decide(m.d.as("reviewer"), m.id, m.version, review.DecideInput{Outcome: review.Advice, Reason: "x"})
		possible = m.takesPart() && (m.column == review.InProgress || m.column == review.Waiting)
	case 1:
		_, err = m.d.reviews.Dismiss(m.d.as("triager"), m.id, m.version, "x", "")
		possible = m.column == review.Incoming || m.column == review.BackOrders || m.column == review.Waiting
	default:
		_, err = m.d.reviews.Withdraw(m.d.as("owner"), m.id, m.version, "x")
		possible = !m.done()
	}
	if m.expect(rt, "ending", err, possible) {
		m.enter(review.Done)
	}
}

func (m *machine) time(rt *rapid.T) {
	hours := rapid.IntRange(1, 100).Draw(rt, "hours")
	m.d.db.Clock().Set(m.d.now().Add(time.Duration(hours) * time.Hour))
	switch {
	case !m.begun || m.done():
	case m.stands():
		m.paused += hours
	default:
		m.counted += hours
	}
}
