// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	_ "embed"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/module"
)

//go:embed defaults/authority.yaml
var defaultAuthority []byte

// authorityFile is policy.authority: the ranks of the organisations, low to high.
type authorityFile struct {
	Ranks []rankLine `yaml:"ranks"`
}

type rankLine struct {
	Name          string `yaml:"name"`
	Title         string `yaml:"title"`
	config.Source `yaml:",inline"`
}

// Validate refuses an empty list: without ranks nobody could decide anything.
func (a authorityFile) Validate() []fault.Field {
	if len(a.Ranks) == 0 {
		return []fault.Field{{Path: "ranks", Code: "authority.ranks", Message: "must name at least one rank, the lowest first"}}
	}
	return nil
}

func shippedAuthority() (*authorityFile, error) {
	return parseAuthority("defaults/authority.yaml", defaultAuthority)
}

func parseAuthority(file string, data []byte) (*authorityFile, error) {
	var a authorityFile
	if err := config.Decode(file, data, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// openAuthority makes the configured ranks the ones in force.
func (o *office) openAuthority(ctx context.Context) (err error) {
	if o.ranks, err = openPolicyFile(o, "authority", o.loadAuthority, shippedAuthority); err != nil {
		return err
	}
	for _, p := range o.policies() {
		if err := checkRanks(cmp.Or(p.File, module.ShippedFile(p.Name)), p.Running(), o.ranks.Get()); err != nil {
			return err
		}
	}
	apply := func(a *authorityFile) error {
		var ranks []authz.Rank
		for _, r := range a.Ranks {
			ranks = append(ranks, authz.Rank{Name: r.Name, Title: r.Title})
		}
		return o.authority.SetRanks(ctx, ranks)
	}
	file := &o.files["authority"][0]
	file.Reload = func() error {
		// Applied before it counts: a rank that posts still have cannot go.
		next, err := file.Read()
		if err != nil {
			return err
		}
		if err := apply(next.(*authorityFile)); err != nil {
			return err
		}
		return o.ranks.Reload()
	}
	return apply(o.ranks.Get())
}
