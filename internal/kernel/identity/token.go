// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Token is an API token. Its secret is known to its holder alone.
type Token struct {
	ID         string         `json:"id"`
	Person     string         `json:"person" doc:"id of the account that it acts for"`
	Parent     string         `json:"parent,omitempty" doc:"id of the token that made it, if one did: it is revoked with that one"`
	Name       string         `json:"name"` // what it is for
	Scopes     []authz.Action `json:"scopes" nullable:"false" doc:"the actions that it is for; empty if it is for everything"`
	Everything bool           `json:"everything" doc:"it is for whatever its account may do"`
	CreatedAt  time.Time      `json:"created_at"`
	Until      time.Time      `json:"until"`
	UsedAt     time.Time      `json:"used_at,omitzero" doc:"to the hour, and never before the creation"` // zero: never
	RevokedAt  time.Time      `json:"revoked_at,omitzero"`                                               // zero: not revoked
}

// Live reports whether the token can be used at a (real) time, as far as the
// token itself tells: its account must be active too.
func (t Token) Live(now time.Time) bool { return t.RevokedAt.IsZero() && now.Before(t.Until) }

// TokenInput is what somebody asks a token to be.
type TokenInput struct {
	Name       string
	Scopes     []authz.Action // at least one, unless Everything
	Everything bool           // whatever the person may do, now and later
	Until      time.Time      // real time; mandatory, at most a year ahead
}

// What bounds tokens.
const (
	maxTokenLife = 365 * 24 * time.Hour
	maxTokens    = 100 // live tokens of one account
	usedEvery    = time.Hour
	everything   = "*" // stands for all scopes in the database
)

