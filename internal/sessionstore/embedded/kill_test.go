// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// childEnv names the folder that a process of this test binary writes to.
const childEnv = "EMBEDDED_TEST_CHILD"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if rows, err := strconv.Atoi(os.Getenv(measureEnv)); err == nil && dir != "" {
		if err := measure(dir, rows); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir != "" {
		fmt.Println(writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const writers = 8

// state is what a writer's row is after its n-th act: every fourth ends it.
func state(n int) string {
	if n%4 == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// writeForEver has each writer go on from what its row says, and tells of each act
// that was answered.
func writeForEver(dir string) error {
	ctx := context.Background()
	b, err := Open(ctx, Config{Dir: dir, Clock: time.Now, Ballast: -1})
	if err != nil {
		return err
	}
	s, err := b.Space(ctx, "a", sessionstore.Quota{})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range uint64(writers) {
		go func() {
			for n := 1; ; n++ {
				key := benchKey(w)
				c := put(key, []byte(state(n)))
				if state(n) == "" {
					c.Next = func(sessionstore.View) ([]sessionstore.Row, error) { return []sessionstore.Row{{Key: key}}, nil }
				}
				if err := s.Apply(ctx, c); err != nil {
					failed <- err
				}
				fmt.Printf("%d %d\n", w, n)
			}
		}()
	}
	return <-failed
}

// TestKilledUnderLoad kills a process that writes and looks whether all that it was
// answered is there, the ends of sessions, too. Then it damages the tail of the log as
// a power cut would.
func TestKilledUnderLoad(t *testing.T) {
	dir := t.TempDir()
	for round := range 4 {
		acts := killed(t, dir)
		if round%2 == 1 {
			tear(t, dir)
		}
		b, err := Open(t.Context(), Config{Dir: dir, Clock: time.Now, Ballast: -1})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Space(t.Context(), "a", sessionstore.Quota{})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for w, n := range acts {
			total += n
			got := ""
			row, err := s.Get(t.Context(), benchKey(uint64(w)))
			if err == nil {
				got = string(row.Sealed)
			} else if !errors.Is(err, sessionstore.ErrNotFound) {
				t.Fatal(err)
			}
			// The next act may have been on its way.
			if got != state(n) && got != state(n+1) {
				t.Errorf("round %d: writer %d was answered act %d, and its row is %q", round, w, n, got)
			}
		}
		if total < writers {
			t.Errorf("round %d: only %d acts were answered: nothing is proved", round, total)
		}
		if u, err := s.Usage(t.Context()); err != nil || u.Rows > writers {
			t.Errorf("round %d: usage %+v, %v", round, u, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed runs the process for a while and returns the last act that each writer was
// answered.
func killed(t *testing.T, dir string) (acts [writers]int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); seen++ {
		var w, n int
		if _, err := fmt.Sscan(lines.Text(), &w, &n); err != nil {
			t.Fatalf("the process said %q", lines.Text())
		}
		acts[w] = n
		if seen < 400 {
			continue
		}
		once.Do(func() {
			_, err := Open(t.Context(), Config{Dir: dir, Clock: time.Now})
			if err == nil || !strings.Contains(err.Error(), "in use by another process") {
				t.Errorf("a second process opened the folder: %v", err)
			}
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		})
	}
	_ = child.Wait()
	return acts
}

// tear leaves the beginning of a record at the end of the newest log.
func tear(t *testing.T, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log: %v", err)
	}
	newest := logs[len(logs)-1]
	content, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	content = []byte(strings.TrimRight(string(content), "\x00"))
	content = append(content, content[:min(len(content), 200)]...)
	if err := os.WriteFile(newest, content[:len(content)-7], 0o600); err != nil {
		t.Fatal(err)
	}
}
