// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationFiles returns the migrations at the root of a file system.
func migrationFiles() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return sub
}

// subjects is where subjects are kept.
var subjects = store.NewTable("catalog_subject", "s", stale, func(s *Subject) []store.Column {
	return []store.Column{
		store.Text("id", &s.ID).Key(),
		store.Text("ref", &s.Ref).Fixed(),
		store.Text("kind", &s.Kind).Fixed(),
		store.Text("name", &s.Name).Fixed(),
		store.Text("title", &s.Title),
		store.Text("description", &s.Description),
		store.Text("owner", &s.Owner),
		store.Text("organisation", &s.Organisation),
		store.Int("version", &s.Version),
		store.Text("digest", &s.Digest),
		store.Int("revision", &s.Revision).Version(),
		store.JSON("attributes", &s.Attributes),
		store.Text("visibility", &s.Visibility),
		store.Moment("registered_at", &s.RegisteredAt).Fixed(),
		store.Moment("changed_at", &s.ChangedAt),
		store.Moment("retired_at", &s.RetiredAt),
		store.Int("entry", &s.Entry),
	}
})

// Expressions of the row for authz.Visible.
const (
	subjectItem       = "'subject:' || s.id"
	subjectVisibility = "s.visibility"
)

// loadByRef returns the subject whatever its visibility.
func loadByRef(ctx context.Context, r store.Reader, ref string) (Subject, error) {
	return store.Found(subjects.One(ctx, r, "WHERE s.ref = $1", ref))
}

// loadVisible returns the subject if the actor may see it. Absent and invisible
// run the same statement and give the same fault.
func loadVisible(ctx context.Context, r store.Reader, a authz.Actor, ref string) (Subject, error) {
	args := []any{ref}
	visible := authz.Visible(a, subjectItem, subjectVisibility, &args)
	return store.Found(subjects.One(ctx, r, "WHERE s.ref = $1 AND "+visible, args...))
}

// loadByRefs returns the subjects of those refs for which a further condition
// holds, by ref.
func loadByRefs(ctx context.Context, r store.Reader, refs []string, further func(args *[]any) string) (map[string]Subject, error) {
	byRef := make(map[string]Subject, len(refs))
	for some := range slices.Chunk(refs, store.Batch) {
		var args []any
		where := "WHERE s.ref IN " + store.In(some, &args)
		where += further(&args)
		all, err := subjects.All(ctx, r, where, args...)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			byRef[s.Ref] = s
		}
	}
	return byRef, nil
}

func refTaken(ctx context.Context, r store.Reader, ref string) (bool, error) {
	var n int64
	if err := r.QueryRow(ctx, "SELECT COUNT(*) FROM catalog_subject WHERE ref = $1", ref).Scan(&n); err != nil {
		return false, fmt.Errorf("look for subject: %w", err)
	}
	return n > 0, nil
}

// setReferences replaces what the subject's attributes refer to: attribute name
// to target subject id.
func setReferences(ctx context.Context, tx *store.Tx, subject string, targets map[string]Subject) error {
	if _, err := tx.Exec(ctx, "DELETE FROM catalog_reference WHERE subject = $1", subject); err != nil {
		return fmt.Errorf("clear references: %w", err)
	}
	for _, name := range sortedKeys(targets) {
		_, err := tx.Exec(ctx, "INSERT INTO catalog_reference (subject, attribute, target) VALUES ($1, $2, $3)", subject, name, targets[name].ID)
		if err != nil {
			return fmt.Errorf("add reference: %w", err)
		}
	}
	return nil
}

// referrers returns the active subjects that refer to target, by ref.
func referrers(ctx context.Context, r store.Reader, target string) ([]Subject, error) {
	return subjects.All(ctx, r, `WHERE s.retired_at IS NULL
		AND EXISTS (SELECT 1 FROM catalog_reference c WHERE c.subject = s.id AND c.target = $1)
		ORDER BY s.ref`, target)
}

// references returns the current pin of each subject that the attributes of
// subject refer to, by attribute name.
func references(ctx context.Context, r store.Reader, subject string) (map[string]Pin, error) {
	rows, err := r.Query(ctx, `SELECT c.attribute, t.version, t.digest FROM catalog_reference c
		JOIN catalog_subject t ON t.id = c.target WHERE c.subject = $1`, subject)
	if err != nil {
		return nil, fmt.Errorf("load references: %w", err)
	}
	defer rows.Close()
	pins := map[string]Pin{}
	for rows.Next() {
		var name string
		var pin Pin
		if err := rows.Scan(&name, &pin.Version, &pin.Digest); err != nil {
			return nil, fmt.Errorf("load references: %w", err)
		}
		pins[name] = pin
	}
	return pins, rows.Err()
}

// listSubjects returns up to limit visible subjects after the cursor, by ref.
func listSubjects(ctx context.Context, r store.Reader, a authz.Actor, f Filter, after string, limit int) ([]Subject, error) {
	args := []any{after}
	where := []string{"s.ref > $1"}
	equal := func(column, value string) {
		if value != "" {
			where = append(where, column+" = "+store.Arg(value, &args))
		}
	}
	equal("s.kind", f.Kind)
	equal("s.owner", f.Owner)
	equal("s.organisation", f.Organisation)
	switch f.State {
	case StateActive:
		where = append(where, "s.retired_at IS NULL")
	case StateRetired:
		where = append(where, "s.retired_at IS NOT NULL")
	}
	where = append(where, authz.Visible(a, subjectItem, subjectVisibility, &args))
	rest := "WHERE " + strings.Join(where, " AND ") + " ORDER BY s.ref LIMIT " + store.Arg(limit, &args)
	return subjects.All(ctx, r, rest, args...)
}

// visibleByID returns those of the subjects that the actor may see, by id. It
// executes the same for no subjects as for hidden ones.
func visibleByID(ctx context.Context, r store.Reader, a authz.Actor, ids []string) (map[string]Subject, error) {
	if len(ids) == 0 {
		ids = []string{"-"}
	}
	var args []any
	where := "WHERE s.id IN " + store.In(ids, &args)
	where += " AND " + authz.Visible(a, subjectItem, subjectVisibility, &args)
	all, err := subjects.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	byID := map[string]Subject{}
	for _, s := range all {
		byID[s.ID] = s
	}
	return byID, nil
}
