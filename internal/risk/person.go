// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// held is one kind of thing that the slice holds about a person.
type held struct {
	what  string
	query string // id of the risk and one text, for the person $1
	own   bool   // the text is the person's own
}

// holdings lists where a person's id stands, or words about them.
func holdings() []held {
	return []held{
		{"owner of a risk", "SELECT id, title FROM risk_item WHERE owner = $1 ORDER BY id", false},
		{"registered a risk", "SELECT id, title FROM risk_item WHERE registrant = $1 ORDER BY id", false},
		{"was heard", "SELECT risk, said FROM risk_hearing WHERE person = $1 ORDER BY risk, id", false},
		{"recorded a hearing", "SELECT risk, party FROM risk_hearing WHERE recorded_by = $1 ORDER BY risk, id", false},
		{"owner of a mitigation action", "SELECT risk, title FROM risk_mitigation WHERE owner = $1 ORDER BY risk, id", false},
		{"asked for an acceptance", "SELECT risk, reason FROM risk_acceptance WHERE asked_by = $1 ORDER BY risk, id", true},
		{"decided on an acceptance", "SELECT a.risk, v.reason FROM risk_vote v JOIN risk_acceptance a ON a.id = v.acceptance WHERE v.person = $1 ORDER BY a.risk, v.id", true},
		{"ended an acceptance", "SELECT risk, end_reason FROM risk_acceptance WHERE ended_by = $1 ORDER BY risk, id", true},
		{"closed an acceptance", "SELECT risk, learnt FROM risk_acceptance WHERE closed_by = $1 ORDER BY risk, id", true},
		{"owner of a condition", "SELECT a.risk, c.words FROM risk_condition c JOIN risk_acceptance a ON a.id = c.acceptance WHERE c.owner = $1 ORDER BY a.risk, c.id", false},
	}
}

// Holds lists what the slice holds about a person, for the person's export.
func (s *Service) Holds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	var all []module.Held
	for _, h := range holdings() {
		rows, err := r.Query(ctx, h.query, person)
		found, err := store.Collect(rows, err, func(row store.Scanner) (module.Held, error) {
			var risk, text string
			err := row.Scan(&risk, &text)
			return module.Held{What: h.what, Where: "/risks/" + risk, Value: text, Item: ItemType + ":" + risk, Own: h.own}, err
		})
		if err != nil {
			return nil, fmt.Errorf("look what is held about a person: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
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
	step := Step{Entry: seq, Kind: KindErased, Actor: actor.Ref(), At: tx.Now(), Changes: []Change{{Field: "hearings"}}}
	return historyRows.Insert(ctx, tx.Tx, storedStep{Step: step})
}

// Describe describes the risks among items ("risk:<id>") that the actor may see;
// it is for links that other modules show. The others are absent.
func (s *Service) Describe(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
	ids := make([]string, 0, len(items))
	for _, item := range items {
		if kind, id, _ := strings.Cut(item, ":"); kind == ItemType && id != "" {
			ids = append(ids, id)
		}
	}
	described := map[string]catalog.Described{}
	if len(ids) == 0 || !s.Authz.Allowed(a, ActionRead) {
		return described, nil
	}
	var args []any
	where := "WHERE r.id IN " + store.In(ids, &args)
	where += " AND " + authz.Visible(a, riskItem, riskVisibility, &args)
	risks, err := riskRows.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	summaries, err := s.summaries(ctx, r, a, risks)
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
	return "EXISTS (SELECT 1 FROM risk_item r WHERE r.id = " + idExpr + " AND " + authz.Visible(a, riskItem, riskVisibility, args) + ")"
}

// Resource gives the visibility of a risk by its id; it is for the kernel, which
// must not tell anybody more than that they may see.
func (s *Service) Resource(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
	risk, err := store.Found(riskRows.One(ctx, r, "WHERE r.id = $1", id))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return authz.Resource{}, err
	}
	// Asked for an absent risk too: what is hidden must not take longer.
	participants, partErr := authz.Participants(ctx, r, ItemType+":"+id)
	if err := errors.Join(err, partErr); err != nil {
		return authz.Resource{}, err
	}
	return resourceOf(risk, participants, ""), nil
}
