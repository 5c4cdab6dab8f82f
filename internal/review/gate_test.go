// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
)

// asks asks the gate as that person.
func (b *bureau) asks(person, subject, action string) gate.Verdict {
	b.t.Helper()
	v, err := b.gate.Ask(b.as(person), subject, action)
	b.must(err)
	v.Note = ""
	return v
}

// closed is the codes by which the gate is closed for somebody, and of its advice.
func (b *bureau) closed(person, subject, action string) []string {
	b.t.Helper()
	v := b.asks(person, subject, action)
	codes := []string{}
	for _, bl := range v.Blockers {
		codes = append(codes, bl.Code)
		if bl.Message == "" || bl.LiftedBy == "" || bl.URL == "" {
			b.t.Errorf("%s says too little: %+v", bl.Code, bl)
		}
	}
	for _, a := range v.Advice {
		codes = append(codes, "advice "+a.Code)
	}
	if v.Allowed() != (len(v.Blockers) == 0) {
		b.t.Errorf("%s with %v", v.Decision, codes)
	}
	return codes
}

func (b *bureau) wantClosed(subject, action string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), b.closed("reviewer", subject, action)); diff != "" {
		b.t.Errorf("%s: (-want +got)\n%s", action, diff)
	}
}

// alter changes what a project states, and so its version.
func (b *bureau) alter(ref, page string) {
	b.t.Helper()
	d, err := b.catalog.Show(b.as("triager"), ref)
	b.must(err)
	_, err = b.catalog.Change(b.as("triager"), ref, d.Subject.Revision, catalog.Change{Attributes: map[string]string{"homepage": page}})
	b.must(err)
}

// TestRequired goes through every code of review.required.
func TestRequired(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		b.wantClosed(tool, "deploy", review.CodeNone)
		b.wantClosed(tool, "object")
		r := b.requested(tool)
		b.wantClosed(tool, "deploy", review.CodeRunning)
		if got := b.asks("reviewer", tool, "deploy").Blockers[0]; got.Message != "A review is under way: Third-party code review. It stands in Incoming." || got.URL != r.URL() {
			t.Errorf("told as %+v", got)
		}
		_, err := b.Withdraw(b.as("requester"), r.ID, r.Version, "Too early.")
		b.must(err)
		b.wantClosed(tool, "deploy", review.CodeNone)

		b.decided(b.started(tool), review.NotApproved)
		b.wantClosed(tool, "deploy", review.CodeNotApproved)
		b.wantClosed(tool, "object", review.CodeNotApproved)
		b.at(time.Hour)
		b.decided(b.started(tool), review.Advice)
		b.wantClosed(tool, "deploy", review.CodeNotApproved)
		b.at(2 * time.Hour)
		b.decided(b.started(tool), review.Approved)
		b.wantClosed(tool, "deploy")
		b.wantClosed(tool, "object")
		b.wantClosed(b.project("other").Ref, "deploy", review.CodeNone)

		b.alter(tool, "https://tool.example")
		b.wantClosed(tool, "deploy", review.CodeOutdated)
		b.wantClosed(tool, "object")
		second := b.started(tool)
		b.wantClosed(tool, "deploy", review.CodeRunning)
		b.decided(second, review.Approved)
		b.wantClosed(tool, "deploy")
		b.at(3 * time.Hour)
		b.decided(b.started(tool), review.NotApproved)
		b.wantClosed(tool, "deploy", review.CodeNotApproved)
	})
}

// An approval ends by itself: the gate closes with nothing having run.
func TestApprovalRunsOut(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		b.decided(b.started(tool), review.Approved)
		for _, c := range []struct {
			at     time.Duration
			action string
			want   []string
		}{
			{10*oneDay - time.Second, "lately", nil},
			{10 * oneDay, "lately", []string{review.CodeExpired}},
			{365*oneDay - time.Second, "deploy", nil},
			{365 * oneDay, "deploy", []string{review.CodeExpired}},
			{365 * oneDay, "object", nil},
		} {
			b.at(c.at)
			b.wantClosed(tool, c.action, c.want...)
			if v := b.asks("reviewer", tool, c.action); v.Allowed() && c.action != "object" && !v.ValidUntil.Equal(b.now().Add(time.Second)) {
				t.Errorf("%s may be relied on until %s, and it ends a second from now", c.action, v.ValidUntil)
			}
		}
	})
}

// A kind that is advisory never closes the gate, nor does it keep one open by its end.
func TestAdvisoryNeverBlocks(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		b.wantClosed(tool, "preview", "advice "+review.CodeNone)
		b.requested(tool, func(in *review.RequestInput) { in.Kind = "concept" })
		b.wantClosed(tool, "preview", "advice "+review.CodeRunning)
	})
}

