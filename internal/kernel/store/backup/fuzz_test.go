// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// FuzzLoad reads any file. The answer is a fault, or values that read the same
// after they are written again. With sealed set the file gets a correct last
// line, so that the digest does not hide what comes before it.
func FuzzLoad(f *testing.F) {
	const head = `{"format":"portreeve-backup","version":1,"created_at":"2026-11-23T12:00:00Z","modules":{"m":1}}` + "\n"
	const table = `{"table":"m_a","columns":["n","s","b"],"types":["int64","text","bytes"]}` + "\n"
	f.Add([]byte(head), true)
	f.Add([]byte(head+table), true)
	f.Add([]byte(head+table+`[1,"a",{"b64":"AAE="}]`+"\n"+`[null,null,null]`+"\n"), true)
	f.Add([]byte(head+table+`[-9223372036854775808,"\u00e9\n",{"b64":""}]`+"\n"), true)
	f.Add([]byte(head+`{"rows":0,"sha256":"00"}`+"\n"), false)
	f.Fuzz(func(t *testing.T, file []byte, sealed bool) {
		if sealed {
			file = seal(t, file)
		}
		values, err := loadValues(file)
		if err != nil {
			if fault.From(err).Kind == fault.Internal {
				t.Errorf("not a fault: %v", err)
			}
			return
		}
		again, err := loadValues(rewrite(t, values))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(values, again); diff != "" {
			t.Errorf("values changed (-want +got):\n%s", diff)
		}
	})
}

// fuzzTables is the schema of the fuzz target.
func fuzzTables() []Table {
	return []Table{{Name: "m_a", Columns: []Column{{Name: "n", Type: Int64}, {Name: "s", Type: Text}, {Name: "b", Type: Bytes}}}}
}

// loadValues returns the values of all rows, in the order of the schema's columns.
func loadValues(file []byte) (values []any, err error) {
	l := newLoader(bytes.NewReader(file), map[string]int64{"m": 1}, fuzzTables(), func(b *batch, _ int) error {
		for row := 0; row < len(b.args); row += len(b.columns) {
			for _, want := range fuzzTables()[0].Columns {
				for i, c := range b.columns {
					if c.Name == want.Name {
						values = append(values, b.args[row+i])
					}
				}
			}
		}
		return nil
	})
	err = l.load()
	return values, err
}

// rewrite writes values as a file.
func rewrite(t *testing.T, values []any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := newEncoder(&out)
	columns := fuzzTables()[0].Columns
	err := e.object(header{Format: formatName, Version: formatVersion, Modules: map[string]int64{"m": 1}})
	if err == nil {
		err = e.object(tableHeader{Table: "m_a", Columns: []string{"n", "s", "b"}, Types: []Type{Int64, Text, Bytes}})
	}
	for row := 0; row < len(values) && err == nil; row += len(columns) {
		err = e.row(columns, values[row:row+len(columns)])
	}
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// seal appends the right last line.
func seal(t *testing.T, body []byte) []byte {
	t.Helper()
	rows := int64(bytes.Count(body, []byte("\n[")))
	sum := sha256.Sum256(body)
	out := bytes.NewBuffer(bytes.Clone(body))
	if err := appendJSON(out, trailer{Rows: &rows, SHA256: hex.EncodeToString(sum[:])}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
