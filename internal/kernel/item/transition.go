// SPDX-License-Identifier: Apache-2.0

package item

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Transition is one line of a state machine: who may take it and what it needs.
type Transition[S ~string] struct {
	From     S // "" is before the beginning
	Verb     string
	To       S
	Who      string // in words; the service enforces it
	Evidence string // what must be given
}

// Next returns the state that verb leads to, or a Conflict of that code which names
// the verbs that are possible instead.
func Next[S ~string](table []Transition[S], from S, verb, code string) (S, error) {
	var possible []string
	for _, t := range table {
		if t.From != from {
			continue
		}
		if t.Verb == verb {
			return t.To, nil
		}
		if !slices.Contains(possible, t.Verb) {
			possible = append(possible, t.Verb)
		}
	}
	var none S
	if len(possible) == 0 {
		return none, fault.New(fault.Conflict, code, "This is %s, which is final: %s is not possible.", from, verb)
	}
	return none, fault.New(fault.Conflict, code, "This is %s: %s is not possible now. Possible: %s.", from, verb, Joined(possible, "or"))
}

// Stale is the fault, with that code, of a change that is based on a version which
// is no longer the present one.
func Stale(code string) error {
	return fault.New(fault.Stale, code,
		"Somebody changed this after you opened it. Look at the current state, then do it again; what you entered is still in your form.")
}
