// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/risk"
)

// office is a running installation without its listeners: the database, the
// kernel's services and the slices, wired together. There is no other place
// that knows them all.
type office struct {
	cfg     *Config
	log     *slog.Logger
	metrics *prometheus.Registry
	db      *store.DB
	keys    keys
	policy  *authz.Policy

	ledger     *ledger.Log
	ledgerView *ledgerweb.Service
	identity   *identity.Service
	authority  *authority.Service
	catalog    *catalog.Service
	gate       *gate.Service
	risk       *risk.Service
	queue      *job.Queue
	jobs       *job.Runner

	modules []module.Module
	reloads map[string]func() error // policy files, by name
	mux     *web.Mux
	handler http.Handler
	release func() // gives the lease of the database back
}

// options are what differs between serve, demo and a tool that opens the same
// installation for a moment.
type options struct {
	clock *store.Clock
	log   *slog.Logger
}

// openOffice opens the installation: one server per database, migrated to this
// version. The caller closes it.
func openOffice(ctx context.Context, cfg *Config, opts options) (_ *office, err error) {
	o := &office{cfg: cfg, log: opts.log, metrics: prometheus.NewRegistry(), queue: job.NewQueue(), reloads: map[string]func() error{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if o.keys, err = loadKeys(cfg); err != nil {
		return nil, err
	}
	if o.db, err = openDatabase(ctx, cfg, opts.clock); err != nil {
		return nil, err
	}
	if o.release, err = o.db.Lease(ctx); err != nil {
		return nil, err
	}
	if err = o.db.Migrate(ctx, migrations()); err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{o.openLedger, o.openPolicy, o.openLedgerView, o.openKernel, o.openSlices, o.openAuthority, o.openGate, o.openModules, o.openJobs, o.openWeb}
	for _, step := range steps {
		if err = step(ctx); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// close releases the database. It may be called on an office that was opened in part.
func (o *office) close() error {
	if o.release != nil {
		o.release()
	}
	if o.db != nil {
		return o.db.Close()
	}
	return nil
}

func (o *office) openLedger(ctx context.Context) (err error) {
	o.ledger, err = ledger.Open(ctx, o.db, ledger.Config{
		Signer: o.keys.signer, Origin: o.cfg.Ledger.Origin,
		Period: o.cfg.Ledger.Period.Std(), Leaves: o.cfg.Ledger.Leaves,
	})
	return err
}

// openLedgerView opens what readers of the log use.
func (o *office) openLedgerView(context.Context) error {
	witnesses, err := format.ParseWitnesses([]byte(strings.Join(o.cfg.Ledger.Witnesses, "\n")))
	if err != nil {
		return fmt.Errorf("ledger.witnesses: %w", err)
	}
	o.ledgerView = ledgerweb.New(ledgerweb.Deps{
		DB: o.db, Log: o.ledger, Writer: o.ledger.Writer("ledger", ledger.Kinds()), Policy: o.policy,
		Keys: o.keys.signer.Verifiers(), Witnesses: witnesses, Kinds: kinds(), Logger: o.log,
	})
	return nil
}

// openPolicy compiles who may do what: the defaults of every part and the
// organisation's own Cedar text.
func (o *office) openPolicy(context.Context) (err error) {
	var own []authz.PolicyText
	if file := o.cfg.Policy.Authorization; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the authorization policy: %w", err)
		}
		own = append(own, authz.PolicyText{Name: file, Text: string(text)})
	}
	o.policy, err = authz.NewPolicy(actions(), []authz.PolicyText{catalog.Policies(), risk.Policies()}, own)
	return err
}

func (o *office) openKernel(ctx context.Context) (err error) {
	if o.identity, err = identity.New(identity.Deps{
		DB: o.db, Writer: o.ledger.Writer("identity", identity.Kinds()), Policy: o.policy,
		SecretKey: o.keys.secret, Config: identity.Config{Issuer: o.cfg.Organisation.Name}, Log: o.log,
	}); err != nil {
		return err
	}
	o.authority = authority.New(authority.Deps{
		DB: o.db, Writer: o.ledger.Writer("authz", authority.Kinds()), Policy: o.policy,
		Organisation: func(ctx context.Context, r store.Reader, id string) error {
			_, err := o.identity.OrganisationByID(ctx, r, id)
			return err
		},
	})
	kinds, err := loadOr(o.cfg.Policy.Catalog, catalog.LoadKinds, catalog.DefaultKinds)
	if err != nil {
		return err
	}
	o.reloads["catalog"] = kinds.Reload
	o.catalog = catalog.New(catalog.Deps{
		DB: o.db, Writer: o.ledger.Writer("catalog", catalog.EntryKinds()), Policy: o.policy,
		Kinds: kinds, Directory: directory{o.identity}, Reclassify: o.ledger.Reclassify, Describers: map[string]catalog.Describer{},
	})
	return nil
}

func (o *office) openSlices(context.Context) error {
	policy, err := loadOr(o.cfg.Policy.Risk, risk.LoadPolicy, risk.DefaultPolicy)
	if err != nil {
		return err
	}
	o.reloads["risk"] = policy.Reload
	o.risk = risk.New(risk.Deps{
		DB: o.db, Log: o.ledger, Writer: o.ledger.Writer("risk", risk.EntryKinds()), Authz: o.policy,
		Policy: policy, Subjects: o.catalog, Directory: directory{o.identity}, Zone: o.cfg.location,
		Gate: func() *gate.Policy { return o.gate.Policy() },
	})
	return nil
}

func (o *office) openGate(context.Context) error {
	providers := o.risk.Decisions()
	load := gate.Loader(o.catalog.Kinds(), providers)
	policy, err := loadOr(o.cfg.Policy.Gate, load, func() (*gate.Policy, error) {
		return gate.DefaultPolicy(o.catalog.Kinds(), providers)
	})
	if err != nil {
		return err
	}
	o.reloads["gate"] = policy.Reload
	o.gate = gate.New(gate.Deps{
		DB: o.db, Authz: o.policy, Catalog: o.catalog, Policy: policy, Providers: providers,
		LedgerTime: ledger.HeadTime, Signer: o.keys.signer, PublicURL: o.cfg.PublicURL, Log: o.log,
	})
	return nil
}

// loadOr reads the organisation's file, or takes the shipped default.
func loadOr[T any](file string, load func(string, []byte) (*T, error), shipped func() (*T, error)) (*config.Holder[T], error) {
	if file != "" {
		return config.NewHolder(file, load)
	}
	value, err := shipped()
	if err != nil {
		return nil, err
	}
	return config.Fixed(value), nil
}
