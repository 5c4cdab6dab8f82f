// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
)

// Witness cosigns checkpoints as https://c2sp.org/tlog-cosignature says.
type Witness struct {
	name string
	key  ed25519.PrivateKey
}

// NewWitness returns a witness whose key is made from seed, 32 bytes.
func NewWitness(name string, seed []byte) Witness {
	return Witness{name, ed25519.NewKeyFromSeed(seed)}
}

func (w Witness) public() []byte {
	return append([]byte{4}, w.key.Public().(ed25519.PublicKey)...)
}

func (w Witness) keyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n"), w.public()...))
	return binary.BigEndian.Uint32(sum[:4])
}

// Verifier returns the witness's verifier key.
func (w Witness) Verifier() string {
	return fmt.Sprintf("%s+%08x+%s", w.name, w.keyHash(), base64.StdEncoding.EncodeToString(w.public()))
}

// Line returns the signature line under the checkpoint with that text, at a time
// in seconds since the Unix epoch.
func (w Witness) Line(text string, at uint64) string {
	message := "cosignature/v1\ntime " + strconv.FormatUint(at, 10) + "\n" + text
	sig := binary.BigEndian.AppendUint32(nil, w.keyHash())
	sig = binary.BigEndian.AppendUint64(sig, at)
	sig = append(sig, ed25519.Sign(w.key, []byte(message))...)
	return "\u2014 " + w.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}
