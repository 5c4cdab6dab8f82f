// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Limits of what is said about reviewers.
const (
	MaxDays   = 92 // of a quarter
	MaxSkills = 40
	maxSkill  = 60
)

// CapacityInput says what a reviewer has; what is nil stays.
type CapacityInput struct {
	Person  string    `json:"person,omitempty" maxLength:"200" doc:"id or login; default: yourself"`
	Quarter string    `json:"quarter,omitempty" maxLength:"7" doc:"such as 2026-Q4; default: the present one"`
	Days    *float64  `json:"days,omitempty" minimum:"0" maximum:"92" doc:"person-days for reviews in that quarter"`
	Skills  *[]string `json:"skills,omitempty" maxItems:"40" doc:"all skills, such as kubernetes; they replace those before"`
}

// capacityBody is what an entry says of a reviewer's time or skills.
type capacityBody struct {
	Person  string    `json:"person"`
	Quarter string    `json:"quarter,omitempty"`
	Days    *float64  `json:"days,omitempty"`
	Skills  *[]string `json:"skills,omitempty"`
}

// SetCapacity says how many person-days somebody has for reviews in a quarter.
func (s *Service) SetCapacity(ctx context.Context, person, quarter string, days float64) error {
	return s.Provide(ctx, CapacityInput{Person: person, Quarter: quarter, Days: &days})
}

// SetSkills says what somebody knows; it replaces what was said before.
func (s *Service) SetSkills(ctx context.Context, person string, skills []string) error {
	return s.Provide(ctx, CapacityInput{Person: person, Skills: &skills})
}

// Provide says how much time and which skills somebody has, in one decision. It is
// for somebody who may work on reviews.
func (s *Service) Provide(ctx context.Context, in CapacityInput) error {
	if err := s.require(ctx, ActionPlan); err != nil {
		return err
	}
	return s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		actor := authz.ActorFrom(ctx)
		var f item.Fields
		body := capacityBody{Quarter: in.Quarter, Days: in.Days}
		if in.Days == nil {
			body.Quarter = ""
		} else if body.Quarter == "" {
			body.Quarter = QuarterOf(tx.Now(), s.Zone)
		}
		if in.Person == "" {
			in.Person = actor.ID
		}
		var err error
		if body.Person, err = s.worksOnReviews(ctx, tx, &f, in.Person); err != nil {
			return err
		}
		body.check(&f, in)
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if body.Days == nil && body.Skills == nil {
			return fault.New(fault.Invalid, CodeInvalid, "Say how many days, or which skills.")
		}
		about := authz.PersonPrincipal(body.Person)
		seq, err := s.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindCapacity, Actor: actor.Ref(), Subject: about, Body: body, Item: "review-capacity:" + body.Person, Visibility: string(authz.Internal),
		})
		if err != nil {
			return err
		}
		return body.store(ctx, tx, seq)
	})
}

// worksOnReviews returns the id of a person who may work on reviews, and else notes
// the field.
func (s *Service) worksOnReviews(ctx context.Context, tx *ledger.Tx, f *item.Fields, named string) (string, error) {
	id, err := item.Person(ctx, tx, s.Directory, f, "person", named)
	if err != nil || id == "" {
		return "", err
	}
	a, err := s.Directory.ActorOf(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if !s.Authz.Allowed(a, ActionAsk) {
		f.Add("person", "not_a_reviewer", "This person may not work on reviews. Name a triager or a reviewer.")
	}
	return id, nil
}

func (b *capacityBody) check(f *item.Fields, in CapacityInput) {
	if b.Days != nil {
		if !quarterPattern.MatchString(b.Quarter) {
			f.Add("quarter", "syntax", "Name a quarter, such as 2026-Q4.")
		}
		if !(*b.Days >= 0 && *b.Days <= MaxDays) {
			f.Add("days", "range", "Give person-days between 0 and %d.", MaxDays)
		}
		days := tidy(*b.Days)
		b.Days = &days
	}
	if in.Skills == nil {
		return
	}
	skills := []string{}
	for _, text := range *in.Skills {
		if skill := strings.ToLower(f.Line("skills", text, maxSkill, false)); skill != "" {
			skills = append(skills, skill)
		}
	}
	slices.Sort(skills)
	skills = slices.Compact(skills)
	if len(skills) > MaxSkills {
		f.Add("skills", "too_many", "Name at most %d skills.", MaxSkills)
	}
	b.Skills = &skills
}

func (b capacityBody) store(ctx context.Context, tx *ledger.Tx, entry int64) error {
	if b.Days != nil {
		_, err := tx.Exec(ctx, `INSERT INTO review_capacity (person, quarter, days, entry) VALUES ($1, $2, $3, $4)
			ON CONFLICT (person, quarter) DO UPDATE SET days = excluded.days, entry = excluded.entry`, b.Person, b.Quarter, fmt.Sprint(*b.Days), entry)
		if err != nil {
			return fmt.Errorf("set a capacity: %w", err)
		}
	}
	if b.Skills == nil {
		return nil
	}
	if _, err := tx.Exec(ctx, "DELETE FROM review_skill WHERE person = $1", b.Person); err != nil {
		return fmt.Errorf("replace skills: %w", err)
	}
	for _, skill := range *b.Skills {
		if _, err := tx.Exec(ctx, "INSERT INTO review_skill (person, skill) VALUES ($1, $2)", b.Person, skill); err != nil {
			return fmt.Errorf("set skills: %w", err)
		}
	}
	return nil
}
