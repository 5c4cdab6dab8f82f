// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Need is one decision that an acceptance requires: that of the organisation
// which answers for the subject, and one for each party that must accept.
type Need struct {
	Party        string // name of the party; empty for the organisation that answers
	Organisation string // whose ranks and bodies decide
	Rating       matrix.Rating
	Longest      config.Duration // for alternatives without their own
	AnyOf        []Alternative
}

// Needs returns what an acceptance on this basis requires, the organisation that
// answers for the subject first. A party of that same organisation needs no
// second decision.
func (p *RiskPolicy) Needs(b Basis) []Need {
	authority := p.For(b.Residual.Rating)
	needs := []Need{{Organisation: b.Organisation, Rating: b.Residual.Rating, Longest: authority.Longest, AnyOf: authority.AnyOf}}
	for _, party := range b.Parties {
		requirement, anyOf := p.requirement(party, b.Residual.Rating)
		if requirement != RequireAcceptance || party.Kind == PartyOrganisation && party.Organisation == b.Organisation {
			continue
		}
		needs = append(needs, Need{Party: party.Name, Organisation: party.Organisation, Rating: b.Residual.Rating, Longest: authority.Longest, AnyOf: anyOf})
	}
	return needs
}

// requirement is what the party must get: what policy says, or what was written
// down for this party if that is more.
func (p *RiskPolicy) requirement(party BasisParty, r matrix.Rating) (Requirement, []Alternative) {
	requirement, anyOf := p.Party(party.Kind, r)
	if party.Require.stricter(requirement) {
		requirement = party.Require
	}
	return requirement, anyOf
}

// Request is what is to be decided, as far as it matters for who may decide.
type Request struct {
	Asker  string   // person id
	Owner  string   // owner of the risk now
	Former []string // who ever owned the risk
	Askers []string // who ever asked to accept the risk
	// OwnerAsked says that the asker owned the risk when asking: the end date is
	// then the owner's.
	OwnerAsked  bool
	Start       time.Time // not before; zero: at once
	Extends     bool      // it prolongs one in force, so that it lasts from its beginning
	Until       time.Time
	Agreed      []string // who has agreed so far
	Objected    []string
	Zone        *time.Location
	At          time.Time // now
	Office      authz.Authority
	OwnerBarred bool // policy: the owner may not accept either
}

// barred reports whether the person may not accept whatever their rank.
func (q Request) barred(person string) bool {
	return person == "" || person == q.Asker || slices.Contains(q.Askers, person) || q.OwnerBarred && (person == q.Owner || slices.Contains(q.Former, person))
}

// The parts in the matter that Exclusion names.
const (
	partAsker = "asker"
	partOwner = "owner"
)

// ownerBarred reports whether policy keeps owners from accepting their risks.
func (p *RiskPolicy) ownerBarred() bool { return slices.Contains(p.MayNotAccept.People, partOwner) }

// rights returns what the person may exercise in the organisation in this
// matter: nothing if barred, and nothing that a barred person delegated to them,
// because that would be accepting by another hand.
func (q Request) rights(person, organisation string) []authz.Right {
	if q.barred(person) || organisation == "" {
		return nil
	}
	return slices.DeleteFunc(q.Office.Rights(person, organisation, q.At), func(r authz.Right) bool {
		return r.Delegation != "" && q.barred(r.Holder)
	})
}

// begins is when the acceptance would begin if it were granted now.
func (q Request) begins() time.Time {
	if q.Start.After(q.At) {
		return q.Start
	}
	return q.At
}

// counted is from when on an acceptance may last so long, if it were granted now:
// from now, however late it begins, because nobody knows then what it will be
// accepted for; one that prolongs another, from its beginning.
func (q Request) counted() time.Time {
	if q.Extends {
		return q.begins()
	}
	return q.At
}

// longest is how long an acceptance by this alternative may last.
func (n Need) longest(a Alternative) time.Duration {
	if a.Longest > 0 && (n.Longest <= 0 || a.Longest < n.Longest) {
		return a.Longest.Std()
	}
	return n.Longest.Std()
}

