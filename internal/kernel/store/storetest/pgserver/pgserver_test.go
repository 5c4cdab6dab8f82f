// SPDX-License-Identifier: Apache-2.0

//go:build integration

package pgserver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

func TestStartAndStop(t *testing.T) {
	// Not t.TempDir: its parent is closed to the user that the server runs as.
	base, err := os.MkdirTemp("", "portreeve-pgserver-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "server")
	target, err := pgserver.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pgserver.Stop(dir) })
	again, err := pgserver.Start(t.Context(), dir)
	if err != nil || again != target {
		t.Errorf("second start: %q, %v; want the running server", again, err)
	}
	if err := pgserver.Halt(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), target); err == nil {
		t.Error("the halted server answers")
	}
	if err := pgserver.Resume(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the server ends it
	if err := pgserver.Stop(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), target); err == nil {
		t.Error("the server still answers")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := pgserver.Stop(dir); err != nil {
		t.Errorf("stopping what is stopped: %v", err)
	}
}
