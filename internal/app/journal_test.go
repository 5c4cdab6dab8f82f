// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func someErasures() []erasure {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return []erasure{
		{What: whatEntry, Entry: 0, Field: "body", Leaf: strings.Repeat("ab", 32), At: at},
		{What: whatEntry, Entry: 7, Field: "actor", Leaf: strings.Repeat("cd", 32), At: at},
		{What: whatComment, ID: "c1", At: at},
		{What: whatPerson, ID: "p1", At: at.Add(time.Hour)},
	}
}

func mustOpen(t *testing.T, path string) *journal {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func mustAdd(t *testing.T, j *journal, list []erasure) {
	t.Helper()
	if err := j.add(list); err != nil {
		t.Fatal(err)
	}
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), journalFile)
	all := someErasures()
	j := mustOpen(t, path)
	mustAdd(t, j, nil) // the file is there from the first start on
	mustAdd(t, j, all[:2])
	mustAdd(t, j, all[1:]) // what is known is not written again
	again := all[0]
	again.At = again.At.Add(time.Hour)
	mustAdd(t, j, []erasure{again})
	j = mustOpen(t, path)
	if diff := cmp.Diff(all, j.without(nil)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all[2:3], j.without([]erasure{again, all[1], all[3]})); diff != "" {
		t.Errorf("what is missing (-want +got):\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// The machine may stop at any byte of a write: what was whole stays, and the
// journal goes on.
func TestJournalTornAnywhere(t *testing.T) {
	dir := t.TempDir()
	all := someErasures()
	whole := filepath.Join(dir, "whole")
	j := mustOpen(t, whole)
	mustAdd(t, j, all[:1])
	before, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	mustAdd(t, j, all[1:])
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(text); cut++ {
		path := filepath.Join(dir, "torn")
		if err := os.WriteFile(path, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := mustOpen(t, path)
		if cut >= len(before) && len(j.without(nil)) == 0 {
			t.Fatalf("cut at %d: the whole lines are lost", cut)
		}
		mustAdd(t, j, all)
		if diff := cmp.Diff(all, mustOpen(t, path).without(nil)); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
	}
}

func TestJournalDamage(t *testing.T) {
	good := `{"what":"comment","id":"c1"}` + "\n"
	for name, text := range map[string]string{
		"no head":          good,
		"another format":   `{"format":"portreeve-erasures","version":2}` + "\n",
		"not JSON":         journalHead + "what?\n" + good,
		"empty line":       journalHead + "\n",
		"names nothing":    journalHead + `{"what":"comment"}` + "\n",
		"unknown":          journalHead + `{"what":"house","id":"h1"}` + "\n",
		"entry without it": journalHead + `{"what":"entry","entry":3,"field":"body"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), journalFile)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := openJournal(path)
			if !fault.HasCode(err, "journal.damaged") || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzJournal(f *testing.F) {
	f.Add(journalHead + `{"what":"comment","id":"c1"}` + "\n")
	f.Add(journalHead + `{"what":"entry","entry":3,"field":"body","leaf":"` + strings.Repeat("0", 64) + `"}` + "\n" + `{"what":`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), journalFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path)
		if err != nil {
			return
		}
		before := j.without(nil)
		more := erasure{What: whatPerson, ID: "p"}
		mustAdd(t, j, []erasure{more})
		after := mustOpen(t, path).without(nil)
		if len(after) < len(before) || len(after) > len(before)+1 {
			t.Errorf("%d lines, then %d", len(before), len(after))
		}
	})
}
