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
