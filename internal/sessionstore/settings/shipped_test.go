// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v2"
)

// FuzzParse: no text makes the reader fall over, and what it accepts as Kask's
// holds none of our keys.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"kask.yaml", "kask-every-key.yaml", "kask-loose.yaml", "mutual.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("x.yaml", data)
		if err != nil {
			return
		}
		if s.Kask() && (s.Profile != AsKask || s.Embedded != nil || len(s.Policy) > 0) {
			t.Errorf("a Kask file with our keys: %q", data)
		}
		if len(s.Spaces()) == 0 {
			t.Errorf("no namespace: %q", data)
		}
		s.Warnings()
	})
}

// TestShippedManifest: the configuration in the Kubernetes manifest is one that is
// accepted, and opens nothing.
func TestShippedManifest(t *testing.T) {
	data, err := os.ReadFile("../../../dist/kubernetes/sessiond.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range strings.Split(string(data), "\n---\n") {
		var m struct {
			Kind string            `yaml:"kind"`
			Data map[string]string `yaml:"data"`
		}
		if err := yaml.Unmarshal([]byte(document), &m); err != nil {
			t.Fatal(err)
		}
		if m.Kind != "ConfigMap" || m.Data["sessiond.yaml"] == "" {
			continue
		}
		found++
		s := must(t, m.Data["sessiond.yaml"])
		if w := s.Warnings(); len(w) > 0 {
			t.Errorf("the shipped configuration has warnings: %v", w)
		}
	}
	if found != 1 {
		t.Errorf("%d configurations found", found)
	}
}

// TestGuideConfiguration: the example of the guide is one that is accepted and opens
// nothing, and it names every key.
func TestGuideConfiguration(t *testing.T) {
	const file = "../../../docs/guide/sessiond.yaml"
	s, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if w := s.Warnings(); len(w) > 0 {
		t.Errorf("the example has warnings: %v", w)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.FieldsFunc(string(text), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	for _, key := range everyKey(reflect.TypeFor[Settings]()) {
		if !slices.Contains(words, key) {
			t.Errorf("the example does not name %s", key)
		}
	}
}

// everyKey returns the keys of a struct and of those in it.
func everyKey(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var all []string
	for name, inner := range keysOf(t) {
		all = append(append(all, name), everyKey(inner)...)
	}
	return all
}
