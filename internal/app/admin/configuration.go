// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"cmp"
	"net/http"
	"path/filepath"
	"strings"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// Part is one policy file as it runs.
type Part struct {
	Name    string         `json:"name" doc:"as in the configuration file, below policy"`
	File    string         `json:"file,omitempty" doc:"name of the organisation's file; absent: the shipped default"`
	Problem string         `json:"problem,omitempty" doc:"why the file as it is now was refused; what is shown is what still runs"`
	Groups  []config.Group `json:"groups" nullable:"false"`

	Problems []fault.Field `json:"problems,omitempty"`

	policy module.PolicyFile
}

// NewPart describes a policy file; problem is why it was refused when it was last
// read.
func NewPart(policy module.PolicyFile, problem error) Part {
	p := Part{Name: policy.Name, Groups: config.Describe(policy.Running()), policy: policy}
	if policy.File != "" {
		p.File = filepath.Base(policy.File)
	}
	if f := fault.From(problem); f != nil {
		p.Problem, p.Problems = f.Message, f.Fields
		if policy.File != "" { // where on the server it lies is nobody's business here
			p.Problem = strings.ReplaceAll(p.Problem, policy.File, p.File)
		}
	}
	return p
}

// partView is one part on the page.
type partView struct {
	Name, Title, File string
	Problem           *web.Alert
	Problems          []fault.Field
	Picture           any
	Groups            []groupView
}

type groupView struct {
	Name  string
	Open  bool
	Table web.Table
}

// fewSettings is how many settings of a group stand unfolded on the page.
const fewSettings = 10

// configurationView is what templates/configuration.html shows.
type configurationView struct {
	Tabs  web.Tabs
	Parts []partView
}

func (s *Site) showConfiguration(c *web.Ctx) error {
	v := configurationView{Tabs: s.tabs(c)}
	for _, p := range s.Parts() {
		one := partView{Name: p.Name, Title: c.Text(p.policy.Title), File: p.File, Problems: p.Problems}
		if p.policy.Draw != nil {
			one.Picture = p.policy.Draw(c)
		}
		if p.Problem != "" {
			one.Problem = &web.Alert{Tone: web.ToneBad, Title: c.Text("admin.configuration.refused"), Body: p.Problem}
		}
		for _, g := range p.Groups {
			one.Groups = append(one.Groups, groupView{cmp.Or(g.Name, c.Text("admin.configuration.alone")), len(g.Settings) <= fewSettings, settingTable(c, g)})
		}
		v.Parts = append(v.Parts, one)
	}
	return c.Render(http.StatusOK, "admin/configuration", v)
}

func settingTable(c *web.Ctx, g config.Group) web.Table {
	t := c.Table(cmp.Or(g.Name, c.Text("admin.configuration.alone")), "admin.configuration.name", "admin.configuration.value", "admin.configuration.origin", "admin.configuration.why")
	t.Empty = &web.Empty{Icon: "circle-minus", Title: c.Text("admin.configuration.none")}
	for _, setting := range g.Settings {
		t.Add(setting.Name, setting.Value, originOf(setting), setting.Why)
	}
	return t
}

// originOf is the mark of where a setting comes from, with its citation.
func originOf(s config.Setting) any {
	if s.Origin == "" {
		return nil
	}
	return web.Origin{Source: s.Origin == config.FromSource, Cites: s.Cites}
}
