// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Navigation returns the gate's entry in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "gate.nav", URL: "/gate", Icon: "door-open", Action: ActionCheck}}
}

// Pages registers the page /gate.
func (s *Service) Pages(m *web.Mux) {
	m.Files("gate", pageFiles)
	m.Page("GET /gate", ActionCheck, s.showGate)
}

// pageView is the page with the question, its answer if it was asked, and what
// policy asks for.
type pageView struct {
	Actions []string // offered for the question
	Problem *fault.Error
	Verdict *web.Verdict
	Again   string // address that asks once more
	Answer  web.Terms
	Note    web.Code
	Verify  web.Code
	Policy  web.Table
}

// showGate asks if the address holds a question. It is a GET, because asking
// writes nothing; a link to an answer is a link to the question.
func (s *Service) showGate(c *web.Ctx) error {
	subject, action := strings.TrimSpace(c.Query("subject")), strings.TrimSpace(c.Query("action"))
	v := pageView{Actions: s.actions(subject), Policy: s.policyTable(c)}
	if action == "" && len(v.Actions) == 1 && subject != "" {
		action = v.Actions[0]
	}
	c.Prefill("/gate", url.Values{"subject": {subject}, "action": {action}})
	if subject == "" || action == "" {
		if !c.R.URL.Query().Has("action") {
			return c.Render(http.StatusOK, "gate/gate", v) // nobody has asked yet
		}
		v.Problem = incomplete(c, subject, action)
		return c.Render(http.StatusUnprocessableEntity, "gate/gate", v)
	}
	verdict, err := s.Ask(c.Context(), subject, action)
	if err != nil {
		f := fault.From(err)
		if f.Kind != fault.NotFound && f.Kind != fault.Invalid {
			return err
		}
		v.Problem = f
		return c.Render(web.Status(f), "gate/gate", v)
	}
	v.answer(c, verdict)
	return c.Render(http.StatusOK, "gate/gate", v)
}

// incomplete says what a question lacks that was sent in part.
func incomplete(c *web.Ctx, subject, action string) *fault.Error {
	switch {
	case subject != "":
		return fault.New(fault.Invalid, "gate.no_action", c.Text("gate.no_action"))
	case action != "":
		return fault.New(fault.Invalid, "gate.no_subject", c.Text("gate.no_subject"))
	default:
		return fault.New(fault.Invalid, "gate.no_question", c.Text("gate.no_question"))
	}
}

// answer fills in the answer.
func (v *pageView) answer(c *web.Ctx, verdict Verdict) {
	v.Verdict = &web.Verdict{
		Allowed: verdict.Allowed(), Subject: verdict.Subject, Action: verdict.Action,
		At: verdict.EvaluatedAt, ValidUntil: verdict.ValidUntil, Blockers: verdict.Blockers, Advice: verdict.Advice,
	}
	v.Again = "/gate?" + url.Values{"subject": {verdict.Subject}, "action": {verdict.Action}}.Encode()
	v.Answer = web.Terms{Items: []web.Term{
		{Name: c.Text("gate.subject"), Value: web.Link{Text: verdict.Subject, URL: "/subjects/" + verdict.Subject}},
		{Name: c.Text("gate.version"), Value: verdict.Version},
		{Name: c.Text("gate.digest"), Value: verdict.Digest},
	}}
	v.Note = web.Code{Label: c.Text("gate.note"), Text: verdict.Note}
	v.Verify = web.Code{Label: c.Text("gate.verify"), Text: "portreeve gate verify answer.txt --key ledger.pub"}
}

// actions returns the actions that policy governs for the subject's kind, or for
// any kind while no subject is given.
func (s *Service) actions(subject string) []string {
	kind, _, _ := strings.Cut(subject, ":")
	var all []string
	for _, row := range s.Policy().Rows {
		if (kind == "" || row.Kind == kind) && !slices.Contains(all, row.Action) {
			all = append(all, row.Action)
		}
	}
	return all
}

// policyTable shows what the gate asks for.
func (s *Service) policyTable(c *web.Ctx) web.Table {
	t := c.Table(c.Text("gate.policy.caption"), "gate.policy.what", "gate.policy.kind", "gate.policy.action",
		"gate.policy.decision", "gate.policy.mode", "gate.policy.origin")
	t.Empty = &web.Empty{Icon: "door-closed", Title: c.Text("gate.policy.empty"), Text: c.Text("gate.policy.empty_text")}
	for _, row := range s.Policy().Rows {
		if len(row.Requires) == 0 {
			t.Add(row.Title, row.Kind, row.Action, c.Text("gate.policy.nothing"), c.Text("gate.policy.allowed"), web.Origin{Source: row.Origin == config.FromSource, Cites: row.Cites})
		}
		for _, d := range row.Requires {
			t.Add(row.Title, row.Kind, row.Action, decisionText(d), c.Text("gate.mode_"+string(d.Mode)), web.Origin{Source: d.Origin == config.FromSource, Cites: d.Cites})
		}
	}
	return t
}

// decisionText writes a decision with its parameters: "risk.acceptance (from: high)".
func decisionText(d Demand) string {
	var with []string
	for name, value := range d.With {
		with = append(with, name+": "+value)
	}
	if len(with) == 0 {
		return d.Decision
	}
	slices.Sort(with)
	return d.Decision + " (" + strings.Join(with, ", ") + ")"
}
