// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"

	"portreeve.org/portreeve/internal/kernel/fault"
)

//go:embed static
var staticFiles embed.FS

// served are the static files that a browser may fetch, by type. The rest of the
// folder (licences, icons, the vendoring script) is not served.
func served() map[string]string {
	return map[string]string{
		"app.css":            "text/css; charset=utf-8",
		"pictures.css":       "text/css; charset=utf-8",
		"app.js":             "text/javascript; charset=utf-8",
		"gate.svg":           "image/svg+xml",
		"vendor/htmx.min.js": "text/javascript; charset=utf-8",
	}
}

type asset struct {
	data []byte
	kind string
}

// assets are the static files under names that change with their content, so
// that browsers may keep them for ever.
type assets struct {
	urls   map[string]string // "app.css" -> "/static/0123456789abcdef/app.css"
	byPath map[string]asset
}

// newAssets reads the embedded files; that they are embedded is a property of
// the build, so a missing one panics.
func newAssets() *assets {
	a := &assets{urls: map[string]string{}, byPath: map[string]asset{}}
	for name, kind := range served() {
		data, err := fs.ReadFile(staticFiles, "static/"+name)
		if err != nil {
			panic("web: " + err.Error())
		}
		sum := sha256.Sum256(data)
		url := "/static/" + hex.EncodeToString(sum[:8]) + "/" + path.Base(name)
		a.urls[name] = url
		a.byPath[url] = asset{data: data, kind: kind}
	}
	return a
}

func (a *assets) url(name string) (string, error) {
	url, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("web: %q is not a served static file", name)
	}
	return url, nil
}

func (a *assets) serve(c *Ctx) error {
	file, ok := a.byPath[c.R.URL.Path]
	if !ok {
		return fault.ItemNotFound()
	}
	h := c.W.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := c.W.Write(file.data)
	return err
}

// favicon answers the address that browsers ask for unbidden.
func (a *assets) favicon(c *Ctx) error {
	h := c.W.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "public, max-age=86400")
	_, err := c.W.Write(a.byPath[a.urls["gate.svg"]].data)
	return err
}

func robots(c *Ctx) error {
	c.W.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := c.W.Write([]byte("User-agent: *\nAllow: /$\nDisallow: /\n"))
	return err
}

// ownRoutes are the routes that every installation has.
func (m *Mux) ownRoutes() {
	const own = "static files hold no data"
	m.Public("GET /static/{hash}/{file}", own, m.assets.serve)
	m.Public("GET /favicon.ico", own, m.assets.favicon)
	m.Public("GET /robots.txt", "tells crawlers to stay away", robots)
	if m.deps.Drafts != nil {
		m.Page("POST /drafts", ActionDraft, m.postDraft)
		m.Page("GET /drafts/discard", ActionDraft, m.askDiscard)
		m.Page("POST /drafts/discard", ActionDraft, m.postDiscard)
	}
}
