// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// office is a service with items whose visibility a test sets.
type office struct {
	*Service
	t       *testing.T
	items   map[string]authz.Resource
	settled map[string]bool // threads of the item "open" into which nobody writes any more
	changes []Passage
}

func each(t *testing.T, settings string, fn func(t *testing.T, o *office)) {
	t.Helper()
	tables := []store.Migrations{ledger.Migrations(), authz.Migrations(), Migrations()}
	storetest.Each(t, tables, func(t *testing.T, db *store.DB) {
		loaded, err := LoadSettings("content.yaml", []byte(settings))
		if err != nil {
			t.Fatal(err)
		}
		policy, err := authz.NewPolicy(Actions(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := &office{t: t, items: map[string]authz.Resource{}, settled: map[string]bool{}}
		o.Service = New(Deps{
			DB: db, Writer: ledgertest.Writer(t, db, "content", EntryKinds()...), Policy: policy, Settings: config.Fixed(loaded),
			Resources: map[string]ResourceOf{"risk": func(_ context.Context, _ store.Reader, id string) (authz.Resource, error) {
				res, ok := o.items[id]
				if !ok {
					return authz.Resource{}, fault.ItemNotFound()
				}
				return res, nil
			}},
			Threads: map[string]MayWrite{"risk": func(_ context.Context, _ store.Reader, _, thread string) error {
				switch {
				case !strings.HasPrefix(thread, "Q"):
					return NoThread()
				case o.settled[thread]:
					return fault.New(fault.Conflict, "risk.settled", "This question is settled.")
				}
				return nil
			}},
			Changed: func(_ context.Context, _ *ledger.Tx, c Passage) error {
				o.changes = append(o.changes, c)
				return nil
			},
		})
		o.item("open", authz.Internal)
		o.item("secret", authz.Restricted, "person:rosalind")
		fn(t, o)
	})
}

// item makes or changes an item as its module would: its own row, the
// participants, and the copies of its visibility, in one transaction.
func (o *office) item(id string, v authz.Visibility, participants ...string) {
	o.t.Helper()
	item := "risk:" + id
	o.items[id] = authz.Resource{Item: item, Visibility: v, Participants: participants}
	err := o.writer.Quiet(o.t.Context(), "test", func(tx *store.Tx) error {
		if err := authz.SetParticipants(o.t.Context(), tx, item, participants); err != nil {
			return err
		}
		return SetVisibility(o.t.Context(), tx, item, v)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// as returns a context in which a person acts.
func (o *office) as(id string, roles ...authz.Role) context.Context {
	return authz.WithActor(o.t.Context(), authz.Actor{ID: id, Login: id, Kind: authz.KindPerson, Roles: roles})
}

func (o *office) rosalind() context.Context { return o.as("rosalind", authz.RoleReviewer) }
func (o *office) olive() context.Context    { return o.as("olive", authz.RoleOwner) }
func (o *office) oscar() context.Context    { return o.as("oscar", authz.RoleOutsider) }
func (o *office) audrey() context.Context   { return o.as("audrey", authz.RoleAuditor) }

func (o *office) advance(d time.Duration) { o.db.Clock().Set(o.db.Clock().Real().Add(d)) }

func (o *office) post(ctx context.Context, item, text string) Comment {
	o.t.Helper()
	return o.postIn(ctx, item, "", text)
}

func (o *office) postIn(ctx context.Context, item, thread, text string) Comment {
	o.t.Helper()
	c, err := o.Post(ctx, item, thread, text)
	if err != nil {
		o.t.Fatal(err)
	}
	o.advance(time.Second)
	return c
}

func (o *office) texts(ctx context.Context, item string) []string {
	o.t.Helper()
	page, err := o.Comments(ctx, item, "", "", 0)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []string
	for _, c := range page.Comments {
		all = append(all, c.Text)
	}
	return all
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v, want a fault of kind %d", what, err, kind)
	}
}

func TestThread(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		first := o.post(o.olive(), "risk:open", "*First*")
		o.post(o.rosalind(), "risk:open", "Second")
		if first.HTML() != "<p><em>First</em></p>\n" || first.Author != "olive" || first.Version != 1 {
			t.Errorf("%+v", first)
		}
		edited, err := o.Edit(o.olive(), first.ID, 1, "First, mended")
		if err != nil || edited.Version != 2 || edited.Entry == first.Entry {
			t.Fatalf("%+v, %v", edited, err)
		}
		if diff := cmp.Diff([]string{"First, mended", "Second"}, o.texts(o.audrey(), "risk:open")); diff != "" {
			t.Error(diff)
		}
		versions, err := o.Versions(o.rosalind(), first.ID)
		if err != nil || len(versions) != 2 || versions[0].Text != "*First*" || versions[1].Text != "First, mended" || !versions[0].PostedAt.Equal(first.PostedAt) {
			t.Errorf("%+v, %v", versions, err)
		}
		_, err = o.Edit(o.olive(), first.ID, 1, "late")
		wantKind(t, "an edit of an old version", err, fault.Stale)
		_, err = o.Edit(o.rosalind(), first.ID, 2, "not mine")
		wantKind(t, "an edit of somebody else's", err, fault.Forbidden)
		if len(o.changes) != 3 || o.changes[2].Text != "First, mended" {
			t.Errorf("changes told: %+v", o.changes)
		}
	})
}

func TestPaging(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		var want []string
		for i := range 5 {
			want = append(want, fmt.Sprint("comment ", i))
			if _, err := o.Post(o.olive(), "risk:open", "", want[i]); err != nil { // all at the same time
				t.Fatal(err)
			}
		}
		var got []string
		for cursor, pages := "", 0; ; pages++ {
			page, err := o.Comments(o.olive(), "risk:open", "", cursor, 2)
			if err != nil || pages > 3 {
				t.Fatalf("page %d: %v", pages, err)
			}
			for _, c := range page.Comments {
				got = append(got, c.Text)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		_, err := o.Comments(o.olive(), "risk:open", "", "???", 2)
		wantKind(t, "a cursor of somebody's own making", err, fault.Invalid)
	})
}

func TestWhatMayNotBeSeen(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.post(o.olive(), "risk:open", "open talk")
		secret := o.post(o.rosalind(), "risk:secret", "secret talk")
		file, err := o.Attach(o.rosalind(), "risk:secret", "plan.txt", strings.NewReader("the plan"))
		if err != nil {
			t.Fatal(err)
		}
		o.items["gone"] = authz.Resource{}
		delete(o.items, "gone")
		for who, ctx := range map[string]context.Context{"owner": o.olive(), "outsider": o.oscar(), "auditor": o.audrey()} {
			calls := map[string]func(item, comment, attachment string) error{
				"list":     func(item, _, _ string) error { _, err := o.Comments(ctx, item, "", "", 0); return err },
				"files":    func(item, _, _ string) error { _, err := o.Attachments(ctx, item); return err },
				"versions": func(_, comment, _ string) error { _, err := o.Versions(ctx, comment); return err },
				"download": func(_, _, attachment string) error { _, _, err := o.Download(ctx, attachment); return err },
			}
			for name, call := range calls {
				hidden, absent := call("risk:secret", secret.ID, file.ID), call("risk:absent", "absent", "absent")
				wantKind(t, who+" "+name, hidden, fault.NotFound)
				if fmt.Sprint(hidden) != fmt.Sprint(absent) {
					t.Errorf("%s %s: hidden %v, absent %v", who, name, hidden, absent)
				}
			}
		}
		for name, call := range map[string]func(ctx context.Context, item, comment, attachment string) error{
			"post": func(ctx context.Context, item, _, _ string) error { _, err := o.Post(ctx, item, "", "x"); return err },
			"edit": func(ctx context.Context, _, comment, _ string) error {
				_, err := o.Edit(ctx, comment, 1, "x")
				return err
			},
			"attach": func(ctx context.Context, item, _, _ string) error {
				_, err := o.Attach(ctx, item, "a.txt", strings.NewReader("x"))
				return err
			},
			"erase": func(ctx context.Context, _, comment, _ string) error { return o.EraseComment(ctx, comment, "why") },
			"erase a file": func(ctx context.Context, _, _, attachment string) error {
				return o.EraseAttachment(ctx, attachment, "why")
			},
		} {
			triager := o.as("tristan", authz.RoleTriager)
			hidden, absent := call(triager, "risk:secret", secret.ID, file.ID), call(triager, "risk:absent", "absent", "absent")
			wantKind(t, name, hidden, fault.NotFound)
			if fmt.Sprint(hidden) != fmt.Sprint(absent) {
				t.Errorf("%s: hidden %v, absent %v", name, hidden, absent)
			}
			auditor := call(o.audrey(), "risk:open", secret.ID, file.ID)
			if !fault.Is(auditor, fault.Forbidden) && !fault.Is(auditor, fault.NotFound) {
				t.Errorf("an auditor may %s: %v", name, auditor)
			}
		}
		_, err = o.Comments(t.Context(), "risk:open", "", "", 0)
		wantKind(t, "nobody reads", err, fault.Unauthenticated)
		_, err = o.Post(o.olive(), "case:1", "", "x")
		wantKind(t, "an item of an unknown type", err, fault.NotFound)
	})
}

