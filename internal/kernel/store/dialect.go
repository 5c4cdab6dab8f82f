// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// expand turns the text of a migration into the text for one engine: the tokens
// {int64}, {bytes} and {STRICT} are replaced, and the lines between
// `-- +engine NAME` and `-- +engine end` are kept for that engine only. A token
// or a block that is not understood is an error.
func expand(text string, engine Engine) (string, error) {
	tokens := strings.NewReplacer("{int64}", "INTEGER", "{bytes}", "BLOB", "{STRICT}", "STRICT")
	if engine == Postgres {
		tokens = strings.NewReplacer("{int64}", "BIGINT", "{bytes}", "BYTEA", "{STRICT}", "")
	}
	var out strings.Builder
	var block Engine
	for i, line := range strings.Split(text, "\n") {
		name, marker := strings.CutPrefix(strings.TrimSpace(line), "-- +engine ")
		switch {
		case marker && name == "end" && block != "":
			block = ""
		case marker && block == "" && (Engine(name) == SQLite || Engine(name) == Postgres):
			block = Engine(name)
		case marker:
			return "", fmt.Errorf("line %d: misplaced or unknown block %q", i+1, name)
		case block == "" || block == engine:
			out.WriteString(tokens.Replace(line))
		}
		out.WriteByte('\n') // a dropped line stays as an empty one, so that line numbers hold
	}
	if block != "" {
		return "", fmt.Errorf("block %q has no end", block)
	}
	if left := leftToken.FindString(out.String()); left != "" {
		return "", fmt.Errorf("unknown token %s", left)
	}
	return out.String(), nil
}

var (
	leftToken = regexp.MustCompile(`\{[A-Za-z0-9]*\}`)
	comment   = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`)
	// made finds what a migration makes, changes or removes, and its name.
	made = regexp.MustCompile(`(?i)\b(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:(?:temp|temporary|unlogged|unique|virtual|constraint|materialized)\s+)*` +
		`(table|view|index|trigger|function|sequence)\s+(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?["` + "`" + `\[]?([\w.]+)`)
)

// checkPrefix refuses a migration that makes, changes or removes a table, or
// anything else with a name, that does not carry the module's prefix.
func checkPrefix(module, text string) error {
	for _, m := range made.FindAllStringSubmatch(comment.ReplaceAllString(text, " "), -1) {
		if !strings.HasPrefix(strings.ToLower(m[2]), module+"_") {
			return fmt.Errorf("%s %q does not begin with %q", strings.ToLower(m[1]), m[2], module+"_")
		}
	}
	return nil
}

// expandedFS gives the files of a module as the engine understands them.
type expandedFS struct {
	fs.FS
	files map[string][]byte
}

// expandAll reads, checks and expands the migrations in the root of m.FS.
func expandAll(m Migrations, engine Engine) (expandedFS, error) {
	out := expandedFS{FS: m.FS, files: map[string][]byte{}}
	names, err := fs.Glob(m.FS, "*.sql")
	if err != nil {
		return out, fmt.Errorf("list the migrations of %s: %w", m.Module, err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(m.FS, name)
		if err != nil {
			return out, fmt.Errorf("read migration %s/%s: %w", m.Module, name, err)
		}
		text, err := expand(string(raw), engine)
		if err == nil {
			err = checkPrefix(m.Module, text)
		}
		if err != nil {
			return out, fmt.Errorf("migration %s/%s: %w", m.Module, name, err)
		}
		out.files[name] = []byte(text)
	}
	return out, nil
}

// Open gives the expanded text of a migration.
func (e expandedFS) Open(name string) (fs.File, error) {
	f, err := e.FS.Open(name)
	if err != nil {
		return nil, err
	}
	text, ok := e.files[name]
	if !ok {
		return f, nil
	}
	return expandedFile{File: f, text: bytes.NewReader(text)}, nil
}

// ReadDir lists a folder of the wrapped file system.
func (e expandedFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(e.FS, name) }

type expandedFile struct {
	fs.File
	text *bytes.Reader
}

func (f expandedFile) Read(p []byte) (int, error) { return f.text.Read(p) }
