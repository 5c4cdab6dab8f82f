// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// TokenCommands are the verbs of `portreeve token`.
type TokenCommands struct {
	List   TokenListCmd   `cmd:"" help:"List your own API tokens, or those of all accounts."`
	Create TokenCreateCmd `cmd:"" help:"Create an API token; its secret is printed once."`
	Revoke TokenRevokeCmd `cmd:"" help:"Revoke an API token at once."`
}

// TokenListCmd lists tokens.
type TokenListCmd struct {
	All    bool         `help:"Those of all accounts, as an administrator."`
	Person string       `help:"Those of this account, as an administrator." placeholder:"LOGIN" query:"person"`
	Limit  client.Limit `help:"With --all or --person: the most to list, up to 200." default:"50" placeholder:"N" query:"limit"`
	Cursor string       `help:"With --all or --person: go on after an earlier list." placeholder:"CURSOR" query:"cursor"`
	client.JSONFlag
}

// Run lists tokens.
func (c *TokenListCmd) Run(s *client.Session) error {
	path, query := "/me/tokens", any(nil)
	if c.All || c.Person != "" {
		path, query = "/tokens", c
	}
	return client.List(s, path, query, c.JSON, []string{"ID", "STATE", "ENDS", "MAY DO", "NAME"}, func(t Token) []string {
		return []string{t.ID, t.State, day(t.Until), scopeWords(t), t.Name}
	})
}

func scopeWords(t Token) string {
	if t.Everything {
		return "everything"
	}
	names := make([]string, len(t.Scopes))
	for i, a := range t.Scopes {
		names[i] = string(a)
	}
	return strings.Join(names, ",")
}

// TokenCreateCmd creates a token.
type TokenCreateCmd struct {
	Name       string   `arg:"" help:"What it is for."`
	Scope      []string `help:"An action it is for, such as gate:check; repeat for more." placeholder:"ACTION"`
	Everything bool     `help:"Instead of --scope: whatever its account may do, now and later."`
	Days       int      `help:"How many days it is valid." default:"90" placeholder:"N" api:"until"`
	For        string   `help:"A service account that it is for, as an administrator; default is you." placeholder:"LOGIN"`
	client.JSONFlag
}

// Run creates the token and prints its secret.
func (c *TokenCreateCmd) Run(s *client.Session) error {
	if c.Everything == (len(c.Scope) > 0) {
		return fault.New(fault.Usage, "identity.token_scope", "Say what the token is for: --scope ACTION for each action, or --everything.")
	}
	if c.Days < 1 || c.Days > 365 {
		return fault.New(fault.Usage, "identity.token_days", "--days must be a number from 1 to 365.")
	}
	in := NewToken{Name: c.Name, Scopes: c.Scope, Everything: c.Everything, Days: c.Days, For: c.For}
	made, err := client.Send[MadeToken](s, http.MethodPost, tokensOf(c.For != ""), 0, in)
	return client.Show(s, made, err, c.JSON, printMade)
}

func printMade(s *client.Session, made MadeToken) error {
	if err := s.Facts([][2]string{{"id", made.ID}, {"may do", scopeWords(made.Token)}, {"ends", day(made.Until)}}); err != nil {
		return err
	}
	s.Printf("\nThe token is shown this once:\n%s\n", made.Secret)
	return nil
}

// tokensOf is the path of tokens: those of the caller, or of anybody.
func tokensOf(others bool) string {
	if others {
		return "/tokens"
	}
	return "/me/tokens"
}

// TokenRevokeCmd revokes a token.
type TokenRevokeCmd struct {
	ID      string `arg:"" help:"The token's id, as the list gives it."`
	Anybody bool   `help:"The token of another account, as an administrator."`
}

// Run revokes the token.
func (c *TokenRevokeCmd) Run(s *client.Session) error {
	return s.Do(http.MethodDelete, tokensOf(c.Anybody)+client.Path(c.ID), nil)
}