func TestTextsRefused(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		for name, text := range map[string]string{"empty": " \n", "too long": strings.Repeat("x", MaxComment+1), "ten megabytes": strings.Repeat("x", 10<<20), "not UTF-8": "a\xff", "NUL": "a\x00b"} {
			_, err := o.Post(o.olive(), "risk:open", "", text)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "text" {
				t.Errorf("%s: %v", name, err)
			}
		}
		o.post(o.olive(), "risk:open", strings.Repeat("x", MaxComment))
	})
}

func TestEraseComment(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		c := o.post(o.olive(), "risk:open", "swordfish")
		if _, err := o.Edit(o.olive(), c.ID, 1, "swordfish two"); err != nil {
			t.Fatal(err)
		}
		wantKind(t, "erased by another owner", o.EraseComment(o.as("otto", authz.RoleOwner), c.ID, "why"), fault.Forbidden)
		wantKind(t, "erased without a reason", o.EraseComment(o.rosalind(), c.ID, " "), fault.Invalid)
		if err := o.EraseComment(o.rosalind(), c.ID, "names a person"); err != nil {
			t.Fatal(err)
		}
		wantKind(t, "erased twice", o.EraseComment(o.rosalind(), c.ID, "why"), fault.Conflict)
		_, err := o.Edit(o.olive(), c.ID, 2, "back")
		wantKind(t, "edited after it was erased", err, fault.Conflict)
		page, err := o.Comments(o.olive(), "risk:open", "", "", 0)
		if err != nil || len(page.Comments) != 1 || !page.Comments[0].Erased() || page.Comments[0].ErasedBy != "person:rosalind" {
			t.Errorf("%+v, %v", page, err)
		}
		versions, err := o.Versions(o.olive(), c.ID)
		if err != nil || len(versions) != 2 || versions[0].Text+versions[1].Text != "" {
			t.Errorf("%+v, %v", versions, err)
		}
		if last := o.changes[len(o.changes)-1]; !last.Erased || last.Text != "" {
			t.Errorf("change told: %+v", last)
		}
		own := o.post(o.olive(), "risk:open", "mine")
		if err := o.EraseComment(o.olive(), own.ID, "a mistake"); err != nil {
			t.Errorf("an author erases their own: %v", err)
		}
		o.wantNowhere("swordfish", "mine")
	})
}

