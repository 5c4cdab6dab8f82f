// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

func day(t time.Time) string { return t.Format(time.RFC3339) }

// WhoamiCmd is `portreeve whoami`.
type WhoamiCmd struct {
	client.JSONFlag
}

// Run says whom the token belongs to.
func (c *WhoamiCmd) Run(s *client.Session) error {
	me, err := client.Get[Me](s, "/me", nil)
	return client.Show(s, me, err, c.JSON, func(s *client.Session, me Me) error {
		return s.Facts([][2]string{
			{"login", me.Login}, {"name", me.Name}, {"kind", me.Kind}, {"id", me.ID},
			{"roles", strings.Join(me.Roles, ", ")}, {"groups", strings.Join(me.Groups, ", ")},
			{"token", me.Token}, {"limited to", strings.Join(me.Scopes, ", ")},
		})
	})
}

// SessionCommands are the verbs of `portreeve session`.
type SessionCommands struct {
	List SessionListCmd `cmd:"" help:"List your own sessions in browsers."`
	End  SessionEndCmd  `cmd:"" help:"End one of your own sessions, or all."`
}

// SessionListCmd lists sessions.
type SessionListCmd struct {
	client.JSONFlag
}

// Run lists the caller's sessions.
func (c *SessionListCmd) Run(s *client.Session) error {
	return client.List(s, "/me/sessions", nil, c.JSON, []string{"ID", "BEGAN", "LAST USED", "ENDS"}, func(one Session) []string {
		return []string{one.ID, day(one.CreatedAt), day(one.SeenAt), day(one.Until)}
	})
}

// SessionEndCmd ends sessions.
type SessionEndCmd struct {
	ID  string `arg:"" optional:"" help:"The session's id."`
	All bool   `help:"End all of them."`
}

// Run ends one session or all.
func (c *SessionEndCmd) Run(s *client.Session) error {
	if c.All == (c.ID != "") {
		return fault.New(fault.Usage, "identity.session_which", "Name a session by its id, or say --all.")
	}
	path := "/me/sessions"
	if c.ID != "" {
		path += client.Path(c.ID)
	}
	return s.Do(http.MethodDelete, path, nil)
}
