// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// found is a task as the search gave it.
type found struct {
	task task
	bad  bool // it could not be read in whole
}

// task brings a task with its history to the common form. An error ends the import.
func (r *reading) task(ctx context.Context, f found) (foreign.Task, error) {
	t := r.head(f)
	history, err := r.history(ctx, f.task.PHID, &t)
	if err != nil {
		return foreign.Task{}, err
	}
	if err := r.names.resolve(ctx, mentioned(history)); err != nil {
		return foreign.Task{}, err
	}
	t.Events = r.events(&t, history)
	return foreign.Bounded(t), nil
}

// head is the task without its history.
func (r *reading) head(f found) foreign.Task {
	fields := f.task.Fields
	t := r.empty(f.task.ID)
	if f.bad {
		t.Lose(lossTask)
	}
	t.Title, t.Text = fields.Name, string(fields.Description)
	t.Author, t.Owner = r.names.person(&t, fields.Author), r.names.person(&t, fields.Owner)
	t.CreatedAt, t.ChangedAt = instant(&t, fields.Created), instant(&t, fields.Modified)
	t.ClosedAt = fields.Closed.Time()
	r.statusOf(&t, fields.Status)
	t.Priority = fields.Priority.Name
	if t.Priority == "" {
		t.Priority = string(fields.Priority.Value)
	}
	r.labels(&t, f.task)
	r.column(&t, f.task)
	// A space restricts what stands in it further, whatever the task's own policy is.
	view, told := fields.Policy["view"]
	t.Restricted = f.bad || view != "public" || fields.Space != ""
	if !told {
		t.Lose(lossPolicy)
	}
	return t
}

// empty is a task of which no more than the number is known. It counts as
// restricted until more is.
func (r *reading) empty(id Number) foreign.Task {
	t := foreign.Task{System: foreign.Phabricator, Source: r.client.base, Restricted: true}
	if n := id.Int(); n > 0 {
		t.Number = "T" + strconv.Itoa(n)
		t.URL = r.client.base + "/" + t.Number
	}
	return t
}

func (r *reading) labels(t *foreign.Task, from task) {
	for _, phid := range from.Attachments.Projects.PHIDs {
		name := r.names.things[phid]
		if name == "" {
			t.Lose(lossLabels)
			continue
		}
		t.Labels = append(t.Labels, name)
	}
	slices.Sort(t.Labels)
}

// column prefers the board of a project that was asked for.
func (r *reading) column(t *foreign.Task, from task) {
	count, asked := 0, false
	for _, phid := range slices.Sorted(maps.Keys(from.Attachments.Columns.Boards)) {
		for _, c := range from.Attachments.Columns.Boards[phid].Columns {
			if count++; count == 1 || r.projects[phid] && !asked {
				t.Column, asked = c.Name, r.projects[phid]
			}
		}
	}
	if count > 1 {
		t.Lose(lossColumns)
	}
}

// Bounds of the history of one task that is read: transactions, and bytes of
// what they say.
const (
	maxHistory      = foreign.MaxEvents - 1
	maxHistoryBytes = 64 << 20
)

// history reads the transactions of a task. What the server refuses is a loss;
// an error ends the import.
func (r *reading) history(ctx context.Context, phid string, t *foreign.Task) ([]transaction, error) {
	if phid == "" {
		t.Lose(lossHistory)
		return nil, nil
	}
	var all []transaction
	size := 0
	for x, err := range Search[transaction](ctx, r.client, "transaction.search", Params{"objectIdentifier": phid}) {
		var bad *ElementError
		switch {
		case err == nil:
			all = append(all, x)
			size += x.size()
		case errors.As(err, &bad):
			t.Lose(lossEvent)
		case ends(err):
			return nil, err
		default:
			t.Lose(lossHistory)
		}
		if len(all) == maxHistory || size > maxHistoryBytes {
			t.Lose(lossMany)
			break
		}
	}
	return all, nil
}
