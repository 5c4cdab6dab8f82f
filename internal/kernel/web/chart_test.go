// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBars(t *testing.T) {
	rows := Bars{Rows: []Bar{
		{Value: 10, Limit: 20}, {Value: 30, Limit: 20}, {Value: 40}, {Value: math.NaN(), Limit: math.Inf(1)}, {Value: -1, Limit: -1}, {Value: 20, Limit: 20},
	}}.Places()
	var got []BarRow
	for _, row := range rows {
		row.Bar = Bar{}
		got = append(got, row)
	}
	want := []BarRow{{Within: 25, Mark: 50}, {Within: 50, Past: 25, Mark: 50, Over: "10"}, {Within: 100}, {}, {}, {Within: 50, Mark: 50}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, row := range (Bars{Rows: []Bar{{}, {}}}).Places() {
		if row.Within != 0 || row.Mark != 0 {
			t.Errorf("nothing at all: %+v", row)
		}
	}
}

func TestSeries(t *testing.T) {
	s := Series{Names: []string{"a", "b"}, Unit: "days", Points: []Point{{"one", []float64{10, 20}}, {"two", []float64{40}}}}
	want := []SeriesBar{
		{0, 7.5, 17.5, 120, 40, "one, a: 10"}, {1, 25, 17.5, 80, 80, "one, b: 20"},
		{0, 57.5, 17.5, 0, 160, "two, a: 40"}, {1, 75, 17.5, 160, 0, "two, b: 0"},
	}
	if diff := cmp.Diff(want, s.Drawn()); diff != "" {
		t.Error(diff)
	}
	s.Stacked = true
	want = []SeriesBar{
		{0, 7.5, 35, 120, 40, "one, a: 10"}, {1, 7.5, 35, 40, 80, "one, b: 20"},
		{0, 57.5, 35, 0, 160, "two, a: 40"}, {1, 57.5, 35, 0, 0, "two, b: 0"},
	}
	if diff := cmp.Diff(want, s.Drawn()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"40", "20", "0"}, s.Ticks()); diff != "" {
		t.Error(diff)
	}
	if table := s.Table("When"); len(table.Columns) != 3 || len(table.Rows) != 2 || table.Rows[1].Cells[2] != "0" {
		t.Errorf("%+v", table)
	}
	if flat := (Series{Names: s.Names, Points: []Point{{Label: "one", Values: []float64{0, -1}}}}); s.Flat() || !flat.Flat() {
		t.Error("what is all zero is drawn, or what is not is not")
	}
	for range 98 {
		s.Points = append(s.Points, Point{Label: "more", Values: []float64{math.Inf(1), math.NaN(), -3}})
	}
	if labels := s.Labels(); len(labels) != 5 || labels[0].Text != "one" {
		t.Errorf("%d labels of %d points: %+v", len(labels), len(s.Points), labels)
	}
	for _, b := range s.Drawn() {
		if b.X < 0 || b.X+b.W > 100 || b.Y < 0 || b.Y+b.H > seriesHeight+.02 {
			t.Fatalf("outside of the drawing: %+v", b)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for v, want := range map[float64]float64{-1: 1, 0: 1, .3: .4, 1: 1, 1.2: 2, 3: 4, 5: 5, 7: 10, 100: 100, 2001: 4000} {
		if got := roundUp(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}
