// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func loadSample(file string, data []byte) (*sample, error) {
	s := &sample{}
	return s, Decode(file, data, s)
}

func TestHolderKeepsTheRunningConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewHolder(file, loadSample); !fault.HasCode(err, "config.unreadable") {
		t.Fatalf("an absent file: %v", err)
	}
	write("title: one\n")
	h, err := NewHolder(file, loadSample)
	if err != nil {
		t.Fatal(err)
	}
	write("titel: two\n")
	if err := h.Reload(); !fault.HasCode(err, CodeInvalid) || h.Problem() == nil || h.Get().Title != "one" {
		t.Errorf("a bad file: %v, problem %v, running %q", err, h.Problem(), h.Get().Title)
	}
	write("title: three\n")
	if err := h.Reload(); err != nil || h.Problem() != nil || h.Get().Title != "three" {
		t.Errorf("a good file: %v, problem %v, running %q", err, h.Problem(), h.Get().Title)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(); err == nil || h.Get().Title != "three" {
		t.Errorf("a lost file: %v, running %q", err, h.Get().Title)
	}
}

func TestFixed(t *testing.T) {
	h := Fixed(&sample{Title: "default"})
	if err := h.Reload(); err != nil || h.Get().Title != "default" || h.Problem() != nil {
		t.Errorf("%v, %+v", err, h.Get())
	}
}
