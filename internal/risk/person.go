// SPDX-License-Identifier: Apache-2.0

package risk

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

// holdings lists where a person's id stands, or words about them.
func holdings() []item.Holding {
	return []item.Holding{
		{What: "owner of a risk", Query: "SELECT id, title FROM risk_item WHERE owner = $1 ORDER BY id"},
		{What: "registered a risk", Query: "SELECT id, title FROM risk_item WHERE registrant = $1 ORDER BY id"},
		{What: "was heard", Query: "SELECT risk, said FROM risk_hearing WHERE person = $1 ORDER BY risk, id"},
		{What: "recorded a hearing", Query: "SELECT risk, party FROM risk_hearing WHERE recorded_by = $1 ORDER BY risk, id"},
		{What: "owner of a mitigation action", Query: "SELECT risk, title FROM risk_mitigation WHERE owner = $1 ORDER BY risk, id"},
		{What: "asked for an acceptance", Query: "SELECT risk, reason FROM risk_acceptance WHERE asked_by = $1 ORDER BY risk, id", Own: true},
		{What: "decided on an acceptance", Query: "SELECT a.risk, v.reason FROM risk_vote v JOIN risk_acceptance a ON a.id = v.acceptance WHERE v.person = $1 ORDER BY a.risk, v.id", Own: true},
		{What: "ended an acceptance", Query: "SELECT risk, end_reason FROM risk_acceptance WHERE ended_by = $1 ORDER BY risk, id", Own: true},
		{What: "closed an acceptance", Query: "SELECT risk, learnt FROM risk_acceptance WHERE closed_by = $1 ORDER BY risk, id", Own: true},
		{What: "owner of a condition", Query: "SELECT a.risk, c.words FROM risk_condition c JOIN risk_acceptance a ON a.id = c.acceptance WHERE c.owner = $1 ORDER BY a.risk, c.id"},
	}
}

// Holds lists what the slice holds about a person, for the person's export.
func (s *Service) Holds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	var all []module.Held
	err := item.EachHeld(ctx, r, person, holdings(), func(h item.Holding, risk, text string) {
		all = append(all, module.Held{What: h.What, Where: "/risks/" + risk, Value: text, Item: ItemType + ":" + risk, Own: h.Own})
	})
	return all, err
}

// Erase removes the words that hearings hold about the person. Who decided what
// stays, under an id that identity no longer gives a name to: a decision without
// the one who took it would prove nothing. Appends risk.person.erased if there
// was anything.
func (s *Service) Erase(ctx context.Context, tx *ledger.Tx, person string) error {
	n, err := store.Affected(tx.Exec(ctx, "UPDATE risk_hearing SET person = '', heard = '', said = '' WHERE person = $1", person))
	if err != nil {
		return fmt.Errorf("erase hearings: %w", err)
	}
	if n == 0 {
		return nil
	}
	actor := authz.ActorFrom(ctx)
	seq, err := s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: KindErased, Actor: actor.Ref(), Subject: authz.PersonPrincipal(person), Body: erasedBody{Hearings: n},
		Item: authz.PersonPrincipal(person), Visibility: string(authz.Restricted),
	})
	if err != nil {
		return err
	}
	return history.Add(ctx, tx.Tx, "", item.Step{Entry: seq, Kind: KindErased, Actor: actor.Ref(), At: tx.Now(), Changes: []item.Change{{Field: "hearings"}}})
}

// Describe describes the risks among items ("risk:<id>") that the actor may see;
// it is for links that other modules show. The others are absent.
func (s *Service) Describe(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
	ids := keptRisks.IDs(items)
	described := map[string]catalog.Described{}
	if len(ids) == 0 || !s.Authz.Allowed(a, ActionRead) {
		return described, nil
	}
	var args []any
	where := "WHERE r.id IN " + store.In(ids, &args)
	where += " AND " + keptRisks.Visible(a, &args)
	found, err := riskRows.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	summaries, err := s.summaries(ctx, r, a, found)
	if err != nil {
		return nil, err
	}
	for _, sum := range summaries {
		described[sum.Item()] = catalog.Described{Title: sum.Title, State: s.say(sum.standing()), URL: sum.URL()}
	}
	return described, nil
}

// Seen is the condition that holds for the risks that [Service.Describe] describes.
func (s *Service) Seen(a authz.Actor, idExpr string, args *[]any) string {
	if !s.Authz.Allowed(a, ActionRead) {
		return "1 = 0"
	}
	return keptRisks.Seen(a, idExpr, args)
}

// Resource gives the visibility of a risk by its id; it is for the kernel, which
// must not tell anybody more than that they may see.
func (s *Service) Resource(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
	load := func() (Risk, error) { return store.Found(riskRows.One(ctx, r, "WHERE r.id = $1", id)) }
	return authz.ResourceOf(ctx, r, ItemType+":"+id, load, func(risk Risk, participants []string) authz.Resource {
		return resourceOf(risk, participants, "")
	})
}
