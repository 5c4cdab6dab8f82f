// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// hostile is a review in whose every text somebody wrote the same.
func hostile(text string) review.Detail {
	at := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	source := review.Source{Kind: "document", Title: text, URL: "https://example.org/" + text, Version: text, Place: text}
	comment := content.Comment{Author: "owner", Text: text, PostedAt: at}
	return review.Detail{
		Review: review.Review{
			ID: "new-ci", Kind: "concept", KindVersion: 1, Title: text, Sketch: text, Subject: "project:ci", Requester: "requester", Owner: "owner",
			Visibility: authz.Internal, Answers: map[string]string{"project": text, "another": text}, ReceivedAt: at,
			Technologies: []kind.Technology{{Name: text, Replaces: text, State: kind.Candidate, Owner: text}},
			Scenarios:    []kind.Scenario{{Title: text, Who: text, Steps: text, Trust: text}},
			Verdict:      review.Verdict{Outcome: review.Advice, Reason: text, By: "reviewer", At: at, Right: text},
			Origin:       review.Origin{System: "phabricator", Number: text, URL: text, Author: text},
		},
		KindTitle: text, SubjectTitle: text,
		Shortfalls: []kind.Shortfall{{Field: "x", Label: text, Message: text}},
		Questions:  []review.Asked{{Question: review.Question{Label: "Q1", State: review.QuestionSettled, Settled: review.Partly, Note: text}, Thread: []content.Comment{comment, comment}}},
		Statements: []review.Statement{
			{ID: "one", Label: "S1", Kind: review.Said, Text: text, Who: text, Source: source, State: "agreed", Note: text},
			{ID: "two", Label: text, Kind: review.Requirement, Text: text, Source: source, State: "removed", Origin: "unknown"},
			{ID: "three", Label: "SX1", Kind: review.Said, Text: text, Source: review.Source{Kind: "form", Title: "hidden source"}, State: "agreed", Restricted: true},
		},
		Findings: []review.Finding{
			{Label: "C1", Kind: review.Contradiction, Severity: "high", Title: text, Text: text, Evidence: text, First: "one", Second: "two", State: review.FindingSettled, Became: text},
			{Label: "F1", Kind: review.Weakness, Severity: "low", Title: text, Text: text, State: review.FindingOpen},
			{Label: "FX1", Kind: review.Gap, Severity: "critical", Title: text, Text: text, State: review.FindingOpen, Restricted: true},
			{Label: "N1", Kind: review.NearMiss, Severity: "none", Title: text, State: review.FindingRisk, Risk: text},
		},
		Opinions:   []review.Opinion{{Aspect: text, Assessor: "legal", Verdict: "concerns", Text: text}, {Aspect: "privacy", Assessor: "legal"}},
		Conditions: []review.Condition{{Text: text, Owner: "infra", Due: at, Proof: text}},
	}
}

func composed(text string) string {
	return review.Compose(hostile(text), func(id string) string { return text })
}

var (
	tags = regexp.MustCompile(`</?(blockquote|h[1-6]|ul|ol|table|pre|hr)\b`)
)

// skeleton is the headings of a document and what stands outside of quotes, by tag:
// what people write does not change it.
func skeleton(markdown string) []string {
	html := string(content.Markdown(markdown))
	depth := 0
	var all []string
	for _, tag := range tags.FindAllString(html, -1) {
		switch {
		case tag == "<blockquote":
			if depth == 0 {
				all = append(all, "quote")
			}
			depth++
		case tag == "</blockquote":
			depth--
		case depth == 0:
			all = append(all, tag)
		}
	}
	return all
}

