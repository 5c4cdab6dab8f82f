// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Networks is a list of networks that may connect. It does not change.
type Networks struct {
	Source    string    // what made the list, as its header says; "" = unknown
	Generated time.Time // when, as its header says; zero = unknown
	Entries   int
	Wide      []netip.Prefix // entries that cover more than one organisation should list

	ranges []span // sorted, apart from each other
}

// span is all addresses from first to last, of one family.
type span struct{ first, last netip.Addr }

// Bounds of a list: a generator that runs wild must not take the memory.
const (
	maxNetworksBytes = 4 << 20
	maxNetworks      = 100_000
)

// Widths from which an entry is reported: a whole /8, or what a registry gives a
// provider (/32 of IPv6).
const (
	wideBits4 = 8
	wideBits6 = 32
)

// ParseNetworks reads a generated list: a network (10.64.0.0/22, 2620:0:861::/48)
// or an address on each line; what follows "#" is a comment. Two comments say
// where the list comes from, and are shown with it:
//
//	# source: puppet query role=mediawiki
//	# generated: 2026-11-23T10:00:00Z
//
// Where lists were put one after the other, all sources are named and the oldest
// date counts. A line that is neither is an error, and so is a network with bits beyond its
// length: who wrote 10.64.0.1/22 meant something else. An empty list is an error,
// too: it is what a generator leaves that failed.
func ParseNetworks(data []byte) (*Networks, error) {
	if len(data) > maxNetworksBytes {
		return nil, fmt.Errorf("the list has more than %d bytes", maxNetworksBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the list is not UTF-8")
	}
	n := &Networks{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text, comment, _ := strings.Cut(string(line), "#")
		if err := n.header(comment); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := parseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		n.add(prefix)
		if n.Entries > maxNetworks {
			return nil, fmt.Errorf("the list has more than %d networks", maxNetworks)
		}
	}
	if n.Entries == 0 {
		return nil, errors.New("the list is empty")
	}
	n.merge()
	return n, nil
}

// header reads the two comments that say where the list comes from.
func (n *Networks) header(comment string) error {
	key, value, found := strings.Cut(comment, ":")
	if !found {
		return nil
	}
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(key) {
	case "source":
		n.Source = strings.TrimPrefix(n.Source+"; "+value, "; ")
	case "generated":
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return errors.New("generated must be an instant such as 2026-11-23T10:00:00Z")
		}
		if n.Generated.IsZero() || at.Before(n.Generated) {
			n.Generated = at
		}
	}
	return nil
}

// parseNetwork reads a network or an address. Errors do not repeat the text.
func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return netip.Prefix{}, errors.New("must be an address or a network such as 10.64.0.0/22")
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("must be an address or a network such as 10.64.0.0/22")
	}
	if p.Masked() != p {
		return netip.Prefix{}, errors.New("the address has bits beyond the length of the network")
	}
	return p, nil
}

func (n *Networks) add(p netip.Prefix) {
	n.Entries++
	if p.Addr().Is4() && p.Bits() <= wideBits4 || !p.Addr().Is4() && p.Bits() <= wideBits6 {
		n.Wide = append(n.Wide, p)
	}
	n.ranges = append(n.ranges, span{p.Addr(), lastOf(p)})
}

// lastOf returns the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	raw := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
}

// merge sorts the ranges and joins those that overlap.
func (n *Networks) merge() {
	slices.SortFunc(n.ranges, func(a, b span) int { return cmp.Or(a.first.Compare(b.first), a.last.Compare(b.last)) })
	out := n.ranges[:1]
	for _, r := range n.ranges[1:] {
		end := &out[len(out)-1]
		if end.last.BitLen() == r.first.BitLen() && r.first.Compare(end.last) <= 0 {
			if r.last.Compare(end.last) > 0 {
				end.last = r.last
			}
			continue
		}
		out = append(out, r)
	}
	n.ranges = slices.Clip(out)
}

// Admit reports whether an address is in the list.
func (n *Networks) Admit(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	i, found := slices.BinarySearchFunc(n.ranges, a, func(s span, a netip.Addr) int { return s.first.Compare(a) })
	if found {
		return true
	}
	return i > 0 && n.ranges[i-1].first.BitLen() == a.BitLen() && a.Compare(n.ranges[i-1].last) <= 0
}

// aheadOfUs is how far the clock of who makes the list may be ahead of ours.
const aheadOfUs = time.Hour

// Age returns how old the list is at an instant; ok is false if its header does
// not say, or names a time to come: such a list would never be stale.
func (n *Networks) Age(now time.Time) (age time.Duration, ok bool) {
	if n.Generated.IsZero() || n.Generated.Sub(now) > aheadOfUs {
		return 0, false
	}
	return max(now.Sub(n.Generated), 0), true
}
