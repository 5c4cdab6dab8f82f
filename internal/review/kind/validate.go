// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// The bounds of a kind. Lengths are in characters.
const (
	MaxSections  = 12
	MaxFields    = 60
	MaxChoices   = 40
	MaxOpinions  = 12
	MaxSkills    = 20
	MaxScenarios = 20  // that a kind may ask for
	MaxEffort    = 365 // person-days

	maxTitle    = 120
	maxLabel    = 200
	maxGuidance = 4000
	maxWeak     = 40 // lists, and words of one list
	maxWords    = 80 // length of what is remarked
)

var (
	slug      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

const (
	maxSlug    = 40
	saySlug    = "must be lower-case letters and digits, the words joined by hyphens, at most 40"
	sayName    = "must be lower-case letters and digits, the words joined by underscores, at most 40"
	codeKind   = "review.kind"
	sayUnique  = "stands here a second time; each has a name of its own"
	sayOneOnly = "must have exactly one of %s and %s"
)

// Validate implements config.Validator: what makes the kind unusable, nothing if it
// can be used. Whether conditions fit the pre-screen is for [Kind.Against].
func (k *Kind) Validate() []fault.Field {
	c := &checker{code: codeKind}
	c.slug("name", k.Name)
	c.text("title", k.Title, maxTitle, true)
	c.text("summary", k.Summary, maxGuidance, true)
	c.oneOf("force", string(k.Force), words(Forces()))
	c.within("scenarios", k.Scenarios, MaxScenarios)
	if !(k.Effort >= 0 && k.Effort <= MaxEffort) { // not a number is neither
		c.add("effort", "must be from 0 to %d person-days", MaxEffort)
	}
	if k.Lasts < 0 {
		c.add("lasts", "must not be negative; 0 means without an end")
	}
	if k.DecidedBy != "" {
		c.slug("decided_by", k.DecidedBy)
	}
	c.slugs("skills", k.Skills, MaxSkills)
	c.opinions(k.Opinions)
	c.sections(k.Sections)
	if k.Sketch {
		c.sketch(k)
	}
	return c.fields
}

// Against lists the conditions of the kind that look at a question which the
// pre-screen does not ask, or at answers that it does not offer.
func (k *Kind) Against(p *PreScreen) []fault.Field {
	c := &checker{code: codeKind}
	questions := p.values()
	for i, s := range k.Sections {
		for j, f := range s.Fields {
			if f.When == nil || f.When.Question == "" {
				continue
			}
			c.refers(at("sections", i)+"."+at("fields", j)+".when", "question", *f.When, questions)
		}
	}
	return c.fields
}

// checker collects what is wrong.
type checker struct {
	code   string
	fields []fault.Field
}

func (c *checker) add(path, message string, args ...any) {
	c.fields = append(c.fields, fault.Field{Path: path, Code: c.code, Message: fmt.Sprintf(message, args...) + "."})
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func words[T ~string](all []T) []string {
	text := make([]string, len(all))
	for i, v := range all {
		text[i] = string(v)
	}
	return text
}

// ValidName reports whether a kind may have this name: lower-case letters and digits,
// the words joined by hyphens, at most 40 bytes.
func ValidName(name string) bool { return len(name) <= maxSlug && slug.MatchString(name) }

func (c *checker) slug(path, value string) {
	if !ValidName(value) {
		c.add(path, saySlug)
	}
}

func (c *checker) slugs(path string, values []string, most int) {
	if len(values) > most {
		c.add(path, "must be at most %d", most)
		return
	}
	for i, v := range values {
		c.slug(at(path, i), v)
		if slices.Contains(values[:i], v) {
			c.add(at(path, i), sayUnique)
		}
	}
}

// text checks a text for people.
func (c *checker) text(path, value string, longest int, required bool) {
	switch {
	case required && strings.TrimSpace(value) == "":
		c.add(path, "must be written")
	case utf8.RuneCountInString(value) > longest:
		c.add(path, "must be at most %d characters", longest)
	}
}

func (c *checker) oneOf(path, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		c.add(path, "must be one of %s", strings.Join(allowed, ", "))
	}
}

func (c *checker) within(path string, n, most int) {
	if n < 0 || n > most {
		c.add(path, "must be from 0 to %d", most)
	}
}

func (c *checker) opinions(all []Opinion) {
	if len(all) > MaxOpinions {
		c.add("opinions", "must be at most %d", MaxOpinions)
		return
	}
	seen := map[string]bool{}
	for i, o := range all {
		path := at("opinions", i)
		c.slug(path+".aspect", o.Aspect)
		if seen[o.Aspect] {
			c.add(path+".aspect", sayUnique)
		}
		seen[o.Aspect] = true
		c.text(path+".title", o.Title, maxTitle, true)
		c.text(path+".guidance", o.Guidance, maxGuidance, false)
		c.text(path+".cites", o.Cites, maxLabel, false)
	}
}

// sketch checks that a kind which opens from one paragraph asks for no more.
func (c *checker) sketch(k *Kind) {
	if k.Scenarios > 0 {
		c.add("scenarios", "must be 0 for a sketch, which opens from one paragraph")
	}
	if k.Force == Required {
		c.add("force", "must be advisory for a sketch: there is nothing to approve yet")
	}
	var required []Field
	for _, f := range k.Fields() {
		if f.Required {
			required = append(required, f)
		}
	}
	if len(required) != 1 || required[0].Type != Text || required[0].When != nil {
		c.add("sketch", "must have exactly one required field, of the type text and without a condition: the paragraph")
	}
}

func (c *checker) sections(all []Section) {
	if len(all) == 0 || len(all) > MaxSections {
		c.add("sections", "must be from 1 to %d", MaxSections)
		return
	}
	count := 0
	titles := map[string]bool{}
	earlier := map[string][]string{} // field before -> the values of its answer, nil if they are no list
	for i, s := range all {
		path := at("sections", i)
		c.text(path+".title", s.Title, maxTitle, true)
		if titles[s.Title] {
			c.add(path+".title", sayUnique)
		}
		titles[s.Title] = true
		c.text(path+".summary", s.Summary, maxGuidance, false)
		c.text(path+".cites", s.Cites, maxLabel, false)
		if len(s.Fields) == 0 {
			c.add(path+".fields", "must not be empty")
		}
		if count += len(s.Fields); count > MaxFields {
			c.add(path+".fields", "make more than %d fields in all", MaxFields)
			return
		}
		for j, f := range s.Fields {
			c.field(path+"."+at("fields", j), f, earlier)
		}
	}
}

// field checks a field, and puts it among those before.
func (c *checker) field(path string, f Field, earlier map[string][]string) {
	if len(f.Name) > maxSlug || !fieldName.MatchString(f.Name) {
		c.add(path+".name", sayName)
	}
	if _, taken := earlier[f.Name]; taken {
		c.add(path+".name", sayUnique)
	}
	if f.Name == FieldTechnologies || f.Name == FieldScenarios {
		c.add(path+".name", "must be another: the list of that name is asked for by the kind, not by a field")
	}
	c.text(path+".label", f.Label, maxLabel, true)
	c.oneOf(path+".type", string(f.Type), words(Types()))
	c.choices(path, f.Type, f.Choices)
	free := slices.Contains([]Type{Text, Links, List}, f.Type)
	c.text(path+".guidance", f.Guidance, maxGuidance, f.Required && (free || f.Type == Line))
	c.text(path+".example", f.Example, maxGuidance, f.Required && free)
	c.text(path+".cites", f.Cites, maxLabel, false)
	c.weak(path+".weak", f.Weak)
	if f.When != nil {
		c.condition(path+".when", *f.When, earlier)
	}
	earlier[f.Name] = values(f.Type, f.Choices)
}

func (c *checker) choices(path string, t Type, all []Option) {
	switch {
	case t != Choice && len(all) > 0:
		c.add(path+".choices", "go with the type choice")
	case t == Choice && (len(all) < 2 || len(all) > MaxChoices):
		c.add(path+".choices", "must be from 2 to %d", MaxChoices)
	case t == Choice:
		seen := map[string]bool{}
		for i, o := range all {
			one := path + "." + at("choices", i)
			if len(o.Value) > maxSlug || !fieldName.MatchString(o.Value) && !slug.MatchString(o.Value) {
				c.add(one+".value", sayName)
			}
			if seen[o.Value] {
				c.add(one+".value", sayUnique)
			}
			seen[o.Value] = true
			c.text(one+".label", o.Label, maxLabel, true)
		}
	}
}

// condition checks the condition of a field. What it looks at must stand before, so
// that no circle can be and a form can be filled in from its top.
func (c *checker) condition(path string, w Condition, earlier map[string][]string) {
	switch {
	case (w.Field == "") == (w.Question == ""):
		c.add(path, sayOneOnly, "field", "question")
	case w.Question != "":
		c.values(path, w, nil)
	default:
		c.refers(path, "field", w, earlier)
	}
}

// refers checks that what a condition looks at is known and can have its values.
func (c *checker) refers(path, key string, w Condition, known map[string][]string) {
	name := w.Field + w.Question
	possible, ok := known[name]
	switch {
	case !ok && key == "field":
		c.add(path+".field", "must be a field that stands before this one%s", nearest(name, known))
	case !ok:
		c.add(path+"."+key, "must be a question of the pre-screen%s", nearest(name, known))
	case possible == nil:
		c.add(path+"."+key, "must be of the type yes_no or choice: a condition compares values, not words")
	default:
		c.values(path, w, possible)
	}
}

func nearest(name string, known map[string][]string) string {
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	if n := config.Nearest(name, names); n != "" {
		return "; the nearest is " + n
	}
	return ""
}

// values checks the values that a condition compares with; possible nil: any.
func (c *checker) values(path string, w Condition, possible []string) {
	if (len(w.Is) == 0) == (len(w.Not) == 0) {
		c.add(path, sayOneOnly, "is", "not")
		return
	}
	key, all := "is", w.Is
	if len(w.Not) > 0 {
		key, all = "not", w.Not
	}
	if len(all) > MaxChoices {
		c.add(path+"."+key, "must be at most %d", MaxChoices)
		return
	}
	for i, v := range all {
		switch {
		case v == "" || possible != nil && !slices.Contains(possible, v):
			c.add(path+"."+at(key, i), "must be a possible answer%s", offered(possible))
		case slices.Contains(all[:i], v):
			c.add(path+"."+at(key, i), "stands here a second time")
		}
	}
}

func offered(possible []string) string {
	if len(possible) == 0 {
		return ""
	}
	return ": " + strings.Join(possible, ", ")
}

func (c *checker) weak(path string, all []Weak) {
	if len(all) > maxWeak {
		c.add(path, "must be at most %d", maxWeak)
		return
	}
	for i, w := range all {
		one := at(path, i)
		if len(w.Words) == 0 || len(w.Words) > maxWeak {
			c.add(one+".words", "must be from 1 to %d", maxWeak)
			continue
		}
		for j, phrase := range w.Words {
			if utf8.RuneCountInString(phrase) > maxWords || len(wordsOf(phrase)) == 0 {
				c.add(one+"."+at("words", j), "must be words, at most %d characters", maxWords)
			}
		}
		if w.Where != "" {
			c.oneOf(one+".where", string(w.Where), words(Places()))
		}
		c.text(one+".because", w.Because, maxLabel, true)
	}
}

// Validate implements config.Validator: what makes the list unusable.
func (w *WeakAnswers) Validate() []fault.Field {
	c := &checker{code: "review.weak"}
	c.weak("answers", w.Answers)
	return c.fields
}
