// SPDX-License-Identifier: Apache-2.0

package writers

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTopFindsTheBusy: whoever wrote more than its share is listed, and no count
// is wrong by more than what stands beside it.
func TestTopFindsTheBusy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tally, truth := NewTally(), map[string]int64{}
		busy := rapid.IntRange(1, 20).Draw(t, "busy")
		total := int64(0)
		add := func(name string) {
			tally.Add(Write{Owner: name})
			truth[name]++
			total++
		}
		for round := range 300 {
			for b := range busy {
				add(fmt.Sprintf("busy-%d", b))
			}
			for range rapid.IntRange(0, 5).Draw(t, "others") {
				add(fmt.Sprintf("other-%d-%d", round, rapid.IntRange(0, 1000).Draw(t, "other")))
			}
		}
		listed := map[string]Count{}
		for _, c := range tally.Top(Owner, Names) {
			listed[c.Name] = c
			if is := truth[c.Name]; c.Count < is || c.Count-c.Over > is {
				t.Fatalf("%s wrote %d, told as %d, over by at most %d", c.Name, is, c.Count, c.Over)
			}
		}
		for name, n := range truth {
			if _, ok := listed[name]; !ok && n > total/Names {
				t.Fatalf("%s wrote %d of %d and is not listed", name, n, total)
			}
		}
	})
}

func TestHalvingForgets(t *testing.T) {
	tally := NewTally()
	for range 8 {
		tally.Add(Write{Owner: "once busy", Bytes: 10, Same: true})
	}
	tally.Halve()
	for range 5 {
		tally.Add(Write{Owner: "busy now", Bytes: 10})
	}
	if top := tally.Top(Owner, 1); top[0].Name != "busy now" {
		t.Errorf("most active: %+v", top)
	}
	for range 3 {
		tally.Halve()
	}
	if top := tally.Top(Owner, 9); len(top) != 0 {
		t.Errorf("still listed: %+v", top)
	}
	if got := tally.Totals(); got != (Totals{Writes: 13, Same: 8, Bytes: 130}) {
		t.Errorf("totals %+v", got)
	}
}

// TestNetworksAreNoPeople: an address is cut before it is kept.
func TestNetworksAreNoPeople(t *testing.T) {
	tally := NewTally()
	for _, a := range []string{"192.0.2.17", "::ffff:192.0.2.99", "2001:db8:1:2::3", "2001:db8:1:ffff::"} {
		tally.Add(Write{Remote: netip.MustParseAddr(a)})
	}
	var all []string
	for _, c := range tally.Top(Network, 9) {
		all = append(all, fmt.Sprint(c.Name, " ", c.Count))
	}
	if got := strings.Join(all, ", "); got != "192.0.2.0/24 2, 2001:db8:1::/48 2" {
		t.Errorf("networks: %s", got)
	}
}
