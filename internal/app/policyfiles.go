// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk"
)

// The ranks and the risk policy depend on each other: a rating that asks for a
// rank which nobody can hold could never be accepted. Both may change together:
// the ranks come first and are checked against the risk policy as its file says
// it now; the risk policy is checked against the ranks that are then in force.

// loadRisk is the load of policy.risk.
func (o *office) loadRisk(file string, data []byte) (*risk.RiskPolicy, error) {
	policy, err := risk.LoadPolicy(file, data)
	if err == nil {
		err = checkFacts(file, policy, o.catalog.Kinds())
	}
	if err != nil || o.ranks == nil { // at the start the ranks come later, and are checked then
		return policy, err
	}
	return policy, checkRanks(file, policy, o.ranks.Get())
}

// shippedRisk is the risk policy of an organisation that has none of its own; its
// kinds of subject may still be others than the shipped ones.
func (o *office) shippedRisk() (*risk.RiskPolicy, error) {
	policy, err := risk.DefaultPolicy()
	if err != nil {
		return nil, err
	}
	return policy, checkFacts(risk.DefaultPolicyFile, policy, o.catalog.Kinds())
}

// checkFacts refuses a risk policy whose facts are none of the kinds of subject. A
// file of kinds that is read again later is not refused for it: a value that the
// policy does not know counts as the worst.
func checkFacts(file string, policy *risk.RiskPolicy, kinds *catalog.Kinds) error {
	fields := policy.Unfit(kinds)
	if len(fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " does not fit the kinds of subject: policy.risk says what follows from attributes that policy.catalog defines.", Fields: fields}
}

// loadKinds is the load of policy.catalog. The relation by which a subject lists
// its risks must be there.
func loadKinds(file string, data []byte) (*catalog.Kinds, error) {
	kinds, err := catalog.LoadKinds(file, data)
	if err != nil {
		return nil, err
	}
	if _, ok := kinds.Relation(risk.RelationToSubject); !ok {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " lacks a relation.", Fields: []fault.Field{{
			Path: "relations", Code: "risk.relation", Message: "must hold " + risk.RelationToSubject + ": by it a subject lists its risks"}}}
	}
	return kinds, nil
}

// loadAuthority is the load of policy.authority.
func (o *office) loadAuthority(file string, data []byte) (*authorityFile, error) {
	ranks, err := parseAuthority(file, data)
	if err != nil {
		return nil, err
	}
	policy, err := readOr(o.cfg.Policy.Risk, risk.LoadPolicy, risk.DefaultPolicy)
	if err == nil && checkRanks(file, policy, ranks) == nil {
		return ranks, nil
	}
	// The risk policy will not be taken, so the ranks must fit the running one.
	return ranks, checkRanks(file, o.risk.Policy(), ranks)
}

// readOr reads the organisation's file once, or takes the shipped default.
func readOr[T any](file string, load func(string, []byte) (*T, error), shipped func() (*T, error)) (*T, error) {
	if file == "" {
		return shipped()
	}
	data, err := config.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return load(file, data)
}

// checkRanks refuses a pair that does not fit; file is the one that is loaded.
func checkRanks(file string, policy *risk.RiskPolicy, ranks *authorityFile) error {
	var known []string
	for _, r := range ranks.Ranks {
		known = append(known, r.Name)
	}
	var fields []fault.Field
	for _, unknown := range policy.UnknownRanks(known) {
		fields = append(fields, fault.Field{Path: unknown, Code: "risk.unknown_rank", Message: "is a rank that the risk policy asks for and policy.authority does not list"})
	}
	if len(fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " does not fit: the ranks of the risk policy and those of policy.authority differ.", Fields: fields}
}

// hangups returns the channel on which SIGHUP comes from now on: before the
// server is ready, because without it the signal would end the program.
func hangups() chan os.Signal {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	return hangup
}

// reloadOn reads the policy files again on each SIGHUP. A bad file is refused and
// logged; the running policy stays.
func (o *office) reloadOn(ctx context.Context, hangup chan os.Signal) error {
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			o.reload()
		}
	}
}

// reload reads every policy file once, in the order of their names: the kinds of
// subject come before the gate's rows, and the ranks before the risk policy.
func (o *office) reload() {
	for _, name := range slices.Sorted(maps.Keys(o.reloads)) {
		if err := o.reloads[name](); err != nil {
			o.refused.Store(name, err) // for the page of the configuration
			o.log.Error("policy file refused; the running one stays", "policy", name, "error", describeFault(err))
			continue
		}
		o.refused.Delete(name)
		o.log.Info("policy file read", "policy", name)
	}
}

// describeFault gives a fault with its fields, for the log.
func describeFault(err error) string {
	text := err.Error()
	for _, f := range fault.From(err).Fields {
		text += "; " + f.Path + " " + f.Message
	}
	return text
}
