// SPDX-License-Identifier: Apache-2.0

package review

import (
	"math"
	"slices"
	"time"
)

// How far back metrics look.
const (
	metricMonths   = 12
	metricQuarters = 8
)

// Metrics tell how the service itself does, from the reviews that the reader may
// see. Days are of 24 hours. What came from elsewhere was not done here, and is left
// out unless it is asked for.
type Metrics struct {
	AsOf     time.Time         `json:"as_of"`
	Imported bool              `json:"imported" doc:"reviews that came from elsewhere are counted"`
	Oldest   []OldestIn        `json:"oldest" nullable:"false" doc:"by column of the board"`
	Waiting  []WaitedIn        `json:"waiting" nullable:"false" doc:"by month in which a review left a column, and column"`
	Decision []DecidedIn       `json:"decision" nullable:"false" doc:"by month of the decision"`
	Planned  []PlannedIn       `json:"planned" nullable:"false" doc:"by quarter that reviews were accepted for"`
	NotReady []NotReadyIn      `json:"not_ready" nullable:"false" doc:"by quarter in which reviews were received, and kind"`
	Kinds    map[string]string `json:"kinds" doc:"titles of the kinds by name"`
}

// OldestIn is the review that stands in a column for the longest time.
type OldestIn struct {
	Column Column  `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting"`
	Count  int     `json:"count" doc:"reviews in the column"`
	Days   float64 `json:"days" doc:"for how long the oldest has stood there"`
	Review string  `json:"review,omitempty" doc:"id of the oldest"`
}

// Spread is what the middle and the slow end of some lengths of time are, in days:
// the shortest within which half of them, and nine in ten, lie. Without any both
// are 0.
type Spread struct {
	Count  int     `json:"count"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
}

// WaitedIn is for how long reviews had stood in a column when they left it.
type WaitedIn struct {
	Month  string `json:"month" doc:"such as 2026-11"`
	Column Column `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting"`
	Spread
}

// DecidedIn is how long it took from receiving a review to deciding it.
type DecidedIn struct {
	Month string `json:"month"`
	Spread
	Net Spread `json:"net" doc:"without the time that the requesting side had to answer or that it stood still"`
}

// PlannedIn is what became of what was accepted for a quarter.
type PlannedIn struct {
	Quarter  string  `json:"quarter"`
	Accepted int     `json:"accepted"`
	Done     int     `json:"done" doc:"by the end of the quarter"`
	Late     int     `json:"late" doc:"done after it"`
	Days     float64 `json:"days" doc:"person-days accepted"`
	DoneDays float64 `json:"done_days" doc:"person-days of what was done by the end of the quarter"`
}

// NotReadyIn is how many of the reviews received in a quarter triage found not to be
// ready, at least once.
type NotReadyIn struct {
	Quarter  string  `json:"quarter"`
	Kind     string  `json:"kind,omitempty" doc:"absent: of all kinds"`
	Received int     `json:"received"`
	Reviews  int     `json:"reviews" doc:"of these, found not to be ready"`
	Moves    int     `json:"moves" doc:"how often that happened to them"`
	Share    float64 `json:"share" doc:"reviews by received, from 0 to 1"`
}

// spread computes the spread of lengths of time, by nearest rank. It sorts them.
func spread(lengths []time.Duration) Spread {
	if len(lengths) == 0 {
		return Spread{}
	}
	slices.Sort(lengths)
	return Spread{Count: len(lengths), Median: days(percentile(lengths, 50)), P90: days(percentile(lengths, 90))}
}

// percentile returns the least of the sorted values below or at which p percent of
// them lie.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, int(math.Ceil(float64(p)*float64(len(sorted))/100))-1)]
}

// measured is what is known of a review to measure it.
type measured struct {
	ID       string
	Kind     string
	Column   Column
	Outcome  Outcome
	Quarter  string
	Effort   float64
	Received time.Time
	Done     time.Time
	Stages   []Stage // only those within the time that is looked at
	Pauses   []Pause
}

// measure computes the metrics at now; months and quarters are those of the zone.
func measure(all []measured, now time.Time, zone *time.Location) Metrics {
	m := Metrics{AsOf: now}
	m.Oldest = oldestIn(all, now)
	m.Waiting = waitedIn(all, now, zone)
	m.Decision = decidedIn(all, now, zone)
	m.Planned = plannedIn(all, now, zone)
	m.NotReady = notReadyIn(all, now, zone)
	return m
}

// working are the columns in which a review waits or is worked on.
func working() []Column { return Columns()[:len(Columns())-1] }

// lastMonths returns the months that metrics show, the oldest first, and where each
// begins, with the end of the last one.
func lastMonths(now time.Time, zone *time.Location) (names []string, begins []time.Time) {
	local := now.In(zone)
	for n := range metricMonths + 1 {
		t := time.Date(local.Year(), local.Month()-metricMonths+1+time.Month(n), 1, 0, 0, 0, 0, zone)
		begins = append(begins, t)
		if n < metricMonths {
			names = append(names, t.Format("2006-01"))
		}
	}
	return names, begins
}

// monthOf returns which of the months an instant lies in, or -1.
func monthOf(t time.Time, begins []time.Time) int {
	i, here := slices.BinarySearchFunc(begins, t, time.Time.Compare)
	if !here {
		i--
	}
	if i >= len(begins)-1 {
		return -1
	}
	return i
}

