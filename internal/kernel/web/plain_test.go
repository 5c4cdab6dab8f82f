// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
)

func TestPlainName(t *testing.T) {
	for name, want := range map[string]bool{
		"":                          true,
		"Olga Owner":                true,
		"<script>alert(1)</script>": true, // escaped where it is shown
		"نام\u200cخانوادگی":         true, // needs the non-joiner
		"Olga\u202eevil":            false,
		"Olga\u2067":                false,
		"Ol\u200bga":                false,
		"Olga\u200f":                false,
		"Olga\ufeff":                false,
		"Olga\nOwner":               false,
		"Olga\u2028Owner":           false,
		"Olga\xff":                  false,
		"Olga\u0085Owner":           false, // a line break, and what follows is obeyed by terminals
		"Olga\u009b2J":              false,
		"Olga\x7f":                  false,
		"Ol\u00adga":                false,
		"Olga\u3164":                false,
		"Olga\U000e0041":            false,
	} {
		if got := web.PlainName(name); got != want {
			t.Errorf("PlainName(%+q) = %v, want %v", name, got, want)
		}
	}
}
