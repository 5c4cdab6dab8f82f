// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/rand"
	"testing"
)

// BenchmarkHash measures one password check at the default cost.
func BenchmarkHash(b *testing.B) {
	h, err := newHasher(HashConfig{}, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := h.matches(b.Context(), "violet anchor meets tin lantern", ""); err != nil {
			b.Fatal(err)
		}
	}
}
