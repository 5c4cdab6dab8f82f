// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// backUp writes a backup and returns the file.
func backUp(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.gz")
	command(t, nil, "backup", "--config", config, "--out", file).must(t, 0)
	return file
}

// verified returns the number of entries and the root that `ledger verify` prints.
func verified(t *testing.T, args ...string) (size int64, root string) {
	t.Helper()
	var v struct {
		Sound bool   `json:"sound"`
		Size  int64  `json:"size"`
		Root  string `json:"root"`
	}
	command(t, nil, append([]string{"ledger", "verify", "--json"}, args...)...).must(t, 0).decode(t, &v)
	if !v.Sound || v.Root == "" {
		t.Fatalf("not verified: %+v", v)
	}
	return v.Size, v.Root
}

// entriesOf returns the ledger entries of a kind that the administrator sees,
// the newest first.
func (s *server) entriesOf(kind string) []ledgerEntry {
	s.t.Helper()
	var list struct {
		Items []struct{ Seq int64 } `json:"items"`
	}
	s.caller("admin").get("/api/v1/ledger/entries?limit=200&kind="+kind).want(s.t, 200).decode(s.t, &list)
	all := make([]ledgerEntry, 0, len(list.Items))
	for _, item := range list.Items {
		all = append(all, s.entry(item.Seq))
	}
	return all
}

// entry returns a ledger entry as the administrator sees it.
func (s *server) entry(seq int64) (e ledgerEntry) {
	s.t.Helper()
	s.caller("admin").get(fmt.Sprintf("/api/v1/ledger/entries/%d", seq)).want(s.t, 200).decode(s.t, &e)
	return e
}

type ledgerEntry struct {
	Seq      int64    `json:"seq"`
	Kind     string   `json:"kind"`
	Erased   []string `json:"erased"`
	Openings struct {
		Body *struct{ Value string } `json:"body"`
	} `json:"openings"`
}

// says reports whether the entry's body is there and holds the text.
func (e ledgerEntry) says(text string) bool {
	return e.Openings.Body != nil && strings.Contains(e.Openings.Body.Value, text)
}

// rows returns what a backup says, without its first line, which says when it was
// made, and the last, which is its digest.
func rows(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	return lines[1 : len(lines)-1]
}

// A backup is taken while people decide, and is one moment of their work. A copy
// restored from it continues the same log under the same key, serves the same
// people, and says that it was restored.
func TestBackupWhileWriting(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	s := startServe(t, config, data, accounts)
	organisation := s.register("first").Organisation
	stop := make(chan struct{})
	var writers sync.WaitGroup
	var mu sync.Mutex
	acknowledged := 0
	for i := range 3 {
		owner := s.caller("owner")
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if a := owner.call(http.MethodPost, "/api/v1/subjects", project(fmt.Sprintf("beside-%d-%d", i, n), organisation)); a.status != http.StatusCreated {
					t.Errorf("beside the backup: %d %s", a.status, a.body)
					return
				}
				mu.Lock()
				acknowledged++
				mu.Unlock()
			}
		})
	}
	eventually(t, "people write", func() bool { mu.Lock(); defer mu.Unlock(); return acknowledged >= 3 })
	mu.Lock()
	before := acknowledged
	mu.Unlock()
	file := backUp(t, config)
	close(stop)
	writers.Wait()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the backup: %v, %v", info.Mode(), err)
	}
	size, _ := verified(t, "--config", config)

	copied := keysOf(t, data)
	copyConfig := configure(t, copied)
	command(t, nil, "restore", "--config", copyConfig, file).must(t, 0)
	restoredSize, _ := verified(t, "--config", copyConfig)
	// What was acknowledged before the backup began is in it; it holds no more
	// than was decided, and the entry that says that it was restored.
	if restoredSize > size+1 || restoredSize < size-int64(acknowledged-before) {
		t.Errorf("%d entries restored of %d; %d of %d subjects were acknowledged before", restoredSize, size, before, acknowledged)
	}
	s.stop()
	r := startServe(t, copyConfig, copied, accounts)
	r.cli("reviewer", question...).must(t, 0)
	found := r.entriesOf("office.restored")
	if len(found) != 1 || !found[0].says(`"file":"backup.gz"`) {
		t.Errorf("the ledger does not say that it was restored: %+v", found)
	}
	r.register("after")
	// The key is the same, before and after.
	for _, dir := range []string{data, copied} {
		verified(t, "--data", dir, "--key", filepath.Join(data, "ledger.pub"))
	}
	r.stop()
	r = startServe(t, copyConfig, copied, accounts)
	if again := r.entriesOf("office.restored"); len(again) != 1 {
		t.Errorf("every start says again that it was restored: %+v", again)
	}
}

