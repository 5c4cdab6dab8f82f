// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestMarkdown(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"emphasis", "*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>\n"},
		{"headings go below the page's", "# One\n###### Six", "<h3>One</h3>\n<h6>Six</h6>\n"},
		{"raw HTML is text", "<script>alert(1)</script> <b>x</b>", "<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;x&lt;/b&gt;</p>\n"},
		{"a type parameter survives", "List<T> and a < b", "<p>List&lt;T&gt; and a &lt; b</p>\n"},
		{"HTML block is text", "<div onclick=x>\n\ntext\n</div>", "<p>&lt;div onclick=x&gt;</p>\n<p>text\n&lt;/div&gt;</p>\n"},
		{"link", "[a](https://example.org/?a=1&b=2 \"t\")", `<p><a href="https://example.org/?a=1&amp;b=2" title="t" rel="nofollow noopener">a</a></p>` + "\n"},
		{"bare link", "see https://example.org.", `<p>see <a href="https://example.org" rel="nofollow noopener">https://example.org</a>.</p>` + "\n"},
		{"link on this server", "[risk](/risks/abc)", `<p><a href="/risks/abc" rel="nofollow noopener">risk</a></p>` + "\n"},
		{"mail", "<a@example.org>", `<p><a href="mailto:a@example.org" rel="nofollow noopener">a@example.org</a></p>` + "\n"},
		{"image is a link", "![alt](https://example.org/x.png)", `<p><a href="https://example.org/x.png" rel="nofollow noopener">alt</a></p>` + "\n"},
		{"image without description", "![](x.png)", `<p><a href="x.png" rel="nofollow noopener">x.png</a></p>` + "\n"},
		{"image in a link", "[![alt](x.png)](/y)", `<p><a href="/y" rel="nofollow noopener">alt</a></p>` + "\n"},
		{"javascript", "[a](javascript:alert(1))", "<p>a</p>\n"},
		{"javascript with entities", "[a](java&#115;cript:alert(1)) [b](JaVaScRiPt:x) [c](\x01javascript:x)", ""},
		{"data", "[a](data:text/html,x) ![b](data:image/png;base64,eA==)", "<p>a b</p>\n"},
		{"file", "[a](file:///etc/passwd)", "<p>a</p>\n"},
		{"table", "|a|b|\n|:-|-:|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"},
		{"ordered list", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"code block", "```html\n<script>\n```", "<pre><code>&lt;script&gt;\n</code></pre>\n"},
		{"attribute breakout", `[a](https://example.org/"onmouseover="alert(1))`, `<p><a href="https://example.org/%22onmouseover=%22alert(1)" rel="nofollow noopener">a</a></p>` + "\n"},
		{"deep quotation is text", strings.Repeat(">", 60) + " a", "<p>" + strings.Repeat("&gt;", 60) + " a</p>\n"},
		{"quotation", "> > a", "<blockquote>\n<blockquote>\n<p>a</p>\n</blockquote>\n</blockquote>\n"},
		{"invalid UTF-8", "a\xffb", "<p>a\uFFFDb</p>\n"},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := string(Markdown(test.source))
			if test.want != "" && got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if err := unsafe(got); err != nil {
				t.Errorf("%v in %q", err, got)
			}
		})
	}
}

// unsafe says what in the HTML could act, reach out, or break the page around it.
func unsafe(text string) error {
	elements := []string{"p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "del", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				return fmt.Errorf("%v not closed", open)
			}
			return nil
		case html.CommentToken, html.DoctypeToken:
			return fmt.Errorf("comment or doctype")
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if !slices.Contains(elements, tag.Data) {
				return fmt.Errorf("element %q", tag.Data)
			}
			for _, a := range tag.Attr {
				if err := unsafeAttribute(tag.Data, a); err != nil {
					return err
				}
			}
			if tag.Data != "br" && tag.Data != "hr" {
				open = append(open, tag.Data)
			}
		case html.EndTagToken:
			tag := z.Token()
			if len(open) == 0 || open[len(open)-1] != tag.Data {
				return fmt.Errorf("</%s> closes nothing in %v", tag.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func unsafeAttribute(tag string, a html.Attribute) error {
	switch tag + " " + a.Key {
	case "a title":
		return nil
	case "a rel":
		if a.Val != linkRel {
			return fmt.Errorf("rel %q", a.Val)
		}
		return nil
	case "ol start":
		return nil
	case "a href":
		u, err := url.Parse(a.Val)
		if err != nil {
			return fmt.Errorf("href %q", a.Val)
		}
		if !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) {
			return fmt.Errorf("href with scheme %q", u.Scheme)
		}
		// A browser drops white space and control characters before it looks for a scheme.
		bare := strings.ToLower(strings.Map(func(r rune) rune {
			if r <= ' ' {
				return -1
			}
			return r
		}, a.Val))
		for _, scheme := range []string{"javascript:", "vbscript:", "data:", "file:"} {
			if strings.HasPrefix(bare, scheme) {
				return fmt.Errorf("href %q", a.Val)
			}
		}
		return nil
	}
	return fmt.Errorf("attribute %s of %s", a.Key, tag)
}

// TestMarkdownIsNotSlow renders texts that cost careless parsers the square of
// their length or more. It fails by the test's own time limit.
func TestMarkdownIsNotSlow(t *testing.T) {
	for _, unit := range []string{"[", "![", "*a ", "_a_*b*", ">", "> ", "- ", "1. ", "`", "<", "[a](", "[a]: b\n", "|a", "a|b\n-|-\n", "~~", "&", "\\", "#", "https://a.", "a@b.", "<a@", "    a\n", "\t", "```\n", "* a\n ", "(", "[[a]]", "** *", "[a][b]\n\n"} {
		source := strings.Repeat(unit, MaxComment/len(unit))
		if err := unsafe(string(Markdown(source))); err != nil {
			t.Errorf("%q: %v", unit, err)
		}
	}
}

// FuzzMarkdown: whatever is written, the HTML holds no script, handler, image or
// dangerous address, and every element is closed.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# a\n*b* [c](d) ![e](f) <g> `h`\n\n> i\n- j\n1. k\n\n|l|m|\n|-|-|\n|n|o|\n", "<script>alert(1)</script>", "[a](javascript:alert(1))", "<javascript:alert(1)>",
		"[a]: javascript:alert(1)\n[a]", "![a](data:text/html;base64,PHN2Zz4=)", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "[a](https://x\"onclick=\"y)", "[a](<javascript:x>)",
		"[a](java\tscript:x)", "[a](&#x6A;avascript:x)", "```\n</code></pre><script>", "`</code><script>`", "<a href='x'>y</a>", "<!-- --><script>", "<![CDATA[<script>]]>", "&lt;script&gt;", "\\<script>",
		"[![a](b)](c)", "[a [b](c)](d)", "https://a/\"onx=y", "www.a.b", "ftp://a.b", "a@b.c", "- - - -\n> > >\n", "[a](//evil.example)", "[a](\\\\evil)", "\x00\xff\u202e", "[x](mailto:a?body=<script>)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got := string(Markdown(source))
		if err := unsafe(got); err != nil {
			t.Fatalf("%v\nsource %q\nHTML %q", err, source, got)
		}
	})
}
