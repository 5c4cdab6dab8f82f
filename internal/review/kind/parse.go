// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// The codes of the faults that this package returns.
const (
	CodeTooLarge  = "review.kind.too_large" // the file is larger than MaxBytes
	CodePreScreen = "review.prescreen"      // the answers do not settle the pre-screen; Fields names each
)

// MaxBytes is the largest file of a kind.
const MaxBytes = 64 << 10

// Parse reads a kind from YAML; file is the name that faults use. All that is wrong
// with it is one Invalid fault with file, lines and fields.
func Parse(file string, data []byte) (*Kind, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, CodeTooLarge, "%s is larger than %d KiB; a form that long is answered by nobody.", file, MaxBytes>>10)
	}
	var k Kind
	if err := config.Decode(file, data, &k); err != nil {
		return nil, err
	}
	return &k, nil
}
