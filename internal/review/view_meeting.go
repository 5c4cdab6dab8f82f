// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

type agendaPage struct {
	Parts    web.Tabs
	Meeting  MeetingDetail
	Counts   []web.Stat
	Waiting  int
	Agenda   web.Table
	Past     web.Table
	Hold     bool // the reader may hold the meeting
	Weekday  string
	OpenLink string
}

// waiting are the items about which nothing was decided in the meeting yet.
func waiting(agenda []AgendaItem) []AgendaItem {
	return slices.DeleteFunc(slices.Clone(agenda), func(i AgendaItem) bool { return i.Handled })
}

func (s *Service) agendaView(c *web.Ctx, d MeetingDetail, _ *web.Form) (any, error) {
	past, err := s.Meetings(c.Context())
	if err != nil {
		return nil, err
	}
	v := agendaPage{
		Parts: parts(c, "meeting"), Meeting: d, Waiting: len(waiting(d.Agenda)), Hold: c.Can(ActionMeeting), OpenLink: queueURL(d.Meeting, ""),
		Weekday: c.Text("review.meeting.day_" + s.Policy().Meeting.Weekday), Agenda: agendaTable(c, d),
	}
	for _, reason := range AgendaReasons() {
		n := 0
		for _, i := range d.Agenda {
			if i.Reason == reason {
				n++
			}
		}
		if n > 0 {
			v.Counts = append(v.Counts, web.Stat{Value: n, Text: c.Text("review.agenda_" + string(reason))})
		}
	}
	v.Past = c.Table(c.Text("review.meeting.all"), "review.meeting.held_on", "review.meeting.state")
	for _, m := range past {
		state := web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.meeting.state_closed")}
		if m.Open() {
			state = web.Badge{Tone: web.ToneNotice, Text: c.Text("review.meeting.state_open")}
		}
		v.Past.Add(web.Link{Text: c.Text("review.meeting.of", m.HeldOn), URL: m.URL()}, state)
	}
	v.Past.Empty = &web.Empty{Icon: "users", Title: c.Text("review.meeting.none"), Text: c.Text("review.meeting.none_text")}
	return v, nil
}

func agendaTable(c *web.Ctx, d MeetingDetail) web.Table {
	t := c.Table(c.Text("review.meeting.agenda"), "review.meeting.because", "review.field.title", "review.field.column", "review.meeting.since")
	for _, i := range d.Agenda {
		title := []any{web.Link{Text: i.Title, URL: i.URL()}}
		if b := priorityBadge(c, i.Priority); b != nil {
			title = append(title, b)
		}
		if i.Handled {
			title = append(title, web.Badge{Tone: web.ToneGood, Text: c.Text("review.meeting.handled")})
		}
		t.Add(reasonText(c, i), title, columnBadge(c, i.Column), itemweb.Shown(c, i.Since))
	}
	t.Empty = &web.Empty{Icon: "check", Title: c.Text("review.meeting.no_agenda"), Text: c.Text("review.meeting.no_agenda_text")}
	return t
}

func reasonText(c *web.Ctx, i AgendaItem) string {
	if i.Reason == "" {
		return ""
	}
	return c.Text("review.agenda_" + string(i.Reason))
}

type minutesView struct {
	Parts   web.Tabs
	Meeting MeetingDetail
	Title   string
	Chair   string
	Words   any
	Decided web.Table
	Change  bool
	Queue   string
	Left    int
}

