// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// policyName is the slice's policy file, as below policy in the configuration.
const policyName = "risk"

// command puts the slice's commands under its noun.
type command struct {
	Risk Commands `cmd:"" help:"The risk register: rate, treat, ask, accept, revoke."`
}

// Slice is the risk register as app composes it.
func Slice() module.Slice {
	tables := Migrations()
	return module.Slice{
		Declaration: module.Declaration{
			Name:       "risk",
			Migrations: &tables,
			Actions:    Actions(),
			Cedar:      policyCedar,
			EntryKinds: EntryKinds(),
			Items:      []module.ItemType{{Type: ItemType, Many: "risk.items", One: "risk.item", Icon: "shield-alert"}},
			Relations:  []string{RelationToSubject},
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
	s := New(Deps{
		DB: k.DB, Log: k.Log, Writer: k.Writer, Authz: k.Authz, Policy: policy,
		Subjects: k.Catalog, Links: k.Catalog, Directory: k.Directory, Zone: k.Zone, Notices: k.Notices,
		Reclassify: k.Reclassify, Index: k.Index, Discussion: k.Discussion, Gate: k.Gate,
	})
	file.Title = "risk.policy"
	file.Draw = func(c *web.Ctx) any {
		grid := s.grid(c, c.Text("risk.grid"))
		grid.Noun = "" // nothing is counted in its fields
		return &grid
	}
	return s.module(file), nil
}

func (s *Service) module(policies ...module.PolicyFile) module.Module {
	return module.Module{
		Pages:      s.Pages,
		API:        s.API,
		Navigation: Navigation(),
		Jobs:       s.Jobs(),
		Policies:   policies,
		Decisions:  s.Decisions(),
		Resource: map[string]func(context.Context, store.Reader, string) (authz.Resource, error){
			ItemType: s.Resource,
		},
		Describe:     s.Describe,
		Seen:         s.Seen,
		Follow:       s.FollowSubject,
		Inbox:        s.Inbox,
		Deadlines:    s.Deadlines,
		Public:       s.Public,
		Holds:        s.Holds,
		Erase:        s.Erase,
		RegisterRisk: s.registerFor,
		Service:      s,
	}
}

// registerFor puts what another slice found into the register.
func (s *Service) registerFor(ctx context.Context, tx *ledger.Tx, in module.RiskInput) (string, error) {
	r, err := s.RegisterIn(ctx, tx, RegisterInput{
		Subject: in.Subject, Act: in.Act, Title: in.Title, Threat: in.Threat, Scope: in.Scope, Owner: in.Owner,
		Visibility: in.Visibility, Participants: in.Participants,
		Inputs: matrix.Stated{
			Data: matrix.Data(in.Facts.Data), Direction: matrix.Direction(in.Facts.Direction), Access: matrix.Access(in.Facts.Access),
			Volume: matrix.Volume(in.Facts.Volume), CrossesBoundary: in.Facts.CrossesBoundary, LowerTrust: in.Facts.LowerTrust,
		},
	})
	return r.Item(), err
}
