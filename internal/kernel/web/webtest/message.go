// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// CheckMessages fails the test for each message key that the Go code of the
// current folder names and messages/en.yaml lacks, and for each message that
// neither code nor template mentions. Name is the one the package registers its
// files under; others are folders of Go code that uses its messages, too. A key
// that code completes ("risk.state_" + state) counts as
// mentioned for all keys that begin so.
//
// Keys in templates are checked by the mux at start-up.
func CheckMessages(t *testing.T, name string, others ...string) {
	t.Helper()
	data, err := os.ReadFile("messages/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := yaml.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	named, mentioned := goKeys(t, name, append(others, "."))
	for _, key := range slices.Sorted(maps.Keys(named)) {
		if _, ok := texts[key]; !ok {
			t.Errorf("%s: message %q is missing", named[key], key)
		}
	}
	mentioned = append(mentioned, templateWords(t, name)...)
	mentioned = append(mentioned, name+".entry_kind.") // app names them at start-up, one for each entry kind
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if !slices.ContainsFunc(mentioned, func(word string) bool {
			return word == key || strings.HasSuffix(word, "_") && strings.HasPrefix(key, word) || strings.HasSuffix(word, ".") && word != name+"." && strings.HasPrefix(key, word)
		}) {
			t.Errorf("message %q is used nowhere", key)
		}
	}
}

// goKeys returns the keys that the code certainly uses as messages, with their
// place, and every literal that could be one.
func goKeys(t *testing.T, name string, folders []string) (named map[string]string, mentioned []string) {
	t.Helper()
	named = map[string]string{}
	var files []string
	for _, folder := range folders {
		found, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no Go code in %s: %v", folder, err)
		}
		files = append(files, found...)
	}
	fset := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if key, ok := keyLiteral(n, name); ok {
					mentioned = append(mentioned, key)
				}
			case *ast.CallExpr:
				for _, arg := range messageArgs(n) {
					if key, ok := keyLiteral(arg, name); ok {
						named[key] = fset.Position(n.Pos()).String()
					}
				}
			}
			return true
		})
	}
	return named, mentioned
}

// messageArgs returns the arguments of a call that are message keys: the first
// of Msg, Flash and Text, the second of To and of a field's
// builder, all but the first of Table.
func messageArgs(call *ast.CallExpr) []ast.Expr {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	switch sel.Sel.Name {
	case "Msg", "Flash", "Text":
		return call.Args[:min(1, len(call.Args))]
	case "To":
		return call.Args[min(1, len(call.Args)):min(2, len(call.Args))]
	case "Table":
		return call.Args[min(1, len(call.Args)):]
	case "Line", "Area", "Search", "Select", "Radio", "Checks", "Checkbox", "Day", "Number", "Upload", "Password":
		if len(call.Args) >= 2 {
			return call.Args[1:2]
		}
	}
	return nil
}

func keyLiteral(e ast.Expr, name string) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil && strings.HasPrefix(text, name+".")
}

// templateWords returns every quoted text of the templates that could be a key.
func templateWords(t *testing.T, name string) []string {
	t.Helper()
	quoted := regexp.MustCompile(`"(` + regexp.QuoteMeta(name) + `\.[^"]*)"`)
	var words []string
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range quoted.FindAllStringSubmatch(string(data), -1) {
			words = append(words, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}
