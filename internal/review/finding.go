// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/module"
)

// FindInput records a finding, or changes one.
type FindInput struct {
	Kind       FindingKind  `json:"kind" enum:"contradiction,weakness,gap,near_miss"`
	Label      string       `json:"label,omitempty" maxLength:"20" doc:"default: the next of its kind"`
	Severity   string       `json:"severity,omitempty" enum:"none,low,medium,high,critical" doc:"default: none"`
	Title      string       `json:"title" maxLength:"200"`
	Text       string       `json:"text,omitempty" maxLength:"10000"`
	Evidence   string       `json:"evidence,omitempty" maxLength:"10000"`
	First      string       `json:"first,omitempty" maxLength:"20" doc:"id or label of a statement; a contradiction quotes two"`
	Second     string       `json:"second,omitempty" maxLength:"20" doc:"id or label of the other statement"`
	State      FindingState `json:"state,omitempty" enum:"open,settled,passed_on,dismissed" doc:"default: open"`
	Became     string       `json:"became,omitempty" maxLength:"4000" doc:"what became of it; of one that is not open"`
	Restricted bool         `json:"restricted,omitempty" doc:"only those who take part in the review see it"`
}

// Find records a finding. A contradiction quotes two statements, each with its
// source, that cannot both hold.
func (s *Service) Find(ctx context.Context, id string, version int64, in FindInput) (Finding, error) {
	var n Finding
	_, err := s.onReview(ctx, change{action: ActionFind, id: id, version: version}, func(d *decision) error {
		all, err := loadFindings(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		n = Finding{ID: d.tx.NewID(), FoundBy: d.actor.ID, FoundAt: d.tx.Now(), ChangedAt: d.tx.Now()}
		var f item.Fields
		if err := d.find(ctx, &f, &n, in); err != nil {
			return err
		}
		taken := map[string]bool{}
		for _, o := range all {
			taken[o.Label] = true
		}
		n.Label = label(&f, in.Label, findingPrefix(n.Kind), n.Restricted, taken)
		if len(all) >= MaxFindings {
			f.Add("title", "too_many", "A review has at most %d findings.", MaxFindings)
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		return d.storeFinding(ctx, KindFound, &n)
	})
	if err != nil {
		return Finding{}, err
	}
	return n, nil
}

func findingPrefix(k FindingKind) string {
	switch k {
	case Contradiction:
		return "C"
	case NearMiss:
		return "N"
	default:
		return "F"
	}
}

// find checks what was found, and puts it into the finding.
func (d *decision) find(ctx context.Context, f *item.Fields, n *Finding, in FindInput) error {
	f.Choice("kind", string(in.Kind), words(FindingKinds())...)
	n.Kind, n.Severity, n.State = in.Kind, in.Severity, in.State
	if n.Severity == "" {
		n.Severity = Severities()[0]
	}
	f.Choice("severity", n.Severity, Severities()...)
	if n.State == "" {
		n.State = FindingOpen
	}
	f.Choice("state", string(n.State), string(FindingOpen), string(FindingSettled), string(FindingPassedOn), string(FindingDismissed))
	n.Title = f.Line("title", in.Title, MaxTitle, true)
	n.Text = f.Text("text", in.Text, MaxText, false)
	n.Evidence = f.Text("evidence", in.Evidence, MaxText, false)
	n.Became = f.Text("became", in.Became, MaxReason, n.State != FindingOpen)
	d.restrict(f, in.Restricted)
	n.Restricted = n.Restricted || in.Restricted
	return d.quote(ctx, f, n, in)
}

// quote looks up the statements that a finding quotes. One that quotes what is
// restricted is restricted.
func (d *decision) quote(ctx context.Context, f *item.Fields, n *Finding, in FindInput) error {
	all, err := d.statements(ctx)
	if err != nil {
		return err
	}
	look := func(path, named string) string {
		if named == "" {
			if n.Kind == Contradiction {
				f.Add(path, "required", "A contradiction quotes two statements. Record the statement with its source first, then name it here.")
			}
			return ""
		}
		i := slices.IndexFunc(all, func(t Statement) bool { return t.ID == named || t.Label == named })
		if i < 0 {
			f.Add(path, "unknown", "There is no such statement in this review.")
			return ""
		}
		n.Restricted = n.Restricted || all[i].Restricted
		return all[i].ID
	}
	n.First, n.Second = look("first", in.First), look("second", in.Second)
	if n.First != "" && n.First == n.Second {
		f.Add("second", "same", "A statement does not contradict itself. Name another one.")
	}
	return nil
}

// Refind changes a finding: what became of it, above all. That it is no longer open is
// not for who is too near to the review to say: it may be what stands against it.
func (s *Service) Refind(ctx context.Context, id string, version int64, finding string, in FindInput) (Finding, error) {
	var n Finding
	_, err := s.onReview(ctx, change{action: ActionFind, id: id, version: version}, func(d *decision) error {
		var err error
		if n, err = d.finding(ctx, finding); err != nil {
			return err
		}
		if n.State == FindingRisk {
			return becameRisk()
		}
		n.ChangedAt = d.tx.Now()
		wasOpen := n.State == FindingOpen
		var f item.Fields
		if err := d.find(ctx, &f, &n, in); err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if wasOpen && n.State != FindingOpen {
			if err := d.impartial(ctx); err != nil {
				return err
			}
		}
		return d.storeFinding(ctx, KindRefound, &n)
	})
	if err != nil {
		return Finding{}, err
	}
	return n, nil
}

func becameRisk() error {
	return fault.New(fault.Conflict, "review.finding_is_risk", "This finding is a risk in the register. Change it there.")
}

// finding returns a finding that the actor may see, by id or label; NotFound.
func (d *decision) finding(ctx context.Context, idOrLabel string) (Finding, error) {
	all, err := loadFindings(ctx, d.tx, d.review.ID)
	if err != nil {
		return Finding{}, err
	}
	if !insider(d.actor, d.participants) {
		all = slices.DeleteFunc(all, func(n Finding) bool { return n.Restricted })
	}
	i := slices.IndexFunc(all, func(n Finding) bool { return n.ID == idOrLabel || n.Label == idOrLabel })
	if i < 0 {
		return Finding{}, noPart("finding", labelsOf(all, func(n Finding) string { return n.Label }))
	}
	return all[i], nil
}

func (d *decision) storeFinding(ctx context.Context, kind string, n *Finding) error {
	body := findingBody{
		Review: d.review.ID, Version: d.review.Version, Finding: n.ID, Label: n.Label, Kind: n.Kind, Severity: n.Severity, Title: n.Title,
		Text: item.SHA(n.Text), Evidence: item.SHA(n.Evidence), First: n.First, Second: n.Second, State: n.State, Became: item.SHA(n.Became), Risk: n.Risk,
	}
	err := d.recordPart(ctx, kind, body, n.Restricted, item.Change{Field: "finding", To: n.Label}, item.Change{Field: "state", To: string(n.State)})
	if err != nil {
		return err
	}
	n.Entry = d.review.Entry
	if err := findingRows.Save(ctx, d.tx.Tx, *n, d.of()); err != nil {
		return err
	}
	return d.indexPart(ctx, "finding:"+n.ID, n.Label+" "+n.Title, n.Text+"\n"+n.Evidence+"\n"+n.Became, n.Restricted)
}

// RiskInput says as what a finding stands in the register of risks.
type RiskInput struct {
	Title  string `json:"title,omitempty" maxLength:"200" doc:"default: the finding's"`
	Threat string `json:"threat,omitempty" maxLength:"10000" doc:"what could happen; default: the finding's text"`
	Scope  string `json:"scope,omitempty" maxLength:"10000" doc:"what exactly is covered; default: the review"`
	Owner  string `json:"owner,omitempty" maxLength:"200" doc:"id or login; default: the review's owner"`
	Act    string `json:"act,omitempty" maxLength:"60" doc:"the act that it is about, such as call"`

	Inputs module.RiskFacts `json:"inputs,omitzero" doc:"facts that its rating is proposed from; default: what the subject states"`
}

// ToRisk puts a finding into the register of risks, in the same commit. The risk is
// about the review's subject; whoever sees the finding sees it, and nobody else.
func (s *Service) ToRisk(ctx context.Context, id string, version int64, finding string, in RiskInput) (Finding, error) {
	var n Finding
	_, err := s.onReview(ctx, change{action: ActionFind, after: true, id: id, version: version}, func(d *decision) error {
		var err error
		if n, err = d.finding(ctx, finding); err != nil {
			return err
		}
		switch {
		case n.State == FindingRisk:
			return becameRisk()
		case d.review.Subject == "":
			return fault.New(fault.Conflict, "review.no_subject", "A risk is about a subject of the catalogue, and this review names none.")
		}
		if n.Risk, err = s.RegisterRisk(ctx, d.tx, d.riskOf(n, in)); err != nil {
			return err
		}
		if err := s.Catalog.Link(ctx, d.tx, n.Risk, RelationToReview, d.review.Item()); err != nil {
			return err
		}
		n.State, n.ChangedAt = FindingRisk, d.tx.Now()
		return d.storeFinding(ctx, KindRefound, &n)
	})
	if err != nil {
		return Finding{}, err
	}
	return n, nil
}

func (d *decision) riskOf(n Finding, in RiskInput) module.RiskInput {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	out := module.RiskInput{
		Subject: d.review.Subject, Act: in.Act, Title: or(in.Title, n.Title), Threat: or(in.Threat, or(n.Text, n.Title)),
		Scope: or(in.Scope, d.review.Title), Owner: or(in.Owner, d.review.Owner), Visibility: d.review.Visibility,
		Facts: in.Inputs,
	}
	if n.Restricted {
		out.Visibility = authz.Restricted
	}
	if out.Visibility == authz.Restricted {
		out.Participants = d.participants
	}
	return out
}
