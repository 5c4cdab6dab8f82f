// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

const (
	head   = `{"format":"portreeve-backup","version":1,"created_at":"2026-11-23T12:00:00Z","modules":{"sample":1,"store":1}}` + "\n"
	parent = `{"table":"sample_parent","columns":["id","order"],"types":["text","int64"]}` + "\n"
	child  = `{"table":"sample_child","columns":["id","parent","text","data","reply_to"],"types":["int64","text","text","bytes","int64"]}` + "\n"
)

func TestHostileFiles(t *testing.T) {
	tests := map[string]struct{ file, code string }{
		"empty":                   {"", "backup.unknown_format"},
		"something else":          {"PK\x03\x04\n", "backup.unknown_format"},
		"other format":            {`{"format":"x","version":1}` + "\n", "backup.unknown_format"},
		"newer format":            {strings.Replace(head, `n":1`, `n":2`, 1), "backup.unknown_format"},
		"field added to the head": {strings.Replace(head, `{`, `{"x":1,`, 1), "backup.unknown_format"},
		"older schema":            {seal(strings.Replace(head, `"sample":1`, `"sample":0`, 1), 0), "backup.version_mismatch"},
		"newer schema":            {seal(strings.Replace(head, `"sample":1`, `"sample":2`, 1), 0), "backup.version_mismatch"},
		"module missing":          {seal(strings.Replace(head, `"sample":1,`, ``, 1), 0), "backup.version_mismatch"},
		"module unknown":          {seal(strings.Replace(head, `"sample":1,`, `"sample":1,"secret":3,`, 1), 0), "backup.version_mismatch"},
		"no end":                  {head + parent, "backup.truncated"},
		"end cut":                 {strings.TrimSuffix(seal(head, 0), "\n"), "backup.truncated"},
		"text after the end":      {seal(head, 0) + "x", "backup.malformed"},
		"two ends":                {seal(head, 0) + `{"rows":0,"sha256":"00"}` + "\n", "backup.malformed"},
		"wrong digest":            {head + `{"rows":0,"sha256":"00"}` + "\n", "backup.damaged"},
		"wrong count":             {seal(head+parent+`["a",1]`+"\n", 2), "backup.damaged"},
		"end without a count":     {head + `{"sha256":"00"}` + "\n", "backup.malformed"},
		"end with a table":        {head + strings.Replace(parent, `{`, `{"rows":0,"sha256":"00",`, 1), "backup.malformed"},
		"row without a table":     {seal(head+`["a",1]`+"\n", 1), "backup.malformed"},
		"unknown table":           {seal(head+strings.ReplaceAll(parent, "sample_parent", "sample_none"), 0), "backup.malformed"},
		"version table":           {seal(head+`{"table":"sample_migration","columns":["id"],"types":["int64"]}`+"\n", 0), "backup.malformed"},
		"catalogue table":         {seal(head+`{"table":"sqlite_schema","columns":["sql"],"types":["text"]}`+"\n", 0), "backup.malformed"},
		"statement as a table":    {seal(head+`{"table":"sample_parent\"; DROP TABLE sample_parent; --","columns":[],"types":[]}`+"\n", 0), "backup.malformed"},
		"table twice":             {seal(head+parent+parent, 0), "backup.malformed"},
		"column missing":          {seal(head+strings.NewReplacer(`,"order"`, ``, `,"int64"`, ``).Replace(parent), 0), "backup.malformed"},
		"column unknown":          {seal(head+strings.Replace(parent, `"order"`, `"other"`, 1), 0), "backup.malformed"},
		"column twice":            {seal(head+strings.Replace(parent, `"order"`, `"id"`, 1), 0), "backup.malformed"},
		"other type":              {seal(head+strings.Replace(parent, `"int64"`, `"text"`, 1), 0), "backup.malformed"},
		"too few values":          {seal(head+parent+`["a"]`+"\n", 1), "backup.malformed"},
		"too many values":         {seal(head+parent+`["a",1,2]`+"\n", 1), "backup.malformed"},
		"no JSON":                 {seal(head+parent+`["a",]`+"\n", 1), "backup.malformed"},
		"two rows in a line":      {seal(head+parent+`["a",1]["b",2]`+"\n", 2), "backup.malformed"},
		"empty line":              {seal(head+"\n"+parent, 0), "backup.malformed"},
		"not UTF-8":               {seal(head+parent+"[\"\xff\",1]\n", 1), "backup.malformed"},
		"text for a number":       {seal(head+parent+`["a","1"]`+"\n", 1), "backup.malformed"},
		"fraction":                {seal(head+parent+`["a",1.0]`+"\n", 1), "backup.malformed"},
		"number beyond 64 bits":   {seal(head+parent+`["a",9223372036854775808]`+"\n", 1), "backup.malformed"},
		"number for a text":       {seal(head+parent+`[1,1]`+"\n", 1), "backup.malformed"},
		"bad base64":              {seal(head+child+`[1,"a",null,{"b64":"?"},null]`+"\n", 1), "backup.malformed"},
		"bytes without b64":       {seal(head+child+`[1,"a",null,{},null]`+"\n", 1), "backup.malformed"},
		"bytes with more":         {seal(head+child+`[1,"a",null,{"b64":"","x":1},null]`+"\n", 1), "backup.malformed"},
		"NUL in a text":           {seal(head+parent+`["\u0000",1]`+"\n", 1), "backup.row_refused"},
		"null where refused":      {seal(head+parent+`["a",null]`+"\n", 1), "backup.row_refused"},
		"key twice":               {seal(head+parent+`["a",1]`+"\n"+`["a",1]`+"\n", 2), "backup.row_refused"},
		"reference to nothing":    {seal(head+child+`[1,"a",null,null,null]`+"\n", 1), "backup.row_refused"},
		"reply to nothing":        {seal(head+parent+`["a",1]`+"\n"+child+`[1,"a",null,null,9]`+"\n", 2), "backup.row_refused"},
	}
	storetest.Each(t, schema(), func(t *testing.T, db *store.DB) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				err := backup.Read(t.Context(), db, strings.NewReader(test.file), func(*store.Tx) error {
					t.Error("the hook ran")
					return nil
				})
				if !fault.HasCode(err, test.code) {
					t.Errorf("got %v, want %s", err, test.code)
				}
				if fault.From(err).Kind == fault.Internal || strings.Contains(fault.From(err).Message, "secret") {
					t.Errorf("the message is not one for the reader: %v", err)
				}
				empty(t, db)
			})
		}
	})
}

