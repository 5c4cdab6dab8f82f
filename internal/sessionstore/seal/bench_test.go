// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"testing"
)

var id = []byte("global:MWSession:0123456789abcdef0123456789abcdef")

func BenchmarkRowKey(b *testing.B) {
	k, _, _ := keyring(b)
	r := ringOf(b, k, "default")
	b.ReportAllocs()
	for b.Loop() {
		r.RowKey(id)
	}
}

// BenchmarkRead is what a GET of 1 KiB costs here: RowKey and Open.
func BenchmarkRead(b *testing.B) {
	k, _, _ := keyring(b)
	r := ringOf(b, k, "default")
	row := sealed(b, r, string(id), string(bytes.Repeat([]byte("v"), 1024)))
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		r.RowKey(id)
		if _, err := r.Open(dst, &row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	k, _, _ := keyring(b)
	r := ringOf(b, k, "default")
	value := bytes.Repeat([]byte("v"), 1024)
	row := sealed(b, r, string(id), "")
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Seal(&row, value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOwnerKeys(b *testing.B) {
	k, _, _ := keyring(b)
	r := ringOf(b, k, "default")
	b.ReportAllocs()
	for b.Loop() {
		r.OwnerKeys("user:12345")
	}
}
