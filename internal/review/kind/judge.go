// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// The bounds of a pre-screen: it takes two minutes.
const (
	MaxQuestions = 15
	MaxRules     = 40
)

// truth is what is known of a rule.
type truth int

const (
	fails truth = iota
	open        // an answer is missing, and no other one settles it
	holds
)

// Judge returns what the first rule says whose conditions all hold, and otherwise
// what is said if none does. A question that such a rule needs and that is not
// answered is an Invalid fault which names it, as is an answer that is not offered
// or to a question that is not asked.
func (p *PreScreen) Judge(answers map[string]string) (Verdict, error) {
	if wrong := p.Check(answers); len(wrong) > 0 {
		return Verdict{}, fault.InvalidFields(CodePreScreen, wrong)
	}
	for i, r := range p.Rules {
		known, missing := r.state(answers)
		switch known {
		case open:
			return Verdict{}, fault.InvalidFields(CodePreScreen, []fault.Field{{Path: missing, Code: ShortMissing, Message: "Answer this: the next rule depends on it."}})
		case holds:
			v := r.verdict(i)
			v.From = p.said(r, answers)
			v.Also = p.also(i, v, answers)
			return v, nil
		}
	}
	return p.Otherwise.verdict(-1), nil
}

// Next returns the question whose answer Judge needs next, and false if it needs
// none: whoever is asked one question at a time is asked no more than these.
func (p *PreScreen) Next(answers map[string]string) (Question, bool) {
	for _, r := range p.Rules {
		switch known, missing := r.state(answers); known {
		case open:
			i := slices.IndexFunc(p.Questions, func(q Question) bool { return q.Name == missing })
			if i < 0 {
				return Question{}, false
			}
			return p.Questions[i], true
		case holds:
			return Question{}, false
		}
	}
	return Question{}, false
}

// Check lists the answers that are not offered, and those to questions that are not
// asked. An empty answer is none.
func (p *PreScreen) Check(answers map[string]string) []fault.Field {
	form := Kind{Sections: []Section{{}}}
	for _, q := range p.Questions {
		form.Sections[0].Fields = append(form.Sections[0].Fields, Field{Name: q.Name, Type: q.Type, Choices: q.Choices})
	}
	return form.Check(answers)
}

// state says whether the rule holds, and which answer is missing if that is open.
func (r Rule) state(answers map[string]string) (known truth, missing string) {
	known = holds
	for _, c := range r.When {
		answer := strings.TrimSpace(answers[c.Question])
		switch {
		case answer == "" && known == holds:
			known, missing = open, c.Question
		case answer != "" && !c.holds(answer):
			return fails, ""
		}
	}
	return known, missing
}

func (r Rule) verdict(i int) Verdict {
	return Verdict{Result: r.Result, Kinds: slices.Clone(r.Kinds), Because: r.Because, Rule: i, Name: r.Name}
}

// also returns what the rules after the first one add that come to the same result:
// the kinds that are not named before.
func (p *PreScreen) also(first int, v Verdict, answers map[string]string) []Addition {
	var all []Addition
	named := slices.Clone(v.Kinds)
	for i := first + 1; i < len(p.Rules); i++ {
		r := p.Rules[i]
		if known, _ := r.state(answers); known != holds || r.Result != v.Result {
			continue
		}
		fresh := slices.DeleteFunc(slices.Clone(r.Kinds), func(k string) bool { return slices.Contains(named, k) })
		if len(fresh) > 0 {
			all = append(all, Addition{Rule: i, Name: r.Name, Kinds: fresh, Because: r.Because, From: p.said(r, answers)})
			named = append(named, fresh...)
		}
	}
	return all
}

