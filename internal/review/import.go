// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"errors"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/review/kind"
)

// MaxImport is how many tasks are imported at once: they are one transaction.
const MaxImport = 100

// maxMapped bounds the mappings of an import.
const maxMapped = 1000

// ImportOptions say how tasks become reviews.
type ImportOptions struct {
	Kinds  map[string]string `json:"kinds,omitempty" doc:"kind of review by label of the task; a label that is absent: by the words of the title, or early advice"`
	People map[string]string `json:"people,omitempty" doc:"id or login of a person here, by their login, id or mail address there"`
	Share  []string          `json:"share,omitempty" maxItems:"100" doc:"who sees the tasks that are restricted there, beside whoever imports: person:<id or login>, group:<id or name>"`
	Owner  string            `json:"owner,omitempty" maxLength:"200" doc:"id or login of whoever stands for those who have no account here; default: whoever imports"`
	Public bool              `json:"public,omitempty" doc:"tasks that everybody may read there are public here; otherwise internal"`
	DryRun bool              `json:"dry_run,omitempty" doc:"say what would be done; nothing is written"`
}

// ImportResult is what became of a task.
type ImportResult string

// The results.
const (
	Taken     ImportResult = "taken"     // a review was made of it
	Updated   ImportResult = "updated"   // the review that was made of it got what was new
	Unchanged ImportResult = "unchanged" // nothing was new
	Refused   ImportResult = "refused"   // it could not be taken over; its losses say why
)

// Imported is what became of one task.
type Imported struct {
	Number string         `json:"number"`
	Review string         `json:"review,omitempty" doc:"id of the review; absent: it was refused"`
	Result ImportResult   `json:"result" enum:"taken,updated,unchanged,refused"`
	Events int            `json:"events" doc:"events that were new, or not as they were known"`
	Losses []foreign.Loss `json:"losses,omitempty" doc:"what could not be taken over"`
}

// errNothing takes back the transaction of an import that found nothing new: what
// decides nothing has no entry.
var errNothing = errors.New("there is nothing to import")

// Import makes reviews of tasks of another tracker, all in one transaction. Each
// review keeps the number, the people's names and the history of its task as what
// happened there; none of it is a decision made here, and a task that was closed
// there has no outcome here.
//
// A task that was imported before is found by its server and number. Only what is
// new is added; a review that was changed here since keeps what was changed. The
// same tasks once more change nothing and leave no entry, so an import that broke
// off is simply begun again.
//
// A task that cannot be taken over does not keep the others from it: its result
// says so.
func (s *Service) Import(ctx context.Context, tasks []foreign.Task, options ImportOptions) ([]Imported, error) {
	if err := s.require(ctx, ActionImport); err != nil {
		return nil, err
	}
	if len(tasks) > MaxImport {
		var f item.Fields
		f.Add("tasks", "too_many", "Send at most %d tasks at once.", MaxImport)
		return nil, f.Err(CodeInvalid)
	}
	bounded := make([]foreign.Task, len(tasks))
	for i, t := range tasks {
		bounded[i] = foreign.Bounded(t) // before the ledger is locked
	}
	var results []Imported
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		im, err := s.importer(ctx, tx, bounded, options)
		if err != nil {
			return err
		}
		results = make([]Imported, len(bounded))
		for i, t := range bounded {
			if results[i], err = im.take(ctx, t); err != nil {
				return err
			}
		}
		if im.written == 0 || options.DryRun {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return nil, err
	}
	for i := range results {
		if options.DryRun && results[i].Result == Taken {
			results[i].Review = "" // there is none
		}
	}
	return results, nil
}

// ImportTask is [Service.Import] of one task.
func (s *Service) ImportTask(ctx context.Context, task foreign.Task, options ImportOptions) (Imported, error) {
	all, err := s.Import(ctx, []foreign.Task{task}, options)
	if err != nil {
		return Imported{}, err
	}
	return all[0], nil
}

// take imports one task.
func (im *importer) take(ctx context.Context, t foreign.Task) (Imported, error) {
	out := Imported{Number: t.Number, Result: Refused, Losses: t.Losses}
	lose := func(l foreign.Loss) { out.Losses = append(out.Losses, l) }
	if l, readable := checkTask(t); !readable {
		lose(l)
		return out, nil
	}
	k, known := im.known[keyOf(t.Source, t.Number)]
	if known && im.s.Authz.Check(im.actor, ActionImport, resourceOf(k.review, k.participants)) != nil {
		lose(lossTaken)
		return out, nil
	}
	made, err := im.make(ctx, t)
	if err != nil {
		return out, err
	}
	if known {
		out.Result, out.Events, err = im.update(ctx, k, &made)
	} else {
		out.Result, out.Events, err = im.create(ctx, &made)
	}
	if err != nil {
		return out, err
	}
	out.Review, out.Losses = im.known[keyOf(t.Source, t.Number)].review.ID, made.losses
	if out.Result == Taken || out.Result == Updated {
		im.written++
	}
	return out, nil
}

// create writes the review of a task that was not imported before.
func (im *importer) create(ctx context.Context, m *madeTask) (ImportResult, int, error) {
	d := im.decision()
	d.review, d.participants = m.review, im.participants(m)
	d.review.ID, d.review.Version, d.review.ChangedAt = im.tx.NewID(), 1, im.tx.Now()
	if err := im.classify(ctx, d, m); err != nil {
		return "", 0, err
	}
	d.startClock(StartsReceived)
	d.review.Origin.Losses = lossTexts(nil, m.losses)
	k := &keptTask{review: d.review, participants: d.participants, past: map[string]Past{}}
	im.known[keyOf(m.review.Origin.Source, m.review.Origin.Number)] = k
	added := k.merge(m.past)
	if err := authz.SetParticipants(ctx, im.tx.Tx, d.review.Item(), d.participants); err != nil {
		return "", 0, err
	}
	if err := d.recordImport(ctx, k, item.Change{Field: "column", To: string(d.review.Column)}); err != nil {
		return "", 0, err
	}
	if err := reviewRows.Insert(ctx, im.tx.Tx, d.review); err != nil {
		return "", 0, err
	}
	if !d.review.Done() { // how long others took is nothing that this team is measured by
		if err := enterStage(ctx, im.tx.Tx, d.review.ID, d.review.Column, im.tx.Now()); err != nil {
			return "", 0, err
		}
	}
	k.review = d.review
	return Taken, len(added), im.storePast(ctx, d, k, added)
}

// classify gives a review the kind that it is to have.
func (im *importer) classify(ctx context.Context, d *decision, m *madeTask) error {
	k, version, err := im.kindFor(ctx, m)
	if err != nil {
		return err
	}
	d.review.Kind, d.review.KindVersion, d.review.Required, d.review.Effort = k.Name, version, k.Force == kind.Required, k.Effort
	return nil
}

// kindless is what an import answers where no kind of review is published.
func kindless(err error) error {
	if fault.Is(err, fault.NotFound) {
		return unknownKind()
	}
	return err
}
