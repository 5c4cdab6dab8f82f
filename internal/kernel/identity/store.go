// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// errNoPerson is a person who is not there; callers decide what to say of it.
var errNoPerson = errors.New("identity: no such person")

// notFound turns errNoPerson into what a reader is told.
func notFound(err error) error {
	if errors.Is(err, errNoPerson) {
		return fault.ItemNotFound()
	}
	return err
}

const personColumns = `p.id, p.login, p.name, p.mail, p.kind, p.organisation, p.roles, p.active, p.epoch,
	CASE WHEN p.password <> '' AND p.totp_secret IS NOT NULL THEN 1 ELSE 0 END, p.created_at, p.erased_at, p.version`

// scanPerson scans personColumns and what follows them.
func scanPerson(s store.Scanner, more ...any) (Person, error) {
	var p Person
	var roles string
	var active, enrolled int64
	err := s.Scan(append([]any{
		&p.ID, &p.Login, &p.Name, &p.Mail, &p.Kind, &p.Organisation, &roles, &active, &p.Epoch,
		&enrolled, store.Time(&p.CreatedAt), store.Time(&p.ErasedAt), &p.Version,
	}, more...)...)
	p.Roles, p.Active, p.Enrolled = splitRoles(roles), active == 1, enrolled == 1
	return p, err
}

// plausibleID reports whether id can be the id of a row; text that an engine
// cannot even compare is refused here.
func plausibleID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

func loadPerson(ctx context.Context, r store.Reader, id string) (Person, error) {
	if !plausibleID(id) {
		return Person{}, errNoPerson
	}
	p, err := scanPerson(r.QueryRow(ctx, "SELECT "+personColumns+" FROM identity_person p WHERE p.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, errNoPerson
	}
	if err != nil {
		return Person{}, fmt.Errorf("load person: %w", err)
	}
	p.Groups, err = loadGroupIDs(ctx, r, id)
	return p, err
}

// loadByLogin returns the person without groups, and the password hash.
func loadByLogin(ctx context.Context, r store.Reader, login string) (Person, string, error) {
	var password string
	p, err := scanPerson(r.QueryRow(ctx, "SELECT "+personColumns+", p.password FROM identity_person p WHERE p.login = $1", login), &password)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, "", errNoPerson
	}
	if err != nil {
		return Person{}, "", fmt.Errorf("load person by login: %w", err)
	}
	return p, password, nil
}

// listPeople returns people in the order of their logins, after a login.
func listPeople(ctx context.Context, r store.Reader, f PeopleFilter, after string, limit int) ([]Person, error) {
	query := "SELECT " + personColumns + " FROM identity_person p WHERE p.login > $1"
	args := []any{after}
	if f.Organisation != "" {
		args = append(args, f.Organisation)
		query += " AND p.organisation = $" + strconv.Itoa(len(args))
	}
	if !f.Inactive {
		query += " AND p.active = 1"
	}
	args = append(args, limit)
	rows, err := r.Query(ctx, query+" ORDER BY p.login LIMIT $"+strconv.Itoa(len(args)), args...)
	people, err := store.Collect(rows, err, func(s store.Scanner) (Person, error) { return scanPerson(s) })
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	for i := range people {
		if people[i].Groups, err = loadGroupIDs(ctx, r, people[i].ID); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// loadNames returns the names of those ids that exist.
func loadNames(ctx context.Context, r store.Reader, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !plausibleID(id) })
	const batch = 500 // parameters per statement, below the limit of either engine
	for len(ids) > 0 {
		n := min(batch, len(ids))
		marks, args := make([]string, n), make([]any, n)
		for i, id := range ids[:n] {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), id
		}
		ids = ids[n:]
		rows, err := r.Query(ctx, "SELECT id, name FROM identity_person WHERE id IN ("+strings.Join(marks, ", ")+")", args...)
		pairs, err := store.Collect(rows, err, scanPair)
		if err != nil {
			return nil, fmt.Errorf("load names: %w", err)
		}
		for _, p := range pairs {
			names[p[0]] = p[1]
		}
	}
	return names, nil
}

func scanPair(s store.Scanner) ([2]string, error) {
	var p [2]string
	err := s.Scan(&p[0], &p[1])
	return p, err
}

func scanString(s store.Scanner) (string, error) {
	var v string
	err := s.Scan(&v)
	return v, err
}

