// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"encoding/json"
	"regexp"

	"portreeve.org/portreeve/internal/connector/jira/adf"
)

// markup finds what Jira's own markup has and plain text has not: macros,
// headings, links and mentions.
var markup = regexp.MustCompile(`\{(code|noformat|quote|panel|color)|(?m:^h[1-6]\. )|\[[^\]\n]*\|[^\]\n]+\]|\[~`)

// words is a text: of version 2 of the API as it stands, of version 3 a tree that
// becomes Markdown.
func (c *conversion) words(raw json.RawMessage) string {
	if absent(raw) {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if markup.MatchString(text) {
			c.task.Lose(lossMarkup)
		}
		return text
	}
	text, lost, err := adf.Markdown(raw)
	switch {
	case err != nil:
		c.task.Lose(lossText)
	case lost.Files:
		c.task.Lose(lossFiles)
	}
	if lost.Nodes {
		c.task.Lose(lossNodes)
	}
	return text
}
