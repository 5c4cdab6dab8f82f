// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// MadeReview describes a made-up review, see [Service.Fill]. All texts follow from
// Number.
type MadeReview struct {
	Number       int
	Kind         string
	Subject      catalog.Subject
	Requester    authz.Actor
	Lead         authz.Actor
	Visibility   authz.Visibility
	Participants []string // principals; only for restricted
	Column       Column
	Priority     Priority
	Quarter      string
	ReceivedAt   time.Time
	Questions    int // each is a thread
	Messages     int // in the threads and the general discussion, questions included
	Findings     int
}

// madeReview is one of them on its way.
type madeReview struct {
	MadeReview
	decision
	kind    *kind.Kind
	version int64
}

// Fill makes reviews up, with the discussions and the entries that they would have,
// many in one transaction, and returns their ids. It exists to fill databases for
// measurements: it writes through the functions of the use cases, but checks neither
// actors nor transitions.
func (s *Service) Fill(ctx context.Context, made []MadeReview) (ids []string, err error) {
	err = s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		ids = ids[:0]
		for _, m := range made {
			r := &madeReview{MadeReview: m, decision: decision{s: s, tx: tx, policy: s.Policy(), subject: m.Subject}}
			if r.kind, r.version, err = s.kindOf(ctx, tx, m.Kind); err != nil {
				return err
			}
			if err := r.make(ctx); err != nil {
				return fmt.Errorf("made-up review %d: %w", m.Number, err)
			}
			ids = append(ids, r.review.ID)
		}
		return nil
	})
	return ids, err
}

