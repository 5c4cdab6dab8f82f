// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// Module describes the slice to app.
func (s *Service) Module() module.Module {
	tables := Migrations()
	return module.Module{
		Name:       "risk",
		Migrations: &tables,
		Actions:    Actions(),
		Cedar:      policyCedar,
		Pages:      s.Pages,
		API:        s.API,
		Navigation: Navigation(),
		Jobs:       s.Jobs(),
		EntryKinds: EntryKinds(),
		Decisions:  s.Decisions(),
		Resource: map[string]func(context.Context, store.Reader, string) (authz.Resource, error){
			ItemType: s.Resource,
		},
		Inbox:     s.Inbox,
		Deadlines: s.Deadlines,
		Public:    s.Public,
		Holds:     s.Holds,
		Erase:     s.Erase,
	}
}
