// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/risk"
)

// waits lists what the inbox of a person asks for.
func (d *desk) waits(person string) []string {
	d.t.Helper()
	var items []module.InboxItem
	d.must(d.db.Read(d.t.Context(), func(tx *store.ReadTx) error {
		var err error
		items, err = d.risks.Inbox(d.t.Context(), tx, authz.ActorFrom(d.as(person)))
		return err
	}))
	asks := []string{}
	for _, i := range items {
		asks = append(asks, strings.TrimPrefix(i.Ask.Key, "risk.inbox."))
		if i.Title == "" || !strings.HasPrefix(i.URL, "/risks/") {
			d.t.Errorf("item %+v", i)
		}
	}
	return asks
}

func TestInbox(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		want := func(person string, asks ...string) {
			t.Helper()
			if diff := cmp.Diff(append([]string{}, asks...), d.waits(person)); diff != "" {
				t.Errorf("%s: %s", person, diff)
			}
		}
		flow := d.flow()
		r := d.registered(flow.Ref)
		want("reviewer", "rate")
		want("triager")
		want("outsider")
		r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
		d.must(err)
		want("reviewer")
		r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
		d.must(err)
		in := d.request()
		in.Conditions = []risk.TermInput{{Text: "Log every call.", Owner: "ops", Due: d.now().Add(5 * day)}}
		a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
		d.must(err)
		want("owner")
		want("triager", "hear")
		want("reviewer", "hear")
		want("executive")
		r = d.heard(r)
		want("triager")
		want("executive", "decide")
		want("sec", "decide")
		want("director")
		want("chief")
		a, err = d.risks.Grant(d.as("sec"), a.ID, a.Version, "x")
		d.must(err)
		want("sec")
		a, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "x")
		d.must(err)
		want("executive")
		want("ops", "meet")
		_, err = d.risks.AddMitigation(d.as("owner"), r.ID, r.Version, risk.MitigationInput{Title: "Build the service", Owner: "manager", Due: d.now().Add(20 * day)})
		d.must(err)
		want("manager", "mitigate")
		_, err = d.risks.Meet(d.as("ops"), a.ID, a.Version, a.Conditions[0].ID, "x")
		d.must(err)
		want("ops")
		d.at(29 * day)
		want("owner")
		d.at(30 * day) // the last day: it is to be undone today
		want("owner", "close")
		d.at(31 * day)
		want("owner", "close")
		d.at(366 * day)
		want("reviewer", "review")
	})
}

func TestDeadlines(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.granted(d.ready(d.flow().Ref))
		for _, c := range []struct {
			person string
			at     time.Duration
			want   int
		}{{"owner", 0, 1}, {"owner", day, 1}, {"reviewer", day, 1}, {"requester", day, 0}, {"outsider", day, 0}, {"owner", 31 * day, 0}} {
			d.at(c.at)
			var all []module.Deadline
			d.must(d.db.Read(t.Context(), func(tx *store.ReadTx) error {
				var err error
				all, err = d.risks.Deadlines(t.Context(), tx, authz.ActorFrom(d.as(c.person)))
				return err
			}))
			if len(all) != c.want {
				t.Errorf("%s on day %v: %+v", c.person, c.at/day, all)
			}
			if c.want > 0 && !slices.ContainsFunc(all[0].What.Args, func(arg any) bool { return cmp.Equal(arg, []string{"flow call"}) }) {
				t.Errorf("it does not say what is denied then: %v", all[0].What)
			}
		}
	})
}

func TestReminders(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.granted(d.ready(d.flow().Ref))
		for _, c := range []struct {
			at   time.Duration
			want []string
		}{
			{day, nil},
			{17 * day, []string{"risk.notice.runs_out"}},
			{18 * day, nil},
			{24 * day, []string{"risk.notice.runs_out"}},
			{30 * day, []string{"risk.notice.runs_out"}},
			{31 * day, []string{"risk.notice.ended"}},
			{32 * day, nil},
			{184 * day, []string{"risk.notice.status"}},
			{185 * day, nil},
			{366 * day, []string{"risk.notice.review_due"}},
			{368 * day, []string{"risk.notice.status"}},
		} {
			d.at(c.at)
			before := len(*d.sent)
			d.must(d.risks.Remind(t.Context()))
			d.must(d.risks.Remind(t.Context()))
			var got []string
			for _, m := range (*d.sent)[before:] {
				got = append(got, m.Key)
				if m.Person != "owner" || !strings.HasPrefix(m.Item, "risk:") || !strings.HasPrefix(m.Path, "/risks/") {
					t.Errorf("notice %+v", m)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("day %v: %s", c.at/day, diff)
			}
		}
	})
}

func TestPersonalData(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.rated(d.flow().Ref)
		_, err := d.risks.Hear(d.as("triager"), r.ID, r.Version, risk.HearingInput{Party: "The chapter", Person: "chief", Heard: "The chief", Said: "I worry."})
		d.must(err)
		holds := func() []module.Held {
			var all []module.Held
			d.must(d.db.Read(t.Context(), func(tx *store.ReadTx) error {
				var err error
				all, err = d.risks.Holds(t.Context(), tx, "chief")
				return err
			}))
			return all
		}
		if got := holds(); len(got) != 1 || got[0].Value != "I worry." {
			t.Errorf("holds %+v", got)
		}
		w := d.log.Writer("risk", risk.EntryKinds())
		d.must(w.Decide(d.as("admin"), func(tx *ledger.Tx) error { return d.risks.Erase(d.as("admin"), tx, "chief") }))
		if got := holds(); len(got) != 0 {
			t.Errorf("after the erasure: %+v", got)
		}
		got, err := d.risks.Get(d.as("reviewer"), r.ID)
		d.must(err)
		if h := got.Hearings[0]; h.Heard+h.Said+h.Person != "" || got.Parties[1].Heard != true {
			t.Errorf("the hearing is now %+v, heard %v", h, got.Parties[1].Heard)
		}
	})
}

// Links of other modules show a risk to those alone who may see it.
func TestDescribe(t *testing.T) {
	d, m := newPages(t)
	webtest.Serve(t, m)
	open := d.ready(d.flow().Ref)
	d.granted(open)
	hidden := d.shared(d.registered(d.another("second").Ref))
	d.must(d.db.Read(t.Context(), func(tx *store.ReadTx) error {
		got, err := d.risks.Describe(t.Context(), tx, authz.ActorFrom(d.as("reviewer2")), []string{open.Item(), hidden.Item(), "subject:x", "risk:"})
		if len(got) != 1 || got[open.Item()].State != "High, accepted until 23 December 2026" {
			t.Errorf("described as %+v", got)
		}
		return err
	}))
}
