// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/risk"
)

func (o *office) openSlices(context.Context) error {
	policy, err := loadOr(o.cfg.Policy.Risk, o.loadRisk, o.shippedRisk)
	if err != nil {
		return err
	}
	o.reloads["risk"] = policy.Reload
	o.configured("risk", o.cfg.Policy.Risk, func(w admin.Words) []admin.Group { return w.RiskGroups(policy.Get()) })
	o.risk = risk.New(risk.Deps{
		DB: o.db, Log: o.ledger, Writer: o.ledger.Writer("risk", risk.EntryKinds()), Authz: o.policy,
		Policy: policy, Subjects: o.catalog, Links: o.catalog, Directory: directory{o.identity}, Zone: o.cfg.location,
		Notices: o.notify, Reclassify: o.reclassify, Index: o.index, Discussion: o.discussion, Gate: func() *gate.Policy { return o.gate.Policy() },
	})
	return nil
}

func (o *office) openGate(context.Context) error {
	providers := o.risk.Decisions()
	// The kinds as they are when the file is read: they may have been read again.
	load := func(file string, data []byte) (*gate.Policy, error) {
		return gate.Loader(o.catalog.Kinds(), providers)(file, data)
	}
	policy, err := loadOr(o.cfg.Policy.Gate, load, func() (*gate.Policy, error) {
		return gate.DefaultPolicy(o.catalog.Kinds(), providers)
	})
	if err != nil {
		return err
	}
	o.reloads["gate"] = policy.Reload
	o.configured("gate", o.cfg.Policy.Gate, func(w admin.Words) []admin.Group { return w.GateGroups(policy.Get()) })
	o.gate = gate.New(gate.Deps{
		DB: o.db, Authz: o.policy, Catalog: o.catalog, Policy: policy, Providers: providers,
		LedgerTime: ledger.HeadTime, Signer: o.keys.signer, PublicURL: o.cfg.PublicURL, Log: o.log,
	})
	return nil
}
