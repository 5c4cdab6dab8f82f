// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Lengths of a password, in characters and bytes. NIST SP 800-63B-4 section
// 3.1.1.2 asks for 15 characters where the password stands alone and 8 beside
// a second factor; 12 is chosen in between. It also asks to accept at least 64
// characters and to demand no mixture of kinds.
const (
	MinPassword      = 12
	maxPasswordBytes = 512
)

// normalisePassword gives the one form in which a password is hashed, so that
// the same keys on another keyboard give the same password (NFKC, as section
// 3.1.1.2 says).
func normalisePassword(password string) string {
	if len(password) > maxPasswordBytes {
		return password[:maxPasswordBytes+1] // too long to be anybody's; not worth normalising
	}
	return norm.NFKC.String(password)
}

// checkPassword returns why a normalised password is not good enough for this
// person, or nil.
func checkPassword(password string, p Person) error {
	var f fields
	lower := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		f.add("password", "text", "Use characters that can be typed.")
	case utf8.RuneCountInString(password) < MinPassword:
		f.add("password", "short", "Use at least 12 characters. A few unrelated words do well.")
	case len(password) > maxPasswordBytes:
		f.add("password", "long", "Use at most 512 bytes.")
	case containsOwn(lower, p):
		f.add("password", "personal", "Leave your login, name and mail address out of it.")
	case guessable(lower):
		f.add("password", "common", "This is among the first passwords that are tried. Use a few unrelated words.")
	}
	return fault.InvalidFields("identity.password_weak", f)
}

// containsOwn reports whether a password is made from what is known of the person.
func containsOwn(lower string, p Person) bool {
	own := append(strings.Fields(strings.ToLower(p.Name)), p.Login)
	if local, _, ok := strings.Cut(strings.ToLower(p.Mail), "@"); ok {
		own = append(own, local)
	}
	return slices.ContainsFunc(own, func(word string) bool { return len(word) >= 4 && strings.Contains(lower, word) })
}

// guessable recognises the patterns that head every list of leaked passwords,
// by rule instead of by list: few different characters, runs along the
// alphabet or the keyboard, a short piece repeated, and a common word with
// decoration.
func guessable(lower string) bool {
	distinct := map[rune]bool{}
	for _, c := range lower {
		distinct[c] = true
	}
	if len(distinct) < 5 {
		return true
	}
	return mostlyRuns(lower) || repeats(lower) || decorated(lower)
}

// mostlyRuns reports whether fewer than five steps break the runs along the
// alphabet, the digits or a row of keys.
func mostlyRuns(lower string) bool {
	const rows = "abcdefghijklmnopqrstuvwxyz 0123456789 1234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop azertyuiop"
	breaks := 0
	chars := []rune(lower)
	for i := 1; i < len(chars); i++ {
		forward, backward := string(chars[i-1:i+1]), string([]rune{chars[i], chars[i-1]})
		if chars[i] != chars[i-1] && !strings.Contains(rows, forward) && !strings.Contains(rows, backward) {
			breaks++
		}
	}
	return breaks < min(5, len(chars)/4)
}

// repeats reports whether the text is a piece of at most six characters over and over.
func repeats(lower string) bool {
	chars := []rune(lower)
	for size := 1; size <= 6 && size*2 <= len(chars); size++ {
		same := true
		for i := size; i < len(chars) && same; i++ {
			same = chars[i] == chars[i-size]
		}
		if same {
			return true
		}
	}
	return false
}

// decorated reports whether nothing is left but common words once digits and
// signs around them are dropped and the usual substitutions are undone.
func decorated(lower string) bool {
	core := strings.TrimFunc(lower, func(c rune) bool { return !unicode.IsLetter(c) })
	plain := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "$", "s", "@", "a", "!", "i").Replace(core)
	return commonWordsOnly(letters(plain)) || commonWordsOnly(letters(lower))
}

// fewLetters is below what a common word makes of a password that is mostly digits and signs.
const fewLetters = 5

func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) {
			return c
		}
		return -1
	}, s)
}

func commonWordsOnly(text string) bool {
	if len(text) < fewLetters {
		return false
	}
	common := strings.Fields("password passwort passwd pass secret letmein welcome changeme default admin administrator root user " +
		"login master test guest hello iloveyou qwerty dragon monkey football sunshine princess shadow summer winter spring autumn " +
		"company security portreeve correct horse battery staple the my is this i one two three abc i ii iii iv")
	slices.SortFunc(common, func(a, b string) int { return len(b) - len(a) })
	for text != "" {
		i := slices.IndexFunc(common, func(word string) bool { return strings.HasPrefix(text, word) })
		if i < 0 {
			return false
		}
		text = text[len(common[i]):]
	}
	return true
}
