// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
)

// waits lists what the inbox of a person asks for.
func (b *bureau) waits(person string) []string {
	b.t.Helper()
	asks := []string{}
	b.read(func(r store.Reader) error {
		items, err := b.Inbox(b.t.Context(), r, authz.ActorFrom(b.as(person)))
		for _, i := range items {
			asks = append(asks, strings.TrimPrefix(i.Ask.Key, "review.inbox."))
			if i.Title == "" || !strings.HasPrefix(i.URL, "/reviews/") {
				b.t.Errorf("item %+v", i)
			}
		}
		return err
	})
	return asks
}

func (b *bureau) wantWaits(person string, asks ...string) {
	b.t.Helper()
	if diff := cmp.Diff(append([]string{}, asks...), b.waits(person)); diff != "" {
		b.t.Errorf("for %s (-want +got)\n%s", person, diff)
	}
}

// TestInbox follows a review from its request to its conditions.
func TestInbox(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.requested(b.project("tool").Ref)
		do := func(next review.Review, err error) {
			t.Helper()
			b.must(err)
			r = next
		}
		b.wantWaits("triager", "triage")
		b.wantWaits("owner")
		b.wantWaits("outsider")
		do(b.Move(b.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Waiting, NotReady: []string{"all"}}))
		b.wantWaits("triager")
		b.wantWaits("owner", "mend")
		b.wantWaits("requester", "mend")
		do(b.Resubmit(b.as("owner"), r.ID, r.Version))
		b.wantWaits("triager", "triage_again")
		b.wantWaits("owner")
		do(b.Move(b.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Planned, Quarter: "2026-Q4"}))
		b.wantWaits("triager", "lead")
		do(b.Assign(b.as("triager"), r.ID, r.Version, review.AssignInput{Person: "lead", Part: review.Leads}))
		b.wantWaits("triager")
		b.wantWaits("lead", "declare")
		do(b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict}))
		b.wantWaits("lead")
		do(b.Move(b.as("lead"), r.ID, r.Version, review.MoveInput{To: review.InProgress}))
		b.wantWaits("lead", "review")

		q, err := b.Ask(b.as("lead"), r.ID, r.Version, review.AskInput{Text: "Who updates it?"})
		b.must(err)
		b.wantWaits("owner", "answer")
		b.wantWaits("requester", "answer")
		b.wantWaits("reviewer")
		_, err = b.Answer(b.as("requester"), r.ID, r.Version+1, q.ID, "We do.")
		b.must(err)
		b.wantWaits("owner")
		b.wantWaits("lead", "review", "settle")
		_, err = b.Settle(b.as("lead"), r.ID, r.Version+2, q.ID, review.SettleInput{Settled: review.Fully})
		b.must(err)
		b.wantWaits("lead", "review")

		r.Version += 3
		do(b.Assign(b.as("lead"), r.ID, r.Version, review.AssignInput{Person: "reviewer", Part: review.SecondReader}))
		do(b.Declare(b.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict}))
		b.wantWaits("reviewer")
		_, err = b.Assess(b.as("lead"), r.ID, r.Version, 0, "It is well kept.")
		b.must(err)
		b.wantWaits("reviewer", "read")
		do(b.Read(b.as("reviewer"), r.ID, r.Version+1, "I concur."))
		b.wantWaits("reviewer")

		b.decided(r, review.ApprovedWithConditions, review.ConditionInput{Text: "Pin it.", Owner: "legal", Due: b.now().Add(oneDay), Proof: "The file."})
		b.wantWaits("lead")
		b.wantWaits("legal", "meet")
		d, err := b.Get(b.as("legal"), r.ID)
		b.must(err)
		_, err = b.Meet(b.as("legal"), r.ID, d.Version, d.Conditions[0].ID, "Done.")
		b.must(err)
		b.wantWaits("legal")
	})
}

// A review of third-party hosting waits for its assessors, then for the rank.
func TestInboxOfAssessorsAndRank(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.started(b.project("tool").Ref, func(in *review.RequestInput) { in.Kind = "third-party-hosting" })
		aspects := []string{"ideological", "legal", "security", "privacy"}
		for _, aspect := range aspects {
			var err error
			r, err = b.AskOpinion(b.as("lead"), r.ID, r.Version, aspect, "legal")
			b.must(err)
		}
		b.wantWaits("legal", "opine", "opine", "opine", "opine")
		for _, aspect := range aspects {
			b.wantWaits("executive")
			var err error
			r, err = b.Opine(b.as("legal"), r.ID, r.Version, aspect, review.OpineInput{Verdict: "acceptable", Text: "It is."})
			b.must(err)
		}
		b.wantWaits("legal")
		b.wantWaits("executive", "decide")
		b.wantWaits("owner")
		_, err := b.Decide(b.as("executive"), r.ID, r.Version, review.DecideInput{Outcome: review.NotApproved, Reason: "Too far away."})
		b.must(err)
		b.wantWaits("executive")
	})
}

// A subject that is retired ends no review; whoever could end it is told.
func TestInboxOfARetiredSubject(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		s := b.project("tool")
		r := b.started(s.Ref)
		b.wantWaits("lead", "review")
		_, err := b.catalog.Retire(b.as("triager"), s.Ref, s.Revision, "It is not used any more.")
		b.must(err)
		b.wantWaits("lead", "review", "retired")
		b.wantWaits("owner", "retired")
		b.wantWaits("requester", "retired")
		b.wantWaits("reviewer")
		d, err := b.Get(b.as("lead"), r.ID)
		b.must(err)
		if d.Done() {
			t.Error("the review was ended")
		}
	})
}

