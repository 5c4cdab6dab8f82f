// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

var ctx = context.Background()

func newSigner(t testing.TB, more ...string) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(rand.Reader, "sessions.example")
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, string(text)+strings.Join(more, ""))
}

func signerOf(t testing.TB, text string) *format.Signer {
	t.Helper()
	s, err := format.ParseSigner([]byte(text))
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

func open(t testing.TB, path string, s *format.Signer) *audit.Log {
	t.Helper()
	l, err := audit.Open(path, s, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func record(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		err := l.Record(ctx, "uri:spiffe://wiki/office", "owner.end", map[string]string{
			"namespace": "default", "owner": fmt.Sprintf("%032x", i), "cause": "<left> & \"gone\"",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// written returns a log of one beginning and n records, and its head.
func written(t testing.TB, s *format.Signer, n int) ([]byte, audit.Anchor) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path, s)
	record(t, l, n)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, l.Head()
}

func TestALogGoesOn(t *testing.T) {
	s, path := newSigner(t), filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path, s)
	record(t, l, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, "x", "late", nil); err == nil {
		t.Fatal("a closed log took a record")
	}
	again := open(t, path, s)
	record(t, again, 2)
	var copied bytes.Buffer
	if err := again.Write(&copied); err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(&copied, keysOf(t, s), again.Head())
	if err != nil || report.Records != 6 || report.Head != again.Head() {
		t.Fatalf("%+v, %v", report, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

func TestEveryChangeIsFound(t *testing.T) {
	s := newSigner(t)
	log, head := written(t, s, 4)
	keys := keysOf(t, s)
	if _, err := audit.Verify(bytes.NewReader(log), keys, head); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(log, []byte("\n"))
	lines = lines[:len(lines)-1]
	joined := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	changes := map[string][]byte{
		"all removed":         nil,
		"the first removed":   joined(lines[1:]...),
		"one removed":         joined(append(slices.Clone(lines[:2]), lines[3:]...)...),
		"one twice":           joined(lines[0], lines[1], lines[1], lines[2]),
		"two exchanged":       joined(lines[0], lines[2], lines[1], lines[3], lines[4]),
		"an empty line":       joined(lines[0], []byte("\n"), lines[1]),
		"a space":             joined(lines[0], []byte(" "), lines[1]),
		"a carriage return":   bytes.ReplaceAll(log, []byte("\n"), []byte("\r\n")),
		"one cut short":       joined(lines[0], lines[1][:40], []byte("\n"), lines[2]),
		"one cut in two":      joined(lines[0], lines[1][:40], []byte("\n"), lines[1][40:], lines[2]),
		"a long line":         joined(lines[0], bytes.Repeat([]byte("x"), 1<<20), []byte("\n")),
		"by another key":      joined(lines[0], foreign(t, 1), lines[2]),
		"by another key last": joined(lines[0], foreign(t, 1)),
	}
	for name, b := range changes {
		if _, err := audit.Verify(bytes.NewReader(b), keys); err == nil || errors.Is(err, audit.ErrTorn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range log {
		for _, by := range []byte{1, 0x20, 0x80} {
			b := bytes.Clone(log)
			b[i] ^= by
			if _, err := audit.Verify(bytes.NewReader(b), keys); err == nil {
				t.Fatalf("byte %d changed by %x: not found\n%s", i, by, b)
			}
		}
	}
}

// foreign returns line n of a log by somebody else under the same name.
func foreign(t *testing.T, n int) []byte {
	log, _ := written(t, newSigner(t), n)
	return bytes.SplitAfter(log, []byte("\n"))[n]
}

func TestACutIsFound(t *testing.T) {
	s := newSigner(t)
	log, head := written(t, s, 3)
	keys := keysOf(t, s)
	for n := range len(log) {
		report, err := audit.Verify(bytes.NewReader(log[:n]), keys, head)
		whole := bytes.Count(log[:n], []byte("\n"))
		atEnd := n == 0 || log[n-1] == '\n'
		if err == nil || int(report.Records) != whole || errors.Is(err, audit.ErrTorn) == atEnd {
			t.Fatalf("cut at %d: %+v, %v", n, report, err)
		}
	}
	other := audit.Anchor{N: head.N - 1, Hash: head.Hash}
	if _, err := audit.Verify(bytes.NewReader(log), keys, other); err == nil {
		t.Fatal("a record that is another one than its anchor says")
	}
	if _, err := audit.Verify(bytes.NewReader(log), keys, head, audit.Anchor{N: head.N, Hash: strings.Repeat("0", 64)}); err == nil {
		t.Fatal("two anchors that contradict each other")
	}
}

func TestATornEnd(t *testing.T) {
	s := newSigner(t)
	log, _ := written(t, s, 2)
	start := bytes.LastIndexByte(log[:len(log)-1], '\n') + 1
	for _, end := range []int{start + 1, start + 50, len(log) - 1, 1, 60} {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, log[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path, s)
		record(t, l, 1)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		report, err := audit.Verify(bytes.NewReader(b), keysOf(t, s), l.Head())
		if err != nil {
			t.Fatalf("torn at %d: %v", end, err)
		}
		// Torn in the last: 2 good, log.torn, 1 more. Only its newline gone: 3 and 1.
		// Torn in the first: log.begin anew and 1 more.
		want, says := int64(4), end != len(log)-1
		if end < 100 {
			want, says = 2, false
		}
		if report.Records != want || bytes.Contains(b, []byte("log.torn")) != says {
			t.Errorf("torn at %d: %d records\n%s", end, report.Records, b)
		}
	}
}

func TestAChangedLogIsLeftAlone(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	log, _ := written(t, s, 3)
	other, _ := written(t, newSigner(t), 3)
	for name, b := range map[string][]byte{
		"flipped":    append(bytes.Clone(log[:100]), append([]byte{log[100] ^ 1}, log[101:]...)...),
		"foreign":    other,
		"no log":     []byte("hello\n"),
		"appended":   append(bytes.Clone(log), []byte("hello\n")...),
		"long tail":  append(bytes.Clone(log), bytes.Repeat([]byte{0}, 1<<20)...),
		"cut inside": log[50:],
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := audit.Open(path, s, time.Now)
		if err == nil || fault.From(err).Code != "audit.damaged" {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(b, after) {
			t.Errorf("%s: the evidence was changed, %v", name, err)
		}
	}
}

func TestOneWriter(t *testing.T) {
	s, path := newSigner(t), filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path, s)
	if _, err := audit.Open(path, s, time.Now); err == nil || fault.From(err).Code != "audit.in_use" {
		t.Fatalf("a second writer: %v", err)
	}
	record(t, l, 1)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if err := l.Record(ctx, "x", "late", nil); err == nil || fault.From(err).Code != "audit.moved" {
		t.Fatalf("after another hand: %v", err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, "x", "late", nil); err == nil || fault.From(err).Code != "audit.moved" {
		t.Fatalf("a log that was moved away: %v", err)
	}
}

func TestManyWriters(t *testing.T) {
	s, path := newSigner(t), filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path, s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { record(t, l, 5) })
	}
	all.Wait()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := audit.Verify(bytes.NewReader(b), keysOf(t, s)); err != nil || report.Records != 21 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// TestAChangeOfKey: the old key's public line stays in the key file, so that the log
// goes on and is verified by both.
func TestAChangeOfKey(t *testing.T) {
	old, path := newSigner(t), filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path, old)
	record(t, l, 1)
	_ = l.Close()
	if _, err := audit.Open(path, newSigner(t), time.Now); err == nil {
		t.Fatal("a log of another key was gone on with")
	}
	both := newSigner(t, old.Verifiers())
	l = open(t, path, both)
	record(t, l, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(bytes.NewReader(b), keysOf(t, both)); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(bytes.NewReader(b), keysOf(t, old)); err == nil {
		t.Fatal("verified without the new key")
	}
}

func TestNothingInClear(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "audit.log"), newSigner(t))
	before := l.Head()
	for name, c := range map[string]struct {
		by, act string
		about   map[string]string
	}{
		"owner":        {"x", "owner.end", map[string]string{"owner": "anna"}},
		"no owner":     {"x", "owner.end", map[string]string{"owner": ""}},
		"session":      {"x", "session.end", map[string]string{"session": "global:MWSession:0123"}},
		"id":           {"x", "session.end", map[string]string{"id": "global:MWSession:0123"}},
		"value":        {"x", "session.end", map[string]string{"value": "00112233445566778899"}},
		"nobody":       {"", "owner.end", nil},
		"no act":       {"x", "", nil},
		"act":          {"x", "Owner end", nil},
		"a line break": {"x", "owner.end", map[string]string{"cause": "a\nb"}},
		"long":         {"x", "owner.end", map[string]string{"cause": strings.Repeat("x", 2000)}},
		"name":         {"x", "owner.end", map[string]string{"Cause ": "x"}},
		"no UTF-8":     {"x", "owner.end", map[string]string{"cause": "\xff"}},
	} {
		if err := l.Record(ctx, c.by, c.act, c.about); err == nil || fault.From(err).Kind != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l.Head() != before {
		t.Fatal("a refused record was written")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := l.Record(done, "x", "owner.end", nil); err == nil {
		t.Fatal("a record for a request that is over")
	}
}

func receipt() audit.Receipt {
	at := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	return audit.Receipt{
		Service: "sessions", At: at, NotBefore: at.Add(-time.Minute), By: "uri:spiffe://wiki/office", Cause: "left <us>",
		Namespaces: []audit.Ended{{Namespace: "default", Owner: strings.Repeat("ab", 16), Ended: 3}, {Namespace: "other", Owner: strings.Repeat("cd", 16)}},
	}
}

func TestReceipts(t *testing.T) {
	s := newSigner(t)
	l := open(t, filepath.Join(t.TempDir(), "audit.log"), s)
	record(t, l, 2)
	note, err := l.Issue(receipt())
	if err != nil {
		t.Fatal(err)
	}
	anchored := l.Head()
	record(t, l, 1)
	got, anchor, err := audit.VerifyReceipt([]byte(note), keysOf(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(receipt(), got); diff != "" || anchor != anchored {
		t.Fatalf("anchor %+v, (-want +got):\n%s", anchor, diff)
	}
	var log bytes.Buffer
	if err := l.Write(&log); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(&log, keysOf(t, s), anchor); err != nil {
		t.Fatal(err)
	}
	if _, _, err := audit.VerifyReceipt([]byte(note), keysOf(t, newSigner(t))); err == nil {
		t.Fatal("a receipt by another key")
	}
	for i := range note {
		b := []byte(note)
		b[i] ^= 1
		if _, _, err := audit.VerifyReceipt(b, keysOf(t, s)); err == nil {
			t.Fatalf("byte %d changed: not found", i)
		}
	}
	for name, text := range map[string]string{
		"another text":     audit.ReceiptHeader + "\n",
		"a record's":       audit.Header + "\nsessions.example\n{}\n1 " + anchored.Hash + "\n",
		"no JSON":          audit.ReceiptHeader + "\nsessions.example\nhello\n1 " + anchored.Hash + "\n",
		"nothing in it":    audit.ReceiptHeader + "\nsessions.example\n{}\n1 " + anchored.Hash + "\n",
		"another spelling": strings.Replace(strings.Split(note, "\n\n")[0], `"ended":3`, `"ended": 3`, 1) + "\n",
		"no anchor":        strings.Replace(strings.Split(note, "\n\n")[0], anchored.Hash, "", 1) + "\n",
	} {
		signed, err := s.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := audit.VerifyReceipt(signed, keysOf(t, s)); err == nil || fault.From(err).Code != "audit.receipt_form" {
			t.Errorf("%s: %v", name, err)
		}
	}
	clear := receipt()
	clear.Namespaces[0].Owner = "anna"
	if _, err := l.Issue(clear); err == nil {
		t.Error("a receipt that names the owner")
	}
}

func FuzzVerify(f *testing.F) {
	s := newSigner(f)
	log, _ := written(f, s, 2)
	keys := keysOf(f, s)
	f.Add(log)
	f.Add(log[:len(log)-1])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		report, err := audit.Verify(bytes.NewReader(b), keys)
		if err == nil && (len(b) == 0 || !bytes.HasPrefix(log, b)) {
			t.Fatalf("%+v of a log that nobody signed", report)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	s := newSigner(f)
	l := open(f, filepath.Join(f.TempDir(), "audit.log"), s)
	note, err := l.Issue(receipt())
	if err != nil {
		f.Fatal(err)
	}
	keys := keysOf(f, s)
	f.Add([]byte(note))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := audit.VerifyReceipt(b, keys); err == nil && string(b) != note {
			t.Fatal("a receipt that nobody signed")
		}
	})
}
