// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commentable are the kinds of file that carry a licence line.
var commentable = map[string]bool{".go": true, ".sql": true, ".css": true, ".js": true, ".sh": true, ".html": true, ".py": true, ".yaml": true, ".yml": true, ".cedar": true}

// TestLicenceLine: one SPDX line per file, so that each file says its licence alone.
func TestLicenceLine(t *testing.T) {
	top := root(t)
	walk(t, func(p string) {
		if strings.Contains(p, "/vendor/") || strings.Contains(p, "/testdata/") || !(commentable[filepath.Ext(p)] || filepath.Base(p) == "Makefile") {
			return
		}
		data, err := os.ReadFile(filepath.Join(top, p))
		if err != nil {
			t.Fatal(err)
		}
		head := string(data[:min(len(data), 200)])
		if !strings.Contains(head, "SPDX-License-Identifier: Apache-2.0") {
			t.Errorf("%s: no SPDX line at its top", p)
		}
	})
}

// machinePath finds absolute paths that exist on one machine only.
var machinePath = regexp.MustCompile(`/(root|home/[a-z]+|work)/`)

// TestNoPathsOfOneMachine: what is true on one machine only is false for the reader.
func TestNoPathsOfOneMachine(t *testing.T) {
	top := root(t)
	walk(t, func(p string) {
		if strings.Contains(p, "/vendor/") || p == "internal/archtest/repository_test.go" || p == "go.sum" {
			return
		}
		data, err := os.ReadFile(filepath.Join(top, p))
		if err != nil {
			t.Fatal(err)
		}
		if m := machinePath.Find(data); m != nil {
			t.Errorf("%s: holds %q", p, m)
		}
	})
}

// directModules lists the direct dependencies with their folders.
func directModules(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-json", "all")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	found := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var m struct {
			Path, Dir      string
			Main, Indirect bool
		}
		if err := dec.Decode(&m); err != nil {
			t.Fatal(err)
		}
		if !m.Main && !m.Indirect {
			found[m.Path] = m.Dir
		}
	}
	if len(found) == 0 {
		t.Fatal("no direct dependency found")
	}
	return found
}

// osiMarks are sentences by which the licences we accept are recognised.
var osiMarks = []string{"Apache License", "MIT License", "Permission is hereby granted, free of charge", "Redistribution and use in source and binary forms", "Mozilla Public License", "ISC License"}

// TestDependencies: each direct dependency has a line in ARCHITECTURE.md saying
// what it saves, and an OSI-approved licence.
func TestDependencies(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for path, dir := range directModules(t) {
		if !strings.Contains(string(doc), path) {
			t.Errorf("%s has no line in ARCHITECTURE.md", path)
		}
		if dir == "" {
			t.Errorf("%s is not in the module cache: run go mod download", path)
			continue
		}
		if !hasLicence(t, dir) {
			t.Errorf("%s: no licence of the accepted kinds in its folder", path)
		}
	}
}

func hasLicence(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.ToUpper(filepath.Base(f))
		if !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "LICENCE") {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, mark := range osiMarks {
			if strings.Contains(string(data), mark) {
				return true
			}
		}
	}
	return false
}
