// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// holdings lists where a person's id stands, or words about them. What they wrote
// in questions and answers are comments, which kernel/content tells of. Of a
// restricted part its label is given: others may have changed its words.
func holdings() []item.Holding {
	return []item.Holding{
		{What: "requested a review", Query: "SELECT id, title FROM review_item WHERE requester = $1 ORDER BY id"},
		{What: "owner of a review", Query: "SELECT id, title FROM review_item WHERE owner = $1 ORDER BY id"},
		{What: "part in a review", Query: "SELECT review, part FROM review_reviewer WHERE person = $1 ORDER BY review"},
		{What: "declared a conflict of interest or its absence", Query: "SELECT review, conflict || ': ' || words FROM review_reviewer WHERE person = $1 AND declared_at IS NOT NULL ORDER BY review", Own: true},
		{What: "said as second reader", Query: "SELECT review, concurs FROM review_reviewer WHERE person = $1 AND read_at IS NOT NULL ORDER BY review", Own: true},
		{What: "asked a question", Query: "SELECT review, label FROM review_question WHERE asker = $1 ORDER BY review, id"},
		{What: "owes or gave an answer", Query: "SELECT review, label FROM review_question WHERE owner = $1 ORDER BY review, id"},
		{What: "recorded a statement", Query: "SELECT review, CASE WHEN restricted = 1 THEN label ELSE words END FROM review_statement WHERE recorded_by = $1 ORDER BY review, id"},
		{What: "recorded a finding", Query: "SELECT review, CASE WHEN restricted = 1 THEN label ELSE title END FROM review_finding WHERE found_by = $1 ORDER BY review, id"},
		{What: "named for an opinion", Query: "SELECT review, aspect FROM review_opinion WHERE assessor = $1 ORDER BY review, aspect"},
		{What: "gave an opinion", Query: "SELECT review, words FROM review_opinion WHERE assessor = $1 AND given_at IS NOT NULL ORDER BY review, aspect", Own: true},
		{What: "owner of a condition", Query: "SELECT review, words FROM review_condition WHERE owner = $1 ORDER BY review, id"},
		{What: "showed that a condition is met", Query: "SELECT review, shown FROM review_condition WHERE met_by = $1 ORDER BY review, id", Own: true},
		{What: "wrote an assessment", Query: "SELECT review, words FROM review_assessment WHERE author = $1 ORDER BY review, version", Own: true},
	}
}

// Holds lists what the slice holds about a person, for the person's export.
func (s *Service) Holds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	var all []module.Held
	err := item.EachHeld(ctx, r, person, holdings(), func(h item.Holding, review, text string) {
		all = append(all, module.Held{What: h.What, Where: Review{ID: review}.URL(), Value: text, Item: ItemType + ":" + review, Own: h.Own})
	})
	if err != nil {
		return nil, err
	}
	more, err := heldTime(ctx, r, person)
	return append(all, more...), err
}

// heldTime lists what is held about a reviewer beside any review.
func heldTime(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	own := []item.Holding{
		{What: "days for reviews in a quarter", Query: "SELECT quarter, days FROM review_capacity WHERE person = $1 ORDER BY quarter"},
		{What: "skill as a reviewer", Query: "SELECT skill, skill FROM review_skill WHERE person = $1 ORDER BY skill"},
	}
	var all []module.Held
	err := item.EachHeld(ctx, r, person, own, func(h item.Holding, key, text string) {
		if text != key {
			text = key + ": " + text
		}
		all = append(all, module.Held{What: h.What, Where: "/reviews", Value: text})
	})
	return all, err
}

// erasedBody counts what was removed about a person.
type erasedBody struct {
	Declarations int64 `json:"declarations,omitempty"`
	Names        int64 `json:"names,omitempty"`  // of people who said something
	Skills       int64 `json:"skills,omitempty"` // and days for reviews
}

// Erase removes what a person said of their own interests, their name from what
// others recorded that they said, and their skills and days. Who asked, answered,
// found and decided what stays, under an id that identity no longer gives a name to:
// a decision without the one who took it would prove nothing. Appends
// review.person.erased if there was anything.
func (s *Service) Erase(ctx context.Context, tx *ledger.Tx, person string) error {
	var body erasedBody
	remove := func(count *int64, query string, args ...any) error {
		n, err := store.Affected(tx.Exec(ctx, query, args...))
		if err != nil {
			return fmt.Errorf("erase a person from reviews: %w", err)
		}
		*count += n
		return nil
	}
	if err := remove(&body.Declarations, "UPDATE review_reviewer SET words = '' WHERE person = $1 AND words <> ''", person); err != nil {
		return err
	}
	if err := remove(&body.Skills, "DELETE FROM review_skill WHERE person = $1", person); err != nil {
		return err
	}
	if err := remove(&body.Skills, "DELETE FROM review_capacity WHERE person = $1", person); err != nil {
		return err
	}
	names, err := s.Directory.Names(ctx, tx, []string{person})
	if err != nil {
		return err
	}
	for _, name := range item.Distinct([]string{person, names[person]}) {
		if name == "" {
			continue
		}
		if err := remove(&body.Names, "UPDATE review_statement SET who = '' WHERE who = $1", name); err != nil {
			return err
		}
		if err := remove(&body.Names, "UPDATE review_past SET author = '' WHERE author = $1", name); err != nil {
			return err
		}
	}
	if body == (erasedBody{}) {
		return nil
	}
	actor := authz.ActorFrom(ctx)
	seq, err := s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: KindErased, Actor: actor.Ref(), Subject: authz.PersonPrincipal(person), Body: body,
		Item: authz.PersonPrincipal(person), Visibility: string(authz.Restricted),
	})
	if err != nil {
		return err
	}
	return history.Add(ctx, tx.Tx, "", item.Step{Entry: seq, Kind: KindErased, Actor: actor.Ref(), At: tx.Now(), Changes: []item.Change{{Field: "person"}}})
}

// Describe describes the reviews among items ("review:<id>") that the actor may see;
// it is for links that other modules show. The others are absent.
func (s *Service) Describe(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
	ids := keptReviews.IDs(items)
	described := map[string]catalog.Described{}
	if len(ids) == 0 || !s.Authz.Allowed(a, ActionRead) {
		return described, nil
	}
	var args []any
	where := "WHERE r.id IN " + store.In(ids, &args)
	where += " AND " + keptReviews.Visible(a, &args)
	all, err := reviewRows.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		described[v.Item()] = catalog.Described{Title: v.Title, State: s.say(v.standing()), URL: v.URL()}
	}
	return described, nil
}

// Seen is the condition that holds for the reviews that [Service.Describe] describes.
func (s *Service) Seen(a authz.Actor, idExpr string, args *[]any) string {
	if !s.Authz.Allowed(a, ActionRead) {
		return "1 = 0"
	}
	return keptReviews.Seen(a, idExpr, args)
}

// Resource gives the visibility of a review by its id; it is for the kernel, which
// must not tell anybody more than that they may see.
func (s *Service) Resource(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
	load := func() (Review, error) { return store.Found(reviewRows.One(ctx, r, "WHERE r.id = $1", id)) }
	return authz.ResourceOf(ctx, r, ItemType+":"+id, load, resourceOf)
}