// lastQuarters returns the quarters that metrics show, the oldest first.
func lastQuarters(now time.Time, zone *time.Location) []string {
	this := QuarterOf(now, zone)
	all := make([]string, metricQuarters)
	for i := range all {
		all[i] = QuarterAfter(this, i-metricQuarters+1)
	}
	return all
}

func oldestIn(all []measured, now time.Time) []OldestIn {
	out := make([]OldestIn, len(working()))
	since := make([]time.Time, len(out))
	for i, c := range working() {
		out[i].Column = c
	}
	for _, r := range all {
		i := slices.Index(working(), r.Column)
		if i < 0 {
			continue
		}
		out[i].Count++
		at := r.Received
		if here := slices.IndexFunc(r.Stages, func(s Stage) bool { return s.Until.IsZero() }); here >= 0 {
			at = r.Stages[here].From
		}
		if out[i].Review == "" || at.Before(since[i]) {
			since[i], out[i].Review, out[i].Days = at, r.ID, days(now.Sub(at))
		}
	}
	return out
}

// passing is below which a stay in a column is no waiting: a move that was taken
// back at once.
const passing = time.Minute

func waitedIn(all []measured, now time.Time, zone *time.Location) []WaitedIn {
	names, begins := lastMonths(now, zone)
	columns := working()
	lengths := make([][]time.Duration, len(names)*len(columns))
	for _, r := range all {
		for _, s := range r.Stages {
			month, column := monthOf(s.Until, begins), slices.Index(columns, s.Column)
			if length := s.Until.Sub(s.From); !s.Until.IsZero() && month >= 0 && column >= 0 && length >= passing {
				lengths[month*len(columns)+column] = append(lengths[month*len(columns)+column], length)
			}
		}
	}
	out := make([]WaitedIn, len(lengths))
	for i := range lengths {
		out[i] = WaitedIn{Month: names[i/len(columns)], Column: columns[i%len(columns)], Spread: spread(lengths[i])}
	}
	return out
}

// decision reports whether the outcome says something about what was reviewed.
func (o Outcome) decision() bool {
	return o == Advice || o == Approved || o == ApprovedWithConditions || o == NotApproved
}

func decidedIn(all []measured, now time.Time, zone *time.Location) []DecidedIn {
	names, begins := lastMonths(now, zone)
	whole, net := make([][]time.Duration, len(names)), make([][]time.Duration, len(names))
	for _, r := range all {
		month := monthOf(r.Done, begins)
		if r.Done.IsZero() || !r.Outcome.decision() || month < 0 {
			continue
		}
		length := max(0, r.Done.Sub(r.Received))
		whole[month] = append(whole[month], length)
		slices.SortStableFunc(r.Pauses, func(a, b Pause) int { return a.From.Compare(b.From) })
		for _, p := range union(r.Pauses, r.Received, r.Done) {
			length -= p.Until.Sub(p.From)
		}
		net[month] = append(net[month], length)
	}
	out := make([]DecidedIn, len(names))
	for i := range names {
		out[i] = DecidedIn{Month: names[i], Spread: spread(whole[i]), Net: spread(net[i])}
	}
	return out
}

func plannedIn(all []measured, now time.Time, zone *time.Location) []PlannedIn {
	names := lastQuarters(now, zone)
	out := make([]PlannedIn, len(names))
	ends := make([]time.Time, len(names))
	for i, q := range names {
		out[i].Quarter = q
		ends[i], _ = quarterBegins(QuarterAfter(q, 1), zone)
	}
	for _, r := range all {
		i := slices.Index(names, r.Quarter)
		back := r.Column == Incoming || r.Column == BackOrders
		if i < 0 || back || r.Outcome != "" && !r.Outcome.decision() {
			continue
		}
		out[i].Accepted++
		out[i].Days += r.Effort
		switch {
		case r.Done.IsZero():
		case r.Done.Before(ends[i]):
			out[i].Done++
			out[i].DoneDays += r.Effort
		default:
			out[i].Late++
		}
	}
	for i := range out {
		out[i].Days, out[i].DoneDays = tidy(out[i].Days), tidy(out[i].DoneDays)
	}
	return out
}

func notReadyIn(all []measured, now time.Time, zone *time.Location) []NotReadyIn {
	var kinds []string
	for _, r := range all {
		kinds = append(kinds, r.Kind)
	}
	slices.Sort(kinds)
	kinds = append([]string{""}, slices.Compact(kinds)...) // "" stands for all
	names := lastQuarters(now, zone)
	out := make([]NotReadyIn, len(names)*len(kinds))
	for i := range out {
		out[i].Quarter, out[i].Kind = names[i/len(kinds)], kinds[i%len(kinds)]
	}
	for _, r := range all {
		quarter := slices.Index(names, QuarterOf(r.Received, zone))
		if quarter < 0 {
			continue
		}
		moves := 0
		for _, p := range r.Pauses {
			if p.Cause == PauseNotReady {
				moves++
			}
		}
		kind, _ := slices.BinarySearch(kinds, r.Kind)
		for _, i := range []int{quarter * len(kinds), quarter*len(kinds) + kind} {
			out[i].Received++
			out[i].Moves += moves
			out[i].Reviews += min(moves, 1)
		}
	}
	for i := range out {
		if out[i].Received > 0 {
			out[i].Share = tidy(float64(out[i].Reviews) / float64(out[i].Received))
		}
	}
	return slices.DeleteFunc(out, func(n NotReadyIn) bool { return n.Kind != "" && n.Received == 0 })
}
