// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// An old copy of the database, put back as a file, loses again at the next start
// what had been erased since: an entry, a comment, a file, and a person in every
// part of the product.
func TestOldCopyIsSettled(t *testing.T) {
	dir := t.TempDir()
	in := openInstallation(t, dir, loadedAt())
	reviewer := in.as("reviewer")
	risk := in.firstRisk()
	kind, id, _ := strings.Cut(risk, ":")
	// The answer that is kept for a repeat, and the search index, hold words too.
	posted := in.visit("reviewer").send(http.MethodPost, "/api/v1/items/"+kind+"/"+id+"/comments", "application/json", `{"text":"comment to be erased, zanzibarine"}`, "Idempotency-Key", "one")
	var comment contentweb.Comment
	if err := json.Unmarshal(posted.Body.Bytes(), &comment); err != nil || posted.Code != http.StatusCreated {
		t.Fatalf("%d %s", posted.Code, posted.Body)
	}
	file, err := in.content.Attach(reviewer, risk, "attached.txt", strings.NewReader("file to be erased"))
	if err != nil {
		t.Fatal(err)
	}
	gone := in.person("requester")
	in.shut()
	old, err := os.ReadFile(filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}

	in = openInstallation(t, dir, loadedAt())
	reviewer = in.as("reviewer")
	if err := in.content.EraseComment(reviewer, comment.ID, "it names somebody"); err != nil {
		t.Fatal(err)
	}
	if err := in.content.EraseAttachment(reviewer, file.ID, "it names somebody"); err != nil {
		t.Fatal(err)
	}
	in.erasePerson(gone)
	in.shut()
	if err := os.WriteFile(filepath.Join(dir, databaseFile), old, 0o600); err != nil {
		t.Fatal(err)
	}

	in = openInstallation(t, dir, loadedAt())
	if in.settled.repeated != 3 || in.settled.restores != 0 {
		t.Errorf("settled %+v, want 3 repeated", in.settled)
	}
	in.shut()
	text, err := os.ReadFile(filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"comment to be erased", "anzibarine", "file to be erased", "attached.txt", "Rita Requester"} {
		if !strings.Contains(string(old), word) {
			t.Errorf("the test proves nothing: %q was not there", word)
		}
		if strings.Contains(string(text), word) {
			t.Errorf("%q is in the file again", word)
		}
	}
	in = openInstallation(t, dir, loadedAt())
	if in.settled.repeated != 0 {
		t.Errorf("every start repeats %d erasures", in.settled.repeated)
	}
	if err := in.db.Read(context.Background(), func(r *store.ReadTx) error {
		people, err := identity.ErasedPeople(context.Background(), r)
		if len(people) != 1 || people[0].ID != gone {
			t.Errorf("erased: %v", people)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// The journal is behind only as long as it cannot be written; then it catches up.
func TestJournalCatchesUp(t *testing.T) {
	dir := t.TempDir()
	in := openInstallation(t, dir, loadedAt())
	path := filepath.Join(dir, journalFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil { // cannot be written, not even by root
		t.Fatal(err)
	}
	gone := in.person("requester")
	in.erasePerson(gone)
	if !in.behind.Load() {
		t.Fatal("nobody notices that the journal cannot be written")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	job := in.journalJob()
	if err := job.Handle(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if in.behind.Load() {
		t.Error("still behind")
	}
	in.shut()
	in = openInstallation(t, dir, loadedAt())
	if missing := in.journal.without(nil); len(missing) != 1 || missing[0].ID != gone {
		t.Errorf("the journal: %v", missing)
	}
}

// erasePerson erases a person in all parts, as the administrator.
func (in *installation) erasePerson(person string) {
	in.t.Helper()
	ctx := in.as("admin")
	writer := in.ledger.Writer("office", officeKinds())
	err := writer.Decide(ctx, func(tx *ledger.Tx) error {
		for _, m := range in.modules {
			if m.Erase != nil {
				if err := m.Erase(ctx, tx, person); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		in.t.Fatal(err)
	}
}

// firstRisk returns the reference of the worked case's risk.
func (in *installation) firstRisk() string {
	in.t.Helper()
	var id string
	err := in.db.Read(context.Background(), func(r *store.ReadTx) error {
		return r.QueryRow(context.Background(), "SELECT id FROM risk_item ORDER BY registered_at LIMIT 1").Scan(&id)
	})
	if err != nil {
		in.t.Fatal(err)
	}
	return "risk:" + id
}
