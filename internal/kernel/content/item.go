// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// ItemOf returns the item that a comment or an attachment belongs to, of those
// that the actor may see. ref names it as the ledger does, "comment:<id>" or
// "attachment:<id>"; whatever else it is, is [fault.ItemNotFound].
func (s *Service) ItemOf(ctx context.Context, r store.Reader, a authz.Actor, ref string) (string, error) {
	switch kind, id, _ := strings.Cut(ref, ":"); kind {
	case "comment":
		c, err := findComment(ctx, r, a, id)
		return c.Item, err
	case "attachment":
		f, err := findAttachment(ctx, r, a, id)
		return f.Item, err
	}
	return "", fault.ItemNotFound()
}
