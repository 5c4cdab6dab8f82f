// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// loadIcons reads the vendored icons: for each the part between <svg ...> and
// </svg>, which is drawn inline so that it takes the text's colour and needs no
// request.
func loadIcons() (map[string]template.HTML, error) {
	names, err := fs.Glob(staticFiles, "static/vendor/icons/*.svg")
	if err != nil {
		return nil, fmt.Errorf("web: listing icons: %w", err)
	}
	icons := map[string]template.HTML{}
	for _, n := range names {
		data, err := fs.ReadFile(staticFiles, n)
		if err != nil {
			return nil, fmt.Errorf("web: reading an icon: %w", err)
		}
		_, rest, ok := strings.Cut(string(data), "<svg")
		_, inner, ok2 := strings.Cut(rest, ">")
		inner, _, ok3 := strings.Cut(inner, "</svg>")
		if !ok || !ok2 || !ok3 {
			return nil, fmt.Errorf("web: %s is not an icon", n)
		}
		icons[strings.TrimSuffix(path.Base(n), ".svg")] = template.HTML(strings.Join(strings.Fields(inner), " "))
	}
	return icons, nil
}

// icon draws a decorative icon; the text beside it says what it means.
func (r *renderer) icon(name string) (template.HTML, error) {
	inner, ok := r.icons[name]
	if !ok {
		return "", fmt.Errorf("web: there is no icon %q; add it to static/vendor/fetch.sh", name)
	}
	return `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + inner + `</svg>`, nil
}
