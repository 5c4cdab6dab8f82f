// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"errors"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// Trial is what the text of a kind would do.
type Trial struct {
	Problems    []fault.Field     `json:"problems" nullable:"false" doc:"what is wrong with the text; it cannot be published until there is none"`
	Answers     []fault.Field     `json:"answers" nullable:"false" doc:"answers of the form that it does not take"`
	Shortfalls  []kind.Shortfall  `json:"shortfalls" nullable:"false" doc:"what falls short in the form, by the rules"`
	Differences []kind.Difference `json:"differences" nullable:"false" doc:"what it changes; of a new kind: nothing"`
	Before      int64             `json:"before" doc:"the present version of the kind; 0: it is new"`
	Kind        *kind.Kind        `json:"kind,omitempty" doc:"how it reads; absent if there are problems"`
}

// TryKind checks the text of a kind, tries it on a form, and tells what it changes.
// Nothing is written.
func (s *Service) TryKind(ctx context.Context, name string, in TrialRequest) (Trial, error) {
	if err := s.require(ctx, ActionKind); err != nil {
		return Trial{}, err
	}
	t := Trial{Problems: []fault.Field{}, Answers: []fault.Field{}, Shortfalls: []kind.Shortfall{}, Differences: []kind.Difference{}}
	k, err := kind.Parse(name+".yaml", []byte(in.Text))
	if wrong := (*fault.Error)(nil); errors.As(err, &wrong) && wrong.Kind == fault.Invalid {
		t.Problems = append(t.Problems, wrong.Fields...)
		if len(t.Problems) == 0 {
			t.Problems = []fault.Field{{Path: "text", Code: wrong.Code, Message: wrong.Message}}
		}
	} else if err != nil {
		return Trial{}, err
	}
	var now *kind.Kind
	err = s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		now, t.Before, err = s.kindOf(ctx, r, name)
		return err
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Trial{}, err
	}
	if k == nil {
		return t, nil
	}
	if k.Name != name {
		t.Problems = append(t.Problems, fault.Field{Path: "name", Code: "name", Message: "The name in the text is another one. A kind keeps its name; publish a new kind instead."})
	}
	t.Kind = k
	t.Answers = append(t.Answers, k.Check(in.Answers)...)
	t.Shortfalls = append(t.Shortfalls, k.Shortfalls(kind.WithPreScreen(in.Answers, in.PreScreen), in.Technologies, in.Scenarios, s.Policy().Weak.Answers)...)
	if now != nil {
		t.Differences = append(t.Differences, kind.Diff(now, k)...)
	}
	return t, nil
}
