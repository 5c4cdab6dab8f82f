// SPDX-License-Identifier: Apache-2.0

package adf_test

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/connector/jira/adf"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// doc is a document with this content.
func doc(content string) string { return `{"type":"doc","version":1,"content":[` + content + `]}` }

func para(content string) string { return `{"type":"paragraph","content":[` + content + `]}` }

func TestMarkdown(t *testing.T) {
	for name, test := range map[string]struct {
		in, want string
		lost     adf.Lost
	}{
		"nothing":           {doc(""), "", adf.Lost{}},
		"empty paragraph":   {doc(para("")), "", adf.Lost{}},
		"two paragraphs":    {doc(para(`{"type":"text","text":"a"}`) + "," + para(`{"type":"text","text":"b"}`)), "a\n\nb", adf.Lost{}},
		"text alone":        {doc(`{"type":"text","text":"a"},{"type":"text","text":"b"}`), "ab", adf.Lost{}},
		"marks":             {doc(para(`{"type":"text","text":"a","marks":[{"type":"strong"},{"type":"em"},{"type":"strike"}]}`)), "~~***a***~~", adf.Lost{}},
		"space in marks":    {doc(para(`{"type":"text","text":" a ","marks":[{"type":"strong"}]},{"type":"text","text":"b"}`)), "**a** b", adf.Lost{}},
		"code with ticks":   {doc(para(`{"type":"text","text":"a` + "`" + `b","marks":[{"type":"code"}]}`)), "``a`b``", adf.Lost{}},
		"only space":        {doc(para(`{"type":"text","text":"  ","marks":[{"type":"strong"}]}`)), "", adf.Lost{}},
		"bare mark":         {doc(para(`{"type":"text","text":"a","marks":[{"type":"underline"}]}`)), "a", adf.Lost{}},
		"unknown mark":      {doc(para(`{"type":"text","text":"a","marks":[{"type":"blink"}]}`)), "a", adf.Lost{Nodes: true}},
		"bad link":          {doc(para(`{"type":"text","text":"a","marks":[{"type":"link","attrs":{"href":"javascript:alert(1)"}}]}`)), "a", adf.Lost{Nodes: true}},
		"link that escapes": {doc(para(`{"type":"text","text":"a](x)","marks":[{"type":"link","attrs":{"href":"https://x.example/>)<b c"}}]}`)), `[a\](x)](<https://x.example/%3E)%3Cb%20c>)`, adf.Lost{}},
		"card":              {doc(para(`{"type":"inlineCard","attrs":{"url":"https://x.example/a_b"}}`)), "[https://x.example/a_b](<https://x.example/a_b>)", adf.Lost{}},
		"mention, id alone": {doc(para(`{"type":"mention","attrs":{"id":"5b"}}`)), "@5b", adf.Lost{}},
		"emoji":             {doc(para(`{"type":"emoji","attrs":{"shortName":":smile:"}}`)), `\:smile:`, adf.Lost{}},
		"date":              {doc(para(`{"type":"date","attrs":{"timestamp":"1582152559000"}}`)), "2020-02-19", adf.Lost{}},
		"status":            {doc(para(`{"type":"status","attrs":{"text":"DONE"}}`)), "DONE", adf.Lost{}},
		"breaks at the end": {doc(para(`{"type":"text","text":"a"},{"type":"hardBreak"},{"type":"hardBreak"}`)), "a", adf.Lost{}},
		"heading":           {doc(`{"type":"heading","attrs":{"level":99},"content":[{"type":"text","text":"a"},{"type":"hardBreak"},{"type":"text","text":"b"}]}`), "###### a b", adf.Lost{}},
		"tasks":             {doc(`{"type":"taskList","content":[{"type":"taskItem","attrs":{"state":"DONE"},"content":[{"type":"text","text":"a"}]},{"type":"taskItem","content":[{"type":"text","text":"b"}]}]}`), "- [x] a\n- [ ] b", adf.Lost{}},
		"panel":             {doc(`{"type":"panel","content":[` + para(`{"type":"text","text":"a"}`) + `,` + para(`{"type":"text","text":"b"}`) + `]}`), "> a\n> \n> b", adf.Lost{}},
		"expand":            {doc(`{"type":"expand","attrs":{"title":"T"},"content":[` + para(`{"type":"text","text":"a"}`) + `]}`), "**T**\n\na", adf.Lost{}},
		"table": {doc(`{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableHeader","content":[` + para(`{"type":"text","text":"a|b"}`) + `]},{"type":"tableHeader","content":[]}]},{"type":"tableRow","content":[{"type":"tableCell","content":[` + para(`{"type":"text","text":"x|y","marks":[{"type":"code"}]}`) + `]}]}]}`),
			"| a\\|b |  |\n| --- | --- |\n| `x\\|y` |", adf.Lost{}},
		"file":         {doc(`{"type":"mediaGroup","content":[{"type":"media"}]}`), "", adf.Lost{Files: true}},
		"unknown node": {doc(`{"type":"newThing","content":[` + para(`{"type":"text","text":"a"}`) + `]}`), "a", adf.Lost{Nodes: true}},
		"unknown line": {doc(para(`{"type":"newThing","content":[{"type":"text","text":"a*"}]}`)), `a\*`, adf.Lost{Nodes: true}},
		"no list":      {doc(`{"type":"text","text":"- a"},{"type":"hardBreak"},{"type":"text","text":"1. b"},{"type":"hardBreak"},{"type":"text","text":"# c"}`), "\\- a\\\n1\\. b\\\n\\# c", adf.Lost{}},
		"language":     {doc(`{"type":"codeBlock","attrs":{"language":"go\n~~~<x>"},"content":[{"type":"text","text":"a"}]}`), "```gox\na\n```", adf.Lost{}},
		"names":        {doc(para(`{"type":"text","text":"snake_case _a_ AT&T &lt; <b>"}`)), `snake_case \_a\_ AT&T \&lt; \<b\>`, adf.Lost{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, lost, err := adf.Markdown([]byte(test.in))
			if err != nil || got != test.want || lost != test.lost {
				t.Errorf("got  %q %+v %v\nwant %q %+v", got, lost, err, test.want, test.lost)
			}
		})
	}
}

