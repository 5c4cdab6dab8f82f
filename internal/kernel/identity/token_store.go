// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

const tokenColumns = "t.id, t.person, t.name, t.scopes, t.created_at, t.expires_at, t.used_at, t.revoked_at"

// tokenDest returns where tokenColumns are scanned to; scopes need setScopes afterwards.
func tokenDest(t *Token, scopes *string) []any {
	return []any{&t.ID, &t.Person, &t.Name, scopes, store.Time(&t.CreatedAt), store.Time(&t.Until), store.Time(&t.UsedAt), store.Time(&t.RevokedAt)}
}

func (t *Token) setScopes(text string) {
	if text == everything {
		t.Everything = true
		return
	}
	for _, name := range strings.Fields(text) {
		t.Scopes = append(t.Scopes, authz.Action(name))
	}
}

func scanToken(s store.Scanner) (Token, error) {
	var t Token
	var scopes string
	err := s.Scan(tokenDest(&t, &scopes)...)
	t.setScopes(scopes)
	return t, err
}

func insertToken(ctx context.Context, tx *store.Tx, t Token, hash []byte, entry int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_token (id, hash, person, name, scopes, created_at, expires_at, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.ID, hash, t.Person, t.Name, t.scopeText(), store.At(t.CreatedAt), store.At(t.Until), entry)
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

func loadToken(ctx context.Context, r store.Reader, id string) (Token, error) {
	if !plausibleID(id) {
		return Token{}, sql.ErrNoRows
	}
	return scanToken(r.QueryRow(ctx, "SELECT "+tokenColumns+" FROM identity_token t WHERE t.id = $1", id))
}

// loadTokenActor returns token, person, roles and groups with one query.
func loadTokenActor(ctx context.Context, r store.Reader, hash []byte) (authz.Actor, bool, Token, error) {
	rows, err := r.Query(ctx, "SELECT "+actorColumns+", "+tokenColumns+`
		FROM identity_token t JOIN identity_person p ON p.id = t.person
		LEFT JOIN identity_group_member g ON g.person = p.id
		WHERE t.hash = $1 ORDER BY g.group_id`, hash)
	var t Token
	var scopes string
	actor, active, err := collectActor(rows, err, tokenDest(&t, &scopes)...)
	t.setScopes(scopes)
	return actor, active, t, err
}

// listTokens returns tokens after an id: those of a person, or all.
func listTokens(ctx context.Context, r store.Reader, person, after string, limit int) ([]Token, error) {
	query := "SELECT " + tokenColumns + " FROM identity_token t WHERE t.id > $1"
	args := []any{after}
	if person != "" {
		args = append(args, person)
		query += " AND t.person = $2"
	}
	args = append(args, limit)
	rows, err := r.Query(ctx, query+" ORDER BY t.id LIMIT $"+strconv.Itoa(len(args)), args...)
	tokens, err := store.Collect(rows, err, scanToken)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
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

// revokeTokens revokes all tokens of a person.
func revokeTokens(ctx context.Context, tx *store.Tx, person string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE identity_token SET revoked_at = $2 WHERE person = $1 AND revoked_at IS NULL", person, store.At(now))
	if err != nil {
		return fmt.Errorf("revoke tokens: %w", err)
	}
	return nil
}
