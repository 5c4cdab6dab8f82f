// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/search"
)

// SearchDocument returns what a search finds of a risk: its title, what could
// happen, what is covered, the subject, and the words on treatment and closing.
func (r Risk) SearchDocument() search.Document {
	body := []string{r.Threat, r.Scope, r.Subject, r.Act, r.Inputs.Assurances, r.TreatmentNote, r.ClosingNote}
	return search.Document{
		Item: r.Item(), Kind: ItemType, Title: r.Title, Body: strings.Join(body, "\n"), Visibility: r.Visibility,
	}
}

// index hands over the search document of the risk that was just written.
func (d *decision) index(ctx context.Context) error {
	if d.s.Index == nil {
		return nil
	}
	return d.s.Index(ctx, d.tx, d.risk.SearchDocument())
}
