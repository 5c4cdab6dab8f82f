// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// committed is called after each decision: what was erased is in the journal
// before anybody is told that it is gone.
func (o *office) committed(ctx context.Context, kinds []string) {
	if o.journal == nil || !slices.ContainsFunc(kinds, ledger.Erases) {
		return
	}
	if err := o.keepJournal(context.WithoutCancel(ctx)); err != nil {
		o.log.Error("an erasure is not in the erasure journal yet; it will be tried again", "error", err)
	}
}

// keepJournal adds to the journal what was erased since.
func (o *office) keepJournal(ctx context.Context) error {
	var present []erasure
	err := o.db.Read(ctx, func(r *store.ReadTx) (err error) {
		present, err = o.erased(ctx, r)
		return err
	})
	if err == nil {
		err = o.journal.add(present)
	}
	o.behind.Store(err != nil)
	return err
}

// journalJob tries again what keepJournal could not do at once.
func (o *office) journalJob() job.Def {
	return job.Def{
		Kind: "office.journal", Summary: "Add erasures to the erasure journal that could not be added at once.", Every: time.Minute,
		Handle: func(ctx context.Context, _ []byte) error {
			if !o.behind.Load() {
				return nil
			}
			return o.keepJournal(ctx)
		},
	}
}

// erased lists everything that is erased in the database.
func (o *office) erased(ctx context.Context, r store.Reader) ([]erasure, error) {
	var all []erasure
	entries, err := o.ledger.Erasures(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		all = append(all, erasure{What: whatEntry, Entry: e.Seq, Field: e.Field.String(), Leaf: hex.EncodeToString(e.Leaf[:]), At: e.Erased})
	}
	contents, err := content.Erasures(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, e := range contents {
		all = append(all, erasure{What: e.What, ID: e.ID, At: e.At})
	}
	people, err := identity.ErasedPeople(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		all = append(all, erasure{What: whatPerson, ID: p.ID, At: p.At})
	}
	return all, nil
}

// eraseAgain carries out erasures of the journal. What the database does not
// know, because it was lost with a restore, is passed over. It returns the number
// of those that were carried out.
func (o *office) eraseAgain(ctx context.Context, tx *ledger.Tx, list []erasure) (int, error) {
	var entries []ledger.Erasure
	var contents []content.Erasure
	n := 0
	for _, e := range list {
		switch e.What {
		case whatEntry:
			leaf, err := hex.DecodeString(e.Leaf)
			field, ok := format.ParseField(e.Field)
			if err != nil || len(leaf) != format.HashSize || !ok {
				return 0, fault.New(fault.Invalid, "journal.damaged", "The erasure journal names a field or a leaf that cannot be. Put back your copy of it.")
			}
			entries = append(entries, ledger.Erasure{Seq: e.Entry, Field: field, Leaf: format.Hash(leaf)})
		case whatPerson:
			done, err := o.erasePersonAgain(ctx, tx, e.ID)
			if err != nil {
				return 0, err
			}
			n += done
		default:
			contents = append(contents, content.Erasure{What: e.What, ID: e.ID})
		}
	}
	inContent, err := o.content.EraseAgain(ctx, tx, contents)
	if err != nil {
		return 0, err
	}
	// The entries last: what the other erasures append is not among them.
	inLedger, err := o.ledger.EraseAgain(ctx, tx, entries)
	return n + inContent + inLedger, err
}

// eraseDrafts is module.Module's Erase of the part content.
func eraseDrafts(ctx context.Context, tx *ledger.Tx, person string) error {
	return content.ErasePerson(ctx, tx.Tx, person)
}

// erasePersonAgain erases a person in all parts and returns 1, or 0 if the
// database does not know the person.
func (o *office) erasePersonAgain(ctx context.Context, tx *ledger.Tx, person string) (int, error) {
	if _, err := o.identity.PersonByID(ctx, tx, person); err != nil {
		if fault.Is(err, fault.NotFound) {
			return 0, nil
		}
		return 0, err
	}
	for _, m := range slices.Backward(o.modules) { // the account last
		if m.Erase == nil {
			continue
		}
		err := m.Erase(ctx, tx, person)
		if fault.HasCode(err, "identity.last_admin") {
			// The older copy knows no other administrator: without one nobody could
			// run it. The line stays in the journal and is tried at the next start.
			o.log.Error("an erased account is the only administrator of the restored copy; make another one and restart", "person", person)
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("erase a person in %s: %w", m.Name, err)
		}
	}
	return 1, nil
}
