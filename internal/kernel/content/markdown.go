// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Two locks, one behind the other: the parser knows no raw HTML, so that a tag is
// shown as text and nothing that somebody wrote disappears; and what it gives is
// cleaned by an allow list, so that a mistake in the parser harms nobody.
var (
	markdown = newMarkdown()
	cleaner  = newCleaner()
	// linkSchemes are where links may lead, beside this server.
	linkSchemes = []string{"http", "https", "mailto"}
)

// headingShift makes a text's first heading one of third level: the page has the
// first, its sections the second.
const headingShift = 2

// maxNesting is how many blocks one line may open: a line of ten thousand ">" is
// no quotation.
const maxNesting = 50

// Markdown renders CommonMark with tables, strike-through and bare links as HTML
// that is safe to put into a page. Raw HTML is shown as text, an image becomes a
// link to it, links carry rel="nofollow noopener". It is safe for concurrent use.
func Markdown(source string) template.HTML {
	doc, src := parse(source)
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, src, doc); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) // no renderer returned an error so far
	}
	return template.HTML(cleaner.SanitizeBytes(out.Bytes()))
}

func parse(source string) (ast.Node, []byte) {
	src := shallow([]byte(strings.ToValidUTF8(source, "\uFFFD")))
	return markdown.Parser().Parse(text.NewReader(src)), src
}

// marker matches what can open blocks at the beginning of a line.
var marker = regexp.MustCompile(`^(?:[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t]))+`)

// shallow makes lines that would open too many blocks ordinary text, by a
// backslash before them: the parser's time grows with the square of the nesting.
func shallow(src []byte) []byte {
	lines := bytes.SplitAfter(src, []byte("\n"))
	for i, line := range lines {
		opened := 0
		for _, c := range marker.Find(line) {
			if strings.IndexByte(">-+*.)", c) >= 0 {
				opened++
			}
		}
		if opened > maxNesting {
			lines[i] = append([]byte(`\`), bytes.TrimLeft(line, " \t")...)
		}
	}
	return bytes.Join(lines, nil)
}

func newMarkdown() goldmark.Markdown {
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(tame{}, 1000)),
	)
	return goldmark.New(goldmark.WithParser(p), goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
		extension.Strikethrough,
		extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})),
	))
}

// tame changes the parsed text: headings go below those of the page, and images,
// which would tell their server who reads what, become links.
type tame struct{}

func (tame) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var images []*ast.Image
	var links []*ast.Link
	// The walk has no error to return.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(6, n.Level+headingShift)
		case *ast.Image:
			images = append(images, n)
		case *ast.Link:
			links = append(links, n)
		case *ast.AutoLink:
			n.SetAttributeString("rel", []byte(linkRel))
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images {
		if link := replaceImage(image); link != nil {
			links = append(links, link)
		}
	}
	for _, link := range links {
		link.SetAttributeString("rel", []byte(linkRel))
		if !harmless(link.Destination) {
			unwrap(link)
		}
	}
}

const linkRel = "nofollow noopener"

// harmless reports whether a link may lead to the destination.
func harmless(destination []byte) bool {
	u, err := url.Parse(string(util.URLEscape(destination, true)))
	return err == nil && (u.Scheme == "" || slices.Contains(linkSchemes, u.Scheme))
}

// replaceImage puts a link in the place of an image and returns it, or only the
// image's description if it stands in a link already.
func replaceImage(image *ast.Image) *ast.Link {
	if insideLink(image) {
		unwrap(image)
		return nil
	}
	link := ast.NewLink()
	link.Destination = image.Destination
	for child := image.FirstChild(); child != nil; child = image.FirstChild() {
		link.AppendChild(link, child)
	}
	if link.FirstChild() == nil {
		link.AppendChild(link, ast.NewString(image.Destination))
	}
	image.Parent().ReplaceChild(image.Parent(), image, link)
	return link
}

// unwrap replaces a node by its children.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}

func insideLink(n ast.Node) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}

// newCleaner returns the allow list: no scripts, styles, images, frames, forms,
// classes or ids, and links only to http, https, mailto and this server.
func newCleaner() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "del",
		"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^` + linkRel + `$`)).OnElements("a")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowURLSchemes(linkSchemes...)
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}
