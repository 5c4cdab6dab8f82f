// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Holders returns the ids of the active people who have one of the roles, by login.
// Service accounts are no people. It checks no action: it is for other modules.
func (s *Service) Holders(ctx context.Context, r store.Reader, roles ...authz.Role) ([]string, error) {
	rows, err := r.Query(ctx, "SELECT id, roles FROM identity_person WHERE active = 1 AND kind = $1 ORDER BY login", string(authz.KindPerson))
	var ids []string
	_, err = store.Collect(rows, err, func(row store.Scanner) (none struct{}, err error) {
		var id, held string
		err = row.Scan(&id, &held)
		if slices.ContainsFunc(splitRoles(held), func(r authz.Role) bool { return slices.Contains(roles, r) }) {
			ids = append(ids, id)
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("load who holds roles: %w", err)
	}
	return ids, nil
}
