// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"net/http"

	"portreeve.org/portreeve/internal/kernel/client"
)

// DelegationCommands are the verbs of `portreeve delegation`.
type DelegationCommands struct {
	List   DelegationListCmd   `cmd:"" help:"List delegations, the latest first."`
	Grant  DelegationGrantCmd  `cmd:"" help:"Let somebody act for the holder of a post for a while."`
	Revoke DelegationRevokeCmd `cmd:"" help:"End a delegation at once."`
}

// DelegationListCmd lists delegations.
type DelegationListCmd struct {
	Post string `help:"Only of the post of this id." placeholder:"ID" query:"post"`
	All  bool   `help:"Ended ones too." query:"state=all"`
	client.JSONFlag
}

// Run lists delegations.
func (c *DelegationListCmd) Run(s *client.Session) error {
	heads := []string{"ID", "POST", "HOLDER", "ACTS", "STATE", "FROM", "UNTIL"}
	return client.List(s, "/delegations", c, c.JSON, heads, func(d Delegation) []string {
		return []string{d.ID, d.PostTitle, d.HolderName, d.ToName, delegationState(d), instant(d.From), client.Until(d.Until)}
	})
}

func delegationState(d Delegation) string {
	switch {
	case d.InForce:
		return "in force"
	case !d.RevokedAt.IsZero():
		return "revoked"
	default:
		return "without effect"
	}
}

// DelegationGrantCmd delegates a post.
type DelegationGrantCmd struct {
	Post   string `arg:"" help:"The post's id."`
	To     string `arg:"" help:"Login or id of who is to act."`
	From   string `help:"First day; default is now." placeholder:"DATE"`
	Until  string `required:"" help:"Last day, at most a year later." placeholder:"DATE"`
	Reason string `required:"" help:"Why, in one line; shown to whoever relies on it." placeholder:"TEXT"`
	client.JSONFlag
}

// Run delegates the post.
func (c *DelegationGrantCmd) Run(s *client.Session) error {
	in := NewDelegation{Post: c.Post, To: c.To, From: c.From, Until: c.Until, Reason: c.Reason}
	d, err := client.Send[Delegation](s, http.MethodPost, "/delegations", 0, in)
	return client.Show(s, d, err, c.JSON, printDelegation)
}

func printDelegation(s *client.Session, d Delegation) error {
	return s.Facts([][2]string{
		{"id", d.ID}, {"post", d.PostTitle}, {"holder", d.HolderName}, {"acts", d.ToName}, {"state", delegationState(d)},
		{"from", instant(d.From)}, {"until", client.Until(d.Until)}, {"reason", d.Reason},
	})
}

// DelegationRevokeCmd ends a delegation.
type DelegationRevokeCmd struct {
	ID string `arg:"" help:"The delegation's id."`
	client.JSONFlag
}

// Run ends the delegation.
func (c *DelegationRevokeCmd) Run(s *client.Session) error {
	d, err := client.Change[Delegation](s, http.MethodPost, client.Path("delegations", c.ID), "/revocation", 0, nil)
	return client.Show(s, d, err, c.JSON, printDelegation)
}