// said are the answers that a rule which holds looked at.
func (p *PreScreen) said(r Rule, answers map[string]string) []Said {
	var all []Said
	for _, c := range r.When {
		for _, q := range p.Questions {
			if q.Name == c.Question {
				answer := strings.TrimSpace(answers[q.Name])
				all = append(all, Said{Question: q.Name, Label: q.Label, Answer: answer, Text: Field{Choices: q.Choices}.ChoiceLabel(answer)})
			}
		}
	}
	return all
}

// values returns the questions with the values that their answers may have.
func (p *PreScreen) values() map[string][]string {
	all := map[string][]string{}
	for _, q := range p.Questions {
		all[q.Name] = values(q.Type, q.Choices)
	}
	return all
}

// Validate implements config.Validator: what makes the pre-screen unusable.
func (p *PreScreen) Validate() []fault.Field {
	c := &checker{code: CodePreScreen}
	if len(p.Questions) > MaxQuestions {
		c.add("questions", "must be at most %d: a pre-screen takes two minutes", MaxQuestions)
		return c.fields
	}
	if len(p.Rules) > MaxRules {
		c.add("rules", "must be at most %d", MaxRules)
		return c.fields
	}
	questions := map[string][]string{}
	for i, q := range p.Questions {
		c.question(at("questions", i), q, questions)
	}
	names := map[string]bool{}
	for i, r := range p.Rules {
		path := at("rules", i)
		c.rule(path, r, names)
		if len(r.When) == 0 {
			c.add(path+".when", "must have a condition; what holds for all others stands under otherwise")
		}
		for j, w := range r.When {
			c.about(path+"."+at("when", j), w, questions)
		}
	}
	c.rule("otherwise", p.Otherwise, names)
	if len(p.Otherwise.When) > 0 {
		c.add("otherwise.when", "must be empty: it is what holds if no rule does")
	}
	return c.fields
}

// Unknown lists the kinds that the rules suggest and that are not among those named.
func (p *PreScreen) Unknown(kinds []string) []fault.Field {
	c := &checker{code: CodePreScreen}
	look := func(path string, r Rule) {
		for i, k := range r.Kinds {
			if !slices.Contains(kinds, k) {
				c.add(path+"."+at("kinds", i), "must be a kind of review")
			}
		}
	}
	for i, r := range p.Rules {
		look(at("rules", i), r)
	}
	look("otherwise", p.Otherwise)
	return c.fields
}

// question checks a question, and puts it among those before.
func (c *checker) question(path string, q Question, earlier map[string][]string) {
	if len(q.Name) > maxSlug || !fieldName.MatchString(q.Name) {
		c.add(path+".name", sayName)
	}
	if _, taken := earlier[q.Name]; taken {
		c.add(path+".name", sayUnique)
	}
	c.text(path+".label", q.Label, maxLabel, true)
	c.text(path+".help", q.Help, maxGuidance, false)
	c.oneOf(path+".type", string(q.Type), words([]Type{YesNo, Choice}))
	c.choices(path, q.Type, q.Choices)
	earlier[q.Name] = values(q.Type, q.Choices)
}

// about checks a condition of a rule.
func (c *checker) about(path string, w Condition, questions map[string][]string) {
	if w.Question == "" || w.Field != "" {
		c.add(path, "must be about a question; the form is not open yet")
		return
	}
	c.refers(path, "question", w, questions)
}

// rule checks what a rule says.
func (c *checker) rule(path string, r Rule, names map[string]bool) {
	c.slug(path+".name", r.Name)
	if names[r.Name] {
		c.add(path+".name", sayUnique)
	}
	names[r.Name] = true
	c.oneOf(path+".result", string(r.Result), words(Results()))
	c.slugs(path+".kinds", r.Kinds, MaxOpinions)
	c.text(path+".because", r.Because, maxGuidance, true)
	switch {
	case r.Result == Needed && len(r.Kinds) == 0:
		c.add(path+".kinds", "must name the kind of review that is needed")
	case r.Result == NotNeeded && len(r.Kinds) > 0:
		c.add(path+".kinds", "must be empty where no review is needed")
	}
}
