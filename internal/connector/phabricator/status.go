// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// status is one of the statuses that the server's tasks may have.
type status struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Closed  bool   `json:"closed"`
	Special Text   `json:"special"`
}

// statuses asks for those of the server. A server that does not tell gives none,
// so that each task is told by its closing date.
func (c *Client) statuses(ctx context.Context) (map[string]status, error) {
	var answer struct {
		Data []status `json:"data"`
	}
	if err := c.Call(ctx, "maniphest.status.search", nil, &answer); ends(err) {
		return nil, err
	}
	all := map[string]status{}
	for _, s := range answer.Data {
		all[s.Value] = s
	}
	return all, nil
}

// kind brings a status to one that every tracker has. What is closed otherwise
// than by being resolved was not done: declined, invalid, a duplicate.
func (s status) kind() string {
	switch {
	case !s.Closed && s.Value == "stalled":
		return foreign.Stalled
	case !s.Closed:
		return foreign.Open
	case s.Value == "resolved" || s.Special == "closed":
		return foreign.Done
	default:
		return foreign.Declined
	}
}

// statusOf sets the status of the task.
func (r *reading) statusOf(t *foreign.Task, value named) {
	t.Status = value.Name
	if t.Status == "" {
		t.Status = string(value.Value)
	}
	known, ok := r.statuses[string(value.Value)]
	switch {
	case ok:
		t.StatusKind = known.kind()
	case t.ClosedAt.IsZero():
		t.StatusKind = foreign.Open
		t.Lose(lossStatus)
	default:
		t.StatusKind = foreign.Done
		t.Lose(lossStatus)
	}
}

// statusName is the name that people see of a status in the history.
func (r *reading) statusName(value string) string {
	if s, ok := r.statuses[value]; ok && s.Name != "" {
		return s.Name
	}
	return value
}
