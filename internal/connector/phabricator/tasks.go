// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// Query says which tasks are wanted: those that carry at least one of the
// projects and, if numbers are given, have one of them. One of the two must be
// given, because nobody means all tasks of a server.
type Query struct {
	Projects []string  // slugs: "acl_security", with or without "#"
	IDs      []int     // 240943 is T240943
	Since    time.Time // changed at this time or later; zero: whenever
}

// Bounds of a query.
const (
	maxProjects = 100
	maxIDs      = 10_000
)

// Tasks reads the tasks of the query with their history, those with the smallest
// numbers first, while the caller takes them: at no time is more than one page of
// tasks and the history of one of them in memory. A task of which something could
// not be read has losses, and the import goes on. An error is the last thing that
// is given: the server is away, the token is not good, a project is not shown to
// its account, or the context has ended. Whoever imports again from the beginning
// meets the same numbers and the same identifiers of events.
func (c *Client) Tasks(ctx context.Context, q Query) iter.Seq2[foreign.Task, error] {
	return func(yield func(foreign.Task, error) bool) {
		r := &reading{client: c, names: newNames(c), given: map[int]bool{}, yield: yield}
		if err := r.run(ctx, q); err != nil && !errors.Is(err, errStopped) {
			yield(foreign.Task{}, err)
		}
	}
}

// errStopped says that the caller wants no more.
var errStopped = errors.New("no more is wanted")

// reading is one run through the tasks of a query.
type reading struct {
	client   *Client
	names    *names
	statuses map[string]status
	projects map[string]bool // PHIDs of those asked for
	given    map[int]bool    // numbers: a task may carry several projects
	yield    func(foreign.Task, error) bool
}

func (r *reading) run(ctx context.Context, q Query) error {
	if err := q.check(); err != nil {
		return err
	}
	var err error
	if r.statuses, err = r.client.statuses(ctx); err != nil {
		return err
	}
	if r.projects, err = r.client.projects(ctx, q.Projects); err != nil {
		return err
	}
	for _, constraints := range q.constraints(slices.Sorted(maps.Keys(r.projects))) {
		if err := r.search(ctx, constraints); err != nil {
			return err
		}
	}
	return r.unseen(q)
}

// check refuses what would be all, or is no query.
func (q Query) check() error {
	var wrong []fault.Field
	if len(q.Projects) == 0 && len(q.IDs) == 0 {
		wrong = append(wrong, fault.Field{Path: "projects", Code: "required", Message: "Say which projects' tasks are wanted, or which tasks."})
	}
	if len(q.Projects) > maxProjects {
		wrong = append(wrong, fault.Field{Path: "projects", Code: "too_many", Message: fmt.Sprintf("Give at most %d projects at once.", maxProjects)})
	}
	if len(q.IDs) > maxIDs || slices.ContainsFunc(q.IDs, func(id int) bool { return id <= 0 }) {
		wrong = append(wrong, fault.Field{Path: "ids", Code: "number", Message: fmt.Sprintf("Give at most %d numbers of tasks, each above zero.", maxIDs)})
	}
	return fault.InvalidFields("phabricator.query", wrong)
}

// constraints are those of the searches that make up the query: the server means
// all projects when several are named, so each is a search of its own.
func (q Query) constraints(projects []string) []map[string]any {
	var all []map[string]any
	ids := slices.Collect(slices.Chunk(slices.Compact(slices.Sorted(slices.Values(q.IDs))), pageSize))
	for i := range max(1, len(projects)) {
		for j := range max(1, len(ids)) {
			c := map[string]any{}
			if len(projects) > 0 {
				c["projects"] = []string{projects[i]}
			}
			if len(ids) > 0 {
				c["ids"] = ids[j]
			}
			if !q.Since.IsZero() {
				c["modifiedStart"] = q.Since.Unix()
			}
			all = append(all, c)
		}
	}
	return all
}

// projects finds the projects of the slugs. One that is not shown is an error:
// the search for tasks would just find none.
func (c *Client) projects(ctx context.Context, slugs []string) (map[string]bool, error) {
	found := map[string]bool{}
	for _, slug := range slugs {
		slug = strings.TrimPrefix(slug, "#")
		none := true
		params := Params{"constraints": map[string]any{"slugs": []string{slug}}, "order": "oldest"}
		for p, err := range Search[project](ctx, c, "project.search", params) {
			if err != nil {
				return nil, fmt.Errorf("looking for the project %q: %w", foreign.Line(slug), err)
			}
			found[p.PHID], none = true, false
		}
		if none {
			return nil, fault.New(fault.Invalid, "phabricator.project_unseen", "The Phabricator server does not show a project #%s to the account of the token: there is none, or the account may not see it.", c.token.scrub(slug, 100))
		}
	}
	return found, nil
}

// search runs one search for tasks, a page at a time, so that the people and
// projects of a page are asked for together.
func (r *reading) search(ctx context.Context, constraints map[string]any) error {
	params := Params{"constraints": constraints, "order": "oldest", "attachments": map[string]bool{"projects": true, "columns": true}}
	batch := make([]found, 0, pageSize)
	for t, err := range Search[task](ctx, r.client, "maniphest.search", params) {
		var bad *ElementError
		if err != nil && !errors.As(err, &bad) {
			if ends(err) {
				return err
			}
			return errors.Join(r.give(ctx, batch), err)
		}
		if batch = append(batch, found{task: t, bad: bad != nil}); len(batch) == cap(batch) {
			if err := r.give(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return r.give(ctx, batch)
}

// give yields the tasks of a page that were not given yet.
func (r *reading) give(ctx context.Context, batch []found) error {
	var named []string
	for _, f := range batch {
		named = append(append(named, f.task.Fields.Author, f.task.Fields.Owner), f.task.Attachments.Projects.PHIDs...)
	}
	if err := r.names.resolve(ctx, named); err != nil {
		return err
	}
	for _, f := range batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := f.task.ID.Int()
		if id != 0 && r.given[id] {
			continue
		}
		t, err := r.task(ctx, f)
		if err != nil {
			return err
		}
		r.given[id] = true
		if !r.yield(t, nil) {
			return errStopped
		}
	}
	return nil
}

// unseen yields the numbers that were asked for and did not come. With projects
// or a time beside them that says nothing.
func (r *reading) unseen(q Query) error {
	if len(q.Projects) > 0 || !q.Since.IsZero() {
		return nil
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(q.IDs))) {
		if r.given[id] {
			continue
		}
		t := r.empty(Number(id))
		t.Lose(lossUnseen)
		if !r.yield(t, nil) {
			return errStopped
		}
	}
	return nil
}
