// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// secretBytes is the length of session, invitation and token secrets: 256 bits,
// so that a plain SHA-256 protects them at rest.
const secretBytes = 32

// tokenPrefix lets scanners of code and logs recognise a leaked token.
const tokenPrefix = "ptr_"

func lowerBase32() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// newSecret returns 256 random bits and their form for a cookie or a link.
func newSecret(random io.Reader) (string, error) {
	var b [secretBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// secretLen is the length of a secret's form.
var secretLen = base64.RawURLEncoding.EncodedLen(secretBytes)

// newSessionID returns 16 characters that name a session; they are no secret.
func newSessionID(random io.Reader) (string, error) {
	var b [10]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw the id of a session: %w", err)
	}
	return lowerBase32().EncodeToString(b[:]), nil
}

// hashSecret returns what is stored of a cookie, a link or a token: SHA-256.
// Text that cannot be one of them is hashed like any other and found nowhere.
func hashSecret(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// newToken returns a fresh API token.
func newToken(random io.Reader) (string, error) {
	var b [secretBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw token: %w", err)
	}
	return formatToken(b), nil
}

// formatToken writes "ptr_", 52 characters of secret and 7 of checksum.
func formatToken(secret [secretBytes]byte) string {
	body := tokenPrefix + lowerBase32().EncodeToString(secret[:])
	return body + tokenChecksum(body)
}

func tokenChecksum(body string) string {
	return lowerBase32().EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// Lengths of the parts of a token after its prefix.
const (
	tokenSecretLength   = 52
	tokenChecksumLength = 7
)

// ParseToken reports whether text has the form of an API token, checksum
// included, and returns it without surrounding space. A typing error is thus
// found without a look into the database; it says nothing about validity.
func ParseToken(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) != len(tokenPrefix)+tokenSecretLength+tokenChecksumLength || !strings.HasPrefix(text, tokenPrefix) {
		return "", false
	}
	body := text[:len(tokenPrefix)+tokenSecretLength]
	var secret [secretBytes]byte
	n, err := lowerBase32().Decode(secret[:], []byte(body[len(tokenPrefix):]))
	if err != nil || n != secretBytes || formatToken(secret) != text {
		return "", false
	}
	return text, true
}

// recoveryCodes is how many codes a person gets; recoveryBytes is the length of
// each, 80 bits: out of reach of guessing, so SHA-256 protects them at rest.
const (
	recoveryCodes = 10
	recoveryBytes = 10
)

// newRecoveryCodes returns codes of the form xxxx-xxxx-xxxx-xxxx.
func newRecoveryCodes(random io.Reader) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var b [recoveryBytes]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fmt.Errorf("draw recovery codes: %w", err)
		}
		text := lowerBase32().EncodeToString(b[:])
		codes[i] = text[0:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
	}
	return codes, nil
}

// parseRecovery returns the bare form of a recovery code, however it was typed.
func parseRecovery(text string) (string, bool) {
	bare := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(text))
	if len(bare) != lowerBase32().EncodedLen(recoveryBytes) {
		return "", false
	}
	if _, err := lowerBase32().DecodeString(bare); err != nil {
		return "", false
	}
	return bare, true
}

// hashRecovery binds a code to its person, so that equal codes do not meet.
func hashRecovery(person, bare string) []byte { return hashSecret("recovery " + person + " " + bare) }