// A restore that cannot be right changes nothing.
func TestRestoreRefuses(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	file := backUp(t, config)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0x40
	noise := make([]byte, 4096)
	rand.Read(noise)
	target := keysOf(t, data)
	targetConfig := configure(t, target)
	for name, file := range map[string]string{
		"ends before":  bad("truncated.gz", whole[:len(whole)/2]),
		"damaged":      bad("flipped.gz", flipped),
		"not a backup": bad("noise", noise),
		"ends":         bad("cut.gz", zipped(t, strings.Join(rows(t, file), "\n")[:1000])),
		"digest":       bad("altered.gz", zipped(t, altered(t, whole))),
		"empty":        bad("empty", nil),
	} {
		r := command(t, nil, "restore", "--config", targetConfig, file)
		if r.code == 0 || r.code == 70 || r.stderr == "" {
			t.Errorf("%s: exit %d, %s", name, r.code, r.stderr)
		}
	}
	// All of them left the target as it was: empty.
	command(t, nil, "restore", "--config", targetConfig, file).must(t, 0)
	for _, config := range []string{targetConfig, config} {
		r := command(t, nil, "restore", "--config", config, file).must(t, 1)
		if !strings.Contains(r.stderr, "not empty") {
			t.Errorf("into a full database: %s", r.stderr)
		}
	}
	s := startServe(t, config, data, accounts)
	r := command(t, nil, "restore", "--config", config, file).must(t, 1)
	if !strings.Contains(r.stderr, "Another Portreeve server") {
		t.Errorf("beside a running server: %s", r.stderr)
	}
	s.register("unharmed")

	// Without the keys the copy could not be continued.
	empty := filepath.Join(t.TempDir(), "data")
	r = command(t, nil, "restore", "--config", configure(t, empty), file).must(t, 1)
	if !strings.Contains(r.stderr, "ledger.key") {
		t.Errorf("without keys: %s", r.stderr)
	}
	command(t, nil, "backup", "--data", data, "--out", file+"-of-data").must(t, 0)
	command(t, nil, "backup", "--out", file+"-of-nothing").must(t, 64)
	command(t, nil, "backup", "--data", data, "--config", config, "--out", file+"-of-both").must(t, 64)
	r = command(t, nil, "backup", "--config", config, "--out", file).must(t, 64)
	if !strings.Contains(r.stderr, "exists") || strings.Contains(r.stderr, "--force") {
		t.Errorf("over an older backup: %s", r.stderr)
	}
	r = command(t, nil, "backup", "--config", configure(t, empty), "--out", file+"2").must(t, 1)
	if !strings.Contains(r.stderr, "no database") {
		t.Errorf("of nothing: %s", r.stderr)
	}
	if _, err := os.Stat(filepath.Join(empty, "portreeve.db")); err == nil {
		t.Error("backing up nothing made a database")
	}
}

