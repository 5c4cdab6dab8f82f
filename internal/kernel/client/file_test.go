// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// read returns what a file says, or why it cannot be read.
func read(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(data)
}

func TestWriteFile(t *testing.T) {
	for name, c := range map[string]struct {
		stands func(t *testing.T, file, precious string) // what stands in the place
		force  bool
		code   int    // exit code
		says   string // in the message
		holds  string // the file, afterwards
	}{
		"nothing":          {func(*testing.T, string, string) {}, false, 0, "", "new"},
		"a file":           {func(t *testing.T, file, _ string) { must(t, os.WriteFile(file, []byte("old"), 0o600)) }, false, 64, "exists already", "old"},
		"a file, forced":   {func(t *testing.T, file, _ string) { must(t, os.WriteFile(file, []byte("old"), 0o600)) }, true, 0, "", "new"},
		"a link":           {func(t *testing.T, file, precious string) { must(t, os.Symlink(precious, file)) }, false, 64, "exists already", "precious"},
		"a link, forced":   {func(t *testing.T, file, precious string) { must(t, os.Symlink(precious, file)) }, true, 0, "", "new"},
		"a dangling link":  {func(t *testing.T, file, precious string) { must(t, os.Symlink(precious+".none", file)) }, false, 64, "exists already", ""},
		"a folder, forced": {func(t *testing.T, file, _ string) { must(t, os.Mkdir(file, 0o700)) }, true, 64, "is a folder", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file, precious := filepath.Join(dir, "out"), filepath.Join(dir, "precious")
			must(t, os.WriteFile(precious, []byte("precious"), 0o600))
			c.stands(t, file, precious)
			var errs bytes.Buffer
			if code := client.Report(&errs, client.WriteFile(file, c.force, write("new"))); code != c.code || !strings.Contains(errs.String(), c.says) {
				t.Errorf("exit %d, %s", code, &errs)
			}
			if got := read(file); c.holds != "" && got != c.holds {
				t.Errorf("the file says %q, want %q", got, c.holds)
			}
			if got := read(precious); got != "precious" {
				t.Errorf("what the link led to says %q", got)
			}
			if _, err := os.Stat(precious + ".none"); err == nil {
				t.Error("a link to nowhere was followed")
			}
			noLeftovers(t, dir)
		})
	}
}

// TestWriteFileWholeOrNot: what breaks off leaves nothing, and does not take the
// place of what stood there.
func TestWriteFileWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "out")
	broken := errors.New("broken")
	fill := func(w io.Writer) error { return errors.Join(write("half")(w), broken) }
	if err := client.WriteFile(file, false, fill); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if got := read(file); got == "half" {
		t.Error("half a file stands there")
	}
	must(t, client.WriteFile(file, false, write("old")))
	if err := client.WriteFile(file, true, fill); !errors.Is(err, broken) || read(file) != "old" {
		t.Errorf("%v; the file says %q", err, read(file))
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := client.WriteFile(filepath.Join(dir, "none", "out"), false, write("new")); client.Report(io.Discard, err) != 64 {
		t.Errorf("into a folder that is not there: %v", err)
	}
	var out bytes.Buffer
	for _, name := range []string{"", "-", filepath.Join(dir, "-")} {
		must(t, (&client.Session{Stdout: &out}).Write(name, false, write("x")))
	}
	if out.String() != "xxx" {
		t.Errorf("to standard output: %q", &out)
	}
	noLeftovers(t, dir)
}

func noLeftovers(t *testing.T, dir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dir, ".portreeve-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
