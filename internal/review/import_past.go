// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
)

// keptPast is a line of the past with the review that it belongs to.
type keptPast struct {
	Past
	Review string
}

// pastOfReviews writes the lines of several reviews.
var pastOfReviews = store.NewTable("review_past", "h", nil, func(p *keptPast) []store.Column {
	return []store.Column{
		store.Text("review", &p.Review), store.Text("id", &p.ID), store.Moment("at", &p.At), store.Text("author", &p.Author), store.Text("kind", &p.Kind),
		store.Text("before_text", &p.From), store.Text("after_text", &p.To), store.Text("words", &p.Text),
	}
})

// merge puts the history of a task into what is kept, and returns what is new or
// not as it was known.
func (k *keptTask) merge(past []Past) []Past {
	var added []Past
	for _, p := range past {
		old, known := k.past[p.ID]
		p.At = p.At.UTC().Truncate(time.Microsecond)
		if known && old.At.Equal(p.At) {
			old.At = p.At
		}
		if old != p {
			added = append(added, p)
			k.past[p.ID] = p
		}
	}
	return added
}

// whole is all of what is kept, in order.
func (k *keptTask) whole() []Past {
	all := make([]Past, 0, len(k.past))
	for _, p := range k.past {
		p.At = p.At.UTC()
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Past) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return all
}

// recordImport appends the entry of an import: what the review is, where it comes
// from, and the digest of the whole of its past.
func (d *decision) recordImport(ctx context.Context, k *keptTask, changes ...item.Change) error {
	past, err := json.Marshal(k.whole())
	if err != nil {
		return fmt.Errorf("write the past of a review: %w", err)
	}
	sum := sha256.Sum256(past)
	body, o := stateOf(d.review, d.participants), d.review.Origin
	body.Origin = &originBody{
		System: o.System, Source: o.Source, Number: o.Number, Status: o.Status, At: o.At,
		Events: len(k.past), Past: hex.EncodeToString(sum[:]),
	}
	return d.record(ctx, KindImported, body, changes...)
}

// storePast writes the lines of the past that are new or changed, and what a search
// finds by the whole of it.
func (im *importer) storePast(ctx context.Context, d *decision, k *keptTask, added []Past) error {
	if len(added) == 0 {
		return nil
	}
	rows := make([]keptPast, len(added))
	ids := make([]string, len(added))
	for i, p := range added {
		rows[i], ids[i] = keptPast{Past: p, Review: d.review.ID}, p.ID
	}
	isNew := d.before.ID == ""
	if !isNew { // some of them may be known otherwise
		if err := dropPast(ctx, im.tx.Tx, d.review.ID, ids); err != nil {
			return err
		}
	}
	if err := pastOfReviews.InsertAll(ctx, im.tx.Tx, rows); err != nil {
		return err
	}
	if isNew {
		if err := d.index(ctx); err != nil {
			return err
		}
	}
	return im.indexPast(ctx, d, k)
}

func dropPast(ctx context.Context, tx *store.Tx, review string, ids []string) error {
	for some := range slices.Chunk(ids, store.Batch) {
		args := []any{review}
		if _, err := tx.Exec(ctx, "DELETE FROM review_past WHERE review = $1 AND id IN "+store.In(some, &args), args...); err != nil {
			return fmt.Errorf("replace lines of the past: %w", err)
		}
	}
	return nil
}

// partPast is the part of a review under which a search finds its past.
const partPast = "past"

// maxFound bounds the words of the past that a search finds, in bytes.
const maxFound = 64 << 10

func (im *importer) indexPast(ctx context.Context, d *decision, k *keptTask) error {
	if im.s.Index == nil {
		return nil
	}
	var words strings.Builder
	for _, p := range k.whole() {
		if p.Kind == foreign.Comment && words.Len() < maxFound {
			words.WriteString(p.Text)
			words.WriteString("\n")
		}
	}
	return im.s.Index(ctx, im.tx, search.Document{
		Item: d.review.Item(), Part: partPast, Kind: ItemType, Title: d.review.Origin.Number, Body: cutText(words.String(), maxFound), Visibility: d.review.Visibility,
	})
}
