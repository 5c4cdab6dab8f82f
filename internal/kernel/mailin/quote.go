// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"regexp"
	"strings"
)

// Cut returns what the sender of a mail wrote, without what they quote and without
// their signature, and whether anything was taken away. A reply may quote what the
// readers of the thread that it joins must not see, so in doubt it takes away too
// much: the sender is told, and can write the rest by hand. Lines end with "\n". It
// takes away
//
//   - lines that begin with ">" (RFC 3676, 4.5), and the line above them that says
//     who wrote them, even if it was wrapped;
//   - everything from such a line on, if what it announces is not marked;
//   - everything from a block of header fields on ("From: ... Sent: ..."), and from a
//     line such as "-----Original Message-----";
//   - everything from "-- " on, the signature (RFC 3676, 4.3).
func Cut(text string) (own string, cut bool) {
	lines := strings.Split(text, "\n")
	kept := make([]string, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case isSignature(line), isSeparator(line), isRule(lines, i), announces(lines, i), isHeaderBlock(lines, i):
			return strings.Trim(strings.Join(kept, "\n"), "\n"), true
		case isQuoted(line):
			kept, cut = withoutAttribution(kept), true
		default:
			kept = append(kept, strings.TrimRight(line, " \t\r"))
		}
	}
	return strings.Trim(strings.Join(kept, "\n"), "\n"), cut
}

// isQuoted reports whether a line is marked as somebody else's.
func isQuoted(line string) bool {
	line = strings.TrimLeft(line, " \t\u00a0")
	return strings.HasPrefix(line, ">") || strings.HasPrefix(line, "\uff1e")
}

// isSignature reports whether the signature begins; many programs drop the blank.
func isSignature(line string) bool {
	line = strings.TrimSuffix(line, "\r")
	return line == "-- " || line == "--" || line == "--\u00a0"
}

// separators are the lines with which programs begin a whole mail that they quote.
var separators = []*regexp.Regexp{
	regexp.MustCompile(`^\s*-{5,}\s*\pL[\pL\pM '’/-]*\s*-{5,}\s*$`), // -----Original Message-----, in any language
	regexp.MustCompile(`(?i)^\s*(begin forwarded message|anfang der weitergeleiteten (nachricht|e-mail)|début du message (réexpédié|transféré))\s*:\s*$`),
}

func isSeparator(line string) bool {
	for _, s := range separators {
		if s.MatchString(line) {
			return true
		}
	}
	return false
}

// wrote ends a line that says who wrote what follows.
var wrote = regexp.MustCompile(`(?i)(wrote|writes|schrieb( .{0,200})?|a écrit|escribió|ha scritto|schreef( .{0,200})?|skrev( .{0,200})?|napisał(\(a\))?|escreveu|пишет|написал\(?а?\)?|kirjoitti|napsala?)\s*[:：]\s*$`)

// dated is in such a line: a day and an hour, or an address.
var dated = regexp.MustCompile(`\d{4}.*\d{1,2}[:.h]\d{2}|\d{1,2}[:.h]\d{2}.*\d{4}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|[^\s@]+@[^\s@]+`)

// attributionLines is into how many lines such a line is wrapped at most.
const attributionLines = 4

// announces reports whether lines[at] begins the words that say who wrote what
// follows: "On Mon, 2 Mar 2026 at 10:00, Olive Owner <olive@example.org> wrote:".
func announces(lines []string, at int) bool {
	var whole string
	for n := range min(attributionLines, len(lines)-at) {
		line := strings.TrimSpace(lines[at+n])
		if line == "" || isQuoted(line) || len(line) > 1000 {
			return false
		}
		whole = strings.TrimSpace(whole + " " + line)
		if !wrote.MatchString(whole) || !dated.MatchString(whole) {
			continue
		}
		return !quotedSoon(lines, at+n+1) // else the quote is marked, and answers may follow it
	}
	return false
}

// quotedSoon reports whether the next line that is not blank is marked as a quote.
func quotedSoon(lines []string, at int) bool {
	for ; at < len(lines); at++ {
		if strings.TrimSpace(lines[at]) != "" {
			return isQuoted(lines[at])
		}
	}
	return false
}

// begins is how such a line starts.
var begins = regexp.MustCompile(`(?i)^(on|am|le|el|il|op|den|em|dne|w dniu|dnia|в|at|\d{1,4}[-./]\d{1,2}[-./]\d{1,4})\b`)

// withoutAttribution takes the line away that says who wrote the quote below it.
func withoutAttribution(kept []string) []string {
	end := len(kept)
	for end > 0 && strings.TrimSpace(kept[end-1]) == "" {
		end--
	}
	if end == 0 || !strings.HasSuffix(strings.ReplaceAll(strings.TrimSpace(kept[end-1]), "：", ":"), ":") {
		return kept
	}
	first := end
	var whole string
	for n := 1; n <= min(attributionLines, end); n++ {
		line := strings.TrimSpace(kept[end-n])
		if line == "" || len(line) > 1000 {
			break
		}
		whole = line + " " + whole
		found := dated.MatchString(whole)
		if found && begins.MatchString(line) {
			return kept[:end-n]
		}
		if first == end && (found || wrote.MatchString(whole)) {
			first = end - n
		}
	}
	return kept[:first]
}

// The names of the fields of a quoted header block, in the languages that the usual
// programs have.
var (
	fromField = regexp.MustCompile(`(?i)^[\s*_]*(from|von|de|da|van|från|fra|od|от|lähettäjä|kimden|发件人|寄件者|差出人|보낸 사람)\s*[*_]*\s*[:：]`)
	nextField = regexp.MustCompile(`(?i)^[\s*_]*(sent|date|to|cc|subject|reply-to|gesendet|datum|an|betreff|envoyé|à|objet|enviado( el)?|fecha|para|asunto|inviato|data|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|wysłano|do|temat|отправлено|дата|кому|тема|发送时间|收件人|主题|送信日時|宛先|件名)\s*[*_]*\s*[:：]`)
)

// isHeaderBlock reports whether lines[at] begins the header fields of a quoted mail:
// its sender, at least two more of them in the lines below, and a date or an address
// in one of them: "From: the browser, To: the server" may be what a mail is about.
func isHeaderBlock(lines []string, at int) bool {
	if !fromField.MatchString(lines[at]) && !nextField.MatchString(lines[at]) {
		return false
	}
	from, others := 0, 0
	block := lines[at:min(at+8, len(lines))]
	for _, line := range block {
		switch {
		case fromField.MatchString(line):
			from++
		case nextField.MatchString(line):
			others++
		}
	}
	return from > 0 && others >= 2 && dated.MatchString(strings.Join(block, " "))
}

// rule is the line that Outlook draws above the header fields.
var rule = regexp.MustCompile(`^\s*_{10,}\s*$`)

// isRule reports whether lines[at] is drawn above a block of header fields.
func isRule(lines []string, at int) bool {
	if !rule.MatchString(lines[at]) {
		return false
	}
	for i := at + 1; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "" {
			return isHeaderBlock(lines, i)
		}
	}
	return false
}
