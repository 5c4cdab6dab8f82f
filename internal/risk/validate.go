// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Validate lists what makes the policy unusable; config.Decode adds file and line.
func (p *RiskPolicy) Validate() []fault.Field {
	c := &policyCheck{}
	c.nested("matrix", p.Matrix.Problems())
	c.nested("proposal", p.Proposal.Problems(&p.Matrix))
	c.facts(p.Facts)
	c.authority(p.Authority)
	c.exclusion(p.MayNotAccept)
	c.rating("independence.from", p.Independence.From)
	c.parties(p.Parties)
	c.options(p.Options)
	if p.Conditions.Overdue != OverdueBlocks && p.Conditions.Overdue != OverdueAdvises {
		c.add("conditions.overdue", "must be block or advise")
	}
	c.review(p.Review)
	c.notices(p.Notices)
	return c.fields
}

// policyCheck collects what is wrong with a policy.
type policyCheck struct{ fields []fault.Field }

func (c *policyCheck) add(path, message string, args ...any) {
	c.fields = append(c.fields, fault.Field{Path: path, Code: "risk.policy", Message: fmt.Sprintf(message, args...)})
}

func (c *policyCheck) nested(at string, problems []matrix.Problem) {
	for _, p := range problems {
		c.add(at+"."+p.Path, "%s", p.Message)
	}
}

func (c *policyCheck) rating(at string, r matrix.Rating) {
	if !r.Known() {
		c.add(at, "must be low, medium, high or critical")
	}
}

func (c *policyCheck) authority(all []RatingAuthority) {
	seen := map[matrix.Rating]bool{}
	for i, a := range all {
		at := fmt.Sprintf("authority[%d]", i)
		c.rating(at+".rating", a.Rating)
		if seen[a.Rating] {
			c.add(at+".rating", "has an entry already")
		}
		seen[a.Rating] = true
		if a.Longest <= 0 {
			c.add(at+".longest", "must be a length of time, such as 30d; an acceptance always ends")
		}
		c.alternatives(at, a.AnyOf)
	}
	for _, r := range matrix.Ratings() {
		if !seen[r] {
			c.add("authority", "has no entry for %s; write one with an empty any_of if nobody may accept it", r)
		}
	}
}

func (c *policyCheck) alternatives(at string, all []Alternative) {
	for i, a := range all {
		at := fmt.Sprintf("%s.any_of[%d]", at, i)
		ways := 0
		for _, set := range []bool{a.Rank != "", a.Body != "", len(a.Functions) > 0} {
			if set {
				ways++
			}
		}
		switch {
		case ways != 1:
			c.add(at, "must name exactly one of rank, body and functions")
		case a.Quorum < 0 || a.Quorum > 0 && a.Body == "":
			c.add(at+".quorum", "must be at least 1, and goes with a body")
		case a.Quorum == 0 && a.Body != "":
			c.add(at+".quorum", "must say how many members of the body must agree")
		}
		if a.Longest < 0 {
			c.add(at+".longest", "must not be negative")
		}
		if unique := item.Distinct(a.Functions); len(unique) != len(a.Functions) || slices.Contains(unique, "") {
			c.add(at+".functions", "must be names, each once")
		}
	}
}

func (c *policyCheck) exclusion(e Exclusion) {
	if !slices.Contains(e.People, partAsker) {
		c.add("may_not_accept.people", "must contain asker: nobody accepts what they asked for")
	}
	for i, who := range e.People {
		if who != partAsker && who != partOwner {
			c.add(fmt.Sprintf("may_not_accept.people[%d]", i), "must be asker or owner")
		}
	}
}

func (c *policyCheck) parties(all []PartyRule) {
	for i, r := range all {
		at := fmt.Sprintf("parties[%d]", i)
		c.rating(at+".from", r.From)
		if r.Kind != PartyOrganisation && r.Kind != PartyCommunity {
			c.add(at+".kind", "must be organisation or community")
		}
		if r.Requirement.level() < 0 {
			c.add(at+".requirement", "must be none, hearing or acceptance")
		}
		if len(r.AnyOf) > 0 && r.Requirement != RequireAcceptance {
			c.add(at+".any_of", "goes with the requirement acceptance")
		}
		c.alternatives(at, r.AnyOf)
	}
}

func (c *policyCheck) options(o OptionsRule) {
	c.rating("options.from", o.From)
	for i, kind := range o.Compare {
		if !slices.Contains(OptionKinds(), kind) {
			c.add(fmt.Sprintf("options.compare[%d]", i), "must be temporary, production, none or own")
		}
	}
}

func (c *policyCheck) review(r ReviewRule) {
	if r.OwnerNotice <= 0 {
		c.add("review.owner_notice", "must be a length of time, such as 183d")
	}
	known := false
	for i, preset := range r.Presets {
		at := fmt.Sprintf("review.presets[%d]", i)
		known = known || preset.Name == r.Preset
		for _, rating := range matrix.Ratings() {
			if preset.Intervals.of(rating) <= 0 {
				c.add(fmt.Sprintf("%s.intervals.%s", at, rating), "must be a length of time, such as 365d")
			}
		}
	}
	if !known {
		c.add("review.preset", "must be the name of one of the presets")
	}
}

func (c *policyCheck) notices(n NoticesRule) {
	for i, d := range n.BeforeExpiry {
		if d <= 0 || i > 0 && d >= n.BeforeExpiry[i-1] {
			c.add(fmt.Sprintf("notices.before_expiry[%d]", i), "must be a length of time, shorter than the one before it")
		}
	}
}
