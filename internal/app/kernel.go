// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/risk"
)

func (o *office) openLedger(ctx context.Context) (err error) {
	o.ledger, err = ledger.Open(ctx, o.db, ledger.Config{
		Signer: o.keys.signer, Origin: o.cfg.Ledger.Origin,
		Period: o.cfg.Ledger.Period.Std(), Leaves: o.cfg.Ledger.Leaves, After: o.committed, Erased: search.Forget,
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
		Keys: o.keys.signer.Verifiers(), Witnesses: witnesses, Kinds: kinds(), Describe: o.describeReferences, Logger: o.log,
	})
	return nil
}

// openPolicy compiles who may do what: the defaults of every part and the
// organisation's own Cedar text.
func (o *office) openPolicy(context.Context) (err error) {
	var own []authz.PolicyText
	if file := o.cfg.Policy[authorization]; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return fault.New(fault.Invalid, "config.authorization", "The file %s of policy.authorization cannot be read; check its path and permissions.", file).Because(err)
		}
		own = append(own, authz.PolicyText{Name: file, Text: string(text)})
	}
	o.policy, err = authz.NewPolicy(actions(), cedar(), own)
	return err
}

func (o *office) openKernel(ctx context.Context) (err error) {
	if o.sessions, err = openWebSessions(ctx, o.cfg, o.db.Clock().Real, o.log); err != nil {
		return err
	}
	if o.identity, err = identity.New(identity.Deps{
		DB: o.db, Writer: o.ledger.Writer("identity", identity.Kinds()), Policy: o.policy,
		SecretKey: o.keys.secret, Config: identity.Config{Issuer: o.cfg.Organisation.Name, Hash: o.cfg.hash}, Log: o.log,
		Sessions: o.sessions.running, Past: o.sessions.past, Queue: o.queue,
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
	kinds, err := openPolicyFile(o, "catalog", loadKinds, catalog.DefaultKinds)
	if err != nil {
		return err
	}
	o.catalog = catalog.New(catalog.Deps{
		DB: o.db, Writer: o.ledger.Writer("catalog", catalog.EntryKinds()), Policy: o.policy,
		Kinds: kinds, Directory: directory{o.identity, o.policy}, Reclassify: o.reclassify, Index: o.index,
		Discussion: o.discussion, Resources: others(func(t string) catalog.ResourceOf { return catalog.ResourceOf(o.resource(t)) }),
		Follow: o.followSubject, Describers: others(o.describer), Seen: others(o.seen), Steps: slices.Concat(risk.SubjectSteps(), review.SubjectSteps()),
	})
	o.offices = officeweb.New(officeweb.Deps{
		Office: o.authority, People: o.identity, DB: o.db, Location: o.cfg.location, Sections: adminSections(), Profile: profileSections(),
	})
	o.people = identityweb.New(identityweb.Deps{People: o.identity, DB: o.db, Policy: o.policy, Location: o.cfg.location, PublicURL: o.cfg.PublicURL, Sections: adminSections(), Profile: profileSections()})
	if err := o.openContent(); err != nil {
		return err
	}
	return o.openNotify()
}

func (o *office) openContent() error {
	settings, err := openPolicyFile(o, "content", content.LoadSettings, content.DefaultSettings)
	if err != nil {
		return err
	}
	o.content = content.New(content.Deps{
		DB: o.db, Writer: o.ledger.Writer("content", content.EntryKinds()), Policy: o.policy, Resources: o.resources(), Settings: settings,
		Threads: byType(o.mayWrite), Edits: byType(o.mayEdit), Changed: o.passageChanged,
	})
	o.threads = contentweb.New(contentweb.Deps{
		Content: o.content, DB: o.db, Describe: o.describe, Person: directory{o.identity, o.policy}.Person, Profile: profileSections(),
		ThreadURL: o.threadURL,
		Text:      func(key string, args ...any) string { return o.mux.Text(key, args...) },
	})
	o.finder = searchweb.New(searchweb.Deps{DB: o.db, Kinds: searchKinds(), Describe: o.describe, URL: hitURL})
	return nil
}

func (o *office) openNotify() (err error) {
	password, err := o.cfg.Mail.password()
	if err != nil {
		return err
	}
	sender, err := o.cfg.Mail.sender(password)
	if err != nil {
		return err
	}
	o.notify, err = notify.New(notify.Config{
		DB: o.db, Writer: o.ledger.Writer("notify", notify.EntryKinds()), Policy: o.policy, Queue: o.queue,
		Directory: directory{o.identity, o.policy}.recipient, Resources: o.resources(), Sender: sender, Replies: o.replies,
		Text:    func(key string, args ...any) string { return o.mux.Text(key, args...) },
		BaseURL: o.cfg.PublicURL, Log: o.log,
	})
	return err
}
