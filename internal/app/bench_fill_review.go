// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/review"
)

// BenchLong is how many messages one review has, whose page is measured.
const BenchLong = 300

const (
	benchReviews  = 50               // reviews that are made in one transaction
	benchFindings = 25               // of so many reviews one has a finding
	benchQuestion = 5                // of so many messages one is a question
	benchRoom     = 30 * time.Second // after the end of the risks' time, and before now
)

// fillReviews makes reviews at the end of the made-up time. They were received in
// the course of it.
func (f *benchFiller) fillReviews(ctx context.Context) error {
	if f.plan.Reviews == 0 {
		return nil
	}
	m, _ := f.moduleOf(review.ItemType)
	reviews, ok := m.Service.(*review.Service)
	if !ok {
		return errors.New("there are no reviews")
	}
	each := f.plan.Messages / f.plan.Reviews
	for at := 0; at < f.plan.Reviews; at += benchReviews {
		var made []review.MadeReview
		for n := at; n < min(at+benchReviews, f.plan.Reviews); n++ {
			one := f.madeReview(n, each)
			f.messages += one.Messages
			made = append(made, one)
		}
		f.clock.Set(f.end.Add(time.Duration(at) * benchRoom / time.Duration(f.plan.Reviews)))
		ids, err := reviews.Fill(ctx, made)
		if err != nil {
			return err
		}
		if at == 0 {
			f.long = ids[0]
		}
		if err := f.ledger.Publish(ctx); err != nil {
			return err
		}
		if f.plan.Progress != nil {
			f.plan.Progress(at/benchReviews+1, (f.plan.Reviews+benchReviews-1)/benchReviews)
		}
	}
	return nil
}

// madeReview draws a review. Three in ten are open, and the first one is long.
func (f *benchFiller) madeReview(n, messages int) review.MadeReview {
	subject := f.subjects[f.dice.IntN(len(f.subjects))]
	r := review.MadeReview{
		Number: n, Kind: pick(f.dice, []string{review.KindAdvice, "concept", "readiness", "supplier"}), Subject: subject,
		Requester: f.owners[f.dice.IntN(len(f.owners))], Lead: f.reviewer, Visibility: subject.Visibility,
		Column: review.Done, Priority: pick(f.dice, append(review.Priorities(), "")), Quarter: "2026-Q4",
		ReceivedAt: f.end.Add(-time.Duration(f.dice.IntN(700)) * 24 * time.Hour), Messages: messages, Questions: messages / benchQuestion,
	}
	if n%10 < 3 {
		r.Column = pick(f.dice, review.Columns()[:5])
	}
	if n%benchFindings == 0 {
		r.Findings = 1
	}
	if n == 0 {
		r.Column, r.Visibility, r.Messages, r.Questions, r.Findings = review.InProgress, authz.Internal, BenchLong, BenchLong/10, 10
		for i := 0; r.Subject.Visibility == authz.Restricted; i++ {
			r.Subject = f.subjects[i]
		}
	}
	if n%20 == 3 || r.Visibility == authz.Restricted {
		r.Visibility, r.Participants = authz.Restricted, []string{authz.GroupPrincipal(f.group)}
	}
	return r
}
