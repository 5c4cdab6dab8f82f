// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	hundred := make(sample, 100)
	for i := range hundred {
		hundred[(i*37)%100] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		of   sample
		q    float64
		want time.Duration
	}{
		{nil, 0.5, 0}, {sample{7}, 0.99, 7}, {sample{3, 1, 2}, 0.5, 2}, {sample{3, 1, 2}, 1, 3},
		{hundred, 0.5, 50}, {hundred, 0.95, 95}, {hundred, 0.99, 99}, {hundred, 0.001, 1}, {hundred, 1, 100},
	} {
		if got := c.of.quantile(c.q); got != c.want {
			t.Errorf("quantile %v of %d: got %d, want %d", c.q, len(c.of), got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		target, value float64
		bound, want   string
	}{
		{500, 1000, ">= 500", "2.00"}, {500, 250, ">= 500", "0.50"},
		{-10, 5, "< 10", "2.00"}, {-10, 20, "< 10", "0.50"}, {0, 7, "", ""},
	} {
		if got := ratio(c.target, c.value); got != c.want || target(c.target) != c.bound {
			t.Errorf("%v to %v: %q %q, want %q %q", c.value, c.target, target(c.target), got, c.bound, c.want)
		}
	}
}

func TestReadParams(t *testing.T) {
	read := func(set map[string]string) (params, error) {
		return readParams(func(name string) string {
			if name == "BINARY" {
				return "figures_test.go"
			}
			return set[name]
		})
	}
	p, err := read(nil)
	if err != nil || p.risks != 50_000 || p.entries != 1_000_000 || len(p.engines) != 2 {
		t.Errorf("without anything set: %+v, %v", p, err)
	}
	p, err = read(map[string]string{"RISKS": "7", "SECONDS": "2", "ENGINES": "sqlite"})
	if err != nil || p.risks != 7 || p.seconds != 2*time.Second || len(p.engines) != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
	for name, value := range map[string]string{"RISKS": "many", "ENTRIES": "0", "RATE": "-1", "ENGINES": "oracle"} {
		if _, err := read(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
