// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/gate"
)

// TestNoteExample: the example of docs/gate-note.md, from which others write
// verifiers, verifies, and its digest is that of the bytes shown there.
func TestNoteExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "gate-note.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "\n## Example\n")
	blocks := indented(example)
	if len(blocks) != 4 {
		t.Fatalf("the example has %d blocks, not key, note, command and bytes", len(blocks))
	}
	key, note, pinned := blocks[0], blocks[1], blocks[3]
	v, err := gate.VerifyNote([]byte(note), key, time.Date(2026, 11, 23, 17, 45, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(pinned)); !v.Allowed() || v.Digest != hex.EncodeToString(sum[:]) {
		t.Errorf("%s, digest %s; the bytes shown have %x", v.Decision, v.Digest, sum)
	}
	altered := strings.Replace(note, `"call"`, `"copy"`, 1)
	if _, err := gate.VerifyNote([]byte(altered), key, v.EvaluatedAt); err == nil {
		t.Error("the example verifies although it was altered")
	}
}

// indented returns the blocks of a page in Markdown that are indented by four
// spaces. An empty line between two indented ones belongs to their block.
func indented(page string) []string {
	var blocks []string
	var block string
	end := func() {
		if block = strings.TrimRight(block, "\n"); block != "" {
			blocks = append(blocks, block+"\n")
		}
		block = ""
	}
	for line := range strings.Lines(page) {
		switch code, isCode := strings.CutPrefix(line, "    "); {
		case isCode:
			block += code
		case line == "\n" && block != "":
			block += line
		default:
			end()
		}
	}
	end()
	return blocks
}
