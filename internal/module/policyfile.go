// SPDX-License-Identifier: Apache-2.0

package module

import (
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// PolicyFile is a policy of the organisation, or the shipped one in its place.
type PolicyFile struct {
	Name    string              // below policy in the configuration
	Title   string              // message key
	File    string              // empty: the shipped policy
	Running func() any          // the policy that is in force, a pointer
	Read    func() (any, error) // as the file says now; whether it fits the others is not checked
	Reload  func() error        // reads the file again; on an error the running policy stays
	Draw    func(*web.Ctx) any  // a component that pictures the policy; nil: its settings say it all
}

// Ranked is a policy that names ranks: nobody could decide by one that the
// organisation does not have.
type Ranked interface {
	// UnknownRanks lists, as "place: rank", what is named and not known.
	UnknownRanks(known []string) []string
}

// Factual is a policy that relies on attributes of subjects.
type Factual interface {
	// Unfit lists where the policy does not fit the kinds of subject.
	Unfit(kinds *catalog.Kinds) []fault.Field
}

// ShippedFile is the name by which faults speak of a shipped policy.
func ShippedFile(name string) string { return "defaults/" + name + ".yaml" }

// OpenPolicy reads the organisation's file, or takes the shipped policy if file is
// empty. load reads a file, fits says whether what it gave fits the other policies;
// nil: it does.
func OpenPolicy[T any](name, file string, load func(file string, data []byte) (*T, error), shipped func() (*T, error), fits func(file string, policy any) error) (*config.Holder[T], PolicyFile, error) {
	checked := func(file string, policy *T, err error) (*T, error) {
		if err != nil || fits == nil {
			return policy, err
		}
		return policy, fits(file, policy)
	}
	p := PolicyFile{Name: name, File: file}
	var h *config.Holder[T]
	if file == "" {
		policy, err := shipped()
		if policy, err = checked(ShippedFile(name), policy, err); err != nil {
			return nil, p, err
		}
		h = config.Fixed(policy)
		p.Read = func() (any, error) { return shipped() }
	} else {
		var err error
		h, err = config.NewHolder(file, func(file string, data []byte) (*T, error) {
			policy, err := load(file, data)
			return checked(file, policy, err)
		})
		if err != nil {
			return nil, p, err
		}
		p.Read = func() (any, error) {
			data, err := config.ReadFile(file)
			if err != nil {
				return nil, err
			}
			return load(file, data)
		}
	}
	p.Reload = h.Reload
	p.Running = func() any { return h.Get() }
	return h, p, nil
}
