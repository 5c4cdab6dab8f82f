// SPDX-License-Identifier: Apache-2.0

package format

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Signer holds the log's signing keys in the note format (Ed25519). The text of
// a key file is one key per line: PRIVATE+KEY lines sign, verifier lines of
// earlier keys are only handed on to those who verify old checkpoints. While a
// key is being changed, both its old and its new private line stand there and
// every checkpoint carries both signatures. The first private line is the
// current key. All keys have one name, the log's origin. It is safe for
// concurrent use.
type Signer struct {
	signers  []note.Signer
	verifier []string // verifier key texts in the order of the lines
}

// GenerateKey returns the text of a new key file for a key of that name. The
// name may hold neither spaces nor plus signs.
func GenerateKey(rand io.Reader, name string) ([]byte, error) {
	if name == "" || strings.ContainsAny(name, " +\t\r\n") {
		return nil, fmt.Errorf("key name %q is empty or holds a space or a plus sign", name)
	}
	skey, _, err := note.GenerateKey(rand, name)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return []byte(skey + "\n"), nil
}

// ParseSigner reads the text of a key file. Errors never repeat what was read.
func ParseSigner(text []byte) (*Signer, error) {
	s := &Signer{}
	var names []string
	for _, l := range lines(text) {
		if !strings.HasPrefix(l.text, "PRIVATE+KEY+") {
			if _, err := note.NewVerifier(l.text); err != nil {
				return nil, fmt.Errorf("key file, line %d: neither a signing key nor a verifier key", l.number)
			}
			s.verifier = append(s.verifier, l.text)
			names = append(names, strings.SplitN(l.text, "+", 2)[0])
			continue
		}
		signer, err := note.NewSigner(l.text)
		if err != nil {
			return nil, fmt.Errorf("key file, line %d: not a signing key in note format", l.number)
		}
		vkey, err := verifierOf(signer.Name(), l.text)
		if err != nil {
			return nil, fmt.Errorf("key file, line %d: %w", l.number, err)
		}
		s.signers = append(s.signers, signer)
		s.verifier = append(s.verifier, vkey)
		names = append(names, signer.Name())
	}
	if len(s.signers) == 0 {
		return nil, errors.New("key file: no signing key")
	}
	if len(slices.Compact(names)) > 1 {
		return nil, errors.New("key file: all keys of a log have one name, its origin")
	}
	return s, nil
}

// verifierOf returns the verifier key of a private key text that note.NewSigner accepted.
func verifierOf(name, skey string) (string, error) {
	// PRIVATE+KEY+<name>+<hash>+<key>; only the last, base64, may hold a plus sign.
	parts := strings.SplitN(skey, "+", 5)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", errors.New("not an Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(name, public)
}

// Name returns the name of the current key.
func (s *Signer) Name() string { return s.signers[0].Name() }

// Sign returns text as a note signed by every signing key. The text must end in
// a newline. Its first line must tell what it is: a checkpoint begins with the
// log's origin, so no other text may.
func (s *Signer) Sign(text string) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: text}, s.signers...)
	if err != nil {
		return nil, fmt.Errorf("sign note: %w", err)
	}
	return signed, nil
}

// Verifiers returns the public text of the key file: one verifier key per line.
// [ParseKeys] reads it.
func (s *Signer) Verifiers() string { return strings.Join(s.verifier, "\n") + "\n" }

// Keys returns the signer's own verifier keys.
func (s *Signer) Keys() (Keys, error) { return ParseKeys([]byte(s.Verifiers())) }

// Keys are verifier keys: those of a log, current and earlier, or those of its witnesses.
type Keys struct{ list []note.Verifier }

// ParseKeys reads verifier keys in note format, one per line; empty lines and
// lines that begin with # are passed over.
func ParseKeys(text []byte) (Keys, error) {
	var k Keys
	for _, l := range lines(text) {
		v, err := note.NewVerifier(l.text)
		if err != nil {
			return Keys{}, fmt.Errorf("verifier keys, line %d: %w", l.number, err)
		}
		k.list = append(k.list, v)
	}
	if len(k.list) == 0 {
		return Keys{}, errors.New("verifier keys: no key")
	}
	return k, nil
}

// Empty reports whether there is no key.
func (k Keys) Empty() bool { return len(k.list) == 0 }

// Open checks a signed note and returns it. At least one signature must be by
// one of the keys, and none by them may be wrong. Signatures by others are
// passed over.
func (k Keys) Open(signed []byte) (*note.Note, error) {
	n, err := note.Open(signed, note.VerifierList(k.list...))
	if err != nil {
		return nil, err
	}
	for _, s := range n.Sigs {
		// Package note takes base64 with stray bits in its last character. We do
		// not, so that no byte of a note can change unnoticed.
		if _, err := strict().DecodeString(s.Base64); err != nil {
			return nil, errors.New("a signature is not in canonical base64")
		}
	}
	return n, nil
}

// line is a line of a file and its number, counted from one.
type line struct {
	number int
	text   string
}

// lines returns the lines of a file that are neither empty nor comments.
func lines(text []byte) []line {
	var found []line
	for i, l := range bytes.Split(text, []byte("\n")) {
		if l = bytes.TrimSpace(l); len(l) > 0 && l[0] != '#' {
			found = append(found, line{i + 1, string(l)})
		}
	}
	return found
}
