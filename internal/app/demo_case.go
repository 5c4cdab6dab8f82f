// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/examples"
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// script is a worked case: who does what, in this order.
type script struct {
	Subjects []subjectLine `yaml:"subjects"`
	Risks    []riskLine    `yaml:"risks"`
}

type subjectLine struct {
	As           string            `yaml:"as"`
	Kind         string            `yaml:"kind"`
	Name         string            `yaml:"name"`
	Title        string            `yaml:"title"`
	Description  string            `yaml:"description"`
	Organisation string            `yaml:"organisation"`
	Visibility   string            `yaml:"visibility"`
	Attributes   map[string]string `yaml:"attributes"`
	Source       string            `yaml:"source"` // where the worked case has it from
}

type riskLine struct {
	Key          string      `yaml:"key"`
	As           string      `yaml:"as"`
	Subject      string      `yaml:"subject"`
	Act          string      `yaml:"act"`
	Title        string      `yaml:"title"`
	Threat       string      `yaml:"threat"`
	Scope        string      `yaml:"scope"`
	Visibility   string      `yaml:"visibility"`
	Participants []string    `yaml:"participants"`
	Inputs       inputsLine  `yaml:"inputs"`
	Parties      []partyLine `yaml:"parties"`
	Rate         *struct {
		As       string      `yaml:"as"`
		Inherent matrix.Cell `yaml:"inherent"`
		Residual matrix.Cell `yaml:"residual"`
		Reason   string      `yaml:"reason"`
	} `yaml:"rate"`
	Treat *struct {
		As        string `yaml:"as"`
		Treatment string `yaml:"treatment"`
		Note      string `yaml:"note"`
	} `yaml:"treat"`
	Mitigations []struct {
		As    string `yaml:"as"`
		Title string `yaml:"title"`
		Owner string `yaml:"owner"`
		Days  int    `yaml:"days"`
	} `yaml:"mitigations"`
	Options *struct {
		As      string       `yaml:"as"`
		Compare []optionLine `yaml:"compare"`
	} `yaml:"options"`
	Hearings []struct {
		As     string `yaml:"as"`
		Party  string `yaml:"party"`
		Person string `yaml:"person"`
		Heard  string `yaml:"heard"`
		Said   string `yaml:"said"`
	} `yaml:"hearings"`
	Ask *struct {
		As         string     `yaml:"as"`
		Option     string     `yaml:"option"`
		Reason     string     `yaml:"reason"`
		Days       int        `yaml:"days"`
		Conditions []termLine `yaml:"conditions"`
	} `yaml:"ask"`
	Meet *struct {
		As       string `yaml:"as"`
		Evidence string `yaml:"evidence"`
	} `yaml:"meet"`
	Grant *struct {
		As     string `yaml:"as"`
		Reason string `yaml:"reason"`
	} `yaml:"grant"`
}

type inputsLine struct {
	Data            string `yaml:"data"`
	Direction       string `yaml:"direction"`
	Access          string `yaml:"access"`
	Volume          string `yaml:"volume"`
	CrossesBoundary *bool  `yaml:"crosses_boundary"` // without it: what the subject states
	LowerTrust      *bool  `yaml:"lower_trust"`
	Assurances      string `yaml:"assurances"`
}

type partyLine struct {
	Kind         string `yaml:"kind"`
	Name         string `yaml:"name"`
	Organisation string `yaml:"organisation"`
	Exposure     string `yaml:"exposure"`
}

type optionLine struct {
	Kind   string `yaml:"kind"`
	Title  string `yaml:"title"`
	Cost   string `yaml:"cost"`
	Delay  string `yaml:"delay"`
	Risk   string `yaml:"risk"`
	Rating string `yaml:"rating"`
	Notes  string `yaml:"notes"`
}

type termLine struct {
	Text  string `yaml:"text"`
	Owner string `yaml:"owner"`
	Days  int    `yaml:"days"`
}

// loadCase plays the worked case, and what lies on the desks beside it.
func (l *loader) loadCase(ctx context.Context) error {
	for _, name := range []string{"case-a.yaml", "desk.yaml"} {
		file, err := examples.Files.ReadFile(name)
		if err != nil {
			return err
		}
		var s script
		if err := config.Decode(name, file, &s); err != nil {
			return err
		}
		for _, line := range s.Subjects {
			if err := l.playSubject(ctx, line); err != nil {
				return fmt.Errorf("%s: subject %s: %w", name, line.Name, err)
			}
		}
		for _, line := range s.Risks {
			if err := l.playRisk(ctx, line); err != nil {
				return fmt.Errorf("%s: risk %s: %w", name, line.Key, err)
			}
		}
	}
	return nil
}

func (l *loader) playSubject(ctx context.Context, line subjectLine) error {
	actor, err := l.as(ctx, line.As)
	if err != nil {
		return err
	}
	_, err = l.catalog.Register(actor, catalog.Registration{
		Kind: line.Kind, Name: line.Name, Title: line.Title, Description: line.Description,
		Organisation: l.organisations[line.Organisation], Attributes: line.Attributes, Visibility: authz.Visibility(line.Visibility),
	})
	return err
}

// inDays is the end of the day that many days from now, in the office's zone.
func (l *loader) inDays(days int) time.Time {
	y, m, d := l.db.Clock().Domain().In(l.cfg.location).Date()
	return time.Date(y, m, d+days+1, 0, 0, 0, 0, l.cfg.location)
}

