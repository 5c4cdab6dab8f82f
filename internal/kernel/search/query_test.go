// SPDX-License-Identifier: Apache-2.0

package search

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"Hello, World-2!":                {"hello", "world", "2"},
		"Ärger café CAFE\u0301":          {"arger", "cafe", "cafe"},
		"ﬁne ²":                          {"fine", "2"},
		"日本語 text":                       {"日", "本", "語", "text"},
		"한국어":                            {"한국어"},
		"Привет":                         {"привет"},
		"a_b c'd":                        {"a", "b", "c", "d"},
		"":                               nil,
		"\u0301 ...":                     nil,
		strings.Repeat("ab", 60):         {strings.Repeat("ab", maxWord/2)},
		"3f5a" + strings.Repeat("0", 60): {"3f5a" + strings.Repeat("0", 60)},
	} {
		var got []string
		for _, w := range words(in) {
			got = append(got, w.text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestEncode(t *testing.T) {
	for in, want := range map[string]string{"abc1": "abc1", "привет": "_00043f_000440_000438_000432_000435_000442", "日": "_0065e5", "a日b": "a_0065e5b"} {
		if got := encode(in); got != want {
			t.Errorf("encode(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	word := func(words ...string) term { return term{words: words} }
	prefix := func(words ...string) term { return term{words: words, prefix: true} }
	tests := map[string][]term{
		"risk acceptance":         {word("risk"), word("acceptance")},
		`"risk acceptance"`:       {word("risk", "acceptance")},
		`a"b c"d`:                 {word("a"), word("b", "c"), word("d")},
		`"not closed`:             {word("not", "closed")},
		"acc*":                    {prefix("acc")},
		`"risk acc"*`:             {prefix("risk", "acc")},
		`"risk acc*" x`:           {word("risk", "acc"), word("x")},
		"T285098-b":               {word("t285098", "b")},
		"a*":                      {word("a")},
		"日*":                      {prefix("日")},
		"twice Twice TWICE":       {word("twice")},
		"AND OR NOT NEAR(a b)":    {word("and"), word("or"), word("not"), word("near", "a"), word("b")},
		`title:x -y ^z {"a"} * +`: {word("title", "x"), word("y"), word("z"), word("a")},
		"":                        nil,
		` " "" * "*" `:            nil,
		"1 2 3 4 5 6 7 8 9 10":    {word("1"), word("2"), word("3"), word("4"), word("5"), word("6"), word("7"), word("8")},
	}
	for query, want := range tests {
		if diff := cmp.Diff(want, parse(query), cmp.AllowUnexported(term{})); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("before ", 30) + "the needle stands here " + strings.Repeat("after ", 60)
	got := snippet(long, parse("needle"))
	text := Text(got)
	if !strings.HasPrefix(text, ellipsis+"before") || !strings.HasSuffix(text, "after"+ellipsis) || len(text) > snippetTotal+2*len(ellipsis) {
		t.Errorf("%d %q", len(text), text)
	}
	if html := string(HTML(got)); !strings.Contains(html, "the <mark>needle</mark> stands") {
		t.Error(html)
	}
	for _, test := range []struct{ text, query, want string }{
		{"short", "x", "short"},
		{"<b>risk</b> & \"more\"", "risk", "&lt;b&gt;<mark>risk</mark>&lt;/b&gt; &amp; &#34;more&#34;"},
		{"Café acceptance", "cafe acc*", "<mark>Café</mark> <mark>acceptance</mark>"},
		{"a  b\n c", `"b c"`, "a <mark>b</mark> <mark>c</mark>"},
	} {
		if got := string(HTML(snippet(test.text, parse(test.query)))); got != test.want {
			t.Errorf("%q in %q: %q, want %q", test.query, test.text, got, test.want)
		}
	}
}

// FuzzQuery: every query gives terms of harmless words, and what they become for
// the engines has only the characters that were meant.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"risk", `"a b"*`, "a* OR b NEAR/3 c", `'; DROP TABLE x; --`, `"`, `""""`, "title : x", "-a ^b", "\x00\xff", "日本* ½", "'a' <-> 'b':*A", "a\\'b", strings.Repeat("a ", 1000), strings.Repeat("\"", 999)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		terms := parse(query)
		if len(terms) > maxTerms {
			t.Fatalf("%d terms", len(terms))
		}
		for _, tm := range terms {
			if len(tm.words) == 0 || len(tm.words) > maxPhrase {
				t.Fatalf("%d words", len(tm.words))
			}
			for _, w := range tm.words {
				if w == "" || utf8.RuneCountInString(w) > maxWord {
					t.Fatalf("word %q", w)
				}
				if strings.ContainsFunc(encode(w), func(r rune) bool {
					return r != '_' && (r > unicode.MaxASCII || !unicode.IsLower(r) && !unicode.IsDigit(r))
				}) {
					t.Fatalf("word %q is %q to the engines", w, encode(w))
				}
			}
		}
	})
}

// FuzzSnippet: a snippet is a part of the text, whatever the two are.
func FuzzSnippet(f *testing.F) {
	f.Add("some text with a needle in it", "needle")
	f.Add(strings.Repeat("日本", 200), "本")
	f.Add(strings.Repeat("x", 1000)+" y", "y")
	f.Add("a\u0301\u200b<mark>", "a*")
	f.Fuzz(func(t *testing.T, text, query string) {
		text = clean(text, maxBody)
		got := Text(snippet(text, parse(query)))
		bare := strings.TrimSuffix(strings.TrimPrefix(got, ellipsis), ellipsis)
		flat := strings.Join(strings.Fields(text), " ")
		if !utf8.ValidString(got) || !strings.Contains(flat, bare) && !strings.Contains(flat, strings.TrimPrefix(got, ellipsis)) && !strings.Contains(flat, strings.TrimSuffix(got, ellipsis)) {
			t.Fatalf("%q is no part of %q", got, flat)
		}
		if Text(highlight(text, parse(query))) != text {
			t.Fatalf("marking changed %q", text)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(place{1, 0, 5, "risk:a", "comment:b"}.format())
	f.Add("e30")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err != nil || p == nil {
			return
		}
		again, err := parseCursor(p.format())
		if err != nil || *again != *p {
			t.Fatalf("%+v, %+v, %v", p, again, err)
		}
	})
}
