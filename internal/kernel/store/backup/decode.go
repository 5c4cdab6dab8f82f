// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxLine bounds what a hostile file can make the reader hold: the largest
// attachment in base64 fits several times.
const maxLine = 256 << 20

// decoder reads lines and computes the digest of those before the current one.
type decoder struct {
	in     *bufio.Reader
	digest hash.Hash
	buf    []byte // the current line, not yet in digest
	line   int    // its number, from 1
}

func newDecoder(r io.Reader) *decoder {
	return &decoder{in: bufio.NewReaderSize(r, 1<<16), digest: sha256.New()}
}

// next returns the next line without its line feed; it is valid until the next
// call. A line is never empty and always valid UTF-8.
func (d *decoder) next() ([]byte, error) {
	d.digest.Write(d.buf) // a hash never fails
	d.buf = d.buf[:0]
	d.line++
	for {
		part, err := d.in.ReadSlice('\n')
		d.buf = append(d.buf, part...)
		switch {
		case len(d.buf) > maxLine:
			return nil, malformed(d.line, "is too long")
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, truncated()
		case err != nil:
			return nil, fmt.Errorf("read line %d of the backup: %w", d.line, err)
		}
		break
	}
	line := d.buf[:len(d.buf)-1]
	if len(line) == 0 || !utf8.Valid(line) {
		return nil, malformed(d.line, "is empty or not UTF-8")
	}
	return line, nil
}

// object decodes a line that is an object into a struct with exactly its fields.
func (d *decoder) object(line []byte, into any) error {
	if err := strict(line, into); err != nil || line[0] != '{' {
		return malformed(d.line, "is not what the format has there").Because(err)
	}
	return nil
}

// strict decodes one JSON value, without unknown fields and with nothing after it.
func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// row decodes a line that is an array and adds its values to the batch.
func (d *decoder) row(line []byte, b *batch) error {
	var raw []json.RawMessage
	if err := strict(line, &raw); err != nil {
		return malformed(d.line, "is not a row").Because(err)
	}
	if len(raw) != len(b.columns) {
		return malformed(d.line, "has the wrong number of values")
	}
	for i, c := range b.columns {
		v, err := value(c.Type, raw[i])
		if err != nil {
			return malformed(d.line, fmt.Sprintf("has a wrong value for the column %s", c.Name)).Because(err)
		}
		b.args = append(b.args, v)
	}
	return nil
}

// value decodes one value of a row.
func value(t Type, raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch t {
	case Int64:
		return strconv.ParseInt(string(raw), 10, 64)
	case Text:
		var s string
		err := strict(raw, &s)
		return s, err
	case Bytes:
		var b encodedBytes
		if err := strict(raw, &b); err != nil {
			return nil, err
		}
		if b.B64 == nil {
			return nil, errors.New("no b64")
		}
		return *b.B64, nil
	}
	return nil, fmt.Errorf("unknown type %q", t)
}

// end checks the trailer, which is the current line, and that nothing follows.
func (d *decoder) end(t trailer, rows int64) error {
	if t.Rows == nil || t.SHA256 == "" {
		return malformed(d.line, "is not what the format has there")
	}
	if *t.Rows != rows || t.SHA256 != hex.EncodeToString(d.digest.Sum(nil)) {
		return damaged()
	}
	if _, err := d.in.ReadByte(); !errors.Is(err, io.EOF) {
		return malformed(d.line+1, "comes after the end")
	}
	return nil
}
