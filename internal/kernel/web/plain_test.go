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

func TestPlainText(t *testing.T) {
	for text, want := range map[string]bool{
		"":                            true,
		"One line,\r\n\tand another.": true,
		"نام\u200cخانوادگی \u200f.":   true, // joiners and marks of the direction
		"👩\u200d🔬 \ufe0f":             true,
		"soft\u00adhyphen":            true,
		"approve\u202eevorppa":        false,
		"a\u2066b":                    false,
		"a\u2069b":                    false,
		"a\u200bb":                    false,
		"a\u2060b":                    false,
		"\ufeffa":                     false,
		"a\u2028b":                    false,
		"a\U000e0041":                 false,
		"a\x00b":                      false,
		"a\x1b[2J":                    false,
		"a\u009b2J":                   false,
		"allow\rdeny ":                false, // a terminal prints the one over the other
		"a\xff":                       false,
	} {
		if got := web.PlainText(text); got != want {
			t.Errorf("PlainText(%+q) = %v, want %v", text, got, want)
		}
	}
}
