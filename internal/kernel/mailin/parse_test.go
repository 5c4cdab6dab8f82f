// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/web"
)

// wire gives a mail the line ends that it has on its way.
func wire(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

const head = "From: olive@example.org\nMIME-Version: 1.0\n"

// mixed is a multipart of that kind with those parts.
func mixed(kind string, parts ...string) string {
	s := "Content-Type: multipart/" + kind + "; boundary=\"b-" + kind + "\"\n\n"
	for _, p := range parts {
		s += "--b-" + kind + "\n" + p + "\n"
	}
	return s + "--b-" + kind + "--\n"
}

func part(kind, body string) string { return "Content-Type: " + kind + "\n\n" + body }

func TestRead(t *testing.T) {
	cases := map[string]struct {
		raw  string
		want string
	}{
		"plain":               {head + "\nOne.\nTwo.\n", "One.\nTwo.\n"},
		"no text":             {head, ""},
		"header alone":        {strings.TrimSuffix(head, "\n"), ""},
		"quoted-printable":    {head + "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe=20an =\nalle", "Grüße an alle"},
		"base64":              {head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: BASE64\n\n" + base64.StdEncoding.EncodeToString([]byte("Grüße")), "Grüße"},
		"windows-1252":        {head + "Content-Type: text/plain; charset=\"windows-1252\"\n\n\x93quoted\x94", "“quoted”"},
		"koi8-r":              {head + "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
		"iso-2022-jp":         {head + "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$O$$\x1b(B", "はい"},
		"utf-16":              {head + "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("J\x00a\x00")), "Ja"},
		"unknown charset":     {head + "Content-Type: text/plain; charset=x-klingon\n\nGrüße \xff", "Grüße \ufffd"},
		"no charset":          {head + "\nGr\xfc\xdfe", "Gr\ufffde"},
		"bad content type":    {head + "Content-Type: ;;;\n\ntext", "text"},
		"alternative":         {head + mixed("alternative", part("text/plain", "plain"), part("text/html", "<b>html</b>")), "plain"},
		"alternative, turned": {head + mixed("alternative", part("text/html", "<b>html</b>"), part("text/plain", "plain")), "plain"},
		"html only":           {head + "Content-Type: text/html; charset=utf-8\n\n<p>One &amp; two</p><p>Three<br>four</p>", "One & two\n\nThree\nfour"},
		"html and a file":     {head + mixed("mixed", mixed("related", part("text/html", "<b>html</b>"), part("image/png", "x"))), "html"},
		"two texts":           {head + mixed("mixed", part("text/plain", "one"), part("text/plain", "two")), "one\n\ntwo"},
		"attached text":       {head + mixed("mixed", part("text/plain", "one"), part("text/plain\nContent-Disposition: attachment; filename=a.txt", "two")), "one"},
		"attached mail":       {head + mixed("mixed", part("text/plain", "one"), part("message/rfc822", "From: x@example.org\n\nquoted")), "one"},
		"signed":              {head + mixed("signed", part("text/plain", "one"), part("application/pgp-signature", "x")), "one"},
		"encrypted":           {head + mixed("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x")), ""},
		"ends too early":      {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + part("text/plain", "one\n--b\nContent-Type: text/pl"), "one"},
		"unseen":              {head + "\nno\u200bthing\u202e hidden\x07\x00", "nothing hidden"},
		"bare carriage":       {head + "\none\rtwo", "one\ntwo"},
		"garbage for base64":  {head + "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8=%%%%", "Hello"},
	}
	for name, c := range cases {
		l, err := read(wire(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l.text != c.want {
			t.Errorf("%s: %q, want %q", name, l.text, c.want)
		}
		if l.from != "olive@example.org" {
			t.Errorf("%s: from %q", name, l.from)
		}
	}
}

func TestSubject(t *testing.T) {
	for field, want := range map[string]string{
		"=?utf-8?q?Gr=C3=BC=C3=9Fe?=":           "Grüße",
		"=?iso-8859-1?b?R3L832U=?= an alle":     "Grüße an alle",
		"=?x-klingon?q?abc?=":                   "abc",
		"=?utf-8?q?a=0D=0ABcc:_b?=":             "a Bcc: b",
		"=?utf-8?q?a=E2=80=AEb?=":               "ab",
		"=?utf-8?b?%%%?=":                       "=?utf-8?b?%%%?=",
		strings.Repeat("ü", maxSubject):         strings.Repeat("ü", maxSubject/2),
		"folded\n over lines":                   "folded over lines",
		"=?utf-8?q?<script>alert(1)</script>?=": "<script>alert(1)</script>",
	} {
		l, err := read(wire(head + "Subject: " + field + "\n\ntext"))
		if err != nil || l.subject != want {
			t.Errorf("%q is %q, %v, want %q", field, l.subject, err, want)
		}
	}
}

func TestAttachments(t *testing.T) {
	l, err := read(wire(head + mixed("mixed",
		part("text/plain", "See the files."),
		part("application/pdf; name=\"ignored.pdf\"\nContent-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte("%PDF"))),
		part("text/plain\nContent-Disposition: attachment; filename=\"../../etc/passwd\"", "root"),
		part("image/png\nContent-Disposition: attachment; filename=\"=?utf-8?q?a=E2=80=AEgnp.exe?=\"", "x"),
		part("image/png\nContent-Transfer-Encoding: base64", "!!!!"),
	)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range l.attachments {
		got = append(got, fmt.Sprintf("%s (%s) %s", a.Name, a.Type, a.Data))
	}
	want := []string{"Grüße.pdf (application/pdf) %PDF", "passwd (text/plain) root", "agnp.exe (image/png) x"}
	if fmt.Sprint(got) != fmt.Sprint(want) || l.left != 1 {
		t.Errorf("%q and %d more, want %q and 1", got, l.left, want)
	}
}

// TestBombs: mails that are made to cost much are refused, or cost little.
func TestBombs(t *testing.T) {
	nested := part("text/plain", "deep")
	for level := range maxNesting + 1 {
		nested = strings.ReplaceAll(mixed("mixed", nested), "b-mixed", fmt.Sprintf("level-%d-", level))
	}
	cases := map[string]struct {
		raw  string
		want error
	}{
		"too deep":        {head + nested, errComplex},
		"too many parts":  {head + mixed("mixed", strings.Split(strings.Repeat("\n\nx|", maxParts+1), "|")...), errComplex},
		"fields":          {head + strings.Repeat("X-A: b\n", maxHeader/6) + "\ntext", errMalformed},
		"one field":       {head + "X-A: " + strings.Repeat("b", maxHeader) + "\n\ntext", errMalformed},
		"no boundary":     {head + "Content-Type: multipart/mixed\n\nx", errMalformed},
		"never begins":    {head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("x\n", 1000), nil},
		"no fields":       {"just a text\n\nof two parts", errMalformed},
		"fields of parts": {head + mixed("mixed", strings.Repeat("X-A: b\n", 100_000)+"\nx"), errMalformed},
		"zero byte":       {head + "X-A: \x00\n\ntext", errMalformed},
		"html depth":      {head + "Content-Type: text/html\n\n" + strings.Repeat("<div><blockquote>", 60_000) + "end", nil},
		"html text":       {head + "Content-Type: text/html\n\n" + strings.Repeat("<p>&amp;", 400_000), nil},
		"one tag":         {head + "Content-Type: text/html\n\n<a " + strings.Repeat("b=c ", 400_000), nil},
		"newlines":        {head + "\n" + strings.Repeat("\n", 1<<20), nil},
		"announcements":   {head + "\n" + strings.Repeat("On 1.1.2026 10:00 wrote: \n\n\n", 40_000), nil},
		"unseen":          {head + "\n" + strings.Repeat("\u200b", 300_000), nil},
	}
	for name, c := range cases {
		raw := wire(c.raw)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		l, err := read(raw)
		if l != nil {
			Cut(l.text)
		}
		runtime.ReadMemStats(&after)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d MiB were allocated for a mail of %d KiB", name, grown>>20, len(raw)>>10)
		}
	}
}

// TestHTML: no markup survives, and quotes are marked.
func TestHTML(t *testing.T) {
	cases := map[string]struct{ html, want string }{
		"blocks":     {"<html><head><title>x</title><style>p{}</style></head><body><h1>A</h1><p>b <b>c</b>\n d</p><ul><li>e<li>f</ul></body>", "A\n\nb c d\n\n- e\n- f"},
		"script":     {"a<script>alert('<p>x')</script>b<!-- c --><img src=x onerror=alert(1)>", "ab"},
		"entities":   {"&lt;script&gt; &nbsp;&eacute;", "<script> \u00a0é"},
		"hidden":     {"a<div style='Display: none'>b<div>c</div></div><span hidden>d</span>e", "a\ne"},
		"link":       {`<a href="https://example.org/x">there</a> <a href="https://example.org/">https://example.org</a> <a href="javascript:alert(1)">no</a>`, "there (https://example.org/x) https://example.org no"},
		"quote":      {"<p>Yes.</p><blockquote><p>" + secret + "</p><p>More</p></blockquote><p>No.</p>", "Yes.\n\n> " + secret + "\n\n> More\n\nNo."},
		"gmail":      {`<div dir="ltr">Yes.</div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, Rita wrote:<br></div><blockquote class="gmail_quote">` + secret + `</blockquote></div>`, "Yes.\n> > On Mon, Rita wrote:\n\n> > " + secret},
		"table":      {"<table><tr><td>a<td>b</tr><tr><td>c</table>", "a b\nc"},
		"unfinished": {"a<b", "a"},
	}
	for name, c := range cases {
		got := plain(strings.NewReader(c.html))
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if own, _ := Cut(got); strings.Contains(own, "hunter2") {
			t.Errorf("%s: the quote is left: %q", name, own)
		}
	}
}

func TestAuthentication(t *testing.T) {
	cases := []struct {
		fields string // separated by |
		want   dmarc
	}{
		{"mx.example.org; dmarc=pass header.from=example.org", dmarc{"pass", "example.org"}},
		{"MX.example.org 1; spf=pass; dkim=pass; dmarc=PASS (p=none dis=none) header.from=Example.ORG", dmarc{"pass", "example.org"}},
		{"mx.example.org; dmarc = pass header.from = example.org", dmarc{"pass", "example.org"}},
		{"mx.example.org (our server); dmarc/1=pass header.from=example.org", dmarc{"pass", "example.org"}},
		{"other.example; dmarc=pass header.from=example.org|mx.example.org; dmarc=fail header.from=example.org", dmarc{"fail", "example.org"}},
		{"mx.example.org; dmarc=fail header.from=example.org|mx.example.org; dmarc=pass header.from=example.org", dmarc{"fail", "example.org"}},
		{"mx.example.org; none", dmarc{}},
		{"mx.example.org; none|mx.example.org; dmarc=pass header.from=example.org", dmarc{}},
		{"mx.example.org; dmarc=pass header.from=a.example; dmarc=fail header.from=b.example", dmarc{}},
		{"mx.example.org; spf=fail (a ; dmarc=pass header.from=example.org)", dmarc{}},
		{"mx.example.org; spf=fail (a \\) ; dmarc=pass header.from=example.org)", dmarc{}},
		{"mx.example.org; spf=fail (a (b) ; dmarc=pass header.from=example.org)", dmarc{}},
		{"mx.example.org; spf=fail smtp.mailfrom=\"a; dmarc=pass header.from=example.org\"", dmarc{}},
		{"mx.example.org; spf=fail smtp.mailfrom=\"a\\\"; dmarc=pass header.from=example.org\"", dmarc{}},
		{"mx.example.org; dmarc=pass header.from=example.org (", dmarc{}},
		{"mx.example.org.elsewhere.example; dmarc=pass header.from=example.org", dmarc{}},
		{"elsewhere.example mx.example.org; dmarc=pass header.from=example.org", dmarc{}},
		{"", dmarc{}},
	}
	for _, c := range cases {
		if got := authentication(strings.Split(c.fields, "|"), "mx.example.org"); got != c.want {
			t.Errorf("%q says %+v, want %+v", c.fields, got, c.want)
		}
	}
	if got := authentication([]string{"; dmarc=pass header.from=example.org"}, ""); got != (dmarc{}) {
		t.Errorf("nobody is believed, but %+v", got)
	}
}

// FuzzRead: whatever comes is refused or fit to be shown, and ends.
func FuzzRead(f *testing.F) {
	f.Add(wire(head + "\ntext"))
	f.Add(wire(head + mixed("alternative", part("text/plain", "a"), part("text/html", "<blockquote>b"))))
	f.Add(wire(head + mixed("mixed", part("text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64", "8NLJ18XU"), part("x/y\nContent-Disposition: attachment; filename=a", "b"))))
	f.Add(wire(passed + "Subject: =?utf-8?q?=C3?=\nFrom: a@b.example, c@d.example\n\n> a\n-- \nb"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := read(raw)
		if err != nil && !errors.Is(err, errMalformed) && !errors.Is(err, errComplex) {
			t.Errorf("the error is %v", err)
		}
		fingerprint(raw, "review ")
		if l == nil {
			return
		}
		own, _ := Cut(l.text)
		if !web.PlainText(l.text) || !web.PlainText(own) || !web.PlainName(l.subject) || len(l.subject) > maxSubject || !utf8.ValidString(l.from) || l.from != "" && !sane(l.from) {
			t.Errorf("not fit to be shown: %q %q %q", l.text, l.subject, l.from)
		}
		for _, a := range l.attachments {
			if !web.PlainName(a.Name) || strings.ContainsAny(a.Name, `/\`) || len(a.Data) > len(raw) {
				t.Errorf("the file %q of %d bytes", a.Name, len(a.Data))
			}
		}
		said := authentication(l.header["Authentication-Results"], testMX)
		if said.result == "pass" && !bytes.Contains(bytes.ToLower(raw), []byte("dmarc")) {
			t.Error("a result out of nothing")
		}
		automatic(l.header, testHost, false, false)
	})
}