func (r *madeReview) make(ctx context.Context) error {
	for _, step := range []func(context.Context) error{r.request, r.assign, r.discuss, r.find, r.end} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// request writes the review as it will be but for its end: an update of every row
// is nothing that is measured.
func (r *madeReview) request(ctx context.Context) error {
	n := strconv.Itoa(r.Number)
	r.actor, r.participants = r.Requester, item.WithPeople(r.Participants, r.Requester.ID, r.Lead.ID)
	r.review = Review{
		ID: r.tx.NewID(), Version: 1, Kind: r.kind.Name, KindVersion: r.version, Required: r.kind.Force == kind.Required,
		Title:   "Made-up review " + n + " of " + r.Subject.Name,
		Sketch:  "Number " + n + ": a service that answers requests from production, built on a framework that nobody here has run before. It keeps no data about people.",
		Subject: r.Subject.Ref, Requester: r.Requester.ID, Owner: r.Requester.ID, Visibility: r.Visibility,
		Column: r.Column, Priority: r.Priority, Effort: r.kind.Effort, Quarter: r.Quarter,
		ReceivedAt: r.ReceivedAt, TriagedAt: r.ReceivedAt.Add(day), ClockStart: r.ReceivedAt.Add(2 * day), ClockDays: r.policy.Clock.Days,
		Answers: map[string]string{}, ChangedAt: r.tx.Now(),
		Technologies: []kind.Technology{{Name: "Framework " + n, Replaces: "the old one", State: kind.States()[0], Owner: r.Requester.Login}},
		Scenarios:    []kind.Scenario{{Title: "Somebody asks", Who: "A reader", Steps: "Opens a page; the page asks the service.", Trust: "From outside to production."}},
	}
	if r.Column == Waiting {
		r.review.Wait = Wait{Cause: Stalled, Reason: "The hosting is not decided.", By: r.Lead.ID, Since: r.ReceivedAt.Add(2 * day)}
	}
	if r.Column == InProgress || r.Column == Done {
		r.review.Lead, r.review.StartedAt = r.Lead.ID, r.ReceivedAt.Add(2*day)
	}
	if r.Column == Done {
		r.review.DoneAt = r.ReceivedAt.Add(20 * day)
	}
	if err := authz.SetParticipants(ctx, r.tx.Tx, r.review.Item(), r.participants); err != nil {
		return err
	}
	if err := r.record(ctx, KindRequested, stateOf(r.review, r.participants), item.Change{Field: "column", To: string(Incoming)}); err != nil {
		return err
	}
	if err := reviewRows.Insert(ctx, r.tx.Tx, r.review); err != nil {
		return err
	}
	if err := r.stages(ctx); err != nil {
		return err
	}
	return r.index(ctx)
}

// stages are the way from Incoming to the column, a day or two each.
func (r *madeReview) stages(ctx context.Context) error {
	from := r.ReceivedAt
	for seq, column := range Columns() {
		s := Stage{Seq: int64(seq + 1), Column: column, From: from}
		if column != r.Column {
			s.Until = from.Add(day)
		}
		if err := stageRows.Insert(ctx, r.tx.Tx, s, r.of()); err != nil {
			return err
		}
		if column == r.Column {
			return nil
		}
		from = s.Until
	}
	return nil
}

// assign makes the lead of a review that was begun.
func (r *madeReview) assign(ctx context.Context) error {
	if r.review.Lead == "" {
		return nil
	}
	r.actor = r.Lead
	v := Reviewer{Person: r.Lead.ID, Part: Leads, Conflict: NoConflict, AssignedAt: r.review.StartedAt, DeclaredAt: r.review.StartedAt}
	body := reviewerBody{Review: r.review.ID, Version: r.review.Version, Person: v.Person, Part: v.Part}
	if err := r.record(ctx, KindAssigned, body, item.Change{Field: "reviewer"}); err != nil {
		return err
	}
	v.Entry = r.review.Entry
	return reviewerRows.Insert(ctx, r.tx.Tx, v, r.of())
}

// discuss asks the questions and writes the messages, each thread its share.
func (r *madeReview) discuss(ctx context.Context) error {
	threads := []string{""}
	for n := range r.Questions {
		q := Question{
			ID: r.tx.NewID(), Label: "Q" + strconv.Itoa(n+1), Asker: r.Lead.ID, Owner: r.Requester.ID, Requesting: true,
			State: QuestionSettled, Settled: Fully, AskedAt: r.ReceivedAt.Add(3 * day), AnsweredAt: r.ReceivedAt.Add(4 * day), ClosedAt: r.ReceivedAt.Add(5 * day),
		}
		if r.Column != Done && n == 0 {
			q.State, q.Settled, q.AnsweredAt, q.ClosedAt = QuestionOpen, "", time.Time{}, time.Time{}
		}
		if err := r.ask(ctx, n+1, q); err != nil {
			return err
		}
		threads = append(threads, q.ID)
	}
	for n := range r.Messages - r.Questions {
		writer := r.Requester
		if n%2 == 0 {
			writer = r.Lead
		}
		text := fmt.Sprintf("Message %d about number %d: the **answer** stands in the [design](https://wiki.example/design/%d), section %d.\n\n* %s\n* `%s` is asked first\n",
			n, r.Number, r.Number, n, r.words(n, madeWords), MadeWord(n))
		if err := r.post(ctx, writer, threads[n%len(threads)], text); err != nil {
			return err
		}
	}
	return nil
}

func (r *madeReview) ask(ctx context.Context, number int, q Question) error {
	r.actor = r.Lead
	if err := r.post(ctx, r.Lead, q.ID, "Question "+q.Label+" about number "+strconv.Itoa(r.Number)+": which hosts does it reach, and who may change what it answers?"); err != nil {
		return err
	}
	if err := r.record(ctx, KindAsked, q.body(&r.decision, ""), item.Change{Field: "question", To: q.Label}); err != nil {
		return err
	}
	q.Entry = r.review.Entry
	if err := questionRows.Insert(ctx, r.tx.Tx, q, r.of()); err != nil {
		return err
	}
	return pauseRows.Insert(ctx, r.tx.Tx, Pause{Cause: PauseQuestion, Ref: q.ID, From: q.AskedAt, Until: q.ClosedAt}, r.of(), store.Value("seq", int64(number)))
}

func (r *madeReview) post(ctx context.Context, writer authz.Actor, thread, text string) error {
	_, err := r.s.Comments().PostIn(authz.WithActor(ctx, writer), r.tx, r.review.Item(), thread, text)
	return err
}

// madeWords is how many words a message has beside those that all have.
const madeWords = 30

// MadeWords is how many different words the messages of [Service.Fill] draw from.
const MadeWords = 5000

// words draws words as often as those of a language stand in its texts (Zipf's law):
// a search through the same words again and again would measure nothing.
func (r *madeReview) words(message, n int) string {
	dice := rand.New(rand.NewPCG(uint64(r.Number), uint64(message)))
	rank := rand.NewZipf(dice, 1.1, 2, MadeWords-1)
	all := make([]string, n)
	for i := range all {
		all[i] = MadeWord(int(rank.Uint64()))
	}
	return strings.Join(all, " ")
}

// MadeWord is the word of a rank, 0 for the most frequent one.
func MadeWord(rank int) string {
	const syllables = "kalimonarutesopiluvabeda"
	word := ""
	for rank += 12; rank > 0; rank /= 12 {
		at := rank % 12 * 2
		word += syllables[at : at+2]
	}
	return word
}

func (r *madeReview) find(ctx context.Context) error {
	r.actor = r.Lead
	for n := range r.Findings {
		f := Finding{
			ID: r.tx.NewID(), Label: "F" + strconv.Itoa(n+1), Kind: Weakness, Severity: Severities()[n%len(Severities())], Title: "Answers are not checked",
			Text: "What the service answers is put into pages as it is.", State: FindingOpen, FoundBy: r.Lead.ID, FoundAt: r.tx.Now(), ChangedAt: r.tx.Now(),
		}
		if err := r.storeFinding(ctx, KindFound, &f); err != nil {
			return err
		}
	}
	return nil
}

// end gives a review that is done its outcome.
func (r *madeReview) end(ctx context.Context) error {
	before := r.review.Version
	r.review.Version++
	if r.Column == Done {
		outcome := Outcomes(r.review.Required)[0]
		r.review.Verdict = Verdict{Outcome: outcome, Reason: "Made up for a measurement.", By: r.Lead.ID, At: r.review.DoneAt}
		body := decidedBody{Review: r.review.ID, Version: r.review.Version, Kind: r.review.Kind, Outcome: outcome, Reason: r.review.Verdict.Reason}
		if err := r.record(ctx, KindDecided, body, item.Change{Field: "outcome", To: string(outcome)}); err != nil {
			return err
		}
		r.review.Verdict.Entry = r.review.Entry
	} else if err := r.record(ctx, KindMoved, movedBody{Review: r.review.ID, Version: r.review.Version, From: Incoming, To: r.Column}, item.Change{Field: "column", To: string(r.Column)}); err != nil {
		return err
	}
	r.review.ChangedAt = r.ReceivedAt.Add(20*day + time.Duration(r.Number)*time.Second)
	return reviewRows.Update(ctx, r.tx.Tx, r.review, before)
}
