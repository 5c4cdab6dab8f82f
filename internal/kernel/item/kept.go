// SPDX-License-Identifier: Apache-2.0

package item

import (
	"context"
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Kept says where the items of a type are: a table with the columns id and
// visibility, and the name by which statements call it. All three are constants of
// the slice, never input.
type Kept struct{ Type, Table, Alias string }

// Visible is the condition in SQL that holds for the items that the actor may see;
// see [authz.Visible].
func (k Kept) Visible(a authz.Actor, args *[]any) string {
	return authz.Visible(a, "'"+k.Type+":' || "+k.Alias+".id", k.Alias+".visibility", args)
}

// Seen is the condition in SQL that the item with the id idExpr, an expression, is
// there and visible to the actor.
func (k Kept) Seen(a authz.Actor, idExpr string, args *[]any) string {
	return "EXISTS (SELECT 1 FROM " + k.Table + " " + k.Alias + " WHERE " + k.Alias + ".id = " + idExpr + " AND " + k.Visible(a, args) + ")"
}

// IDs returns the ids in those of the references that are of this type.
func (k Kept) IDs(items []string) []string {
	ids := make([]string, 0, len(items))
	for _, item := range items {
		if kind, id, _ := strings.Cut(item, ":"); kind == k.Type && id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// Holding is one kind of thing that a slice holds about a person.
type Holding struct {
	What  string
	Query string // id of the item and one text, for the person $1
	Own   bool   // the text is the person's own
}

// EachHeld hands over what the slice holds about a person, in the order of all.
func EachHeld(ctx context.Context, r store.Reader, person string, all []Holding, take func(h Holding, id, text string)) error {
	type found struct{ id, text string }
	for _, h := range all {
		rows, err := r.Query(ctx, h.Query, person)
		some, err := store.Collect(rows, err, func(row store.Scanner) (f found, err error) {
			err = row.Scan(&f.id, &f.text)
			return f, err
		})
		if err != nil {
			return fmt.Errorf("look what is held about a person: %w", err)
		}
		for _, f := range some {
			take(h, f.id, f.text)
		}
	}
	return nil
}
