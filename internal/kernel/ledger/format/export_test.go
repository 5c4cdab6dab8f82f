// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

func verifyExport(t testing.TB, export []byte, keys format.Keys, known ...[]byte) (format.Report, error) {
	t.Helper()
	return format.VerifyExport(t.Context(), bytes.NewReader(export), keys, "", 2, known...)
}

func TestExportVerifies(t *testing.T) {
	s := newSigner(t, 1)
	for _, n := range []int{0, 1, 2, 3, 7, 8, 100, 4096, 4097, 9000} {
		m := makeLog(n)
		got, err := verifyExport(t, m.export(t, s), keysOf(t, s))
		if err != nil {
			t.Fatalf("%d entries: %v", n, err)
		}
		opened := int64(n - (n+2)/3)
		if got.Size != int64(n) || got.Root != m.roots[n] || got.Opened != opened || got.Checkpoints != 1 {
			t.Errorf("%d entries: %+v", n, got)
		}
	}
}

// A checkpoint that the reader kept shows that an older or another log was put in place.
func TestExportAgainstKnownCheckpoints(t *testing.T) {
	s := newSigner(t, 1)
	m := makeLog(9000)
	export := m.export(t, s)
	var known [][]byte
	for _, size := range []int64{9000, 0, 1, 4095, 4096, 4097, 8192, 8999} {
		signed, err := s.SignCheckpoint(m.checkpoint(size))
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, signed)
	}
	got, err := verifyExport(t, export, keysOf(t, s), known...)
	if err != nil || got.Checkpoints != len(known)+1 {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, c := range map[string]format.Checkpoint{
		"a longer log":          {Origin: keyName, Size: 9001, Root: m.roots[9000]},
		"another log, early":    {Origin: keyName, Size: 5, Root: m.roots[6]},
		"another log, at chunk": {Origin: keyName, Size: 4096, Root: m.roots[6]},
		"another log, late":     {Origin: keyName, Size: 8999, Root: m.roots[6]},
	} {
		signed, err := s.SignCheckpoint(c)
		if err != nil {
			t.Fatal(err)
		}
		var wrong *format.Wrong
		if _, err := verifyExport(t, export, keysOf(t, s), signed); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whichever byte of an export is changed, it is found; and where the change is
// on an entry's line, that entry is named, or the first that contradicts it.
func TestEveryChangedByteOfAnExportIsFound(t *testing.T) {
	s := newSigner(t, 1)
	keys := keysOf(t, s)
	export := makeLog(12).export(t, s)
	header := bytes.Index(export, []byte("\n\n")) + 2
	header += bytes.Index(export[header:], []byte("\n\n")) + 2
	for i := range export {
		for _, flip := range []byte{1, 2, 4, 32, 128} {
			changed := bytes.Clone(export)
			changed[i] ^= flip
			_, err := verifyExport(t, changed, keys)
			if err == nil {
				t.Fatalf("byte %d ^ %d is not found: %q", i, flip, lineAt(changed, i))
			}
			if i < header {
				continue
			}
			line := int64(bytes.Count(export[header:i], []byte{'\n'}))
			var wrong *format.Wrong
			if !errors.As(err, &wrong) || wrong.Seq < line || wrong.Seq > line|7 && wrong.Seq != 11 {
				t.Fatalf("byte %d ^ %d, on the line of entry %d: %v", i, flip, line, err)
			}
		}
	}
}

func lineAt(text []byte, i int) []byte {
	start := bytes.LastIndexByte(text[:i], '\n') + 1
	end := bytes.IndexByte(text[i:], '\n')
	if end < 0 {
		end = len(text) - i
	}
	return text[start : i+end]
}

func TestMangledExports(t *testing.T) {
	s := newSigner(t, 1)
	keys := keysOf(t, s)
	export := string(makeLog(12).export(t, s))
	lines := strings.SplitAfter(strings.TrimSuffix(export, "\n"), "\n")
	without := func(i int) string { return strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "") }
	swapped := append([]string{}, lines...)
	swapped[9], swapped[10] = swapped[10], swapped[9]
	last := lines[len(lines)-1]
	for name, bad := range map[string]string{
		"empty":                "",
		"magic only":           lines[0],
		"cut in the header":    export[:60],
		"cut in an entry":      export[:len(export)-10],
		"no last newline":      strings.TrimSuffix(export, "\n"),
		"last entry missing":   strings.TrimSuffix(export, last+"\n"),
		"an entry missing":     without(10),
		"entries swapped":      strings.Join(swapped, "") + "\n",
		"an entry more":        export + last + "\n",
		"something behind":     export + "\n",
		"signature missing":    without(5),
		"a field more":         strings.TrimSuffix(export, "\n") + " -\n",
		"leaf without opening": strings.Replace(export, "- - - - -", "- - - - AAAA", 1),
		"a short opening":      strings.Replace(export, "- - - - -", "AAAA AAAA - - -", 1),
		"an endless header":    lines[0] + strings.Repeat("x\n", 1<<16),
		"an endless line":      strings.Join(lines[:8], "") + strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := verifyExport(t, []byte(bad), keys); err == nil {
				t.Errorf("accepted: %v", got)
			}
		})
	}
}

// Erasing openings, in any combination, leaves an export that verifies.
func TestErasedExportVerifies(t *testing.T) {
	s := newSigner(t, 1)
	keys := keysOf(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		m := makeLog(rapid.IntRange(0, 40).Draw(rt, "entries"))
		for i := range m.rows {
			m.rows[i].shown = rapid.Bool().Draw(rt, "shown")
			for f := range m.rows[i].openings {
				if rapid.Bool().Draw(rt, "erased") {
					m.rows[i].openings[f] = nil
				}
			}
		}
		if _, err := verifyExport(t, m.export(t, s), keys); err != nil {
			rt.Fatal(err)
		}
	})
}

