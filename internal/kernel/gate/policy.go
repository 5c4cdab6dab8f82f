// SPDX-License-Identifier: Apache-2.0

package gate

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

//go:embed defaults/gate.yaml
var defaultPolicy []byte

// DefaultPolicyFile is the name by which faults speak of the built-in policy.
const DefaultPolicyFile = "defaults/gate.yaml"

// Bounds and defaults of the two durations of a policy.
const (
	DefaultAnswerValid = 5 * time.Minute
	MaxAnswerValid     = 24 * time.Hour
	DefaultTimeLimit   = 2 * time.Second
	MaxTimeLimit       = 30 * time.Second
)

// maxRequirements bounds one row, and so the work of one question.
const maxRequirements = 20

// Row says what one action on one kind of subject requires.
type Row struct {
	Kind          string `yaml:"kind"`
	Action        string `yaml:"action"`
	Title         string `yaml:"title"`
	config.Source `yaml:",inline"`
	Requires      []Demand `yaml:"requires"`
}

// LabelKeys are what people know a row by; see [config.Labelled].
func (Row) LabelKeys() []string { return []string{"kind", "action"} }

// Demand is one requirement as the policy file states it.
type Demand struct {
	Decision      string            `yaml:"decision"`
	Mode          Mode              `yaml:"mode"`
	With          map[string]string `yaml:"with"`
	config.Source `yaml:",inline"`
}

// Policy is the gate's policy data. It does not change after it was loaded and
// may be used concurrently.
type Policy struct {
	AnswerValid config.Duration `yaml:"answer_valid"`
	TimeLimit   config.Duration `yaml:"time_limit"`
	Rows        []Row           `yaml:"rows"`

	prepared map[pair][]Requirement
}

// pair is what a row is looked up by.
type pair struct{ kind, action string }

// Loader returns the function that reads policy data for these kinds of subject
// and these providers; it fits config.NewHolder. Everything wrong comes as one
// Invalid fault that names file, line and field: unknown keys, a row given
// twice, a kind that is not configured, a decision that no module provides, each
// with the nearest known name.
func Loader(kinds *catalog.Kinds, providers map[string]Provider) func(file string, data []byte) (*Policy, error) {
	known := knownNames{decisions: slices.Sorted(maps.Keys(providers))}
	for _, k := range kinds.Kinds {
		known.kinds = append(known.kinds, k.Name)
	}
	return func(file string, data []byte) (*Policy, error) {
		loaded := policyFile{
			Policy: Policy{AnswerValid: config.Duration(DefaultAnswerValid), TimeLimit: config.Duration(DefaultTimeLimit)},
			known:  known,
		}
		if err := config.Decode(file, data, &loaded); err != nil {
			return nil, err
		}
		p := loaded.Policy
		p.prepare()
		return &p, nil
	}
}

// DefaultPolicy returns the built-in policy, checked against kinds and providers.
func DefaultPolicy(kinds *catalog.Kinds, providers map[string]Provider) (*Policy, error) {
	return Loader(kinds, providers)(DefaultPolicyFile, defaultPolicy)
}

type knownNames struct{ kinds, decisions []string }

// policyFile is a policy while it is read, with what its names are checked against.
type policyFile struct {
	Policy `yaml:",inline"`
	known  knownNames
}

var wordPattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,59}$`)

// Validate lists what is wrong with the policy; see [config.Validator].
func (p *policyFile) Validate() []fault.Field {
	var fields []fault.Field
	add := func(path, code, message string) {
		fields = append(fields, fault.Field{Path: path, Code: "gate." + code, Message: message})
	}
	if v := p.AnswerValid.Std(); v < time.Second || v > MaxAnswerValid {
		add("answer_valid", "answer_valid", "must be from one second to one day.")
	}
	if v := p.TimeLimit.Std(); v < time.Second || v > MaxTimeLimit {
		add("time_limit", "time_limit", "must be from one to 30 seconds.")
	}
	seen := map[pair]int{}
	for i, row := range p.Rows {
		at := fmt.Sprintf("rows[%d]", i)
		if !slices.Contains(p.known.kinds, row.Kind) {
			add(at+".kind", "kind_unknown", fmt.Sprintf("is not a kind of subject; the nearest is %q.", config.Nearest(row.Kind, p.known.kinds)))
		}
		if !wordPattern.MatchString(row.Action) {
			add(at+".action", "action_name", "must be a lower-case word of letters, digits, dots, hyphens and underscores.")
		}
		key := pair{row.Kind, row.Action}
		if before, ok := seen[key]; ok {
			add(at, "row_duplicate", fmt.Sprintf("stands for the same kind and action as rows[%d]; put the requirements of both into one.", before))
		} else {
			seen[key] = i
		}
		if strings.TrimSpace(row.Title) == "" {
			add(at+".title", "title", "needs a text for people.")
		}
		if len(row.Requires) > maxRequirements {
			add(at+".requires", "too_many", fmt.Sprintf("must hold at most %d requirements.", maxRequirements))
		}
		for j, d := range row.Requires {
			p.checkDemand(add, fmt.Sprintf("%s.requires[%d]", at, j), d)
		}
	}
	return fields
}

func (p *policyFile) checkDemand(add func(path, code, message string), at string, d Demand) {
	if !slices.Contains(p.known.decisions, d.Decision) {
		message := "is not a decision that any module provides; the nearest is %q."
		if len(p.known.decisions) == 0 {
			message = "is not a decision that any module provides; there is none%.0s."
		}
		add(at+".decision", "decision_unknown", fmt.Sprintf(message, config.Nearest(d.Decision, p.known.decisions)))
	}
	switch d.Mode {
	case Required, Blocking, Advisory:
	default:
		modes := []string{string(Required), string(Blocking), string(Advisory)}
		add(at+".mode", "mode", fmt.Sprintf("must be required, blocking or advisory; the nearest is %q.", config.Nearest(string(d.Mode), modes)))
	}
}

// prepare makes the index that questions are answered from.
func (p *Policy) prepare() {
	p.prepared = make(map[pair][]Requirement, len(p.Rows))
	for _, row := range p.Rows {
		all := make([]Requirement, 0, len(row.Requires))
		for _, d := range row.Requires {
			all = append(all, Requirement{Decision: d.Decision, Mode: d.Mode, With: d.With})
		}
		p.prepared[pair{row.Kind, row.Action}] = all
	}
}

// requirements returns what the pair requires; ok is false without a row. A row
// without requirements allows: somebody decided so and wrote it down.
func (p *Policy) requirements(kind, action string) (all []Requirement, ok bool) {
	all, ok = p.prepared[pair{kind, action}]
	return all, ok
}

// Actions returns the actions that have a row for the kind, in the order of the
// policy file.
func (p *Policy) Actions(kind string) []string {
	var actions []string
	for _, row := range p.Rows {
		if row.Kind == kind {
			actions = append(actions, row.Action)
		}
	}
	return actions
}
