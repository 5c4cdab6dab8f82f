// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// shelf registers one risk for each rating given, every third restricted to its
// registrant; "" stays unrated.
func (d *desk) shelf(subject string, ratings ...matrix.Cell) []string {
	d.t.Helper()
	var ids []string
	for i, cell := range ratings {
		in := risk.RegisterInput{Subject: subject, Title: fmt.Sprintf("Risk %d", i), Threat: "T", Scope: "S", Inputs: caseA().Stated(), Owner: []string{"owner", "manager"}[i%2]}
		if i%3 == 2 {
			in.Visibility = authz.Restricted
			in.Participants = []string{"person:reviewer"}
		}
		r, err := d.risks.Register(d.as("owner"), in)
		d.must(err)
		if cell.Valid() {
			_, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: matrix.Cell{Likelihood: 5, Impact: 5}, Residual: cell, Reason: "x"})
			d.must(err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

func cell(likelihood, impact int) matrix.Cell {
	return matrix.Cell{Likelihood: likelihood, Impact: impact}
}

// Pages join without a gap or a repetition, whatever their length, and show
// exactly what the reader may see, worst first.
func TestListPages(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		ids := d.shelf(flow.Ref, cell(1, 1), cell(5, 5), cell(3, 4), cell(3, 4), matrix.Cell{}, cell(2, 2), cell(5, 5), cell(1, 5), cell(4, 4))
		for _, c := range []struct {
			person string
			want   int
		}{{"owner", 9}, {"reviewer", 9}, {"triager", 9}, {"reviewer2", 6}, {"outsider", 0}} {
			var whole []string
			for _, limit := range []int{1, 2, 4, 100} {
				var got []string
				var weights []int64
				for cursor, pages := "", 0; ; pages++ {
					page, err := d.risks.List(d.as(c.person), risk.Filter{Limit: limit, Cursor: cursor})
					d.must(err)
					for _, item := range page.Items {
						got, weights = append(got, item.ID), append(weights, item.Effective.Weight())
					}
					if cursor = page.Next; cursor == "" {
						break
					}
					if pages > 20 {
						t.Fatal("the pages never end")
					}
				}
				if !slices.IsSortedFunc(weights, func(a, b int64) int { return int(b - a) }) {
					t.Errorf("%s, %d a page: not the worst first: %v", c.person, limit, weights)
				}
				if whole == nil {
					whole = got
				}
				if diff := cmp.Diff(whole, got); diff != "" || len(got) != c.want {
					t.Errorf("%s, %d a page: %d items, want %d: %s", c.person, limit, len(got), c.want, diff)
				}
			}
			counts, err := d.risks.Matrix(d.as(c.person), risk.Filter{})
			d.must(err)
			if counts.Total != int64(c.want) || len(counts.Cells) != 25 {
				t.Errorf("%s counts %d in %d cells, want %d in 25", c.person, counts.Total, len(counts.Cells), c.want)
			}
		}
		if len(ids) != 9 {
			t.Fatal(ids)
		}
	})
}

