// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
)

// TestEntryKindsHaveWords: people read what was decided in words, on the pages of
// the ledger and in its filter; the kind itself stands on the page of an entry.
func TestEntryKindsHaveWords(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	list := in.visit("admin").get("/ledger").Body.String()
	for _, kind := range kinds() {
		text := in.mux.Text(ledgerweb.KindMessage(kind))
		if strings.Contains(text, "«") {
			t.Errorf("%s has no text", kind)
		}
		if !strings.Contains(list, ">"+text+"</option>") {
			t.Errorf("the filter does not offer %s as %q", kind, text)
		}
	}
	if strings.Contains(list, "person:") || !strings.Contains(list, "Post changed") {
		t.Error("the list shows a reference to a person, or a kind without words")
	}
}
