// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strconv"
)

// metricTable is one of the metrics as rows, for a file.
type metricTable struct {
	name  string
	heads []string
	rows  [][]string
}

// MetricNames returns the names of the tables of metrics; the slice is the caller's
// own.
func MetricNames() []string { return []string{"oldest", "waiting", "decision", "planned", "not_ready"} }

// tables returns the metrics as tables, in the order of [MetricNames].
func (m Metrics) tables() []metricTable {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	all := []metricTable{
		{name: "oldest", heads: []string{"column", "reviews", "oldest_days", "oldest_review"}},
		{name: "waiting", heads: []string{"month", "column", "reviews", "median_days", "p90_days"}},
		{name: "decision", heads: []string{"month", "reviews", "median_days", "p90_days", "median_days_without_pauses", "p90_days_without_pauses"}},
		{name: "planned", heads: []string{"quarter", "accepted", "done_in_time", "done_late", "accepted_person_days", "done_person_days"}},
		{name: "not_ready", heads: []string{"quarter", "kind", "received", "not_ready", "times", "share"}},
	}
	for _, o := range m.Oldest {
		all[0].rows = append(all[0].rows, []string{string(o.Column), strconv.Itoa(o.Count), number(o.Days), o.Review})
	}
	for _, w := range m.Waiting {
		all[1].rows = append(all[1].rows, []string{w.Month, string(w.Column), strconv.Itoa(w.Count), number(w.Median), number(w.P90)})
	}
	for _, d := range m.Decision {
		all[2].rows = append(all[2].rows, []string{d.Month, strconv.Itoa(d.Count), number(d.Median), number(d.P90), number(d.Net.Median), number(d.Net.P90)})
	}
	for _, p := range m.Planned {
		all[3].rows = append(all[3].rows, []string{p.Quarter, strconv.Itoa(p.Accepted), strconv.Itoa(p.Done), strconv.Itoa(p.Late), number(p.Days), number(p.DoneDays)})
	}
	for _, n := range m.NotReady {
		kind := n.Kind
		if kind == "" {
			kind = "all"
		}
		all[4].rows = append(all[4].rows, []string{n.Quarter, kind, strconv.Itoa(n.Received), strconv.Itoa(n.Reviews), strconv.Itoa(n.Moves), number(n.Share)})
	}
	return all
}
