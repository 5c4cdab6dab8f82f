// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint says how many leaves a log has and what its root is. Signed, it is
// the promise that everything before it stays as it is. Its text is that of C2SP
// tlog-checkpoint (https://c2sp.org/tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text returns the three lines that are signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

var errCheckpoint = errors.New("this is not a checkpoint: three lines are expected, origin, size and root")

// ParseCheckpoint reads the text of a checkpoint. Further lines, which C2SP
// allows as extensions, are passed over: the signature covers them, but they say
// nothing to us.
func ParseCheckpoint(text string) (Checkpoint, error) {
	parts := strings.SplitN(text, "\n", 4)
	if len(parts) != 4 || parts[0] == "" {
		return Checkpoint{}, errCheckpoint
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != parts[1] {
		return Checkpoint{}, fmt.Errorf("%w: the size is not a plain number", errCheckpoint)
	}
	c := Checkpoint{Origin: parts[0], Size: size}
	if c.Root, err = parseHash(parts[2]); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the root is not a hash in base64", errCheckpoint)
	}
	if size == 0 && c.Root != EmptyRoot() {
		return Checkpoint{}, fmt.Errorf("%w: an empty log has another root", errCheckpoint)
	}
	return c, nil
}

// OpenCheckpoint checks the signatures of a signed checkpoint and reads it. The
// origin must be the one wanted; an empty one means that of the first key.
func OpenCheckpoint(signed []byte, keys Keys, origin string) (Checkpoint, error) {
	n, err := keys.Open(signed)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if origin == "" {
		origin = keys.list[0].Name()
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("the checkpoint is of the log %q, not of %q", c.Origin, origin)
	}
	return c, nil
}

// SignCheckpoint returns the checkpoint as a signed note.
func (s *Signer) SignCheckpoint(c Checkpoint) ([]byte, error) { return s.Sign(c.Text()) }

// strict refuses base64 with bits beyond the data, so that a text has one form only.
func strict() *base64.Encoding { return base64.StdEncoding.Strict() }

func parseHash(text string) (Hash, error) {
	var h Hash
	data, err := strict().DecodeString(text)
	if err != nil || len(data) != HashSize || strings.ContainsAny(text, "\r\n") {
		return h, errors.New("not a hash in base64")
	}
	copy(h[:], data)
	return h, nil
}
