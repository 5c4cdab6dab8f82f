// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// TestMachine runs random sequences of rating, asking, deciding, delegating,
// vacancies, expiry, revocation, conditions and clock changes, back as well, and
// compares the gate after every step with a model that knows nothing of the
// service's code: never is the gate open without a decision in force by somebody
// who was entitled to take it, and it is open whenever there is one.
func TestMachine(t *testing.T) {
	// Each run takes a database of its own, so fewer but longer ones than the default.
	setDefault(t, "rapid.checks", "100", "20")
	setDefault(t, "rapid.steps", "30", "60")
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt, newDesk(t, storetest.SQLite(t, tables())))
		rt.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"rate":     m.rate,
			"edit":     m.edit,
			"subject":  m.subject,
			"facts":    m.restate,
			"ask":      m.ask,
			"vote":     m.vote,
			"votes":    m.votes,
			"object":   m.object,
			"revoke":   m.revoke,
			"settle":   m.settle,
			"withdraw": m.withdraw,
			"meet":     m.meet,
			"close":    m.closeRisk,
			"hand":     m.handOver,
			"delegate": m.delegate,
			"appoint":  m.appoint,
			"account":  m.account,
			"clock":    m.clock,
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

// rarely is for steps that undo what others build up: they would otherwise keep
// most runs from coming to a decision. A step that does not fit returns, rather
// than skip, because rapid ends a run after some skips.
func rarely(rt *rapid.T) bool { return rapid.IntRange(0, 3).Draw(rt, "rarely") == 0 }

// machine is the model and the desk that it is compared with.
type machine struct {
	d       *desk
	ctx     context.Context
	flow    catalog.Subject
	states  modelFacts // of the subject
	changes int        // of it
	risks   []*modelRisk
	posts   map[string]*modelPost // by function; "executive" is the rank alone
	active  map[string]bool
}

type modelRisk struct {
	id      string
	version int64
	owner   string
	parted  []string // who ever owned it, or asked to accept it
	level   int      // of the residual rating; 0: not rated as it is now
	ratings int
	facts   modelFacts
	turns   int // of the facts
	scopes  int
	closed  bool
	asked   []*modelAcceptance
}

type modelAcceptance struct {
	id                       string
	version                  int64
	asker                    string
	byOwner                  bool
	start, until, from       time.Time
	ratings, scopes, changes int // what it was asked on
	turns                    int
	spoken                   []string
	agreed                   []string
	carriers                 []string // by whose rights they agreed
	granted, over            bool     // over: refused, withdrawn, revoked, voided or closed
	settled                  bool
	condition                string
	due                      time.Time
	met                      bool
}

type modelPost struct {
	post        authz.Post
	holder      string
	delegations []modelDelegation
}

type modelDelegation struct {
	to          string
	from, until time.Time
}

var players = []string{"executive", "director", "manager", "sec", "ops", "legal", "owner", "reviewer2"}

func newMachine(rt *rapid.T, d *desk) *machine {
	m := &machine{d: d, ctx: d.t.Context(), flow: d.flow(), states: modelFacts{access: "read"}, posts: map[string]*modelPost{}, active: map[string]bool{}}
	for _, p := range players {
		m.active[p] = true
	}
	for function, holder := range map[string]string{"executive": "executive", "security": "sec", "operations": "ops", "legal": "legal"} {
		m.posts[function] = &modelPost{post: d.posts[holder], holder: holder}
	}
	for range rapid.IntRange(1, 2).Draw(rt, "risks") {
		r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{Subject: m.flow.Ref, Act: "call", Title: "R", Threat: "T", Scope: "S", Inputs: caseA().Stated()})
		if err != nil {
			rt.Fatal(err)
		}
		if r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options()); err != nil {
			rt.Fatal(err)
		}
		m.risks = append(m.risks, &modelRisk{id: r.ID, version: r.Version, owner: "owner", parted: []string{"owner"}, facts: modelFacts{"public", "read"}})
	}
	if rapid.IntRange(0, 3).Draw(rt, "rated") != 0 {
		for _, r := range m.risks {
			m.rateAs(rt, r, high)
		}
	}
	return m
}

