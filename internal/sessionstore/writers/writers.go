// SPDX-License-Identifier: Apache-2.0

// Package writers tells who writes most: per namespace, by owner, by identity
// and by network, and how many writes changed nothing (Wikimedia's T392182 asks
// for both). It keeps a bounded number of names whatever is written, by the
// space-saving algorithm (Metwally, Agrawal, El Abbadi: Efficient Computation of
// Frequent and Top-k Elements in Data Streams, 2005): a count may be too high by
// what is given beside it, and whoever wrote more than one write in Names of all
// is in the list.
package writers

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// Names is how many names of a kind are kept for each namespace.
const Names = 256

// Kind is what a writer is named by.
type Kind string

// The kinds.
const (
	Owner    Kind = "owner"
	Identity Kind = "identity"
	Network  Kind = "network"
)

// Count is what one writer wrote since the tally began or halved.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"writes"`
	Over  int64  `json:"over_by_at_most"`
}

// Tally is what one namespace was written. It is safe for use by many goroutines.
type Tally struct {
	mu     sync.Mutex
	lists  map[Kind]*list
	writes int64
	same   int64
	bytes  int64
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{lists: map[Kind]*list{Owner: {}, Identity: {}, Network: {}}}
}

// Write is one write. Names that are empty are not counted.
type Write struct {
	Owner    string
	Identity string
	Remote   netip.Addr
	Bytes    int
	Same     bool // the value is what it was
}

// Add counts a write.
func (t *Tally) Add(w Write) {
	network := networkOf(w.Remote)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	t.bytes += int64(w.Bytes)
	if w.Same {
		t.same++
	}
	t.lists[Owner].add(w.Owner)
	t.lists[Identity].add(w.Identity)
	t.lists[Network].add(network)
}

// networkOf cuts an address to what is no person: /24 and /48.
func networkOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap()
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// Totals are the sums of a tally.
type Totals struct {
	Writes int64 `json:"writes"`
	Same   int64 `json:"same_value"`
	Bytes  int64 `json:"bytes"`
}

// Totals returns the sums since the tally began.
func (t *Tally) Totals() Totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Totals{Writes: t.writes, Same: t.same, Bytes: t.bytes}
}

// Top returns up to n writers of a kind, the most active first.
func (t *Tally) Top(kind Kind, n int) []Count {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lists[kind]
	if l == nil {
		return nil
	}
	all := slices.SortedFunc(slices.Values(l.counts), func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return all[:min(n, len(all))]
}

// Halve halves every count, so that what is long past counts little. The process
// calls it at a steady pace.
func (t *Tally) Halve() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.lists {
		l.halve()
	}
}

// list is a space-saving summary: at is where a name stands in counts, which is
// a heap with the smallest count at its root.
type list struct {
	at     map[string]int
	counts []Count
}

func (l *list) add(name string) {
	if name == "" {
		return
	}
	if l.at == nil {
		l.at = make(map[string]int, Names)
	}
	if i, ok := l.at[name]; ok {
		l.counts[i].Count++
		l.down(i)
		return
	}
	if len(l.counts) < Names {
		l.counts = append(l.counts, Count{Name: name, Count: 1})
		l.at[name] = len(l.counts) - 1
		l.up(len(l.counts) - 1)
		return
	}
	least := l.counts[0]
	delete(l.at, least.Name)
	l.counts[0] = Count{Name: name, Count: least.Count + 1, Over: least.Count}
	l.at[name] = 0
	l.down(0)
}

func (l *list) swap(i, j int) {
	l.counts[i], l.counts[j] = l.counts[j], l.counts[i]
	l.at[l.counts[i].Name], l.at[l.counts[j].Name] = i, j
}

func (l *list) up(i int) {
	for i > 0 && l.counts[i].Count < l.counts[(i-1)/2].Count {
		l.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (l *list) down(i int) {
	for {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(l.counts) && l.counts[child].Count < l.counts[least].Count {
				least = child
			}
		}
		if least == i {
			return
		}
		l.swap(i, least)
		i = least
	}
}

func (l *list) halve() {
	kept := l.counts[:0]
	for _, c := range l.counts {
		if c.Count /= 2; c.Count > 0 {
			c.Over /= 2
			kept = append(kept, c)
		}
	}
	l.counts = kept
	clear(l.at)
	for i, c := range l.counts {
		l.at[c.Name] = i
	}
	for i := len(l.counts)/2 - 1; i >= 0; i-- {
		l.down(i)
	}
}
