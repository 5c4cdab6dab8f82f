// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth bounds how many open elements are remembered; what is nested deeper is
// read as if it stood there.
const maxDepth = 200

// plain returns the text of an HTML document without any markup. What it marks as
// quoted gets ">" before each line, as in a mail of plain text, so that [Cut] finds
// it. It reads tokens, not a tree: memory is bounded by the text.
func plain(r io.Reader) string {
	p := htmlReader{}
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxText)
	for {
		switch z.Next() {
		case html.ErrorToken:
			p.line()
			return strings.Trim(p.out.String(), "\n")
		case html.TextToken:
			p.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			p.start(z.Token())
		case html.EndTagToken:
			name, _ := z.TagName()
			p.end(atom.Lookup(name))
		}
	}
}

// htmlReader writes the text of the tokens that it is given.
type htmlReader struct {
	out    strings.Builder
	now    strings.Builder // the line that is being written
	open   []element
	quoted int // how many open elements are quotes
	hidden int // how many are not shown
	blank  bool
	space  bool
}

// element is an open element that means something to its end.
type element struct {
	name           atom.Atom
	quoted, hidden bool
	link           string
}

// text adds text; runs of white space are one blank, as in a browser.
func (p *htmlReader) text(s string) {
	if p.hidden > 0 {
		return
	}
	for _, c := range s {
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f':
			p.space = true
			continue
		case p.space && p.now.Len() > 0:
			p.now.WriteByte(' ')
		}
		p.space = false
		p.now.WriteRune(c)
	}
}

// line ends the line that is being written.
func (p *htmlReader) line() {
	text := strings.TrimRight(p.now.String(), " ")
	p.now.Reset()
	p.space = false
	if text == "" {
		return
	}
	if p.blank && p.out.Len() > 0 {
		p.out.WriteString("\n")
	}
	p.blank = false
	p.out.WriteString(strings.Repeat("> ", min(p.quoted, 3)) + text + "\n")
}

// tall are the elements with room above and below; block are those that begin a line.
func block(name atom.Atom) (block, tall bool) {
	switch name {
	case atom.P, atom.Blockquote, atom.Ul, atom.Ol, atom.Table, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr:
		return true, true
	case atom.Div, atom.Br, atom.Li, atom.Tr, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Body, atom.Form, atom.Fieldset:
		return true, false
	}
	return false, false
}

func (p *htmlReader) start(t html.Token) {
	starts, tall := block(t.DataAtom)
	if starts {
		p.line()
		p.blank = p.blank || tall
	}
	switch t.DataAtom {
	case atom.Li:
		p.text("- ")
	case atom.Td, atom.Th:
		p.space = true
	case atom.Br, atom.Hr, atom.Img, atom.Meta, atom.Link, atom.Input, atom.Col, atom.Base, atom.Wbr, atom.Area, atom.Embed, atom.Source, atom.Track:
		return // these have no end
	}
	if t.Type == html.SelfClosingTagToken || len(p.open) >= maxDepth {
		return
	}
	e := element{name: t.DataAtom, quoted: quotes(t), hidden: hides(t)}
	if t.DataAtom == atom.A {
		e.link = attribute(t, "href")
	}
	p.open = append(p.open, e)
	if e.quoted {
		p.line()
		p.quoted++
	}
	if e.hidden {
		p.hidden++
	}
}

// end closes an element, and those in it that were left open.
func (p *htmlReader) end(name atom.Atom) {
	starts, tall := block(name)
	if starts {
		p.line()
		p.blank = p.blank || tall
	}
	at := len(p.open) - 1
	for at >= 0 && p.open[at].name != name {
		at--
	}
	if at < 0 {
		return
	}
	for _, e := range p.open[at:] {
		p.target(e.link)
		if e.quoted {
			p.line()
			p.quoted--
		}
		if e.hidden {
			p.hidden--
		}
	}
	p.open = p.open[:at]
}

// target writes where a link leads, if that is not what it says.
func (p *htmlReader) target(url string) {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return
	}
	if said := p.now.String(); !strings.HasSuffix(said, url) && !strings.HasSuffix(said, strings.TrimSuffix(url, "/")) {
		p.text(" (" + url + ")")
	}
}

// quotes reports whether an element holds what somebody else wrote.
func quotes(t html.Token) bool {
	if t.DataAtom == atom.Blockquote {
		return true
	}
	for _, class := range strings.Fields(attribute(t, "class")) {
		switch class {
		case "gmail_quote", "gmail_quote_container", "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "zmail_extra":
			return true
		}
	}
	return false
}

// hides reports whether an element is not part of the text.
func hides(t html.Token) bool {
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Svg, atom.Math, atom.Object, atom.Iframe, atom.Select, atom.Textarea:
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attribute(t, "style")), " ", "")
	if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
		return true
	}
	for _, a := range t.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	return false
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
