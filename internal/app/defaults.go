// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	_ "embed"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

//go:embed defaults/authority.yaml
var defaultAuthority []byte

// authorityFile is policy.authority: the ranks of the organisations, low to high.
type authorityFile struct {
	Ranks []rankLine `yaml:"ranks"`
}

type rankLine struct {
	Name   string `yaml:"name"`
	Title  string `yaml:"title"`
	Origin string `yaml:"origin"` // source or chosen
	Cites  string `yaml:"cites"`
}

// Validate refuses an empty list: without ranks nobody could decide anything.
func (a authorityFile) Validate() []fault.Field {
	if len(a.Ranks) == 0 {
		return []fault.Field{{Path: "ranks", Code: "authority.ranks", Message: "must name at least one rank, the lowest first"}}
	}
	return nil
}

func loadAuthorityFile(file string, data []byte) (*authorityFile, error) {
	var a authorityFile
	if err := config.Decode(file, data, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// openAuthority makes the configured ranks the ones in force and refuses a risk
// policy that asks for a rank which nobody can hold.
func (o *office) openAuthority(ctx context.Context) error {
	holder, err := loadOr(o.cfg.Policy.Authority, loadAuthorityFile, func() (*authorityFile, error) {
		return loadAuthorityFile("defaults/authority.yaml", defaultAuthority)
	})
	if err != nil {
		return err
	}
	apply := func() error {
		var ranks []authz.Rank
		for _, r := range holder.Get().Ranks {
			ranks = append(ranks, authz.Rank{Name: r.Name, Title: r.Title})
		}
		return o.authority.SetRanks(ctx, ranks)
	}
	o.reloads["authority"] = func() error {
		if err := holder.Reload(); err != nil {
			return err
		}
		return apply()
	}
	if err := apply(); err != nil {
		return err
	}
	return o.checkRanks(*holder.Get())
}

func (o *office) checkRanks(a authorityFile) error {
	var known []string
	for _, r := range a.Ranks {
		known = append(known, r.Name)
	}
	var fields []fault.Field
	for _, unknown := range o.risk.Policy().UnknownRanks(known) {
		fields = append(fields, fault.Field{Path: unknown, Code: "risk.unknown_rank", Message: "the risk policy asks for a rank that policy.authority does not list"})
	}
	return fault.InvalidFields("config.invalid", fields)
}
