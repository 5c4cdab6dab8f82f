// SPDX-License-Identifier: Apache-2.0

package cql

import (
	"bytes"
	"testing"
)

// FuzzFrame: no bytes on the wire bring the double down.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{4, 0, 0, 1, opOptions, 0, 0, 0, 0})
	query := appendInt(nil, 8)
	query = append(append(query, "SELECT a FROM b"[:8]...), 0, 1, 1, 0, 1, 0, 0, 0, 0)
	f.Add(append([]byte{4, 0, 0, 1, opQuery, 0, 0, 0, byte(len(query))}, query...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &Server{tables: map[string][]row{}}
		c := &client{server: s, known: true}
		for r := bytes.NewReader(raw); ; {
			in, err := readFrame(r)
			if err != nil {
				return
			}
			c.handle(in)
		}
	})
}

// TestDoubleKeepsTimestamps: what the tests with it rest on. The later timestamp
// stays, in whatever order the two come.
func TestDoubleKeepsTimestamps(t *testing.T) {
	s := &Server{tables: map[string][]row{}}
	run := func(text string, values ...[]byte) []byte {
		t.Helper()
		st, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return s.run(st, values, s.now())
	}
	stamp := func(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }
	const put = "UPDATE a.b USING TIMESTAMP ? SET content = ? WHERE key = ?"
	run(put, stamp(2), []byte("two"), []byte("k"))
	run(put, stamp(1), []byte("one"), []byte("k"))
	if got := run("SELECT content FROM a.b WHERE key = ?", []byte("k")); !bytes.Contains(got, []byte("two")) {
		t.Errorf("%q", got)
	}
	const swap = "UPDATE a.b SET xcontent = ? WHERE key = ? IF content = ?"
	for want, seen := range map[byte]string{0: "one", 1: "two"} {
		if got := run(swap, []byte("x"), []byte("k"), []byte(seen)); got[len(got)-1] != want {
			t.Errorf("a transaction on %s answers %q", seen, got)
		}
	}
	if _, err := parse("DROP TABLE a.b"); err == nil {
		t.Error("an unknown statement is taken")
	}
}
