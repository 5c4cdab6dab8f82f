// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// accepted is a review that is planned for a quarter.
func (b *bureau) accepted(quarter string, effort float64, change ...func(*review.RequestInput)) review.Review {
	b.t.Helper()
	r := b.requested("", change...)
	r, err := b.Estimate(b.as("triager"), r.ID, r.Version, review.EstimateInput{Effort: &effort})
	b.must(err)
	r, err = b.Move(b.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Planned, Quarter: quarter})
	b.must(err)
	return r
}

// given gives somebody a part in a review.
func (b *bureau) given(r review.Review, person string, part review.Part) review.Review {
	b.t.Helper()
	r, err := b.Assign(b.as("triager"), r.ID, r.Version, review.AssignInput{Person: person, Part: part})
	b.must(err)
	return r
}

// lines are the people of a plan: who, days, planned, spent, over.
func lines(p review.Plan) map[string][4]float64 {
	all := map[string][4]float64{}
	for _, one := range p.People {
		all[one.Person] = [4]float64{one.Days, one.Planned, one.Spent, one.Over}
	}
	return all
}

func TestQuarters(t *testing.T) {
	athens, err := time.LoadLocation("Europe/Athens")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ got, want string }{
		{review.QuarterOf(late, time.UTC), "2026-Q4"}, {review.QuarterOf(late, athens), "2027-Q1"},
		{review.QuarterAfter("2026-Q4", 1), "2027-Q1"}, {review.QuarterAfter("2026-Q1", -1), "2025-Q4"}, {review.QuarterAfter("2026-Q2", 8), "2028-Q2"},
		{review.QuarterAfter("2026-Q5", 1), ""}, {review.QuarterAfter("soon", 1), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, not %q", tt.got, tt.want)
		}
	}
}

// The office has two reviewers of twenty days each, and a triager of none.
func TestPlan(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		before, next := review.QuarterAfter(now, -1), review.QuarterAfter(now, 1)
		b.must(b.SetCapacity(b.as("lead"), "lead", now, 10))
		b.given(b.given(b.accepted(now, 9), "lead", review.Leads), "reviewer", review.SecondReader)
		b.given(b.given(b.accepted(now, 6), "lead", review.Leads), "reviewer", review.Reviews)
		b.given(b.accepted(before, 4), "reviewer", review.Leads)
		b.accepted(now, 3)
		b.accepted(next, 50)
		b.moved(b.accepted(now, 11), review.MoveInput{To: review.BackOrders})
		gone := b.accepted(now, 30)
		_, err := b.Withdraw(b.as("triager"), gone.ID, gone.Version, "no longer")
		b.must(err)

		p, err := b.Plan(b.as("reviewer"), "")
		b.must(err)
		want := map[string][4]float64{"lead": {10, 12, 0, 2}, "reviewer": {20, 7, 0, 0}}
		if diff := cmp.Diff(want, lines(p)); diff != "" {
			t.Error(diff)
		}
		if got, want := []float64{p.Capacity, p.Planned, p.LeftOver, p.Nobodys, p.Over}, []float64{30, 22, 4, 3, 0}; !cmp.Equal(got, want) {
			t.Errorf("capacity, planned, left over, unassigned, over: %v, not %v", got, want)
		}
		if p.People[0].Person != "lead" || p.Quarter != now || len(p.Reviews) != 4 {
			t.Errorf("%+v", p)
		}
		if diff := cmp.Diff(review.QuarterPlan{Quarter: next, Capacity: 40, Planned: 50, Reviews: 1}, p.Further[0]); diff != "" {
			t.Error(diff)
		}

		later, err := b.Plan(b.as("reviewer"), next)
		b.must(err)
		if later.Over != 10 || later.Capacity != 40 || later.LeftOver != 0 {
			t.Errorf("next quarter: %+v", later)
		}
		text, over, err := b.PlanNotice(b.as("triager"), now, 8)
		if err != nil || over || text.Key != "review.plan.notice_room" {
			t.Error(text, over, err)
		}
		text, over, err = b.PlanNotice(b.as("triager"), now, 8.5)
		if err != nil || !over || !cmp.Equal(text.Args, []any{now, "30.5", "30", "0.5"}) {
			t.Error(text, over, err)
		}
		_, err = b.Plan(b.as("reviewer"), "2026-Q9")
		wantCodeAt(t, err, "quarter", "syntax")
		_, err = b.Plan(b.as("outsider"), "")
		if !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
	})
}

