// SPDX-License-Identifier: Apache-2.0

package ledgerweb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
)

// run types a command line as a person would and returns the exit code with
// everything that was printed.
func run(t *testing.T, s *client.Session, open ledgerweb.OpenConfig, args ...string) (code int, printed string) {
	t.Helper()
	out := s.Stdout.(*bytes.Buffer)
	out.Reset()
	parser, err := kong.New(ledgerweb.NewCommands(open), kong.Name("ledger"), kong.Exit(func(int) { t.Fatal("kong exits") }))
	fatal(t, err)
	var errs bytes.Buffer
	parsed, err := parser.Parse(args)
	if err != nil {
		return client.Report(&errs, fault.New(fault.Usage, "usage", "%v", err)), errs.String()
	}
	code = client.Report(&errs, parsed.Run(s))
	return code, out.String() + errs.String()
}

// want fails the test unless the command exits with code and prints each text.
func want(t *testing.T, s *client.Session, code int, texts []string, args ...string) string {
	t.Helper()
	got, printed := run(t, s, nil, args...)
	if got != code {
		t.Errorf("ledger %s: exit %d, want %d:\n%s", strings.Join(args, " "), got, code, printed)
	}
	for _, text := range texts {
		if !strings.Contains(printed, text) {
			t.Errorf("ledger %s: %q is not in:\n%s", strings.Join(args, " "), text, printed)
		}
	}
	return printed
}

func TestListAndShow(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	hidden := o.decide(secret())
	s, _, _ := o.start("owner")
	if printed := want(t, s, 0, []string{"SEQ", "risk.acceptance.granted", "flow:2", "Eve Executive"}, "list"); strings.Contains(printed, "person:executive") {
		t.Errorf("a person is shown by a reference:\n%s", printed)
	}
	if printed := want(t, s, 0, []string{"flow:1"}, "list", "--subject", "flow:1"); strings.Contains(printed, "flow:2") {
		t.Errorf("the filter is not applied:\n%s", printed)
	}
	want(t, s, 0, []string{"more: --cursor"}, "list", "--limit", "1")
	for _, name := range []string{"item", "subject", "actor"} {
		want(t, s, 1, []string{name, "kind before it"}, "list", "--"+name, "aaaa")
		want(t, s, 1, []string{name, "kind before it"}, "list", "--"+name, "risk:")
	}
	var list struct{ Items []ledgerweb.Summary }
	fatal(t, json.Unmarshal([]byte(want(t, s, 0, nil, "list", "--json")), &list))
	if len(list.Items) != 3 || list.Items[0].Actor != "person:executive" || list.Items[0].ActorName != "Eve Executive" {
		t.Errorf("want 3 entries by Eve Executive: %+v", list.Items)
	}
	want(t, s, 0, []string{"flow:1", "person:executive (Eve Executive)", "conditions", "verified: in the log of 4 entries", "that the server itself gave"}, "show", "1")
	key := file(t, "ledger.pub", o.signer.Verifiers())
	want(t, s, 0, []string{"the key of " + key}, "show", "1", "--key", key)
	want(t, s, 1, []string{"WRONG"}, "show", "1", "--key", file(t, "other.pub", signer(t, 8).Verifiers()))
	want(t, s, 0, []string{`"leaf_hash"`}, "show", "1", "--json")
	want(t, s, 1, []string{"nothing here"}, "show", fmt.Sprint(hidden))
}