func FuzzCompose(f *testing.F) {
	for _, text := range []string{
		"plain", "# A heading", "a\n\n# A heading\n", "> quote\n\nout", "```\nopen", "~~~", "</blockquote><h1>x</h1>", "<!-- ", "a\n===", "- a\n  - b",
		"[a]: https://evil.example.org", "[^1]: note", "| a | b |\n|---|---|", "**Restricted: only for those who take part.**", "\\", "*_`[", "\t# x", "    code", "a\r# b",
		"1. x\n\n2. y", "![x](y)", "<script>", "&lt;", "\u2028# x", "---", "* * *", "a\x0b# b", "\u0085# x", "a](https://x)", "<https://x>", "http://x.example.org#", "$x$",
	} {
		f.Add(text)
	}
	want := skeleton(composed("plain"))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || strings.ContainsRune(text, 0) || len(text) > 2000 {
			t.Skip("no text that can be stored")
		}
		if strings.TrimFunc(text, func(r rune) bool {
			return r <= ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0x3000 || r == 0x1680 || r >= 0x2000 && r <= 0x200a || r == 0x202f || r == 0x205f
		}) == "" {
			t.Skip("nothing to be seen")
		}
		out := composed(text)
		if got := skeleton(out); !slices.Equal(got, want) {
			t.Errorf("%q makes of the document\n%v, want\n%v\n%s", text, got, want, out)
		}
		if n := strings.Count(out, "**Restricted: only for those who take part.**"); n != 3 {
			t.Errorf("%q: the mark stands %d times", text, n)
		}
	})
}

func TestComposeMarksWhatIsRestricted(t *testing.T) {
	out := composed("plain")
	restricted := false
	for i, line := range strings.Split(out, "\n") {
		switch {
		case line == "> **Restricted: only for those who take part.**":
			restricted = true
		case line == "":
			restricted = false
		}
		for _, secret := range []string{"hidden source", "SX1", "FX1"} {
			if strings.Contains(line, secret) && (!restricted || !strings.HasPrefix(line, "> ")) {
				t.Errorf("line %d says %s in the open: %s", i+1, secret, line)
			}
		}
	}
	if strings.Count(out, "hidden source") != 2 {
		t.Errorf("the restricted source stands elsewhere, too:\n%s", out)
	}
	d := hostile("plain")
	d.Visibility = authz.Restricted
	if out := review.Compose(d, func(id string) string { return id }); !strings.Contains(out, "is restricted as a whole") {
		t.Error("a restricted review is not marked")
	}
}

func TestComposeIsLikeT240943(t *testing.T) {
	out := review.Compose(hostile("words"), func(id string) string { return "The " + id })
	at := 0
	for _, part := range []string{
		"# Assessment: words", "## Context", "Requested by The requester on 23 November 2026", "### What was submitted", "## Technologies", "## User scenarios",
		"## Requirements and where they come from", "## Statements", "## Contradictions", "S1 says (document words, version words, at words, <https://example.org/words>):",
		"What became of it:", "## Findings", "FX1", "F1", "## Open points", "## Questions", "partly settled", "## Opinions", "## Required information", "What Q1 left open",
		"## Outcome", "Advice, 23 November 2026, by The reviewer.", "### What it asks for", "1. words; The infra, until 23 November 2026; shown by words", "## References",
	} {
		i := strings.Index(out[at:], part)
		if i < 0 {
			t.Fatalf("%q does not stand after %q in\n%s", part, out[:at], out)
		}
		at += i + len(part)
	}
}

// What is long is shortened; the record has the rest.
func TestComposeStaysWithinAnAssessment(t *testing.T) {
	d := hostile("x")
	d.Statements, d.Findings = nil, nil
	for i := range 20 {
		d.Statements = append(d.Statements, review.Statement{ID: fmt.Sprint(i), Label: fmt.Sprint("S", i), Kind: review.Said, Text: strings.Repeat("é", 5000), State: "agreed"})
	}
	out := review.Compose(d, func(id string) string { return id })
	if len(out) > review.MaxAssessment || !utf8.ValidString(out) || !strings.Contains(out, "[...]") {
		t.Errorf("%d bytes, valid %v", len(out), utf8.ValidString(out))
	}
}
