// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is what the test reads of the API's description (OpenAPI 3.1.0,
// https://spec.openapis.org/oas/v3.1.0).
type document struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	} `json:"info"`
	Servers    []struct{ URL string }          `json:"servers"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas         map[string]any `json:"schemas"`
		SecuritySchemes map[string]any `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	ID          string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Action      string                `json:"x-action"`
	Security    []map[string][]string `json:"security"`
	Parameters  []parameter           `json:"parameters"`
	RequestBody *struct {
		Content map[string]struct{ Schema map[string]any } `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string                                     `json:"description"`
		Content     map[string]struct{ Schema map[string]any } `json:"content"`
	} `json:"responses"`
}

type parameter struct {
	Name     string         `json:"name"`
	In       string         `json:"in"`
	Required bool           `json:"required"`
	Schema   map[string]any `json:"schema"`
}

// TestDescription checks that the description is a valid OpenAPI 3.1 document by
// its structure: what a generator of clients or a validator would stumble over.
func TestDescription(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	var doc document
	var raw any
	a := s.caller("").get("/api/v1/openapi.json").want(t, 200).decode(t, &doc).decode(t, &raw)
	if doc.OpenAPI != "3.1.0" || doc.Info.Title == "" || doc.Info.Version == "" || len(doc.Servers) != 1 || !strings.HasPrefix(doc.Servers[0].URL, s.URL+"/api/v1") {
		t.Errorf("head: %s, %+v, %+v", doc.OpenAPI, doc.Info, doc.Servers)
	}
	if a.header.Get("Content-Type") != "application/json" {
		t.Errorf("type %s", a.header.Get("Content-Type"))
	}
	ids := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			where := strings.ToUpper(method) + " " + path
			if op.ID == "" || ids[op.ID] || op.Summary == "" {
				t.Errorf("%s: operationId %q and summary %q must be there, and the id once", where, op.ID, op.Summary)
			}
			ids[op.ID] = true
			doc.checkOperation(t, where, path, op)
		}
	}
	if len(ids) < 60 {
		t.Errorf("only %d operations", len(ids))
	}
	checkReferences(t, raw, doc.Components.Schemas)
	for name, schema := range doc.Components.Schemas {
		checkSchema(t, name, schema)
	}
	t.Run("no operation repeats what it refuses", func(t *testing.T) { doc.noEcho(t, s) })
}

var inBraces = regexp.MustCompile(`\{([^}]+)\}`)

func (d document) checkOperation(t *testing.T, where, path string, op operation) {
	t.Helper()
	if (op.Action == "") != (len(op.Security) == 0) {
		t.Errorf("%s: guarded by %q but security %v", where, op.Action, op.Security)
	}
	var declared []string
	for _, p := range op.Parameters {
		if p.Name == "" || len(p.Schema) == 0 || !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) || p.In == "path" && !p.Required {
			t.Errorf("%s: parameter %+v", where, p)
		}
		if p.In == "path" {
			declared = append(declared, p.Name)
		}
	}
	var used []string
	for _, m := range inBraces.FindAllStringSubmatch(path, -1) {
		used = append(used, m[1])
	}
	slices.Sort(declared)
	slices.Sort(used)
	if !slices.Equal(declared, used) {
		t.Errorf("%s: the path has %v, declared are %v", where, used, declared)
	}
	good := false
	for status, r := range op.Responses {
		good = good || strings.HasPrefix(status, "2")
		if r.Description == "" || status != "default" && !regexp.MustCompile(`^[1-5][0-9X]{2}$`).MatchString(status) {
			t.Errorf("%s: response %q %+v", where, status, r)
		}
	}
	problems := op.Responses["default"].Content["application/problem+json"].Schema
	if !good || problems["$ref"] != "#/components/schemas/Problem" {
		t.Errorf("%s: responses %v", where, slices.Sorted(maps.Keys(op.Responses)))
	}
	if op.RequestBody != nil && len(op.RequestBody.Content) == 0 {
		t.Errorf("%s: a body without a type", where)
	}
}

// checkReferences follows each $ref.
func checkReferences(t *testing.T, v any, schemas map[string]any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			name, found := strings.CutPrefix(ref, "#/components/schemas/")
			if _, known := schemas[name]; !found || !known {
				t.Errorf("the reference %s leads nowhere", ref)
			}
		}
		for _, one := range v {
			checkReferences(t, one, schemas)
		}
	case []any:
		for _, one := range v {
			checkReferences(t, one, schemas)
		}
	}
}

// checkSchema looks at the parts of JSON Schema that the description uses.
func checkSchema(t *testing.T, where string, schema any) {
	t.Helper()
	s, ok := schema.(map[string]any)
	if !ok {
		t.Errorf("%s: a schema is an object, not %T", where, schema)
		return
	}
	types := []string{"object", "array", "string", "integer", "number", "boolean", "null"}
	for _, one := range listOf(s["type"]) {
		if !slices.Contains(types, fmt.Sprint(one)) {
			t.Errorf("%s: type %v", where, one)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range listOf(s["required"]) {
		if _, known := properties[fmt.Sprint(name)]; !known {
			t.Errorf("%s: %v is required and not described", where, name)
		}
	}
	for name, property := range properties {
		checkSchema(t, where+"."+name, property)
	}
	if items, has := s["items"]; has {
		checkSchema(t, where+"[]", items)
	}
	if s["type"] == "array" && s["items"] == nil {
		t.Errorf("%s: a list of what?", where)
	}
	if _, old := s["nullable"]; old {
		t.Errorf("%s: nullable is OpenAPI 3.0", where)
	}
}

func listOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

const forbiddenFruit = "Zwiebelkuchen-2931"

// noEcho sends every operation what it cannot take, as people who may do much:
// each answers with a problem, and none repeats a value, because what is refused
// may be confidential.
func (d document) noEcho(t *testing.T, s *server) {
	callers := []*caller{s.caller("reviewer"), s.caller("admin"), s.caller("outsider")}
	tried := 0
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, op := range d.Paths[path] {
			address := "/api/v1" + inBraces.ReplaceAllStringFunc(path, func(name string) string {
				if strings.Contains("{seq}{size}", name) {
					return "987654"
				}
				return "there-is-none"
			})
			for _, c := range callers {
				for _, body := range d.wrongBodies(op) {
					d.try(t, c, strings.ToUpper(method), address, body)
					tried++
				}
				for _, p := range op.Parameters {
					if p.In == "query" {
						d.try(t, c, strings.ToUpper(method), address+"?"+p.Name+"="+url.QueryEscape(forbiddenFruit), nil)
						tried++
					}
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d requests tried", tried)
	}
}

// wrongBodies are bodies that do not fit the operation, one per property and some
// that fit nothing.
func (d document) wrongBodies(op operation) []any {
	if op.RequestBody == nil {
		return nil
	}
	media, ok := op.RequestBody.Content["application/json"]
	if !ok {
		return nil
	}
	bodies := []any{[]string{forbiddenFruit}, map[string]any{"colour": forbiddenFruit}, forbiddenFruit, `{"a":"` + forbiddenFruit}
	name, _ := strings.CutPrefix(fmt.Sprint(media.Schema["$ref"]), "#/components/schemas/")
	schema, _ := d.Components.Schemas[name].(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	for property := range properties {
		bodies = append(bodies,
			map[string]any{property: map[string]string{"x": forbiddenFruit}},
			map[string]any{property: strings.Repeat(forbiddenFruit, 3000)},
			map[string]any{property: []any{forbiddenFruit, 7}},
		)
	}
	return bodies
}

func (d document) try(t *testing.T, c *caller, method, address string, body any) {
	t.Helper()
	a := c.call(method, address, body, "If-Match", `"v1"`)
	switch {
	case a.status >= 500:
		t.Errorf("%s %s: status %d: %s", method, address, a.status, a.body)
	case a.status >= 400 && (strings.Contains(string(a.body), forbiddenFruit) || a.header.Get("Content-Type") != "application/problem+json"):
		t.Errorf("%s %s repeats what was sent, or is no problem document (%s): %.500s", method, address, a.header.Get("Content-Type"), a.body)
	}
}