func TestKeyAndCheckpointCommands(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	fatal(t, o.log.Publish(t.Context()))
	s, _, errs := o.start("reviewer")
	want(t, s, 0, []string{o.signer.Verifiers()}, "key")
	key := filepath.Join(t.TempDir(), "ledger.pub")
	want(t, s, 0, nil, "key", "--out", key)
	want(t, s, 64, []string{key + " exists already, and nothing is overwritten", "--force"}, "key", "-o", key)
	want(t, s, 0, nil, "key", "-o", key, "--force")
	if data, err := os.ReadFile(key); err != nil || string(data) != o.signer.Verifiers() {
		t.Errorf("key file: %q, %v", data, err)
	}
	want(t, s, 0, []string{origin + "\n8\n"}, "checkpoint", "--key", key)
	held := filepath.Join(t.TempDir(), "held")
	want(t, s, 0, nil, "checkpoint", "--out", held)
	want(t, s, 64, []string{"exists already"}, "checkpoint", "--out", held)
	o.fill(3)
	want(t, s, 0, []string{origin + "\n11\n"}, "checkpoint", "--head", "--since", held)
	if !strings.Contains(errs.String(), "consistent") {
		t.Errorf("nothing is said about consistency: %q", errs)
	}
	// A head that was kept is newer than the public checkpoint: no alarm.
	head := filepath.Join(t.TempDir(), "head")
	want(t, s, 0, nil, "checkpoint", "--head", "-o", head)
	errs.Reset()
	want(t, s, 0, []string{origin + "\n8\n"}, "checkpoint", "--since", head)
	if !strings.Contains(errs.String(), "consistent") {
		t.Errorf("nothing is said about consistency: %q", errs)
	}
	outsider, _, _ := o.start("outsider")
	want(t, outsider, 1, []string{"newer than the latest public one"}, "checkpoint", "--since", head)
	// An earlier state of the log, as after restoring an old copy.
	other := newOffice(t)
	other.fill(8)
	fatal(t, other.log.Publish(t.Context()))
	s2, _, _ := other.start("reviewer")
	want(t, s2, 1, []string{"does not begin"}, "checkpoint", "--since", held)
	young := newOffice(t)
	young.fill(3)
	s3, _, _ := young.start("reviewer")
	want(t, s3, 1, []string{"entries were removed, or an old copy"}, "checkpoint", "--head", "--since", held)

	public := want(t, s, 0, nil, "checkpoint")
	text, _, _ := strings.Cut(public, "\n\n")
	want(t, s, 0, []string{"accepted: 1"}, "cosign", file(t, "cosigned", public+o.witness.Line(text+"\n", 9)))
	want(t, s, 1, []string{"cosignature was not accepted"}, "cosign", file(t, "bad", public))
}

func TestEraseCommand(t *testing.T) {
	o := newOffice(t)
	o.fill(1)
	s, _, _ := o.start("admin")
	want(t, s, 0, []string{"erased 2 of entry 0, recorded as entry 1"}, "erase", "0", "--field", "actor", "--field", "body", "--reason", "asked for")
	want(t, s, 1, []string{"erased already"}, "erase", "0", "--field", "actor", "--reason", "asked for")
	want(t, s, 0, []string{`"recorded_as": 2`}, "erase", "0", "--field", "subject", "--reason", "asked for", "--json")
	want(t, s, 0, []string{"(erased)"}, "show", "0")
	reviewer, _, _ := o.start("reviewer")
	want(t, reviewer, 77, nil, "erase", "0", "--field", "kind", "--reason", "x")
}

