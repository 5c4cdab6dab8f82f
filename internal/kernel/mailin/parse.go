// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// What a mail may be made of. Whatever is larger or deeper is not read.
const (
	maxHeader      = 256 << 10 // bytes of the fields above the text
	maxParts       = 200       // parts of all levels together
	maxNesting     = 10        // levels of parts in parts
	maxText        = 512 << 10 // bytes of text that are read of each part
	maxAttachments = 50
	maxSubject     = 200 // bytes
)

// Attachment is a file that came with a mail. Its name and type are what the sender
// says; nothing of it was looked at.
type Attachment struct {
	Name string // cleaned, of one line, without folders; empty: the sender gave none
	Type string // "application/pdf"
	Data []byte
}

// letter is a mail that was read.
type letter struct {
	header      mail.Header
	from        string // the one address of From as it was written; empty: none, several, or no sane one
	subject     string
	text        string // cleaned, with quotes
	attachments []Attachment
	left        int // parts that could not be decoded, or were too many
}

// The ways in which a mail cannot be read; each is a reason to park it.
var (
	errMalformed = errors.New("the mail is malformed")
	errComplex   = errors.New("the mail has too many parts, or parts in parts")
)

// read takes a mail apart. Memory is bounded by a small multiple of its size.
func read(raw []byte) (*letter, error) {
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(raw) // fields alone: a mail without text
	}
	if end > maxHeader || !lines(raw[:end]) {
		return nil, errMalformed
	}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		if end < len(raw) {
			return nil, errMalformed
		}
		if msg, err = mail.ReadMessage(io.MultiReader(bytes.NewReader(raw), strings.NewReader("\r\n\r\n"))); err != nil {
			return nil, errMalformed
		}
	}
	l := &letter{header: msg.Header, from: fromAddress(msg.Header), subject: cleanLine(words(msg.Header.Get("Subject")), maxSubject)}
	r := reader{letter: l}
	text, _, err := r.part(partHeader(msg.Header), msg.Body, 0)
	l.text = clean(text)
	return l, err
}

// lines reports whether the fields are lines that end with CR LF. A bare CR, LF or
// NUL would let us read other fields than the server did that looked at the sender.
func lines(header []byte) bool {
	for i, c := range header {
		switch {
		case c == 0:
			return false
		case c == '\n' && (i == 0 || header[i-1] != '\r'):
			return false
		case c == '\r' && i+1 < len(header) && header[i+1] != '\n':
			return false
		}
	}
	return true
}

// fromAddress returns the one sane address of the one From field, or "". Others are
// legal, but say nothing about who wrote (RFC 7489, 6.6.1).
func fromAddress(h mail.Header) string {
	if len(h["From"]) != 1 {
		return ""
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		return decoded(label, r), nil
	}}}
	all, err := parser.ParseList(h.Get("From"))
	if err != nil || len(all) != 1 || !sane(all[0].Address) {
		return ""
	}
	return all[0].Address
}

// sane reports whether an address is of the ordinary form, in ASCII: what looks like
// another one, or needs quoting, is nobody's here.
func sane(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	return ok && local != "" && domain != "" && len(address) <= 254 && !strings.ContainsFunc(address, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune("\"\\(),:;<>[]", c)
	}) && !strings.Contains(domain, "@")
}

// partHeader gives the fields of a part, whose keys are canonical.
type partHeader map[string][]string

func (h partHeader) get(key string) string {
	if len(h[key]) == 0 {
		return ""
	}
	return h[key][0]
}

// reader reads the parts of one mail.
type reader struct {
	letter *letter
	parts  int
}

// part reads one part and returns its text, and whether that was plain text.
func (r *reader) part(h partHeader, body io.Reader, depth int) (text string, isPlain bool, err error) {
	if r.parts++; r.parts > maxParts || depth > maxNesting {
		return "", false, errComplex
	}
	kind, params, err := mime.ParseMediaType(h.get("Content-Type"))
	if err != nil || kind == "" {
		kind, params = "text/plain", nil
	}
	if strings.HasPrefix(kind, "multipart/") {
		return r.multipart(kind, params["boundary"], body, depth)
	}
	name, attached := fileOf(h, params)
	decoding := transfer(h.get("Content-Transfer-Encoding"), body)
	switch {
	case attached || kind != "text/plain" && kind != "text/html":
		r.attach(name, kind, decoding)
		return "", false, nil
	case kind == "text/html":
		return plain(decoded(params["charset"], io.LimitReader(decoding, maxText))), false, nil
	}
	data, err := io.ReadAll(io.LimitReader(decoded(params["charset"], decoding), maxText))
	if err != nil {
		r.letter.left++ // what came before is shown
	}
	return string(data), true, nil
}

// multipart reads the parts of a part: of alternatives the plain text, else the last
// one that has a text (RFC 2046, 5.1.4); of all others the texts one below the other.
func (r *reader) multipart(kind, boundary string, body io.Reader, depth int) (string, bool, error) {
	if boundary == "" {
		return "", false, errMalformed
	}
	var texts []string
	best, bestPlain, allPlain := "", false, true
	parts := multipart.NewReader(body, boundary)
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(texts) == 0 {
				return "", false, errMalformed
			}
			r.letter.left++ // the mail ends too early, or goes on with rubbish
			break
		}
		text, isPlain, err := r.part(partHeader(p.Header), p, depth+1)
		if err != nil {
			return "", false, err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		texts, allPlain = append(texts, text), allPlain && isPlain
		if !bestPlain {
			best, bestPlain = text, isPlain
		}
	}
	if kind == "multipart/alternative" {
		return best, bestPlain, nil
	}
	return strings.Join(texts, "\n\n"), allPlain && len(texts) > 0, nil
}

// fileOf returns the name of the file that a part is, and whether it is one.
func fileOf(h partHeader, params map[string]string) (name string, attached bool) {
	disposition, with, err := mime.ParseMediaType(h.get("Content-Disposition"))
	if err != nil {
		with = nil
	}
	name = with["filename"]
	if name == "" {
		name = params["name"]
	}
	name = cleanLine(words(name), maxSubject)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return name, disposition == "attachment" || name != ""
}

// attach keeps a part as a file; what cannot be decoded is left out and counted.
func (r *reader) attach(name, kind string, body io.Reader) {
	data, err := io.ReadAll(body)
	if err != nil || len(r.letter.attachments) >= maxAttachments {
		r.letter.left++
		return
	}
	r.letter.attachments = append(r.letter.attachments, Attachment{Name: name, Type: kind, Data: data})
}

// transfer undoes the transfer encoding (RFC 2045, section 6).
func transfer(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, alphabet{body})
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	default:
		return body
	}
}

// alphabet leaves blanks out, which the decoder would take for an error.
type alphabet struct{ r io.Reader }

func (a alphabet) Read(p []byte) (int, error) {
	for {
		n, err := a.r.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if c != ' ' && c != '\t' {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}
