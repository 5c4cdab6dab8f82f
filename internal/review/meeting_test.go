// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/review"
)

// named is a change of what is requested: its title.
func named(title string) func(*review.RequestInput) {
	return func(in *review.RequestInput) { in.Title = title }
}

// onAgenda are the titles on an agenda, each with its reason.
func onAgenda(d review.MeetingDetail) []string {
	all := []string{}
	for _, i := range d.Agenda {
		all = append(all, string(i.Reason)+" "+i.Title)
	}
	return all
}

func (b *bureau) moved(r review.Review, in review.MoveInput) review.Review {
	b.t.Helper()
	r, err := b.Move(b.as("triager"), r.ID, r.Version, in)
	b.must(err)
	return r
}

func (b *bureau) opened() review.Meeting {
	b.t.Helper()
	m, err := b.OpenMeeting(b.as("triager"), "")
	b.must(err)
	return m
}

// Each review stands on the agenda once, for its first reason.
func TestAgenda(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		b.moved(b.requested("", named("stalled long")), review.MoveInput{To: review.Waiting, Reason: "Budget"})
		over := b.started("", named("over"))
		condition := b.decided(b.started(b.project("kit").Ref, named("overdue")), review.ApprovedWithConditions,
			review.ConditionInput{Text: "Pin it", Owner: "owner", Due: b.now().Add(20 * oneDay), Proof: "The lock file"})
		b.at(31 * oneDay)
		b.requested("", named("new, low"))
		urgent := review.Urgent
		first := b.requested("", named("new, urgent"))
		_, err := b.Estimate(b.as("triager"), first.ID, first.Version, review.EstimateInput{Priority: &urgent})
		b.must(err)
		back := b.moved(b.requested("", named("mended")), review.MoveInput{To: review.Waiting, NotReady: []string{"title"}})
		_, err = b.Resubmit(b.as("requester"), back.ID, back.Version)
		b.must(err)
		b.moved(b.requested("", named("leaderless")), review.MoveInput{To: review.Planned, Quarter: now})
		led := b.given(b.requested("", named("this week")), "lead", review.Leads)
		b.moved(led, review.MoveInput{To: review.Planned, Quarter: now, ScheduledFor: b.now().Format(time.DateOnly)})
		far := b.given(b.requested("", named("next month")), "lead", review.Leads)
		b.moved(far, review.MoveInput{To: review.Planned, Quarter: now, ScheduledFor: b.now().Add(30 * oneDay).Format(time.DateOnly)})
		b.moved(b.requested("", named("stalled just now")), review.MoveInput{To: review.Waiting, Reason: "Budget"})
		asked := b.started("", named("answered"))
		q, err := b.Ask(b.as("lead"), asked.ID, asked.Version, review.AskInput{Text: "Who runs it?"})
		b.must(err)
		_, err = b.Answer(b.as("owner"), asked.ID, asked.Version+1, q.Label, "We do.")
		b.must(err)
		ready := b.started("", named("ready"))
		_, err = b.Find(b.as("lead"), ready.ID, ready.Version, review.FindInput{Kind: review.Gap, Title: "No log"})
		b.must(err)
		b.started("", named("just begun"))

		d, err := b.Meeting(b.as("reviewer"), "")
		b.must(err)
		want := []string{
			"incoming new, urgent", "incoming new, low", "resubmitted mended", "planned this week", "no_lead leaderless",
			"answered answered", "stalled stalled long", "overdue overdue", "clock over", "ready ready",
		}
		if diff := cmp.Diff(want, onAgenda(d)); diff != "" {
			t.Error(diff)
		}
		for _, i := range d.Agenda {
			switch i.Review {
			case over.ID:
				if !i.Since.Equal(storetest.Start().Add(30 * oneDay)) {
					t.Errorf("the clock was over at %s", i.Since)
				}
			case condition.ID:
				if i.Number != 1 || i.Column != review.Done {
					t.Errorf("%+v", i)
				}
			}
		}
		if d.ID != "" || len(d.Decided) > 0 {
			t.Errorf("no meeting is open: %+v", d.Meeting)
		}
	})
}