func TestExportAndVerify(t *testing.T) {
	o := newOffice(t)
	o.fill(20)
	o.decide(secret())
	fatal(t, o.log.Publish(t.Context()))
	s, _, _ := o.start("executive")
	key := file(t, "ledger.pub", o.signer.Verifiers())
	out := filepath.Join(t.TempDir(), "export.txt")
	want(t, s, 0, []string{"24 entries, root"}, "export", "--out", out)
	line := want(t, s, 0, []string{"24 entries, root"}, "verify", out, "--key", key)
	if strings.Count(line, "\n") != 1 {
		t.Errorf("more than one line: %q", line)
	}
	var said struct {
		Size       int64
		Checkpoint string
	}
	fatal(t, json.Unmarshal([]byte(want(t, s, 0, nil, "export", "-o", filepath.Join(t.TempDir(), "second.txt"), "--json")), &said))
	if said.Size != 24 || o.checkpoint(said.Checkpoint).Size != 24 {
		t.Errorf("said %+v", said)
	}
	data, err := os.ReadFile(out)
	fatal(t, err)
	if strings.Contains(string(data), "embargo") || bytes.Contains(data, []byte("ZW1iYXJnb")) {
		t.Error("the export holds what its reader may not see")
	}
	if printed := want(t, s, 0, nil, "export", "--out", "-"); printed == "" || !strings.HasPrefix(printed, "portreeve ledger export") {
		t.Errorf("standard output: %.80q", printed)
	}
	lines := strings.SplitAfter(string(data), "\n")
	first := 7 // magic, three lines, blank, signature, blank
	for name, tc := range map[string]struct {
		text string
		want string
	}{
		"a line cut":      {strings.Join(lines[:len(lines)-2], ""), "entry 23"},
		"a line changed":  {strings.Join(lines[:first+4], "") + flip(lines[first+4]) + strings.Join(lines[first+5:], ""), "entry 4"},
		"lines swapped":   {strings.Join(lines[:first+4], "") + lines[first+5] + lines[first+4] + strings.Join(lines[first+6:], ""), "entry 4"},
		"not an export":   {"hello\n", "not a ledger export"},
		"nothing":         {"", "not a ledger export"},
		"a line too many": {string(data) + lines[len(lines)-2], "goes on"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := file(t, "bad.txt", tc.text)
			want(t, s, 1, []string{"WRONG: ", tc.want}, "verify", bad, "--key", key)
			var result ledgerweb.Verified
			fatal(t, json.Unmarshal([]byte(want(t, s, 1, nil, "verify", bad, "--key", key, "--json")), &result))
			if result.Sound || result.Wrong == "" {
				t.Errorf("as JSON: %+v", result)
			}
		})
	}
	want(t, s, 1, []string{"WRONG"}, "verify", out, "--key", file(t, "other.pub", signer(t, 8).Verifiers()))
	want(t, s, 0, []string{`"sound": true`, `"size": 24`}, "verify", out, "--key", key, "--json")
	want(t, s, 0, nil, "verify", out, "--key", key, "--origin", origin, "--workers", "1")
	want(t, s, 1, []string{"not of"}, "verify", out, "--key", key, "--origin", "another.log")
	requester, _, _ := o.start("requester")
	want(t, requester, 77, nil, "export", "--out", out+".theirs")
	if again, err := os.ReadFile(out); err != nil || !bytes.Equal(again, data) && len(again) == 0 {
		t.Errorf("a refused export touched the file: %v", err)
	}
}

// flip changes one character of a line's leaf.
func flip(line string) string {
	at := strings.IndexByte(line, ' ') + 60
	c := byte('A')
	if line[at] == c {
		c = 'B'
	}
	return line[:at] + string(c) + line[at+1:]
}

