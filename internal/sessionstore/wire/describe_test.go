// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// tree is a YAML document as maps, lists and scalars.
type tree = map[string]any

// described fetches the description and parses it.
func (b *bed) described() tree {
	b.t.Helper()
	var doc tree
	if err := yaml.Unmarshal([]byte(b.ask("GET", "/openapi", "").want(b.t, 200).body), &doc); err != nil {
		b.t.Fatalf("not YAML: %v", err)
	}
	return doc
}

// resolve follows a reference.
func resolve(t *testing.T, doc tree, v any) tree {
	t.Helper()
	m, ok := v.(tree)
	if !ok {
		t.Fatalf("%v is no object", v)
	}
	ref, ok := m["$ref"].(string)
	if !ok {
		return m
	}
	if len(m) != 1 {
		t.Errorf("%s has neighbours, which tools ignore", ref)
	}
	var at any = doc
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(tree)[name]
	}
	if at == nil {
		t.Fatalf("%s leads nowhere", ref)
	}
	return at.(tree)
}

// TestDescriptionIsOpenAPI checks what the specification of OpenAPI 3.0.3 requires of
// the objects that we use (https://spec.openapis.org/oas/v3.0.3).
func TestDescriptionIsOpenAPI(t *testing.T) {
	b := start(t)
	doc := b.described()
	if v, _ := doc["openapi"].(string); !regexp.MustCompile(`^3\.0\.[0-9]$`).MatchString(v) {
		t.Errorf("openapi: %v", doc["openapi"])
	}
	if info := doc["info"].(tree); info["title"] != "kask" || info["version"] == "" {
		t.Errorf("info: %v", info)
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(tree) {
		if !strings.HasPrefix(path, "/") {
			t.Errorf("path %q", path)
		}
		for method, op := range item.(tree) {
			if method == "parameters" {
				checkParameters(t, doc, path, op.([]any))
				continue
			}
			where := method + " " + path
			if !slices.Contains([]string{"get", "head", "post", "put", "delete"}, method) {
				t.Errorf("%s: no such method", where)
			}
			checkOperation(t, doc, where, op.(tree), ids)
		}
		if declared := fmt.Sprint(item.(tree)["parameters"]); strings.Contains(path, "{key}") && !strings.Contains(declared, "parameters/Key") {
			t.Errorf("%s: the key is not declared", path)
		}
	}
	for _, path := range []string{base + "{key}", "/anonymous/v1/{key}", "/healthz", "/readyz", "/metrics", "/openapi"} {
		if doc["paths"].(tree)[path] == nil {
			t.Errorf("no %s", path)
		}
	}
}

func checkParameters(t *testing.T, doc tree, where string, list []any) {
	t.Helper()
	seen := map[string]bool{}
	for _, each := range list {
		p := resolve(t, doc, each)
		id := fmt.Sprint(p["name"], " ", p["in"])
		if p["name"] == nil || p["schema"] == nil || seen[id] || !slices.Contains([]any{"path", "header"}, p["in"]) || p["in"] == "path" && p["required"] != true {
			t.Errorf("%s: parameter %v", where, p)
		}
		seen[id] = true
	}
}

func checkOperation(t *testing.T, doc tree, where string, op tree, ids map[string]bool) {
	t.Helper()
	id, _ := op["operationId"].(string)
	if id == "" || ids[id] || op["summary"] == nil {
		t.Errorf("%s: operationId %q and summary %v", where, id, op["summary"])
	}
	ids[id] = true
	if list, ok := op["parameters"].([]any); ok {
		checkParameters(t, doc, where, list)
	}
	responses, _ := op["responses"].(tree)
	if len(responses) == 0 {
		t.Errorf("%s: no responses", where)
	}
	for code, each := range responses {
		if !regexp.MustCompile(`^[1-5][0-9][0-9]$`).MatchString(code) {
			t.Errorf("%s: response %q", where, code)
		}
		r := resolve(t, doc, each)
		if r["description"] == nil {
			t.Errorf("%s: %s has no description", where, code)
		}
		if headers, ok := r["headers"].(tree); ok {
			for name, h := range headers {
				if header := resolve(t, doc, h); header["schema"] == nil || header["name"] != nil {
					t.Errorf("%s: %s: header %s: %v", where, code, name, header)
				}
			}
		}
	}
}

// TestDescriptionIsComplete: every header that a request may have and an answer can
// have, and every status that the other tests got.
func TestDescriptionIsComplete(t *testing.T) {
	doc := start(t).described()
	item := doc["paths"].(tree)[base+"{key}"].(tree)
	asks := map[string][]string{
		"get": {"If-Match", "If-None-Match", "Session-Touch"}, "head": {"If-Match", "If-None-Match", "Session-Touch"}, "delete": {"If-Match", "If-None-Match"},
		"post": {"If-Match", "If-None-Match", "Session-TTL", "Session-Expiry", "Session-Max-Age", "Session-Owner", "Session-Established", "Session-Touch", "Session-Change-From", "Session-Grace"},
	}
	asks["put"] = asks["post"]
	codes := map[string]string{
		"get": "200 304 400 401 403 404 412 414 500 503", "delete": "204 400 401 403 404 412 414 500 503",
		"post": "201 204 400 401 403 404 408 409 412 413 414 429 500 503",
	}
	codes["head"], codes["put"] = codes["get"], codes["post"]
	for method, want := range asks {
		op := item[method].(tree)
		var got []string
		for _, p := range op["parameters"].([]any) {
			got = append(got, resolve(t, doc, p)["name"].(string))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: parameters %v, want %v", method, got, want)
		}
		var all []string
		for code := range op["responses"].(tree) {
			all = append(all, code)
		}
		slices.Sort(all)
		if strings.Join(all, " ") != codes[method] {
			t.Errorf("%s: responses %v, want %s", method, all, codes[method])
		}
	}
	value := resolve(t, doc, item["get"].(tree)["responses"].(tree)["200"])["headers"].(tree)
	for _, name := range []string{"ETag", "Session-Expires-In", "Session-Ends-In", "Session-Established", "Session-Retired", "Cache-Control"} {
		if value[name] == nil {
			t.Errorf("no header %s", name)
		}
	}
}

// TestKasksOwnTemplate: a description written for Kask is served as Kask serves it.
func TestKasksOwnTemplate(t *testing.T) {
	s := storetest.Store(t, storetest.NewMemory(), storetest.Namespace("default"))
	mounts := []wire.Mount{{Base: base, Store: s}}
	got, err := wire.Describe("paths:\n  \"{{- .BaseURI -}}{key}\":\n", "kask", mounts)
	if err != nil || string(got) != "paths:\n  \""+base+"{key}\":\n" {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"{{", "{{.Cassandra.Password}}"} {
		if _, err := wire.Describe(bad, "kask", mounts); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