// wantNowhere looks for words in every text and byte column of this module and of
// the ledger's openings.
func (o *office) wantNowhere(words ...string) {
	o.t.Helper()
	queries := []string{
		"SELECT COALESCE(body, '') FROM content_comment", "SELECT COALESCE(body, '') FROM content_comment_version",
		"SELECT name || sha256 || erased_by FROM content_attachment", "SELECT data FROM content_chunk", "SELECT body FROM content_draft",
		"SELECT COALESCE(body, '') FROM ledger_opening",
	}
	err := o.db.Read(o.t.Context(), func(r *store.ReadTx) error {
		for _, query := range queries {
			rows, err := r.Query(o.t.Context(), query)
			found, err := store.Collect(rows, err, func(s store.Scanner) ([]byte, error) {
				var v []byte
				err := s.Scan(&v)
				return v, err
			})
			if err != nil {
				return err
			}
			for _, v := range found {
				for _, w := range words {
					if bytes.Contains(v, []byte(w)) {
						o.t.Errorf("%q is still there: %s", w, query)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// TestEntriesCommitToTexts: while text and salt are there, they give the digest
// of the entry; the entry itself holds neither.
func TestEntriesCommitToTexts(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		c := o.post(o.olive(), "risk:open", "swordfish")
		err := o.db.Read(t.Context(), func(r *store.ReadTx) error {
			var salt []byte
			var opening string
			if err := r.QueryRow(t.Context(), "SELECT salt FROM content_comment WHERE id = $1", c.ID).Scan(&salt); err != nil {
				return err
			}
			if err := r.QueryRow(t.Context(), "SELECT body FROM ledger_opening WHERE seq = $1", c.Entry).Scan(&opening); err != nil {
				return err
			}
			if len(salt) != saltBytes || !strings.Contains(opening, Digest(salt, []byte("swordfish"))) || strings.Contains(opening, "swordfish") {
				t.Errorf("salt %x, opening %s", salt, opening)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAttachments(t *testing.T) {
	each(t, "attachments: {max_size: 1MiB, max_per_item: 3}\n", func(t *testing.T, o *office) {
		big := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 2, 3}, (1<<20)/4-2)...) // 4 pieces, exactly the limit
		a, err := o.Attach(o.olive(), "risk:open", `C:\temp\Plan "final".PNG`, bytes.NewReader(big))
		if err != nil {
			t.Fatal(err)
		}
		o.advance(time.Second)
		if a.Name != "Plan _final_.PNG" || a.Media != "image/png" || a.Size != 1<<20 {
			t.Errorf("%+v", a)
		}
		got, file, err := o.Download(o.audrey(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(file)
		if err != nil || !bytes.Equal(data, big) || got.SHA256 != a.SHA256 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		h := http.Header{}
		a.Headers(h)
		if h.Get("Content-Disposition") != `attachment; filename="Plan _final_.PNG"` || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Length") != "1048576" {
			t.Errorf("%v", h)
		}
		_, err = o.Attach(o.olive(), "risk:open", "x.png", bytes.NewReader(append(big, 0)))
		if !fault.HasCode(err, CodeTooLarge) {
			t.Errorf("one byte too many: %v", err)
		}
		for _, name := range []string{"a.txt", "b.txt"} {
			if _, err := o.Attach(o.olive(), "risk:open", name, strings.NewReader("text")); err != nil {
				t.Fatal(err)
			}
		}
		_, err = o.Attach(o.olive(), "risk:open", "c.txt", strings.NewReader("text"))
		if !fault.HasCode(err, CodeTooMany) {
			t.Errorf("one too many: %v", err)
		}
		wantKind(t, "erased by another", o.EraseAttachment(o.as("otto", authz.RoleOwner), a.ID, "why"), fault.Forbidden)
		if err := o.EraseAttachment(o.olive(), a.ID, "wrong file"); err != nil {
			t.Fatal(err)
		}
		_, _, err = o.Download(o.olive(), a.ID)
		wantKind(t, "downloaded after it was erased", err, fault.NotFound)
		wantKind(t, "erased twice", o.EraseAttachment(o.olive(), a.ID, "why"), fault.Conflict)
		if _, err := o.Attach(o.olive(), "risk:open", "c.txt", strings.NewReader("text")); err != nil {
			t.Errorf("there is room again: %v", err)
		}
		list, err := o.Attachments(o.olive(), "risk:open")
		if err != nil || len(list) != 4 || !list[0].Erased() || list[0].Name != "" {
			t.Errorf("%+v, %v", list, err)
		}
		o.wantNowhere("final", "\x89PNG", a.SHA256)
	})
}

func TestForbiddenFiles(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		tests := []struct{ name, file, data string }{
			{"program", "tool.exe", "MZ\x90\x00"},
			{"program named as text", "tool.txt", "\x7fELF\x02\x01\x01\x00"},
			{"script", "tool.sh", "#!/bin/sh\n"},
			{"script named as text", "notes.txt", "#!/bin/sh\nrm -rf /\n"},
			{"page", "page.html", "<html>"},
			{"page named as text", "page.txt", "  \n<!doctype html><script>"},
			{"page named as a picture", "page.png", "<html>"},
			{"page with a byte order mark", "page.md", "\ufeff<script>"},
			{"drawing", "x.svg", "<svg onload=alert(1)>"},
			{"drawing named as JSON", "x.json", "<svg xmlns='http://www.w3.org/2000/svg'>"},
			{"macros", "x.docm", "PK\x03\x04"},
			{"no extension", "README", "text"},
			{"two extensions", "x.txt.exe", "text"},
			{"turned name", "exe\u202etxt.exe", "text"},
			{"picture that is none", "x.jpg", "text"},
			{"empty", "x.txt", ""},
			{"not UTF-8", "x.log", "caf\xe9"},
		}
		for _, test := range tests {
			_, err := o.Attach(o.olive(), "risk:open", test.file, strings.NewReader(test.data))
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != CodeKind || len(f.Fields) != 1 || f.Fields[0].Path != "file" {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}

func TestDamagedAttachmentIsNoticed(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		for name, test := range map[string]struct {
			statement, data string
			want            error
		}{
			"changed":                 {"UPDATE content_chunk SET data = $1 WHERE attachment = $2", "tixt", errDamaged},
			"longer":                  {"UPDATE content_chunk SET data = $1 WHERE attachment = $2", "texts", errDamaged},
			"emptied":                 {"UPDATE content_chunk SET data = $1 WHERE attachment = $2", "", errDamaged},
			"erased while it is read": {"DELETE FROM content_chunk WHERE data <> $1 AND attachment = $2", "", fault.ItemNotFound()},
		} {
			a, err := o.Attach(o.olive(), "risk:open", "x.txt", strings.NewReader("text"))
			if err != nil {
				t.Fatal(err)
			}
			_, file, err := o.Download(o.olive(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			err = o.writer.Quiet(t.Context(), "test", func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), test.statement, []byte(test.data), a.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = io.ReadAll(file); err == nil || err.Error() != test.want.Error() {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
		}
	})
}

func TestDrafts(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		ctx := t.Context()
		values := url.Values{"text": {"half a sentence", "\x00\xff"}, "_action": {"/risks"}}
		if err := o.Keep(ctx, "olive", "/risks/new", values); err != nil {
			t.Fatal(err)
		}
		o.advance(time.Second)
		values.Set("text", "a whole sentence")
		if err := o.Keep(ctx, "olive", "/risks/new", values); err != nil {
			t.Fatal(err)
		}
		got, err := o.Draft(ctx, "olive", "/risks/new")
		if diff := cmp.Diff(values, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		for _, other := range [][2]string{{"otto", "/risks/new"}, {"olive", "/other"}} {
			if got, err := o.Draft(ctx, other[0], other[1]); err != nil || got != nil {
				t.Errorf("draft of %v: %v, %v", other, got, err)
			}
		}
		if err := o.Keep(ctx, "olive", "/big", url.Values{"text": {strings.Repeat("x", MaxDraft)}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("too large: %v", err)
		}
		if err := o.Keep(ctx, "", "/risks/new", values); !fault.Is(err, fault.Invalid) {
			t.Errorf("of nobody: %v", err)
		}
		if err := o.Discard(ctx, "olive", "/risks/new"); err != nil {
			t.Fatal(err)
		}
		if all, err := o.Drafts(ctx, "olive"); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

func TestOldestDraftsGo(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		for i := range maxDrafts + 2 {
			if err := o.Keep(t.Context(), "olive", fmt.Sprint("/form/", i), url.Values{}); err != nil {
				t.Fatal(err)
			}
			o.advance(time.Second)
		}
		all, err := o.Drafts(t.Context(), "olive")
		if err != nil || len(all) != maxDrafts || all[len(all)-1].Form != "/form/2" {
			t.Errorf("%d, %v", len(all), err)
		}
	})
}

func TestRetention(t *testing.T) {
	settings := "drafts: {keep: 30d}\nretention:\n  - {of: risk, what: comment, keep: 365d}\n  - {of: case, what: attachment, keep: 1d}\n"
	each(t, settings, func(t *testing.T, o *office) {
		for i := range retainBatch + 1 {
			o.post(o.olive(), "risk:open", fmt.Sprint("old ", i))
		}
		if _, err := o.Attach(o.olive(), "risk:open", "kept.txt", strings.NewReader("kept")); err != nil {
			t.Fatal(err)
		}
		if err := o.Keep(t.Context(), "olive", "/old", url.Values{}); err != nil {
			t.Fatal(err)
		}
		o.advance(300 * 24 * time.Hour)
		newer := o.post(o.olive(), "risk:open", "newer")
		if err := o.Retain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if drafts, err := o.Drafts(t.Context(), "olive"); err != nil || len(drafts) != 0 {
			t.Errorf("%v, %v", drafts, err)
		}
		if got := o.texts(o.olive(), "risk:open"); len(got) == 0 || got[0] != "old 0" {
			t.Errorf("erased too early: %v", got)
		}
		o.advance(100 * 24 * time.Hour)
		for range 2 { // the second run finds nothing
			if err := o.Retain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := o.Comment(o.olive(), newer.ID); err != nil || left.Text != "newer" {
			t.Errorf("%+v, %v", left, err)
		}
		if files, err := o.Attachments(o.olive(), "risk:open"); err != nil || files[0].Erased() {
			t.Errorf("%+v, %v", files, err)
		}
		o.wantNowhere("old 0", "old 100")
	})
}

// TestEraseAgain: what was erased after a backup is erased again when it is restored.
func TestEraseAgain(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		c := o.post(o.olive(), "risk:open", "swordfish")
		a, err := o.Attach(o.olive(), "risk:open", "a.txt", strings.NewReader("trout"))
		if err != nil {
			t.Fatal(err)
		}
		list := []Erasure{{What: "comment", ID: c.ID}, {What: "attachment", ID: a.ID}, {What: "comment", ID: "never"}, {What: "poem", ID: "x"}}
		for _, want := range []int{2, 0} {
			n := -1
			err := o.writer.Decide(t.Context(), func(tx *ledger.Tx) error {
				var err error
				if n, err = o.EraseAgain(t.Context(), tx, list); n == 0 && err == nil {
					err = errNothing
				}
				return err
			})
			if n != want || err != nil && !errors.Is(err, errNothing) {
				t.Errorf("%d, %v, want %d", n, err, want)
			}
		}
		o.wantNowhere("swordfish", "trout")
		err = o.db.Read(t.Context(), func(r *store.ReadTx) error {
			all, err := Erasures(t.Context(), r)
			if len(all) != 2 || all[0].By != "system:content.retain" || all[0].At.IsZero() {
				t.Errorf("%+v", all)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPerson(t *testing.T) {
	each(t, "", func(t *testing.T, o *office) {
		o.post(o.olive(), "risk:open", "mine")
		o.post(o.rosalind(), "risk:open", "not mine")
		if _, err := o.Attach(o.olive(), "risk:open", "a.txt", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		o.advance(time.Second)
		if err := o.Keep(t.Context(), "olive", "/form", url.Values{"a": {"b"}}); err != nil {
			t.Fatal(err)
		}
		held := func() (all []string) {
			t.Helper()
			err := o.db.Read(t.Context(), func(r *store.ReadTx) error {
				found, err := Holds(t.Context(), r, "olive")
				for _, h := range found {
					all = append(all, h.What+" "+h.Where+" "+h.Value)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if diff := cmp.Diff([]string{"comment risk:open mine", "attachment risk:open a.txt", `draft /form {"a":["b"]}`}, held()); diff != "" {
			t.Error(diff)
		}
		if err := o.writer.Quiet(t.Context(), "test", func(tx *store.Tx) error { return ErasePerson(t.Context(), tx, "olive") }); err != nil {
			t.Fatal(err)
		}
		if got := held(); len(got) != 2 {
			t.Errorf("%v", got)
		}
	})
}

func TestSettings(t *testing.T) {
	if _, err := DefaultSettings(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ text, want string }{
		"unknown kind":  {"attachments: {kinds: [pdf, htm]}", `c.yaml:1: attachments.kinds[1] is not a kind of file that can be allowed`},
		"too large":     {"attachments: {max_size: 1GiB}", "attachments.max_size must be"},
		"no retention":  {"retention: [{of: risk, what: comments, keep: 1d}]", "retention[0].what must be"},
		"not for ever":  {"drafts: {keep: 0}", "drafts.keep must be"},
		"unknown key":   {"draft: {keep: 1d}", `did you mean "drafts"?`},
		"without types": {"retention: [{what: comment, keep: 1d}]", "retention[0].of must"},
	} {
		_, err := LoadSettings("c.yaml", []byte(test.text))
		var f *fault.Error
		if !errors.As(err, &f) || !strings.Contains(f.Message, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