// What is sorted in other ways than by the index of the list pages as well:
// closed risks beside open ones, the latest change first, one subject.
func TestListPagesInOtherOrders(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		ids := d.shelf(flow.Ref, cell(1, 1), cell(5, 5), cell(3, 4), cell(3, 4), cell(2, 2), cell(5, 5), cell(1, 5))
		for _, i := range []int{0, 3, 4} {
			_, err := d.risks.Close(d.as("reviewer"), ids[i], 2, "No longer.")
			d.must(err)
		}
		for _, f := range []risk.Filter{
			{State: "all"}, {State: "all", Sort: risk.SortRecent}, {State: "all", Subject: flow.Ref}, {State: "all", Subject: flow.Ref, Sort: risk.SortRecent},
			{State: "closed"}, {Subject: flow.Ref}, {Owner: "owner", Sort: risk.SortRecent, State: "all"},
			{By: risk.ByInherent}, {By: risk.ByInherent, State: "all"}, {By: risk.ByInherent, Owner: "owner"}, {By: risk.ByInherent, Subject: flow.Ref, State: "all"},
		} {
			var whole []string
			for _, f.Limit = range []int{100, 1, 2, 3} {
				var got []string
				var keys []int64
				f.Cursor = ""
				for more := true; more; more = f.Cursor != "" {
					page, err := d.risks.List(d.as("reviewer"), f)
					d.must(err)
					for _, item := range page.Items {
						key := item.Effective.Weight()
						switch {
						case f.Sort == risk.SortRecent:
							key = item.ChangedAt.UnixMicro()
						case f.By == risk.ByInherent:
							key = item.Inherent.Weight()
						}
						got, keys = append(got, item.ID), append(keys, -key)
					}
					if f.Cursor = page.Next; len(got) > len(ids) {
						t.Fatalf("%+v: the pages never end", f)
					}
				}
				if whole == nil {
					whole = got
				}
				if diff := cmp.Diff(whole, got); diff != "" || !slices.IsSorted(keys) || len(got) == 0 {
					t.Errorf("%+v: %v by %v: %s", f, got, keys, diff)
				}
			}
		}
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		other := d.another("second")
		ids := d.shelf(flow.Ref, cell(3, 4), cell(1, 1), cell(5, 5), matrix.Cell{})
		more := d.shelf(other.Ref, cell(3, 4))
		_, err := d.risks.Close(d.as("reviewer"), ids[1], 2, "No longer.")
		d.must(err)
		for _, c := range []struct {
			name   string
			filter risk.Filter
			want   []string
		}{
			{"active", risk.Filter{}, []string{ids[0], ids[2], ids[3], more[0]}},
			{"all", risk.Filter{State: "all"}, append(slices.Clone(ids), more...)},
			{"closed", risk.Filter{State: "closed"}, []string{ids[1]}},
			{"open", risk.Filter{State: "open"}, []string{ids[0], ids[2], ids[3], more[0]}},
			{"a cell", risk.Filter{Likelihood: 3, Impact: 4}, []string{ids[0], ids[3], more[0]}},
			{"a rating; what is not rated counts as proposed", risk.Filter{Rating: matrix.High}, []string{ids[0], ids[3], more[0]}},
			{"critical", risk.Filter{Rating: matrix.Critical}, []string{ids[2]}},
			{"an inherent cell", risk.Filter{By: risk.ByInherent, Likelihood: 5, Impact: 5}, []string{ids[0], ids[2], more[0]}},
			{"inherently high: what is not rated", risk.Filter{By: risk.ByInherent, Rating: matrix.High}, []string{ids[3]}},
			{"critical as it stands", risk.Filter{By: risk.ByResidual, Rating: matrix.Critical}, []string{ids[2]}},
			{"a subject", risk.Filter{Subject: other.Ref}, more},
			{"no such subject", risk.Filter{Subject: "flow:nowhere"}, nil},
			{"an owner", risk.Filter{Owner: "manager", State: "all"}, []string{ids[1], ids[3]}},
			{"recent", risk.Filter{Sort: risk.SortRecent, Owner: "me", State: "all"}, nil},
		} {
			page, err := d.risks.List(d.as("reviewer"), c.filter)
			d.must(err)
			var got []string
			for _, item := range page.Items {
				got = append(got, item.ID)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
			counts, err := d.risks.Matrix(d.as("reviewer"), c.filter)
			d.must(err)
			if c.filter.Likelihood == 0 && counts.Total != int64(len(c.want)) {
				t.Errorf("%s: the matrix counts %d, the list %d", c.name, counts.Total, len(c.want))
			}
		}
		for _, bad := range []risk.Filter{{State: "gone"}, {Sort: "best"}, {Rating: "huge"}, {By: "both"}} {
			_, err := d.risks.List(d.as("reviewer"), bad)
			wantCode(t, err, "risk.invalid")
		}
		_, err = d.risks.List(d.as("reviewer"), risk.Filter{Cursor: "@@"})
		wantCode(t, err, "request.cursor")
	})
}

