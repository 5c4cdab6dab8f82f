// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
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
	all, err := store.Collect(rows, err, scanString)
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

func loadOrganisation(ctx context.Context, r store.Reader, id string) (Organisation, error) {
	if !plausibleID(id) {
		return Organisation{}, fault.ItemNotFound()
	}
	o, err := scanOrganisation(r.QueryRow(ctx, "SELECT id, name, version FROM identity_organisation WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Organisation{}, fault.ItemNotFound()
	}
	if err != nil {
		return Organisation{}, fmt.Errorf("load organisation: %w", err)
	}
	return o, nil
}

func loadOrganisations(ctx context.Context, r store.Reader) ([]Organisation, error) {
	rows, err := r.Query(ctx, "SELECT id, name, version FROM identity_organisation ORDER BY name")
	all, err := store.Collect(rows, err, scanOrganisation)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	return all, nil
}

func scanOrganisation(s store.Scanner) (Organisation, error) {
	var o Organisation
	err := s.Scan(&o.ID, &o.Name, &o.Version)
	return o, err
}

func insertOrganisation(ctx context.Context, tx *store.Tx, o Organisation, entry int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO identity_organisation (id, name, version, entry) VALUES ($1, $2, $3, $4)", o.ID, o.Name, o.Version, entry)
	if err != nil {
		return fmt.Errorf("insert organisation: %w", err)
	}
	return nil
}

func updateOrganisation(ctx context.Context, tx *store.Tx, o Organisation, entry int64) error {
	_, err := tx.Exec(ctx, "UPDATE identity_organisation SET name = $2, version = $3, entry = $4 WHERE id = $1", o.ID, o.Name, o.Version, entry)
	if err != nil {
		return fmt.Errorf("update organisation: %w", err)
	}
	return nil
}

func loadGroup(ctx context.Context, r store.Reader, id string) (Group, error) {
	if !plausibleID(id) {
		return Group{}, fault.ItemNotFound()
	}
	var g Group
	err := r.QueryRow(ctx, "SELECT id, name, version FROM identity_group WHERE id = $1", id).Scan(&g.ID, &g.Name, &g.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return Group{}, fault.ItemNotFound()
	}
	if err != nil {
		return Group{}, fmt.Errorf("load group: %w", err)
	}
	rows, err := r.Query(ctx, "SELECT person FROM identity_group_member WHERE group_id = $1 ORDER BY person", id)
	if g.Members, err = store.Collect(rows, err, scanString); err != nil {
		return Group{}, fmt.Errorf("load group members: %w", err)
	}
	return g, nil
}

func loadGroups(ctx context.Context, r store.Reader) ([]Group, error) {
	rows, err := r.Query(ctx, "SELECT id, name, version FROM identity_group ORDER BY name")
	groups, err := store.Collect(rows, err, func(s store.Scanner) (Group, error) {
		var g Group
		err := s.Scan(&g.ID, &g.Name, &g.Version)
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	rows, err = r.Query(ctx, "SELECT group_id, person FROM identity_group_member ORDER BY group_id, person")
	pairs, err := store.Collect(rows, err, scanPair)
	if err != nil {
		return nil, fmt.Errorf("list group members: %w", err)
	}
	members := make(map[string][]string)
	for _, p := range pairs {
		members[p[0]] = append(members[p[0]], p[1])
	}
	for i := range groups {
		groups[i].Members = members[groups[i].ID]
	}
	return groups, nil
}

func loadGroupIDs(ctx context.Context, r store.Reader, person string) ([]string, error) {
	rows, err := r.Query(ctx, "SELECT group_id FROM identity_group_member WHERE person = $1 ORDER BY group_id", person)
	ids, err := store.Collect(rows, err, scanString)
	if err != nil {
		return nil, fmt.Errorf("load groups of a person: %w", err)
	}
	return ids, nil
}

func loadGroupNames(ctx context.Context, r store.Reader, person string) ([]string, error) {
	rows, err := r.Query(ctx, `SELECT g.name FROM identity_group g JOIN identity_group_member m ON m.group_id = g.id
		WHERE m.person = $1 ORDER BY g.name`, person)
	names, err := store.Collect(rows, err, scanString)
	if err != nil {
		return nil, fmt.Errorf("load groups of a person: %w", err)
	}
	return names, nil
}

func insertGroup(ctx context.Context, tx *store.Tx, g Group, entry int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO identity_group (id, name, version, entry) VALUES ($1, $2, $3, $4)", g.ID, g.Name, g.Version, entry)
	if err != nil {
		return fmt.Errorf("insert group: %w", err)
	}
	return setGroupMembers(ctx, tx, g)
}

func updateGroup(ctx context.Context, tx *store.Tx, g Group, entry int64) error {
	_, err := tx.Exec(ctx, "UPDATE identity_group SET name = $2, version = $3, entry = $4 WHERE id = $1", g.ID, g.Name, g.Version, entry)
	if err != nil {
		return fmt.Errorf("update group: %w", err)
	}
	return setGroupMembers(ctx, tx, g)
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

// loadAllSessions returns every session that is kept of a person, ended ones too.
func loadAllSessions(ctx context.Context, r store.Reader, person string) ([]sessionRow, error) {
	rows, err := r.Query(ctx, "SELECT created_at, seen_at FROM identity_session WHERE person = $1 ORDER BY created_at, id", person)
	all, err := store.Collect(rows, err, func(s store.Scanner) (sessionRow, error) {
		var row sessionRow
		err := s.Scan(store.Time(&row.createdAt), store.Time(&row.seenAt))
		return row, err
	})
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	return all, nil
}

// removeTraces deletes what is held about a person besides the account.
func removeTraces(ctx context.Context, tx *store.Tx, person string, failureKey []byte) error {
	for _, table := range []string{"identity_session", "identity_token", "identity_invitation", "identity_recovery", "identity_group_member"} {
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