// playRisk takes one risk from its registration to its acceptance.
func (l *loader) playRisk(ctx context.Context, line riskLine) error {
	id, err := l.registerRisk(ctx, line)
	if err != nil {
		return err
	}
	steps := []func(context.Context, string, riskLine) error{
		l.playMitigations, l.playRating, l.playTreatment, l.playOptions, l.playHearings, l.playAcceptance,
	}
	for _, step := range steps {
		if err := step(ctx, id, line); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) registerRisk(ctx context.Context, line riskLine) (string, error) {
	actor, err := l.as(ctx, line.As)
	if err != nil {
		return "", err
	}
	in := risk.RegisterInput{
		Subject: line.Subject, Act: line.Act, Title: line.Title, Threat: line.Threat, Scope: line.Scope,
		Visibility: authz.Visibility(line.Visibility), Participants: line.Participants,
		Inputs: matrix.Stated{
			Data: matrix.Data(line.Inputs.Data), Direction: matrix.Direction(line.Inputs.Direction),
			Access: matrix.Access(line.Inputs.Access), Volume: matrix.Volume(line.Inputs.Volume),
			CrossesBoundary: line.Inputs.CrossesBoundary, LowerTrust: line.Inputs.LowerTrust, Assurances: line.Inputs.Assurances,
		},
	}
	for _, p := range line.Parties {
		in.Parties = append(in.Parties, risk.PartyInput{
			Kind: risk.PartyKind(p.Kind), Name: p.Name, Organisation: l.organisations[p.Organisation], Exposure: p.Exposure,
		})
	}
	r, err := l.risk.Register(actor, in)
	return r.ID, err
}

// change plays one step on a risk at its current version, as the named person.
func (l *loader) change(ctx context.Context, login, id string, step func(ctx context.Context, version int64) error) error {
	actor, err := l.as(ctx, login)
	if err != nil {
		return err
	}
	detail, err := l.risk.Get(actor, id)
	if err != nil {
		return err
	}
	return step(actor, detail.Version)
}

func (l *loader) playMitigations(ctx context.Context, id string, line riskLine) error {
	for _, m := range line.Mitigations {
		err := l.change(ctx, m.As, id, func(ctx context.Context, version int64) error {
			_, err := l.risk.AddMitigation(ctx, id, version, risk.MitigationInput{Title: m.Title, Owner: m.Owner, Due: l.inDays(m.Days)})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) playRating(ctx context.Context, id string, line riskLine) error {
	if line.Rate == nil {
		return nil
	}
	return l.change(ctx, line.Rate.As, id, func(ctx context.Context, version int64) error {
		_, err := l.risk.Rate(ctx, id, version, risk.RateInput{
			Inherent: line.Rate.Inherent, Residual: line.Rate.Residual, Reason: line.Rate.Reason,
		})
		return err
	})
}

func (l *loader) playTreatment(ctx context.Context, id string, line riskLine) error {
	if line.Treat == nil {
		return nil
	}
	return l.change(ctx, line.Treat.As, id, func(ctx context.Context, version int64) error {
		_, err := l.risk.Treat(ctx, id, version, risk.TreatInput{Treatment: risk.Treatment(line.Treat.Treatment), Note: line.Treat.Note})
		return err
	})
}

func (l *loader) playOptions(ctx context.Context, id string, line riskLine) error {
	if line.Options == nil {
		return nil
	}
	var options []risk.Option
	for _, o := range line.Options.Compare {
		options = append(options, risk.Option{
			Kind: risk.OptionKind(o.Kind), Title: o.Title, Cost: o.Cost, Delay: o.Delay, Risk: o.Risk, Rating: matrix.Rating(o.Rating), Notes: o.Notes,
		})
	}
	return l.change(ctx, line.Options.As, id, func(ctx context.Context, version int64) error {
		_, err := l.risk.SetOptions(ctx, id, version, options)
		return err
	})
}

func (l *loader) playHearings(ctx context.Context, id string, line riskLine) error {
	for _, h := range line.Hearings {
		err := l.change(ctx, h.As, id, func(ctx context.Context, version int64) error {
			_, err := l.risk.Hear(ctx, id, version, risk.HearingInput{Party: h.Party, Person: h.Person, Heard: h.Heard, Said: h.Said})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// playAcceptance asks, meets the conditions and grants.
func (l *loader) playAcceptance(ctx context.Context, id string, line riskLine) error {
	if line.Ask == nil {
		return nil
	}
	in := risk.AskInput{Option: line.Ask.Option, Reason: line.Ask.Reason, Until: l.inDays(line.Ask.Days)}
	for _, c := range line.Ask.Conditions {
		in.Conditions = append(in.Conditions, risk.TermInput{Text: c.Text, Owner: c.Owner, Due: l.inDays(c.Days)})
	}
	var asked risk.Acceptance
	err := l.change(ctx, line.Ask.As, id, func(ctx context.Context, version int64) (err error) {
		asked, err = l.risk.Ask(ctx, id, version, in)
		return err
	})
	if err != nil || line.Grant == nil {
		return err
	}
	actor, err := l.as(ctx, line.Grant.As)
	if err != nil {
		return err
	}
	granted, err := l.risk.Grant(actor, asked.ID, asked.Version, line.Grant.Reason)
	if err != nil || line.Meet == nil {
		return err
	}
	if actor, err = l.as(ctx, line.Meet.As); err != nil {
		return err
	}
	for _, c := range granted.Conditions {
		met, err := l.risk.Meet(actor, granted.ID, granted.Version, c.ID, line.Meet.Evidence)
		if err != nil {
			return err
		}
		granted = met
	}
	return nil
}
