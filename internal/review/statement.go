// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/item"
)

// StatementInput records what somebody said or requires.
type StatementInput struct {
	Kind       StatementKind `json:"kind" enum:"statement,requirement"`
	Label      string        `json:"label,omitempty" maxLength:"20" doc:"such as B09; default: the next of its kind"`
	Text       string        `json:"text" maxLength:"10000" doc:"in their words"`
	Who        string        `json:"who,omitempty" maxLength:"200" doc:"who says so, or who proposed the requirement"`
	Origin     string        `json:"origin,omitempty" enum:"security,operational,administrative,unknown" doc:"of a requirement"`
	Source     Source        `json:"source"`
	State      string        `json:"state,omitempty" enum:"proposed,agreed,unchanged,revised,moved,removed,withdrawn" doc:"default: proposed"`
	Note       string        `json:"note,omitempty" maxLength:"4000" doc:"what became of it"`
	Restricted bool          `json:"restricted,omitempty" doc:"only those who take part in the review see it"`
}

// State records a statement or a requirement.
func (s *Service) State(ctx context.Context, id string, version int64, in StatementInput) (Statement, error) {
	var t Statement
	_, err := s.onReview(ctx, change{action: ActionFind, id: id, version: version}, func(d *decision) error {
		all, err := loadStatements(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		t = Statement{ID: d.tx.NewID(), RecordedBy: d.actor.ID, RecordedAt: d.tx.Now(), ChangedAt: d.tx.Now()}
		var f item.Fields
		d.state(&f, &t, in)
		d.labelStatement(&f, &t, in.Label, all)
		if len(all) >= MaxStatements {
			f.Add("text", "too_many", "A review has at most %d statements.", MaxStatements)
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		return d.storeStatement(ctx, KindStated, &t)
	})
	if err != nil {
		return Statement{}, err
	}
	return t, nil
}

// Restate changes a statement: its status, and what became of it. Which of those
// that cite it are contradicted by that is for people to say.
func (s *Service) Restate(ctx context.Context, id string, version int64, statement string, in StatementInput) (Statement, error) {
	var t Statement
	_, err := s.onReview(ctx, change{action: ActionFind, id: id, version: version}, func(d *decision) error {
		all, err := d.statements(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(o Statement) bool { return o.ID == statement || o.Label == statement })
		if i < 0 {
			return noPart("statement", labelsOf(all, func(o Statement) string { return o.Label }))
		}
		t = all[i]
		restricted := t.Restricted
		t.ChangedAt = d.tx.Now()
		var f item.Fields
		d.state(&f, &t, in)
		t.Restricted = t.Restricted || restricted // what was restricted was said in confidence
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		return d.storeStatement(ctx, KindRestated, &t)
	})
	if err != nil {
		return Statement{}, err
	}
	return t, nil
}

// statements returns those of the review that the actor may see.
func (d *decision) statements(ctx context.Context) ([]Statement, error) {
	all, err := loadStatements(ctx, d.tx, d.review.ID)
	if err != nil || insider(d.actor, d.participants) {
		return all, err
	}
	return slices.DeleteFunc(all, func(t Statement) bool { return t.Restricted }), nil
}

// state checks what is recorded, and puts it into the statement.
func (d *decision) state(f *item.Fields, t *Statement, in StatementInput) {
	f.Choice("kind", string(in.Kind), string(Said), string(Requirement))
	t.Kind = in.Kind
	t.Text = f.Text("text", in.Text, MaxText, true)
	t.Who = f.Line("who", in.Who, MaxTitle, false)
	t.Note = f.Text("note", in.Note, MaxReason, false)
	t.Source = sourceOf(f, in.Source)
	t.State, t.Origin = in.State, in.Origin
	if t.State == "" {
		t.State = StatementStates()[0]
	}
	f.Choice("state", t.State, StatementStates()...)
	switch {
	case t.Kind == Requirement && t.Origin == "":
		t.Origin = "unknown"
	case t.Kind != Requirement && t.Origin != "":
		f.Add("origin", "not_offered", "Only a requirement has an origin.")
	}
	if t.Origin != "" {
		f.Choice("origin", t.Origin, requirementOrigins()...)
	}
	d.restrict(f, in.Restricted)
	t.Restricted = in.Restricted
}

// restrict makes sure that whoever restricts a part sees it afterwards.
func (d *decision) restrict(f *item.Fields, restricted bool) {
	if restricted && !insider(d.actor, d.participants) {
		f.Add("restricted", "without_you", "You do not take part in this review, and would not see this yourself. Let yourself be assigned first.")
	}
}

func sourceOf(f *item.Fields, in Source) Source {
	f.Choice("source.kind", in.Kind, SourceKinds()...)
	s := Source{
		Kind:    in.Kind,
		Title:   f.Line("source.title", in.Title, MaxTitle, true),
		Version: f.Line("source.version", in.Version, 100, false),
		Place:   f.Line("source.place", in.Place, 100, false),
		URL:     f.Line("source.url", in.URL, MaxShort, false),
	}
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			f.Add("source.url", "syntax", "Use an address that begins with https:// or http://.")
		}
	}
	return s
}

// labelStatement names a statement: as the reviewers call it, or the next of its
// kind. Those that are restricted are counted by themselves, so that no gap in the
// others tells of them.
func (d *decision) labelStatement(f *item.Fields, t *Statement, wanted string, all []Statement) {
	taken := map[string]bool{}
	for _, o := range all {
		taken[o.Label] = true
	}
	prefix := "S"
	if t.Kind == Requirement {
		prefix = "R"
	}
	t.Label = label(f, wanted, prefix, t.Restricted, taken)
}

// label returns the wanted label, or the next one that is free.
func label(f *item.Fields, wanted, prefix string, restricted bool, taken map[string]bool) string {
	if restricted {
		prefix += "X"
	}
	if wanted = f.Line("label", wanted, 20, false); wanted != "" {
		if taken[wanted] {
			f.Add("label", "taken", "This label is in use in this review.")
		}
		return wanted
	}
	for n := 1; ; n++ {
		if l := fmt.Sprintf("%s%d", prefix, n); !taken[l] {
			return l
		}
	}
}

func (d *decision) storeStatement(ctx context.Context, kind string, t *Statement) error {
	body := statementBody{
		Review: d.review.ID, Version: d.review.Version, Statement: t.ID, Label: t.Label, Kind: t.Kind, Text: item.SHA(t.Text),
		Origin: t.Origin, Source: t.Source, State: t.State, Note: item.SHA(t.Note),
	}
	err := d.recordPart(ctx, kind, body, t.Restricted, item.Change{Field: "statement", To: t.Label}, item.Change{Field: "state", To: t.State})
	if err != nil {
		return err
	}
	t.Entry = d.review.Entry
	if err := statementRows.Save(ctx, d.tx.Tx, *t, d.of()); err != nil {
		return err
	}
	return d.indexPart(ctx, "statement:"+t.ID, t.Label, t.Text+"\n"+t.Note, t.Restricted)
}
