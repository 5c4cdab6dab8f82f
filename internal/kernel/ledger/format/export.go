// SPDX-License-Identifier: Apache-2.0

package format

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// exportMagic is the first line of an export; its last word is the version.
const exportMagic = "portreeve ledger export v1"

// Limits of what a reader takes, so that a hostile file cannot exhaust memory.
const (
	maxHeader = 64 << 10
	maxLine   = 512 << 10
)

// ExportWriter writes an export: the magic line, a signed checkpoint, an empty
// line, and then one line per entry from the first to the checkpoint's size:
//
//	hashes SP leaf SP kind SP actor SP subject SP body
//
// each in base64, or "-" for what is not shown: the leaf and its openings if the
// reader may not see the entry or if it is padding, single openings if they were
// erased. It buffers; Flush ends the export.
type ExportWriter struct {
	w    *bufio.Writer
	line []byte
}

// NewExportWriter writes the header.
func NewExportWriter(w io.Writer, checkpoint []byte) (*ExportWriter, error) {
	e := &ExportWriter{w: bufio.NewWriterSize(w, 1<<16)}
	e.line = append(append(append(e.line, exportMagic+"\n"...), checkpoint...), '\n')
	_, err := e.w.Write(e.line)
	return e, err
}

// Entry writes one line. hashes are the stored hashes; a nil leaf means that the
// entry is not shown, and then openings are not looked at.
func (e *ExportWriter) Entry(hashes, leaf []byte, openings *[Fields]Opening) error {
	b := base64.StdEncoding.AppendEncode(e.line[:0], hashes)
	b = append(b, ' ')
	if leaf == nil {
		b = append(b, "- - - - -\n"...)
	} else {
		b = base64.StdEncoding.AppendEncode(b, leaf)
		for _, o := range openings {
			b = append(b, ' ')
			if o == nil {
				b = append(b, '-')
			} else {
				b = base64.StdEncoding.AppendEncode(b, o)
			}
		}
		b = append(b, '\n')
	}
	e.line = b
	_, err := e.w.Write(b)
	return err
}

// Flush writes what is buffered.
func (e *ExportWriter) Flush() error { return e.w.Flush() }

// exportReader is an export as a [Source].
type exportReader struct {
	r    *bufio.Reader
	room int // length of the range read last, a good guess for the next
}

// openExport reads the header and returns the signed checkpoint in it.
func openExport(r io.Reader) (*exportReader, []byte, error) {
	e := &exportReader{r: bufio.NewReaderSize(r, 1<<16)}
	magic, err := e.line(nil, maxHeader)
	if err != nil || string(magic) != exportMagic+"\n" {
		return nil, nil, errors.New("this is not a ledger export: its first line is not " + exportMagic)
	}
	var signed []byte
	for blank := 0; ; {
		start := len(signed)
		if signed, err = e.line(signed, maxHeader); err != nil {
			return nil, nil, fmt.Errorf("the export's header is cut short or too long: %w", err)
		}
		if len(signed)-start > 1 {
			continue
		}
		if blank++; blank == 2 { // one within the note, one behind it
			return e, signed[:start], nil
		}
	}
}

var errTooLong = errors.New("line too long")

// line appends the next line with its newline to buf, which must stay within limit.
func (e *exportReader) line(buf []byte, limit int) ([]byte, error) {
	for {
		part, err := e.r.ReadSlice('\n')
		if len(buf)+len(part) > limit {
			return buf, errTooLong
		}
		buf = append(buf, part...)
		switch {
		case err == nil:
			return buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return buf, io.ErrUnexpectedEOF
		default:
			return buf, err
		}
	}
}

// Next reads the lines of a range and returns the function that parses them.
func (e *exportReader) Next(start, end int64) (Load, error) {
	text := make([]byte, 0, e.room+e.room/16)
	for seq := start; seq < end; seq++ {
		from := len(text)
		var err error
		if text, err = e.line(text, from+maxLine); err != nil {
			return nil, &Wrong{Seq: seq, What: fmt.Sprintf("the export ends or breaks here, %d entries were promised: %v", end, err)}
		}
	}
	e.room = len(text)
	return func(visit func(seq int64, row *Row) error) error { return parseLines(text, start, visit) }, nil
}

// end makes sure that nothing follows.
func (e *exportReader) end(size int64) error {
	_, err := e.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the end of the export: %w", err)
	}
	return &Wrong{Seq: size, What: "the export goes on behind the last entry of its checkpoint"}
}

// parseLines calls visit for each line. The row is valid during the call only.
func parseLines(text []byte, seq int64, visit func(int64, *Row) error) error {
	var row Row
	scratch := make([]byte, 0, 4096)
	for ; len(text) > 0; seq++ {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		var err error
		if scratch, err = parseLine(line, &row, scratch[:0]); err != nil {
			return &Wrong{Seq: seq, What: err.Error()}
		}
		if err := visit(seq, &row); err != nil {
			return err
		}
	}
	return nil
}

// parseLine decodes one line into row; the bytes live in scratch, which is returned.
func parseLine(line []byte, row *Row, scratch []byte) ([]byte, error) {
	var fields [2 + Fields][]byte
	if bytes.Count(line, []byte{' '}) != len(fields)-1 {
		return scratch, fmt.Errorf("the line has not %d fields separated by single spaces", len(fields))
	}
	// All fields together are shorter than the line: room is made once, so that
	// no field moves another.
	if cap(scratch) < len(line) {
		scratch = make([]byte, 0, 2*len(line))
	}
	for i := range fields {
		text, rest, _ := bytes.Cut(line, []byte{' '})
		line = rest
		if len(text) == 1 && text[0] == '-' {
			continue
		}
		from := len(scratch)
		// Decoding skips line ends, but a line has none, except for a carriage return.
		if bytes.IndexByte(text, '\r') >= 0 {
			return scratch, errors.New("the line holds a carriage return")
		}
		out, err := strict().AppendDecode(scratch, text)
		if err != nil {
			return scratch, fmt.Errorf("field %d is not base64", i+1)
		}
		scratch = out
		fields[i] = scratch[from:len(scratch):len(scratch)]
	}
	return scratch, fillRow(row, &fields)
}

func fillRow(row *Row, fields *[2 + Fields][]byte) error {
	*row = Row{Hashes: fields[0], Leaf: fields[1]}
	for f, o := range fields[2:] {
		switch {
		case o == nil:
		case row.Leaf == nil:
			return errors.New("an opening stands on a line without a leaf")
		case len(o) < SaltSize:
			return fmt.Errorf("the opening of the %s is shorter than a salt", Field(f))
		default:
			row.Salts[f], row.Values[f] = o[:SaltSize], o[SaltSize:]
		}
	}
	return nil
}