func TestMeetingFromBeginToEnd(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		first, second := b.requested("", named("A")), b.requested("", named("B"))
		third := b.requested("", named("C"))
		m := b.opened()
		if m.Chair != "triager" || m.HeldOn != b.now().Format(time.DateOnly) {
			t.Errorf("%+v", m)
		}
		if _, err := b.OpenMeeting(b.as("reviewer"), ""); !fault.HasCode(err, "review.meeting_open") {
			t.Error(err)
		}
		first = b.moved(first, review.MoveInput{To: review.BackOrders, Priority: review.High, Meeting: m.ID})
		second, err := b.Dismiss(b.as("triager"), second.ID, second.Version, "A routine change.", m.ID)
		b.must(err)
		b.moved(third, review.MoveInput{To: review.BackOrders}) // outside of it
		m, err = b.SaveMinutes(b.as("triager"), m.ID, m.Version, "## Present\n\nAll.")
		b.must(err)
		if _, err := b.CloseMeeting(b.as("triager"), m.ID, m.Version-1); !fault.Is(err, fault.Stale) {
			t.Error(err)
		}
		m, err = b.CloseMeeting(b.as("reviewer"), m.ID, m.Version)
		b.must(err)
		d, err := b.Meeting(b.as("owner"), m.ID)
		b.must(err)
		var got []string
		for _, one := range d.Decided {
			got = append(got, one.Title+" "+one.Kind)
		}
		if diff := cmp.Diff([]string{"A " + review.KindMoved, "B " + review.KindWithdrawn}, got); diff != "" || len(d.Agenda) > 0 {
			t.Error(diff, d.Agenda)
		}
		for _, err := range []error{
			errOf(b.SaveMinutes(b.as("triager"), m.ID, m.Version, "Something else.")), errOf(b.CloseMeeting(b.as("triager"), m.ID, m.Version)),
			errOf(b.Move(b.as("triager"), first.ID, first.Version, review.MoveInput{To: review.Planned, Quarter: "2026-Q4", Meeting: m.ID})),
			errOf(b.Queue(b.as("triager"), m.ID, "")),
		} {
			if !fault.HasCode(err, "review.meeting_closed") {
				t.Error(err)
			}
		}
		entry := b.entry(m.Entry)
		entries, _ := entry["entries"].([]any)
		if len(entries) != 2 || entry["minutes_sha256"] == "" || entries[1] != float64(second.Entry) {
			t.Errorf("the entry says %v", entry)
		}
		if _, err := b.Meeting(b.as("outsider"), m.ID); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		if _, err := b.Meeting(b.as("triager"), "nosuchmeeting"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		all, err := b.Meetings(b.as("owner"))
		if err != nil || len(all) != 1 || all[0].Minutes != "" {
			t.Error(err, all)
		}
		b.opened() // another one
	})
}

func errOf[T any](_ T, err error) error { return err }

// What is restricted is neither on the agenda nor in the minutes of who does not
// see it.
func TestMeetingHidesWhatIsRestricted(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.requested("", named("open"))
		before, err := b.Meeting(b.as("triager"), "")
		b.must(err)
		hidden := b.requested("", inConfidence)
		after, err := b.Meeting(b.as("triager"), "")
		b.must(err)
		if diff := cmp.Diff(before, after, cmpopts.IgnoreUnexported(review.AgendaItem{})); diff != "" {
			t.Error(diff)
		}
		m := b.opened()
		_, err = b.Move(b.as("lead"), hidden.ID, hidden.Version, review.MoveInput{To: review.BackOrders, Meeting: m.ID})
		b.must(err)
		for person, want := range map[string]int{"triager": 0, "lead": 1} {
			d, err := b.Meeting(b.as(person), m.ID)
			b.must(err)
			if len(d.Decided) != want {
				t.Errorf("%s sees %+v", person, d.Decided)
			}
		}
		m, err = b.CloseMeeting(b.as("triager"), m.ID, m.Version)
		b.must(err)
		if entries := b.entry(m.Entry)["entries"]; entries != nil {
			t.Errorf("the entry of the meeting names %v", entries)
		}
	})
}