// What is done took its time, and whoever has a hard conflict carries nothing.
func TestPlanOfWhatIsDone(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		r := b.given(b.accepted(now, 5), "lead", review.Leads)
		r, err := b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
		b.must(err)
		r, err = b.Move(b.as("lead"), r.ID, r.Version, review.MoveInput{To: review.InProgress})
		b.must(err)
		b.decided(r, review.NotApproved)
		hard := b.given(b.accepted(now, 7), "reviewer", review.Leads)
		_, err = b.Declare(b.as("reviewer"), hard.ID, hard.Version, review.DeclareInput{Conflict: review.Hard, Words: "My own."})
		b.must(err)
		p, err := b.Plan(b.as("triager"), now)
		b.must(err)
		want := map[string][4]float64{"lead": {20, 0, 5, 0}, "reviewer": {20, 0, 0, 0}}
		if diff := cmp.Diff(want, lines(p)); diff != "" || p.Nobodys != 7 || p.Spent != 5 {
			t.Error(diff, p.Nobodys, p.Spent)
		}
		planned, running, done := p.Count()
		if planned != 1 || running != 0 || done != 1 {
			t.Error(planned, running, done)
		}
	})
}

// A restricted review changes nothing for whoever does not see it.
func TestPlanHidesWhatIsRestricted(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		b.given(b.accepted(now, 5), "reviewer", review.Leads)
		before, err := b.Plan(b.as("reviewer"), now)
		b.must(err)
		in := b.requested("", inConfidence)
		effort := 40.0
		in, err = b.Estimate(b.as("lead"), in.ID, in.Version, review.EstimateInput{Effort: &effort})
		b.must(err)
		_, err = b.Move(b.as("lead"), in.ID, in.Version, review.MoveInput{To: review.Planned, Quarter: now})
		b.must(err)
		after, err := b.Plan(b.as("reviewer"), now)
		b.must(err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
		theirs, err := b.Plan(b.as("lead"), now)
		b.must(err)
		if theirs.Planned != 45 || len(theirs.Reviews) != 2 {
			t.Errorf("who sees it: %+v", theirs)
		}
	})
}