func TestNoDocument(t *testing.T) {
	for _, text := range []string{"", "7", "[]", "{}", `{"type":"paragraph"}`, `{"type":"doc","content":7}`, `{"type":"doc","content":[{"type":7}]}`} {
		if got, _, err := adf.Markdown([]byte(text)); err == nil {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestHostileTrees: a deep or wide tree becomes a text within bounds, and its
// words stay.
func TestHostileTrees(t *testing.T) {
	for _, kind := range []string{"blockquote", "bulletList", "listItem", "expand", "newThing", "paragraph", "tableRow"} {
		deep := strings.Repeat(`{"type":"`+kind+`","content":[`, 3000) + `{"type":"text","text":"deep"}` + strings.Repeat("]}", 3000)
		got, _, err := adf.Markdown([]byte(doc(deep)))
		if err != nil || !strings.Contains(got, "deep") || len(got) > 1<<20 {
			t.Errorf("%s: %d bytes, %v", kind, len(got), err)
		}
	}
	wide := strings.Repeat(para(`{"type":"text","text":"`+strings.Repeat("*", 1000)+`"}`)+",", 5000)
	got, lost, err := adf.Markdown([]byte(doc(strings.TrimSuffix(wide, ","))))
	if err != nil || len(got) > 2<<20 || !lost.Nodes {
		t.Errorf("%d bytes, %+v, %v", len(got), lost, err)
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// shown is what a reader sees of Markdown: its words.
func shown(markdown string) string {
	text := html.UnescapeString(tags.ReplaceAllString(string(content.Markdown(markdown)), " "))
	return strings.Join(strings.Fields(text), "")
}

// FuzzText: what was text is shown as that text, whatever it looks like.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"plain", "# no heading", "- no\n- list", "1. no\n2) list", "a\n---\nb", "a\n===\n", "> no quote", "```\nno code\n```", "    no code", "<script>alert(1)</script>",
		"[no](link)", "![no](image)", "[x]: https://x.example", "*no* _no_ **no** ~~no~~ `no`", "a | b\n--- | ---\nc | d", "a\n:--|\nb", "&amp; &lt; &#35;", `\*`, "https://x.example/a_b_c", "<https://x.example>", "+ x", "a\\", "\\\na", "_a_b_", "*", "1)", "a@b.example",
		"\t\ta", "a  \nb", "|a|\n|-|\n|b|", "~~~\nx", "a\u2028b", "\u00a0", "x&y;z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4096 || !utf8.ValidString(s) {
			return
		}
		s = foreign.Plain(s) // as every text from outside is
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got, lost, err := adf.Markdown([]byte(doc(para(`{"type":"text","text":` + string(quoted) + `}`))))
		if err != nil || lost != (adf.Lost{}) {
			t.Fatalf("%+v %v", lost, err)
		}
		if want := strings.Join(strings.Fields(s), ""); shown(got) != want {
			t.Errorf("%q becomes %q, which shows as %q", s, got, shown(got))
		}
	})
}

// FuzzMarkdown: whatever tree comes, it becomes a text within bounds.
func FuzzMarkdown(f *testing.F) {
	f.Add([]byte(doc(para(`{"type":"text","text":"a","marks":[{"type":"link","attrs":{"href":"https://x.example"}}]}`))))
	f.Add([]byte(doc(`{"type":"orderedList","attrs":{"order":3},"content":[{"type":"listItem","content":[{"type":"codeBlock","content":[{"type":"text","text":"a"}]}]}]}`)))
	f.Add([]byte(doc(`{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell"}]}]}`)))
	f.Fuzz(func(t *testing.T, document []byte) {
		got, _, err := adf.Markdown(document)
		if err == nil && len(got) > 8*len(document)+100 && len(got) > 2<<20 {
			t.Errorf("%d bytes from %d", len(got), len(document))
		}
	})
}
