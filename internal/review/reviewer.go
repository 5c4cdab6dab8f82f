// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
)

// AssignInput names a reviewer.
type AssignInput struct {
	Person string `json:"person" maxLength:"200" doc:"id or login"`
	Part   Part   `json:"part" enum:"lead,reviewer,second_reader"`
}

// Assign gives somebody a part in the review. They take part once they have
// declared ([Service.Declare]). A review has one lead: another one takes the place
// of the former, who stays as a reviewer.
func (s *Service) Assign(ctx context.Context, id string, version int64, in AssignInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionAssign, id: id, version: version}, func(d *decision) error {
		var f item.Fields
		f.Choice("part", string(in.Part), string(Leads), string(Reviews), string(SecondReader))
		person, err := d.sighted(ctx, &f, "person", in.Person)
		if err != nil {
			return err
		}
		all, err := loadReviewers(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		reviewers := all[d.review.ID]
		if err := d.fits(ctx, &f, person, reviewers); err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		v := Reviewer{Person: person, Part: in.Part, Conflict: Undeclared, AssignedAt: d.tx.Now()}
		if i := slices.IndexFunc(reviewers, func(o Reviewer) bool { return o.Person == person }); i >= 0 {
			v.Conflict, v.Words, v.DeclaredAt, v.AssignedAt = reviewers[i].Conflict, reviewers[i].Words, reviewers[i].DeclaredAt, reviewers[i].AssignedAt
		}
		return d.assign(ctx, v, reviewers)
	})
}

// fits notes the field if the person cannot be a reviewer of this review: whoever
// asked for it or answers for it does not judge it.
func (d *decision) fits(ctx context.Context, f *item.Fields, person string, reviewers []Reviewer) error {
	if person == "" {
		return nil
	}
	bars, err := d.barred(ctx)
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(bars.near, person):
		f.Add("person", "own_review", "Nobody reviews what they requested, answer for or answered for. Name somebody else.")
	case slices.Contains(bars.conflicted, person):
		f.Add("person", "conflict", "This person declared a conflict of interest that keeps them from taking part. Name somebody else.")
	}
	if len(reviewers) >= MaxReviewers {
		f.Add("person", "too_many", "A review has at most %d reviewers.", MaxReviewers)
	}
	a, err := d.s.Directory.ActorOf(ctx, d.tx, person)
	if err != nil {
		return err
	}
	if !d.s.Authz.Allowed(a, ActionAsk) {
		f.Add("person", "not_a_reviewer", "This person may not work on reviews. Name a triager or a reviewer.")
	}
	return nil
}

func (d *decision) assign(ctx context.Context, v Reviewer, reviewers []Reviewer) error {
	if err := d.join(ctx, v.Person); err != nil {
		return err
	}
	if v.Part == Leads {
		d.review.Lead = v.Person
	} else if d.review.Lead == v.Person {
		d.review.Lead = ""
	}
	body := reviewerBody{Review: d.review.ID, Version: d.review.Version, Person: v.Person, Part: v.Part}
	if err := d.record(ctx, KindAssigned, body, item.Change{Field: "reviewer", To: v.Person}, item.Change{Field: "part", To: string(v.Part)}); err != nil {
		return err
	}
	for _, former := range reviewers {
		if v.Part == Leads && former.Part == Leads && former.Person != v.Person {
			former.Part = Reviews
			if err := saveReviewer(ctx, d.tx.Tx, d.review.ID, former); err != nil {
				return err
			}
		}
	}
	v.Entry = d.review.Entry
	return saveReviewer(ctx, d.tx.Tx, d.review.ID, v)
}

// Release takes somebody's part in the review away. What they did stays; they keep
// seeing the review unless it is shared anew.
func (s *Service) Release(ctx context.Context, id string, version int64, person string) (Review, error) {
	return s.onReview(ctx, change{action: ActionAssign, id: id, version: version}, func(d *decision) error {
		v, err := d.reviewer(ctx, person)
		if err != nil {
			return err
		}
		if d.review.Lead == v.Person {
			d.review.Lead = ""
		}
		body := reviewerBody{Review: d.review.ID, Version: d.review.Version, Person: v.Person, Part: v.Part}
		if err := d.record(ctx, KindReleased, body, item.Change{Field: "reviewer", From: v.Person}); err != nil {
			return err
		}
		return dropReviewer(ctx, d.tx.Tx, d.review.ID, v.Person)
	})
}

