// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the white margin that scanners need, in modules (ISO/IEC 18004).
const quietZone = 4

// qrCode draws text as a QR code: dark on white in every colour scheme, because
// scanners want it so. Label is the picture's alternative text.
func qrCode(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw QR code: %w", err)
	}
	side := code.Bounds().Dx()
	dark := func(x, y int) bool { return code.At(x, y) == color.Black }
	var path strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			start := x
			for x < side && dark(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
			}
		}
	}
	all := side + 2*quietZone
	return template.HTML(fmt.Sprintf(
		`<svg width="264" height="264" viewBox="-%d -%d %d %d" role="img" aria-label="%s" shape-rendering="crispEdges">`+
			`<path fill="#fff" d="M-%d-%dh%dv%dh-%dz"/><path fill="#000" d="%s"/></svg>`,
		quietZone, quietZone, all, all, template.HTMLEscapeString(label),
		quietZone, quietZone, all, all, all, path.String())), nil
}
