// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// AskInput asks a scoping question.
type AskInput struct {
	Text  string    `json:"text" maxLength:"32768" doc:"the question, Markdown"`
	Owner string    `json:"owner,omitempty" maxLength:"200" doc:"who owes the answer, by id or login; default: the review's owner"`
	Due   time.Time `json:"due,omitzero" doc:"until when; absent: no day"`
}

// Ask asks a scoping question. Whoever owes the answer takes part in the review.
// While a question to the requesting side is open the review's clock stands still.
func (s *Service) Ask(ctx context.Context, id string, version int64, in AskInput) (Question, error) {
	var q Question
	_, err := s.onReview(ctx, change{action: ActionAsk, id: id, version: version}, func(d *decision) error {
		var f item.Fields
		q = Question{ID: d.tx.NewID(), Asker: d.actor.ID, Owner: d.review.Owner, Due: in.Due, State: QuestionOpen, AskedAt: d.tx.Now()}
		if in.Owner != "" {
			var err error
			if q.Owner, err = d.asked(ctx, &f, "owner", in.Owner); err != nil {
				return err
			}
		}
		if !in.Due.IsZero() && !in.Due.After(d.tx.Now()) {
			f.Add("due", "past", "The day of the answer lies ahead.")
		}
		all, err := loadQuestions(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		if len(all[d.review.ID]) >= MaxQuestions {
			f.Add("text", "too_many", "A review has at most %d questions.", MaxQuestions)
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		q.Label = fmt.Sprintf("Q%d", len(all[d.review.ID])+1)
		q.Requesting = q.Owner == d.review.Owner || q.Owner == d.review.Requester
		return d.ask(ctx, &q, in.Text)
	})
	if err != nil {
		return Question{}, err
	}
	return q, nil
}

func (d *decision) ask(ctx context.Context, q *Question, text string) error {
	if err := d.letIn(ctx, q.Owner); err != nil {
		return err
	}
	c, err := d.s.Comments().PostIn(ctx, d.tx, d.review.Item(), q.ID, text)
	if err != nil {
		return err
	}
	if err := d.record(ctx, KindAsked, q.body(d, c.ID), item.Change{Field: "question", To: q.Label}); err != nil {
		return err
	}
	q.Entry = d.review.Entry
	if err := questionRows.Insert(ctx, d.tx.Tx, *q, d.of()); err != nil {
		return err
	}
	return d.await(ctx, *q)
}

// await tells whoever owes the answer, and stops the clock while the requesting side
// does.
func (d *decision) await(ctx context.Context, q Question) error {
	if err := d.noticeAsked(ctx, q); err != nil || !q.Requesting {
		return err
	}
	return pause(ctx, d.tx.Tx, d.review.ID, Pause{Cause: PauseQuestion, Ref: q.ID, From: d.tx.Now()})
}

func (q Question) body(d *decision, comment string) questionBody {
	return questionBody{
		Review: d.review.ID, Version: d.review.Version, Question: q.ID, Label: q.Label, Owner: q.Owner, Due: q.Due,
		State: q.State, Settled: q.Settled, Note: q.Note, Comment: comment,
	}
}

// question returns a question of the review by id or label; NotFound.
func (d *decision) question(ctx context.Context, idOrLabel string) (Question, error) {
	all, err := loadQuestions(ctx, d.tx, d.review.ID)
	if err != nil {
		return Question{}, err
	}
	i := slices.IndexFunc(all[d.review.ID], func(q Question) bool { return q.ID == idOrLabel || q.Label == idOrLabel })
	if i < 0 {
		return Question{}, noPart("question", labelsOf(all[d.review.ID], func(q Question) string { return q.Label }))
	}
	return all[d.review.ID][i], nil
}

// Answer answers a question, or adds to an answer. Anybody who takes part on the
// requesting side may: what one of them says another one need not repeat. A
// question that was withdrawn takes no answer.
func (s *Service) Answer(ctx context.Context, id string, version int64, question, text string) (Question, error) {
	var q Question
	_, err := s.onReview(ctx, change{action: ActionAnswer, id: id, version: version}, func(d *decision) error {
		var err error
		q, err = d.answerQuestion(ctx, question, text)
		return err
	})
	if err != nil {
		return Question{}, err
	}
	return q, nil
}

// AnswerIn is [Service.Answer] on the present version, as part of another decision:
// for a reply by mail, whose author saw no version.
func (s *Service) AnswerIn(ctx context.Context, tx *ledger.Tx, id, question, text string) error {
	if err := s.require(ctx, ActionAnswer); err != nil {
		return err
	}
	r, err := loadReview(ctx, tx, authz.ActorFrom(ctx), id)
	if err != nil {
		return err
	}
	d, err := s.load(ctx, tx, change{action: ActionAnswer, id: id, version: r.Version})
	if err != nil {
		return err
	}
	return d.write(ctx, func() error {
		_, err := d.answerQuestion(ctx, question, text)
		return err
	})
}

func (d *decision) answerQuestion(ctx context.Context, question, text string) (Question, error) {
	q, err := d.question(ctx, question)
	if err != nil {
		return Question{}, err
	}
	switch {
	case q.State == QuestionWithdrawn:
		return Question{}, fault.New(fault.Conflict, "review.question_withdrawn", "This question was withdrawn and takes no answer. Write a comment instead; your text is still in your form.")
	case q.State == QuestionSettled:
		return Question{}, fault.New(fault.Conflict, "review.question_settled", "This question is settled. Write a comment on the review instead.")
	case !d.review.owes(d.actor.ID, q):
		return Question{}, fault.New(fault.Forbidden, "review.not_asked", "This question is for somebody else to answer. Write a comment instead.")
	}
	c, err := d.s.Comments().PostIn(ctx, d.tx, d.review.Item(), q.ID, text)
	if err != nil {
		return Question{}, err
	}
	q.State = QuestionAnswered
	if q.AnsweredAt.IsZero() {
		q.AnsweredAt = d.tx.Now()
	}
	return q, d.settleQuestion(ctx, &q, KindAnswered, c.ID)
}

// settleQuestion records and stores a question that is no longer open.
func (d *decision) settleQuestion(ctx context.Context, q *Question, kind, comment string) error {
	if err := d.record(ctx, kind, q.body(d, comment), item.Change{Field: "question", To: q.Label}, item.Change{Field: "state", To: string(q.State)}); err != nil {
		return err
	}
	q.Entry = d.review.Entry
	if err := d.storeQuestion(ctx, *q); err != nil {
		return err
	}
	return resume(ctx, d.tx.Tx, d.review.ID, PauseQuestion, q.ID, d.tx.Now())
}

func (d *decision) storeQuestion(ctx context.Context, q Question) error {
	return questionRows.Save(ctx, d.tx.Tx, q, d.of())
}

// SettleInput says how far a question is settled, or takes it back.
type SettleInput struct {
	Settled  Settled `json:"settled,omitempty" enum:"fully,partly,not" doc:"absent: the question is withdrawn, or asked again"`
	Withdraw bool    `json:"withdraw,omitempty" doc:"the question is taken back"`
	Again    bool    `json:"again,omitempty" doc:"the answer does not do: the question is open again"`
	Note     string  `json:"note,omitempty" maxLength:"4000" doc:"what is still open, or why it is withdrawn"`
}

// Settle says how far a question is settled, takes it back, or opens it again
// because the answer does not do. It is not for who is too near to the review: nobody
// judges their own answers, or takes back what they were asked.
func (s *Service) Settle(ctx context.Context, id string, version int64, question string, in SettleInput) (Question, error) {
	var q Question
	_, err := s.onReview(ctx, change{action: ActionAsk, id: id, version: version}, func(d *decision) error {
		var err error
		if q, err = d.question(ctx, question); err != nil {
			return err
		}
		if err := d.impartial(ctx); err != nil {
			return err
		}
		var f item.Fields
		q.Note = f.Text("note", in.Note, MaxReason, in.Settled == Partly || in.Settled == Not)
		if !in.Withdraw && !in.Again {
			f.Choice("settled", string(in.Settled), string(Fully), string(Partly), string(Not))
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if q.Closed() {
			return fault.New(fault.Conflict, "review.question_closed", "This question is settled or withdrawn. Ask another one.")
		}
		if in.Again {
			return d.askAgain(ctx, &q)
		}
		q.ClosedAt, q.State, q.Settled = d.tx.Now(), QuestionSettled, in.Settled
		kind := KindSettled
		if in.Withdraw {
			q.State, q.Settled, kind = QuestionWithdrawn, "", KindDropped
		}
		return d.settleQuestion(ctx, &q, kind, "")
	})
	if err != nil {
		return Question{}, err
	}
	return q, nil
}

// askAgain opens a question whose answer does not do; the clock stands still again.
func (d *decision) askAgain(ctx context.Context, q *Question) error {
	if q.State != QuestionAnswered {
		return fault.New(fault.Conflict, "review.question_open", "This question is open: there is no answer to send back.")
	}
	q.State, q.AnsweredAt = QuestionOpen, time.Time{}
	if err := d.record(ctx, KindAsked, q.body(d, ""), item.Change{Field: "question", To: q.Label}, item.Change{Field: "state", To: string(q.State)}); err != nil {
		return err
	}
	q.Entry = d.review.Entry
	if err := d.storeQuestion(ctx, *q); err != nil {
		return err
	}
	return d.await(ctx, *q)
}
