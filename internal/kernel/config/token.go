// SPDX-License-Identifier: Apache-2.0

package config

import "github.com/goccy/go-yaml/token"

// maxDepth is how deep collections may nest.
const maxDepth = 32

// maxTokens is how many words and signs a file may have, some ten thousand lines:
// the parser's time grows with the square of the keys in a group.
const maxTokens = 40_000

// refuseTokens says what in the tokens is not read at all, and on which line; an
// empty text means nothing. Anchors and aliases make small files large, tags and
// merge keys make a value come from elsewhere.
func refuseTokens(tokens token.Tokens) (line int, why string) {
	var n nesting
	started := false
	if len(tokens) > maxTokens {
		return lineOf(tokens[maxTokens]), "has more lines than configuration ever has"
	}
	for _, t := range tokens {
		line := lineOf(t)
		switch t.Type {
		case token.AnchorType, token.AliasType:
			return line, "uses an anchor or alias (& or *); write the value out, or quote the text"
		case token.TagType:
			return line, "uses a tag (!); quote the text instead"
		case token.MergeKeyType:
			return line, "uses a merge key (<<); write the keys out"
		case token.MappingKeyType:
			return line, "uses an explicit key (?); write key: value, or quote the text"
		case token.DirectiveType:
			return line, "uses a directive (%); leave it out"
		case token.DocumentEndType:
			return line, "ends a document (...); leave that line out"
		case token.DocumentHeaderType:
			if started {
				return line, "holds more than one document (---)"
			}
		}
		started = started || t.Type != token.CommentType
		if n.add(t) > maxDepth {
			return line, "nests too deeply"
		}
	}
	return 0, ""
}

// nesting counts how deep the collections are that a token stands in: flow
// collections by their brackets, block collections by their columns.
type nesting struct {
	flow    int
	columns []int
}

func (n *nesting) add(t *token.Token) int {
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.flow++
	case token.MappingEndType, token.SequenceEndType:
		n.flow--
	case token.SequenceEntryType:
		n.block(t)
	case token.MappingValueType:
		if t.Prev != nil && n.flow == 0 {
			n.block(t.Prev)
		}
	}
	return n.flow + len(n.columns)
}

func (n *nesting) block(t *token.Token) {
	column := 0
	if t.Position != nil {
		column = t.Position.Column
	}
	for len(n.columns) > 0 && n.columns[len(n.columns)-1] >= column {
		n.columns = n.columns[:len(n.columns)-1]
	}
	n.columns = append(n.columns, column)
}

// lineOf returns the line of a token, or 1 for one that stands nowhere.
func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 1
	}
	return t.Position.Line
}
