// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const modulePath = "portreeve.org/portreeve"

// slices are the capabilities: the folders of internal/ that only app may import.
var slices = []string{"risk", "review", "access", "vuln", "ci", "promotion", "threat", "policy", "egress"}

// source is one Go file of the tree.
type source struct {
	path    string // relative to the root, with slashes
	ast     *ast.File
	fset    *token.FileSet
	imports []string
	lines   int
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// pkg is the folder of the file, relative to the root.
func (s source) pkg() string { return filepath.ToSlash(filepath.Dir(s.path)) }

func (s source) line(p token.Pos) int { return s.fset.Position(p).Line }

// slice returns the slice that a folder belongs to, or "".
func slice(folder string) string {
	for _, name := range slices {
		root := "internal/" + name
		if folder == root || strings.HasPrefix(folder, root+"/") {
			return name
		}
	}
	return ""
}

func under(folder, root string) bool {
	return folder == root || strings.HasPrefix(folder, root+"/")
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// walk calls fn with the path, relative to the root, of each file that is part
// of the source tree.
func walk(t *testing.T, fn func(path string)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != top && (strings.HasPrefix(name, ".") && name != ".ci" || name == "bin" || name == "data" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		fn(filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goFiles parses every Go file of the tree.
func goFiles(t *testing.T) []source {
	t.Helper()
	top := root(t)
	var all []source
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		data, err := os.ReadFile(filepath.Join(top, path))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, data, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s := source{path: path, ast: file, fset: fset, lines: strings.Count(string(data), "\n")}
		for _, imp := range file.Imports {
			s.imports = append(s.imports, strings.Trim(imp.Path.Value, `"`))
		}
		all = append(all, s)
	})
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: the walk is broken", len(all))
	}
	return all
}
