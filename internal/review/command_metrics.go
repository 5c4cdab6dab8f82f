// SPDX-License-Identifier: Apache-2.0

package review

import (
	"math"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

// MetricsCmd shows how the service does.
type MetricsCmd struct {
	Imported bool `help:"Count reviews that came from elsewhere, too." query:"imported"`
	client.JSONFlag
}

// Run shows the metrics.
func (c *MetricsCmd) Run(s *client.Session) error {
	m, err := client.Get[Metrics](s, "/reviews/metrics", c)
	return client.Show(s, m, err, c.JSON, printMetrics)
}

// metricSheet is one of the metrics for people: what it measures, in which units.
type metricSheet struct {
	title string
	heads []string
	rows  [][]string
}

// printMetrics prints what there is: a month or quarter in which nothing happened
// has no row.
func printMetrics(s *client.Session, m Metrics) error {
	for i, t := range []metricSheet{m.oldestSheet(), m.waitingSheet(), m.decisionSheet(), m.plannedSheet(), m.notReadySheet()} {
		if i > 0 {
			s.Printf("\n")
		}
		s.Printf("%s\n", t.title)
		if len(t.rows) == 0 {
			s.Printf("  nothing yet\n")
			continue
		}
		if err := s.Table(t.heads, t.rows, ""); err != nil {
			return err
		}
	}
	return nil
}

func (m Metrics) oldestSheet() metricSheet {
	t := metricSheet{title: "What stands on the board now", heads: []string{"COLUMN", "REVIEWS", "OLDEST STANDS THERE FOR", "OLDEST REVIEW"}}
	for _, o := range m.Oldest {
		age := ""
		if o.Count > 0 {
			age = inDays(o.Days)
		}
		t.rows = append(t.rows, []string{plainWord(o.Column), strconv.Itoa(o.Count), age, o.Review})
	}
	return t
}

func (m Metrics) waitingSheet() metricSheet {
	t := metricSheet{title: "How long reviews stood in a column, by the month in which they left it", heads: []string{"MONTH", "COLUMN", "REVIEWS", "HALF WITHIN", "9 OF 10 WITHIN"}}
	for _, w := range m.Waiting {
		if w.Count > 0 {
			t.rows = append(t.rows, []string{w.Month, plainWord(w.Column), strconv.Itoa(w.Count), inDays(w.Median), inDays(w.P90)})
		}
	}
	return t
}

func (m Metrics) decisionSheet() metricSheet {
	t := metricSheet{
		title: "From received to decided, and without the pauses of the clock",
		heads: []string{"MONTH", "REVIEWS", "HALF WITHIN", "9 OF 10 WITHIN", "WITHOUT PAUSES: HALF", "9 OF 10"},
	}
	for _, d := range m.Decision {
		if d.Count > 0 {
			t.rows = append(t.rows, []string{d.Month, strconv.Itoa(d.Count), inDays(d.Median), inDays(d.P90), inDays(d.Net.Median), inDays(d.Net.P90)})
		}
	}
	return t
}

func (m Metrics) plannedSheet() metricSheet {
	t := metricSheet{
		title: "Planned against done, by the quarter that reviews were accepted for",
		heads: []string{"QUARTER", "ACCEPTED", "DONE IN TIME", "DONE LATE", "ACCEPTED (PERSON-DAYS)", "DONE IN TIME (PERSON-DAYS)"},
	}
	for _, p := range m.Planned {
		if p.Accepted > 0 {
			t.rows = append(t.rows, []string{p.Quarter, strconv.Itoa(p.Accepted), strconv.Itoa(p.Done), strconv.Itoa(p.Late), web.Figure(p.Days), web.Figure(p.DoneDays)})
		}
	}
	return t
}

func (m Metrics) notReadySheet() metricSheet {
	t := metricSheet{title: "Found not to be ready, of the reviews received in a quarter", heads: []string{"QUARTER", "KIND", "RECEIVED", "NOT READY", "SHARE", "TIMES"}}
	for _, n := range m.NotReady {
		if n.Received > 0 {
			share := strconv.Itoa(int(math.Round(n.Share*100))) + " %"
			t.rows = append(t.rows, []string{n.Quarter, or(n.Kind, "all kinds"), strconv.Itoa(n.Received), strconv.Itoa(n.Reviews), share, strconv.Itoa(n.Moves)})
		}
	}
	return t
}

// inDays is a length of time with its unit.
func inDays(n float64) string {
	if n == 1 {
		return "1 day"
	}
	return web.Figure(n) + " days"
}
