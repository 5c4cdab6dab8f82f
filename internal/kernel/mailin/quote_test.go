// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"strings"
	"testing"
)

const secret = "The key is hunter2."

func TestCut(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"nothing":     {"One.\n\nTwo.\n", "One.\n\nTwo."},
		"below":       {"Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Rita Reviewer <rita@example.org> wrote:\n> " + secret + "\n> More.\n", "Yes."},
		"wrapped":     {"Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Rita Reviewer\n<rita@example.org> wrote:\n\n> " + secret, "Yes."},
		"above":       {"> " + secret + "\n\nYes.", "Yes."},
		"between":     {"On 2026-11-23 10:00, Rita wrote:\n> Which?\n\nThis one.\n\n> " + secret + "\n\nNo.", "This one.\n\n\nNo."},
		"nested":      {"Yes.\n>> " + secret + "\n> > " + secret + "\n", "Yes."},
		"indented":    {"Yes.\n  > " + secret, "Yes."},
		"not marked":  {"Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Rita <rita@example.org> wrote:\n\n" + secret, "Yes."},
		"german":      {"Ja.\n\nAm 23.11.2026 um 10:00 schrieb Rita Reviewer:\n> " + secret, "Ja."},
		"german bare": {"Ja.\n\nAm 23.11.2026 um 10:00 schrieb Rita Reviewer:\n\n" + secret, "Ja."},
		"french":      {"Oui.\n\nLe lun. 23 nov. 2026 à 10:00, Rita <rita@example.org> a écrit :\n\n" + secret, "Oui."},
		"spanish":     {"Sí.\n\nEl lun, 23 nov 2026 a las 10:00, Rita (<rita@example.org>) escribió:\n\n" + secret, "Sí."},
		"russian":     {"Да.\n\n23.11.2026 10:00, Rita пишет:\n> " + secret, "Да."},
		"other words": {"Jah.\n\n23.11.2026 10:00 kirjutas Rita <rita@example.org>:\n> " + secret, "Jah."},
		"outlook":     {"Yes.\n\nFrom: Rita Reviewer\nSent: Monday, November 23, 2026 10:00 AM\nTo: Olive Owner\nSubject: A question\n\n" + secret, "Yes."},
		"rule":        {"Yes.\n\n________________________________\nFrom: Rita <rita@example.org>\nSent: Monday, November 23, 2026\nTo: Olive\n\n" + secret, "Yes."},
		"bold":        {"Yes.\n\n*From:* Rita <rita@example.org>\n*Sent:* Monday\n*To:* Olive\n*Subject:* x\n\n" + secret, "Yes."},
		"german mail": {"Ja.\n\nVon: Rita Reviewer <rita@example.org>\nGesendet: Montag, 23. November 2026\nAn: Olive\nBetreff: x\n\n" + secret, "Ja."},
		"date first":  {"Yes.\n\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nFrom: rita@example.org\nTo: olive@example.org\n\n" + secret, "Yes."},
		"original":    {"Yes.\n\n-----Original Message-----\nFrom: Rita\n\n" + secret, "Yes."},
		"forwarded":   {"See below.\n\n---------- Forwarded message ---------\n" + secret, "See below."},
		"ursprünglich": {"Ja.\n\n-----Ursprüngliche Nachricht-----\n" + secret,
			"Ja."},
		"apple":           {"See.\n\nBegin forwarded message:\n\n" + secret, "See."},
		"signature":       {"Yes.\n-- \nOlive Owner\n", "Yes."},
		"signature quote": {"Yes.\n-- \nOlive\n\n> " + secret, "Yes."},
		"full width":      {"はい。\n＞ " + secret, "はい。"},
		"only a quote":    {"> " + secret, ""},
		"carriage return": {"Yes.\r\n\r\n> " + secret + "\r\n", "Yes."},

		// What is meant as it stands.
		"dashes":       {"a -- b\n---\n- one\n- two", "a -- b\n---\n- one\n- two"},
		"a data flow":  {"Two flows.\nFrom: the browser\nTo: the server\nData: a token\n", "Two flows.\nFrom: the browser\nTo: the server\nData: a token"},
		"who wrote it": {"Rita wrote:\nnothing that I know of.", "Rita wrote:\nnothing that I know of."},
		"a colon":      {"We have these:\n\n- one", "We have these:\n\n- one"},
		"greater":      {"if a > b then c", "if a > b then c"},
	}
	for name, c := range cases {
		got, cut := Cut(c.text)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if want := strings.Trim(strings.ReplaceAll(c.text, "\r", ""), "\n") != c.want; cut != want {
			t.Errorf("%s: cut is %v", name, cut)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("%s: the quote is left", name)
		}
	}
}

// FuzzCut: whatever comes, no marked line is left, cutting twice is cutting once for
// what is marked, and nothing is invented.
func FuzzCut(f *testing.F) {
	f.Add("Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Rita <rita@example.org> wrote:\n> x\n")
	f.Add("a\n>b\nc:\n>d\n-- \ne")
	f.Add("From: a@b.example\nSent: x\nTo: y\nSubject: z")
	f.Fuzz(func(t *testing.T, text string) {
		own, cut := Cut(text)
		rest := text
		for _, line := range strings.Split(own, "\n") {
			if isQuoted(line) {
				t.Errorf("%q is left of %q", line, text)
			}
			if isSignature(line) {
				t.Errorf("a signature is left of %q", text)
			}
			at := strings.Index(rest, line)
			if at < 0 {
				t.Fatalf("%q is not in %q", line, text)
			}
			rest = rest[at+len(line):]
		}
		if !cut && strings.Count(own, "\n") < strings.Count(strings.Trim(text, "\n"), "\n") && strings.Trim(text, "\n \t\r") == strings.Trim(text, "\n") {
			t.Errorf("lines of %q are missing and nothing is said", text)
		}
	})
}