func TestVerifyDataDirectory(t *testing.T) {
	o := newOffice(t) // it runs while its log is verified
	o.fill(12)
	fatal(t, o.log.Publish(t.Context()))
	s, _, _ := o.start("")
	want(t, s, 0, []string{"16 entries, root"}, "verify", "--data", o.dir)
	held := file(t, "held", o.Get(api+"/checkpoint").Want(200).Body)
	want(t, s, 0, nil, "verify", "--data", o.dir, "--checkpoint", held)
	o.fill(1)
	want(t, s, 0, []string{"17 entries"}, "verify", "--data", o.dir, "--checkpoint", held)
	if _, err := os.Stat(filepath.Join(o.dir, "portreeve.db")); err != nil {
		t.Fatal(err)
	}

	// An office whose log is another, or shorter, than what was signed.
	young := newOffice(t)
	young.fill(3)
	want(t, s, 1, []string{"WRONG: ", "entries were removed, or an old copy"}, "verify", "--data", young.dir, "--checkpoint", held)

	// A byte changed behind the server's back is found and named.
	err := o.db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `DROP TRIGGER ledger_opening_update`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE ledger_opening SET body = '{"until":"2036-12-23"}' WHERE seq = 5`)
		return err
	})
	fatal(t, err)
	want(t, s, 1, []string{"WRONG: entry 5: its body"}, "verify", "--data", o.dir)
	var result ledgerweb.Verified
	fatal(t, json.Unmarshal([]byte(want(t, s, 1, nil, "verify", "--data", o.dir, "--json")), &result))
	if result.Entry == nil || *result.Entry != 5 {
		t.Errorf("as JSON: %+v", result)
	}
}

func TestVerifyByConfiguration(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	s, _, _ := o.start("")
	open := func(ctx context.Context, name string) (ledgerweb.Stored, error) {
		if name != "/etc/office.yaml" {
			return ledgerweb.Stored{}, errors.New("another file was asked for: " + name)
		}
		db, err := store.Open(ctx, store.Config{SQLite: filepath.Join(o.dir, "portreeve.db")})
		return ledgerweb.Stored{DB: db, Keys: []byte(o.signer.Verifiers()), Origin: origin}, err
	}
	if code, printed := run(t, s, open, "verify", "--config", "/etc/office.yaml"); code != 0 || !strings.HasPrefix(printed, "3 entries, root ") {
		t.Errorf("exit %d: %s", code, printed)
	}
	if code, printed := run(t, s, nil, "verify", "--config", "/etc/office.yaml"); code != 64 {
		t.Errorf("without a way to open it: exit %d: %s", code, printed)
	}
}

// A server that answers with something else than it signed is found out.
func TestCommandsNoticeALyingServer(t *testing.T) {
	o := newOffice(t)
	o.fill(4)
	honest := o.handler()
	lie := func(old, new string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			held := &heldAnswer{header: http.Header{}, status: 200}
			honest.ServeHTTP(held, r)
			for name, v := range held.header {
				w.Header()[name] = v
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(held.status)
			_, _ = w.Write([]byte(strings.Replace(held.body.String(), old, new, 1)))
		})
	}
	for name, tc := range map[string]struct{ old, new string }{
		"another decision": {"2026-12-23", "2036-12-23"},
		"another person":   {`"actor":"person:executive"`, `"actor":"person:owner"`},
		"another entry":    {`"seq":1`, `"seq":2`},
		"a larger log":     {`ledger\n4\n`, `ledger\n5\n`},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := o.startWith(lie(tc.old, tc.new), "owner")
			want(t, s, 1, []string{"WRONG"}, "show", "1")
		})
	}
	s, _, _ := o.startWith(lie(origin+"\n4\n", origin+"\n5\n"), "owner")
	want(t, s, 1, []string{"WRONG"}, "checkpoint", "--head")
	s, _, _ = o.startWith(lie("office.test", "elsewhere"), "owner")
	want(t, s, 1, []string{"WRONG"}, "key")
	if _, err := ledger.VerifyDatabase(t.Context(), o.db, ledger.VerifyOptions{Keys: o.keys()}); err != nil {
		t.Error(err)
	}
}

// heldAnswer keeps an answer so that a test can change it.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// Whatever is typed wrong gets an answer that says what to do, and exit 64.
func TestWrongCommandLines(t *testing.T) {
	o := newOffice(t)
	o.fill(1)
	s, _, _ := o.start("reviewer")
	nowhere := filepath.Join(t.TempDir(), "absent")
	key := file(t, "ledger.pub", o.signer.Verifiers())
	junk := file(t, "junk", "junk\n")
	for _, tc := range []struct{ line, want string }{
		{"list --limit 0", "1 to 200"},
		{"list --limit 201", "1 to 200"},
		{"list --limit many", "--limit"},
		{"list --colour red", "--colour"},
		{"list extra", "extra"},
		{"show", "<seq>"},
		{"show one", "seq"},
		{"show -- -1", "0 or larger"},
		{"show 0 1", "1"},
		{"show 0 --key " + nowhere, "cannot be read"},
		{"show 0 --key " + junk, "no verifier key"},
		{"export", "--out"},
		{"export --out", "--out"},
		{"export --out " + filepath.Join(nowhere, "x"), "cannot be made"},
		{"export --out - --json", "both write to standard output"},
		{"export --file x", "--file"},
		{"verify", "Say what to verify"},
		{"verify " + junk, "--key"},
		{"verify --data " + o.dir + " --config x", "one of"},
		{"verify --data " + nowhere, "no portreeve.db"},
		{"verify --data " + blocked(t), "Run this as the user of the server"},
		{"verify --data " + o.dir + " --checkpoint " + nowhere, "cannot be read"},
		{"verify --data " + o.dir + " --workers -1", "--workers"},
		{"verify --config " + nowhere, "--data"},
		{"verify " + nowhere + " --key " + key, "cannot be read"},
		{"verify --data " + o.dir + " --key " + junk, "no verifier key"},
		{"key extra", "extra"},
		{"key --out " + filepath.Join(nowhere, "x"), "cannot be made"},
		{"key --json", "--json"},
		{"key --out", "--out"},
		{"key -x", "-x"},
		{"checkpoint extra", "extra"},
		{"checkpoint --head --since " + nowhere, "cannot be read"},
		{"checkpoint --head --key " + junk, "no verifier key"},
		{"checkpoint --since", "--since"},
		{"checkpoint --head --out " + filepath.Join(nowhere, "x"), "cannot be made"},
		{"erase", "--field"},
		{"erase 0", "--field"},
		{"erase 0 --field body", "--reason"},
		{"erase 0 --field colour --reason x", "one of kind, actor, subject, body"},
		{"erase -- -1", "--field"},
		{"cosign", "<file>"},
		{"cosign " + nowhere, "cannot be read"},
		{"cosign " + junk + " " + junk, "unexpected"},
		{"cosign --key " + junk, "--key"},
		{"cosign --", "<file>"},
		{"", "expected one of"},
		{"verfy", "verfy"},
	} {
		code, printed := run(t, s, nil, strings.Fields(tc.line)...)
		if code != 64 || !strings.Contains(printed, tc.want) {
			t.Errorf("ledger %s: exit %d, want 64 with %q:\n%s", tc.line, code, tc.want, printed)
		}
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a refused command left a file")
	}
	away := &client.Session{Context: s.Context, Stdout: s.Stdout, Stderr: s.Stderr, Config: client.Config{URL: "https://127.0.0.1:1"}}
	want(t, away, 69, []string{"does not answer"}, "list")
	nowhereAtAll := &client.Session{Context: s.Context, Stdout: s.Stdout, Stderr: s.Stderr}
	want(t, nowhereAtAll, 64, []string{"PORTREEVE_URL"}, "list")
}

// blocked returns a data directory whose database cannot be opened, by root
// neither.
func blocked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	fatal(t, os.Mkdir(filepath.Join(dir, "portreeve.db"), 0o700))
	return dir
}

// A database that is none, or holds no log, is not a sound log.
func TestVerifyWhatIsNoLog(t *testing.T) {
	o := newOffice(t)
	s, _, _ := o.start("")
	for name, text := range map[string]string{"junk": strings.Repeat("junk", 1000), "empty": ""} {
		dir := t.TempDir()
		fatal(t, os.WriteFile(filepath.Join(dir, "portreeve.db"), []byte(text), 0o600))
		if text == "" {
			want(t, s, 64, []string{"--key KEYFILE"}, "verify", "--data", dir)
		}
		fatal(t, os.WriteFile(filepath.Join(dir, "ledger.pub"), []byte(o.signer.Verifiers()), 0o600))
		if code, printed := run(t, s, nil, "verify", "--data", dir); code != 1 {
			t.Errorf("%s: exit %d: %s", name, code, printed)
		}
	}
	want(t, s, 0, []string{"0 entries"}, "verify", "--data", o.dir)
}

// An export that breaks off must not look like one that is whole.
func TestExportBrokenOff(t *testing.T) {
	o := newOffice(t)
	o.fill(6)
	err := o.db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `DROP TRIGGER ledger_leaf_delete`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `DELETE FROM ledger_leaf WHERE seq = 4`)
		return err
	})
	fatal(t, err)
	s, _, _ := o.start("reviewer")
	out := filepath.Join(t.TempDir(), "export.txt")
	want(t, s, 69, nil, "export", "--out", out)
	if files, err := os.ReadDir(filepath.Dir(out)); err != nil || len(files) != 0 {
		t.Errorf("it left %v, %v", files, err)
	}
}

// An export is put where nothing stands: what a file of that name holds is kept.
func TestExportOverwritesNothing(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	fatal(t, o.log.Publish(t.Context()))
	s, _, _ := o.start("executive")
	kept := file(t, "accounts.txt", "the only copy")
	want(t, s, 64, []string{"nothing is overwritten"}, "export", "--out", kept)
	data, err := os.ReadFile(kept)
	fatal(t, err)
	if string(data) != "the only copy" {
		t.Errorf("overwritten with %.60q", data)
	}
	beside, err := os.ReadDir(filepath.Dir(kept))
	fatal(t, err)
	if len(beside) != 1 {
		t.Errorf("left behind: %v", beside)
	}
	want(t, s, 0, []string{"entries, root"}, "export", "--out", kept, "--force")
}
