// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Header is the first line of every text that is signed for a record. The key also
// signs receipts, which begin with another one.
const Header = "portreeve.sessions.audit/v1"

// Record is one administrative act: who did what, when, about what.
type Record struct {
	N     int64             `json:"n"` // counts from 1
	At    time.Time         `json:"at"`
	By    string            `json:"by"`  // an identity of the administration listener, or "sessiond"
	Act   string            `json:"act"` // such as owner.end
	About map[string]string `json:"about,omitempty"`
	Prev  string            `json:"prev"` // SHA-256 of the line before, hexadecimal
	Sigs  []string          `json:"sigs,omitempty"`
}

// Bounds of a record.
const (
	maxLine  = 16 << 10
	maxText  = 1024
	maxFacts = 32
)

func digest(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// text is what is signed for the record.
func (r Record) text(name string) (string, error) {
	r.Sigs = nil
	b, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("write a record: %w", err)
	}
	return Header + "\n" + name + "\n" + string(b) + "\n", nil
}

// line returns the record signed, as it stands in the file, without its newline.
func (r Record) line(signer *format.Signer) ([]byte, error) {
	text, err := r.text(signer.Name())
	if err != nil {
		return nil, err
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return nil, err
	}
	// A note is its text, an empty line, and one line for each signature.
	r.Sigs = strings.Split(strings.TrimSuffix(string(signed[len(text)+1:]), "\n"), "\n")
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write a record: %w", err)
	}
	if len(b) > maxLine {
		return nil, fault.New(fault.Invalid, "audit.too_large", "What is to be recorded is larger than %d bytes.", maxLine)
	}
	return b, nil
}

// parse reads a line and checks its form and its signature. The line must be the very
// one that would be written, so that no byte of it can change unnoticed.
func parse(line []byte, keys format.Keys) (Record, error) {
	var r Record
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, errors.New("it is no record")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("something follows it on its line")
	}
	if again, err := json.Marshal(r); err != nil || !bytes.Equal(again, line) || len(r.Sigs) == 0 {
		return r, errors.New("it is not written as records are")
	}
	// — <name> <signature>
	name, _, _ := strings.Cut(strings.TrimPrefix(r.Sigs[0], "— "), " ")
	text, err := r.text(name)
	if err != nil {
		return r, err
	}
	n, err := keys.Open([]byte(text + "\n" + strings.Join(r.Sigs, "\n") + "\n"))
	if err != nil || n.Text != text {
		return r, errors.New("its signature is not by the key")
	}
	// One more by a key that nobody knows would change the last line unnoticed.
	if len(n.Sigs) != len(r.Sigs) {
		return r, errors.New("it has a signature twice, or one by another key")
	}
	return r, nil
}

var (
	isAct  = regexp.MustCompile(`^[a-z]+([._][a-z]+)*$`)
	isHash = regexp.MustCompile(`^[0-9a-f]{16,128}$`)
)

// check refuses what must not come into the log, or could not be read in it.
func check(by, act string, about map[string]string) error {
	if by == "" || !plain(by) || !isAct.MatchString(act) || len(act) > 64 || len(about) > maxFacts {
		return fault.New(fault.Invalid, "audit.form", "A record says who did what: an identity, and an act in small letters with points.")
	}
	for name, text := range about {
		if !isAct.MatchString(name) || len(name) > 64 || !plain(text) {
			return fault.New(fault.Invalid, "audit.form", "What a record is about has names in small letters, and texts of at most %d bytes in one line.", maxText)
		}
		switch name {
		case "owner", "session", "handle", "id", "key":
			if !isHash.MatchString(text) {
				return fault.New(fault.Invalid, "audit.clear", "A record names owners and sessions by keyed hashes in hexadecimal, never in clear.")
			}
		case "value", "password", "token", "cookie":
			return fault.New(fault.Invalid, "audit.clear", "A record holds no %s.", name)
		}
	}
	return nil
}

// plain reports whether a text is short, UTF-8, and without control characters.
func plain(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
