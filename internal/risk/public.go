// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// publicLimit is how many risks the public front shows, the latest change first.
const publicLimit = 20

// Public returns the open risks that everybody may know of, for the front page:
// the statements are those of the register, for a reader who is not signed in.
func (s *Service) Public(ctx context.Context, r store.Reader) ([]module.PublicItem, error) {
	var args []any
	where, err := s.where(ctx, r, authz.Anonymous(), Filter{}, &args)
	if err != nil {
		return nil, err
	}
	risks, err := listRisks(ctx, r, where, Filter{Sort: SortRecent}, listCursor{Key: 1<<63 - 1}, publicLimit, args)
	if err != nil {
		return nil, err
	}
	summaries, err := s.summaries(ctx, r, authz.Anonymous(), risks)
	if err != nil {
		return nil, err
	}
	items := make([]module.PublicItem, len(summaries))
	for i, sum := range summaries {
		items[i] = module.PublicItem{Title: sum.Title, State: sum.standing(), At: sum.ChangedAt}
	}
	return items, nil
}

// standing says in a line how a risk stands: its rating, and until when it is
// accepted or else its state.
func (sum Summary) standing() web.Message {
	rating := web.Msg("risk.rating_" + string(sum.Effective.Rating))
	if sum.Acceptance == InForce {
		return web.Msg("risk.standing.accepted", rating, web.LastDay(sum.AcceptedUntil))
	}
	return web.Msg("risk.standing.plain", rating, web.Msg("risk.state_"+string(sum.State)))
}

// say returns the text of a message outside a page. Without pages there is no
// catalogue, and the key stands for it.
func (s *Service) say(m web.Message) string {
	if s.texts == nil {
		return m.Key
	}
	return s.texts.Text(m.Key, m.Args...)
}
