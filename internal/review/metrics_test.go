// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/review"
)

// A percentile is one of the values; at least that share lies at or below it, and
// less than that share lies below it.
func TestPercentile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, 50).Draw(t, "hours")) * time.Hour
		}), 1, 40).Draw(t, "values")
		slices.Sort(values)
		p := rapid.IntRange(1, 100).Draw(t, "p")
		got := review.Percentile(values, p)
		below, upTo := 0, 0
		for _, v := range values {
			if v < got {
				below++
			}
			if v <= got {
				upTo++
			}
		}
		if !slices.Contains(values, got) || upTo*100 < p*len(values) || below*100 >= p*len(values) {
			t.Fatalf("%d%% of %v is %v", p, values, got)
		}
	})
}

// The union of pauses is in order, without overlap, within the time, and as long as
// the moments that lie in any of them.
func TestUnionOfPauses(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	rapid.Check(t, func(t *rapid.T) {
		var pauses []review.Pause
		for range rapid.IntRange(0, 8).Draw(t, "pauses") {
			from := rapid.IntRange(-10, 60).Draw(t, "from")
			p := review.Pause{From: hour(from)}
			if n := rapid.IntRange(-1, 20).Draw(t, "hours"); n >= 0 {
				p.Until = hour(from + n)
			}
			pauses = append(pauses, p)
		}
		end := rapid.IntRange(0, 50).Draw(t, "end")
		want := 0
		for h := range end {
			in := func(p review.Pause) bool {
				return !p.From.After(hour(h)) && (p.Until.IsZero() || p.Until.After(hour(h)))
			}
			if slices.ContainsFunc(pauses, in) {
				want++
			}
		}
		slices.SortStableFunc(pauses, func(a, b review.Pause) int { return a.From.Compare(b.From) })
		got, last := time.Duration(0), start
		for _, p := range review.Union(pauses, start, hour(end)) {
			if p.From.Before(last) || !p.Until.After(p.From) || p.Until.After(hour(end)) {
				t.Fatalf("%+v", p)
			}
			got, last = got+p.Until.Sub(p.From), p.Until
		}
		if got != time.Duration(want)*time.Hour {
			t.Fatalf("%s, not %d hours, of %+v", got, want, pauses)
		}
	})
}

// find returns the one that is looked for, without those that count nothing.
func find[T any](t *testing.T, all []T, is func(T) bool) T {
	t.Helper()
	i := slices.IndexFunc(all, is)
	if i < 0 {
		t.Fatalf("not in %+v", all)
	}
	return all[i]
}

func TestMetrics(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		started := b.now()
		quarter, month := review.QuarterOf(started, time.UTC), started.Format("2006-01")
		r := b.given(b.accepted(quarter, 4), "lead", review.Leads)
		short := b.requested("", named("short"))
		old := b.requested("", named("old"))
		r, err := b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
		b.must(err)
		b.at(2 * oneDay)
		short = b.moved(short, review.MoveInput{To: review.Waiting, NotReady: []string{"title"}})
		r = b.moved(r, review.MoveInput{To: review.InProgress})
		q, err := b.Ask(b.as("lead"), r.ID, r.Version, review.AskInput{Text: "Who?"})
		b.must(err)
		b.at(5 * oneDay)
		_, err = b.Answer(b.as("owner"), r.ID, r.Version+1, q.ID, "We.")
		b.must(err)
		short, err = b.Resubmit(b.as("requester"), short.ID, short.Version)
		b.must(err)
		r.Version += 2
		b.at(6 * oneDay)
		b.decided(r, review.NotApproved)

		m, err := b.Metrics(b.as("owner"), review.MetricsInput{})
		b.must(err)
		in := func(c review.Column) review.WaitedIn {
			return find(t, m.Waiting, func(w review.WaitedIn) bool { return w.Month == month && w.Column == c })
		}
		for c, want := range map[review.Column]review.Spread{
			review.Incoming: {Count: 1, Median: 2, P90: 2}, review.Planned: {Count: 1, Median: 2, P90: 2},
			review.InProgress: {Count: 1, Median: 4, P90: 4}, review.Waiting: {Count: 1, Median: 3, P90: 3}, review.BackOrders: {},
		} {
			if diff := cmp.Diff(want, in(c).Spread); diff != "" {
				t.Errorf("%s: %s", c, diff)
			}
		}
		decided := find(t, m.Decision, func(d review.DecidedIn) bool { return d.Month == month })
		if want := (review.DecidedIn{Month: month, Spread: review.Spread{Count: 1, Median: 6, P90: 6}, Net: review.Spread{Count: 1, Median: 3, P90: 3}}); decided != want {
			t.Errorf("decided %+v, not %+v", decided, want)
		}
		planned := find(t, m.Planned, func(p review.PlannedIn) bool { return p.Quarter == quarter })
		if want := (review.PlannedIn{Quarter: quarter, Accepted: 1, Done: 1, Days: 4, DoneDays: 4}); planned != want {
			t.Errorf("planned %+v, not %+v", planned, want)
		}
		ready := find(t, m.NotReady, func(n review.NotReadyIn) bool { return n.Quarter == quarter && n.Kind == "" })
		if want := (review.NotReadyIn{Quarter: quarter, Received: 3, Reviews: 1, Moves: 1, Share: .33}); ready != want {
			t.Errorf("not ready %+v, not %+v", ready, want)
		}
		if got, want := m.Oldest[0], (review.OldestIn{Column: review.Incoming, Count: 2, Days: 6, Review: old.ID}); got != want {
			t.Errorf("oldest %+v, not %+v", got, want)
		}
		if len(m.Waiting) != 12*5 || len(m.Decision) != 12 || len(m.Planned) != 8 || short.Column != review.Incoming {
			t.Errorf("%d, %d, %d", len(m.Waiting), len(m.Decision), len(m.Planned))
		}
	})
}

// A restricted review changes no number for whoever does not see it.
func TestMetricsHideWhatIsRestricted(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.requested("")
		in := b.requested("", inConfidence)
		before, err := b.Metrics(b.as("triager"), review.MetricsInput{})
		b.must(err)
		in, err = b.Move(b.as("lead"), in.ID, in.Version, review.MoveInput{To: review.Waiting, NotReady: []string{"title"}})
		b.must(err)
		_, err = b.Withdraw(b.as("lead"), in.ID, in.Version, "no")
		b.must(err)
		after, err := b.Metrics(b.as("triager"), review.MetricsInput{})
		b.must(err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
		if before.Oldest[0].Count != 1 {
			t.Errorf("%+v", before.Oldest)
		}
		theirs, err := b.Metrics(b.as("lead"), review.MetricsInput{})
		b.must(err)
		if cmp.Equal(theirs, after) {
			t.Error("who sees it counts the same")
		}
	})
}
