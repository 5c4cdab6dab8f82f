// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// acceptanceView is the dialogue in which an acceptance is decided, and its page
// ever after.
type acceptanceView struct {
	A         AcceptanceDetail
	Form      string // address of the decision that was refused, or of granting
	Grant     string
	Refuse    string
	Ballot    bool // show the form
	MayGrant  bool
	MayRefuse bool
	Lead      string
	Why       string // it stands as it does
	Tone      string
	Badges    []any
	Actions   []web.Link
	Parts     []web.Term // what it is pinned to
	Versions  web.Table  // as decided on, and now
	Changed   bool
	Rights    []string
	Days      string
	Until     string
	Bound     string // until when the reader would accept
	Opens     []openView
	Missing   []string
	Votes     web.Timeline
	Ways      []wayGroup
	Terms     web.Table
	Kind      string // which exception of its kind it is
	Earlier   web.Table
	Decided   web.Terms
	Proof     web.Terms
	Extends   *web.Link
	Basis     basisView
}

// openView is one act that depends on the acceptance.
type openView struct{ Act, Text, URL string }

func (s *Service) acceptanceView(c *web.Ctx, d AcceptanceDetail) (acceptanceView, error) {
	if err := s.nameOthers(c, &d); err != nil {
		return acceptanceView{}, err
	}
	v := acceptanceView{
		A: d, Grant: d.URL() + "/grant", Refuse: d.URL() + "/refuse", MayGrant: d.MayGrant, MayRefuse: slices.Contains(d.Verbs, "refuse"),
		Why: standingText(c, d.Placed), Tone: standingTone(d.Standing.Code), Badges: []any{ratingBadge(c, d.Basis.Residual.Rating), standingBadge(c, d.Standing.Code)},
		Parts: s.pins(c, d), Until: c.Day(web.LastDay(d.Until)), Votes: voteLine(c, d), Ways: s.ways(c, d.Needs, d.Names),
		Terms: termTable(c, d), Earlier: earlierTable(c, d), Proof: proofTerms(c, d),
	}
	v.Bound = c.Text("risk.decide.until", v.Until)
	v.Form, v.Ballot = v.Grant, v.MayGrant || v.MayRefuse
	v.Changed = len(d.Basis.Changes(d.Now)) > 0
	v.Versions = s.versionTable(c, d)
	for _, r := range d.YourRights {
		v.Rights = append(v.Rights, rightText(c, d.Names, r))
	}
	if days := itemweb.DaysUntil(c, d.Until); days > 0 && live(d.Standing.Code) {
		v.Days = c.Text("risk.in_days", days)
		v.Bound = c.Text("risk.decide.until_in", v.Until, v.Days)
	}
	v.Lead = s.askLine(c, d)
	v.Opens = openings(c, d)
	v.Missing = missing(c, d)
	v.Kind = ordinalText(c, d)
	v.Decided = decidedTerms(c, d)
	if d.Extends != "" {
		v.Extends = &web.Link{Text: c.Text("risk.acceptance.earlier"), URL: "/risks/" + d.Risk + "/acceptances/" + d.Extends}
	}
	risk, err := s.Get(c.Context(), d.Risk)
	if err != nil {
		return acceptanceView{}, err
	}
	v.Basis = s.basisOf(c, d, risk)
	v.Actions = acceptanceActions(c, d, d.WasGranted() && c.Can(ActionAsk) && risk.May("ask"))
	return v, nil
}

// nameOthers looks up the people and organisations that the rights speak of.
func (s *Service) nameOthers(c *web.Ctx, d *AcceptanceDetail) error {
	var people, organisations []string
	add := func(r RightUsed) {
		people, organisations = append(people, r.Holder), append(organisations, r.Organisation)
	}
	for _, r := range d.YourRights {
		add(r)
	}
	for _, vote := range d.Votes {
		for _, r := range vote.Rights {
			add(r)
		}
	}
	for _, e := range d.Acceptance.Rights {
		for _, by := range e.By {
			add(by.Right)
		}
	}
	organisations = append(organisations, d.Basis.Organisation, d.Now.Organisation)
	for _, n := range d.Needs {
		organisations = append(organisations, n.Organisation)
	}
	return s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		more, err := item.Names(c.Context(), r, s.Directory, people, organisations)
		for id, n := range more {
			d.Names[id] = n
		}
		return err
	})
}

