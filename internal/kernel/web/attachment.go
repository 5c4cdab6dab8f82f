// SPDX-License-Identifier: Apache-2.0

package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Attachment answers with a file that somebody uploaded, to be saved and never
// shown: it could hold a page that acts in the reader's name.
func (c *Ctx) Attachment(name, contentType string, data []byte) error {
	h := c.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(name)}))
	c.W.WriteHeader(http.StatusOK)
	_, err := c.W.Write(data)
	return err
}

// fileName keeps of a name what every system can save.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if name = strings.Trim(name, ". "); name == "" {
		return "file"
	}
	return name
}
