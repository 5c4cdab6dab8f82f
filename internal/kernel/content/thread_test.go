// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// threadsIn reads threads of an item as somebody, "<thread>: <text>" each.
func (o *office) threadsIn(ctx context.Context, item string, threads ...string) (all []string, err error) {
	o.t.Helper()
	err = o.db.Read(ctx, func(r *store.ReadTx) error {
		found, err := o.ThreadsIn(ctx, r, item, threads)
		for _, thread := range threads {
			for _, c := range found[thread] {
				all = append(all, c.Thread+": "+c.Text)
			}
		}
		return err
	})
	return all, err
}

func TestThreadsOfOneItem(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.post(o.olive(), "risk:open", "in general")
		question := o.postIn(o.rosalind(), "risk:open", "Q1", "Who may log in?")
		answer := o.postIn(o.olive(), "risk:open", "Q1", "We.")
		o.postIn(o.rosalind(), "risk:open", "Q2", "Which network?")
		o.postIn(o.rosalind(), "risk:secret", "Q1", "Who else knows?")

		thread, err := o.Thread(o.olive(), "risk:open", 5)
		if err != nil || thread.Comments != 1 || len(thread.Latest) != 1 || thread.Latest[0].Text != "in general" {
			t.Errorf("the general discussion: %+v, %v", thread, err)
		}
		if diff := cmp.Diff([]string{"in general"}, o.texts(o.olive(), "risk:open")); diff != "" {
			t.Error(diff)
		}
		got, err := o.threadsIn(o.audrey(), "risk:open", "Q2", "", "Q1", "Q9")
		want := []string{"Q2: Which network?", ": in general", "Q1: Who may log in?", "Q1: We."}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if got, err := o.threadsIn(o.olive(), "risk:open"); err != nil || len(got) != 0 {
			t.Errorf("of no thread: %v, %v", got, err)
		}
		page, err := o.Comments(o.olive(), "risk:open", "Q1", "", 1)
		if err != nil || len(page.Comments) != 1 || page.Comments[0].ID != question.ID || page.Next == "" {
			t.Fatalf("%+v, %v", page, err)
		}
		if page, err = o.Comments(o.olive(), "risk:open", "Q1", page.Next, 1); err != nil || len(page.Comments) != 1 || page.Comments[0].ID != answer.ID || page.Next != "" {
			t.Errorf("%+v, %v", page, err)
		}

		edited, err := o.Edit(o.olive(), answer.ID, 1, "We, and the release team.")
		if err != nil || edited.Thread != "Q1" || edited.Version != 2 {
			t.Fatalf("%+v, %v", edited, err)
		}
		versions, err := o.Versions(o.olive(), answer.ID)
		if err != nil || len(versions) != 2 || versions[0].Text != "We." || versions[0].Thread != "Q1" || versions[1].Thread != "Q1" {
			t.Errorf("%+v, %v", versions, err)
		}
		if err := o.EraseComment(o.olive(), answer.ID, "It named somebody."); err != nil {
			t.Fatal(err)
		}
		if got, err = o.threadsIn(o.olive(), "risk:open", "Q1"); err != nil || len(got) != 2 || got[1] != "Q1: " {
			t.Errorf("the place of what was erased: %q, %v", got, err)
		}
		o.wantNowhere("release team")
	})
}

// TestPlaceInThread: a permalink finds the page of the thread, not of the discussion.
func TestPlaceInThread(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		for i := range DefaultLimit {
			o.post(o.olive(), "risk:open", fmt.Sprint("general ", i))
			o.postIn(o.olive(), "risk:open", "Q1", fmt.Sprint("answer ", i))
		}
		last := o.postIn(o.olive(), "risk:open", "Q1", "the last answer")
		c, cursor, err := o.Place(o.olive(), last.ID)
		if err != nil || c.Thread != "Q1" || cursor == "" {
			t.Fatalf("%+v, %q, %v", c, cursor, err)
		}
		page, err := o.Comments(o.olive(), "risk:open", "Q1", cursor, 0)
		if err != nil || len(page.Comments) != 1 || page.Comments[0].ID != last.ID {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestThreadsRefused(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.postIn(o.olive(), "risk:open", "Q1", "while it is open")
		o.settled["Q1"] = true
		_, err := o.Post(o.olive(), "risk:open", "Q1", "too late")
		if !fault.HasCode(err, "risk.settled") {
			t.Errorf("into a settled question: %v", err)
		}
		for _, thread := range []string{"X1", "Q 1", "Q1\n", "-Q", "Q" + strings.Repeat("1", MaxThread), "Q\x00", "Q\u202e", "Q/../x"} {
			_, err := o.Post(o.olive(), "risk:open", thread, "x")
			if !fault.HasCode(err, CodeNoThread) {
				t.Errorf("into the thread %q: %v", thread, err)
			}
		}
		hidden := func(item string) error { _, err := o.Post(o.olive(), item, "Q1", "x"); return err }
		if secret, absent := hidden("risk:secret"), hidden("risk:absent"); !fault.Is(secret, fault.NotFound) || secret.Error() != absent.Error() || fault.HasCode(secret, CodeNoThread) {
			t.Errorf("hidden %v, absent %v", secret, absent)
		}
		if _, err := o.threadsIn(o.olive(), "risk:secret", "Q1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("threads of a hidden item: %v", err)
		}
		if _, err := o.threadsIn(t.Context(), "risk:open", "Q1"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody reads: %v", err)
		}
	})
}

// TestPostInOfAModule: the module that keeps the item writes into a thread by its
// own rules, and nothing of its decision stays if it fails.
func TestPostInOfAModule(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.settled["Q1"] = true
		broken := errors.New("broken")
		for _, end := range []error{broken, nil} {
			err := o.writer.Decide(o.rosalind(), func(tx *ledger.Tx) error {
				if _, err := o.PostIn(o.rosalind(), tx, "risk:open", "Q1", "Settled, thank you."); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatalf("got %v, want %v", err, end)
			}
		}
		if got, err := o.threadsIn(o.olive(), "risk:open", "Q1"); err != nil || len(got) != 1 {
			t.Errorf("%v, %v", got, err)
		}
		err := o.writer.Decide(o.rosalind(), func(tx *ledger.Tx) error {
			_, err := o.PostIn(o.rosalind(), tx, "risk:open", "no thread", "x")
			return err
		})
		if !fault.HasCode(err, CodeNoThread) {
			t.Errorf("a name that is none: %v", err)
		}
	})
}

// TestTypeWithoutThreads: what no module answers for has its general discussion alone.
func TestTypeWithoutThreads(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.threads, o.items["open"] = nil, authz.Resource{Item: "risk:open", Visibility: authz.Internal}
		o.post(o.olive(), "risk:open", "in general")
		_, err := o.Post(o.olive(), "risk:open", "Q1", "x")
		if !fault.HasCode(err, CodeNoThread) {
			t.Error(err)
		}
	})
}
