// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// NoteHeader is the first line of a signed verdict. The key also signs
// checkpoints, whose first line is the log's origin; a text that begins with
// this line is a verdict and nothing else.
const NoteHeader = "portreeve.gate/v1"

// MaxNote is the largest signed verdict that [VerifyNote] reads, in bytes.
const MaxNote = 1 << 20

// Sign returns the verdict as a signed note (golang.org/x/mod/sumdb/note):
//
//	portreeve.gate/v1
//	<name of the signing key>
//	<the verdict as canonical JSON, without note>
//
//	— <name of the signing key> <signature>
//
// Canonical JSON has the fields in the order of [Verdict], no insignificant
// space, nothing escaped that need not be, and times in RFC 3339 in UTC with at
// most six decimals.
func Sign(v Verdict, signer Signer) (string, error) {
	text, err := canonical(v)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(NoteHeader + "\n" + signer.Name() + "\n" + text + "\n")
	if err != nil {
		return "", fmt.Errorf("sign verdict: %w", err)
	}
	return string(signed), nil
}

func canonical(v Verdict) (string, error) {
	v.Note = ""
	v.EvaluatedAt, v.ValidUntil = v.EvaluatedAt.UTC(), v.ValidUntil.UTC()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("write verdict: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// VerifyNote checks a signed verdict offline and returns it with its note. key
// is the text of one or more verifier keys in note format, one per line, as in
// ledger.pub. Everything that is not exactly a valid verdict is Invalid: no
// signature by the key ("gate.note_signature"), another text that the key
// signed, such as a checkpoint, or anything beside the verdict
// ("gate.note_form"), and a verdict that must no longer be relied on at the
// given instant ("gate.note_expired"). The verdict may be a denial: look at
// [Verdict.Allowed].
//
// That EvaluatedAt may be later than at is accepted, because gate time follows
// the server's domain clock, which may be ahead of the verifier's.
func VerifyNote(data []byte, key string, at time.Time) (Verdict, error) {
	keys, err := format.ParseKeys([]byte(key))
	if err != nil {
		return Verdict{}, fault.New(fault.Invalid, "gate.note_key",
			"The key is not a verifier key in note format. GET /api/v1/ledger/key or the file ledger.pub holds it.").Because(err)
	}
	if len(data) > MaxNote {
		return Verdict{}, noteForm("it is larger than 1 MiB")
	}
	n, err := keys.Open(data)
	if err != nil {
		return Verdict{}, fault.New(fault.Invalid, "gate.note_signature",
			"No valid signature by this key: the answer was changed, or somebody else signed it. Do not rely on it.").Because(err)
	}
	v, err := parseText(n.Text)
	if err != nil {
		return Verdict{}, err
	}
	if !at.Before(v.ValidUntil) {
		return Verdict{}, fault.New(fault.Invalid, "gate.note_expired",
			"The answer was valid until %s only. Ask the gate again, or name the instant to judge it by with --at.", v.ValidUntil.Format(time.RFC3339))
	}
	v.Note = string(data)
	return v, nil
}

// parseText reads the text of a note whose signature is good.
func parseText(text string) (Verdict, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != NoteHeader || lines[1] == "" || lines[3] != "" {
		return Verdict{}, noteForm("the signed text is not an answer of the gate")
	}
	var v Verdict
	dec := json.NewDecoder(strings.NewReader(lines[2]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return Verdict{}, noteForm("the answer in it cannot be read")
	}
	// The text must be what Sign writes: no second value, no key twice, no other spelling.
	if again, err := canonical(v); err != nil || again != lines[2] {
		return Verdict{}, noteForm("the answer in it is not in canonical form")
	}
	if allowed := v.Decision == Allow; !allowed && v.Decision != Deny || allowed != (len(v.Blockers) == 0) || !v.ValidUntil.After(v.EvaluatedAt) {
		return Verdict{}, noteForm("the answer in it contradicts itself")
	}
	return v, nil
}

func noteForm(what string) error {
	return fault.New(fault.Invalid, "gate.note_form", "This is not a signed answer of the gate: %s. Do not rely on it.", what)
}