func TestUnclearRowCloses(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		b.decided(b.started(tool), review.Approved)
		b.wantClosed(tool, "nothing", review.CodeRowUnclear)
		b.wantClosed(tool, "unread", review.CodeRowUnclear)
	})
}

// What was imported never counts, however it ended elsewhere.
func TestImportedNeverCounts(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		r := b.decided(b.started(tool), review.ApprovedWithConditions, review.ConditionInput{Text: "Pin it.", Owner: "owner", Due: b.now().Add(oneDay), Proof: "The file."})
		b.wantClosed(tool, "deploy")
		b.quietly("UPDATE review_item SET origin = $2 WHERE id = $1", r.ID, `{"system":"phabricator","source":"x","number":"T1"}`)
		b.wantClosed(tool, "deploy", review.CodeNone)
		b.at(2 * oneDay)
		b.wantClosed(tool, "keep")
	})
}

// quietly changes a row as no use case does.
func (b *bureau) quietly(query string, args ...any) {
	b.t.Helper()
	b.must(b.log.Writer("review", nil).Quiet(b.t.Context(), "the test arranges its data", func(tx *store.Tx) error {
		_, err := tx.Exec(b.t.Context(), query, args...)
		return err
	}))
}

func TestConditionsBlockWhenOverdue(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		b.wantClosed(tool, "keep")
		r := b.decided(b.started(tool), review.ApprovedWithConditions,
			review.ConditionInput{Text: "Pin it.", Owner: "owner", Due: b.now().Add(3 * oneDay), Proof: "The file."},
			review.ConditionInput{Text: "Watch it.", Owner: "owner", Due: b.now().Add(5 * oneDay), Proof: "The alert."})
		b.at(3*oneDay - time.Second)
		b.wantClosed(tool, "keep")
		if v := b.asks("reviewer", tool, "keep"); !v.ValidUntil.Equal(b.now().Add(time.Second)) {
			t.Errorf("the answer may be relied on until %s", v.ValidUntil)
		}
		b.at(3 * oneDay)
		b.wantClosed(tool, "keep", review.CodeConditionOverdue)
		b.wantClosed(tool, "deploy")
		b.at(5 * oneDay)
		b.wantClosed(tool, "keep", review.CodeConditionOverdue, review.CodeConditionOverdue)
		d, err := b.Get(b.as("owner"), r.ID)
		b.must(err)
		for _, c := range d.Conditions {
			r, err = b.Meet(b.as("owner"), r.ID, r.Version, c.ID, "Done.")
			b.must(err)
		}
		b.wantClosed(tool, "keep")
	})
}

// Whoever may not see a review gets the answer that they would get without it. Only
// if it alone closes the gate, they are told that something does.
func TestGateHidesReviews(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		for _, action := range []string{"deploy", "preview"} {
			without := b.asks("reviewer", tool, action)
			hidden := b.requested(tool, inConfidence, func(in *review.RequestInput) {
				if action == "preview" {
					in.Kind = "concept"
				}
			})
			without.EvaluatedAt, without.ValidUntil = b.now(), b.asks("reviewer", tool, action).ValidUntil
			if diff := cmp.Diff(without, b.asks("reviewer", tool, action)); diff != "" {
				t.Errorf("%s: the hidden review shows (-without +with)\n%s", action, diff)
			}
			if v := b.asks("lead", tool, action); !slices.ContainsFunc(append(v.Blockers, v.Advice...), func(bl fault.Blocker) bool { return bl.URL == hidden.URL() }) {
				t.Errorf("%s: who takes part is told %+v", action, v)
			}
		}
		b.at(time.Hour)
		b.decided(b.started(tool), review.Approved)
		b.wantClosed(tool, "deploy")
		b.at(2 * time.Hour)
		b.decided(b.started(tool, inConfidence), review.NotApproved)
		b.wantClosed(tool, "deploy", gate.CodeWithheld)
	})
}

// An answer that cannot be looked up is no answer.
func TestGateFailsClosed(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool")
		b.decided(b.started(tool.Ref), review.ApprovedWithConditions, review.ConditionInput{Text: "Pin it.", Owner: "owner", Due: b.now().Add(oneDay), Proof: "The file."})
		for decision, provider := range b.Decisions() {
			err := b.db.Read(t.Context(), func(r *store.ReadTx) error {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := provider(ctx, r, gate.Question{Subject: tool, At: b.now()}, gate.Requirement{Mode: gate.Required, With: map[string]string{"kind": "third-party-code"}})
				return err
			})
			if err == nil {
				t.Errorf("%s answered though nothing could be read", decision)
			}
		}
	})
}
