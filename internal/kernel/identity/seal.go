// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// keys are derived from the secret key of the data directory, one per purpose,
// so that none can be used for another (RFC 5869).
type keys struct {
	seal    cipher.AEAD
	failure []byte // for what was typed as login
	enrol   []byte // for the second factor offered through an invitation
	browser []byte // for known browsers
	session []byte // for what the session store is told, and gives back
}

func newKeys(secret []byte) (*keys, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("identity: the secret key has %d bytes, not 32", len(secret))
	}
	derive := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, secret, nil, "portreeve identity v1 "+purpose, 32)
	}
	var k keys
	var err error
	var sealing []byte
	for purpose, into := range map[string]*[]byte{"seal": &sealing, "failure": &k.failure, "enrol": &k.enrol, "browser": &k.browser, "session": &k.session} {
		if *into, err = derive(purpose); err != nil {
			return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
		}
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("prepare sealing: %w", err)
	}
	if k.seal, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("prepare sealing: %w", err)
	}
	return &k, nil
}

// sealVersion is the first byte of everything sealed: AES-256-GCM, random nonce.
const sealVersion = 1

// sealFor encrypts a person's second-factor secret. It opens for that person
// only: a row copied to another account is useless.
func (k *keys) sealFor(random io.Reader, person string, secret []byte) ([]byte, error) {
	sealed := make([]byte, 1+k.seal.NonceSize(), 1+k.seal.NonceSize()+len(secret)+k.seal.Overhead())
	sealed[0] = sealVersion
	if _, err := io.ReadFull(random, sealed[1:]); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return k.seal.Seal(sealed, sealed[1:], secret, sealedData(person)), nil
}

var errSealed = errors.New("identity: a sealed secret does not open: wrong secret key, or the row was changed")

func (k *keys) openFor(person string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+k.seal.NonceSize() || sealed[0] != sealVersion {
		return nil, errSealed
	}
	nonce, text := sealed[1:1+k.seal.NonceSize()], sealed[1+k.seal.NonceSize():]
	secret, err := k.seal.Open(nil, nonce, text, sealedData(person))
	if err != nil {
		return nil, errSealed
	}
	return secret, nil
}

func sealedData(person string) []byte { return []byte("totp of person:" + person) }

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
