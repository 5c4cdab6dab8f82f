// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/module"
)

// openPolicyFile opens a policy file of the kernel.
func openPolicyFile[T any](o *office, name string, load func(string, []byte) (*T, error), shipped func() (*T, error)) (*config.Holder[T], error) {
	h, file, err := module.OpenPolicy(name, o.cfg.Policy[name], load, shipped, nil)
	file.Title = "office.policy." + name
	o.files[name] = []module.PolicyFile{file}
	return h, err
}

// policies are the policy files of the parts that are open, those of the kernel
// first: the kinds of subject come before the gate's rows, and the ranks before the
// policies of slices.
func (o *office) policies() []module.PolicyFile {
	var all []module.PolicyFile
	for _, m := range o.modules {
		all = append(all, m.Policies...)
	}
	return all
}

// The ranks and the policies of slices depend on each other: a rating that asks for
// a rank which nobody can hold could never be accepted. Both may change together:
// the ranks come first and are checked against the policy as its file says it now;
// the policy is checked against the ranks that are then in force.

// fits refuses a policy that names what the organisation does not have. At the start
// the ranks come later than the policies, and are checked then.
func (o *office) fits(file string, policy any) error {
	if p, ok := policy.(module.Factual); ok {
		if err := checkFacts(file, p, o.catalog.Kinds()); err != nil {
			return err
		}
	}
	if o.ranks == nil {
		return nil
	}
	return checkRanks(file, policy, o.ranks.Get())
}

// checkFacts refuses a policy whose facts are none of the kinds of subject. A file
// of kinds that is read again later is not refused for it: a value that a policy
// does not know counts as the worst.
func checkFacts(file string, policy module.Factual, kinds *catalog.Kinds) error {
	fields := policy.Unfit(kinds)
	if len(fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " does not fit the kinds of subject: it says what follows from attributes that policy.catalog defines.", Fields: fields}
}

// loadKinds is the load of policy.catalog. The relations that parts make links of
// must be there.
func loadKinds(file string, data []byte) (*catalog.Kinds, error) {
	kinds, err := catalog.LoadKinds(file, data)
	if err != nil {
		return nil, err
	}
	var fields []fault.Field
	for _, d := range declarations() {
		for _, relation := range d.Relations {
			if _, ok := kinds.Relation(relation); !ok {
				fields = append(fields, fault.Field{Path: "relations", Code: "catalog.relation", Message: "must hold " + relation + ", by which " + d.Name + " links to subjects"})
			}
		}
	}
	if len(fields) > 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " lacks a relation.", Fields: fields}
	}
	return kinds, nil
}

// loadAuthority is the load of policy.authority.
func (o *office) loadAuthority(file string, data []byte) (*authorityFile, error) {
	ranks, err := parseAuthority(file, data)
	if err != nil {
		return nil, err
	}
	for _, p := range o.policies() {
		if _, ok := p.Running().(module.Ranked); !ok {
			continue
		}
		if next, err := p.Read(); err == nil && checkRanks(file, next, ranks) == nil {
			continue
		}
		// That file will not be taken, so the ranks must fit the running policy.
		if err := checkRanks(file, p.Running(), ranks); err != nil {
			return nil, err
		}
	}
	return ranks, nil
}

// checkRanks refuses a pair that does not fit; file is the one that is loaded. A
// policy that names no ranks fits.
func checkRanks(file string, policy any, ranks *authorityFile) error {
	p, ok := policy.(module.Ranked)
	if !ok {
		return nil
	}
	var known []string
	for _, r := range ranks.Ranks {
		known = append(known, r.Name)
	}
	var fields []fault.Field
	for _, unknown := range p.UnknownRanks(known) {
		fields = append(fields, fault.Field{Path: unknown, Code: "authority.unknown_rank", Message: "is a rank that a policy asks for and policy.authority does not list"})
	}
	if len(fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: file + " does not fit: the ranks that policies ask for and those of policy.authority differ.", Fields: fields}
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

// reload reads every policy file once.
func (o *office) reload() {
	for _, p := range o.policies() {
		if err := p.Reload(); err != nil {
			o.refused.Store(p.Name, err) // for the page of the configuration
			o.log.Error("policy file refused; the running one stays", "policy", p.Name, "error", describeFault(err))
			continue
		}
		o.refused.Delete(p.Name)
		o.log.Info("policy file read", "policy", p.Name)
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
