// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// MaxBytes is the largest file that Decode reads.
const MaxBytes = 1 << 20

// The codes of the faults that this package returns.
const (
	CodeInvalid  = "config.invalid"   // a value is wrong; Fields lists each
	CodeSyntax   = "config.syntax"    // the file is not the YAML that we read
	CodeTooLarge = "config.too_large" // the file is larger than MaxBytes
)

// Validator is implemented by values with rules that YAML types cannot state.
// The paths of the fields are relative to the value ("period",
// "levels[2].name"); an empty path means the value itself. Messages follow the
// path in a sentence ("must be at least one hour") and never repeat the value.
type Validator interface{ Validate() []fault.Field }

// Decode reads the YAML in data into the struct or map that into points to. Keys
// that are absent leave what is there. Everything wrong is returned together as
// one Invalid fault, and then *into is unchanged. file is the name that the
// fault uses.
func Decode(file string, data []byte, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("config: decode %s: into is %T, not a pointer", file, into)
	}
	body, err := parse(file, data)
	if err != nil {
		return err
	}
	fresh := reflect.New(target.Type().Elem())
	fresh.Elem().Set(target.Elem())
	b := &binder{lines: map[string]int{}}
	if body != nil {
		b.bind(body, fresh.Elem(), "")
	}
	if b.err != nil {
		return fmt.Errorf("config: decode %s: %w", file, b.err)
	}
	if !b.holes {
		b.validate(fresh.Elem(), "")
	}
	if len(b.problems) > 0 {
		return b.fault(file)
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

// parse returns the one document of the file, or nil if it is empty. What makes
// YAML expensive or surprising is refused on the tokens, before the parser,
// whose time grows with the square of the nesting, sees it.
func parse(file string, data []byte) (ast.Node, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, CodeTooLarge, "%s is larger than %d KiB; configuration that large is a mistake.", file, MaxBytes>>10)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if line, bad := firstBadLine(data); bad {
		return nil, syntax(file, line, "is not valid UTF-8, or holds a control character")
	}
	tokens := lexer.Tokenize(string(data))
	if line, why := refuseTokens(tokens); why != "" {
		return nil, syntax(file, line, why)
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxOf(file, err)
	}
	switch len(tree.Docs) {
	case 0:
		return nil, nil
	case 1:
		return tree.Docs[0].Body, nil
	default:
		return nil, syntax(file, 1, "holds more than one document")
	}
}

// firstBadLine finds the first line with bytes that no text has.
func firstBadLine(data []byte) (line int, bad bool) {
	line = 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size <= 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f, r == '\u0085', r == '\u2028', r == '\u2029', r == '\ufeff':
			// The last four break lines or hide in YAML; none belongs in configuration.
			return line, true
		}
		data = data[size:]
	}
	return 0, false
}

func syntax(file string, line int, what string) error {
	return fault.New(fault.Invalid, CodeSyntax, "%s:%d: the file %s.", file, line, what)
}

// syntaxOf turns the parser's error into a fault. Only its line is used: its
// text quotes the source, which may hold a password.
func syntaxOf(file string, err error) error {
	line := 1
	var s *yaml.SyntaxError
	if errors.As(err, &s) && s.Token != nil && s.Token.Position != nil {
		line = s.Token.Position.Line
		// The messages of the parser name kinds of token, or one character, never a value.
		return fault.New(fault.Invalid, CodeSyntax, "%s:%d: this is not valid YAML: %s.", file, line, s.Message)
	}
	return fault.New(fault.Invalid, CodeSyntax, "%s:%d: this is not valid YAML.", file, line)
}