// LatestEnd is the latest end that this alternative allows for an acceptance
// that counts from then: the end, in zone, of the day that it reaches.
func (n Need) LatestEnd(a Alternative, from time.Time, zone *time.Location) time.Time {
	return config.DateOf(from.Add(n.longest(a)), zone).End(zone)
}

func (n Need) admits(a Alternative, q Request) bool {
	return !q.Until.After(n.LatestEnd(a, q.counted(), q.Zone))
}

// Admitted returns the alternatives that allow an acceptance as long as is asked.
func (n Need) Admitted(q Request) []Alternative {
	var fit []Alternative
	for _, a := range n.AnyOf {
		if n.admits(a, q) {
			fit = append(fit, a)
		}
	}
	return fit
}

// Relevant returns the rights of the person that count towards the need, for an
// acceptance as long as is asked.
func (n Need) Relevant(q Request, person string) []authz.Right {
	var relevant []authz.Right
	for _, r := range q.rights(person, n.Organisation) {
		if slices.ContainsFunc(n.Admitted(q), func(a Alternative) bool { return a.counts(q.Office, r) }) {
			relevant = append(relevant, r)
		}
	}
	return relevant
}

// counts reports whether the right helps to meet the alternative.
func (a Alternative) counts(office authz.Authority, r authz.Right) bool {
	switch {
	case a.Rank != "":
		need := office.RankIndex(a.Rank)
		return r.Kind == authz.RightRank && need >= 0 && office.RankIndex(r.Rank) >= need
	case a.Body != "":
		return r.Kind == authz.RightBody && slices.ContainsFunc(office.Bodies, func(b authz.Body) bool {
			return b.ID == r.Body && a.names(b)
		})
	default:
		return r.Kind == authz.RightFunction && slices.Contains(a.Functions, r.Function)
	}
}

// names reports whether the alternative means this body: by its id, by its name,
// or by the name written as policy files write names ("security-council" for
// "Security Council").
func (a Alternative) names(b authz.Body) bool {
	return b.ID == a.Body || b.Name == a.Body || strings.ReplaceAll(strings.ToLower(b.Name), " ", "-") == a.Body
}

// Decides reports whether the person alone could meet the need: by rank.
func (n Need) Decides(q Request, person string) bool {
	return slices.ContainsFunc(n.Admitted(q), func(a Alternative) bool {
		return a.Rank != "" && slices.ContainsFunc(q.rights(person, n.Organisation), func(r authz.Right) bool { return a.counts(q.Office, r) })
	})
}

// Met reports whether those who agreed meet the need now, and by which rights.
// Who agreed earlier and has lost the right since does not count.
func (n Need) Met(q Request) (Exercised, bool) {
	for _, a := range n.Admitted(q) {
		if a.OwnerSetsEnd && !q.OwnerAsked && !slices.Contains(q.Agreed, q.Owner) {
			continue
		}
		by, ok := n.by(a, q, q.Agreed)
		if !ok {
			continue
		}
		e := Exercised{Party: n.Party, Organisation: n.Organisation, Way: a.String(), By: by}
		if a.OwnerSetsEnd && !q.OwnerAsked {
			e.By = append(e.By, Exerciser{Person: q.Owner, Right: ownerRight()})
		}
		return e, true
	}
	return Exercised{}, false
}

// ownerRight is the right by which the owner of a risk sets the end date.
func ownerRight() RightUsed {
	return RightUsed{Kind: authz.RightOwner, Explanation: "As owner of the risk, who sets the end date."}
}

// Attainable reports whether the need can still be met by others, now that some
// have objected: by rank always, by a function only if it did not object, by a
// body as long as enough members are left.
func (n Need) Attainable(q Request) bool {
	for _, a := range n.Admitted(q) {
		switch {
		case a.Rank != "":
			return true
		case a.Body != "":
			for _, b := range n.bodies(a, q) {
				free := slices.DeleteFunc(slices.Clone(b.Members), func(m string) bool {
					return slices.Contains(q.Objected, m) || q.barred(m) || !q.Office.Active[m]
				})
				if b.Quorum >= 1 && len(item.Distinct(free)) >= a.quorum(b) {
					return true
				}
			}
		default:
			if !slices.ContainsFunc(q.Objected, func(person string) bool {
				return slices.ContainsFunc(q.rights(person, n.Organisation), func(r authz.Right) bool { return a.counts(q.Office, r) })
			}) {
				return true
			}
		}
	}
	return false
}

