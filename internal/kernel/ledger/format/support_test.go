// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

const keyName = "log.example.org/decisions"

// newSigner returns a signer whose key depends on seed alone.
func newSigner(t testing.TB, seed byte) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	s, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keysOf(t testing.TB, s *format.Signer) format.Keys {
	t.Helper()
	k, err := s.Keys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// logRow is an entry of a made-up log.
type logRow struct {
	hashes   []byte
	leaf     format.Leaf
	openings [format.Fields]format.Opening
	shown    bool
}

// madeLog is a log in memory. Every third entry is not shown, every fifth has an
// erased body.
type madeLog struct {
	rows  []logRow
	roots []format.Hash // by size
}

func makeLog(n int) *madeLog {
	random := rand.New(rand.NewPCG(1, 2))
	salt := func() []byte {
		b := make([]byte, format.SaltSize)
		for i := 0; i < len(b); i += 8 {
			binary.BigEndian.PutUint64(b[i:], random.Uint64())
		}
		return b
	}
	m := &madeLog{roots: []format.Hash{format.EmptyRoot()}}
	var front format.Frontier
	at := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	for i := range n {
		var r logRow
		var commitments [format.Fields][format.HashSize]byte
		for f, value := range []string{"risk.rated", "person:a", fmt.Sprintf("flow:%d\nrisk:%d", i, i), fmt.Sprintf(`{"n":%d}`, i)} {
			s := salt()
			commitments[f] = format.Commit(format.Field(f), s, value)
			r.openings[f] = format.NewOpening(s, value)
		}
		if i%5 == 0 {
			r.openings[format.Body] = nil
		}
		r.leaf = format.NewLeaf(at.Add(time.Duration(i/2)*time.Second), commitments)
		for _, h := range front.Append(r.leaf.Hash(), nil) {
			r.hashes = append(r.hashes, h[:]...)
		}
		r.shown = i%3 != 0
		m.rows = append(m.rows, r)
		m.roots = append(m.roots, front.Root())
	}
	return m
}

// Next makes a madeLog a format.Source.
func (m *madeLog) Next(start, end int64) (format.Load, error) {
	return func(visit func(int64, *format.Row) error) error {
		for seq := start; seq < min(end, int64(len(m.rows))); seq++ {
			r := &m.rows[seq]
			row := format.Row{Hashes: r.hashes}
			if r.shown {
				row.Leaf = r.leaf[:]
				for f, o := range r.openings {
					if o != nil {
						row.Salts[f], row.Values[f] = o[:format.SaltSize], o[format.SaltSize:]
					}
				}
			}
			if err := visit(seq, &row); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (m *madeLog) checkpoint(size int64) format.Checkpoint {
	return format.Checkpoint{Origin: keyName, Size: size, Root: m.roots[size]}
}

// export returns the log as an export signed by s.
func (m *madeLog) export(t testing.TB, s *format.Signer) []byte {
	t.Helper()
	signed, err := s.SignCheckpoint(m.checkpoint(int64(len(m.rows))))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := format.NewExportWriter(&b, signed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.rows {
		r := &m.rows[i]
		leaf := r.leaf[:]
		if !r.shown {
			leaf = nil
		}
		if err := w.Entry(r.hashes, leaf, &r.openings); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
