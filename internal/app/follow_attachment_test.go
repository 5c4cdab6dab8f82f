// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/content"
)

// TestAttachmentsAreFound: a file is found by its name and, if it is text, by its
// words, by those who see the item, until it is erased.
func TestAttachmentsAreFound(t *testing.T) {
	d := newDiscussed(t)
	owner := d.in.as("owner")
	attach := func(name, data string) content.Attachment {
		t.Helper()
		a, err := d.in.content.Attach(owner, d.risk.Item(), name, strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	text := attach("wombat-minutes.md", "# Minutes\n\nThe numbat was seen by all.\n"+strings.Repeat("filler ", 10<<10)+" bilby")
	attach("wombat.csv", "animal,legs\nnumbat,4\n")
	attach("wombat.json", `{"animal":"numbat"}`)
	attach("wombat-plan.pdf", "%PDF-1.7 numbat")
	found := func(login, query string) []string {
		var names []string
		for _, h := range hitsOf(t, d.in.visit(login), query) {
			if h.Kind != "attachment" || h.Item != d.risk.Item() || h.URL != "/items/risk/"+d.risk.ID+"/attachments" || h.Title == "" {
				t.Errorf("%s finds %+v", query, h)
			}
			names = append(names, h.PartTitle)
		}
		return names
	}
	if names := found("reviewer", "wombat"); len(names) != 4 {
		t.Errorf("by name: %q", names)
	}
	if names := found("reviewer", "numbat"); len(names) != 3 {
		t.Errorf("by words, which a PDF has none of: %q", names)
	}
	if names := found("reviewer", "bilby"); len(names) != 0 {
		t.Errorf("beyond the bound: %q", names)
	}
	if names := found("outsider", "wombat"); len(names) != 0 {
		t.Errorf("an outsider finds %q", names)
	}
	page := d.in.visit("reviewer").get("/search?q=numbat&kind=attachment").Body.String()
	if !strings.Contains(page, "wombat-minutes.md") || !strings.Contains(page, "Risk of "+placeName) {
		t.Errorf("the page names neither the file nor what it hangs on:\n%s", page)
	}
	if err := d.in.content.EraseAttachment(owner, text.ID, "It named somebody."); err != nil {
		t.Fatal(err)
	}
	if names := found("reviewer", "minutes"); len(names) != 0 {
		t.Errorf("an erased file is found by its name: %q", names)
	}
	if names := found("reviewer", "numbat"); len(names) != 2 {
		t.Errorf("an erased file is found by its words: %q", names)
	}
	d.hide(t)
	if names := found("reviewer", "wombat"); len(names) != 0 {
		t.Errorf("found where the risk is hidden: %q", names)
	}
}
