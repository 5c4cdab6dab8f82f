// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// Slice is the review of projects as app composes it.
func Slice() module.Slice {
	tables := Migrations()
	return module.Slice{
		Declaration: module.Declaration{
			Name:       "review",
			Migrations: &tables,
			Actions:    Actions(),
			Cedar:      policyCedar,
			EntryKinds: EntryKinds(),
			Items:      []module.ItemType{{Type: ItemType, Many: "review.items", One: "review.item", Icon: "file-check"}},
			Relations:  []string{RelationToSubject, RelationToReview, RelationToOlder},
		},
		PolicyFiles: []string{policyName},
		Command:     &command{},
		Open:        open,
	}
}

func open(k module.Kernel) (module.Module, error) {
	policy, file, err := module.OpenPolicy(policyName, k.PolicyFile(policyName), LoadPolicy, DefaultPolicy, k.Fits)
	if err != nil {
		return module.Module{}, err
	}
	s := New(k, policy)
	file.Title = "review.policy"
	return s.module(file), nil
}

func (s *Service) module(policies ...module.PolicyFile) module.Module {
	return module.Module{
		Pages:      s.Pages,
		API:        s.API,
		Navigation: Navigation(),
		Policies:   policies,
		Threads:    map[string]module.Threads{ItemType: s.threads()},
		Doors:      s.doors(),
		Reply: map[string]func(context.Context, *ledger.Tx, string, string, string) error{
			ItemType: s.takeReply,
		},
		ReplyScopes: []authz.Action{ActionAnswer},
		Jobs:        s.Jobs(),
		Decisions:   s.Decisions(),
		Resource: map[string]func(context.Context, store.Reader, string) (authz.Resource, error){
			ItemType: s.Resource,
		},
		Describe:  s.Describe,
		Seen:      s.Seen,
		Follow:    s.FollowSubject,
		Inbox:     s.Inbox,
		Deadlines: s.Deadlines,
		Public:    s.Public,
		Holds:     s.Holds,
		Erase:     s.Erase,
		Service:   s,
	}
}
