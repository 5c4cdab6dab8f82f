// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bars compares values, a row each, as horizontal bars on one scale. What is over
// a row's limit is drawn otherwise and said in words.
type Bars struct {
	Caption string
	Unit    string // "person-days"
	Rows    []Bar
	Empty   string // instead of no rows
}

// Bar is one row of [Bars].
type Bar struct {
	Label, URL string
	Value      float64
	Limit      float64 // 0: none
	Text       string  // the value in words; "": the number, its limit and the unit
	Tone       string
}

// scale is the largest number that the bars show.
func (b Bars) scale() float64 {
	most := 0.0
	for _, row := range b.Rows {
		most = max(most, amount(row.Value), amount(row.Limit))
	}
	return most
}

// BarRow is a row with its places in percent; it is for the template.
type BarRow struct {
	Bar
	Within, Past, Mark float64 // the width up to the limit, the width past it, the place of the limit
	Over               string  // by how much it is over the limit, or ""
}

// Places returns the rows as they are drawn.
func (b Bars) Places() []BarRow {
	all := make([]BarRow, len(b.Rows))
	most := b.scale()
	for i, bar := range b.Rows {
		value, limit := amount(bar.Value), amount(bar.Limit)
		row := BarRow{Bar: bar, Within: percent(value, most), Mark: percent(limit, most)}
		if limit > 0 && value > limit {
			row.Within, row.Past, row.Over = row.Mark, row.Within-row.Mark, Figure(value-limit)
		}
		all[i] = row
	}
	return all
}

// Number is the value as it is written.
func (b Bar) Number() string { return Figure(amount(b.Value)) }

// Limited is the limit as it is written, or "".
func (b Bar) Limited() string {
	if amount(b.Limit) == 0 {
		return ""
	}
	return Figure(b.Limit)
}

// Series shows several values over time, as bars that stand beside or, Stacked, on
// each other, with the same numbers in a table.
type Series struct {
	Caption string
	Unit    string
	Names   []string // of the values of each point; five are told apart
	Points  []Point
	Stacked bool
	Data    *Link  // where the numbers can be downloaded
	Empty   string // instead of no points
}

// Point is one step in time: a value for each name. A value that is missing is 0.
type Point struct {
	Label  string
	Values []float64
}

// seriesHeight is the height of the drawing in pixels; widths are in percent, so
// that nothing is distorted on any screen.
const seriesHeight = 160

// SeriesBar is one bar of a [Series]: places in percent across and in pixels down.
type SeriesBar struct {
	Kind       int // which value it is, for its look
	X, W, Y, H float64
	Text       string
}

// SeriesLabel is a label below the bars.
type SeriesLabel struct {
	X    float64
	Text string
}

// Height is that of the drawing without its labels.
func (s Series) Height() int { return seriesHeight }

// Middle is where the line of half the scale stands.
func (s Series) Middle() float64 { return seriesHeight / 2 }

// Floor is where the labels stand.
func (s Series) Floor() int { return seriesHeight + 18 }

// Full is that of the drawing with its labels.
func (s Series) Full() int { return seriesHeight + 24 }

// Top is the number at the top of the scale, a round one.
func (s Series) Top() float64 {
	most := 0.0
	for _, p := range s.Points {
		sum := 0.0
		for i := range s.Names {
			most = max(most, p.value(i))
			sum += p.value(i)
		}
		if s.Stacked {
			most = max(most, sum)
		}
	}
	return roundUp(most)
}

// Flat reports whether there is nothing to draw: every number is zero.
func (s Series) Flat() bool {
	return !slices.ContainsFunc(s.Drawn(), func(b SeriesBar) bool { return b.H > 0 })
}

// Ticks are the numbers of the scale, from the top.
func (s Series) Ticks() []string {
	top := s.Top()
	return []string{Figure(top), Figure(top / 2), "0"}
}

func (p Point) value(i int) float64 {
	if i >= len(p.Values) {
		return 0
	}
	return amount(p.Values[i])
}

// Drawn returns the bars.
func (s Series) Drawn() []SeriesBar {
	var all []SeriesBar
	top, slot := s.Top(), 100/float64(max(1, len(s.Points)))
	width := slot * .7
	if !s.Stacked {
		width /= float64(max(1, len(s.Names)))
	}
	for i, p := range s.Points {
		x, floor := float64(i)*slot+slot*.15, float64(seriesHeight)
		for j, name := range s.Names {
			h := percent(p.value(j), top) / 100 * seriesHeight
			all = append(all, SeriesBar{Kind: j % seriesKinds, X: hundredth(x), W: hundredth(width), Y: hundredth(max(0, floor-h)), H: hundredth(h), Text: p.Label + ", " + name + ": " + Figure(p.value(j))})
			if s.Stacked {
				floor -= h
			} else {
				x += width
			}
		}
	}
	return all
}

// seriesKinds is how many looks of bars there are.
const seriesKinds = 5

// mostLabels is how many labels fit side by side on a narrow screen.
const mostLabels = 5

// Labels returns as many of the points' labels as can be read.
func (s Series) Labels() []SeriesLabel {
	var all []SeriesLabel
	slot, every := 100/float64(max(1, len(s.Points))), (len(s.Points)+mostLabels-1)/mostLabels
	for i, p := range s.Points {
		if i%every == 0 {
			all = append(all, SeriesLabel{X: hundredth((float64(i) + .5) * slot), Text: p.Label})
		}
	}
	return all
}

// Kind is the look of the bars of the i-th name.
func (s Series) Kind(i int) int { return i % seriesKinds }

// Table is the same in numbers. first heads the labels.
func (s Series) Table(first string) Table {
	t := Table{Caption: strings.TrimSpace(s.Caption + " " + s.Unit), Hidden: true, Columns: []Column{{Text: first}}}
	for _, name := range s.Names {
		t.Columns = append(t.Columns, Column{Text: name, Number: true})
	}
	for _, p := range s.Points {
		cells := []any{p.Label}
		for i := range s.Names {
			cells = append(cells, Figure(p.value(i)))
		}
		t.Add(cells...)
	}
	return t
}

// Figure writes a number for people, with one digit after the point if it is not
// whole.
func Figure(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// amount is v if a bar can show it, and else 0.
func amount(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0
	}
	return v
}

// percent is how much of the whole a part is, from 0 to 100 and to a hundredth.
func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return hundredth(min(max(part/whole, 0), 1) * 100)
}

func hundredth(v float64) float64 { return math.Round(v*100) / 100 }

// roundUp is the next number that ends a scale: 1, 2, 4, 5 or 10 times a power of ten.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 4, 5} {
		if v <= step*unit {
			return step * unit
		}
	}
	return 10 * unit
}
