// SPDX-License-Identifier: Apache-2.0

package web

import (
	"regexp"
	"strings"
)

// Origin says where a configured rule comes from: Source that the document under
// Cites says so, otherwise that it was chosen and Cites, if any, inspired it.
// Cites is "T285098 L36-39, L41" (lines of a task's text), an address, or any
// other words.
type Origin struct {
	Source bool
	Cites  string
}

var taskLines = regexp.MustCompile(`^(T[0-9]+) (L[0-9]+(?:-[0-9]+)?(?:, L[0-9]+(?:-[0-9]+)?)*)$`)

// Task is the task that is cited, such as T285098, or "".
func (o Origin) Task() string {
	if m := taskLines.FindStringSubmatch(o.Cites); m != nil {
		return m[1]
	}
	return ""
}

// Lines are the lines of the task that are cited: "36–39", "41".
func (o Origin) Lines() []string {
	m := taskLines.FindStringSubmatch(o.Cites)
	if m == nil {
		return nil
	}
	return strings.Split(strings.NewReplacer("L", "", "-", "–").Replace(m[2]), ", ")
}

// Several reports whether more than one line is cited.
func (o Origin) Several() bool {
	lines := o.Lines()
	return len(lines) > 1 || len(lines) == 1 && strings.Contains(lines[0], "–")
}

// Address reports whether what is cited is an address.
func (o Origin) Address() bool { return strings.HasPrefix(o.Cites, "https://") }
