// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/test/fakes/phorge"
)

// importing is somebody with the command line, an office and a tracker.
type importing struct {
	*installation
	reviews *review.Service
	tracker *httptest.Server
	args    []string
}

// newImporting opens an office beside a Phorge server that knows a world.
func newImporting(t *testing.T, world *phorge.World, hook phorge.Hook, change ...func(*Config)) *importing {
	t.Helper()
	in := openInstallation(t, t.TempDir(), loadedAt(), change...)
	m, _ := in.moduleOf(review.ItemType)
	server := httptest.NewTLSServer(in.front)
	t.Cleanup(server.Close)
	x := &importing{installation: in, reviews: m.Service.(*review.Service), tracker: httptest.NewServer(phorge.New(world, hook))}
	t.Cleanup(x.tracker.Close)
	ca := x.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	x.args = []string{"--url", server.URL, "--ca", ca, "--token", in.visit("triager").token, "review", "import"}
	return x
}

func (x *importing) file(name, text string) string {
	x.t.Helper()
	path := filepath.Join(x.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		x.t.Fatal(err)
	}
	return path
}

// imported is the report of an import, as far as the tests look at it.
type imported struct {
	Results map[string]int
	Events  int
	Losses  []struct {
		What     string
		Count    int
		Examples []string
	}
	Tasks []review.Imported
}

// run runs the command and returns its exit code, its report and what else it said.
func (x *importing) run(args ...string) (code int, got imported, said string) {
	x.t.Helper()
	var out, errs bytes.Buffer
	all := append(append([]string{}, x.args...), append(args, "--json")...)
	code = run(context.Background(), all, strings.NewReader(""), &out, &errs)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			x.t.Fatalf("%v\n%s", err, &out)
		}
	}
	return code, got, errs.String()
}

// fromTracker are the arguments that name the tracker.
func (x *importing) fromTracker(token, project string) []string {
	return []string{"--from", "phabricator", "--server", x.tracker.URL, "--token-file", x.file("token", token+"\n"), "--project", project}
}

func (x *importing) get(login, id string) review.Detail {
	x.t.Helper()
	d, err := x.reviews.Get(x.as(login), id)
	if err != nil {
		x.t.Fatalf("%s as %s: %v", id, login, err)
	}
	return d
}

// shown says what became of a task, as somebody sees it.
func (x *importing) shown(login string, task review.Imported) string {
	x.t.Helper()
	d := x.get(login, task.Number)
	if d.ID != task.Review || !d.Imported() || d.Verdict.Outcome != "" || d.Origin.Source != x.tracker.URL {
		x.t.Errorf("%s: %+v", task.Number, d.Review)
	}
	return fmt.Sprintf("%s, %s, %d lines, filed %s by %q: %s", d.Visibility, d.Column, len(d.Past), d.Origin.At.Format(time.DateOnly), d.Origin.Author, d.Title)
}