// live reports whether an acceptance still runs, or may come to.
func live(code StandingCode) bool {
	return slices.Contains([]StandingCode{Awaiting, NotStarted, InForce, ConditionOverdue}, code)
}

// acceptanceActions are what the reader may do with it; extend says that they may
// ask for one that prolongs it.
func acceptanceActions(c *web.Ctx, d AcceptanceDetail, extend bool) []web.Link {
	var all []web.Link
	if extend {
		text, at := c.Text("risk.act_extend"), "/risks/"+d.Risk+"/acceptances/new"
		if d.Standing.Code == InForce {
			at = web.With(at, "extends", d.ID)
		}
		if !live(d.Standing.Code) {
			text = c.Text("risk.act_again")
		}
		all = append(all, web.Link{Text: text, URL: at, Icon: "calendar-clock"})
	}
	for _, act := range []struct{ verb, icon string }{{"close", "file-check"}, {"withdraw", "undo-2"}, {"revoke", "ban"}} {
		if slices.Contains(d.Verbs, act.verb) {
			all = append(all, web.Link{Text: c.Text("risk.do_" + act.verb), URL: d.URL() + "/" + act.verb, Icon: act.icon})
		}
	}
	return all
}

// askLine says in one sentence what is before the reader.
func (s *Service) askLine(c *web.Ctx, d AcceptanceDetail) string {
	who, until := itemweb.NameOf(c, d.Names, d.AskedBy), c.Day(web.LastDay(d.Until))
	if d.State == Asked && d.Standing.Code == Awaiting {
		return c.Text("risk.acceptance.asks", who, until)
	}
	return c.Text("risk.acceptance.asked", who, c.Day(d.AskedAt), until)
}

// openings says what the gate lets happen while the acceptance is in force.
func openings(c *web.Ctx, d AcceptanceDetail) []openView {
	var all []openView
	for _, act := range d.Opens {
		kind, action, _ := strings.Cut(act, " ")
		o := openView{Act: action, Text: c.Text("risk.acceptance.opens_kind", kind)}
		if d.Basis.Subject != "" {
			o.URL = web.With("/gate", "subject", d.Basis.Subject, "action", action)
		}
		all = append(all, o)
	}
	return all
}

// missing lists what a decision still waits for.
func missing(c *web.Ctx, d AcceptanceDetail) []string {
	if d.Standing.Code != Awaiting {
		return nil
	}
	var all []string
	for _, party := range d.Unheard {
		all = append(all, c.Text("risk.missing.heard", party))
	}
	for _, n := range d.Needs {
		if n.Met {
			continue
		}
		who := n.Party
		if who == "" {
			who = itemweb.NameOf(c, d.Names, n.Organisation)
		}
		all = append(all, c.Text("risk.missing.word", who))
	}
	return all
}

// pins are what the acceptance is pinned to.
func (s *Service) pins(c *web.Ctx, d AcceptanceDetail) []web.Term {
	b := d.Basis
	parts := []web.Term{{Name: c.Text("risk.pin.rating"), Value: []any{s.assessed(c, b.Residual), c.Text("risk.pin.rating_seq", b.RatingSeq)}}}
	if b.Subject != "" {
		parts = append(parts, web.Term{Name: c.Text("risk.pin.subject"), Value: []any{itemweb.SubjectLink(b.Subject, ""), versionText(c, b)}})
	}
	parts = append(parts, web.Term{Name: c.Text("risk.pin.organisation"), Value: itemweb.NameOf(c, d.Names, b.Organisation)},
		web.Term{Name: c.Text("risk.pin.parties"), Value: partyNames(b)})
	return parts
}

