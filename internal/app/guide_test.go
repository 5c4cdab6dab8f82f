// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestGuideConfiguration: the example of the operations guide is one that the
// server takes.
func TestGuideConfiguration(t *testing.T) {
	c, err := ReadConfig(filepath.Join("..", "..", "docs", "guide", "portreeve.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Postgres != "postgres:///portreeve?host=/run/postgresql" || c.Organisation.Name != "Example Foundation" || c.location.String() != "Europe/Berlin" {
		t.Errorf("the example was not read as it is written: %+v", c)
	}
}

// TestGuideNamesEveryKey: the reference of the guide has all keys that the
// server takes, and the example is not the only place to find one.
func TestGuideNamesEveryKey(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "guide", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysIn(reflect.TypeFor[Config](), "") {
		if !strings.Contains(string(guide), "`"+key+"`") {
			t.Errorf("the guide does not name %s", key)
		}
	}
}

// keysIn returns the full names of the keys of a configuration type.
func keysIn(typ reflect.Type, prefix string) []string {
	var keys []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, ok := f.Tag.Lookup("yaml")
		switch {
		case !ok:
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, keysIn(f.Type, prefix+name+".")...)
		case f.Type == reflect.TypeFor[PolicyFiles]():
			for _, policy := range policyNames() {
				keys = append(keys, prefix+name+"."+policy)
			}
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}
