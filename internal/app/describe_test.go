// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
)

// A comment and a file are named in the ledger by what they belong to, to those
// who may see it.
func TestLedgerNamesCommentsAndFiles(t *testing.T) {
	d := newDiscussed(t)
	owner := d.in.as("owner")
	file, err := d.in.content.Attach(owner, d.risk.Item(), "minutes.md", strings.NewReader("# Minutes\n"))
	if err != nil {
		t.Fatal(err)
	}
	comment, err := d.in.content.Post(owner, d.risk.Item(), "", "Seen.")
	if err != nil {
		t.Fatal(err)
	}
	refs := []string{"attachment:" + file.ID, "comment:" + comment.ID, "comment:absent", d.risk.Item()}
	named := func(ctx context.Context) (all map[string]ledgerweb.Described) {
		t.Helper()
		err := d.in.db.Read(t.Context(), func(r *store.ReadTx) (err error) {
			all, err = d.in.describeReferences(t.Context(), r, authz.ActorFrom(ctx), refs)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	seen := named(owner)
	risk := seen[d.risk.Item()]
	if got := seen[refs[0]]; risk.Title == "" || got.Title != "File of "+risk.Title || got.URL != "/items/risk/"+d.risk.ID+"/attachments" {
		t.Errorf("the file: %+v", got)
	}
	if got := seen[refs[1]]; got.Title != "Comment on "+risk.Title || got.URL != "/comments/"+comment.ID {
		t.Errorf("the comment: %+v", got)
	}
	if hidden := named(context.Background()); len(hidden) != 0 {
		t.Errorf("nobody reads %+v", hidden)
	}
}