func versionText(c *web.Ctx, b Basis) string {
	return c.Text("risk.pin.version", b.SubjectVersion, itemweb.Short(b.SubjectDigest))
}

func partyNames(b Basis) string {
	names := make([]string, len(b.Parties))
	for i, p := range b.Parties {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// versionTable sets what was decided on beside what is now.
func (s *Service) versionTable(c *web.Ctx, d AcceptanceDetail) web.Table {
	t := c.Table(c.Text("risk.versions.caption"), "risk.versions.what", "risk.versions.then", "risk.versions.now")
	then, now := d.Basis, d.Now
	row := func(label string, a, b any, differs bool) {
		r := web.Row{Cells: []any{c.Text(label), itemweb.Shown(c, a), itemweb.Shown(c, b)}}
		if differs {
			r.Tone = web.ToneBad
			r.Cells[2] = []any{r.Cells[2], web.Badge{Tone: web.ToneBad, Text: c.Text("risk.versions.differs")}}
		}
		t.Rows = append(t.Rows, r)
	}
	row("risk.pin.rating", s.assessed(c, then.Residual), s.assessed(c, now.Residual), then.RatingSeq != now.RatingSeq || then.Residual != now.Residual)
	if then.Facts != now.Facts {
		row("risk.pin.facts", c.Text("risk.pin.facts_then"), c.Text("risk.pin.facts_now"), true)
	}
	row("risk.field.threat", then.Threat, now.Threat, then.Threat != now.Threat)
	row("risk.field.scope", then.Scope, now.Scope, then.Scope != now.Scope)
	row("risk.pin.subject", versionText(c, then), versionText(c, now), then.SubjectVersion != now.SubjectVersion || then.SubjectDigest != now.SubjectDigest)
	row("risk.pin.organisation", itemweb.NameOf(c, d.Names, then.Organisation), itemweb.NameOf(c, d.Names, now.Organisation), then.Organisation != now.Organisation)
	row("risk.pin.parties", partyNames(then), partyNames(now), !slices.Equal(then.Parties, now.Parties))
	return t
}

func voteLine(c *web.Ctx, d AcceptanceDetail) web.Timeline {
	var t web.Timeline
	for _, v := range d.Votes {
		e := web.Event{At: v.At, Icon: "circle-check", Tone: web.ToneGood, Title: c.Text("risk.vote.agrees", itemweb.NameOf(c, d.Names, v.Person)), Body: v.Reason}
		if !v.Agrees {
			e.Icon, e.Tone, e.Title = "circle-x", web.ToneBad, c.Text("risk.vote.objects", itemweb.NameOf(c, d.Names, v.Person))
		}
		var rights []string
		for _, r := range v.Rights {
			rights = append(rights, rightText(c, d.Names, r))
		}
		e.By = strings.Join(rights, "; ")
		t.Events = append(t.Events, e)
	}
	return t
}

func termTable(c *web.Ctx, d AcceptanceDetail) web.Table {
	t := c.Table(c.Text("risk.terms.caption"), "risk.term.text", "risk.term.who", "risk.term.due", "risk.term.state")
	for _, term := range d.Conditions {
		row := web.Row{}
		state := []any{web.Badge{Tone: web.ToneNotice, Text: c.Text("risk.term.open")}}
		switch {
		case !term.MetAt.IsZero():
			state = []any{web.Badge{Tone: web.ToneGood, Text: c.Text("risk.term.met")}, term.Evidence}
		case term.Overdue(d.AsOf):
			row.Tone = web.ToneBad
			state = []any{web.Badge{Tone: web.ToneBad, Text: c.Text("risk.overdue")}}
		}
		if mayMeet(c, d, term) {
			state = append(state, web.Link{Text: c.Text("risk.term.meet"), URL: d.URL() + "/conditions/" + term.ID})
		}
		row.Cells = []any{term.Text, itemweb.NameOf(c, d.Names, term.Owner), web.LastDay(term.Due), state}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// maxOrdinal is the highest ordinal that has a word of its own.
const maxOrdinal = 10

// ordinalText says which exception of its kind this would be, or is.
func ordinalText(c *web.Ctx, d AcceptanceDetail) string {
	word := c.Text("risk.ordinal_n", d.Ordinal)
	if d.Ordinal >= 1 && d.Ordinal <= maxOrdinal {
		word = c.Text("risk.ordinal_" + strconv.Itoa(d.Ordinal))
	}
	if d.WasGranted() {
		return c.Text("risk.acceptance.is_nth", word)
	}
	return c.Text("risk.acceptance.would_be_nth", word)
}

func earlierTable(c *web.Ctx, d AcceptanceDetail) web.Table {
	t := c.Table(c.Text("risk.earlier.caption"), "risk.field.risk", "risk.earlier.ran", "risk.earlier.outcome", "risk.earlier.learnt")
	t.Empty = &web.Empty{Icon: "history", Title: c.Text("risk.earlier.empty"), Text: c.Text("risk.earlier.empty_text")}
	for _, p := range d.Precedents {
		ran := itemweb.None(c)
		if !p.From.IsZero() {
			ran = c.Text("risk.earlier.from_to", c.Day(p.From), c.Day(web.LastDay(p.Until)))
		}
		t.Add(
			[]any{web.Link{Text: p.Title, URL: "/risks/" + p.Risk + "/acceptances/" + p.Acceptance}, p.Subject}, ran,
			standingBadge(c, p.Outcome), itemweb.Shown(c, p.Learnt),
		)
	}
	return t
}

// decidedTerms are the facts about the decision, once there is one.
func decidedTerms(c *web.Ctx, d AcceptanceDetail) web.Terms {
	t := web.Terms{Compact: true}
	add := func(label string, v any) { t.Items = append(t.Items, web.Term{Name: c.Text(label), Value: v}) }
	add("risk.decided.asked", []any{itemweb.NameOf(c, d.Names, d.AskedBy), d.AskedAt})
	for _, e := range d.Acceptance.Rights {
		for _, by := range e.By {
			add("risk.decided.granted", []any{itemweb.NameOf(c, d.Names, by.Person) + ":", rightText(c, d.Names, by.Right)})
		}
	}
	if d.WasGranted() {
		add("risk.decided.from", d.From)
	} else if !d.Start.IsZero() {
		add("risk.decided.start", d.Start)
	}
	add("risk.decided.until", web.LastDay(d.Until))
	if !d.Standing.ClosureDue.IsZero() {
		due := []any{web.LastDay(d.Standing.ClosureDue)}
		if d.Standing.Unclosed {
			due = append(due, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.overdue")})
		}
		add("risk.decided.closure", due)
	}
	if !d.EndedAt.IsZero() {
		add("risk.decided.ended", []any{itemweb.NameOf(c, d.Names, d.EndedBy), d.EndedAt})
	}
	if link := c.EntryLink("#"+strconv.FormatInt(d.Entry, 10), d.Entry); link != nil {
		add("risk.field.entry", link)
	}
	return t
}

// proofTerms are what was undone and learnt.
func proofTerms(c *web.Ctx, d AcceptanceDetail) web.Terms {
	if d.ClosedAt.IsZero() {
		return web.Terms{}
	}
	return web.Terms{Compact: true, Items: []web.Term{
		{Name: c.Text("risk.settle.undone"), Value: d.Undone}, {Name: c.Text("risk.settle.learnt"), Value: d.Learnt},
		{Name: c.Text("risk.settle.by"), Value: []any{itemweb.NameOf(c, d.Names, d.ClosedBy), d.ClosedAt}},
	}}
}
