// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"io"
	"maps"
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// loader reads a whole file and hands over its rows. It trusts the file in
// nothing: the names of tables and columns that it hands over are the database's own.
type loader struct {
	in       *decoder
	versions map[string]int64 // of the database's modules
	tables   map[string]Table // those that the file has not begun yet
	insert   func(b *batch, line int) error
	batch    *batch // of the table that is being read
	rows     int64
}

func newLoader(r io.Reader, versions map[string]int64, tables []Table, insert func(*batch, int) error) *loader {
	l := &loader{in: newDecoder(r), versions: versions, tables: map[string]Table{}, insert: insert}
	for _, t := range tables {
		l.tables[t.Name] = t
	}
	return l
}

// load reads to the end and checks the digest.
func (l *loader) load() error {
	if err := l.header(); err != nil {
		return err
	}
	for {
		line, err := l.in.next()
		if err != nil {
			return err
		}
		if line[0] == '[' {
			if err := l.row(line); err != nil {
				return err
			}
			continue
		}
		if err := l.flush(); err != nil {
			return err
		}
		var object struct {
			tableHeader
			trailer
		}
		if err := l.in.object(line, &object); err != nil {
			return err
		}
		if object.Table == "" {
			return l.in.end(object.trailer, l.rows)
		}
		if object.Rows != nil || object.SHA256 != "" {
			return malformed(l.in.line, "is both a table and the end")
		}
		if err := l.begin(object.tableHeader); err != nil {
			return err
		}
	}
}

// header reads the first line and compares the versions of the modules.
func (l *loader) header() error {
	unknown := fault.New(fault.Malformed, codeFormat, "This is not a backup that this Portreeve can read. Check the file, or use the release that wrote it.")
	line, err := l.in.next()
	if err != nil {
		return unknown.Because(err)
	}
	var h header
	if err := l.in.object(line, &h); err != nil {
		return unknown.Because(err)
	}
	if h.Format != formatName || h.Version != formatVersion {
		return unknown
	}
	return l.sameVersions(h.Modules)
}

// sameVersions compares the schema versions of the file with the database's.
func (l *loader) sameVersions(file map[string]int64) error {
	all := maps.Clone(l.versions)
	maps.Copy(all, file)
	for _, module := range slices.Sorted(maps.Keys(all)) {
		if file[module] == l.versions[module] {
			continue
		}
		name := module
		if _, ok := l.versions[module]; !ok {
			name = "a module that this Portreeve does not have"
		}
		return fault.New(fault.Conflict, codeVersion,
			"The backup was written by another release: %s is at version %d in it and at %d here. Restore with the release that wrote it, then upgrade.",
			name, file[module], l.versions[module])
	}
	return nil
}

// begin takes a table off the list and prepares to insert its rows.
func (l *loader) begin(h tableHeader) error {
	t, ok := l.tables[h.Table]
	if !ok {
		return malformed(l.in.line, "names a table that does not exist or came before")
	}
	delete(l.tables, h.Table)
	if len(h.Columns) != len(t.Columns) || len(h.Types) != len(t.Columns) {
		return malformed(l.in.line, "does not give the columns of its table")
	}
	columns := make([]Column, len(h.Columns))
	for i, name := range h.Columns {
		at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if at < 0 || t.Columns[at].Type != h.Types[i] || slices.Contains(h.Columns[:i], name) {
			return malformed(l.in.line, "does not give the columns of its table")
		}
		columns[i] = t.Columns[at]
	}
	l.batch = newBatch(t.Name, columns, l.in.line)
	return nil
}

func (l *loader) row(line []byte) error {
	if l.batch == nil {
		return malformed(l.in.line, "is a row without a table")
	}
	size := len(line)
	if err := l.in.row(line, l.batch); err != nil {
		return err
	}
	l.rows++
	if l.batch.full(size) {
		return l.flush()
	}
	return nil
}

// flush hands over the rows that wait.
func (l *loader) flush() error {
	if l.batch == nil || len(l.batch.args) == 0 {
		return nil
	}
	if err := l.insert(l.batch, l.in.line); err != nil {
		return err
	}
	l.batch.clear(l.in.line)
	return nil
}
