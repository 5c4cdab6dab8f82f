// SPDX-License-Identifier: Apache-2.0

package risk

import "portreeve.org/portreeve/internal/kernel/web"

// line checks a text that stands for something in lists, on terminals and in the
// ledger: as text, and a single line without characters that hide or reorder
// their neighbours, because a name that can pass for another one deceives.
func (f *fields) line(path, value string, limit int, required bool) string {
	before := len(*f)
	value = f.text(path, value, limit, required)
	if len(*f) == before && !web.PlainName(value) {
		f.add(path, "unseen_character", "Use a single line, without characters that hide or reorder others.")
	}
	return value
}
