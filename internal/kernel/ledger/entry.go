// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Entry is a decision as it goes into the log. Its time is the transaction's.
type Entry struct {
	Kind    string // one of the writer's kinds: "risk.acceptance.granted"
	Actor   string // who decided: authz.Actor.Ref
	Subject string // what it is about: "flow:property-suggester-ab-test", "acceptance:<id>"
	// Body is marshalled to JSON once, and that text is what is committed to and
	// stored. It must be an object; nil means {}.
	Body any
	// Item is "<type>:<id>": whose participants may read the entry where
	// Visibility is restricted, and what [Reclassify] finds it by. It may be empty.
	Item       string
	Visibility string // public, internal or restricted
}

const (
	// MaxBody is the largest body in bytes. A decision refers to documents, it does not hold them.
	MaxBody = 64 << 10
	// MaxField is the largest kind, actor, subject or item in bytes.
	MaxField = 512
)

// check returns the body's text, or what is wrong with the entry. All of it is
// the caller's mistake, so it is an internal fault.
func (e *Entry) check() (string, error) {
	for _, f := range []struct {
		name, value string
		empty       bool
	}{{"kind", e.Kind, false}, {"actor", e.Actor, false}, {"subject", e.Subject, false}, {"item", e.Item, true}} {
		if f.value == "" && !f.empty {
			return "", invalid("%s is empty", f.name)
		}
		if len(f.value) > MaxField || !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) {
			return "", invalid("%s is too long, not UTF-8, or holds a control character", f.name)
		}
	}
	if e.Item != "" && !strings.Contains(e.Item, ":") {
		return "", invalid("item is not <type>:<id>")
	}
	if !authz.Visibility(e.Visibility).Known() {
		return "", invalid("visibility %q is not known", e.Visibility)
	}
	body := "{}"
	if e.Body != nil {
		var err error
		if body, err = marshal(e.Body); err != nil {
			return "", invalid("body: %v", err)
		}
	}
	if body[0] != '{' || len(body) > MaxBody {
		return "", invalid("body is not an object or is larger than %d bytes", MaxBody)
	}
	return body, nil
}

// marshal gives compact JSON: fields in the order of their declaration, map keys
// sorted, nothing escaped that need not be.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func invalid(what string, args ...any) error {
	return fault.New(fault.Internal, "ledger.entry_invalid",
		"The decision could not be recorded, and nothing was changed. Give the request id to your administrator.").
		Because(fmt.Errorf("ledger entry: "+what, args...))
}

// committedSubject is the text that the subject's commitment covers: the item is
// in it so that nobody can hang an entry on another item unnoticed.
func committedSubject(subject, item string) string { return subject + "\n" + item }
