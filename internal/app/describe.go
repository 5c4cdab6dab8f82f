// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
)

// describeReferences names what the ledger refers to: people, items and
// subjects. What the actor may not see stays a bare reference.
func (o *office) describeReferences(ctx context.Context, r store.Reader, a authz.Actor, refs []string) (map[string]ledgerweb.Described, error) {
	described := map[string]ledgerweb.Described{}
	items, err := o.describe(ctx, r, a, refs)
	if err != nil {
		return nil, err
	}
	for item, d := range items {
		described[item] = ledgerweb.Described{Title: d.Title, URL: d.URL}
	}
	if err := o.describeParts(ctx, r, a, refs, described); err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if _, done := described[ref]; done {
			continue
		}
		kind, id, _ := strings.Cut(ref, ":")
		if kind == string(authz.KindPerson) || kind == string(authz.KindService) {
			if p, err := o.identity.PersonByID(ctx, r, id); err == nil && a.Internal() {
				described[ref] = ledgerweb.Described{Title: p.Name}
			} else if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			continue
		}
		if _, known := o.catalog.Kinds().Kind(kind); !known {
			continue
		}
		s, err := o.catalog.VisibleSubject(ctx, r, a, ref)
		if err == nil {
			described[ref] = ledgerweb.Described{Title: s.Title, URL: s.URL()}
		} else if !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return described, nil
}

// describeParts names comments and files by the item that they belong to.
func (o *office) describeParts(ctx context.Context, r store.Reader, a authz.Actor, refs []string, described map[string]ledgerweb.Described) error {
	belongs := map[string]string{}
	var items []string
	for _, ref := range refs {
		kind, _, _ := strings.Cut(ref, ":")
		if kind != kindComment && kind != kindAttachment {
			continue
		}
		item, err := o.content.ItemOf(ctx, r, a, ref)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		belongs[ref] = item
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil
	}
	known, err := o.describe(ctx, r, a, items)
	for ref, item := range belongs {
		if d, ok := known[item]; ok {
			kind, _, _ := strings.Cut(ref, ":")
			described[ref] = ledgerweb.Described{Title: o.mux.Text("office.part."+kind, d.Title), URL: hitURL(d, item, ref)}
		}
	}
	return err
}