// reviewer returns the reviewer with that id or login; NotFound.
func (d *decision) reviewer(ctx context.Context, person string) (Reviewer, error) {
	if found, err := d.s.Directory.Person(ctx, d.tx, person); err == nil {
		person = found.ID
	} else if !fault.Is(err, fault.NotFound) {
		return Reviewer{}, err
	}
	all, err := loadReviewers(ctx, d.tx, d.review.ID)
	if err != nil {
		return Reviewer{}, err
	}
	i := slices.IndexFunc(all[d.review.ID], func(v Reviewer) bool { return v.Person == person })
	if i < 0 {
		return Reviewer{}, fault.New(fault.NotFound, "review.no_reviewer", "This person is no reviewer of this review.")
	}
	return all[d.review.ID][i], nil
}

// DeclareInput declares a conflict of interest, or its absence.
type DeclareInput struct {
	Conflict Conflict `json:"conflict" enum:"none,soft,hard"`
	Words    string   `json:"words,omitempty" maxLength:"4000" doc:"what the interest is; of a soft or hard conflict"`
}

// Declare says whether the actor, a reviewer, has an interest in the matter. With a
// hard conflict they take no part, and that stands until the review is done: nobody
// is the judge of their own interest, and a lead or a triager who could lift it would
// be asked to by whoever wants to decide. Another declaration can be made anew while
// the review runs.
func (s *Service) Declare(ctx context.Context, id string, version int64, in DeclareInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionDeclare, id: id, version: version}, func(d *decision) error {
		v, err := d.reviewer(ctx, d.actor.ID)
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.Forbidden, "review.not_assigned", "You are not a reviewer of this. Let yourself be assigned first.")
		}
		if err != nil {
			return err
		}
		bars, err := d.barred(ctx)
		if err != nil {
			return err
		}
		if slices.Contains(bars.conflicted, d.actor.ID) {
			return conflicted()
		}
		var f item.Fields
		f.Choice("conflict", string(in.Conflict), string(NoConflict), string(Soft), string(Hard))
		v.Conflict, v.DeclaredAt = in.Conflict, d.tx.Now()
		v.Words = f.Text("words", in.Words, MaxReason, in.Conflict == Soft || in.Conflict == Hard)
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		body := reviewerBody{Review: d.review.ID, Version: d.review.Version, Person: v.Person, Part: v.Part, Conflict: v.Conflict, Words: item.SHA(v.Words)}
		if err := d.record(ctx, KindDeclared, body, item.Change{Field: "conflict", To: string(v.Conflict)}); err != nil {
			return err
		}
		v.Entry = d.review.Entry
		return saveReviewer(ctx, d.tx.Tx, d.review.ID, v)
	})
}

// Read records that the second reader has read the assessment, and what they say.
func (s *Service) Read(ctx context.Context, id string, version int64, concurs string) (Review, error) {
	return s.onReview(ctx, change{action: ActionDeclare, id: id, version: version}, func(d *decision) error {
		v, err := d.taking(ctx)
		if err != nil {
			return err
		}
		if v.Part != SecondReader {
			return fault.New(fault.Forbidden, "review.not_second_reader", "Only the second reader says that the assessment was read.")
		}
		written, err := latestAssessment(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		if written.Version == 0 {
			return fault.New(fault.Conflict, "review.not_assessed", "There is no assessment to read yet.")
		}
		var f item.Fields
		v.Concurs, v.ReadAt = f.Text("concurs", concurs, MaxReason, true), d.tx.Now()
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		body := reviewerBody{Review: d.review.ID, Version: d.review.Version, Person: v.Person, Part: v.Part, Concurs: item.SHA(v.Concurs)}
		if err := d.record(ctx, KindRead, body, item.Change{Field: "read"}); err != nil {
			return err
		}
		v.Entry = d.review.Entry
		return saveReviewer(ctx, d.tx.Tx, d.review.ID, v)
	})
}

// taking returns the actor's part in the review, if they declared and may take part.
func (d *decision) taking(ctx context.Context) (Reviewer, error) {
	v, err := d.reviewer(ctx, d.actor.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return Reviewer{}, fault.New(fault.Forbidden, "review.not_assigned", "You are not a reviewer of this. Let yourself be assigned first.")
	case err != nil:
		return Reviewer{}, err
	case v.Conflict == Undeclared:
		return Reviewer{}, fault.New(fault.Conflict, "review.undeclared", "Before you take part, declare a conflict of interest or its absence.")
	case !v.TakesPart():
		return Reviewer{}, conflicted()
	case d.actor.Kind != authz.KindPerson:
		return Reviewer{}, fault.New(fault.Forbidden, "review.person_required", "This takes the judgement of a person: a service account takes no part in a review.")
	}
	return v, nil
}