func TestProvide(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		b.must(b.SetSkills(b.as("reviewer"), "", []string{" Kubernetes", "go", "kubernetes", ""}))
		b.must(b.SetCapacity(b.as("triager"), "reviewer", "", 2.5))
		b.must(b.SetCapacity(b.as("triager"), "reviewer", "", 7.25))
		p, err := b.Plan(b.as("owner"), "")
		b.must(err)
		for _, one := range p.People {
			if one.Person == "reviewer" && (one.Days != 7.25 || !one.Said || !cmp.Equal(one.Skills, []string{"go", "kubernetes"})) {
				t.Errorf("%+v", one)
			}
		}
		for _, tt := range []struct {
			in         review.CapacityInput
			path, code string
		}{
			{review.CapacityInput{Person: "nobody", Days: new(float64)}, "person", "unknown"},
			{review.CapacityInput{Person: "owner", Days: new(float64)}, "person", "not_a_reviewer"},
			{review.CapacityInput{Person: "lead", Quarter: "2026", Days: new(float64)}, "quarter", "syntax"},
			{review.CapacityInput{Person: "lead", Quarter: now, Days: ptr(93.0)}, "days", "range"},
			{review.CapacityInput{Person: "lead", Skills: &[]string{"a\x00b"}}, "skills", "encoding"},
			{review.CapacityInput{Person: "lead", Skills: ptr(strings.Split(strings.Repeat("x ", 41), " "))}, "", ""},
		} {
			err := b.Provide(b.as("triager"), tt.in)
			if tt.path == "" {
				b.must(err) // one skill, 41 times
				continue
			}
			wantCodeAt(t, err, tt.path, tt.code)
		}
		if err := b.Provide(b.as("triager"), review.CapacityInput{Person: "lead"}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if err := b.SetCapacity(b.as("owner"), "owner", now, 1); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// wantCodeAt expects a fault that names a field with a code.
func wantCodeAt(t *testing.T, err error, path, code string) {
	t.Helper()
	for _, f := range fault.From(err).Fields {
		if f.Path == path && f.Code == code {
			return
		}
	}
	t.Errorf("no %s %s in %+v", path, code, fault.From(err))
}

func TestSuggest(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := review.QuarterOf(b.now(), time.UTC)
		b.must(b.SetSkills(b.as("reviewer"), "reviewer", []string{"kubernetes", "go"}))
		b.must(b.SetSkills(b.as("lead"), "lead", []string{"go"}))
		b.must(b.Provide(b.as("triager"), review.CapacityInput{Person: "triager", Quarter: now, Days: ptr(5.0)}))
		busy := b.given(b.accepted(now, 4), "reviewer", review.Leads)
		r := b.accepted(now, 6, func(in *review.RequestInput) {
			in.Technologies = []kind.Technology{{Name: "Kubernetes cluster", State: kind.Candidate}, {Name: "Go", State: kind.Dropped}}
		})
		all, err := b.Suggest(b.as("triager"), r.ID)
		b.must(err)
		var got []string
		for _, c := range all {
			got = append(got, c.Person+": "+c.Because)
		}
		want := []string{"reviewer: knows kubernetes; 4 of 20 days taken", "lead: 0 of 20 days taken", "triager: 0 of 5 days taken, no room for 6 more"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// Who has a part already, or asked for it, does not come into question.
		all, err = b.Suggest(b.as("triager"), busy.ID)
		b.must(err)
		for _, c := range all {
			if c.Person == "reviewer" {
				t.Errorf("%+v", c)
			}
		}
		own, err := b.Request(b.as("lead"), review.RequestInput{Kind: "third-party-code", Title: "Mine"})
		b.must(err)
		all, err = b.Suggest(b.as("triager"), own.ID)
		b.must(err)
		for _, c := range all {
			if c.Person == "lead" {
				t.Errorf("%+v", c)
			}
		}
		if _, err := b.Suggest(b.as("owner"), r.ID); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		hidden := b.requested("", inConfidence)
		if _, err := b.Suggest(b.as("triager"), hidden.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

// However reviews are shared out, what people carry and what nobody does is what is
// planned, and nobody is over who was not given more than they have.
func TestPlanAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := []string{"a", "b", "c"}
		p := review.Plan{}
		for _, id := range people {
			p.People = append(p.People, review.PersonPlan{Person: id, Days: float64(rapid.IntRange(0, 30).Draw(t, "days"))})
		}
		for range rapid.IntRange(0, 12).Draw(t, "reviews") {
			p.Reviews = append(p.Reviews, review.PlannedReview{
				ID: "r", Effort: float64(rapid.IntRange(0, 40).Draw(t, "effort")) / 2,
				Column:    rapid.SampledFrom(review.Columns()).Draw(t, "column"),
				CarriedBy: rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 3, rapid.ID[string]).Draw(t, "by"),
			})
		}
		total := 0.0
		for _, r := range p.Reviews {
			if r.Column != review.Done || len(r.CarriedBy) > 0 {
				total += r.Effort
			}
		}
		review.FillPlan(&p)
		sum := p.Nobodys
		for _, one := range p.People {
			sum += one.Planned + one.Spent
			if (one.Over > 0) != (one.Taken() > one.Days) {
				t.Fatalf("over: %+v", one)
			}
		}
		if d := sum - total; d > .1 || d < -.1 {
			t.Fatalf("%v carried of %v: %+v", sum, total, p)
		}
	})
}
