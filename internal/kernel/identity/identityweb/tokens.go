// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const (
	tokensPath    = "/me/tokens"
	allTokensPath = "/admin/tokens"
)

func (s *Site) tokenPages(m *web.Mux) {
	m.Page("GET /me/tokens", identity.ActionTokenManage, s.showTokens)
	m.Page("GET /admin/tokens", identity.ActionTokenAdminister, s.showAllTokens)
	form := web.FormPage[newTokenView, identity.TokenInput]{
		Path: "/me/tokens/new", Sends: tokensPath, Action: identity.ActionTokenManage, Page: "identity/token-new",
		Load: s.newTokenView, Read: s.readToken, Do: s.createToken,
		Values: func(*web.Ctx, newTokenView) url.Values { return url.Values{"days": {strconv.Itoa(usualLifetime)}} },
	}
	form.Register(m)
	form.Path, form.Sends, form.Action = "/admin/people/{id}/tokens/new", "/admin/people/{id}/tokens", identity.ActionTokenAdminister
	form.Register(m)
	s.revokePage(m, identity.ActionTokenManage, tokensPath)
	s.revokePage(m, identity.ActionTokenAdminister, allTokensPath)
}

func (s *Site) showTokens(c *web.Ctx) error {
	tokens, err := s.People.Tokens(c.Context())
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/tokens", listView{s.profileTabs(c), s.tokenTable(c, tokens, nil, tokensPath)})
}

// tokenTable lists tokens; names, by person id, adds a column of whose they are.
func (s *Site) tokenTable(c *web.Ctx, tokens []identity.Token, names map[string]string, path string) web.Table {
	t := c.Table(c.Text("identity.tokens.title"), "identity.field.token", "identity.field.state", "identity.field.scopes", "identity.field.expires",
		"identity.field.used", "identity.tokens.revoke")
	t.Empty = &web.Empty{Icon: "key-round", Title: c.Text("identity.tokens.empty"), Text: c.Text("identity.tokens.empty_text")}
	if names != nil {
		t.Columns = slices.Insert(t.Columns, 1, web.Column{Text: c.Text("identity.field.person")})
	}
	for _, token := range tokens {
		live := token.Live(s.realNow())
		used, revoke := any(c.Text("identity.tokens.never")), any(nil)
		if !token.UsedAt.IsZero() {
			used = web.Moment{At: token.UsedAt}
		}
		if live {
			revoke = web.Link{Text: c.Text("identity.tokens.revoke_this", token.Name), URL: path + "/" + token.ID + "/revoke"}
		}
		cells := []any{token.Name, tokenState(c, token, live), scopes(c, token), web.Moment{At: token.Until}, used, revoke}
		if names != nil {
			cells = slices.Insert(cells, 1, any(web.Link{Text: names[token.Person], URL: personPath(token.Person)}))
		}
		t.Add(cells...)
	}
	return t
}

func tokenState(c *web.Ctx, t identity.Token, live bool) web.Badge {
	switch {
	case live:
		return web.Badge{Tone: web.ToneGood, Text: c.Text("identity.tokens.live")}
	case !t.RevokedAt.IsZero():
		return web.Badge{Tone: web.ToneBad, Text: c.Text("identity.tokens.revoked")}
	default:
		return web.Badge{Tone: web.ToneNeutral, Text: c.Text("identity.tokens.expired")}
	}
}

func scopes(c *web.Ctx, t identity.Token) any {
	if t.Everything {
		return c.Text("identity.tokens.everything")
	}
	return strings.Join(web.Strings(t.Scopes), ", ")
}

// newTokenView is what templates/token-new.html shows.
type newTokenView struct {
	Action, Cancel string
	Owner          string // name of the service account; empty for one's own token
	Scopes, Days   []web.Choice
}

// newTokenView offers what the token's owner may do.
func (s *Site) newTokenView(c *web.Ctx) (newTokenView, error) {
	v := newTokenView{Action: tokensPath, Cancel: tokensPath}
	owner := c.Actor
	if id := c.Path("id"); id != "" {
		p, err := s.People.Person(c.Context(), id)
		if err != nil {
			return v, err
		}
		v.Owner, v.Action, v.Cancel = p.Name, personPath(p.ID)+"/tokens", personPath(p.ID)
		owner = authz.Actor{ID: p.ID, Kind: p.Kind, Roles: p.Roles}
	}
	for _, def := range s.Policy.Actions() {
		if def.Public == "" && s.Policy.Allowed(owner, def.Name) {
			v.Scopes = append(v.Scopes, web.Choice{Value: string(def.Name), Label: string(def.Name), Hint: def.Summary})
		}
	}
	for _, days := range lifetimes() {
		v.Days = append(v.Days, web.Choice{Value: strconv.Itoa(days), Label: c.Text("identity.tokens.days", days)})
	}
	return v, nil
}