func (n Need) bodies(a Alternative, q Request) []authz.Body {
	var all []authz.Body
	for _, b := range q.Office.Bodies {
		if b.Organisation == n.Organisation && a.names(b) {
			all = append(all, b)
		}
	}
	return all
}

// quorum is how many members must agree: what policy says or the body's own
// rule, whichever is more, and at least one.
func (a Alternative) quorum(b authz.Body) int { return max(a.Quorum, b.Quorum, 1) }

// by returns who of the people meets the alternative, by which rights.
func (n Need) by(a Alternative, q Request, people []string) ([]Exerciser, bool) {
	switch {
	case a.Rank != "":
		return n.byRank(a, q, people)
	case a.Body != "":
		return n.byBody(a, q, people)
	default:
		return n.byFunctions(a.Functions, q, people)
	}
}

func (n Need) byRank(a Alternative, q Request, people []string) ([]Exerciser, bool) {
	for _, person := range people {
		for _, r := range q.rights(person, n.Organisation) {
			if a.counts(q.Office, r) {
				return []Exerciser{{Person: person, Right: rightUsed(r)}}, true
			}
		}
	}
	return nil, false
}

func (n Need) byBody(a Alternative, q Request, people []string) ([]Exerciser, bool) {
	for _, b := range n.bodies(a, q) {
		var by []Exerciser
		for _, person := range item.Distinct(people) {
			for _, r := range q.rights(person, n.Organisation) {
				if r.Kind == authz.RightBody && r.Body == b.ID {
					by = append(by, Exerciser{Person: person, Right: rightUsed(r)})
					break
				}
			}
		}
		// A body whose own quorum is below one decides nothing.
		if b.Quorum >= 1 && len(by) >= a.quorum(b) {
			return by, true
		}
	}
	return nil, false
}

// byFunctions finds a different person for each function: all of several
// functions together means that several people looked. It tries all ways; there
// are few functions.
func (n Need) byFunctions(functions []string, q Request, people []string) ([]Exerciser, bool) {
	if len(functions) == 0 {
		return nil, true
	}
	for i, person := range people {
		for _, r := range q.rights(person, n.Organisation) {
			if r.Kind != authz.RightFunction || r.Function != functions[0] {
				continue
			}
			others := slices.DeleteFunc(slices.Clone(people), func(p string) bool { return p == people[i] })
			if rest, ok := n.byFunctions(functions[1:], q, others); ok {
				return append([]Exerciser{{Person: person, Right: rightUsed(r)}}, rest...), true
			}
			break
		}
	}
	return nil, false
}

// String describes the way in words: "rank executive or higher".
func (a Alternative) String() string {
	switch {
	case a.Rank != "":
		return "rank " + a.Rank + " or higher"
	case a.Body != "" && a.Quorum > 1:
		return fmt.Sprintf("at least %d members of %s", a.Quorum, a.Body)
	case a.Body != "":
		return "quorum of " + a.Body
	default:
		text := "the functions " + item.Joined(a.Functions, "and") + " together"
		if a.OwnerSetsEnd {
			text += ", the owner setting the end date"
		}
		return text
	}
}

// days writes a length of time for people.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day != 0 || d < 2*day {
		return config.Duration(d).String()
	}
	return strconv.Itoa(int(d/day)) + " days"
}

// LiftedBy says in words who can accept, and for how long at most.
func (n Need) LiftedBy() string {
	if len(n.AnyOf) == 0 {
		return "Nobody may accept a risk rated " + string(n.Rating) + ": lower the risk, or do not do it."
	}
	ways := make([]string, len(n.AnyOf))
	for i, a := range n.AnyOf {
		ways[i] = a.String() + " (at most " + days(n.longest(a)) + ")"
	}
	text := "An acceptance by " + strings.Join(ways, "; or by ")
	if n.Party != "" {
		text += ", for " + n.Party
	}
	return text + "."
}
