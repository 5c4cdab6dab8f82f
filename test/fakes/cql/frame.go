// SPDX-License-Identifier: Apache-2.0

package cql

import (
	"encoding/binary"
	"errors"
	"io"
)

// Operations of the native protocol, version 4.
const (
	opError        = 0x00
	opStartup      = 0x01
	opReady        = 0x02
	opAuthenticate = 0x03
	opOptions      = 0x05
	opSupported    = 0x06
	opQuery        = 0x07
	opResult       = 0x08
	opPrepare      = 0x09
	opExecute      = 0x0a
	opRegister     = 0x0b
	opAuthResponse = 0x0f
	opAuthSuccess  = 0x10
)

// Types of columns.
const (
	typeBigint    = 0x02
	typeBlob      = 0x03
	typeBoolean   = 0x04
	typeInt       = 0x09
	typeText      = 0x0d
	typeTimestamp = 0x0b
	typeUUID      = 0x0c
	typeInet      = 0x10
	typeTexts     = 0x22 // set<text>
	typeMap       = 0x21 // map<text, text>
)

const longestFrame = 1 << 24

type frame struct {
	op     byte
	stream [2]byte
	body   []byte
}

var errFrame = errors.New("cql: not a frame of version 4")

func readFrame(r io.Reader) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(head[5:])
	if head[0] != 4 || head[1] != 0 || size > longestFrame {
		return frame{}, errFrame
	}
	f := frame{op: head[4], stream: [2]byte{head[2], head[3]}, body: make([]byte, size)}
	_, err := io.ReadFull(r, f.body)
	return f, err
}

// answer returns the bytes of an answer to f.
func (f frame) answer(op byte, body []byte) []byte {
	b := []byte{0x84, 0, f.stream[0], f.stream[1], op}
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

// reader takes values from a body. After an error it gives zero values.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.err = errFrame
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) short() int {
	if b := r.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int() int {
	if b := r.take(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b)))
	}
	return 0
}

func (r *reader) long() string   { return string(r.take(r.int())) }
func (r *reader) string() string { return string(r.take(r.short())) }

// value returns nil for null and for a value that is not set.
func (r *reader) value() []byte {
	n := r.int()
	if n < 0 {
		return nil
	}
	return append([]byte{}, r.take(n)...)
}

func appendShort(b []byte, v int) []byte { return binary.BigEndian.AppendUint16(b, uint16(v)) }
func appendInt(b []byte, v int) []byte   { return binary.BigEndian.AppendUint32(b, uint32(v)) }
func appendString(b []byte, s string) []byte {
	return append(appendShort(b, len(s)), s...)
}

func appendValue(b, v []byte) []byte {
	if v == nil {
		return appendInt(b, -1)
	}
	return append(appendInt(b, len(v)), v...)
}

// column is a column's name and type.
type column struct {
	name string
	kind int
}

func appendColumns(b []byte, all []column) []byte {
	b = appendString(appendString(b, "space"), "table")
	for _, c := range all {
		b = appendShort(appendString(b, c.name), c.kind)
		switch c.kind {
		case typeTexts:
			b = appendShort(b, typeText)
		case typeMap:
			b = appendShort(appendShort(b, typeText), typeText)
		}
	}
	return b
}

const globalSpec = 1

// rows is the body of a result with rows.
func rowsBody(columns []column, rows [][][]byte) []byte {
	b := appendInt(appendInt(appendInt(nil, 2), globalSpec), len(columns))
	b = appendInt(appendColumns(b, columns), len(rows))
	for _, row := range rows {
		for _, v := range row {
			b = appendValue(b, v)
		}
	}
	return b
}

func voidBody() []byte { return appendInt(nil, 1) }

// preparedBody tells what a statement takes and gives.
func preparedBody(id string, binds, results []column) []byte {
	b := appendString(appendInt(nil, 4), id)
	b = appendInt(appendInt(appendInt(b, globalSpec), len(binds)), 0)
	b = appendColumns(b, binds)
	if results == nil {
		return appendInt(appendInt(b, 4), 0) // no metadata
	}
	return appendColumns(appendInt(appendInt(b, globalSpec), len(results)), results)
}
