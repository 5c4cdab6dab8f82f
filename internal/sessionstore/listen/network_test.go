// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var addrOne = netip.MustParseAddr("127.0.0.1")

// TestParseNetworks: what a list may hold.
func TestParseNetworks(t *testing.T) {
	for text, ok := range map[string]bool{
		"10.64.0.0/22\n":                     true,
		"10.64.0.1":                          true,
		"# source: x\n10.64.0.0/22 # rack A": true,
		"2620:0:861:101::/64\n\n::1\n":       true,
		"10.64.0.0/22\r\n10.65.0.0/16\r\n":   true,
		"":                                   false,
		"# source: a generator that failed\n# generated: 2026-11-23T10:00:00Z\n": false,
		"10.64.0.1/22":                         false,
		"10.64.0.0/33":                         false,
		"10.64.0.0/22 10.65.0.0/22":            false,
		"10.64.0":                              false,
		"010.64.0.1":                           false,
		"::ffff:10.64.0.0/96":                  false,
		"fe80::1%eth0":                         false,
		"mw1.example":                          false,
		"*":                                    false,
		"<html>502 Bad Gateway</html>":         false,
		"# generated: yesterday\n10.64.0.0/22": false,
		"10.64.0.0/22\n\xff\xfe":               false,
		strings.Repeat("10.64.0.1\n", maxNetworks+1): false,
	} {
		if _, err := ParseNetworks([]byte(text)); (err == nil) != ok {
			t.Errorf("%.60q: %v, want it to be fine: %v", text, err, ok)
		}
	}
}

// TestNetworksHeader: source and age are known, and wide entries are found.
func TestNetworksHeader(t *testing.T) {
	n, err := ParseNetworks([]byte("# source: puppet query role=mediawiki\n# generated: 2026-11-23T10:00:00Z\n10.0.0.0/8\n10.64.0.0/22\n0.0.0.0/0\n2620::/32\n2620:0:861::/48\n"))
	if err != nil {
		t.Fatal(err)
	}
	age, ok := n.Age(start)
	if n.Source != "puppet query role=mediawiki" || !ok || age != 2*time.Hour || n.Entries != 5 {
		t.Errorf("%+v, %v %v", n, age, ok)
	}
	if got := fmt.Sprint(n.Wide); got != "[10.0.0.0/8 0.0.0.0/0 2620::/32]" {
		t.Errorf("wide: %s", got)
	}
	if !n.Admit(netip.MustParseAddr("8.8.8.8")) || n.Admit(netip.MustParseAddr("2a00::1")) {
		t.Error("a list with everything of one family")
	}
}

// TestNetworksAge: lists that were joined are as old as the oldest, and one from the
// future is of no known age.
func TestNetworksAge(t *testing.T) {
	for text, want := range map[string]struct {
		age    time.Duration
		ok     bool
		source string
	}{
		"# source: a\n# generated: 2026-11-23T11:00:00Z\n::1\n# source: b\n# generated: 2026-11-20T12:00:00Z\n::2\n# generated: 2026-11-23T12:00:00Z\n": {72 * time.Hour, true, "a; b"},
		"# generated: 2026-11-23T12:30:00Z\n::1\n": {0, true, ""},
		"# generated: 2027-11-23T12:30:00Z\n::1\n": {0, false, ""},
		"::1\n": {0, false, ""},
	} {
		n, err := ParseNetworks([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if age, ok := n.Age(start); age != want.age || ok != want.ok || n.Source != want.source {
			t.Errorf("%q: %v %v %q, want %+v", text, age, ok, n.Source, want)
		}
	}
}

// TestAdmitIsContains: the list admits what one of its networks contains, whatever
// form the address has.
func TestAdmitIsContains(t *testing.T) {
	address := func(rt *rapid.T, label string) netip.Addr {
		if rapid.Bool().Draw(rt, label+" is v6") {
			raw := [16]byte{0x26, 0x20}
			raw[15], raw[14] = rapid.Byte().Draw(rt, label), rapid.ByteRange(0, 3).Draw(rt, label)
			return netip.AddrFrom16(raw)
		}
		return netip.AddrFrom4([4]byte{10, rapid.ByteRange(0, 1).Draw(rt, label), rapid.ByteRange(0, 3).Draw(rt, label), rapid.Byte().Draw(rt, label)})
	}
	rapid.Check(t, func(rt *rapid.T) {
		var all []netip.Prefix
		var text strings.Builder
		for i := range rapid.IntRange(1, 20).Draw(rt, "n") {
			a := address(rt, fmt.Sprint("network ", i))
			p, err := a.Prefix(rapid.IntRange(0, a.BitLen()).Draw(rt, "bits"))
			if err != nil {
				rt.Fatal(err)
			}
			all = append(all, p)
			fmt.Fprintln(&text, p)
		}
		n, err := ParseNetworks([]byte(text.String()))
		if err != nil {
			rt.Fatal(err)
		}
		for i := range 20 {
			a := address(rt, fmt.Sprint("address ", i))
			want := false
			for _, p := range all {
				want = want || p.Contains(a)
			}
			asked := a
			if a.Is4() && i%2 == 0 {
				asked = netip.AddrFrom16(a.As16())
			}
			if n.Admit(asked) != want {
				rt.Errorf("%s in %v: %v", asked, all, !want)
			}
		}
		if n.Admit(netip.Addr{}) {
			rt.Error("no address is in the list")
		}
	})
}

// FuzzParseNetworks: whatever a list holds, it is an error or admits something.
func FuzzParseNetworks(f *testing.F) {
	f.Add([]byte("# source: x\n# generated: 2026-11-23T10:00:00Z\n10.64.0.0/22\n::1\n"))
	f.Add([]byte("0.0.0.0/0"))
	f.Add([]byte("1.2.3.4/0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := ParseNetworks(data)
		if err != nil {
			return
		}
		for i, r := range n.ranges {
			if !n.Admit(r.first) || !n.Admit(r.last) {
				t.Errorf("%v does not admit its own %v", n, r)
			}
			if i > 0 && r.first.Compare(n.ranges[i-1].last) <= 0 {
				t.Errorf("ranges overlap: %v", n.ranges)
			}
		}
		if len(n.ranges) == 0 {
			t.Error("an empty list is no error")
		}
	})
}
