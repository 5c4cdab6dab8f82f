// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// Suggest returns who could review, the best first: those who still have room for
// it in the quarter, then by how many of the skills they know that the kind, the
// technologies, the title or the sketch name, then by how little they have to do. Who
// asked for the review or answers for it, who has a part in it or declared a hard
// conflict, and who may not see it is left out. Load counts only reviews that the
// asker may see.
func (s *Service) Suggest(ctx context.Context, id string) ([]Candidate, error) {
	if err := s.require(ctx, ActionAssign); err != nil {
		return nil, err
	}
	all := []Candidate{}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		a := authz.ActorFrom(ctx)
		review, err := loadReview(ctx, r, a, id)
		if err != nil {
			return err
		}
		p, err := s.plan(ctx, r, a, review.Quarter)
		if err != nil {
			return err
		}
		asked, err := s.skillsOf(ctx, r, review)
		if err != nil {
			return err
		}
		out, err := s.outOfQuestion(ctx, r, review, p.People)
		if err != nil {
			return err
		}
		var ids []string
		for _, person := range p.People {
			if person.Days == 0 && !person.Said || out[person.Person] {
				continue
			}
			all = append(all, candidate(review, person, asked))
			ids = append(ids, person.Person)
		}
		named, err := s.Directory.People(ctx, r, ids)
		if err != nil {
			return err
		}
		for i := range all {
			all[i].Login = named[all[i].Person].Handle
		}
		rank(all)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// skillsOf returns the texts that say what a review asks for.
func (s *Service) skillsOf(ctx context.Context, r store.Reader, review Review) ([]string, error) {
	k, err := s.kindAt(ctx, r, review.Kind, review.KindVersion)
	if err != nil {
		return nil, err
	}
	asked := append(slices.Clone(k.Skills), review.Title, review.Sketch)
	for _, t := range review.Technologies {
		if t.State != kind.Dropped {
			asked = append(asked, t.Name)
		}
	}
	return asked, nil
}

// outOfQuestion says who does not come into question for a review.
func (s *Service) outOfQuestion(ctx context.Context, r store.Reader, review Review, people []PersonPlan) (map[string]bool, error) {
	out := map[string]bool{}
	reviewers, err := loadReviewers(ctx, r, review.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range reviewers[review.ID] {
		out[v.Person] = true
	}
	var subject catalog.Subject
	if review.Subject != "" {
		if subject, err = s.Catalog.Subject(ctx, r, review.Subject); err != nil {
			return nil, err
		}
	}
	bars, err := s.barredFrom(ctx, r, review, subject)
	if err != nil {
		return nil, err
	}
	for _, person := range bars.all() {
		out[person] = true
	}
	if subject.Visibility != authz.Restricted {
		return out, nil
	}
	res := authz.Resource{Item: subject.Item(), Visibility: subject.Visibility}
	if res.Participants, err = authz.Participants(ctx, r, res.Item); err != nil {
		return nil, err
	}
	for _, p := range people {
		a, err := s.Directory.ActorOf(ctx, r, p.Person)
		if err != nil {
			return nil, err
		}
		out[p.Person] = out[p.Person] || !authz.CanSee(a, res)
	}
	return out, nil
}

// candidate says what speaks for a person; their login is added for all at once.
func candidate(review Review, p PersonPlan, asked []string) Candidate {
	c := Candidate{
		Person: p.Person, Name: p.Name, Knows: known(p.Skills, asked), Taken: p.Taken(), Days: p.Days,
		Room: p.Taken()+review.Effort <= p.Days,
	}
	var because []string
	if len(c.Knows) > 0 {
		because = append(because, "knows "+strings.Join(c.Knows, ", "))
	}
	load := web.Figure(c.Taken) + " of " + web.Figure(c.Days) + " days taken"
	if !c.Room {
		load += ", no room for " + web.Figure(review.Effort) + " more"
	}
	c.Because = strings.Join(append(because, load), "; ")
	return c
}
