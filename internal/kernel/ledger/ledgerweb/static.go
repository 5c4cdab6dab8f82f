// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed static/*.js
var scripts embed.FS

//go:embed templates messages
var pageFiles embed.FS

// scriptNames are the modules of the verifier. They import each other by name,
// so they are served from one folder, named by a digest of both: a browser may
// keep them for ever and never mixes two versions.
func scriptNames() []string { return []string{"proof.js", "verify.js"} }

// verifier is the served scripts.
type verifier struct {
	url    string // of verify.js
	byPath map[string][]byte
}

// newVerifier reads the embedded scripts; that they are embedded is a property of
// the build, so a missing one panics.
func newVerifier() *verifier {
	v := &verifier{byPath: map[string][]byte{}}
	digest := sha256.New()
	for _, name := range scriptNames() {
		data, err := scripts.ReadFile("static/" + name)
		if err != nil {
			panic("ledgerweb: " + err.Error())
		}
		digest.Write(data)
		v.byPath[name] = data
	}
	folder := "/static/ledger/" + hex.EncodeToString(digest.Sum(nil)[:8]) + "/"
	for _, name := range scriptNames() {
		v.byPath[folder+name] = v.byPath[name]
		delete(v.byPath, name)
	}
	v.url = folder + "verify.js"
	return v
}

func (v *verifier) serve(c *web.Ctx) error {
	data, ok := v.byPath[c.R.URL.Path]
	if !ok {
		return fault.ItemNotFound()
	}
	h := c.W.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := c.W.Write(data)
	return err
}
