// SPDX-License-Identifier: Apache-2.0

package format

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the algorithm byte of witness keys in C2SP tlog-cosignature;
// that of plain note keys, which package note knows, is 1.
const algCosignature = 4

// ParseWitnesses reads the verifier keys of witnesses, one per line: plain note
// keys, or those of C2SP tlog-cosignature. No text means no witness.
func ParseWitnesses(text []byte) (Keys, error) {
	var k Keys
	for _, l := range lines(text) {
		v, err := newVerifier(l.text)
		if err != nil {
			return Keys{}, fmt.Errorf("witness keys, line %d: %w", l.number, err)
		}
		k.list = append(k.list, v)
	}
	return k, nil
}

// newVerifier reads a verifier key of either algorithm. The second one is that
// of witnesses: https://c2sp.org/tlog-cosignature.
func newVerifier(text string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(text, "+")
	hash16, key64, _ := strings.Cut(rest, "+")
	key, err := strict().DecodeString(key64)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algCosignature {
		v, err := note.NewVerifier(text)
		if err != nil {
			return nil, errors.New("not a verifier key in note format")
		}
		return v, nil
	}
	hash, err := strconv.ParseUint(hash16, 16, 32)
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	if err != nil || len(hash16) != 8 || uint32(hash) != binary.BigEndian.Uint32(sum[:4]) || !validName(name) {
		return nil, errors.New("not a verifier key in note format: its hash or name is wrong")
	}
	return witness{name: name, hash: uint32(hash), key: ed25519.PublicKey(key[1:])}, nil
}

// validName is the rule of package note for the names of keys.
func validName(name string) bool {
	return name != "" && strings.ToValidUTF8(name, "") == name && !strings.Contains(name, "+") && len(strings.Fields(name)) == 1 && strings.Fields(name)[0] == name
}

// witness verifies cosignatures: eight bytes of time, then an Ed25519 signature
// of a text that repeats the time and the checkpoint.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return ed25519.Verify(w.key, cosigned(at, msg), sig[8:])
}

func cosigned(at uint64, msg []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), msg...)
}

// Cosignature is a witness's line under a checkpoint.
type Cosignature struct {
	Witness string // key name and hash: "witness.example.org+1f2e3d4c"
	Line    string // as it stands under the note, with its newline
}

// Cosignatures returns the signatures by witnesses under a signed note that is
// otherwise the checkpoint with that text. A signature by somebody unknown is
// passed over; one by a witness that does not verify is an error, and so is
// having none at all.
func Cosignatures(signed []byte, text string, witnesses Keys) ([]Cosignature, error) {
	n, err := witnesses.Open(signed)
	if err != nil {
		return nil, fmt.Errorf("cosignature: %w", err)
	}
	if n.Text != text {
		return nil, errors.New("cosignature: the note is not this log's checkpoint of that size")
	}
	var found []Cosignature
	for _, s := range n.Sigs {
		found = append(found, Cosignature{
			Witness: fmt.Sprintf("%s+%08x", s.Name, s.Hash),
			Line:    "\u2014 " + s.Name + " " + s.Base64 + "\n",
		})
	}
	return found, nil
}
