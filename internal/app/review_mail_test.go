// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
)

// reviews is the slice of the installation.
func (in *installation) reviews() *review.Service {
	in.t.Helper()
	for _, m := range in.modules {
		if s, ok := m.Service.(*review.Service); ok {
			return s
		}
	}
	in.t.Fatal("there are no reviews")
	return nil
}

// TestSketchByMail: a mail with a sketch opens an early-advice item of whoever the
// mail server vouches for, and of nobody else.
func TestSketchByMail(t *testing.T) {
	p := newPostbox(t)
	from := p.mailOf("requester")
	sketch := "Subject: A new way to draw maps\nMessage-ID: <one@elsewhere.example>\n\nWe think of drawing maps in the browser.\n\n-- \nRita"
	p.deliver("review@mail.office.test", "From: "+from+"\n"+sketch)
	if all := p.sketches(); len(all) != 0 {
		t.Fatalf("a sender whom nobody vouches for opened %+v", all)
	}
	_, domain, _ := strings.Cut(from, "@")
	vouched := "Authentication-Results: mx.test; dmarc=pass header.from=" + domain + "\nFrom: " + from + "\n" + strings.Replace(sketch, "one@", "two@", 1)
	p.deliver("review@mail.office.test", vouched)
	p.deliver("review@mail.office.test", vouched) // the server lost our answer and says it again
	all := p.sketches()
	if len(all) != 1 || all[0].Kind != review.KindAdvice || all[0].Column != review.Incoming || all[0].Requester != p.in.person("requester") {
		t.Fatalf("the sketch opened %+v, want one item for early advice", all)
	}
	d, err := p.in.reviews().Get(p.in.as("requester"), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(d.Sketch) != "We think of drawing maps in the browser." {
		t.Errorf("the sketch says %q", d.Sketch)
	}
}

func (p *postbox) sketches() []review.Summary {
	p.t.Helper()
	page, err := p.in.reviews().List(p.in.as("triager"), review.Filter{Column: review.FilterAll})
	if err != nil {
		p.t.Fatal(err)
	}
	var all []review.Summary
	for _, r := range page.Items {
		if strings.Contains(r.Title, "maps") {
			all = append(all, r)
		}
	}
	return all
}

// TestAnswerByMail: a reply to the mail about a question answers it, without what it
// quotes; once the question was withdrawn a reply changes nothing.
func TestAnswerByMail(t *testing.T) {
	p := newPostbox(t)
	reviews := p.in.reviews()
	r, err := reviews.Request(p.in.as("requester"), review.RequestInput{Title: "Maps", Sketch: "Maps in the browser."})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(text string) string {
		t.Helper()
		d, err := reviews.Get(p.in.as("reviewer"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		q, err := reviews.Ask(p.in.as("reviewer"), r.ID, d.Version, review.AskInput{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return q.ID
	}
	state := func(question string) (review.QuestionState, string) {
		t.Helper()
		d, err := reviews.Get(p.in.as("reviewer"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range d.Questions {
			if q.ID == question {
				return q.State, q.Thread[len(q.Thread)-1].Text
			}
		}
		t.Fatalf("there is no question %s", question)
		return "", ""
	}
	first, second := ask("Who draws them?"), ask("Where do the tiles come from?")
	p.in.clock.Set(p.in.clock.Real().Add(time.Minute)) // what comes later stands below
	to := p.replyTo(r.Item(), first, "requester")
	p.send(to, "mallory@elsewhere.example", "Mallory draws them.")
	if s, _ := state(first); s != review.QuestionOpen {
		t.Fatalf("the token in the hands of somebody else: %s", s)
	}
	p.send(to, p.mailOf("requester"), "The browser does.\n\n> restricted: what the reviewer wrote\n")
	if s, text := state(first); s != review.QuestionAnswered || text != "The browser does." {
		t.Errorf("the question is %s, and the last text %q", s, text)
	}
	d, err := reviews.Get(p.in.as("reviewer"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reviews.Settle(p.in.as("reviewer"), r.ID, d.Version, second, review.SettleInput{Withdraw: true}); err != nil {
		t.Fatal(err)
	}
	p.send(p.replyTo(r.Item(), second, "requester"), p.mailOf("requester"), "From a partner.")
	if s, text := state(second); s != review.QuestionWithdrawn || strings.Contains(text, "partner") {
		t.Errorf("a question that was withdrawn is %s, and the last text %q", s, text)
	}
}

// replyTo gives out an address for answers in a thread of an item.
func (p *postbox) replyTo(item, thread, login string) string {
	p.t.Helper()
	var address string
	err := p.in.ledger.Writer("mailin", nil).Quiet(p.t.Context(), "test", func(tx *store.Tx) (err error) {
		address, err = p.in.mailin.ReplyAddress(p.t.Context(), tx, item, thread, p.in.person(login))
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return address
}

// answered is a review, as somebody sees it, with one question that the requester has
// answered a minute later.
func (in *installation) answered(login string) review.Detail {
	in.t.Helper()
	reviews := in.reviews()
	r, err := reviews.Request(in.as("requester"), review.RequestInput{Title: "Maps", Sketch: "Maps in the browser."})
	if err != nil {
		in.t.Fatal(err)
	}
	q, err := reviews.Ask(in.as("reviewer"), r.ID, r.Version, review.AskInput{Text: "Who draws them?"})
	if err != nil {
		in.t.Fatal(err)
	}
	in.clock.Set(in.clock.Real().Add(time.Minute))
	if _, err := reviews.Answer(in.as("requester"), r.ID, r.Version+1, q.Label, "The browser."); err != nil {
		in.t.Fatal(err)
	}
	d, err := reviews.Get(in.as(login), r.ID)
	if err != nil {
		in.t.Fatal(err)
	}
	return d
}

// TestSettledTextsStand: an answer can be mended while the question is open, and
// stands as it was judged once the question is settled.
func TestSettledTextsStand(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	reviews := in.reviews()
	d := in.answered("reviewer")
	answer := d.Questions[0].Thread[1]
	if _, err := in.content.Edit(in.as("requester"), answer.ID, answer.Version, "The browser does."); err != nil {
		t.Errorf("an answer that nobody has judged: %v", err)
	}
	if _, err := reviews.Settle(in.as("reviewer"), d.ID, d.Version, d.Questions[0].Label, review.SettleInput{Settled: review.Fully}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.content.Edit(in.as("requester"), answer.ID, answer.Version+1, "Nobody does."); !fault.HasCode(err, "review.question_closed") {
		t.Errorf("an answer was changed after it was judged: %v", err)
	}
	if err := in.content.EraseComment(in.as("requester"), answer.ID, "I never said so."); !fault.HasCode(err, "review.question_closed") {
		t.Errorf("an answer was erased by its author after it was judged: %v", err)
	}
	if err := in.content.EraseComment(in.as("triager"), answer.ID, "It names a person."); err != nil {
		t.Errorf("the office erases what has to go: %v", err)
	}
}

// TestDoneTextsStand: with the outcome, answers that nobody judged by themselves stand
// as the review was decided on.
func TestDoneTextsStand(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	reviews := in.reviews()
	d := in.answered("requester")
	if _, err := reviews.Withdraw(in.as("requester"), d.ID, d.Version, "Not needed."); err != nil {
		t.Fatal(err)
	}
	answer := d.Questions[0].Thread[1]
	if _, err := in.content.Edit(in.as("requester"), answer.ID, answer.Version, "Nobody does."); !fault.HasCode(err, "review.question_closed") {
		t.Errorf("an answer was changed after the review was done: %v", err)
	}
}
