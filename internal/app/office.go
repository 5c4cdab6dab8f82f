// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/mailin"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
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
	sessions   *webSessions
	identity   *identity.Service
	authority  *authority.Service
	catalog    *catalog.Service
	gate       *gate.Service
	content    *content.Service
	notify     *notify.Service
	mailin     *mailin.Service
	people     *identityweb.Site
	offices    *officeweb.Site
	finder     *searchweb.Site
	threads    *contentweb.Site
	admin      *admin.Site
	queue      *job.Queue
	jobs       *job.Runner

	journal *journal    // of erasures
	behind  atomic.Bool // an erasure is not in the journal yet
	settled settlement  // what opening had to bring in line

	modules []module.Module
	files   map[string][]module.PolicyFile // of the kernel, by name
	refused sync.Map                       // name of a policy file -> why it was refused when it was last read
	jobDefs []job.Def
	ranks   *config.Holder[authorityFile]
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
	o := &office{cfg: cfg, log: opts.log, metrics: prometheus.NewRegistry(), queue: job.NewQueue(), files: map[string][]module.PolicyFile{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if err = checkOrigin(cfg); err != nil {
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
	// Only now: keys that were made for an installation that never opened would be
	// named after what it was configured with, and stand in the way of the next try.
	if o.keys, err = loadKeys(cfg); err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{o.openLedger, o.openPolicy, o.openLedgerView, o.openKernel, o.openSlices, o.openMailIn, o.openAuthority, o.openGate, o.openAdmin, o.openModules, o.openJournal, o.openJobs, o.openWeb}
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
	var err error
	if o.sessions != nil {
		err = o.sessions.close()
	}
	if o.db != nil {
		err = errors.Join(err, o.db.Close())
	}
	return err
}
