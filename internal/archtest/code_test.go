// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// TestNothingRegistersItself: init functions and assigned package variables make
// order and reachability invisible.
func TestNothingRegistersItself(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.isTest() {
			continue
		}
		vars := map[string]bool{}
		for _, decl := range s.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					t.Errorf("%s:%d: init(): construct it in app instead", s.path, s.line(d.Pos()))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
						for _, name := range v.Names {
							vars[name.Name] = true
						}
					}
				}
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || a.Tok == token.DEFINE {
				return true
			}
			for _, left := range a.Lhs {
				if id, ok := left.(*ast.Ident); ok && vars[id.Name] && id.Obj != nil && id.Obj.Kind == ast.Var && isPackageLevel(s.ast, id) {
					t.Errorf("%s:%d: package variable %s is assigned: pass it instead", s.path, s.line(a.Pos()), id.Name)
				}
			}
			return true
		})
	}
}

// isPackageLevel reports whether the identifier resolves to a declaration at file scope.
func isPackageLevel(f *ast.File, id *ast.Ident) bool {
	obj := f.Scope.Lookup(id.Name)
	return obj != nil && obj == id.Obj
}

// TestOneClock: a domain that reads the clock cannot be tested at day 31, and a
// demo cannot show it. The clock is kernel/store's, and that of the session store,
// a process of its own, is the one file named here.
func TestOneClock(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.isTest() || s.pkg() == "internal/kernel/store" || s.path == "internal/sessionstore/sessiond/clock.go" || under(s.pkg(), "test") || strings.HasSuffix(s.pkg(), "test") || strings.Contains(s.path, "/pgserver/") || strings.HasSuffix(s.pkg(), "/browser") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if ok && sel.Sel.Name == "Now" {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
					t.Errorf("%s:%d: time.Now: take the time from the transaction or the Clock", s.path, s.line(sel.Pos()))
				}
			}
			return true
		})
	}
}

// TestWritesGoThroughTheLedger: a writable transaction taken past the ledger is
// a decision that nobody can prove.
func TestWritesGoThroughTheLedger(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.isTest() || under(s.pkg(), "internal/kernel/ledger") || under(s.pkg(), "internal/kernel/store") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Write" || len(call.Args) != 2 {
				return true
			}
			if fn, ok := call.Args[1].(*ast.FuncLit); ok && takesStoreTx(fn) {
				t.Errorf("%s:%d: store.DB.Write: use ledger.Writer", s.path, s.line(call.Pos()))
			}
			return true
		})
	}
}

func takesStoreTx(fn *ast.FuncLit) bool {
	for _, p := range fn.Type.Params.List {
		if star, ok := p.Type.(*ast.StarExpr); ok {
			if sel, ok := star.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "Tx" {
				return true
			}
		}
	}
	return false
}

var looksLikeSQL = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|VALUES|SET|ORDER BY|GROUP BY|LIMIT|EXISTS|CASE|COALESCE|IS NULL|IS NOT NULL)\b|[=<>(,] *\$[0-9]`)

// TestSQLIsPortable: one text runs on both engines, so what only one of them
// understands, or understands differently, is banned. Statements are often put
// together, so each part is looked at: SQL is known by its words in capitals and
// its arguments. What store.Table adds is looked at while tests run, by storetest.
func TestSQLIsPortable(t *testing.T) {
	seen := 0
	for _, s := range goFiles(t) {
		if s.isTest() || under(s.pkg(), "internal/kernel/store/storetest") || under(s.pkg(), "internal/sessionstore/cassandra") { // its CQL is no SQL
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !looksLikeSQL.MatchString(text) {
				return true
			}
			seen++
			if bad := storetest.NotPortable(text); bad != "" {
				t.Errorf("%s:%d: SQL with %q", s.path, s.line(lit.Pos()), bad)
			}
			return true
		})
	}
	if seen < 300 {
		t.Errorf("only %d parts of SQL found: the rule checks too little", seen)
	}
}

// TestNames: a folder named for nothing collects everything.
func TestNames(t *testing.T) {
	walk(t, func(p string) {
		for _, part := range strings.Split(path.Dir(p), "/") {
			switch part {
			case "util", "utils", "common", "helper", "helpers", "misc", "shared":
				t.Errorf("%s: folder %q says nothing", p, part)
			}
		}
	})
}

const (
	maxFileLines     = 500
	maxFunctionLines = 80
)

// TestSizes: a file does one thing and a function reads top to bottom.
func TestSizes(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.isTest() {
			continue
		}
		if s.lines > maxFileLines {
			t.Errorf("%s: %d lines, more than %d: cut it along a sub-domain", s.path, s.lines, maxFileLines)
		}
		for _, decl := range s.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := s.line(fn.End()) - s.line(fn.Pos()) + 1; n > maxFunctionLines {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, s.line(fn.Pos()), fn.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// TestExportedNamesAreDocumented: a public declaration says what it takes and gives.
func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.isTest() {
			continue
		}
		for _, decl := range s.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s:%d: %s has no comment", s.path, s.line(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil && ts.Comment == nil {
						t.Errorf("%s:%d: type %s has no comment", s.path, s.line(ts.Pos()), ts.Name.Name)
					}
				}
			}
		}
	}
}

// exportedReceiver reports whether fn is a function or a method of an exported type.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if gen, ok := typ.(*ast.IndexExpr); ok {
		typ = gen.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}