// lifetimes are the lives that the form offers, in days.
func lifetimes() []int { return []int{1, 7, 30, 90, 180, 365} }

const usualLifetime = 90

// madeTokenView is what templates/token-made.html shows, once. Its secret is
// data of the page, not of a form.
type madeTokenView struct {
	Token   identity.Token
	Secret  web.Code
	Example web.Code
	Expires any
	Back    string
}

func (s *Site) readToken(_ *web.Ctx, _ newTokenView, f *web.Form) identity.TokenInput {
	f.Require("name", "days")
	in := identity.TokenInput{Name: f.Name("name", 200), Everything: f.Bool("everything")}
	in.Until = s.realNow().Add(time.Duration(f.Int("days", 1, 365)) * 24 * time.Hour)
	for _, name := range f.Strings("scopes", 200) {
		in.Scopes = append(in.Scopes, authz.Action(name))
	}
	if in.Everything {
		in.Scopes = nil // the one box includes the others
	}
	return in
}

func (s *Site) createToken(c *web.Ctx, v newTokenView, _ int64, in identity.TokenInput) (web.Next, error) {
	var token identity.Token
	var secret string
	var err error
	if id := c.Path("id"); id != "" {
		token, secret, err = s.People.CreateServiceToken(c.Context(), id, in)
	} else {
		token, secret, err = s.People.CreateToken(c.Context(), in)
	}
	return func(c *web.Ctx) error {
		return c.Render(http.StatusOK, "identity/token-made", madeTokenView{
			Token: token, Expires: web.Moment{At: token.Until}, Back: v.Cancel,
			Secret:  web.Code{Label: c.Text("identity.tokens.secret"), Text: secret},
			Example: web.Code{Label: c.Text("identity.tokens.example"), Text: "export PORTREEVE_URL=" + s.PublicURL + "\nread -rs PORTREEVE_TOKEN && export PORTREEVE_TOKEN\nportreeve whoami"},
		})
	}, renamed(err, "until", "days")
}

// revokePage asks before a token of a list is revoked.
func (s *Site) revokePage(m *web.Mux, action authz.Action, list string) {
	web.ConfirmPage[web.None, web.None]{
		Path: list + "/{id}/revoke", Action: action,
		Question: func(c *web.Ctx, _ web.None) web.Confirm {
			return web.Confirm{
				Title: c.Text("identity.tokens.revoke_title"), Lead: c.Text("identity.tokens.revoke_lead"),
				Consequences: []any{c.Text("identity.tokens.revoke_once"), c.Text("identity.tokens.revoke_final")},
				Button:       c.Text("identity.tokens.revoke"), Danger: true, Cancel: list,
			}
		},
		Do: func(c *web.Ctx, _ web.None, _ int64, _ web.None) (web.Next, error) {
			return web.To(list, "identity.tokens.revoke_done"), s.People.RevokeToken(c.Context(), c.Path("id"))
		},
	}.Register(m)
}

// allTokensView is what templates/tokens-all.html shows.
type allTokensView struct {
	Tabs   web.Tabs
	Offers []web.Choice
	Table  web.Table
	Pager  web.Pager
}

func (s *Site) showAllTokens(c *web.Ctx) error {
	login, person := c.Query("login"), ""
	if login != "" {
		p, err := s.person(c.Context(), login)
		if fault.Is(err, fault.NotFound) {
			c.Flash("identity.people.unknown")
			return c.SeeOther(allTokensPath)
		}
		if err != nil {
			return err
		}
		person = p.ID
	}
	page, err := s.People.AllTokens(c.Context(), person, c.Query("cursor"), identity.DefaultLimit)
	if err != nil {
		return err
	}
	var ids []string
	for _, t := range page.Tokens {
		ids = append(ids, t.Person)
	}
	names, err := s.names(c.Context(), ids)
	if err != nil {
		return err
	}
	v := allTokensView{Tabs: s.adminTabs(c), Table: s.tokenTable(c, page.Tokens, names, allTokensPath)}
	if v.Offers, err = s.offers(c.Context()); err != nil {
		return err
	}
	query := url.Values{}
	if login != "" {
		query.Set("login", login)
	}
	c.Prefill(allTokensPath, query)
	v.Pager = c.Pager(allTokensPath, query, page.Next)
	return c.Render(http.StatusOK, "identity/tokens-all", v)
}
