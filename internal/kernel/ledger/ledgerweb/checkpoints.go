// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// checkpoints returns public checkpoints with their cosignatures, the latest
// first, and the size with which to go on, zero after the last one.
func (s *Service) checkpoints(ctx context.Context, before int64, limit int) ([]PublicCheckpoint, int64, error) {
	var bare, list []ledger.Checkpoint
	err := s.read(ctx, func(r *store.ReadTx) error {
		var err error
		if bare, err = s.Log.Checkpoints(ctx, r, before, limit+1); err != nil {
			return err
		}
		for _, c := range bare {
			full, err := s.Log.Public(ctx, r, c.Size) // with its cosignatures
			if err != nil {
				return err
			}
			list = append(list, full)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	next := int64(0)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Size
	}
	all := make([]PublicCheckpoint, len(list))
	for i, c := range list {
		all[i] = PublicCheckpoint{Size: c.Size, Root: c.Root.String(), Period: c.Period, Note: c.Note, Witnesses: signers(strings.TrimPrefix(c.Note, bare[i].Note))}
	}
	return all, next, nil
}

// signers returns the names in signature lines.
func signers(lines string) []string {
	names := []string{}
	for line := range strings.Lines(lines) {
		if parts := strings.Fields(line); len(parts) == 3 {
			names = append(names, parts[1])
		}
	}
	return names
}
