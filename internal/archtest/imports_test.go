// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"strings"
	"testing"
)

// TestDirection: cmd -> app -> {slices, connectors, session store} -> kernel ->
// standard library. A slice that imports a slice can no longer be read or cut alone.
func TestDirection(t *testing.T) {
	for _, s := range goFiles(t) {
		from := s.pkg()
		for _, imp := range s.imports {
			to, ours := strings.CutPrefix(imp, modulePath+"/")
			if !ours {
				continue
			}
			if why := forbidden(from, to, s.isTest()); why != "" {
				t.Errorf("%s imports %s: %s", s.path, to, why)
			}
		}
	}
}

// forbidden says why a package in from may not import to, or "".
func forbidden(from, to string, test bool) string {
	mine, theirs := slice(from), slice(to)
	switch {
	case mine != "" && theirs != "" && mine != theirs && !test: // a test may wire two slices, as app does
		return "a slice never imports another slice; declare the interface you need and let app wire it"
	case mine != "" && under(to, "internal/connector"):
		return "a slice never imports a connector; declare the interface you need and let app wire it"
	case under(from, "internal/kernel") && (theirs != "" || under(to, "internal/app") || under(to, "internal/module") || under(to, "internal/connector")):
		return "the kernel knows none of its users"
	case connector(to) != "" && connector(from) != connector(to) && !under(from, "internal/app") && !under(from, "test"):
		return "only app wires connectors, and none knows another"
	case under(to, "internal/app") && !under(from, "internal/app") && !under(from, "cmd") && !under(from, "test"):
		return "app is the composition root: only cmd and test start it"
	case theirs != "" && mine == "" && !under(from, "internal/app") && !under(from, "test"):
		return "only app composes slices"
	case !test && !under(from, "test") && strings.HasSuffix(to, "test") && !strings.HasSuffix(from, "test"):
		return "test support is for tests"
	}
	return sessions(from, to, test)
}

// sessions says why a package in from may not import to where the session store is
// concerned, or "". It is a process of its own: a slice or a page that knew it would
// tie its failures to those of the web server.
func sessions(from, to string, test bool) string {
	const core = "internal/sessionstore"
	inside := under(from, core)
	composes := under(from, core+"/sessiond") || under(from, "internal/app")
	switch {
	case inside && (under(to, "internal/module") || under(to, "internal/connector")):
		return "the session store is no slice: it knows the kernel alone"
	case under(to, core) && !inside && !composes && !under(from, "test") && !test:
		return "only app wires the session store"
	case from == core && to != core && under(to, core) && !test:
		return "the core of the session store knows none of its parts"
	case under(to, core+"/sessiond") && !composes && !under(from, "test"):
		return "the process puts the parts together, and none of them knows it"
	}
	return ""
}

// connector returns the connector that a folder belongs to, or "".
func connector(folder string) string {
	name, ok := strings.CutPrefix(folder, "internal/connector/")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}

// TestDomainFilesArePure: the rules of a slice (its <slice>.go and state.go, and
// its sub-packages) know neither SQL nor HTTP, so that they can be tested as
// tables and read without the machinery.
func TestDomainFilesArePure(t *testing.T) {
	found := 0
	for _, s := range goFiles(t) {
		name := slice(s.pkg())
		if name == "" || s.isTest() {
			continue
		}
		pure := s.path == "internal/"+name+"/"+name+".go" || strings.HasSuffix(s.path, "/state.go") || strings.HasPrefix(s.path, "internal/"+name+"/matrix/") || strings.HasPrefix(s.path, "internal/"+name+"/kind/")
		if !pure {
			continue
		}
		found++
		for _, imp := range s.imports {
			if imp == "database/sql" || imp == "net/http" || strings.HasSuffix(imp, "/kernel/store") {
				t.Errorf("%s imports %s: a domain file does no I/O", s.path, imp)
			}
		}
	}
	if found == 0 {
		t.Error("no domain file found: the rule checks nothing")
	}
}
