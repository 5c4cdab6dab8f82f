// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
)

// A wrong subject is one mistake: what it would have said is not missing as well.
// Of a subject that is there, the message names what it leaves open.
func TestRegisterBlamesWhatIsWrong(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	d.flow()
	register := func(subject string) map[string]string {
		_, err := d.risks.Register(d.as("owner"), risk.RegisterInput{Subject: subject, Title: "t", Threat: "t", Scope: "s"})
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Fatalf("%s: %v", subject, err)
		}
		found := map[string]string{}
		for _, field := range f.Fields {
			found[field.Path] = field.Message
		}
		return found
	}
	if diff := cmp.Diff([]string{"subject"}, slices.Sorted(maps.Keys(register("flow:nowhere")))); diff != "" {
		t.Error(diff)
	}
	if got := register("flow:property-suggester-ab-test")["inputs.volume"]; !strings.Contains(got, "flow:property-suggester-ab-test does not state this: say it here. Choose one of") {
		t.Errorf("volume: %q", got)
	}
}

// What registers a risk with its own decision gets it in the same transaction, with
// the entry of any registration; a decision that fails leaves no risk behind.
func TestRegisterInAnotherDecision(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		other := d.log.Writer("other", []string{"other.done"})
		decide := func(person string, fail error) (made risk.Risk, err error) {
			ctx := d.as(person)
			err = other.Decide(ctx, func(tx *ledger.Tx) error {
				if _, err := other.Append(ctx, tx, ledger.Entry{Kind: "other.done", Actor: "person:" + person, Subject: flow.Ref, Body: struct{}{}, Visibility: "internal"}); err != nil {
					return err
				}
				var err error
				made, err = d.risks.RegisterIn(ctx, tx, risk.RegisterInput{Subject: flow.Ref, Title: "Found elsewhere", Threat: "t", Scope: "s", Inputs: caseA().Stated()})
				return errors.Join(err, fail)
			})
			return made, err
		}

		made, err := decide("owner", nil)
		d.must(err)
		got, err := d.risks.Get(d.as("owner"), made.ID)
		d.must(err)
		if got.Registrant != "owner" || len(got.History) != 1 || got.History[0].Kind != risk.KindRegistered || got.History[0].Entry != got.Entry {
			t.Errorf("registered as %+v with the history %+v", got.Risk, got.History)
		}

		_, err = decide("auditor", nil)
		wantCode(t, err, "authz.forbidden")
		failed := errors.New("the other module changed its mind")
		lost, err := decide("owner", failed)
		if !errors.Is(err, failed) {
			t.Errorf("got %v", err)
		}
		if _, err := d.risks.Get(d.as("owner"), lost.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the risk of a failed decision: %v", err)
		}
	})
}
