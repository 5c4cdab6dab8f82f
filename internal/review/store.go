// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// reviewRows is where reviews are kept. What stands beside a column of JSON repeats
// a part of it for lists.
var reviewRows = store.NewTable("review_item", "r", stale, func(r *Review) []store.Column {
	return []store.Column{
		store.Text("id", &r.ID).Key(),
		store.Int("version", &r.Version).Version(),
		store.Text("kind", &r.Kind),
		store.Int("kind_version", &r.KindVersion),
		store.Flag("required", &r.Required),
		store.Text("title", &r.Title),
		store.Text("sketch", &r.Sketch),
		store.Text("subject", &r.Subject),
		store.Text("requester", &r.Requester).Fixed(),
		store.Text("owner", &r.Owner),
		store.Text("visibility", &r.Visibility),
		store.Text("board_column", &r.Column),
		store.Text("priority", &r.Priority),
		store.Value("weight", r.Priority.weight()),
		store.JSON("wait", &r.Wait),
		store.Text("lead", &r.Lead),
		store.JSON("effort", &r.Effort),
		store.Moment("received_at", &r.ReceivedAt).Fixed(),
		store.Moment("triaged_at", &r.TriagedAt),
		store.Text("quarter", &r.Quarter),
		store.Moment("accepted_at", &r.AcceptedAt),
		store.Text("scheduled_for", &r.ScheduledFor),
		store.Moment("started_at", &r.StartedAt),
		store.Moment("done_at", &r.DoneAt),
		store.Moment("clock_start", &r.ClockStart),
		store.Int("clock_days", &r.ClockDays),
		store.JSON("answers", &r.Answers),
		store.JSON("technologies", &r.Technologies),
		store.JSON("scenarios", &r.Scenarios),
		store.JSON("prescreen", &r.PreScreen),
		store.JSON("verdict", &r.Verdict),
		store.Value("outcome", string(r.Verdict.Outcome)),
		store.Text("successor", &r.Successor),
		store.Text("predecessor", &r.Predecessor),
		store.Text("abstract", &r.Abstract),
		store.Moment("published_at", &r.PublishedAt),
		store.JSON("origin", &r.Origin),
		store.Value("origin_source", r.Origin.Source),
		store.Value("origin_number", r.Origin.Number),
		store.Moment("changed_at", &r.ChangedAt),
		store.Int("entry", &r.Entry),
	}
})

// keptReviews says where reviews are, for what asks who may see them.
var keptReviews = item.Kept{Type: ItemType, Table: "review_item", Alias: "r"}

// loadReview returns the review if the actor may see it. id is the id, or the
// number that an imported one had. Absent and invisible run the same statement and
// give the same fault.
func loadReview(ctx context.Context, rd store.Reader, a authz.Actor, id string) (Review, error) {
	args := []any{id}
	visible := keptReviews.Visible(a, &args)
	return store.Found(reviewRows.One(ctx, rd, "WHERE (r.id = $1 OR r.origin_number = $1 AND r.origin_number <> '') AND "+visible+" ORDER BY r.id LIMIT 1", args...))
}

// shown reports which of the reviews with these ids the actor may see.
func shown(ctx context.Context, rd store.Reader, a authz.Actor, ids ...string) (map[string]bool, error) {
	ids = slices.DeleteFunc(item.Distinct(ids), func(id string) bool { return id == "" })
	seen := make(map[string]bool, len(ids))
	for some := range slices.Chunk(ids, store.Batch) {
		var args []any
		where := "r.id IN " + store.In(some, &args) + " AND "
		rows, err := rd.Query(ctx, "SELECT r.id FROM review_item r WHERE "+where+keptReviews.Visible(a, &args), args...)
		found, err := store.Texts(rows, err)
		if err != nil {
			return nil, fmt.Errorf("look which reviews are shown: %w", err)
		}
		for _, id := range found {
			seen[id] = true
		}
	}
	return seen, nil
}

// chained is the review without its predecessor and successor unless they are among
// those seen.
func (r Review) chained(seen map[string]bool) Review {
	for _, id := range []*string{&r.Predecessor, &r.Successor} {
		if !seen[*id] {
			*id = ""
		}
	}
	return r
}

// stale is the answer to whoever changes what somebody else changed meanwhile.
func stale() error { return item.Stale("review.stale") }

// history is where the lines of the history are kept.
var history = item.NewHistory("review_history", "review", "part")

// maxHistory bounds the lines of the history that a page shows.
const maxHistory = 200