// A change that also changes every stored hash above it is found by the signed
// root alone; the range since the last good checkpoint is named.
func TestRewrittenLogIsFound(t *testing.T) {
	s := newSigner(t, 1)
	m, forged := makeLog(20), makeLog(21)
	forged.rows = forged.rows[1:] // a log in itself, but another one
	var front format.Frontier
	for i := range forged.rows {
		r := &forged.rows[i]
		r.hashes = nil
		for _, h := range front.Append(r.leaf.Hash(), nil) {
			r.hashes = append(r.hashes, h[:]...)
		}
	}
	export := m.export(t, s)
	head := bytes.Index(export, []byte("\n\n")) + 2
	head += bytes.Index(export[head:], []byte("\n\n")) + 2
	lines := forged.export(t, s)
	from := bytes.Index(lines, []byte("\n\n")) + 2
	from += bytes.Index(lines[from:], []byte("\n\n")) + 2
	_, err := verifyExport(t, append(bytes.Clone(export[:head]), lines[from:]...), keysOf(t, s))
	var wrong *format.Wrong
	if !errors.As(err, &wrong) || wrong.Seq != -1 || !strings.Contains(wrong.What, "entries 0 to 19") {
		t.Errorf("got %v", err)
	}
}

// python runs the second verifier on files; it is a required part of the tests.
func python(t *testing.T, export []byte, keys string, known ...[]byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	args := []string{filepath.Join("..", "..", "..", "..", "docs", "ledger-format", "verify.py")}
	for i, text := range append([][]byte{export, []byte(keys)}, known...) {
		name := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("python3 is needed to test the second verifier: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// The second verifier, written in another language, says the same as ours.
func TestSecondVerifierAgrees(t *testing.T) {
	s := newSigner(t, 1)
	m := makeLog(300)
	export := m.export(t, s)
	ours, err := verifyExport(t, export, keysOf(t, s))
	if err != nil {
		t.Fatal(err)
	}
	early, err := s.SignCheckpoint(m.checkpoint(100))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := s.SignCheckpoint(m.checkpoint(0))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := python(t, export, s.Verifiers(), early, empty); err != nil || out != ours.String() {
		t.Errorf("says %q (%v), we say %q", out, err, ours)
	}
	if out, err := python(t, makeLog(0).export(t, s), s.Verifiers()); err != nil {
		t.Errorf("an empty log: %q (%v)", out, err)
	}
	longer, err := s.SignCheckpoint(format.Checkpoint{Origin: keyName, Size: 301, Root: m.roots[300]})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := python(t, export, s.Verifiers(), longer); err == nil {
		t.Errorf("entries were removed, and it says %q", out)
	}
	if out, err := python(t, export, newSigner(t, 2).Verifiers()); err == nil {
		t.Errorf("another key, and it says %q", out)
	}
}

// manyAtOnce has the second verifier read many exports in one process: it prints
// the names of those that it accepts.
const manyAtOnce = `
import os, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import verify
keys = verify.read_keys(open(sys.argv[2], "rb").read())
for name in sorted(os.listdir(sys.argv[3])):
    try:
        verify.verify(open(os.path.join(sys.argv[3], name), "rb"), keys, [])
        print(name)
    except ValueError:
        pass
`

func TestSecondVerifierFindsEveryChangedByte(t *testing.T) {
	s := newSigner(t, 1)
	export := makeLog(9).export(t, s)
	dir, keys := t.TempDir(), filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte(s.Verifiers()), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("unchanged", export)
	for i := 0; i < len(export); i += 5 {
		changed := bytes.Clone(export)
		changed[i] ^= 1 << (i % 7)
		write("changed-"+strconv.Itoa(i), changed)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", manyAtOnce, filepath.Join("..", "..", "..", "..", "docs", "ledger-format"), keys, dir)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "unchanged\n" {
		t.Errorf("it accepts %q (%v)", out, err)
	}
}

// What is not understood is said in a line, not shown as a trace of the program.
func TestSecondVerifierExplains(t *testing.T) {
	s := newSigner(t, 1)
	export := makeLog(3).export(t, s)
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, good := filepath.Join("..", "..", "..", "..", "docs", "ledger-format", "verify.py"), file("export", string(export))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "usage: verify.py EXPORT KEYS"},
		{[]string{good}, "usage: verify.py EXPORT KEYS"},
		{[]string{good, filepath.Join(dir, "absent")}, "No such file"},
		{[]string{good, file("words", "not a key\n")}, "no verifier key"},
		{[]string{good, file("private", "PRIVATE+KEY+office+12345678+AAAA\n")}, "no verifier key"},
		{[]string{good, good}, "no verifier key"},
	} {
		out, err := exec.CommandContext(t.Context(), "python3", append([]string{program}, tt.args...)...).CombinedOutput()
		if err == nil || !strings.HasPrefix(string(out), "verify.py: ") || !strings.Contains(string(out), tt.want) || bytes.Count(out, []byte("\n")) != 1 {
			t.Errorf("%q: %q, want %q (%v)", tt.args, out, tt.want, err)
		}
	}
}

func TestSecondVerifierIsSmall(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "ledger-format", "verify.py"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte{'\n'}); n > 150 {
		t.Errorf("%d lines, more than 150", n)
	}
}
