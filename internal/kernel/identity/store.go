// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
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

// people is where accounts are kept, but for what proves who somebody is.
var people = store.NewTable("identity_person", "p", stale, func(p *Person) []store.Column {
	return []store.Column{
		store.Text("id", &p.ID).Key(),
		store.Text("login", &p.Login).Fixed(),
		store.Text("name", &p.Name),
		store.Text("mail", &p.Mail),
		store.Text("kind", &p.Kind).Fixed(),
		store.Text("organisation", &p.Organisation),
		store.Own("roles", roleText{&p.Roles}),
		store.Flag("active", &p.Active),
		store.Int("epoch", &p.Epoch).Fixed(), // raised in SQL, see raiseEpoch
		store.Flag("CASE WHEN p.password <> '' AND p.totp_secret IS NOT NULL THEN 1 ELSE 0 END", &p.Enrolled).Computed(),
		store.Moment("created_at", &p.CreatedAt).Fixed(),
		store.Moment("erased_at", &p.ErasedAt),
		store.Int("version", &p.Version).Version(),
	}
})

// roleText keeps roles as their names, separated by spaces.
type roleText struct{ roles *[]authz.Role }

// Scan reads the names.
func (t roleText) Scan(src any) error {
	var text sql.NullString
	err := text.Scan(src)
	*t.roles = splitRoles(text.String)
	return err
}

// Value returns the names.
func (t roleText) Value() (driver.Value, error) { return joinRoles(*t.roles), nil }

// plausibleID reports whether id can be the id of a row; text that an engine
// cannot even compare is refused here.
func plausibleID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

func loadPerson(ctx context.Context, r store.Reader, id string) (Person, error) {
	if !plausibleID(id) {
		return Person{}, errNoPerson
	}
	p, err := people.One(ctx, r, "WHERE p.id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, errNoPerson
	}
	if err != nil {
		return Person{}, err
	}
	p.Groups, err = loadGroupIDs(ctx, r, id)
	return p, err
}

// loadByLogin returns the person without groups, and the password hash.
func loadByLogin(ctx context.Context, r store.Reader, login string) (Person, string, error) {
	var p Person
	var password string
	row := r.QueryRow(ctx, "SELECT "+people.Columns()+", p.password FROM identity_person p WHERE p.login = $1", login)
	err := row.Scan(append(people.Dest(&p), &password)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, "", errNoPerson
	}
	if err != nil {
		return Person{}, "", fmt.Errorf("load person by login: %w", err)
	}
	return p, password, nil
}

// loadByMail returns the people with an address, with their groups.
func loadByMail(ctx context.Context, r store.Reader, address string) ([]Person, error) {
	if address == "" || len(address) > maxMail || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, nil
	}
	all, err := people.All(ctx, r, "WHERE LOWER(p.mail) = $1 ORDER BY p.login", strings.ToLower(address))
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Groups, err = loadGroupIDs(ctx, r, all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// listPeople returns people in the order of their logins, after a login.
func listPeople(ctx context.Context, r store.Reader, f PeopleFilter, after string, limit int) ([]Person, error) {
	where, args := "WHERE p.login > $1", []any{after}
	if f.Organisation != "" {
		where += " AND p.organisation = " + store.Arg(f.Organisation, &args)
	}
	if !f.Inactive {
		where += " AND p.active = 1"
	}
	where += " ORDER BY p.login LIMIT " + store.Arg(limit, &args)
	all, err := people.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	args = nil
	query := "SELECT person, group_id FROM identity_group_member WHERE person IN " + store.In(ids, &args) + " ORDER BY group_id"
	rows, err := r.Query(ctx, query, args...)
	groups, err := store.TextsBy(rows, err)
	if err != nil {
		return nil, fmt.Errorf("load the groups of people: %w", err)
	}
	for i := range all {
		all[i].Groups = groups[all[i].ID]
	}
	return all, nil
}

// loadNames returns the names of those ids that exist.
func loadNames(ctx context.Context, r store.Reader, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !plausibleID(id) })
	for some := range slices.Chunk(ids, store.Batch) {
		var args []any
		query := "SELECT id, name FROM identity_person WHERE id IN " + store.In(some, &args)
		rows, err := r.Query(ctx, query, args...)
		pairs, err := store.TextsBy(rows, err)
		if err != nil {
			return nil, fmt.Errorf("load names: %w", err)
		}
		for id, name := range pairs {
			names[id] = name[0]
		}
	}
	return names, nil
}

// raiseEpoch ends every session of a person that the database does not mark as kept.
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
	n, err := store.Affected(result, err)
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
