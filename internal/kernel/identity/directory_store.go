// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

func countPeople(ctx context.Context, r store.Reader) (int64, error) {
	var n int64
	if err := r.QueryRow(ctx, "SELECT COUNT(*) FROM identity_person").Scan(&n); err != nil {
		return 0, fmt.Errorf("count people: %w", err)
	}
	return n, nil
}

// otherAdmins counts the active administrators besides one person.
func otherAdmins(ctx context.Context, r store.Reader, person string) (int, error) {
	rows, err := r.Query(ctx, "SELECT roles FROM identity_person WHERE active = 1 AND kind = 'person' AND id <> $1 AND roles <> ''", person)
	all, err := store.Texts(rows, err)
	if err != nil {
		return 0, fmt.Errorf("count administrators: %w", err)
	}
	n := 0
	for _, roles := range all {
		if slices.Contains(splitRoles(roles), authz.RoleAdmin) {
			n++
		}
	}
	return n, nil
}

// organisations is where organisations are kept.
var organisations = store.NewTable("identity_organisation", "o", stale, func(o *Organisation) []store.Column {
	return []store.Column{store.Text("id", &o.ID).Key(), store.Text("name", &o.Name), store.Int("version", &o.Version).Version()}
})

// groups is where groups are kept, without their members.
var groups = store.NewTable("identity_group", "g", stale, func(g *Group) []store.Column {
	return []store.Column{store.Text("id", &g.ID).Key(), store.Text("name", &g.Name), store.Int("version", &g.Version).Version()}
})

func loadOrganisation(ctx context.Context, r store.Reader, id string) (Organisation, error) {
	if !plausibleID(id) {
		return Organisation{}, fault.ItemNotFound()
	}
	return store.Found(organisations.One(ctx, r, "WHERE o.id = $1", id))
}

func loadOrganisations(ctx context.Context, r store.Reader) ([]Organisation, error) {
	return organisations.All(ctx, r, "ORDER BY o.name")
}

func loadGroup(ctx context.Context, r store.Reader, id string) (Group, error) {
	if !plausibleID(id) {
		return Group{}, fault.ItemNotFound()
	}
	g, err := store.Found(groups.One(ctx, r, "WHERE g.id = $1", id))
	if err != nil {
		return Group{}, err
	}
	rows, err := r.Query(ctx, "SELECT person FROM identity_group_member WHERE group_id = $1 ORDER BY person", id)
	if g.Members, err = store.Texts(rows, err); err != nil {
		return Group{}, fmt.Errorf("load group members: %w", err)
	}
	return g, nil
}

func loadGroups(ctx context.Context, r store.Reader) ([]Group, error) {
	all, err := groups.All(ctx, r, "ORDER BY g.name")
	if err != nil {
		return nil, err
	}
	rows, err := r.Query(ctx, "SELECT group_id, person FROM identity_group_member ORDER BY group_id, person")
	members, err := store.TextsBy(rows, err)
	if err != nil {
		return nil, fmt.Errorf("list group members: %w", err)
	}
	for i := range all {
		all[i].Members = members[all[i].ID]
	}
	return all, nil
}

func loadGroupIDs(ctx context.Context, r store.Reader, person string) ([]string, error) {
	rows, err := r.Query(ctx, "SELECT group_id FROM identity_group_member WHERE person = $1 ORDER BY group_id", person)
	ids, err := store.Texts(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load groups of a person: %w", err)
	}
	return ids, nil
}

func loadGroupNames(ctx context.Context, r store.Reader, person string) ([]string, error) {
	rows, err := r.Query(ctx, `SELECT g.name FROM identity_group g JOIN identity_group_member m ON m.group_id = g.id
		WHERE m.person = $1 ORDER BY g.name`, person)
	names, err := store.Texts(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load groups of a person: %w", err)
	}
	return names, nil
}

func setGroupMembers(ctx context.Context, tx *store.Tx, g Group) error {
	if _, err := tx.Exec(ctx, "DELETE FROM identity_group_member WHERE group_id = $1", g.ID); err != nil {
		return fmt.Errorf("clear group members: %w", err)
	}
	for _, m := range g.Members {
		if _, err := tx.Exec(ctx, "INSERT INTO identity_group_member (person, group_id) VALUES ($1, $2)", m, g.ID); err != nil {
			return fmt.Errorf("insert group member: %w", err)
		}
	}
	return nil
}

func deleteGroup(ctx context.Context, tx *store.Tx, id string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM identity_group_member WHERE group_id = $1", id); err != nil {
		return fmt.Errorf("clear group members: %w", err)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM identity_group WHERE id = $1", id); err != nil {
		return fmt.Errorf("delete group: %w", err)
	}
	return nil
}

// removeTraces deletes what is held about a person besides the account.
func removeTraces(ctx context.Context, tx *store.Tx, person string, failureKey []byte) error {
	for _, table := range []string{"identity_session_mark", "identity_token", "identity_invitation", "identity_recovery", "identity_group_member"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE person = $1", person); err != nil {
			return fmt.Errorf("erase from %s: %w", table, err)
		}
	}
	return clearFailures(ctx, tx, failureKey)
}

// buryPerson leaves a tombstone.
func buryPerson(ctx context.Context, tx *store.Tx, person string, now time.Time, entry int64) error {
	_, err := tx.Exec(ctx, `UPDATE identity_person SET login = $2, name = $3, mail = '', roles = '', active = 0,
		erased_at = $4, version = version + 1, entry = $5 WHERE id = $1`,
		person, erasedPrefix+person, tombstone, store.At(now), entry)
	if err != nil {
		return fmt.Errorf("erase person: %w", err)
	}
	return nil
}

func formatTime(t time.Time) string { return t.Format(time.RFC3339) }
