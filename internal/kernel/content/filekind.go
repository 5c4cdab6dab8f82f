// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// fileKind is a kind of file that may be allowed: the media type it is sent
// with, and how its content is recognised.
type fileKind struct {
	media string
	is    func(data []byte) bool
}

const mediaText = "text/plain; charset=utf-8"

// fileKinds are the kinds that can be allowed, by extension. What is not here
// cannot be attached at all: programs, HTML, SVG and XML among it. Each content
// must look like its name says, so that an HTML page named .png is not kept for
// a program that looks at the content.
var fileKinds = map[string]fileKind{
	"pdf":  {"application/pdf", begins("%PDF-")},
	"png":  {"image/png", begins("\x89PNG\r\n\x1a\n")},
	"jpg":  {"image/jpeg", begins("\xff\xd8\xff")},
	"jpeg": {"image/jpeg", begins("\xff\xd8\xff")},
	"gif":  {"image/gif", func(d []byte) bool { return begins("GIF87a")(d) || begins("GIF89a")(d) }},
	"webp": {"image/webp", func(d []byte) bool { return begins("RIFF")(d) && len(d) > 12 && string(d[8:12]) == "WEBP" }},
	"txt":  {mediaText, isText}, "log": {mediaText, isText}, "md": {mediaText, isText},
	"csv": {mediaText, isText}, "tsv": {mediaText, isText}, "json": {mediaText, isText},
	"yaml": {mediaText, isText}, "yml": {mediaText, isText}, "toml": {mediaText, isText},
	"patch": {mediaText, isText}, "diff": {mediaText, isText}, "asc": {mediaText, isText},
	"zip":  {"application/zip", begins("PK\x03\x04")},
	"gz":   {"application/gzip", begins("\x1f\x8b\x08")},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", begins("PK\x03\x04")},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", begins("PK\x03\x04")},
	"pptx": {"application/vnd.openxmlformats-officedocument.presentationml.presentation", begins("PK\x03\x04")},
	"odt":  {"application/vnd.oasis.opendocument.text", begins("PK\x03\x04")},
	"ods":  {"application/vnd.oasis.opendocument.spreadsheet", begins("PK\x03\x04")},
	"odp":  {"application/vnd.oasis.opendocument.presentation", begins("PK\x03\x04")},
}

func knownKinds() []string { return slices.Sorted(maps.Keys(fileKinds)) }

func begins(magic string) func([]byte) bool {
	return func(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }
}

// isText reports whether data is UTF-8 text that is neither mark-up (it would
// begin with "<") nor a script (it would begin with "#!").
func isText(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	for _, c := range data {
		if c < ' ' && !strings.ContainsRune("\t\n\r\f\b\x1b", rune(c)) || c == 0x7f {
			return false
		}
	}
	start := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	return !bytes.HasPrefix(start, []byte("<")) && !bytes.HasPrefix(data, []byte("#!"))
}
