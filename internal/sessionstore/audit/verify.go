// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// ErrTorn says that everything in a log is as it was written but for its last line,
// which is cut short: a crash does that, and somebody who shortens the file.
var ErrTorn = errors.New("audit: the last record is cut short")

// Anchor is a record by its number and the SHA-256 of its line. The zero Anchor is
// that of an empty log.
type Anchor struct {
	N    int64  `json:"n"`
	Hash string `json:"hash"`
}

// next is the Prev of the record after the one that is anchored.
func (a Anchor) next() string {
	if a.N == 0 {
		return digest([]byte(Header))
	}
	return a.Hash
}

// Report is what was verified.
type Report struct {
	Records     int64     `json:"records"`
	Head        Anchor    `json:"head"`
	First, Last time.Time `json:"-"`
	size        int64     // of the good records, in bytes
}

type tornError struct{ rest []byte }

func (e *tornError) Error() string {
	return fmt.Sprintf("%s: %d bytes without an end", ErrTorn, len(e.rest))
}
func (e *tornError) Is(target error) bool { return target == ErrTorn }

// Verify reads a log and checks every record and that none is missing between them.
// Each of the anchors must be a record of it; one of them past its end is how records
// that were cut off are found. The error names the first record that is wrong; of a
// log that is torn (ErrTorn) the report holds for everything before.
func Verify(log io.Reader, keys format.Keys, anchors ...Anchor) (Report, error) {
	report, err := verify(log, keys, anchors...)
	if err == nil && report.Records == 0 {
		return report, errors.New("the log is empty: not even its beginning is there")
	}
	return report, err
}

func verify(log io.Reader, keys format.Keys, anchors ...Anchor) (report Report, err error) {
	r := bufio.NewReaderSize(log, maxLine+1)
	want := map[int64]string{}
	for _, a := range anchors {
		if before, there := want[a.N]; there && before != a.Hash {
			return report, fmt.Errorf("two receipts name record %d by two hashes: the log was forked", a.N)
		}
		if a.N > 0 {
			want[a.N] = a.Hash
		}
	}
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				return report, &tornError{rest: bytes.Clone(line)}
			}
			break
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return report, wrong(report, "its line is longer than records are")
		}
		if err != nil {
			return report, fmt.Errorf("read the audit log: %w", err)
		}
		if err := report.take(line[:len(line)-1], keys, want); err != nil {
			return report, err
		}
	}
	for n := range want {
		return report, fmt.Errorf("record %d is not in the log, which ends with record %d: the end was cut off", n, report.Records)
	}
	return report, nil
}

// take checks the next line and counts it.
func (r *Report) take(line []byte, keys format.Keys, want map[int64]string) error {
	record, err := parse(line, keys)
	if err != nil {
		return wrong(*r, err.Error())
	}
	if record.N != r.Records+1 || record.Prev != r.Head.next() {
		return wrong(*r, "it is not the one that follows the record before it")
	}
	hash := digest(line)
	if anchored, there := want[record.N]; there && anchored != hash {
		return wrong(*r, "it is another one than was named when it was written")
	}
	delete(want, record.N)
	if r.Records == 0 {
		r.First = record.At
	}
	r.Records, r.Last, r.Head = record.N, record.At, Anchor{N: record.N, Hash: hash}
	r.size += int64(len(line)) + 1
	return nil
}

func wrong(r Report, what string) error {
	return fmt.Errorf("record %d: %s", r.Records+1, what)
}
