// SPDX-License-Identifier: Apache-2.0

package cql

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// row is a row's cells by their columns; those of the key have no timestamp.
type row map[string]cell

type cell struct {
	value   []byte // nil = deleted
	written int64
	ttl     int
}

// isKey tells a column of a key from others.
func isKey(name string) bool { return name == "key" || name == "owner" || name == "process" }

// run carries out a statement and returns the body of the result.
func (s *Server) run(st statement, values [][]byte, now time.Time) []byte {
	if st.system {
		return system(st, now)
	}
	w := writing{statement: st, values: values, at: now.UnixMicro()}
	switch st.verb {
	case "SELECT":
		return s.selected(&w)
	case "TRUNCATE":
		delete(s.tables, st.table)
	case "INSERT":
		set := map[string][]byte{}
		for _, name := range st.columns {
			set[name] = w.next()
		}
		w.using()
		w.put(s.row(st.table, set), set)
	case "UPDATE":
		return s.updated(&w)
	case "DELETE":
		w.using()
		for _, r := range s.matching(&w) {
			if len(st.columns) == 0 {
				s.tables[st.table] = slices.DeleteFunc(s.tables[st.table], func(other row) bool { return sameKey(other, r) })
			}
			for _, name := range st.columns {
				w.put(r, map[string][]byte{name: nil})
			}
		}
	}
	return voidBody()
}

// writing is a statement with its values, which are taken in the order of the text.
type writing struct {
	statement
	values [][]byte
	at     int64
	life   int
}

func (w *writing) next() []byte {
	if len(w.values) == 0 {
		return nil
	}
	v := w.values[0]
	w.values = w.values[1:]
	return v
}

func (w *writing) using() {
	if w.timestamp {
		w.at = int64(binary.BigEndian.Uint64(w.next()))
	}
	if w.ttl {
		w.life = int(binary.BigEndian.Uint32(w.next()))
	}
}

// put writes cells: the later timestamp stays, of two equal ones the deletion or the
// greater value, as in Cassandra.
func (w *writing) put(r row, set map[string][]byte) {
	for name, v := range set {
		if isKey(name) {
			continue
		}
		old, there := r[name]
		if there && (old.written > w.at || old.written == w.at && (old.value == nil || v != nil && bytes.Compare(old.value, v) >= 0)) {
			continue
		}
		r[name] = cell{v, w.at, w.life}
	}
}

// row finds a row by the columns of its key in set, or makes it.
func (s *Server) row(table string, set map[string][]byte) row {
	fresh := row{}
	for name, v := range set {
		if isKey(name) {
			fresh[name] = cell{value: v}
		}
	}
	for _, r := range s.tables[table] {
		if sameKey(r, fresh) {
			return r
		}
	}
	s.tables[table] = append(s.tables[table], fresh)
	return fresh
}

func sameKey(a, b row) bool {
	for _, name := range []string{"key", "owner", "process"} {
		if !bytes.Equal(a[name].value, b[name].value) {
			return false
		}
	}
	return true
}

func (s *Server) matching(w *writing) []row {
	var limits [][]byte
	for range w.where {
		limits = append(limits, w.next())
	}
	var found []row
	for _, r := range s.tables[w.table] {
		fits := true
		for i, t := range w.where {
			c := bytes.Compare(r[t.column].value, limits[i])
			fits = fits && (t.compare == "=" && c == 0 || t.compare == ">" && c > 0)
		}
		if fits {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b row) int { return bytes.Compare(a["key"].value, b["key"].value) })
	return found
}

func (s *Server) updated(w *writing) []byte {
	w.using()
	set, key := map[string][]byte{}, map[string][]byte{}
	for i, name := range w.columns {
		if set[name] = nil; !w.nulls[i] {
			set[name] = w.next()
		}
	}
	for _, t := range w.where {
		key[t.column] = w.next()
	}
	r := s.row(w.table, key)
	applied := true
	for _, name := range w.conditions {
		want := w.next()
		applied = applied && (want == nil) == (r[name].value == nil) && bytes.Equal(want, r[name].value)
	}
	if applied {
		w.put(r, set)
	}
	if len(w.conditions) == 0 {
		return voidBody()
	}
	answer := []byte{0}
	if applied {
		answer[0] = 1
	}
	return rowsBody(w.results(), [][][]byte{{answer}})
}

func (s *Server) selected(w *writing) []byte {
	var rows [][][]byte
	for _, r := range s.matching(w) {
		var values [][]byte
		there := len(r) == 2 && r["owner"].value != nil // nothing but a key, as in an owner's list
		for _, name := range w.columns {
			inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(name, "writetime("), "ttl("), ")")
			c := r[inner]
			v := c.value
			there = there || v != nil && !isKey(name)
			switch {
			case v == nil:
			case strings.HasPrefix(name, "writetime("):
				v = binary.BigEndian.AppendUint64(nil, uint64(c.written))
			case strings.HasPrefix(name, "ttl("):
				if v = nil; c.ttl > 0 {
					v = binary.BigEndian.AppendUint32(nil, uint32(c.ttl))
				}
			}
			values = append(values, v)
		}
		if there {
			rows = append(rows, values)
		}
	}
	return rowsBody(w.results(), rows)
}

// system answers what a driver asks when it connects.
func system(st statement, now time.Time) []byte {
	uuid := append(make([]byte, 15), 1)
	known := map[string][]byte{
		"key": []byte("local"), "data_center": []byte("dc1"), "rack": []byte("r1"), "release_version": []byte("4.0.0"),
		"cluster_name": []byte("double"), "partitioner": []byte("org.apache.cassandra.dht.Murmur3Partitioner"),
		"host_id": uuid, "schema_version": uuid, "rpc_address": {127, 0, 0, 1}, "broadcast_address": {127, 0, 0, 1}, "listen_address": {127, 0, 0, 1},
		"tokens":             append(appendInt(appendInt(nil, 1), 1), '0'),
		"totimestamp(now())": binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())),
	}
	names := st.columns
	if len(names) == 1 && names[0] == "*" {
		names = []string{"key", "data_center", "rack", "release_version", "cluster_name", "partitioner", "host_id", "schema_version",
			"rpc_address", "broadcast_address", "listen_address", "tokens"}
	}
	var columns []column
	var values [][]byte
	for _, name := range names {
		name = strings.ToLower(name)
		kind := kindOf(name)
		if name == "key" {
			kind = typeText
		}
		columns, values = append(columns, column{name, kind}), append(values, known[name])
	}
	if st.table != "system.local" {
		return rowsBody(columns, nil)
	}
	return rowsBody(columns, [][][]byte{values})
}
