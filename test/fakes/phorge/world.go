// SPDX-License-Identifier: Apache-2.0

package phorge

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Object is something that a search can find.
type Object struct {
	ID       int
	PHID     string
	Slug     string   // of a project
	Name     string   // as phid.query shows it
	Projects []string // PHIDs of those that a task carries
	Modified int64    // seconds

	Bare json.RawMessage // without what is attached
	Full json.RawMessage // with it; nil: the same
}

// World is what the server knows. It may be changed between requests, in a Hook
// too: the server holds its lock while it calls one.
type World struct {
	Token    string // the one that is good
	WhoAmI   json.RawMessage
	Statuses json.RawMessage

	Users, Projects, Tasks []Object // by ID

	History map[string][]json.RawMessage // transactions of a task by its PHID, newest first
}

// Remove takes a task away, as if it were destroyed.
func (w *World) Remove(id int) {
	w.Tasks = slices.DeleteFunc(slices.Clone(w.Tasks), func(o Object) bool { return o.ID == id })
}

// task finds a task by PHID.
func (w *World) task(phid string) bool {
	return slices.ContainsFunc(w.Tasks, func(o Object) bool { return o.PHID == phid })
}

func byID(objects []Object) []Object {
	slices.SortFunc(objects, func(a, b Object) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(objects, func(a, b Object) bool { return a.ID == b.ID })
}
