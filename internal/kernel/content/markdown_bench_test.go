// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
	"testing"
)

// ordinary is a paragraph as people write them in an answer to a question.
const ordinary = `The runners live in a project of their own, *not* in the production realm, and reach the registry
over https only. We looked at [the network policy](https://example.org/policy) again: nothing else is open, and ` + "`curl`" + ` from
inside a job to the internal load balancers times out. What is **not** settled is who rotates the tokens after a move;
see https://example.org/T240943 for what was said in March.`

// BenchmarkMarkdown: a page with 300 comments is to be made in under 60 ms, so an
// ordinary paragraph has 100 µs.
func BenchmarkMarkdown(b *testing.B) {
	for name, source := range map[string]string{
		"paragraph": ordinary,
		"plain":     "Yes, that is right. The token is rotated each quarter, and nobody but the release team can read it.",
		"list":      "1. One\n2. Two\n   - three\n   - four\n\n> Quoted.\n\n```\ncode\n```\n",
		"long":      strings.Repeat(ordinary+"\n\n", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Markdown(source)
			}
		})
	}
}
