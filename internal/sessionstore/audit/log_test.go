// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// TestADiskThatFails: after a write that could neither be finished nor undone the log
// takes no more, so that no act is done that is not recorded; opened again it goes on.
func TestADiskThatFails(t *testing.T) {
	text, err := format.GenerateKey(rand.Reader, "sessions.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	l, err := Open(path, signer, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	good := l.file
	if l.file, err = os.Open(path); err != nil { // a file that takes no writes
		t.Fatal(err)
	}
	for range 2 {
		err := l.Record(context.Background(), "x", "owner.end", nil)
		if err == nil || fault.From(err).Kind != fault.Unavailable {
			t.Fatalf("%v", err)
		}
	}
	_ = l.file.Close()
	l.file = good
	if err := l.Record(context.Background(), "x", "owner.end", nil); err == nil {
		t.Fatal("the log goes on after it was broken")
	}
	if l.Head().N != 1 {
		t.Fatalf("head %+v", l.Head())
	}
	_ = l.Close()
	again, err := Open(path, signer, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Record(context.Background(), "x", "owner.end", nil); err != nil || again.Head().N != 2 {
		t.Fatalf("%v, head %+v", err, again.Head())
	}
}
