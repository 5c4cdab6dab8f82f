// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

func withdrawQuestion(c *web.Ctx, d AcceptanceDetail) web.Confirm {
	return web.Confirm{
		Title: c.Text("risk.withdraw.title"), Lead: c.Text("risk.withdraw.lead", d.RiskTitle), Consequences: []any{c.Text("risk.withdraw.then")},
		Fields: noteField("reason", "risk.field.reason", "risk.reason_hint", c), Button: c.Text("risk.do_withdraw"), Cancel: d.URL(),
	}
}

// revokeQuestion says what stops: revoking works at once.
func revokeQuestion(c *web.Ctx, d AcceptanceDetail) web.Confirm {
	q := web.Confirm{
		Title: c.Text("risk.revoke.title"), Lead: c.Text("risk.revoke.lead", d.RiskTitle),
		Fields: noteField("reason", "risk.field.reason", "risk.reason_hint", c), Button: c.Text("risk.do_revoke"), Danger: true, Cancel: d.URL(),
	}
	for _, o := range openings(c, d) {
		subject := d.Basis.Subject
		if subject == "" {
			subject = c.Text("risk.revoke.subject")
		}
		q.Consequences = append(q.Consequences, c.Text("risk.revoke.stops", o.Act, subject))
	}
	q.Consequences = append(q.Consequences, c.Text("risk.revoke.again"), c.Text("risk.revoke.closure"))
	return q
}

// endView is a form about the end of an acceptance, or about a condition.
type endView struct {
	Action string
	A      AcceptanceDetail
	Term   Term
	Owner  string
	Due    string
	Live   bool // it is in force and ends with this
	Until  string
}

func settleView(c *web.Ctx, d AcceptanceDetail, _ *web.Form) (any, error) {
	return endView{Action: c.R.URL.Path, A: d, Live: d.State == Granted && d.AsOf.Before(d.Until), Until: c.Day(web.LastDay(d.Until))}, nil
}

func meetView(c *web.Ctx, d AcceptanceDetail, _ *web.Form) (any, error) {
	t := termOf(d, c.Path("condition"))
	return endView{Action: c.R.URL.Path, A: d, Term: *t, Owner: itemweb.NameOf(c, d.Names, t.Owner), Due: c.Day(web.LastDay(t.Due))}, nil
}