// now is the time at which a decision taken now is dated, and the gate's.
func (m *machine) now(rt *rapid.T) time.Time {
	var head time.Time
	err := m.d.db.Read(m.ctx, func(tx *store.ReadTx) error {
		var err error
		head, err = headTime(m.ctx, tx)
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	if clock := m.d.db.Clock().Domain(); clock.After(head) {
		return clock
	}
	return head
}

// inForce is the model's own opinion of one acceptance.
func (m *machine) inForce(r *modelRisk, a *modelAcceptance, t time.Time) bool {
	return a.granted && !a.over && !t.Before(a.from) && t.Before(a.until) && m.pinned(r, a) &&
		(a.condition == "" || a.met || t.Before(a.due))
}

func (m *machine) pinned(r *modelRisk, a *modelAcceptance) bool {
	return a.ratings == r.ratings && a.scopes == r.scopes && a.changes == m.changes && a.turns == r.turns
}

func (m *machine) check(rt *rapid.T) {
	t := m.now(rt)
	open, rated := true, false
	for _, r := range m.risks {
		if r.closed {
			continue
		}
		rated = rated || r.level > 0
		// Not rated counts as high by default.
		if r.level == 0 || r.level >= matrix.High.Level() {
			open = open && slices.ContainsFunc(r.asked, func(a *modelAcceptance) bool { return m.inForce(r, a, t) })
		}
	}
	v, err := m.d.gate.Ask(m.d.as("reviewer"), m.flow.Ref, "call")
	if err != nil {
		rt.Fatal(err)
	}
	if v.Allowed() != (open && rated) {
		rt.Fatalf("at %v the gate says %s %v, the model %v %v", t, v.Decision, v.Blockers, open, rated)
	}
	if v.Allowed() {
		m.checkLimit(rt, v.ValidUntil, t)
	}
}

// checkLimit makes sure that an answer is not said to hold longer than a
// decision that it rests on.
func (m *machine) checkLimit(rt *rapid.T, until, t time.Time) {
	for _, r := range m.risks {
		if r.closed || r.level < matrix.High.Level() {
			continue
		}
		last := t
		for _, a := range r.asked {
			if m.inForce(r, a, t) && a.until.After(last) {
				last = a.until
			}
		}
		if until.After(last) {
			rt.Fatalf("valid until %v, but the last decision ends at %v", until, last)
		}
	}
}

func (m *machine) pickRisk(rt *rapid.T) *modelRisk {
	return rapid.SampledFrom(m.risks).Draw(rt, "risk")
}

// pickAcceptance draws one that fits; nil if none does.
func (m *machine) pickAcceptance(rt *rapid.T, fits func(*modelAcceptance) bool) (*modelRisk, *modelAcceptance) {
	type pair struct {
		r *modelRisk
		a *modelAcceptance
	}
	var all []pair
	for _, r := range m.risks {
		for _, a := range r.asked {
			if fits(a) {
				all = append(all, pair{r, a})
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	i := rapid.IntRange(0, len(all)-1).Draw(rt, "acceptance")
	return all[i].r, all[i].a
}

// voidChanged is what recording a change does to requests and decisions on what
// was before, unless they had run out.
func (m *machine) voidChanged(r *modelRisk, t time.Time) {
	for _, a := range r.asked {
		if !a.over && !m.pinned(r, a) && t.Before(a.until) {
			a.over = true
			a.version++
		}
	}
}

func (m *machine) rate(rt *rapid.T) {
	r := m.pickRisk(rt)
	if r.level > 0 && !rarely(rt) {
		return
	}
	m.rateAs(rt, r, rapid.SampledFrom([]matrix.Cell{high, high, high, {Likelihood: 1, Impact: 1}}).Draw(rt, "cell"))
}

func (m *machine) rateAs(rt *rapid.T, r *modelRisk, cell matrix.Cell) {
	got, err := m.d.risks.Rate(m.d.as("reviewer"), r.id, r.version, risk.RateInput{Inherent: high, Residual: cell, Reason: "x"})
	if (err == nil) == r.closed {
		rt.Fatalf("rating: %v, closed %v", err, r.closed)
	}
	if err != nil {
		return
	}
	r.version, r.ratings, r.level = got.Version, r.ratings+1, m.d.policy.Matrix.Rate(cell).Level()
	m.voidChanged(r, m.now(rt))
}

func (m *machine) edit(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	r := m.pickRisk(rt)
	scope := fmt.Sprintf("scope %d", r.scopes+1)
	got, err := m.d.risks.Edit(m.d.as("owner"), r.id, r.version, risk.EditInput{Scope: &scope})
	if err != nil {
		return // closed
	}
	r.version, r.scopes, r.level = got.Version, r.scopes+1, 0
	m.voidChanged(r, m.now(rt))
}

// modelFacts are the class of data and the access: of the subject, where the class
// may be left open, or of a risk.
type modelFacts struct{ data, access string }

var classes = []string{"none", "public", "internal", "personal", "sensitive"}

// covers reports whether a risk that states f says all that g does.
func (f modelFacts) covers(g modelFacts) bool {
	return slices.Index(classes, f.data) >= slices.Index(classes, g.data) && (f.access == g.access || f.access == "read_write")
}

// joined is the mildest that covers both.
func (f modelFacts) joined(g modelFacts) modelFacts {
	if slices.Index(classes, g.data) > slices.Index(classes, f.data) {
		f.data = g.data
	}
	if f.access != g.access {
		f.access = "read_write"
	}
	return f
}

func drawFacts(rt *rapid.T, classes ...string) modelFacts {
	return modelFacts{rapid.SampledFrom(classes).Draw(rt, "data"), rapid.SampledFrom([]string{"read", "write", "read_write"}).Draw(rt, "access")}
}

// becomes gives the risk other facts; a rating made on others is none.
func (r *modelRisk) becomes(f modelFacts) {
	if f != r.facts {
		r.facts, r.turns, r.level = f, r.turns+1, 0
	}
}

// subject changes what the flow states. Every risk that says less now follows, and
// no rating of another flow stands.
func (m *machine) subject(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	now := drawFacts(rt, append([]string{""}, classes...)...)
	if now == m.states {
		return
	}
	attributes := map[string]string{"from": "production", "to": "cloud", "access": now.access, "data_class": now.data}
	if err := m.d.changeSubject(m.flow.Ref, attributes); err != nil {
		rt.Fatal(err)
	}
	m.states = now
	m.changes++
	for _, r := range m.risks {
		if !r.closed && (r.level > 0 || !r.facts.covers(now)) {
			r.version++
			r.becomes(r.facts.joined(now))
			r.level = 0
		}
	}
}

// restate lets the owner state other facts: as bad as what the flow states, or worse.
func (m *machine) restate(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	r := m.pickRisk(rt)
	now := drawFacts(rt, classes...)
	in := matrix.Stated{Data: matrix.Data(now.data), Access: matrix.Access(now.access)}
	got, err := m.d.risks.Edit(m.d.as("owner"), r.id, r.version, risk.EditInput{Inputs: &in})
	if (err == nil) != (!r.closed && now.covers(m.states)) {
		rt.Fatalf("stating %v where the subject states %v: %v, closed %v", now, m.states, err, r.closed)
	}
	if err != nil {
		return
	}
	r.version = got.Version
	r.becomes(now)
	m.voidChanged(r, m.now(rt))
}

func (m *machine) ask(rt *rapid.T) {
	r := m.pickRisk(rt)
	if r.level == matrix.Low.Level() {
		return // needs no acceptance here, and others may grant it
	}
	t := m.now(rt)
	a := &modelAcceptance{version: 1, asker: rapid.SampledFrom([]string{r.owner, "reviewer2"}).Draw(rt, "asker"),
		ratings: r.ratings, scopes: r.scopes, changes: m.changes, turns: r.turns}
	in := risk.AskInput{Option: "temporary", Reason: "x", Until: t.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 20, 45}).Draw(rt, "days")) * day)}
	if rapid.Bool().Draw(rt, "later") {
		in.Start = t.Add(12 * time.Hour)
	}
	if rapid.Bool().Draw(rt, "condition") {
		in.Conditions = []risk.TermInput{{Text: "c", Owner: "ops", Due: t.Add(20 * time.Hour)}}
		a.due = t.Add(20 * time.Hour)
	}
	a.byOwner, a.start, a.until = a.asker == r.owner, in.Start, in.Until
	waiting := slices.ContainsFunc(r.asked, func(o *modelAcceptance) bool {
		return !o.granted && !o.over && t.Before(o.until) && m.pinned(r, o)
	})
	got, err := m.d.risks.Ask(m.d.as(a.asker), r.id, r.version, in)
	if (err == nil) != (!r.closed && r.level > 0 && !waiting) {
		rt.Fatalf("asking: %v; closed %v level %d waiting %v", err, r.closed, r.level, waiting)
	}
	if err != nil {
		return
	}
	a.id = got.ID
	if len(got.Conditions) > 0 {
		a.condition = got.Conditions[0].ID
	}
	m.voidChanged(r, t)
	r.parted = append(r.parted, a.asker)
	r.asked = append(r.asked, a)
}

// acts reports whether person may act for the post in a matter that barred
// people may not decide.
func (m *machine) acts(person string, p *modelPost, barred []string, t time.Time) bool {
	if p.holder == "" || !m.active[p.holder] || !m.active[person] || slices.Contains(barred, person) {
		return false
	}
	if p.holder == person {
		return true
	}
	return !slices.Contains(barred, p.holder) && slices.ContainsFunc(p.delegations, func(d modelDelegation) bool {
		return d.to == person && !t.Before(d.from) && t.Before(d.until)
	})
}

// functions returns which of the three functions the person may exercise. A
// function that nobody holds is the executive's own.
func (m *machine) functions(person string, barred []string, t time.Time) []string {
	var all []string
	for _, f := range []string{"security", "operations", "legal"} {
		p := m.posts[f]
		vacant := p.holder == "" || !m.active[p.holder]
		top := m.posts["executive"]
		if m.acts(person, p, barred, t) || vacant && top.holder == person && m.acts(person, top, barred, t) {
			all = append(all, f)
		}
	}
	return all
}

// may reports whether the person has a word in it, and whether that alone grants.
func (m *machine) may(r *modelRisk, a *modelAcceptance, person string, t time.Time) (word, alone bool) {
	barred := r.parted
	alone = m.acts(person, m.posts["executive"], barred, t)
	word = alone || m.short(a, t) && len(m.functions(person, barred, t)) > 0
	return word || m.short(a, t) && person == r.owner && person != a.asker && !a.byOwner, alone
}

// short reports whether the acceptance is short enough for the three functions,
// however late it begins.
func (m *machine) short(a *modelAcceptance, t time.Time) bool {
	limit := t.Add(30 * day).Truncate(day).Add(day) // UTC midnight after the thirtieth day
	return !a.until.After(limit)
}

// complete reports whether those who agreed may grant together.
func (m *machine) complete(r *modelRisk, a *modelAcceptance, t time.Time) bool {
	barred := r.parted
	for _, person := range a.agreed {
		if m.acts(person, m.posts["executive"], barred, t) {
			return true
		}
	}
	if !m.short(a, t) || !a.byOwner && !slices.Contains(a.agreed, r.owner) {
		return false
	}
	can := map[string][]string{}
	for _, person := range a.agreed {
		for _, f := range m.functions(person, barred, t) {
			can[f] = append(can[f], person)
		}
	}
	for _, s := range can["security"] {
		for _, o := range can["operations"] {
			for _, l := range can["legal"] {
				if s != o && o != l && s != l {
					return true
				}
			}
		}
	}
	return false
}

func undecided(a *modelAcceptance) bool { return !a.granted && !a.over }

// heard tells whether the model expects the person's word to count, and to decide
// alone.
func (m *machine) heard(r *modelRisk, a *modelAcceptance, person string, t time.Time) (word, alone bool) {
	word, alone = m.may(r, a, person, t)
	return word && !r.closed && t.Before(a.until) && m.pinned(r, a) && !slices.Contains(a.spoken, person), alone
}

func (m *machine) vote(rt *rapid.T) {
	r, a := m.pickAcceptance(rt, undecided)
	if a == nil {
		return
	}
	m.voteAs(rt, r, a, rapid.SampledFrom(players).Draw(rt, "person"))
}

// votes lets several people in any order have their say.
func (m *machine) votes(rt *rapid.T) {
	r, a := m.pickAcceptance(rt, undecided)
	if a == nil {
		return
	}
	for _, person := range rapid.Permutation(players).Draw(rt, "people") {
		if undecided(a) {
			m.voteAs(rt, r, a, person)
		}
	}
}

func (m *machine) voteAs(rt *rapid.T, r *modelRisk, a *modelAcceptance, person string) {
	t := m.now(rt)
	word, _ := m.heard(r, a, person, t)
	got, err := m.d.risks.Grant(m.d.as(person), a.id, a.version, "x")
	if (err == nil) != word {
		rt.Fatalf("%s agrees: %v, the model says %v", person, err, word)
	}
	if err != nil {
		return
	}
	a.spoken, a.agreed, a.version = append(a.spoken, person), append(a.agreed, person), got.Version
	a.carriers = append(a.carriers, m.carriers(r, a, person, t)...)
	a.granted = m.complete(r, a, t)
	if a.from = t; a.start.After(t) {
		a.from = a.start
	}
	if a.granted != (got.State == risk.Granted) {
		rt.Fatalf("after %v it is %s, the model says granted %v", a.agreed, got.State, a.granted)
	}
}

// carriers are those by whose rights the person agrees: their own, and those of whom
// they act for.
func (m *machine) carriers(r *modelRisk, a *modelAcceptance, person string, t time.Time) []string {
	var all []string
	for name, p := range m.posts {
		if (name == "executive" || m.short(a, t)) && m.acts(person, p, r.parted, t) {
			all = append(all, person, p.holder)
		}
	}
	return all
}

// handOver gives the risk to somebody whose word carries no acceptance of it.
func (m *machine) handOver(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	r := m.pickRisk(rt)
	to, t := rapid.SampledFrom([]string{"owner", "manager", "sec", "executive", "reviewer2"}).Draw(rt, "to"), m.now(rt)
	carried := to != r.owner && slices.ContainsFunc(r.asked, func(a *modelAcceptance) bool {
		return !a.over && t.Before(a.until) && m.pinned(r, a) && slices.Contains(a.carriers, to)
	})
	got, err := m.d.risks.Edit(m.d.as("triager"), r.id, r.version, risk.EditInput{Owner: &to})
	if (err == nil) != (!r.closed && !carried) {
		rt.Fatalf("handing over to %s: %v; closed %v, carried %v", to, err, r.closed, carried)
	}
	if err == nil {
		r.version, r.owner, r.parted = got.Version, to, append(r.parted, to)
		m.voidChanged(r, t)
	}
}

func (m *machine) object(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	r, a := m.pickAcceptance(rt, undecided)
	if a == nil {
		return
	}
	person := rapid.SampledFrom(players).Draw(rt, "person")
	word, alone := m.heard(r, a, person, m.now(rt))
	if person == r.owner {
		word = false // the owner only sets the end date
	}
	got, err := m.d.risks.Refuse(m.d.as(person), a.id, a.version, "x")
	if (err == nil) != word {
		rt.Fatalf("%s objects: %v, the model says %v", person, err, word)
	}
	if err != nil {
		return
	}
	a.spoken, a.version, a.over = append(a.spoken, person), got.Version, alone
	if a.over != (got.State == risk.Refused) {
		rt.Fatalf("after %s objected it is %s", person, got.State)
	}
}

func (m *machine) revoke(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	_, a := m.pickAcceptance(rt, func(a *modelAcceptance) bool { return a.granted && !a.over })
	if a == nil {
		return
	}
	got, err := m.d.risks.Revoke(m.d.as("reviewer"), a.id, a.version, "x")
	if (err == nil) != m.now(rt).Before(a.until) {
		rt.Fatalf("revoking until %v: %v", a.until, err)
	}
	if err == nil {
		a.over, a.version = true, got.Version
	}
}

func (m *machine) settle(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	_, a := m.pickAcceptance(rt, func(a *modelAcceptance) bool { return a.granted && !a.settled })
	if a == nil {
		return
	}
	got, err := m.d.risks.Settle(m.d.as("reviewer"), a.id, a.version, risk.SettleInput{Undone: "x", Learnt: "x"})
	if err != nil {
		rt.Fatal(err)
	}
	a.over, a.settled, a.version = true, true, got.Version
}

func (m *machine) withdraw(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	_, a := m.pickAcceptance(rt, undecided)
	if a == nil {
		return
	}
	got, err := m.d.risks.Withdraw(m.d.as("reviewer"), a.id, a.version, "x")
	if err != nil {
		rt.Fatal(err)
	}
	a.over, a.version = true, got.Version
}

func (m *machine) meet(rt *rapid.T) {
	_, a := m.pickAcceptance(rt, func(a *modelAcceptance) bool { return a.condition != "" && !a.met && !a.over })
	if a == nil {
		return
	}
	if _, err := m.d.risks.Meet(m.d.as("ops"), a.id, a.version, a.condition, "x"); err != nil {
		rt.Fatal(err)
	}
	a.met = true
}

func (m *machine) closeRisk(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	r := m.pickRisk(rt)
	hanging := slices.ContainsFunc(r.asked, func(a *modelAcceptance) bool { return undecided(a) || a.granted && !a.settled })
	got, err := m.d.risks.Close(m.d.as("reviewer"), r.id, r.version, "x")
	if (err == nil) != (!r.closed && !hanging) {
		rt.Fatalf("closing: %v; closed %v, hanging %v", err, r.closed, hanging)
	}
	if err == nil {
		r.closed, r.version = true, got.Version
	}
}

func (m *machine) pickPost(rt *rapid.T) *modelPost {
	return m.posts[rapid.SampledFrom([]string{"executive", "security", "operations", "legal"}).Draw(rt, "post")]
}

func (m *machine) delegate(rt *rapid.T) {
	p, to := m.pickPost(rt), rapid.SampledFrom(players).Draw(rt, "to")
	t := m.now(rt)
	until := t.Add(time.Duration(rapid.IntRange(1, 10).Draw(rt, "days")) * day)
	_, err := m.d.office.Delegate(m.d.as("admin"), office.DelegationInput{Post: p.post.ID, To: to, Until: until, Reason: "x"})
	if err != nil {
		return // vacant, inactive, or the holder
	}
	p.delegations = append(p.delegations, modelDelegation{to: to, from: t, until: until})
}

func (m *machine) appoint(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	p := m.pickPost(rt)
	holder := rapid.SampledFrom(append([]string{""}, players...)).Draw(rt, "holder")
	post, err := m.d.office.ChangePost(m.d.as("admin"), p.post.ID, p.post.Version,
		office.PostInput{Organisation: p.post.Organisation, Rank: p.post.Rank, Function: p.post.Function, Title: p.post.Title, Holder: holder})
	if err != nil {
		return // inactive
	}
	p.post = post
	if p.holder != holder {
		p.holder, p.delegations = holder, nil
	}
}

func (m *machine) account(rt *rapid.T) {
	if !rarely(rt) {
		return
	}
	person := rapid.SampledFrom(players).Draw(rt, "person")
	m.active[person] = !m.active[person]
	m.d.setActive(m.active[person], person)
	if m.active[person] {
		return
	}
	for _, p := range m.posts {
		p.delegations = slices.DeleteFunc(p.delegations, func(d modelDelegation) bool { return d.to == person })
		if p.holder == person {
			p.delegations = nil
		}
	}
}

// clock moves the clock, back as well; what was decided stays where it is.
func (m *machine) clock(rt *rapid.T) {
	hours := rapid.OneOf(rapid.IntRange(1, 15), rapid.IntRange(1, 15), rapid.IntRange(-24*20, 24*12)).Draw(rt, "hours")
	m.d.db.Clock().Set(m.d.db.Clock().Domain().Add(time.Duration(hours) * time.Hour))
}