// A page shows where the acceptance stands, in a fixed number of statements.
func TestListShowsAcceptances(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		a := d.granted(d.ready(flow.Ref))
		b := d.asked(d.ready(d.another("second").Ref))
		standing := func() map[string]risk.StandingCode {
			page, err := d.risks.List(d.as("reviewer"), risk.Filter{})
			d.must(err)
			all := map[string]risk.StandingCode{}
			for _, item := range page.Items {
				all[item.ID] = item.Acceptance
				if (item.Acceptance == risk.InForce) == item.AcceptedUntil.IsZero() {
					t.Errorf("%s until %v", item.Acceptance, item.AcceptedUntil)
				}
				if item.Threat != "" || item.SubjectTitle == "" || item.OwnerName != "The owner" {
					t.Errorf("shown as %+v", item)
				}
			}
			return all
		}
		if diff := cmp.Diff(map[string]risk.StandingCode{a.Risk: risk.InForce, b.Risk: risk.Awaiting}, standing()); diff != "" {
			t.Error(diff)
		}
		d.must(d.changeSubject(flow.Ref, map[string]string{"from": "production", "to": "cloud", "access": "write"}))
		if diff := cmp.Diff(map[string]risk.StandingCode{a.Risk: risk.Void, b.Risk: risk.Awaiting}, standing()); diff != "" {
			t.Error(diff)
		}
	})
}

// Every entry of this slice has its line of the history, and every row that a
// decision wrote names an entry.
func TestEntriesAndRowsAgree(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		a := d.granted(d.ready(flow.Ref))
		_, err := d.risks.Revoke(d.as("reviewer"), a.ID, a.Version, "x")
		d.must(err)
		counts := map[string]int64{}
		d.must(d.db.Read(t.Context(), func(tx *store.ReadTx) error {
			for name, query := range map[string]string{
				"entries":     "SELECT COUNT(*) FROM ledger_opening WHERE kind >= 'risk.' AND kind < 'risk/'",
				"lines":       "SELECT COUNT(*) FROM risk_history",
				"both":        "SELECT COUNT(*) FROM risk_history h JOIN ledger_opening o ON o.seq = h.entry AND o.kind = h.kind",
				"acceptances": "SELECT COUNT(*) FROM risk_acceptance a WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = a.entry AND h.acceptance = a.id)",
				"risks":       "SELECT COUNT(*) FROM risk_item r WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = r.entry AND h.risk = r.id)",
				"votes":       "SELECT COUNT(*) FROM risk_vote v WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = v.entry)",
				"hearings":    "SELECT COUNT(*) FROM risk_hearing v WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = v.entry)",
				"ratings":     "SELECT COUNT(*) FROM risk_rating v WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = v.entry)",
				"options":     "SELECT COUNT(*) FROM risk_option v WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = v.entry)",
				"parties":     "SELECT COUNT(*) FROM risk_party v WHERE NOT EXISTS (SELECT 1 FROM risk_history h WHERE h.entry = v.entry)",
			} {
				var n int64
				if err := tx.QueryRow(t.Context(), query).Scan(&n); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				counts[name] = n
			}
			return nil
		}))
		for _, name := range []string{"acceptances", "risks", "votes", "hearings", "ratings", "options", "parties"} {
			if counts[name] != 0 {
				t.Errorf("%d %s name no entry", counts[name], name)
			}
		}
		if counts["entries"] == 0 || counts["entries"] != counts["lines"] || counts["lines"] != counts["both"] {
			t.Errorf("%d entries, %d lines, %d agree", counts["entries"], counts["lines"], counts["both"])
		}
	})
}