func TestQueue(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		first := b.requested("", named("A"))
		b.pass(time.Second)
		second := b.requested("", named("B"))
		b.pass(time.Second)
		third := b.requested("", named("C"))
		m := b.opened()
		at := func(after, want string, left, skipped, handled int) review.Queue {
			t.Helper()
			q, err := b.Queue(b.as("triager"), m.ID, after)
			b.must(err)
			title := ""
			if q.Item != nil {
				title = q.Item.Title
			}
			if title != want || q.Left != left || q.Skipped != skipped || q.Handled != handled {
				t.Errorf("%q, %d left, %d skipped, %d handled; not %q, %d, %d, %d", title, q.Left, q.Skipped, q.Handled, want, left, skipped, handled)
			}
			return q
		}
		q := at("", "A", 2, 0, 0)
		q = at(q.Here, "B", 1, 1, 0) // A was skipped
		here := q.Here
		second = b.moved(second, review.MoveInput{To: review.Planned, Quarter: "2026-Q4", Meeting: m.ID})
		// B stands on the agenda again, as one that nobody leads; it was handled.
		at(here, "C", 0, 1, 1)
		third, err := b.Dismiss(b.as("triager"), third.ID, third.Version, "Routine.", m.ID)
		b.must(err)
		q = at(here, "", 0, 1, 2)
		if q.Undo == nil || q.Undo.Review != second.ID {
			t.Fatalf("a decision that ended a review is final; the move before it is not: %+v", q.Undo)
		}
		if _, err := b.Undo(b.as("triager"), m.ID, q.Undo.Entry-1); !fault.Is(err, fault.Stale) {
			t.Error(err)
		}
		second, err = b.Undo(b.as("triager"), m.ID, q.Undo.Entry)
		b.must(err)
		if second.Column != review.Incoming || second.Quarter != "" || !second.AcceptedAt.IsZero() || !second.TriagedAt.IsZero() {
			t.Errorf("after taking back: %+v", second)
		}
		q = at("", "A", 1, 0, 1)
		if _, err := b.Undo(b.as("triager"), m.ID, 0); q.Undo != nil || !fault.HasCode(err, "review.nothing_to_undo") {
			t.Error(err)
		}
		first = b.moved(first, review.MoveInput{To: review.BackOrders, Meeting: m.ID})
		// Of somebody else, or of a review that was changed since, nothing is taken back.
		for _, person := range []string{"reviewer", "triager"} {
			if _, err := b.Undo(b.as(person), m.ID, first.Entry); (err == nil) != (person == "triager") {
				t.Error(person, err)
			}
		}
		d, err := b.Get(b.as("triager"), first.ID)
		b.must(err)
		first = b.moved(d.Review, review.MoveInput{To: review.BackOrders, Meeting: m.ID})
		effort := 3.0
		_, err = b.Estimate(b.as("reviewer"), first.ID, first.Version, review.EstimateInput{Effort: &effort})
		b.must(err)
		if _, err := b.Undo(b.as("triager"), m.ID, first.Entry); !fault.HasCode(err, "review.nothing_to_undo") {
			t.Error(err)
		}
	})
}

// What a review waited for, and its clock, are as they were.
func TestTakingBackAMoveRestoresWhatItChanged(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.given(b.requested(""), "lead", review.Leads)
		r, err := b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
		b.must(err)
		r = b.moved(r, review.MoveInput{To: review.Planned, Quarter: "2026-Q3", Priority: review.Low})
		b.at(oneDay)
		r = b.moved(r, review.MoveInput{To: review.Planned, Quarter: "2026-Q4", Priority: review.High})
		b.at(2 * oneDay)
		r = b.moved(r, review.MoveInput{To: review.Waiting, NotReady: []string{"title"}, Reason: "Say more."})
		m := b.opened()
		b.at(3 * oneDay)
		before := r
		for _, to := range []review.MoveInput{
			{To: review.InProgress, Meeting: m.ID}, {To: review.Planned, Quarter: "2027-Q1", Priority: review.Urgent, Meeting: m.ID}, {To: review.BackOrders, Meeting: m.ID},
		} {
			b.pass(time.Minute)
			r = b.moved(r, to)
			b.pass(time.Minute)
			r, err = b.Undo(b.as("triager"), m.ID, r.Entry)
			b.must(err)
			if diff := cmp.Diff(before, r, cmpopts.IgnoreFields(review.Review{}, "Version", "ChangedAt", "Entry")); diff != "" {
				t.Errorf("%s: %s", to.To, diff)
			}
		}
		d, err := b.Get(b.as("lead"), r.ID)
		b.must(err)
		if last := d.Stages[len(d.Stages)-1]; last.Column != review.Waiting || !last.Until.IsZero() {
			t.Errorf("stages %+v", d.Stages)
		}
	})
}

// pass lets some time pass.
func (b *bureau) pass(d time.Duration) { b.db.Clock().Set(b.now().Add(d)) }

// entry is the body of a ledger entry.
func (b *bureau) entry(seq int64) map[string]any {
	b.t.Helper()
	var body map[string]any
	b.read(func(r store.Reader) error {
		admin := authz.Actor{ID: "admin", Kind: authz.KindPerson, Roles: cast["admin"]}
		record, err := b.log.Entry(b.t.Context(), r, admin, seq)
		if err != nil {
			return err
		}
		return json.Unmarshal(record.Body, &body)
	})
	return body
}
