// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
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

const subjectColumns = `s.id, s.ref, s.kind, s.name, s.title, s.description, s.owner, s.organisation,
	s.version, s.digest, s.revision, s.attributes, s.visibility, s.registered_at, s.changed_at, s.retired_at, s.entry`

// Expressions of the row for authz.Visible.
const (
	subjectItem       = "'subject:' || s.id"
	subjectVisibility = "s.visibility"
)

func scanSubject(row store.Scanner) (Subject, error) {
	var s Subject
	var attributes string
	err := row.Scan(&s.ID, &s.Ref, &s.Kind, &s.Name, &s.Title, &s.Description, &s.Owner, &s.Organisation,
		&s.Version, &s.Digest, &s.Revision, &attributes, &s.Visibility,
		store.Time(&s.RegisteredAt), store.Time(&s.ChangedAt), store.Time(&s.RetiredAt), &s.Entry)
	if err != nil {
		return Subject{}, err
	}
	if err := json.Unmarshal([]byte(attributes), &s.Attributes); err != nil {
		return Subject{}, fmt.Errorf("read attributes of subject %s: %w", s.ID, err)
	}
	return s, nil
}

// loadByRef returns the subject whatever its visibility.
func loadByRef(ctx context.Context, r store.Reader, ref string) (Subject, error) {
	return found(scanSubject(r.QueryRow(ctx, "SELECT "+subjectColumns+" FROM catalog_subject s WHERE s.ref = $1", ref)))
}

// loadVisible returns the subject if the actor may see it. Absent and invisible
// run the same statement and give the same fault.
func loadVisible(ctx context.Context, r store.Reader, a authz.Actor, ref string) (Subject, error) {
	args := []any{ref}
	visible := authz.Visible(a, subjectItem, subjectVisibility, &args)
	return found(scanSubject(r.QueryRow(ctx, "SELECT "+subjectColumns+" FROM catalog_subject s WHERE s.ref = $1 AND "+visible, args...)))
}

// maxRefs is the number of refs per statement, below the limit of parameters of
// either engine.
const maxRefs = 500

// loadByRefs returns the subjects of those refs for which a further condition
// holds, by ref.
func loadByRefs(ctx context.Context, r store.Reader, refs []string, further func(args *[]any) string) (map[string]Subject, error) {
	byRef := make(map[string]Subject, len(refs))
	for len(refs) > 0 {
		n := min(maxRefs, len(refs))
		args, marks := make([]any, n), make([]string, n)
		for i, ref := range refs[:n] {
			args[i], marks[i] = ref, "$"+strconv.Itoa(i+1)
		}
		refs = refs[n:]
		condition := further(&args)
		rows, err := r.Query(ctx, "SELECT "+subjectColumns+" FROM catalog_subject s WHERE s.ref IN ("+strings.Join(marks, ", ")+")"+condition, args...)
		all, err := store.Collect(rows, err, scanSubject)
		if err != nil {
			return nil, fmt.Errorf("load subjects: %w", err)
		}
		for _, s := range all {
			byRef[s.Ref] = s
		}
	}
	return byRef, nil
}

func found(s Subject, err error) (Subject, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return Subject{}, fault.ItemNotFound()
	}
	if err != nil {
		return Subject{}, fmt.Errorf("load subject: %w", err)
	}
	return s, nil
}

func refTaken(ctx context.Context, r store.Reader, ref string) (bool, error) {
	var n int64
	if err := r.QueryRow(ctx, "SELECT COUNT(*) FROM catalog_subject WHERE ref = $1", ref).Scan(&n); err != nil {
		return false, fmt.Errorf("look for subject: %w", err)
	}
	return n > 0, nil
}

func insertSubject(ctx context.Context, tx *store.Tx, s Subject) error {
	attributes, err := json.Marshal(s.Attributes)
	if err != nil {
		return fmt.Errorf("write attributes: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO catalog_subject (id, ref, kind, name, title, description, owner, organisation,
		version, digest, revision, attributes, visibility, registered_at, changed_at, retired_at, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		s.ID, s.Ref, s.Kind, s.Name, s.Title, s.Description, s.Owner, s.Organisation,
		s.Version, s.Digest, s.Revision, string(attributes), string(s.Visibility),
		store.At(s.RegisteredAt), store.At(s.ChangedAt), store.At(s.RetiredAt), s.Entry)
	if err != nil {
		return fmt.Errorf("insert subject: %w", err)
	}
	return nil
}

// updateSubject writes every column that an edit can change. before is the
// revision that was loaded in this transaction.
func updateSubject(ctx context.Context, tx *store.Tx, s Subject, before int64) error {
	attributes, err := json.Marshal(s.Attributes)
	if err != nil {
		return fmt.Errorf("write attributes: %w", err)
	}
	res, err := tx.Exec(ctx, `UPDATE catalog_subject SET title = $1, description = $2, owner = $3, organisation = $4,
		version = $5, digest = $6, revision = $7, attributes = $8, visibility = $9, changed_at = $10, retired_at = $11, entry = $12
		WHERE id = $13 AND revision = $14`,
		s.Title, s.Description, s.Owner, s.Organisation, s.Version, s.Digest, s.Revision, string(attributes),
		string(s.Visibility), store.At(s.ChangedAt), store.At(s.RetiredAt), s.Entry, s.ID, before)
	if err != nil {
		return fmt.Errorf("update subject: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("update subject: %w", err)
	}
	if n != 1 {
		return staleFault()
	}
	return nil
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
	rows, err := r.Query(ctx, "SELECT "+subjectColumns+` FROM catalog_subject s
		WHERE s.retired_at IS NULL AND EXISTS (SELECT 1 FROM catalog_reference c WHERE c.subject = s.id AND c.target = $1)
		ORDER BY s.ref`, target)
	all, err := store.Collect(rows, err, scanSubject)
	if err != nil {
		return nil, fmt.Errorf("load referring subjects: %w", err)
	}
	return all, nil
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
			args = append(args, value)
			where = append(where, column+" = $"+strconv.Itoa(len(args)))
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
	args = append(args, limit)
	rows, err := r.Query(ctx, "SELECT "+subjectColumns+" FROM catalog_subject s WHERE "+strings.Join(where, " AND ")+
		" ORDER BY s.ref LIMIT $"+strconv.Itoa(len(args)), args...)
	all, err := store.Collect(rows, err, scanSubject)
	if err != nil {
		return nil, fmt.Errorf("list subjects: %w", err)
	}
	return all, nil
}

// visibleByID returns those of the subjects that the actor may see, by id. It
// executes the same for no subjects as for hidden ones.
func visibleByID(ctx context.Context, r store.Reader, a authz.Actor, ids []string) (map[string]Subject, error) {
	if len(ids) == 0 {
		ids = []string{"-"}
	}
	var args []any
	marks := make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	visible := authz.Visible(a, subjectItem, subjectVisibility, &args)
	rows, err := r.Query(ctx, "SELECT "+subjectColumns+" FROM catalog_subject s WHERE s.id IN ("+strings.Join(marks, ", ")+") AND "+visible, args...)
	all, err := store.Collect(rows, err, scanSubject)
	if err != nil {
		return nil, fmt.Errorf("load linked subjects: %w", err)
	}
	byID := map[string]Subject{}
	for _, s := range all {
		byID[s.ID] = s
	}
	return byID, nil
}
