// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Paging is the query of an operation that lists: embed it in the input.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"the most items to return"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"the value of next of the page before"`
}

// List is the body of an operation that lists. Next is empty on the last page.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

// EncodeCursor makes a cursor of the sort key of a page's last row. It is not
// secret and not signed: it may hold only what its reader has seen.
func EncodeCursor(key any) (string, error) {
	data, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("encode cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// DecodeCursor fills key from a cursor. An empty cursor leaves it as it is; a
// bad one is a Malformed fault.
func DecodeCursor(cursor string, key any) error {
	if cursor == "" {
		return nil
	}
	bad := fault.New(fault.Malformed, "request.cursor", "The cursor is not one of ours. Start from the first page.")
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return bad.Because(err)
	}
	if err := json.Unmarshal(data, key); err != nil {
		return bad.Because(err)
	}
	return nil
}

// ETag is the entity tag of an item's version, for the ETag header.
func ETag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }

// IfMatch is the precondition of an operation that changes an item: embed it in
// the input.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"the ETag of the version that the change is based on"`
}

// Version returns the version that the caller based the change on. Without the
// header it is a PreconditionRequired fault (428), because a change on top of
// something unseen would overwrite it.
func (i IfMatch) Version() (int64, error) {
	if i.IfMatch == "" {
		return 0, fault.New(fault.PreconditionRequired, "request.if_match_missing", "Send the item's ETag as If-Match, so that nobody's change is overwritten unseen.")
	}
	text, ok := strings.CutPrefix(i.IfMatch, `"v`)
	text, ok2 := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || !ok2 || err != nil || n < 0 {
		return 0, fault.New(fault.Malformed, "request.if_match", "If-Match must be the ETag of this item, as it was sent.")
	}
	return n, nil
}
