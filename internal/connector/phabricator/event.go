// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"cmp"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// events brings the history of a task to the common form, oldest first. The
// first is always that the task was created, from the task itself when the
// history does not hold it: its identifier is the same both ways.
func (r *reading) events(t *foreign.Task, history []transaction) []foreign.Event {
	slices.SortStableFunc(history, func(a, b transaction) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	events := make([]foreign.Event, 1, len(history)+1)
	events[0] = foreign.Event{ID: createdID, At: t.CreatedAt, Author: t.Author, Kind: foreign.Created}
	for _, x := range history {
		if x.Type == "create" {
			events[0].At, events[0].Author = x.Created.Time(), r.names.person(t, x.Author)
		} else {
			events = append(events, r.event(t, x))
		}
		if x.Created.Time().IsZero() {
			t.Lose(lossDates)
		}
		if len(x.Comments) > 0 && !isComment(x) {
			events = append(events, r.comment(t, x, x.PHID+"/comment"))
		}
	}
	slices.SortStableFunc(events[1:], func(a, b foreign.Event) int { return a.At.Compare(b.At) })
	return events
}

// createdID identifies the event that created a task.
const createdID = "created"

// isComment reports whether a transaction is a comment. Servers before 2017 do
// not name the kinds of transaction.
func isComment(x transaction) bool {
	return x.Type == "comment" || x.Type == "" && len(x.Comments) > 0
}

// event brings one transaction to the common form.
func (r *reading) event(t *foreign.Task, x transaction) foreign.Event {
	if isComment(x) {
		return r.comment(t, x, x.PHID)
	}
	e := foreign.Event{ID: x.PHID, At: x.Created.Time(), Author: r.names.person(t, x.Author)}
	switch x.Type {
	case "projects", "subscribers":
		return r.membership(t, x, e)
	case "":
		e.Kind = foreign.Other
		t.Lose(lossUnnamed)
		return e
	}
	before, after, err := x.change()
	if err != nil {
		t.Lose(lossEvent)
	}
	e.From, e.To = before, after
	switch x.Type {
	case "status":
		e.Kind, e.From, e.To = foreign.Status, r.statusName(before), r.statusName(after)
	case "priority":
		e.Kind = foreign.Priority
	case "title":
		e.Kind = foreign.Title
	case "description":
		e.Kind, e.From, e.To, e.Text = foreign.Text, "", "", after
	case "owner":
		e.Kind, e.From, e.To = foreign.Owner, r.owner(t, before), r.owner(t, after)
	default:
		e.Kind, e.Text = foreign.Other, string(x.Type)
		t.Lose(lossUnknown)
	}
	return e
}

func (r *reading) owner(t *foreign.Task, phid string) string {
	if phid == "" {
		return ""
	}
	return r.names.list(t, []string{phid})
}

// membership is a change of the labels or of the subscribers.
func (r *reading) membership(t *foreign.Task, x transaction, e foreign.Event) foreign.Event {
	e.Kind = foreign.Subscribers
	if x.Type == "projects" {
		e.Kind = foreign.Label
	}
	added, removed, err := x.operations()
	if err != nil {
		t.Lose(lossEvent)
	}
	e.From, e.To = r.names.list(t, removed), r.names.list(t, added)
	return e
}

// comment is the last version of a comment.
func (r *reading) comment(t *foreign.Task, x transaction, id string) foreign.Event {
	e := foreign.Event{ID: id, At: x.Created.Time(), Author: r.names.person(t, x.Author), Kind: foreign.Comment}
	if len(x.Comments) == 0 { // the server withholds it
		t.Lose(lossEvent)
		return e
	}
	last := x.latest()
	switch {
	case last.Removed:
		e.Removed = true
		t.Lose(lossRemoved)
	default:
		e.Text = string(last.Content)
		if len(x.Comments) > 1 {
			t.Lose(lossVersions)
		}
	}
	return e
}

// mentioned are the PHIDs that a history names.
func mentioned(history []transaction) []string {
	var all []string
	for _, x := range history {
		all = append(all, x.Author)
		switch x.Type {
		case "projects", "subscribers":
			added, removed, err := x.operations()
			if err == nil {
				all = append(append(all, added...), removed...)
			}
		case "owner":
			before, after, err := x.change()
			if err == nil {
				all = append(all, before, after)
			}
		}
	}
	return all
}

// instant is the time of a number of seconds; one that is none is a loss.
func instant(t *foreign.Task, n Number) time.Time {
	at := n.Time()
	if at.IsZero() {
		t.Lose(lossDates)
	}
	return at
}
