// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// tokens is where tokens are kept, beside the hashes of their secrets.
var tokens = store.NewTable("identity_token", "t", nil, func(t *Token) []store.Column {
	return []store.Column{
		store.Text("id", &t.ID),
		store.Text("person", &t.Person),
		store.Text("parent", &t.Parent),
		store.Text("name", &t.Name),
		store.Own("scopes", scopeText{t}),
		store.Moment("created_at", &t.CreatedAt),
		store.Moment("expires_at", &t.Until),
		store.Moment("used_at", &t.UsedAt),
		store.Moment("revoked_at", &t.RevokedAt),
	}
})

// scopeText keeps the scopes of a token as names separated by spaces.
type scopeText struct{ t *Token }

// Scan reads the names.
func (s scopeText) Scan(src any) error {
	var text sql.NullString
	err := text.Scan(src)
	s.t.Scopes, s.t.Everything = nil, text.String == everything
	if s.t.Everything {
		return err
	}
	for _, name := range strings.Fields(text.String) {
		s.t.Scopes = append(s.t.Scopes, authz.Action(name))
	}
	return err
}

// Value returns the names.
func (s scopeText) Value() (driver.Value, error) { return s.t.scopeText(), nil }

func loadToken(ctx context.Context, r store.Reader, id string) (Token, error) {
	if !plausibleID(id) {
		return Token{}, sql.ErrNoRows
	}
	return tokens.One(ctx, r, "WHERE t.id = $1", id)
}

// loadTokenActor returns token, person, roles and groups with one query.
func loadTokenActor(ctx context.Context, r store.Reader, hash []byte) (authz.Actor, bool, Token, error) {
	rows, err := r.Query(ctx, "SELECT "+actorColumns+", "+tokens.Columns()+`
		FROM identity_token t JOIN identity_person p ON p.id = t.person
		LEFT JOIN identity_group_member g ON g.person = p.id
		WHERE t.hash = $1 ORDER BY g.group_id`, hash)
	var t Token
	actor, active, err := collectActor(rows, err, tokens.Dest(&t)...)
	return actor, active, t, err
}

// listTokens returns tokens after an id: those of a person, or all.
func listTokens(ctx context.Context, r store.Reader, person, after string, limit int) ([]Token, error) {
	where, args := "WHERE t.id > $1", []any{after}
	if person != "" {
		where += " AND t.person = " + store.Arg(person, &args)
	}
	where += " ORDER BY t.id LIMIT " + store.Arg(limit, &args)
	return tokens.All(ctx, r, where, args...)
}

func countLiveTokens(ctx context.Context, r store.Reader, person string, now time.Time) (int, error) {
	var n int
	err := r.QueryRow(ctx, "SELECT COUNT(*) FROM identity_token WHERE person = $1 AND revoked_at IS NULL AND expires_at > $2",
		person, store.At(now)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return n, nil
}

func touchToken(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_token SET used_at = $2 WHERE id = $1", id, store.At(at))
	return err
}

func revokeToken(ctx context.Context, tx *store.Tx, id string, now time.Time) error {
	if _, err := tx.Exec(ctx, "UPDATE identity_token SET revoked_at = $2 WHERE id = $1", id, store.At(now)); err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// offspring is the common table of a token $1 or of the tokens of a person $1, as
// the condition says, with all that they made, made by these, and so on. UNION
// ends it even if rows were tampered into a ring.
const offspring = "WITH RECURSIVE made (id) AS (SELECT id FROM identity_token WHERE %s UNION SELECT c.id FROM identity_token c JOIN made m ON c.parent = m.id)"

// madeBy returns the tokens that descend from one and are not revoked.
func madeBy(ctx context.Context, r store.Reader, id string) ([]Token, error) {
	rows, err := r.Query(ctx, fmt.Sprintf(offspring, "id = $1")+" SELECT "+tokens.Columns()+
		" FROM identity_token t JOIN made ON made.id = t.id WHERE t.id <> $1 AND t.revoked_at IS NULL ORDER BY t.id", id)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Token, error) {
		var t Token
		err := s.Scan(tokens.Dest(&t)...)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("find the tokens that a token made: %w", err)
	}
	return all, nil
}

// revokeTokens revokes all tokens of a person, and those that they made for others.
func revokeTokens(ctx context.Context, tx *store.Tx, person string, now time.Time) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(offspring, "person = $1")+
		" UPDATE identity_token SET revoked_at = $2 WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL", person, store.At(now))
	if err != nil {
		return fmt.Errorf("revoke tokens: %w", err)
	}
	return nil
}
