// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/store"
)

// auditor reads the database directly and looks whether rows and ledger say the same.
type auditor struct {
	t    *testing.T
	open store.Config
}

// read runs fn on the database.
func (a auditor) read(fn func(r *store.ReadTx) error) {
	a.t.Helper()
	db, err := store.Open(a.t.Context(), a.open)
	if err != nil {
		a.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	if err := db.Read(a.t.Context(), fn); err != nil {
		a.t.Fatal(err)
	}
}

// about is what an entry is: its kind, and the item it is about.
type about struct{ kind, item string }

// since counts the entries from seq on, by kind and item, and returns the number
// of entries in the log.
func (a auditor) since(seq int64) (map[about]int, int64) {
	a.t.Helper()
	counts, size := map[about]int{}, int64(0)
	a.read(func(r *store.ReadTx) error {
		if err := r.QueryRow(a.t.Context(), "SELECT size FROM ledger_head").Scan(&size); err != nil {
			return err
		}
		rows, err := r.Query(a.t.Context(), "SELECT kind, item, COUNT(*) FROM ledger_opening WHERE seq >= $1 GROUP BY kind, item", seq)
		type counted struct {
			about
			n int
		}
		all, err := store.Collect(rows, err, func(s store.Scanner) (c counted, err error) { return c, s.Scan(&c.kind, &c.item, &c.n) })
		for _, c := range all {
			counts[c.about] = c.n
		}
		return err
	})
	return counts, size
}

// mirrors are questions whose answer is 0 as long as every entry that claims a
// row has it, and every row has the entry it claims.
func mirrors() map[string]string {
	const openings = "SELECT COUNT(*) FROM ledger_opening o WHERE "
	return map[string]string{
		"entries of the risk register without a line in its history": openings + `substr(o.kind, 1, 5) = 'risk.' AND NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = o.seq AND h.kind = o.kind)`,
		"ratings without a row":    openings + `o.kind = 'risk.rated' AND NOT EXISTS (SELECT 1 FROM risk_rating x WHERE x.entry = o.seq)`,
		"approvals without a vote": openings + `o.kind = 'risk.acceptance.approved' AND NOT EXISTS (SELECT 1 FROM risk_vote v WHERE v.entry = o.seq)`,
		"risks that are not as their last entry says": `SELECT COUNT(*) FROM (SELECT h.risk, MAX(h.entry) AS last FROM risk_history h WHERE h.acceptance = '' GROUP BY h.risk) x
			WHERE NOT EXISTS (SELECT 1 FROM risk_item i WHERE i.id = x.risk AND i.entry = x.last)`,
		"acceptances that are not as their last entry says": `SELECT COUNT(*) FROM (SELECT h.acceptance, MAX(h.entry) AS last FROM risk_history h
			WHERE h.acceptance <> '' AND h.kind NOT IN ('risk.acceptance.approved', 'risk.condition.met') GROUP BY h.acceptance) x
			WHERE NOT EXISTS (SELECT 1 FROM risk_acceptance a WHERE a.id = x.acceptance AND a.entry = x.last)`,
		"risks without history": `SELECT COUNT(*) FROM risk_item i WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.risk = i.id)`,
		"subjects that are not as their last entry says": `SELECT COUNT(*) FROM (SELECT o.item, MAX(o.seq) AS last FROM ledger_opening o WHERE substr(o.kind, 1, 16) = 'catalog.subject.' GROUP BY o.item) x
			WHERE NOT EXISTS (SELECT 1 FROM catalog_subject s WHERE 'subject:' || s.id = x.item AND s.entry = x.last)`,
		"requests remembered without their entry": `SELECT COUNT(*) FROM ledger_idempotency k WHERE NOT EXISTS (SELECT 1 FROM ledger_opening o WHERE o.seq = k.seq)`,
	}
}

// mirrored fails the test unless rows and ledger say the same.
func (a auditor) mirrored() {
	a.t.Helper()
	a.read(func(r *store.ReadTx) error {
		count := func(what, query string) error {
			var n int
			if err := r.QueryRow(a.t.Context(), query).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if n != 0 {
				a.t.Errorf("%d %s", n, what)
			}
			return nil
		}
		for what, query := range mirrors() {
			if err := count(what, query); err != nil {
				return err
			}
		}
		tables, err := claiming(a.t, r)
		if err != nil {
			return err
		}
		for _, table := range tables {
			query := "SELECT COUNT(*) FROM " + table + " x WHERE x.entry IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_opening o WHERE o.seq = x.entry)"
			if err := count("rows of "+table+" without their entry", query); err != nil {
				return err
			}
		}
		return nil
	})
}

// claiming returns the tables whose rows name an entry.
func claiming(t *testing.T, r *store.ReadTx) ([]string, error) {
	t.Helper()
	query := "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'entry' AND m.name NOT LIKE 'search_%' ORDER BY 1"
	if r.Engine() == store.Postgres {
		query = "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'entry' ORDER BY 1"
	}
	rows, err := r.Query(t.Context(), query)
	tables, err := store.Collect(rows, err, func(s store.Scanner) (name string, err error) { return name, s.Scan(&name) })
	if err == nil && (len(tables) < 10 || !strings.Contains(strings.Join(tables, " "), "risk_acceptance")) {
		t.Errorf("only these tables name entries: %v", tables)
	}
	return tables, err
}
