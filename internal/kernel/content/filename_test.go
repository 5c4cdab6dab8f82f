// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"report.pdf":                     "report.pdf",
		"../../etc/passwd":               "passwd",
		`C:\Users\x\plan.txt`:            "plan.txt",
		"a/b\\c":                         "c",
		".htaccess":                      "htaccess",
		"...":                            "attachment",
		"":                               "attachment",
		"/":                              "attachment",
		" spaced   out .txt ":            "spaced out.txt",
		"a\r\nb.txt":                     "a b.txt",
		"quote\"; rm -rf.txt":            "quote__ rm -rf.txt",
		"evil\u202egnp.exe":              "evilgnp.exe",
		"cafe\u0301.txt":                 "café.txt",
		"CON":                            "_CON",
		"nul.txt":                        "_nul.txt",
		"x\xff.txt":                      "x_.txt",
		strings.Repeat("ä", 100) + ".md": strings.Repeat("ä", 58) + ".md",
		"a.b.c":                          "a.b.c",
		"日本.txt":                         "日本.txt",
	} {
		if got := FileName(in); got != want {
			t.Errorf("FileName(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzFileName: every name that comes out can be kept anywhere, and is its own.
func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"a.txt", "../x", "\x00", "con", "a\u202eb", strings.Repeat("x", 300), "...", " . ", "a. .b", "\u0301", "a.\u200b", "aux .txt"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := FileName(name)
		switch {
		case got == "" || len(got) > maxFileName+1: // +1: the mark before a reserved name
			t.Fatalf("%q: length %d", name, len(got))
		case !utf8.ValidString(got) || strings.ContainsAny(got, "/\\:*?\"<>|\x00\r\n"):
			t.Fatalf("%q gave %q", name, got)
		case strings.HasPrefix(got, ".") || strings.HasSuffix(got, ".") || strings.TrimSpace(got) != got:
			t.Fatalf("%q gave %q", name, got)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
			t.Fatalf("%q gave %q", name, got)
		case FileName(got) != got:
			t.Fatalf("%q gave %q, and that %q", name, got, FileName(got))
		}
	})
}

// FuzzFileKind: nothing that a browser would run is taken for text.
func FuzzFileKind(f *testing.F) {
	for _, seed := range []string{"text", "<html>", " <svg", "#!/bin/sh", "\ufeff<x", "\xef\xbb\xbf\n<x", "{\"a\": 1}", "\x7fELF", "MZ\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, kind := range fileKinds {
			if !kind.is(data) {
				continue
			}
			start := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
			if strings.HasPrefix(start, "<") || strings.HasPrefix(string(data), "#!") || strings.HasPrefix(string(data), "\x7fELF") {
				t.Fatalf("%q passes as %s", data, name)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(formatCursor(time.Unix(1, 0), "abc"))
	f.Add("MTIgYWJj")
	f.Fuzz(func(t *testing.T, cursor string) {
		at, id, err := parseCursor(cursor)
		if err != nil || cursor == "" {
			return
		}
		again, same, err := parseCursor(formatCursor(at, id))
		if err != nil || !again.Equal(at) || same != id {
			t.Fatalf("%q: %v %q, %v %q, %v", cursor, at, id, again, same, err)
		}
	})
}
