// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/mailin"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// doors are the addresses by which mails open something: a sketch sent to
// review@... asks for early advice, as the form does.
func (s *Service) doors() []mailin.Door {
	return []mailin.Door{{Name: "review", Scopes: []authz.Action{ActionRequest, content.ActionComment}, Deliver: s.takeSketch}}
}

// takeSketch opens an early-advice item from a mail: the subject line is its title,
// what the sender wrote is the sketch. What is longer than a sketch may be follows
// as a comment, so that nothing is lost.
func (s *Service) takeSketch(ctx context.Context, tx *ledger.Tx, m mailin.Message) (string, error) {
	title := strings.TrimSpace(m.Subject)
	if title == "" {
		title, _, _ = strings.Cut(strings.TrimSpace(m.Text), "\n")
	}
	sketch, rest := cutAt(m.Text, MaxText)
	r, err := s.RequestIn(ctx, tx, RequestInput{Kind: KindAdvice, Title: firstOf(title, MaxTitle), Sketch: sketch})
	if err != nil {
		return "", err
	}
	for rest != "" {
		var part string
		part, rest = cutAt(rest, content.MaxComment)
		if _, err := s.Comments().PostIn(ctx, tx, r.Item(), "", part); err != nil {
			return "", err
		}
	}
	if n := len(m.Attachments) + m.Left; n > 0 {
		note := fmt.Sprintf("The mail had %d attached files. They were not taken over: attach them here if they matter.", n)
		if _, err := s.Comments().PostIn(ctx, tx, r.Item(), "", note); err != nil {
			return "", err
		}
	}
	return r.Item(), nil
}

// firstOf returns the beginning of a text, at most so many bytes of it.
func firstOf(text string, limit int) string {
	first, _ := cutAt(text, limit)
	return strings.TrimSpace(first)
}

// cutAt cuts a text after at most so many bytes, at the end of a line or a word if
// there is one in the last quarter, and never within a character.
func cutAt(text string, limit int) (first, rest string) {
	if len(text) <= limit {
		return text, ""
	}
	at := limit
	for at > 0 && text[at]&0xC0 == 0x80 { // a continuation byte of UTF-8
		at--
	}
	for _, sep := range []string{"\n", " "} {
		if i := strings.LastIndex(text[:at], sep); i > limit*3/4 {
			at = i + 1
			break
		}
	}
	return text[:at], text[at:]
}

// threads says which threads a review has beside its general discussion: one for
// each question. They are written into by asking and answering alone, so that a
// question knows its answers.
func (s *Service) threads() module.Threads {
	return module.Threads{
		MayWrite: func(context.Context, store.Reader, string, string) error {
			return fault.New(fault.Conflict, "review.answer_there", "Answer a question on the page of its review, or with portreeve review answer.")
		},
		MayEdit: s.mayEdit,
		URL:     func(id, thread string) string { return Review{ID: id}.URL() + "#question-" + thread },
	}
}

// mayEdit says whether a question and its answers may still change. What was settled
// was judged as it stood, and so was all of it when the review got its outcome.
func (s *Service) mayEdit(ctx context.Context, r store.Reader, id, thread string) error {
	about, err := store.Found(reviewRows.One(ctx, r, "WHERE r.id = $1", id))
	if err != nil {
		return err
	}
	all, err := loadQuestions(ctx, r, id)
	if err != nil {
		return err
	}
	for _, q := range all[id] {
		if q.ID == thread && (q.Closed() || about.Done()) {
			return fault.New(fault.Conflict, "review.question_closed", "This question is settled or withdrawn, or its review is done, and its texts stand as they were judged. Write a comment in the discussion instead.")
		}
	}
	return nil
}

// takeReply takes what somebody answered by mail: in the thread of a question it is
// an answer, and else a comment.
func (s *Service) takeReply(ctx context.Context, tx *ledger.Tx, id, thread, text string) error {
	if thread != "" {
		return s.AnswerIn(ctx, tx, id, thread, text)
	}
	_, err := s.Comments().PostIn(ctx, tx, Review{ID: id}.Item(), "", text)
	return err
}