// small is a backup with rows in two tables.
func small() string {
	return seal(head+parent+`["a",1]`+"\n"+child+`[1,"a","t",{"b64":"AAE="},null]`+"\n", 2)
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	db := storetest.SQLite(t, schema())
	file := []byte(small())
	for i := range file {
		flipped := bytes.Clone(file)
		flipped[i] ^= 1
		if err := backup.Read(t.Context(), db, bytes.NewReader(flipped), nil); err == nil || fault.From(err).Kind == fault.Internal {
			t.Fatalf("byte %d flipped: got %v, want a fault", i, err)
		}
	}
	empty(t, db)
	if err := backup.Read(t.Context(), db, bytes.NewReader(file), nil); err != nil {
		t.Errorf("the file itself: %v", err)
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	db := storetest.SQLite(t, schema())
	file := small()
	for i := range file {
		if err := backup.Read(t.Context(), db, strings.NewReader(file[:i]), nil); err == nil || fault.From(err).Kind == fault.Internal {
			t.Fatalf("cut at %d: got %v, want a fault", i, err)
		}
	}
	empty(t, db)
}

func TestReadReportsFailingSource(t *testing.T) {
	errDisk := errors.New("disk")
	db := storetest.SQLite(t, schema())
	err := backup.Read(t.Context(), db, errorAfter{strings.NewReader(head), errDisk}, nil)
	if !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the reader's error", err)
	}
	empty(t, db)
}

// errorAfter gives err where r ends.
type errorAfter struct {
	r   io.Reader
	err error
}

func (e errorAfter) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		err = e.err
	}
	return n, err
}

func TestTablesRefusesForeignKeysInACircle(t *testing.T) {
	db := storetest.SQLite(t, []store.Migrations{{Module: "ring", FS: fstest.MapFS{"0001_ring.sql": {Data: []byte(`-- +goose Up
CREATE TABLE ring_a (id TEXT PRIMARY KEY, b TEXT REFERENCES ring_b (id));
CREATE TABLE ring_b (id TEXT PRIMARY KEY, a TEXT REFERENCES ring_a (id));
`)}}}})
	if err := backup.Write(t.Context(), db, &bytes.Buffer{}, nil); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("got %v, want a refusal", err)
	}
}
