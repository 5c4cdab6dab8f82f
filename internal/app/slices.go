// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"

	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/module"
)

// openSlices opens the slices on the kernel.
func (o *office) openSlices(context.Context) error {
	for _, s := range capabilities() {
		m, err := s.Open(module.Kernel{
			DB: o.db, Log: o.ledger, Writer: o.ledger.Writer(s.Name, s.EntryKinds), Authz: o.policy,
			Catalog: o.catalog, Directory: directory{o.identity, o.policy}, Notices: o.notify, Zone: o.cfg.location,
			Gate:       func() *gate.Policy { return o.gate.Policy() },
			PolicyFile: func(name string) string { return o.cfg.Policy[name] }, Fits: o.fits,
			Reclassify: o.reclassify, Index: o.index, Discussion: o.discussion,
		})
		if err != nil {
			return err
		}
		m.Declaration = s.Declaration
		o.modules = append(o.modules, m)
	}
	return nil
}

// openGate opens the gate on the decisions that slices answer for.
func (o *office) openGate(context.Context) error {
	providers := map[string]gate.Provider{}
	for _, m := range o.modules {
		maps.Copy(providers, m.Decisions) // what two answer for is refused when all parts are open
	}
	// The kinds as they are when the file is read: they may have been read again.
	load := func(file string, data []byte) (*gate.Policy, error) {
		return gate.Loader(o.catalog.Kinds(), providers)(file, data)
	}
	policy, err := openPolicyFile(o, "gate", load, func() (*gate.Policy, error) {
		return gate.DefaultPolicy(o.catalog.Kinds(), providers)
	})
	if err != nil {
		return err
	}
	o.gate = gate.New(gate.Deps{
		DB: o.db, Authz: o.policy, Catalog: o.catalog, Policy: policy, Providers: providers,
		LedgerTime: ledger.HeadTime, Signer: o.keys.signer, PublicURL: o.cfg.PublicURL, Log: o.log,
	})
	return nil
}
