// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed defaults/catalog.yaml
var defaultKinds []byte

// DefaultKindsFile is the name by which faults speak of the built-in kinds.
const DefaultKindsFile = "defaults/catalog.yaml"

// maxAttributes bounds the attributes of a kind, so that any subject fits into a
// ledger entry.
const maxAttributes = 20

// Attribute is one fact that subjects of a kind carry.
type Attribute struct {
	Name          string   `yaml:"name" json:"name"`
	Title         string   `yaml:"title" json:"title"`
	Description   string   `yaml:"description" json:"description,omitempty"`
	Required      bool     `yaml:"required" json:"required"`
	Allowed       []string `yaml:"allowed" json:"allowed,omitempty" doc:"absent: free text"`
	Refers        string   `yaml:"refers" json:"refers,omitempty" doc:"the value is the name of a subject of this kind"`
	config.Source `yaml:",inline"`
}

// Kind is one kind of subject.
type Kind struct {
	Name          string `yaml:"name" json:"name"`
	Title         string `yaml:"title" json:"title"`
	Description   string `yaml:"description" json:"description,omitempty"`
	config.Source `yaml:",inline"`
	Attributes    []Attribute `yaml:"attributes" json:"attributes" nullable:"false"`
}

// Relation is one kind of link: "a TITLE b" is the same as "b INVERSE a".
type Relation struct {
	Name          string `yaml:"name" json:"name"`
	Title         string `yaml:"title" json:"title"`
	Inverse       string `yaml:"inverse" json:"inverse"`
	config.Source `yaml:",inline" json:"-"`
}

// Kinds is the configured set of kinds and relations. It does not change after
// it was loaded and may be used concurrently.
type Kinds struct {
	Kinds     []Kind     `yaml:"kinds" json:"kinds" nullable:"false"`
	Relations []Relation `yaml:"relations" json:"relations" nullable:"false"`
}

// DefaultKinds returns the built-in kinds and relations.
func DefaultKinds() (*Kinds, error) { return LoadKinds(DefaultKindsFile, defaultKinds) }

// LoadKinds reads kinds from YAML; file is the name that faults use. Everything
// that is wrong with the data comes as one Invalid fault that names file, line
// and field: unknown keys (with the nearest known one), duplicates, attributes
// that refer to an unknown kind.
func LoadKinds(file string, data []byte) (*Kinds, error) {
	k := &Kinds{}
	if err := config.Decode(file, data, k); err != nil {
		return nil, err
	}
	// The API shows empty lists, never null.
	k.Relations = append([]Relation{}, k.Relations...)
	for i := range k.Kinds {
		k.Kinds[i].Attributes = append([]Attribute{}, k.Kinds[i].Attributes...)
	}
	return k, nil
}

// Validate lists what is wrong with the kinds and relations; see [config.Validator].
func (k *Kinds) Validate() []fault.Field {
	var p problems
	if len(k.Kinds) == 0 {
		p.add("kinds", "required", "is empty: at least one kind is needed.")
	}
	seen := map[string]bool{}
	for i, kind := range k.Kinds {
		at := fmt.Sprintf("kinds[%d]", i)
		p.name(at+".name", kind.Name, seen)
		p.title(at+".title", kind.Title)
		if kind.Name == ItemType {
			p.add(at+".name", "reserved", "must not be the word subject, which names any kind of them.")
		}
		if len(kind.Attributes) > maxAttributes {
			p.add(at+".attributes", "too_many", fmt.Sprintf("are more than %d.", maxAttributes))
		}
		names := map[string]bool{}
		for j, a := range kind.Attributes {
			k.attributeProblems(&p, fmt.Sprintf("%s.attributes[%d]", at, j), a, names)
		}
	}
	seen = map[string]bool{}
	for i, r := range k.Relations {
		at := fmt.Sprintf("relations[%d]", i)
		p.name(at+".name", r.Name, seen)
		p.title(at+".title", r.Title)
		p.title(at+".inverse", r.Inverse)
	}
	return p
}

