// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"strings"
	"time"
	"unicode"
)

// Mail is a mail ready to be sent: plain text, from the office to one person.
type Mail struct {
	MessageID string // without angle brackets; the same at each try
	Name      string // of the recipient
	Address   string
	Subject   string // one line
	Body      string // lines end with "\n"
	Date      time.Time

	// ReplyTo is where an answer goes; empty: there is nobody to answer. References is
	// the Message-ID, without angle brackets, that all mails about the same thread
	// refer to, so that mail programs show them together.
	ReplyTo, References string
}

// sentence is a notice as the mail tells it; an empty text means that only a
// hint may be given.
type sentence struct{ id, text string }

const (
	maxSentence = 500 // bytes
	maxSubject  = 120 // bytes; with its header well below the 998 of RFC 5322, 2.1.1
)

// sentence fills the text of a notice.
func (s *Service) sentence(n notice) string {
	args := make([]any, len(n.args))
	for i, a := range n.args {
		args[i] = a
	}
	return oneLine(s.cfg.Text(n.key, args...), maxSentence)
}

// write composes a mail. The real clock dates it: it is about this mail's way,
// not about the office's calendar.
func (s *Service) write(l letter, to Recipient, told []sentence, address, root string) *Mail {
	var body strings.Builder
	for _, t := range told {
		text := t.text
		if text == "" {
			text = s.cfg.Text("notify.attention")
		}
		body.WriteString(text + "\n" + s.cfg.BaseURL + "/notices/" + t.id + "\n\n")
	}
	footer := "notify.footer"
	if address != "" {
		footer = "notify.footer_answer"
	}
	body.WriteString("-- \n" + s.cfg.Text(footer) + "\n")
	return &Mail{
		MessageID: l.id + "@" + s.host,
		Name:      oneLine(to.Name, maxSubject),
		Address:   to.Address,
		Subject:   s.subject(told),
		Body:      body.String(),
		Date:      s.cfg.DB.Clock().Real(),
		ReplyTo:   address, References: root,
	}
}

// subject gives nothing away that the body does not.
func (s *Service) subject(told []sentence) string {
	switch {
	case len(told) > 1:
		return oneLine(s.cfg.Text("notify.things_subject", len(told)), maxSubject)
	case told[0].text != "":
		return oneLine(told[0].text, maxSubject)
	default:
		return oneLine(s.cfg.Text("notify.attention_subject"), maxSubject)
	}
}

// oneLine makes text fit for a header or a paragraph: one line of valid UTF-8,
// without control and formatting characters, of at most limit bytes.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= limit {
		return text
	}
	return strings.TrimSpace(strings.ToValidUTF8(text[:limit-3], "")) + "…"
}