// A restore that the configuration stands in the way of has loaded nothing: mended,
// it is repeated.
func TestRestoreUnderAnotherName(t *testing.T) {
	accounts, data := seeded(t)
	file := backUp(t, configure(t, data))
	target := keysOf(t, data)
	good := configure(t, target)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	unnamed := filepath.Join(t.TempDir(), "unnamed.yaml")
	if err := os.WriteFile(unnamed, bytes.Replace(text, []byte("ledger: {origin: demo.portreeve.example}\n"), nil, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	r := command(t, nil, "restore", "--config", unnamed, file).must(t, 1)
	if !strings.Contains(r.stderr, "ledger.origin") || !strings.Contains(r.stderr, "demo.portreeve.example") {
		t.Errorf("it does not say what to configure: %s", r.stderr)
	}
	command(t, nil, "restore", "--config", good, file).must(t, 0)
	s := startServe(t, good, target, accounts)
	if found := s.entriesOf("office.restored"); len(found) != 1 {
		t.Errorf("the ledger does not say that it was restored: %+v", found)
	}
	s.stop()

	// What cannot be known before the load is said as what remains to be mended.
	later := keysOf(t, data)
	policy := filepath.Join(t.TempDir(), "gate.yaml")
	if err := os.WriteFile(policy, []byte("nothing: known\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = command(t, nil, "restore", "--config", configure(t, later, "policy: {gate: "+policy+"}"), file).must(t, 1)
	if !strings.Contains(r.stderr, "is loaded; do not load it again") || !strings.Contains(r.stderr, policy) {
		t.Errorf("it does not say that the load stands: %s", r.stderr)
	}
	s = startServe(t, configure(t, later), later, accounts)
	if found := s.entriesOf("office.restored"); len(found) != 1 {
		t.Errorf("the start did not finish the restore: %+v", found)
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := io.WriteString(zip, text); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// altered returns a backup that says something else and has the old digest.
func altered(t *testing.T, backup []byte) string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "realm:production", "realm:projuction", 1)
	if other == string(text) {
		t.Fatal("nothing to alter")
	}
	return other
}

// What was erased after the backup was taken stays erased when it is restored:
// the journal beside the keys says what it was.
func TestRestoreRepeatsErasures(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	s := startServe(t, config, data, accounts)
	kept, gone := s.register("kept"), s.register("secret-of-somebody")
	file := backUp(t, config)
	lost := s.register("lost-with-the-backup") // its number will be another entry's
	admin := s.caller("admin")
	erase := func(seq int64) {
		t.Helper()
		order := map[string]any{"fields": []string{"body"}, "reason": "It names somebody."}
		admin.call(http.MethodPost, fmt.Sprintf("/api/v1/ledger/entries/%d/erasures", seq), order).want(t, 200)
	}
	erase(gone.Entry)
	erase(lost.Entry)
	// In the journal before the answer, without a word of what it was.
	journal, err := os.ReadFile(filepath.Join(data, "erasures.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(journal, []byte(`"what":"entry"`)); n != 2 || bytes.Contains(journal, []byte("secret")) {
		t.Errorf("the journal: %s", journal)
	}
	s.kill()

	copied := keysOf(t, data)
	copyConfig := configure(t, copied)
	done := command(t, nil, "restore", "--config", copyConfig, file).must(t, 0)
	if !strings.Contains(done.stdout, "Erasures repeated: 1") || strings.Contains(done.stderr, "Warning") {
		t.Errorf("%s%s", done.stdout, done.stderr)
	}
	r := startServe(t, copyConfig, copied, accounts)
	check := func(r *serving, what string) {
		t.Helper()
		if e := r.entry(gone.Entry); len(e.Erased) != 1 || e.Erased[0] != "body" || e.Openings.Body != nil {
			t.Errorf("%s: what was erased is back: %+v", what, e)
		}
		if e := r.entry(kept.Entry); !e.says("kept") {
			t.Errorf("%s: something else is erased: %+v", what, e)
		}
		verified(t, "--data", r.data)
	}
	check(r, "restored")
	restored := r.entriesOf("office.restored")
	if len(restored) != 1 || !restored[0].says(`"erasures_repeated":1`) {
		t.Errorf("the entry of the restore: %+v", restored)
	}
	// The number of the lost entry now stands for another one, which stays.
	if e := r.entry(lost.Entry); len(e.Erased) != 0 {
		t.Errorf("an erasure hit another entry of the same number: %+v", e)
	}
	r.stop()

	// The same, when the journal comes later, or when somebody copies an old
	// database file into its place: every start settles it.
	late := keysOf(t, data)
	hidden, err := os.ReadFile(filepath.Join(late, "erasures.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(late, "erasures.jsonl")); err != nil {
		t.Fatal(err)
	}
	lateConfig := configure(t, late)
	warned := command(t, nil, "restore", "--config", lateConfig, file).must(t, 0)
	if !strings.Contains(warned.stderr, "Warning") || !strings.Contains(warned.stderr, "erasures.jsonl") {
		t.Errorf("nobody is warned that the journal is missing: %s", warned.stderr)
	}
	if err := os.WriteFile(filepath.Join(late, "erasures.jsonl"), hidden, 0o600); err != nil {
		t.Fatal(err)
	}
	l := startServe(t, lateConfig, late, accounts)
	check(l, "journal put back later")
	if repeated := l.entriesOf("office.erasure.repeated"); len(repeated) != 1 {
		t.Errorf("the ledger does not say that erasures were repeated: %+v", repeated)
	}
	l.stop()
	l = startServe(t, lateConfig, late, accounts)
	if repeated := l.entriesOf("office.erasure.repeated"); len(repeated) != 1 {
		t.Errorf("every start says it again: %+v", repeated)
	}
}
