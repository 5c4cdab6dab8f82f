// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"portreeve.org/portreeve/internal/sessionstore"
)

// A sealed value is
//
//	1 byte   format, 1
//	8 bytes  salt
//	12 bytes nonce
//	content encrypted, and 16 bytes of tag
//
// under AES-256-GCM with the key HKDF(data key, salt).
//
// Why not the data key itself: a random nonce of 96 bits may be drawn about 2^32
// times under one key (NIST SP 800-38D, 8.3), and 1,500 writes a second do that in
// 33 days. A counter would go further, but two processes on one Cassandra, or a
// machine whose memory is restored from a snapshot, would count the same numbers
// twice, and that reveals values. A key for each value (as XAES-256-GCM derives it)
// costs a key schedule on every read, and XChaCha20-Poly1305 three times the time of
// AES-GCM where the processor knows AES.
//
// So each process draws a salt when it begins to write, and a new one after 2^26
// values: the same key schedule serves all of them, on both ways, and nonces stay
// random. In ten years at 1,500 writes a second (2^39 values, 2^13 salts) two equal
// nonces under one key have a chance of less than 2^-32; two equal salts do no more
// than share one budget.
const (
	sealedFormat = 1
	saltSize     = 8
	nonceSize    = 12
	tagSize      = 16
	headSize     = 1 + saltSize + nonceSize
	// Overhead is how much longer a sealed value is than its content, in bytes.
	Overhead = headSize + tagSize

	valuesPerSalt = 1 << 26
	// maxSalts bounds the ciphers that are kept for reading, of about 1 KiB each.
	maxSalts = 4096
)

type dataKey struct {
	id     uint32
	secret [secretSize]byte

	writer  atomic.Pointer[writer]
	mu      sync.Mutex // making a writer, adding a cipher
	ciphers atomic.Pointer[map[uint64]cipher.AEAD]
	scratch sync.Pool // of *scratch
}

// writer seals up to its budget.
type writer struct {
	salt uint64
	aead cipher.AEAD
	left atomic.Int64
}

// scratch holds what would escape to the heap on every call through cipher.AEAD.
type scratch struct{ aad []byte }

func newDataKey(id uint32, secret []byte) *dataKey {
	d := &dataKey{id: id, secret: [secretSize]byte(secret)}
	d.ciphers.Store(&map[uint64]cipher.AEAD{})
	d.scratch.New = func() any { return &scratch{aad: make([]byte, 0, 160)} }
	return d
}

func (d *dataKey) seal(namespace string, row *sessionstore.Row, content []byte) ([]byte, error) {
	w, err := d.writing()
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, headSize, Overhead+len(content))
	sealed[0] = sealedFormat
	binary.BigEndian.PutUint64(sealed[1:], w.salt)
	nonce := sealed[1+saltSize : headSize]
	rand.Read(nonce) // never fails: crypto/rand ends the process instead
	s := d.scratch.Get().(*scratch)
	s.aad = row.AppendAAD(s.aad[:0], namespace)
	sealed = w.aead.Seal(sealed, nonce, content, s.aad)
	d.scratch.Put(s)
	return sealed, nil
}

func (d *dataKey) open(dst []byte, namespace string, row *sessionstore.Row) ([]byte, error) {
	b := row.Sealed
	if len(b) < Overhead || b[0] != sealedFormat {
		return nil, fmt.Errorf("%w: it is cut short, or of a later format", ErrUnreadable)
	}
	salt := binary.BigEndian.Uint64(b[1:])
	aead := (*d.ciphers.Load())[salt]
	known := aead != nil
	if !known {
		var err error
		if aead, err = d.cipherOf(salt); err != nil {
			return nil, err
		}
	}
	s := d.scratch.Get().(*scratch)
	s.aad = row.AppendAAD(s.aad[:0], namespace)
	content, err := aead.Open(dst, b[1+saltSize:headSize], b[headSize:], s.aad)
	d.scratch.Put(s)
	if err != nil {
		return nil, fmt.Errorf("%w: it was altered, or lies where it does not belong", ErrUnreadable)
	}
	if !known { // a salt that somebody made up is not worth a place
		d.mu.Lock()
		defer d.mu.Unlock()
		d.keep(salt, aead)
	}
	return content, nil
}

// writing returns a writer whose budget the caller has taken one value of.
func (d *dataKey) writing() (*writer, error) {
	for {
		w := d.writer.Load()
		if w != nil && w.left.Add(-1) >= 0 {
			return w, nil
		}
		if err := d.replace(w); err != nil {
			return nil, err
		}
	}
}

// replace puts a fresh writer where spent was, unless somebody did.
func (d *dataKey) replace(spent *writer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.writer.Load() != spent {
		return nil
	}
	var salt [saltSize]byte
	rand.Read(salt[:])
	w := &writer{salt: binary.BigEndian.Uint64(salt[:])}
	w.left.Store(valuesPerSalt)
	var err error
	if w.aead, err = d.cipherOf(w.salt); err != nil {
		return err
	}
	d.keep(w.salt, w.aead)
	d.writer.Store(w)
	return nil
}

// keep adds a cipher for reading; the caller holds mu. Those that are there are
// forgotten when they are too many: they are made again when they are asked for.
func (d *dataKey) keep(salt uint64, aead cipher.AEAD) {
	old := *d.ciphers.Load()
	next := make(map[uint64]cipher.AEAD, len(old)+1)
	if len(old) < maxSalts {
		maps.Copy(next, old)
	}
	next[salt] = aead
	d.ciphers.Store(&next)
}

func (d *dataKey) cipherOf(salt uint64) (cipher.AEAD, error) {
	var b [saltSize]byte
	binary.BigEndian.PutUint64(b[:], salt)
	key, err := derive(d.secret[:], "portreeve session value\x00"+string(b[:]))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
