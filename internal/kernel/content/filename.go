// SPDX-License-Identifier: Apache-2.0

package content

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const maxFileName = 120 // bytes; file systems allow 255

// reserved are names that open a device on Windows, with whatever extension.
var reserved = []string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// FileName returns a name under which a file can be kept and sent anywhere: the
// last part of a path, in Unicode's composed form, without control and
// direction-changing characters (which make "exe.png" of "gnp.exe"), without
// characters that a file system or a shell treats specially, without leading
// dots, and at most 120 bytes long. It is never empty.
func FileName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = norm.NFC.String(name)
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), r == unicode.ReplacementChar:
			return -1
		case strings.ContainsRune("\"*:<>?|/\\`$;&%'", r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	stem, extension := cutExtension(name)
	if len(extension) > 20 {
		stem, extension = name, ""
	}
	stem = strings.TrimRight(cut(stem, maxFileName-len(extension)), ". ")
	if stem == "" {
		stem = "attachment"
	}
	if slices.Contains(reserved, strings.ToLower(stem)) {
		stem = "_" + stem
	}
	return stem + extension
}

// cutExtension splits "a.b.PNG" into "a.b" and ".PNG".
func cutExtension(name string) (stem, extension string) {
	extension = path.Ext(name)
	return strings.TrimSuffix(name, extension), extension
}

// cut shortens text to at most limit bytes without splitting a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