func insertPerson(ctx context.Context, tx *store.Tx, p Person, entry int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_person
		(id, login, name, mail, kind, organisation, roles, active, epoch, epoch_at, password, totp_step, created_at, version, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0, $10, $11, $12)`,
		p.ID, p.Login, p.Name, p.Mail, string(p.Kind), p.Organisation, joinRoles(p.Roles), flag(p.Active), p.Epoch,
		store.At(p.CreatedAt), p.Version, entry)
	if err != nil {
		return fmt.Errorf("insert person: %w", err)
	}
	return nil
}

// updatePerson writes what an administrator may change.
func updatePerson(ctx context.Context, tx *store.Tx, p Person, entry int64) error {
	_, err := tx.Exec(ctx, `UPDATE identity_person SET name = $2, mail = $3, organisation = $4, roles = $5, active = $6,
		version = $7, entry = $8 WHERE id = $1`,
		p.ID, p.Name, p.Mail, p.Organisation, joinRoles(p.Roles), flag(p.Active), p.Version, entry)
	if err != nil {
		return fmt.Errorf("update person: %w", err)
	}
	return nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func raiseEpoch(ctx context.Context, tx *store.Tx, person string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_person SET epoch = epoch + 1, epoch_at = $2 WHERE id = $1", person, store.At(now))
	if err != nil {
		return fmt.Errorf("raise epoch: %w", err)
	}
	return nil
}

// setCredentials replaces password hash and second factor.
func setCredentials(ctx context.Context, tx *store.Tx, person, password string, sealed []byte, step int64) error {
	_, err := tx.Exec(ctx, "UPDATE identity_person SET password = $2, totp_secret = $3, totp_step = $4 WHERE id = $1",
		person, password, sealed, step)
	if err != nil {
		return fmt.Errorf("set credentials: %w", err)
	}
	return nil
}

func setPassword(ctx context.Context, tx *store.Tx, person, password string) error {
	if _, err := tx.Exec(ctx, "UPDATE identity_person SET password = $2 WHERE id = $1", person, password); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// renewPassword replaces a hash by one of the same password at another cost,
// unless the password was changed in between.
func renewPassword(ctx context.Context, tx *store.Tx, person, old, renewed string) error {
	_, err := tx.Exec(ctx, "UPDATE identity_person SET password = $3 WHERE id = $1 AND password = $2", person, old, renewed)
	if err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	return nil
}

func loadTOTP(ctx context.Context, r store.Reader, person string) (sealed []byte, last int64, err error) {
	err = r.QueryRow(ctx, "SELECT totp_secret, totp_step FROM identity_person WHERE id = $1", person).Scan(&sealed, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("load second factor: %w", err)
	}
	return sealed, last, nil
}

// useTOTPStep reports false if a code of this step or a later one was used meanwhile.
func useTOTPStep(ctx context.Context, tx *store.Tx, person string, step int64) (bool, error) {
	return changed(tx.Exec(ctx, "UPDATE identity_person SET totp_step = $2 WHERE id = $1 AND totp_step < $2", person, step))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func recoveryUnused(ctx context.Context, r store.Reader, hash []byte) (bool, error) {
	var n int64
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM identity_recovery WHERE hash = $1 AND used_at IS NULL", hash).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look up recovery code: %w", err)
	}
	return n > 0, nil
}

func useRecovery(ctx context.Context, tx *store.Tx, hash []byte, now time.Time) (bool, error) {
	return changed(tx.Exec(ctx, "UPDATE identity_recovery SET used_at = $2 WHERE hash = $1 AND used_at IS NULL", hash, store.At(now)))
}

// replaceRecovery makes these hashes the person's recovery codes.
func replaceRecovery(ctx context.Context, tx *store.Tx, person string, hashes [][]byte) error {
	if _, err := tx.Exec(ctx, "DELETE FROM identity_recovery WHERE person = $1", person); err != nil {
		return fmt.Errorf("remove recovery codes: %w", err)
	}
	for _, h := range hashes {
		if _, err := tx.Exec(ctx, "INSERT INTO identity_recovery (hash, person) VALUES ($1, $2)", h, person); err != nil {
			return fmt.Errorf("insert recovery code: %w", err)
		}
	}
	return nil
}

func recoveryLeft(ctx context.Context, r store.Reader, person string) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM identity_recovery WHERE person = $1 AND used_at IS NULL", person).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return n, nil
}