func (k *Kinds) attributeProblems(p *problems, at string, a Attribute, names map[string]bool) {
	p.name(at+".name", a.Name, names)
	p.title(at+".title", a.Title)
	values := map[string]bool{}
	for _, v := range a.Allowed {
		if v == "" || values[v] {
			p.add(at+".allowed", "duplicate", "holds an empty value or one value twice.")
		}
		values[v] = true
	}
	if a.Refers == "" {
		return
	}
	target, ok := k.Kind(a.Refers)
	switch {
	case !ok:
		p.add(at+".refers", "unknown", "is not a kind; the nearest is "+config.Nearest(a.Refers, k.names())+".")
	case len(a.Allowed) > 0:
		p.add(at+".refers", "exclusive", "and allowed exclude each other.")
	case referring(target) && !k.acyclic(a.Refers, map[string]bool{}):
		p.add(at+".refers", "cycle", "leads back to the same kind: a change would never stop spreading.")
	}
}

func referring(k Kind) bool {
	return slices.ContainsFunc(k.Attributes, func(a Attribute) bool { return a.Refers != "" })
}

// acyclic reports whether following references from kind never comes back to a
// kind on the way. open holds the kinds on the way.
func (k *Kinds) acyclic(kind string, open map[string]bool) bool {
	if open[kind] {
		return false
	}
	open[kind] = true
	defer delete(open, kind)
	def, _ := k.Kind(kind)
	for _, a := range def.Attributes {
		if a.Refers != "" && !k.acyclic(a.Refers, open) {
			return false
		}
	}
	return true
}

// Kind returns the kind of that name.
func (k *Kinds) Kind(name string) (Kind, bool) {
	i := slices.IndexFunc(k.Kinds, func(kind Kind) bool { return kind.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return k.Kinds[i], true
}

// Relation returns the relation of that name.
func (k *Kinds) Relation(name string) (Relation, bool) {
	i := slices.IndexFunc(k.Relations, func(r Relation) bool { return r.Name == name })
	if i < 0 {
		return Relation{}, false
	}
	return k.Relations[i], true
}

func (k *Kinds) names() []string {
	names := make([]string, len(k.Kinds))
	for i, kind := range k.Kinds {
		names[i] = kind.Name
	}
	return names
}

func (k *Kinds) relationNames() []string {
	names := make([]string, len(k.Relations))
	for i, r := range k.Relations {
		names[i] = r.Name
	}
	return names
}

// Check lists what is wrong with attributes for a subject of the kind; whether
// the subjects that they refer to exist is not checked here. Paths are
// "attributes.NAME". No message repeats a value.
func (k Kind) Check(attributes map[string]string) []fault.Field {
	var p problems
	known := make([]string, len(k.Attributes))
	for i, a := range k.Attributes {
		known[i] = a.Name
		a.check(&p, attributes[a.Name])
	}
	unknown := []string{}
	for name := range attributes {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for range unknown {
		// The name is what somebody typed: like a value, it is not repeated.
		p.add("attributes", "unknown", "holds a name that this kind of subject does not have. Known are: "+strings.Join(known, ", ")+".")
		break
	}
	return p
}

func (a Attribute) check(p *problems, value string) {
	path := "attributes." + a.Name
	switch {
	case value == "":
		if a.Required {
			p.add(path, "required", "Say what this is; it is needed.")
		}
	case len(value) > MaxAttribute || !web.PlainName(value):
		p.add(path, "text", fmt.Sprintf("Use at most %d bytes of text in a single line, without characters that hide or reorder others.", MaxAttribute))
	case len(a.Allowed) > 0 && !slices.Contains(a.Allowed, value):
		p.add(path, "not_allowed", "Choose one of: "+strings.Join(a.Allowed, ", ")+".")
	case a.Refers != "" && !namePattern.MatchString(value):
		p.add(path, "not_a_name", "Give the name of a registered subject of kind "+a.Refers+", without the kind.")
	}
}

// plainText reports whether s is valid UTF-8 of at most limit bytes without
// control characters other than line breaks and tabs.
func plainText(s string, limit int) bool {
	return len(s) <= limit && web.PlainText(s)
}

// problems collects wrong fields.
type problems []fault.Field

func (p *problems) add(path, code, message string) {
	*p = append(*p, fault.Field{Path: path, Code: code, Message: message})
}

func (p *problems) name(path, name string, seen map[string]bool) {
	switch {
	case !kindPattern.MatchString(name):
		p.add(path, "name", "must be a lower-case word of letters, digits and underscores.")
	case seen[name]:
		p.add(path, "duplicate", fmt.Sprintf("%q stands here a second time.", name))
	}
	seen[name] = true
}

func (p *problems) title(path, title string) {
	if strings.TrimSpace(title) == "" || len(title) > MaxTitle {
		p.add(path, "required", "needs a text for people.")
	}
}
