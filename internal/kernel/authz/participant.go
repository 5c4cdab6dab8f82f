// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// SetParticipants makes principals ("person:<id>", "group:<id>") the
// participants of item, and nobody else. The caller's own entry records the
// change: participants are part of what the slice decided.
func SetParticipants(ctx context.Context, tx *store.Tx, item string, principals []string) error {
	if item == "" {
		return fmt.Errorf("set participants: no item")
	}
	wanted := slices.Clone(principals)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for _, p := range wanted {
		if !validPrincipal(p) {
			return fault.New(fault.Invalid, "authz.principal_invalid", "A participant is a person or a group.")
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM authz_participant WHERE item = $1", item); err != nil {
		return fmt.Errorf("clear participants: %w", err)
	}
	for _, p := range wanted {
		if _, err := tx.Exec(ctx, "INSERT INTO authz_participant (item, principal) VALUES ($1, $2)", item, p); err != nil {
			return fmt.Errorf("add participant: %w", err)
		}
	}
	return nil
}

// Participants returns the principals that take part in item, sorted.
func Participants(ctx context.Context, r store.Reader, item string) ([]string, error) {
	rows, err := r.Query(ctx, "SELECT principal FROM authz_participant WHERE item = $1 ORDER BY principal", item)
	all, err := store.Texts(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load participants: %w", err)
	}
	return all, nil
}

// ParticipantsOf is [Participants] for several items at once, by item. Items
// without participants are absent.
func ParticipantsOf(ctx context.Context, r store.Reader, items []string) (map[string][]string, error) {
	byItem := map[string][]string{}
	for some := range slices.Chunk(items, store.Batch) {
		var args []any
		query := "SELECT item, principal FROM authz_participant WHERE item IN " + store.In(some, &args) + " ORDER BY item, principal"
		rows, err := r.Query(ctx, query, args...)
		found, err := store.TextsBy(rows, err)
		if err != nil {
			return nil, fmt.Errorf("load participants: %w", err)
		}
		maps.Copy(byItem, found)
	}
	return byItem, nil
}

// ResourceOf returns what decides about an item: what load gives, described with the
// participants. load answers NotFound for an item that is not there. Participants are
// asked for then, too: what is hidden must not take longer than what is absent.
func ResourceOf[T any](ctx context.Context, r store.Reader, item string, load func() (T, error), describe func(T, []string) Resource) (Resource, error) {
	v, err := load()
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Resource{}, err
	}
	participants, partErr := Participants(ctx, r, item)
	if err := errors.Join(err, partErr); err != nil {
		return Resource{}, err
	}
	return describe(v, participants), nil
}

func validPrincipal(p string) bool {
	id, ok := strings.CutPrefix(p, "person:")
	if !ok {
		id, ok = strings.CutPrefix(p, "group:")
	}
	return ok && id != ""
}
