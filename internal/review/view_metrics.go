// SPDX-License-Identifier: Apache-2.0

package review

import (
	"math"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

type metricsView struct {
	Parts    web.Tabs
	Imported bool
	Switch   web.Link
	Oldest   []web.Stat
	Data     web.Link // of the oldest
	Pictures []web.Series
	NotReady web.Table
	Bare     bool // nothing was received yet
}

func metricsViewOf(c *web.Ctx, m Metrics) metricsView {
	v := metricsView{Parts: parts(c, "metrics"), Imported: m.Imported, Switch: web.Link{Text: c.Text("review.metrics.with_imported"), URL: "/reviews/metrics?imported=1"}}
	if m.Imported {
		v.Switch = web.Link{Text: c.Text("review.metrics.without_imported"), URL: "/reviews/metrics"}
	}
	data := func(of string) *web.Link {
		q := url.Values{"of": {of}}
		if m.Imported {
			q.Set("imported", "1")
		}
		return &web.Link{Text: c.Text("review.metrics.download"), URL: "/reviews/metrics.csv?" + q.Encode(), Icon: "download", About: c.Text("review.metrics." + of)}
	}
	v.Bare = true
	for _, o := range m.Oldest {
		stat := web.Stat{Value: int(math.Floor(o.Days)), Text: c.Text("review.metrics.oldest_in", columnText(c, o.Column), o.Count), Icon: "clock"}
		if o.Review != "" {
			stat.URL, v.Bare = Review{ID: o.Review}.URL(), false
		}
		v.Oldest = append(v.Oldest, stat)
	}
	for _, n := range m.NotReady {
		v.Bare = v.Bare && n.Received == 0
	}
	v.Data = *data("oldest")
	days := c.Text("review.metrics.days")
	v.Pictures = []web.Series{
		waitingSeries(c, m, "review.metrics.waiting_median", days, func(s Spread) float64 { return s.Median }),
		waitingSeries(c, m, "review.metrics.waiting_p90", days, func(s Spread) float64 { return s.P90 }),
		decisionSeries(c, m, days), plannedSeries(c, m), notReadySeries(c, m),
	}
	for i, of := range []string{"waiting", "waiting", "decision", "planned", "not_ready"} {
		v.Pictures[i].Data, v.Pictures[i].Empty = data(of), c.Text("review.metrics.none")
	}
	v.NotReady = notReadyTable(c, m)
	return v
}

// waitingSeries shows one side of the waiting times, by month and column.
func waitingSeries(c *web.Ctx, m Metrics, key, unit string, of func(Spread) float64) web.Series {
	s := web.Series{Caption: c.Text(key), Unit: unit}
	for _, column := range working() {
		s.Names = append(s.Names, columnText(c, column))
	}
	for i, w := range m.Waiting {
		if i%len(s.Names) == 0 {
			s.Points = append(s.Points, web.Point{Label: w.Month})
		}
		last := &s.Points[len(s.Points)-1]
		last.Values = append(last.Values, of(w.Spread))
	}
	return s
}

func decisionSeries(c *web.Ctx, m Metrics, unit string) web.Series {
	s := web.Series{Caption: c.Text("review.metrics.decision"), Unit: unit, Names: []string{
		c.Text("review.metrics.with_pauses"), c.Text("review.metrics.without_pauses"), c.Text("review.metrics.p90_with"), c.Text("review.metrics.p90_without"),
	}}
	for _, d := range m.Decision {
		s.Points = append(s.Points, web.Point{Label: d.Month, Values: []float64{d.Median, d.Net.Median, d.P90, d.Net.P90}})
	}
	return s
}

func plannedSeries(c *web.Ctx, m Metrics) web.Series {
	s := web.Series{Caption: c.Text("review.metrics.planned"), Unit: c.Text("review.metrics.reviews"), Names: []string{
		c.Text("review.metrics.accepted"), c.Text("review.metrics.in_time"), c.Text("review.metrics.late"),
	}}
	for _, p := range m.Planned {
		s.Points = append(s.Points, web.Point{Label: p.Quarter, Values: []float64{float64(p.Accepted), float64(p.Done), float64(p.Late)}})
	}
	return s
}

func notReadySeries(c *web.Ctx, m Metrics) web.Series {
	s := web.Series{Caption: c.Text("review.metrics.not_ready"), Unit: c.Text("review.metrics.percent"), Names: []string{c.Text("review.metrics.share")}}
	for _, n := range m.NotReady {
		if n.Kind == "" {
			s.Points = append(s.Points, web.Point{Label: n.Quarter, Values: []float64{n.Share * 100}})
		}
	}
	return s
}

// notReadyTable shows the same by kind.
func notReadyTable(c *web.Ctx, m Metrics) web.Table {
	t := c.Table(c.Text("review.metrics.not_ready_kinds"), "review.metrics.quarter", "review.field.kind", "review.metrics.received", "review.metrics.found", "review.metrics.share")
	t.Hidden = false
	for i := 2; i < 5; i++ {
		t.Columns[i].Number = true
	}
	for i := len(m.NotReady) - 1; i >= 0; i-- {
		n := m.NotReady[i]
		if n.Kind == "" {
			continue
		}
		title := m.Kinds[n.Kind]
		if title == "" {
			title = n.Kind
		}
		t.Add(n.Quarter, itemweb.Shown(c, title), strconv.Itoa(n.Received), strconv.Itoa(n.Reviews), web.Figure(n.Share*100)+" %")
	}
	return t
}