// entries is how many entries the ledger has.
func (x *importing) entries() (n int64) {
	x.t.Helper()
	err := x.db.Read(context.Background(), func(r *store.ReadTx) error {
		return r.QueryRow(context.Background(), "SELECT size FROM ledger_head").Scan(&n)
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// TestImportRecorded: what a real Phorge answered becomes reviews, each with its
// number and history.
func TestImportRecorded(t *testing.T) { importRecorded(t) }

func importRecorded(t *testing.T, change ...func(*Config)) {
	nobody := func(_ phorge.Call, w *phorge.World) *phorge.Answer { // who filed T2 is not shown
		w.Users = slices.DeleteFunc(slices.Clone(w.Users), func(o phorge.Object) bool {
			return strings.HasPrefix(o.Name, "carol") || strings.HasSuffix(o.Name, "carol")
		})
		return nil
	}
	x := newImporting(t, phorge.Recorded(), nobody, change...)
	tracker := x.fromTracker(phorge.RecordedToken, "security")
	size := x.entries()
	code, tried, said := x.run(append(tracker, "--dry-run")...)
	if code != 0 || tried.Results["taken"] != 4 || x.entries() != size {
		t.Fatalf("tried: exit %d, %+v\n%s", code, tried, said)
	}
	people := x.file("people.csv", "# there, here\nbob,requester\n")
	code, got, said := x.run(append(tracker, "--people", people)...)
	if code != 0 || got.Results["taken"] != 4 || x.entries() != size+4 {
		t.Fatalf("exit %d, %+v\n%s", code, got, said)
	}
	if strings.Contains(said, phorge.RecordedToken) || !strings.Contains(said, "4 tasks: 4 taken") {
		t.Errorf("progress: %s", said)
	}
	shown := map[string]string{}
	for _, task := range got.Tasks {
		shown[task.Number] = x.shown("triager", task)
		if _, err := x.reviews.Get(x.as("requester"), task.Number); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is for some people only there, and shown to others here: %v", task.Number, err)
		}
	}
	if diff := cmp.Diff(recorded(), shown); diff != "" {
		t.Error(diff)
	}
	losses := map[string]int{}
	for _, l := range got.Losses {
		losses[l.What] += l.Count
	}
	if diff := cmp.Diff(map[string]int{"author": 1, "people": 1, "names": 1, "requester": 3, "changes of a kind without a name": 1}, losses); diff != "" {
		t.Error(diff)
	}
	if code, again, _ := x.run(append(tracker, "--people", people)...); code != 0 || again.Results["unchanged"] != 4 || again.Events != 0 || x.entries() != size+4 {
		t.Errorf("the second run: %+v", again)
	}
}

// recorded is what becomes of the tasks of the recorded answers. Each is for users
// only, or for fewer.
func recorded() map[string]string {
	return map[string]string{
		"T2": `restricted, incoming, 7 lines, filed 2025-09-29 by "": Old report: weak TLS on mirror`,
		"T3": `restricted, incoming, 5 lines, filed 2026-11-23 by "Bob Staff No MFA": Rotate deploy key`,
		"T7": `restricted, incoming, 7 lines, filed 2026-11-23 by "Heidi Volunteer no MFA": Typo in security policy page`,
		"T9": `restricted, done, 15 lines, filed 2026-11-23 by "Portreeve Audit Bot (not admin)": [Access audit 2026-11] MFA missing - batch 1 of 1`,
	}
}

// TestImportGoesOn: a tracker that fails in the middle costs nothing but a second
// run, in which nothing is doubled.
func TestImportGoesOn(t *testing.T) { importGoesOn(t) }

func importGoesOn(t *testing.T, change ...func(*Config)) {
	const tasks, each = 120, 5
	left := 80
	failing := func(c phorge.Call, _ *phorge.World) *phorge.Answer {
		if c.Method != "transaction.search" || left < 0 {
			return nil
		}
		if left--; left > 0 {
			return nil
		}
		return &phorge.Answer{Status: 200, Body: []byte(`{"result":null,"error_code":"ERR-INVALID-AUTH","error_info":"The token api-made00000000000000000000000 is not good."}`)}
	}
	x := newImporting(t, phorge.Tasks(tasks, each), failing, change...)
	tracker := x.fromTracker(phorge.MadeToken, phorge.MadeProject)
	size := x.entries()
	code, first, said := x.run(tracker...)
	if code == 0 || first.Results["taken"] != 79 || !strings.Contains(said, "stopped after 79 tasks") || strings.Contains(said, phorge.MadeToken) {
		t.Fatalf("exit %d, %+v\n%s", code, first.Results, said)
	}
	left = -1
	code, second, said := x.run(tracker...)
	if code != 0 || second.Results["unchanged"] != 79 || second.Results["taken"] != tasks-79 {
		t.Fatalf("exit %d, %+v\n%s", code, second.Results, said)
	}
	if n := x.entries() - size; n != tasks {
		t.Errorf("%d entries for %d tasks", n, tasks)
	}
	lines := map[int]int{}
	for _, task := range second.Tasks {
		lines[len(x.get("requester", task.Number).Past)]++
	}
	if diff := cmp.Diff(map[int]int{each: tasks}, lines); diff != "" {
		t.Errorf("lines of the past: %s", diff)
	}
}

// TestImportLargeTask: a task that is larger than one call of the API goes in pieces.
func TestImportLargeTask(t *testing.T) {
	const each, size = 60, 200 << 10
	world := phorge.Tasks(1, each)
	for phid, history := range world.History {
		for i, x := range history {
			history[i] = json.RawMessage(strings.Replace(string(x), "in two sentences.", strings.Repeat("x", size), 1))
		}
		world.History[phid] = history
	}
	x := newImporting(t, world, nil)
	tracker := x.fromTracker(phorge.MadeToken, phorge.MadeProject)
	code, got, said := x.run(tracker...)
	if code != 0 || len(got.Tasks) != 1 || got.Results["taken"] != 1 || got.Events != each {
		t.Fatalf("exit %d, %+v\n%s", code, got, said)
	}
	d := x.get("requester", "T1")
	if len(d.Past) != each || d.Version < 2 {
		t.Errorf("%d lines, version %d: not in pieces", len(d.Past), d.Version)
	}
	entries := x.entries()
	if code, again, said := x.run(tracker...); code != 0 || again.Results["unchanged"] != 1 || x.entries() != entries {
		t.Errorf("the second run: %+v\n%s", again.Results, said)
	}
}

// TestImportJira: a file that was exported from Jira, made up.
func TestImportJira(t *testing.T) {
	x := newImporting(t, phorge.Recorded(), nil)
	file := filepath.Join("testdata", "jira-made-up.json")
	code, got, said := x.run("--from", "jira", "--file", file, "--kind", "security-concept=concept")
	if code != 0 || got.Results["taken"] != 2 || len(got.Tasks) != 2 {
		t.Fatalf("exit %d, %+v\n%s", code, got, said)
	}
	open, secret := x.get("requester", "LOFT-1"), x.get("triager", "LOFT-2")
	if open.Kind != "concept" || open.Origin.Source != "https://jira.loft.example" || open.Origin.Author != "Made-up Person" || open.Priority != review.High || len(open.Past) != 4 {
		t.Errorf("%+v", open.Review)
	}
	if secret.Visibility != "restricted" || !secret.Done() {
		t.Errorf("%+v", secret.Review)
	}
	if _, err := x.reviews.Get(x.as("requester"), "LOFT-2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an issue with a security level is shown to all: %v", err)
	}
	if code, again, _ := x.run("--from", "jira", "--file", file); code != 0 || again.Results["unchanged"] != 2 {
		t.Errorf("the second run: %+v", again)
	}
}

func TestImportRefusesWrongCommandLines(t *testing.T) {
	x := newImporting(t, phorge.Recorded(), nil)
	tracker := x.fromTracker(phorge.RecordedToken, "security")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no tracker":       {[]string{"--from", "jira"}, 64, "--server"},
		"a file of Phorge": {[]string{"--from", "phabricator", "--file", "-"}, 64, "--server"},
		"a file in part":   {[]string{"--from", "jira", "--file", "-", "--task", "X-1"}, 64, "as a whole"},
		"no task":          {tracker[:6], 64, "--project"},
		"no number":        {append(slices.Clone(tracker[:6]), "--task", "T1; x"), 64, "T240943"},
		"no date":          {append(slices.Clone(tracker), "--since", "yesterday"), 64, "--since"},
		"no kind":          {append(slices.Clone(tracker), "--kind", "concept"), 64, "LABEL=KIND"},
		"injected":         {[]string{"--from", "jira", "--server", "https://jira.example", "--project", `X" OR "1`}, 64, "FOLIO"},
		"unseen project":   {x.fromTracker(phorge.RecordedToken, "no-such-thing"), 0, "does not show a project"},
		"bad token":        {x.fromTracker("api-wrong0000000000000000000000", "security"), 0, "token"},
	} {
		code, got, said := x.run(c.args...)
		if code == 0 || c.code != 0 && code != c.code || !strings.Contains(said, c.says) || strings.Contains(said, "api-wrong") || len(got.Tasks) > 0 {
			t.Errorf("%s: exit %d: %s", name, code, said)
		}
	}
}
