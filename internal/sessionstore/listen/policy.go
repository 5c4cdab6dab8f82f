// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Verb is what somebody wants to do in a namespace.
type Verb string

// The verbs.
const (
	Read       Verb = "read"       // read a session and what is known of it
	Write      Verb = "write"      // write, renew, change the id of a session
	Delete     Verb = "delete"     // end one session whose id is known
	Revoke     Verb = "revoke"     // list and end the sessions of an owner
	Administer Verb = "administer" // keys, quotas, destroying a namespace
)

type verbs uint8

// allVerbs lists the verbs; a verb's bit is its place here.
var allVerbs = [...]Verb{Read, Write, Delete, Revoke, Administer}

// bit returns the bit of a verb, or 0, which nobody is granted.
func (v Verb) bit() verbs {
	switch v {
	case Read:
		return 1
	case Write:
		return 2
	case Delete:
		return 4
	case Revoke:
		return 8
	case Administer:
		return 16
	}
	return 0
}

// Rule grants verbs in namespaces to an identity. Rules only grant.
type Rule struct {
	// Identity is exact, or a prefix that ends in "*": of a URI up to a "/"
	// ("uri:spiffe://wiki/jobs/*"), or of the name of a credential.
	Identity   string
	Namespaces []string // "*" = all
	Verbs      []Verb
}

// everybody is what Kask grants.
var everybody = Rule{Identity: networkIdentity, Namespaces: []string{"*"}, Verbs: []Verb{Read, Write, Delete}}

// Policy is a set of rules. It does not change.
type Policy struct {
	rules []rule
}

type rule struct {
	identity string
	prefix   bool
	any      verbs
	spaces   map[string]verbs
}

func (r *rule) covers(identity string) bool {
	if r.prefix {
		return strings.HasPrefix(identity, r.identity) && len(identity) > len(r.identity)
	}
	return identity == r.identity
}

// NewPolicy returns the policy of some rules, or an Invalid fault with all that
// is wrong with them.
func NewPolicy(rules []Rule) (*Policy, error) {
	p := &Policy{}
	var wrong []fault.Field
	for i, in := range rules {
		add := func(key, message string) {
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("policy[%d].%s", i, key), Code: "listen." + key, Message: message})
		}
		r := rule{spaces: map[string]verbs{}}
		r.identity, r.prefix = strings.CutSuffix(in.Identity, "*")
		if problem := identityProblem(r.identity, r.prefix); problem != "" {
			add("identity", problem)
		}
		var granted verbs
		for _, v := range in.Verbs {
			if v.bit() == 0 {
				add("verbs", "must be among read, write, delete, revoke and administer.")
			}
			granted |= v.bit()
		}
		if granted == 0 {
			add("verbs", "must name at least one verb.")
		}
		if len(in.Namespaces) == 0 {
			add("namespaces", `must name a namespace, or "*" for all.`)
		}
		for _, space := range in.Namespaces {
			if space == "*" {
				r.any |= granted
			} else if strings.Contains(space, "*") || space == "" {
				add("namespaces", `must be whole names, or "*" for all.`)
			}
			r.spaces[space] |= granted
		}
		p.rules = append(p.rules, r)
	}
	return p, fault.InvalidFields("listen.policy", wrong)
}

// identityProblem says what is wrong with the identity of a rule, or "".
func identityProblem(identity string, prefix bool) string {
	kind, rest, _ := strings.Cut(identity, ":")
	switch {
	case strings.Contains(identity, "*"):
		return `may have one "*", at its end.`
	case identity == networkIdentity && !prefix:
		return ""
	case kind == "credential" && (rest != "" || prefix):
		return ""
	case kind == "dns" && rest != "" && !prefix:
		return ""
	case kind == "dns" && prefix:
		return "must be a whole DNS name: a prefix also covers names in foreign domains."
	case kind == "uri" && rest != "" && !prefix:
		return ""
	case kind == "uri" && prefix:
		u, err := url.Parse(rest)
		if err != nil || u.Scheme == "" || u.Host == "" || !strings.HasSuffix(u.Path, "/") {
			return `must have the whole name of the host and end in "/*".`
		}
		return ""
	}
	return `must be "uri:...", "dns:...", "credential:..." or "network".`
}

// grants is what a peer may do under one policy: a small table.
type grants struct {
	policy *Policy
	any    verbs // in every namespace
	spaces []spaceGrant
}

type spaceGrant struct {
	name string
	may  verbs
}

// allows reports whether verb v may be used in a namespace; "*" asks for all of them.
func (g *grants) allows(namespace string, v verbs) bool {
	if v == 0 {
		return false
	}
	if g.any&v != 0 {
		return true
	}
	for i := range g.spaces {
		if g.spaces[i].name == namespace {
			return g.spaces[i].may&v != 0
		}
	}
	return false
}

// empty reports that nothing at all is granted.
func (g *grants) empty() bool { return g.any == 0 && len(g.spaces) == 0 }

// resolve returns what identities may do, within spaces (nil = no bound).
func (p *Policy) resolve(identities, spaces []string) *grants {
	out := &grants{policy: p}
	named := map[string]verbs{}
	for i := range p.rules {
		r := &p.rules[i]
		if !slices.ContainsFunc(identities, r.covers) {
			continue
		}
		out.any |= r.any
		for space, may := range r.spaces {
			named[space] |= may
		}
	}
	delete(named, "*")
	if spaces != nil && !slices.Contains(spaces, "*") {
		within := map[string]verbs{}
		for _, space := range spaces {
			if may := named[space] | out.any; may != 0 {
				within[space] = may
			}
		}
		named, out.any = within, 0
	}
	for space, may := range named {
		out.spaces = append(out.spaces, spaceGrant{space, may})
	}
	slices.SortFunc(out.spaces, func(a, b spaceGrant) int { return strings.Compare(a.name, b.name) })
	return out
}

// grantsOf returns what the peer may do under this policy, resolved once.
func (p *Policy) grantsOf(peer *Peer) *grants {
	if g := peer.grants.Load(); g != nil && g.policy == p {
		return g
	}
	g := p.resolve(peer.Identities, peer.spaces)
	peer.grants.Store(g)
	return g
}

// Grants lists what identities may do under the policy, for people: each
// namespace ("*" = all others too) with its verbs.
func (p *Policy) Grants(identities ...string) map[string][]Verb {
	g := p.resolve(identities, nil)
	out := map[string][]Verb{}
	list := func(space string, may verbs) {
		for _, v := range allVerbs {
			if may&v.bit() != 0 {
				out[space] = append(out[space], v)
			}
		}
	}
	list("*", g.any)
	for _, s := range g.spaces {
		list(s.name, s.may|g.any)
	}
	return out
}