func minutesViewOf(c *web.Ctx, d MeetingDetail) minutesView {
	v := minutesView{
		Parts: parts(c, "meeting"), Meeting: d, Title: c.Text("review.meeting.of", d.HeldOn), Chair: itemweb.NameOf(c, d.Names, d.Chair),
		Change: d.Open() && c.Can(ActionMeeting), Queue: queueURL(d.Meeting, ""), Left: len(waiting(d.Agenda)),
	}
	if d.Minutes != "" {
		v.Words = prose(d.Minutes)
	}
	v.Decided = c.Table(c.Text("review.meeting.decided"), "review.meeting.what", "review.field.title", "review.meeting.by", "review.meeting.entry")
	for _, m := range d.Decided {
		what := []any{decidedText(c, m)}
		if m.Undone {
			what = append(what, web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.meeting.taken_back")})
		}
		entry := c.EntryLink(strconv.FormatInt(m.Entry, 10), m.Entry)
		var proof any = itemweb.None(c)
		if entry != nil {
			proof = entry
		}
		v.Decided.Add(what, web.Link{Text: m.Title, URL: m.URL()}, itemweb.NameOf(c, d.Names, item.PersonOf(m.Actor)), proof)
	}
	v.Decided.Empty = &web.Empty{Icon: "list-checks", Title: c.Text("review.meeting.nothing"), Text: c.Text("review.meeting.nothing_text")}
	return v
}

// decidedText says what was decided in a few words.
func decidedText(c *web.Ctx, m Minuted) string {
	if m.Undoes {
		return c.Text("review.meeting.undoes")
	}
	if o, ok := m.changed("outcome"); ok {
		return c.Text("review.outcome_" + o.To)
	}
	var parts []string
	if to, ok := m.changed("column"); ok {
		parts = append(parts, c.Text("review.meeting.to", columnText(c, Column(to.To))))
	}
	if q, ok := m.changed("quarter"); ok && q.To != "" {
		parts = append(parts, q.To)
	}
	if p, ok := m.changed("priority"); ok && p.To != "" {
		parts = append(parts, c.Text("review.priority_"+p.To))
	}
	if _, ok := m.changed("not_ready"); ok {
		parts = append(parts, c.Text("review.meeting.not_ready"))
	}
	if len(parts) == 0 {
		_, kind, _ := strings.Cut(m.Kind, ".")
		return c.Text("review.entry_kind." + kind)
	}
	return strings.Join(parts, ", ")
}

type queueView struct {
	Queue      queueItem
	Action     string
	Reason     string
	Facts      web.Terms
	Timer      any
	Short      []web.Choice
	Notice     *web.Alert // what the quarter would have
	Buttons    []queueButton
	Skip       string
	Again      string // the beginning, if something was skipped
	Dismiss    string // the question before; "": it cannot be dismissed here
	Decide     string // where the outcome is given; empty: not by this reader, or not yet
	Undo       string // what would be taken back; "": nothing
	UndoAt     string
	Minutes    string
	Progress   web.Progress
	Priorities []web.Choice
}

// queueButton is a decision that one key takes.
type queueButton struct {
	Key, Text, Needs string // Needs: the field without which it is not taken
	First            bool
}

func (s *Service) queueView(c *web.Ctx, q queueItem, _ *web.Form) (any, error) {
	v := queueView{
		Queue: q, Action: q.Meeting.URL() + "/next", UndoAt: q.Meeting.URL() + "/undo", Minutes: q.Meeting.URL(),
		Progress: web.Progress{Label: c.Text("review.queue.progress"), Text: c.Text("review.queue.so_far", q.Handled, q.Left, q.Skipped),
			Done: q.Handled, All: q.Handled + q.Left + q.Skipped + min(1, len(q.Review.ID))},
	}
	if q.Skipped > 0 {
		v.Again = v.Action
	}
	if q.Undo != nil {
		v.Undo = c.Text("review.queue.undo_of", q.Undo.Title, decidedText(c, *q.Undo))
		c.Prefill(v.UndoAt, url.Values{"entry": {strconv.FormatInt(q.Undo.Entry, 10)}, "after": {q.After}, "review": {q.Review.ID}})
	}
	if q.Review.ID == "" {
		return v, nil
	}
	d := q.Review
	v.Priorities = c.Choices("review.priority_", web.Strings(Priorities())...)
	v.Reason, v.Short, v.Facts = reasonText(c, *q.Item), shortChoices(d), queueFacts(c, q)
	v.Skip = queueURL(q.Meeting, q.Here)
	if !d.Clock.Start.IsZero() {
		v.Timer = timer(c, d)
	}
	if slices.Contains(movesHere(d.Column), Planned) {
		room, err := s.planAlert(c, d)
		if err != nil {
			return nil, err
		}
		v.Notice = &room
	}
	v.Buttons = queueButtons(c, d)
	if d.May("decide") {
		v.Decide = d.URL() + "/decide?meeting=" + url.QueryEscape(q.Meeting.ID)
	}
	if d.May("dismiss") {
		after := q.After
		if after == "" {
			after = noPlace
		}
		v.Dismiss = q.Meeting.URL() + "/dismiss/" + url.PathEscape(d.ID) + "/" + url.PathEscape(after)
	}
	return v, nil
}

// queueButtons are the moves that lead from where the review stands.
func queueButtons(c *web.Ctx, d Detail) []queueButton {
	if d.Done() || !d.May("move") {
		return nil
	}
	var all []queueButton
	for _, b := range []struct {
		key   string
		to    Column
		needs string
	}{{keyBack, BackOrders, ""}, {keyPlan, Planned, ""}, {keyStart, InProgress, ""}, {keyWait, Waiting, "reason"}, {keyNotReady, Waiting, ""}} {
		if slices.Contains(movesHere(d.Column), b.to) {
			needs := b.needs
			if b.key == keyNotReady && len(d.Shortfalls) == 0 {
				continue
			}
			all = append(all, queueButton{Key: b.key, Text: c.Text("review.queue.act_" + b.key), Needs: needs, First: len(all) == 0})
		}
	}
	return all
}

// queueFacts are what one needs to know to decide.
func queueFacts(c *web.Ctx, q queueItem) web.Terms {
	d := q.Review
	var t web.Terms
	add := func(key string, value any) {
		t.Items = append(t.Items, web.Term{Name: c.Text(key), Value: itemweb.Shown(c, value)})
	}
	stand := []any{columnBadge(c, d.Column), forceBadge(c, d.Required)}
	if b := priorityBadge(c, d.Priority); b != nil {
		stand = append(stand, b)
	}
	add("review.field.column", stand)
	add("review.field.kind", d.KindTitle)
	if d.Subject != "" {
		add("review.field.subject", itemweb.SubjectLink(d.Subject, d.SubjectTitle))
	}
	add("review.queue.asked_by", d.named(c, d.Requester))
	add("review.queue.received", d.ReceivedAt)
	add("review.queue.effort", c.Text("review.queue.days", web.Figure(d.Effort)))
	lead := d.named(c, d.Lead)
	if lead != "" {
		lead = c.Text("review.queue.lead_load", lead, web.Figure(q.Lead.Taken()), web.Figure(q.Lead.Days))
	}
	add("review.field.lead", lead)
	if d.Wait.Reason != "" {
		add("review.queue.waits_for", d.Wait.Reason)
	}
	open := 0
	for _, one := range d.Questions {
		if one.State == QuestionOpen || one.State == QuestionAnswered {
			open++
		}
	}
	if open > 0 {
		add("review.queue.questions", c.Text("review.queue.questions_open", open))
	}
	return t
}
