// SPDX-License-Identifier: Apache-2.0

package officeweb

import "portreeve.org/portreeve/internal/kernel/client"

// DelegationCommands are the verbs of `portreeve delegation`.
type DelegationCommands struct {
	List   DelegationListCmd   `cmd:"" help:"List delegations, the latest first."`
	Grant  DelegationGrantCmd  `cmd:"" help:"Let somebody act for the holder of a post for a while."`
	Revoke DelegationRevokeCmd `cmd:"" help:"End a delegation at once."`
}

// DelegationListCmd lists delegations.
type DelegationListCmd struct {
	Post string `help:"Only of the post of this id." placeholder:"ID"`
	All  bool   `help:"Ended ones too."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Run lists delegations.
func (c *DelegationListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Delegations(s.Context, c.Post, c.All)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, d := range all.Items {
		rows = append(rows, []string{d.ID, d.PostTitle, d.HolderName, d.ToName, delegationState(d), instant(&d.From), instant(&d.Until)})
	}
	return table(s, []string{"ID", "POST", "HOLDER", "ACTS", "STATE", "FROM", "UNTIL"}, rows)
}

func delegationState(d Delegation) string {
	switch {
	case d.InForce:
		return "in force"
	case d.RevokedAt != nil:
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
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run delegates the post.
func (c *DelegationGrantCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	d, err := api.Delegate(s.Context, NewDelegation{Post: c.Post, To: c.To, From: c.From, Until: c.Until, Reason: c.Reason})
	if err != nil {
		return err
	}
	return printDelegation(s, d, c.JSON)
}

func printDelegation(s *client.Session, d Delegation, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(d)
	}
	return facts(s, [2]string{"id", d.ID}, [2]string{"post", d.PostTitle}, [2]string{"holder", d.HolderName}, [2]string{"acts", d.ToName},
		[2]string{"state", delegationState(d)}, [2]string{"from", instant(&d.From)}, [2]string{"until", instant(&d.Until)}, [2]string{"reason", d.Reason})
}

// DelegationRevokeCmd ends a delegation.
type DelegationRevokeCmd struct {
	ID   string `arg:"" help:"The delegation's id."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Run ends the delegation.
func (c *DelegationRevokeCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	d, err := api.Delegation(s.Context, c.ID)
	if err != nil {
		return err
	}
	if d, err = api.Revoke(s.Context, d.ID, d.Version); err != nil {
		return err
	}
	return printDelegation(s, d, c.JSON)
}