type tokenBody struct {
	Token     string    `json:"token"`
	Person    string    `json:"person"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateToken creates a token of the actor. The secret is returned this once.
// A token may create others, but none that can do more or lasts longer than
// itself ("identity.token_widens", Forbidden); they are revoked with it. It appends identity.token.created.
// Other errors are "identity.token_invalid" (Invalid with fields) and
// "identity.token_limit" (Conflict).
func (s *Service) CreateToken(ctx context.Context, in TokenInput) (token Token, secret string, err error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionTokenManage); err != nil {
		return Token{}, "", err
	}
	return s.createToken(ctx, actor.ID, in)
}

// CreateServiceToken creates a token of a service account, by an administrator.
// The account of a person is a Conflict: nobody holds a secret of somebody else.
func (s *Service) CreateServiceToken(ctx context.Context, personID string, in TokenInput) (token Token, secret string, err error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionTokenAdminister); err != nil {
		return Token{}, "", err
	}
	return s.createToken(ctx, personID, in)
}

func (s *Service) createToken(ctx context.Context, personID string, in TokenInput) (Token, string, error) {
	if err := s.checkToken(in); err != nil {
		return Token{}, "", err
	}
	secret, err := newToken(s.random)
	if err != nil {
		return Token{}, "", err
	}
	actor := authz.ActorFrom(ctx)
	scopes := slices.Clone(in.Scopes)
	slices.Sort(scopes)
	t := Token{
		Person: personID, Parent: actor.TokenID, Name: strings.TrimSpace(in.Name), Scopes: slices.Compact(scopes), Everything: in.Everything,
		CreatedAt: s.now(), Until: in.Until.UTC().Truncate(time.Microsecond),
	}
	err = s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		p, err := loadPerson(ctx, tx, personID)
		if err != nil {
			return notFound(err)
		}
		if !p.Active || personID != actor.ID && p.Kind != authz.KindService {
			return fault.New(fault.Conflict, "identity.token_owner", "Tokens belong to whoever creates them; only those of an active service account are created by an administrator.")
		}
		if err := s.mayCreate(ctx, tx, actor, t); err != nil {
			return err
		}
		t.ID = tx.NewID()
		entry, err := s.append(ctx, tx, KindTokenCreated, personID, tokenBody{
			Token: t.ID, Person: personID, Scopes: strings.Fields(t.scopeText()), ExpiresAt: t.Until,
		})
		if err != nil {
			return err
		}
		return tokens.Insert(ctx, tx.Tx, t, store.Value("hash", hashSecret(secret)), store.Value("entry", entry))
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

// mayCreate holds the number of live tokens down, and a token to what it has itself.
func (s *Service) mayCreate(ctx context.Context, r store.Reader, actor authz.Actor, t Token) error {
	live, err := countLiveTokens(ctx, r, t.Person, s.now())
	if err != nil {
		return err
	}
	if live >= maxTokens {
		return fault.New(fault.Conflict, "identity.token_limit", "There are 100 live tokens already. Revoke those that are not used.")
	}
	if actor.TokenID == "" {
		return nil
	}
	own, err := loadToken(ctx, r, actor.TokenID)
	if err != nil {
		return err
	}
	if !own.Live(s.now()) { // revoked since the request was let in
		return tokenInvalid()
	}
	wider := !own.Everything && (t.Everything || slices.ContainsFunc(t.Scopes, func(a authz.Action) bool { return !slices.Contains(own.Scopes, a) }))
	if wider || t.Until.After(own.Until) {
		return fault.New(fault.Forbidden, "identity.token_widens", "A token creates none that can do more or lasts longer than itself.")
	}
	return nil
}

func (s *Service) checkToken(in TokenInput) error {
	var f fields
	f.name(in.Name)
	switch {
	case in.Everything == (len(in.Scopes) > 0):
		f.add("scopes", "required", "Choose what the token may do: some actions, or everything you may do yourself.")
	case slices.ContainsFunc(in.Scopes, func(a authz.Action) bool { return !s.policy.Known(a) }):
		f.add("scopes", "unknown", "Choose actions from the list.")
	}
	now := s.now()
	if !in.Until.After(now) || in.Until.Sub(now) > s.config.TokenLife {
		f.add("until", "range", fmt.Sprintf("Choose an end that is at most %d days from now.", int(s.config.TokenLife.Hours()/24)))
	}
	return fault.InvalidFields("identity.token_invalid", f)
}

// AuthenticateToken returns the actor of an API token, with one query. The
// actor's scopes are those of the token; what the person may do is asked anew
// at each action. Whatever is wrong is Unauthenticated: "identity.token_invalid",
// or "identity.token_expired" to whoever holds one that was valid.
func (s *Service) AuthenticateToken(ctx context.Context, bearer string) (authz.Actor, error) {
	text, ok := ParseToken(bearer)
	if !ok {
		return authz.Actor{}, tokenInvalid()
	}
	var actor authz.Actor
	var active bool
	var t Token
	err := s.db.ReadOne(ctx, func(r store.Reader) (err error) {
		actor, active, t, err = loadTokenActor(ctx, r, hashSecret(text))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!active || !t.RevokedAt.IsZero()) {
		return authz.Actor{}, tokenInvalid()
	}
	if err != nil {
		return authz.Actor{}, fmt.Errorf("authenticate token: %w", err)
	}
	now := s.now()
	if !t.Live(now) {
		return authz.Actor{}, fault.New(fault.Unauthenticated, "identity.token_expired", "This token has expired. Create a new one.")
	}
	if t.UsedAt.IsZero() || now.Sub(t.UsedAt) >= usedEvery {
		s.once(ctx, t.ID, func() error {
			return s.writer.Quiet(ctx, "noting a last use is not a decision", func(tx *store.Tx) error { return touchToken(ctx, tx, t.ID, t.usedAt(now)) })
		})
	}
	actor.TokenID = t.ID
	if !t.Everything {
		actor.Scopes = append([]authz.Action{}, t.Scopes...) // never nil: nil means everything
	}
	return actor, nil
}

// usedAt is what is kept of a use: the hour, so that nobody is watched by it, and
// not an earlier time than the creation, which would read as a mistake.
func (t Token) usedAt(now time.Time) time.Time {
	hour := now.Truncate(usedEvery)
	if hour.Before(t.CreatedAt) {
		return t.CreatedAt
	}
	return hour
}

// Tokens lists the actor's own tokens, ended ones too, the newest first.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	actor := authz.ActorFrom(ctx)
	if err := s.policy.Require(actor, ActionTokenManage); err != nil {
		return nil, err
	}
	page, err := s.tokens(ctx, actor.ID, "", 1000)
	return page.Tokens, err
}

// TokenPage is one page of a list. Next is the cursor of the following page, or empty.
type TokenPage struct {
	Tokens []Token
	Next   string
}

// AllTokens lists tokens for an administrator, by id: those of one account, or
// all if personID is empty.
func (s *Service) AllTokens(ctx context.Context, personID, cursor string, limit int) (TokenPage, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionTokenAdminister); err != nil {
		return TokenPage{}, err
	}
	if !isID(cursor) && cursor != "" {
		return TokenPage{}, cursorInvalid()
	}
	if personID != "" && !plausibleID(personID) {
		return TokenPage{}, nil
	}
	return s.tokens(ctx, personID, cursor, store.Limit(limit))
}

func (s *Service) tokens(ctx context.Context, personID, cursor string, limit int) (TokenPage, error) {
	var page TokenPage
	err := s.db.Read(ctx, func(tx *store.ReadTx) error {
		all, err := listTokens(ctx, tx, personID, cursor, limit+1)
		page.Tokens, page.Next = store.Page(all, limit, func(last Token) string { return last.ID })
		return err
	})
	return page, err
}

// RevokeToken revokes a token at once, with those that it made and those that they
// made: one's own, or anybody's for whoever administers tokens. Another id is
// NotFound; revoking twice changes nothing. It appends identity.token.revoked for
// each.
func (s *Service) RevokeToken(ctx context.Context, id string) error {
	actor := authz.ActorFrom(ctx)
	administers := s.policy.Allowed(actor, ActionTokenAdminister)
	if !administers {
		if err := s.policy.Require(actor, ActionTokenManage); err != nil {
			return err
		}
	}
	err := s.writer.Decide(ctx, func(tx *ledger.Tx) error {
		t, err := loadToken(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) || err == nil && t.Person != actor.ID && !administers {
			return fault.ItemNotFound()
		}
		if err != nil {
			return err
		}
		if !t.RevokedAt.IsZero() {
			return errUnchanged
		}
		made, err := madeBy(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.revoke(ctx, tx, append([]Token{t}, made...))
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// revoke revokes tokens with an entry each.
func (s *Service) revoke(ctx context.Context, tx *ledger.Tx, all []Token) error {
	for _, t := range all {
		if _, err := s.append(ctx, tx, KindTokenRevoked, t.Person, tokenBody{
			Token: t.ID, Person: t.Person, Scopes: strings.Fields(t.scopeText()), ExpiresAt: t.Until,
		}); err != nil {
			return err
		}
		if err := revokeToken(ctx, tx.Tx, t.ID, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// LiveTokens is how many tokens of the actor can be used now.
func (s *Service) LiveTokens(ctx context.Context) (n int, err error) {
	err = s.db.ReadOne(ctx, func(r store.Reader) error {
		n, err = countLiveTokens(ctx, r, authz.ActorFrom(ctx).ID, s.now())
		return err
	})
	return n, err
}

// errUnchanged ends a transaction that has nothing to record.
var errUnchanged = errors.New("unchanged")

func (t Token) scopeText() string {
	if t.Everything {
		return everything
	}
	names := make([]string, len(t.Scopes))
	for i, a := range t.Scopes {
		names[i] = string(a)
	}
	return strings.Join(names, " ")
}

func tokenInvalid() error {
	return fault.New(fault.Unauthenticated, "identity.token_invalid", "This is not a valid token. Check that it was copied whole, or create a new one.")
}

// isID reports whether text has the form of an id, 16 characters of base32.
func isID(text string) bool {
	return len(text) == 16 && !strings.ContainsFunc(text, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '2' || c > '7') })
}
