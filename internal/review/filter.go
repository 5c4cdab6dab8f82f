// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// where returns the condition for the filter and the reader's eyes. A value that no
// review can have is an Invalid fault: an empty list would say that there is none.
func (s *Service) where(ctx context.Context, r store.Reader, a authz.Actor, f Filter, args *[]any) (string, error) {
	if err := s.check(ctx, r, f); err != nil {
		return "", err
	}
	var parts []string
	add := func(expr string, value any) { parts = append(parts, expr+" = "+store.Arg(value, args)) }
	switch f.Column {
	case "", FilterOpen:
		parts = append(parts, "r.board_column <> 'done'")
	case FilterAll:
	default:
		add("r.board_column", f.Column)
	}
	for _, one := range [][2]string{{"r.kind", f.Kind}, {"r.outcome", string(f.Outcome)}, {"r.quarter", f.Quarter}} {
		if one[1] != "" {
			add(one[0], one[1])
		}
	}
	if f.Subject != "" {
		subject, err := s.Catalog.VisibleSubject(ctx, r, a, f.Subject)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
		parts = append(parts, "r.subject <> '' AND r.subject = "+store.Arg(subject.Ref, args))
	}
	if f.Person != "" {
		person, err := s.whose(ctx, r, a, f.Person)
		if err != nil {
			return "", err
		}
		id := store.Arg(person, args)
		parts = append(parts, id+" <> '' AND (r.owner = "+id+" OR r.requester = "+id+" OR r.lead = "+id+
			" OR EXISTS (SELECT 1 FROM review_reviewer v WHERE v.review = r.id AND v.person = "+id+"))")
	}
	parts = append(parts, keptReviews.Visible(a, args))
	return strings.Join(parts, " AND "), nil
}

// check refuses what no review can have. A subject that nobody registered is none
// of that: it answers as one that the reader may not see.
func (s *Service) check(ctx context.Context, r store.Reader, f Filter) error {
	var wrong item.Fields
	if f.Column != "" {
		wrong.Choice("column", f.Column, append([]string{FilterOpen, FilterAll}, words(Columns())...)...)
	}
	if f.Sort != "" {
		wrong.Choice("sort", f.Sort, SortUrgent, SortRecent)
	}
	if f.Outcome != "" {
		item.ChoiceOf(&wrong, "outcome", f.Outcome, allOutcomes())
	}
	if f.Quarter != "" && !quarterPattern.MatchString(f.Quarter) {
		wrong.Add("quarter", "syntax", "A quarter is written as 2026-Q4.")
	}
	if kind, name, _ := strings.Cut(f.Subject, ":"); f.Subject != "" && (kind == "" || name == "") {
		wrong.Add("subject", "syntax", "A subject is written kind:name, such as project:new-ci.")
	}
	if err := wrong.Err(CodeInvalid); err != nil {
		return err
	}
	return s.knownKind(ctx, r, f.Kind)
}

// knownKind refuses a kind of review that there is not, and names those there are.
func (s *Service) knownKind(ctx context.Context, r store.Reader, name string) error {
	if name == "" {
		return nil
	}
	_, err := s.kindVersion(ctx, r, name, 0)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	all, err := s.kinds(ctx, r)
	if err != nil {
		return err
	}
	var wrong item.Fields
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = k.Name
	}
	wrong.Choice("kind", name, slices.Compact(names)...)
	return wrong.Err(CodeInvalid)
}

// whose returns the id of the person that a filter names, me for oneself; an unknown
// one is refused to those who work here. Others get "", which is nobody's: who signs
// in by which name stays inside.
func (s *Service) whose(ctx context.Context, r store.Reader, a authz.Actor, named string) (string, error) {
	if named == "me" {
		return a.ID, nil
	}
	person, err := s.Directory.Person(ctx, r, named)
	if fault.Is(err, fault.NotFound) && a.Internal() {
		var wrong item.Fields
		wrong.Add("person", "unknown", "There is no such person. Give a login or an id, or me.")
		return "", wrong.Err(CodeInvalid)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	return person.ID, nil
}
