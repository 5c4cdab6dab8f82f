// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
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
			Comments: func() *content.Service { return o.content }, RegisterRisk: o.registerRisk,
			PersonByMail: directory{o.identity, o.policy}.PersonByMail,
		})
		if err != nil {
			return err
		}
		m.Declaration = s.Declaration
		o.modules = append(o.modules, m)
	}
	return nil
}

// registerRisk puts what a slice found into the register of risks, which whichever
// slice keeps it offers.
func (o *office) registerRisk(ctx context.Context, tx *ledger.Tx, in module.RiskInput) (string, error) {
	for _, m := range o.modules {
		if m.RegisterRisk != nil {
			return m.RegisterRisk(ctx, tx, in)
		}
	}
	return "", fault.New(fault.Unavailable, "office.no_register", "There is no register of risks here. Ask your administrator.")
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
