// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// publicLimit is how many abstracts the public front shows, the latest first.
const publicLimit = 20

// Public returns the reviews whose abstract was published, for the front page: what
// each is called, how it ended and when. Nothing else of a review is public by that.
func (s *Service) Public(ctx context.Context, r store.Reader) ([]module.PublicItem, error) {
	all, err := reviewRows.All(ctx, r, "WHERE r.published_at IS NOT NULL AND r.board_column = 'done' AND r.visibility <> $1 ORDER BY r.published_at DESC, r.id LIMIT $2",
		string(authz.Restricted), publicLimit)
	if err != nil {
		return nil, err
	}
	items := make([]module.PublicItem, len(all))
	for i, v := range all {
		items[i] = module.PublicItem{Title: v.Title, State: v.standing(), At: v.DoneAt, URL: v.URL() + "/abstract"}
	}
	return items, nil
}

// standing says in a word how a review stands: how it ended, or in which column it is.
func (r Review) standing() web.Message {
	if r.Verdict.Outcome != "" {
		return web.Msg("review.standing." + string(r.Verdict.Outcome))
	}
	return web.Msg("review.standing." + string(r.Column))
}

// say returns the text of a message outside a page. Without pages there is no
// catalogue, and the key stands for it.
func (s *Service) say(m web.Message) string {
	if s.texts == nil {
		return m.Key
	}
	return s.texts.Text(m.Key, m.Args...)
}