// What is hidden waits for nobody who may not see it.
func TestInboxHidesReviews(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.requested(b.project("tool").Ref, inConfidence)
		b.wantWaits("lead", "triage")
		b.wantWaits("reviewer")
	})
}

func (b *bureau) deadlines(person string) []string {
	b.t.Helper()
	all := []string{}
	b.read(func(r store.Reader) error {
		found, err := b.Deadlines(b.t.Context(), r, authz.ActorFrom(b.as(person)))
		slices.SortFunc(found, func(a, c module.Deadline) int { return a.At.Compare(c.At) })
		for _, d := range found {
			all = append(all, strings.TrimPrefix(d.What.Key, "review.soon.")+" "+d.At.Format(time.DateOnly))
		}
		return err
	})
	return all
}

func TestDeadlines(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.started(b.project("tool").Ref)
		want := func(person string, deadlines ...string) {
			t.Helper()
			if diff := cmp.Diff(append([]string{}, deadlines...), b.deadlines(person)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", person, diff)
			}
		}
		want("lead", "clock 2026-12-23")
		want("reviewer")
		q, err := b.Ask(b.as("lead"), r.ID, r.Version, review.AskInput{Text: "Who updates it?", Due: b.now().Add(5 * oneDay)})
		b.must(err)
		want("lead") // its clock stands still
		want("owner", "answer 2026-11-28")
		_, err = b.Answer(b.as("owner"), r.ID, r.Version+1, q.ID, "We do.")
		b.must(err)
		want("owner")
		_, err = b.Settle(b.as("lead"), r.ID, r.Version+2, q.ID, review.SettleInput{Settled: review.Fully})
		b.must(err)
		r.Version += 3
		b.decided(r, review.ApprovedWithConditions, review.ConditionInput{Text: "Pin it.", Owner: "legal", Due: b.now().Add(20 * oneDay), Proof: "The file."})
		want("legal", "condition 2026-12-13")
		want("lead", "condition 2026-12-13")
		b.at(340 * oneDay)
		want("owner", "approval 2027-11-23")
		b.at(365 * oneDay)
		want("owner")
	})
}

// sent lists the notices to a person, the oldest first.
func (b *bureau) sent(person string) []string {
	b.t.Helper()
	all := []string{}
	b.read(func(r store.Reader) error {
		rows, err := r.Query(b.t.Context(), "SELECT key, item, path, thread FROM notify_message WHERE person = $1 ORDER BY created_at, key", person)
		_, err = store.Collect(rows, err, func(row store.Scanner) (struct{}, error) {
			var key, item, path, thread string
			err := row.Scan(&key, &item, &path, &thread)
			if !strings.HasPrefix(item, "review:") || !strings.HasPrefix(path, "/reviews/") || (thread != "") != strings.Contains(path, "#question-") {
				b.t.Errorf("notice %s about %s leads to %s, thread %q", key, item, path, thread)
			}
			all = append(all, strings.TrimPrefix(key, "review.notice."))
			return struct{}{}, err
		})
		return err
	})
	return all
}

// People are told in the transaction that concerns them, and reminded once each.
func TestNotices(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		want := func(person string, keys ...string) {
			t.Helper()
			if diff := cmp.Diff(append([]string{}, keys...), b.sent(person)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", person, diff)
			}
		}
		r := b.requested(b.project("tool").Ref)
		r, err := b.Move(b.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Waiting, NotReady: []string{"all"}})
		b.must(err)
		want("owner", "not_ready")
		want("triager")
		b.at(time.Hour)
		_, err = b.Ask(b.as("lead"), r.ID, r.Version, review.AskInput{Text: "Who updates it?", Due: b.now().Add(10 * oneDay)})
		b.must(err)
		want("owner", "not_ready", "asked_until")
		want("requester", "not_ready", "asked_until")
		for _, at := range []time.Duration{5 * oneDay, 8 * oneDay, 9 * oneDay, 11 * oneDay, 12 * oneDay} {
			b.at(at)
			b.must(b.Remind(t.Context()))
			b.must(b.Remind(t.Context()))
		}
		want("owner", "not_ready", "asked_until", "answer_due", "answer_overdue")
		_, err = b.Withdraw(b.as("owner"), r.ID, r.Version+1, "Not now.")
		b.must(err)
		want("requester", "not_ready", "asked_until", "outcome_withdrawn")
		want("owner", "not_ready", "asked_until", "answer_due", "answer_overdue")
	})
}

func TestRemindersOfConditions(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.decided(b.started(b.project("tool").Ref), review.ApprovedWithConditions,
			review.ConditionInput{Text: "Pin it.", Owner: "legal", Due: b.now().Add(10 * oneDay), Proof: "The file."})
		for _, at := range []time.Duration{oneDay, 8 * oneDay, 9 * oneDay, 10 * oneDay, 11 * oneDay, 90 * oneDay} {
			b.at(at)
			b.must(b.Remind(t.Context()))
		}
		if diff := cmp.Diff([]string{"condition_due", "condition_overdue"}, b.sent("legal")); diff != "" {
			t.Error(diff)
		}
	})
}
