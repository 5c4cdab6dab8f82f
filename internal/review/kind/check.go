// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// The bounds of an answer. Lengths are in characters.
const (
	MaxLine   = 300
	MaxText   = 20_000
	MaxPerson = 200
	MaxLink   = 2_000
	MaxLinks  = 50  // lines
	MaxList   = 100 // lines

	MaxTechnologies   = 50
	MaxScenarioCount  = 50
	maxTechnologyName = 200
	maxReplaces       = 300
	maxSteps          = 10_000
	maxTrust          = 4_000
)

var (
	period = regexp.MustCompile(`^([0-9]{4})(-(0[1-9]|1[0-2])|-?[Qq][1-4])?$`) // coarser than a day
	number = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,6})?$`)
)

// Check lists the answers that no reader could use: to a field that the form does
// not have, too long, not of its type, not offered. Paths are names of fields;
// those of the form come in its order. An answer to a field that is not asked is
// checked as any other; an empty one is none.
func (k *Kind) Check(answers map[string]string) []fault.Field {
	var wrong []fault.Field
	fields := k.Fields()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if code, message := f.check(answers[f.Name]); code != "" {
			wrong = append(wrong, fault.Field{Path: f.Name, Code: code, Message: message})
		}
	}
	var unknown []string
	for name := range answers {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		message := "The form has no such field."
		if near := config.Nearest(name, names); near != "" {
			message = fmt.Sprintf("The form has no such field; the nearest is %s.", near)
		}
		if wrong = append(wrong, fault.Field{Path: shown(name), Code: "unknown", Message: message}); len(wrong) > fault.MaxFields {
			break // one more than are listed says that there are more
		}
	}
	return fault.Bounded(wrong)
}

// shown keeps a hostile or very long name from spoiling a message.
func shown(name string) string {
	const longest = 80
	if utf8.RuneCountInString(name) > longest {
		name = string([]rune(name)[:longest]) + "..."
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}

// check says what is wrong with an answer, nothing if it can be used.
func (f Field) check(answer string) (code, message string) {
	answer = strings.TrimSpace(answer)
	if answer == "" {
		return "", ""
	}
	switch f.Type {
	case Date:
		if !isDate(answer) {
			return "date", "Give a day such as 2026-12-23. A month (2026-12), a quarter (2026-Q4) or a year is taken too, and remarked."
		}
	case YesNo, Choice:
		if allowed := values(f.Type, f.Choices); !slices.Contains(allowed, answer) {
			return "choice", "Choose one of " + strings.Join(allowed, ", ") + "."
		}
	case Number:
		if !number.MatchString(answer) {
			return "number", "Give a number in digits, such as 12 or 2.5."
		}
	case Link:
		if tooLong(answer, MaxLink) {
			return "too_long", fmt.Sprintf("Keep it within %d characters.", MaxLink)
		}
		if !isLink(answer) {
			return "link", "Give one address that begins with https:// or http:// and holds no password."
		}
	case Links:
		return lines(answer, MaxLinks, MaxLink)
	case List:
		return lines(answer, MaxList, MaxLine)
	case Person:
		return line(answer, MaxPerson)
	case Line:
		return line(answer, MaxLine)
	default:
		if tooLong(answer, MaxText) {
			return "too_long", fmt.Sprintf("Keep it within %d characters; put the rest into a document and name it here.", MaxText)
		}
	}
	return "", ""
}

func tooLong(text string, longest int) bool { return utf8.RuneCountInString(text) > longest }

func line(text string, longest int) (code, message string) {
	switch {
	case strings.ContainsAny(text, "\n\r"):
		return "one_line", "Write it in one line."
	case tooLong(text, longest):
		return "too_long", fmt.Sprintf("Keep it within %d characters.", longest)
	}
	return "", ""
}

func lines(text string, most, longest int) (code, message string) {
	all := strings.Split(text, "\n")
	if len(all) > most {
		return "too_many", fmt.Sprintf("Give at most %d lines.", most)
	}
	for _, l := range all {
		if tooLong(l, longest) {
			return "too_long", fmt.Sprintf("Keep each line within %d characters.", longest)
		}
	}
	if tooLong(text, MaxText) {
		return "too_long", fmt.Sprintf("Keep it within %d characters.", MaxText)
	}
	return "", ""
}

// isDate reports whether the answer is a day, or a period that is coarser.
func isDate(answer string) bool {
	if _, err := config.ParseDate(answer); err == nil {
		return true
	}
	return isPeriod(answer)
}

// isPeriod reports whether the answer is a month, a quarter or a year of those that
// a date may have.
func isPeriod(answer string) bool {
	m := period.FindStringSubmatch(answer)
	if m == nil {
		return false
	}
	_, err := config.ParseDate(m[1] + "-01-01")
	return err == nil
}

// isLink reports whether the answer is one address that a browser may follow.
func isLink(answer string) bool {
	if strings.ContainsFunc(answer, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(answer)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// CheckTechnologies lists what is malformed in the list; paths are relative to it,
// such as [0].state. Whether a kind wants such a list is for the caller.
func CheckTechnologies(all []Technology) []fault.Field {
	c := &checker{code: "technology"}
	if len(all) > MaxTechnologies {
		c.add("", "List at most %d technologies", MaxTechnologies)
		return c.fields
	}
	for i, t := range all {
		path := fmt.Sprintf("[%d]", i)
		c.line(path+".name", t.Name, maxTechnologyName, true)
		c.line(path+".replaces", t.Replaces, maxReplaces, false)
		c.line(path+".owner", t.Owner, MaxPerson, false)
		if !slices.Contains(States(), t.State) {
			c.add(path+".state", "Choose one of %s", strings.Join(words(States()), ", "))
		}
		if slices.ContainsFunc(all[:i], func(o Technology) bool {
			return strings.EqualFold(strings.TrimSpace(o.Name), strings.TrimSpace(t.Name))
		}) {
			c.add(path+".name", "It is listed already")
		}
	}
	return fault.Bounded(c.fields)
}

// CheckScenarios lists what is malformed in the list; paths are relative to it, such
// as [0].title.
func CheckScenarios(all []Scenario) []fault.Field {
	c := &checker{code: "scenario"}
	if len(all) > MaxScenarioCount {
		c.add("", "Write at most %d scenarios", MaxScenarioCount)
		return c.fields
	}
	for i, s := range all {
		path := fmt.Sprintf("[%d]", i)
		c.line(path+".title", s.Title, maxTechnologyName, true)
		c.line(path+".who", s.Who, maxReplaces, false)
		c.long(path+".steps", s.Steps, maxSteps)
		c.long(path+".trust", s.Trust, maxTrust)
	}
	return fault.Bounded(c.fields)
}

func (c *checker) line(path, text string, longest int, required bool) {
	text = strings.TrimSpace(text)
	if required && text == "" {
		c.add(path, "Name it")
	}
	if _, message := line(text, longest); message != "" {
		c.add(path, "%s", strings.TrimSuffix(message, "."))
	}
}

func (c *checker) long(path, text string, longest int) {
	if tooLong(strings.TrimSpace(text), longest) {
		c.add(path, "Keep it within %d characters", longest)
	}
}
