// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Log is the log of one process, open for appending. It is safe for use by many
// goroutines.
type Log struct {
	path   string
	signer *format.Signer
	now    func() time.Time

	mu     sync.Mutex
	file   *os.File
	size   int64
	head   Anchor
	broken error
}

// self is who records what the log does by itself.
const self = "sessiond"

// Open opens a log for this process alone, or begins one. It verifies every record
// first, against all keys of the signer, those that only verify included: a log that
// was changed is the Invalid fault "audit.damaged" and is left as it is. A last line
// that a crash cut short is taken away, and a record says so.
func Open(path string, signer *format.Signer, now func() time.Time) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	l := &Log{path: path, signer: signer, now: now, file: f}
	if err := l.begin(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *Log) begin() error {
	err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fault.New(fault.Conflict, "audit.in_use", "Another process writes the audit log %s. Give each its own.", l.path)
	}
	if err != nil {
		return fmt.Errorf("lock the audit log: %w", err)
	}
	keys, err := l.signer.Keys()
	if err != nil {
		return fmt.Errorf("keys of the audit log: %w", err)
	}
	report, err := verify(l.file, keys)
	var torn *tornError
	switch {
	case errors.As(err, &torn):
		return l.mend(report, torn, keys)
	case err != nil:
		return fault.New(fault.Invalid, "audit.damaged", "The audit log %s is not as it was written: %s. Keep it as evidence, and let the service begin another one.", l.path, err)
	}
	l.size, l.head = report.size, report.Head
	if l.head.N == 0 {
		return l.start()
	}
	return nil
}

// start writes the first record of a log, and makes its file safe.
func (l *Log) start() error {
	if err := l.append(self, "log.begin", nil); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(l.path))
	if err != nil {
		return fmt.Errorf("begin the audit log: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// mend takes the torn end away, of which nobody was told that it was recorded. If it
// lacks nothing but its newline it stays: to cut it off would remove an act.
func (l *Log) mend(good Report, torn *tornError, keys format.Keys) error {
	l.size, l.head = good.size, good.Head
	if err := good.take(torn.rest, keys, nil); err == nil {
		if _, err := l.file.WriteString("\n"); err != nil {
			return fmt.Errorf("mend the audit log: %w", err)
		}
		l.size, l.head = good.size, good.Head
		return nil
	}
	if err := l.file.Truncate(l.size); err != nil {
		return fmt.Errorf("mend the audit log: %w", err)
	}
	if l.head.N == 0 {
		return l.start()
	}
	return l.append(self, "log.torn", map[string]string{"bytes": strconv.Itoa(len(torn.rest)), "sha256": digest(torn.rest)})
}

// Record appends an act: by whom, what, about what. It returns when it is on disk.
// Owners and sessions are named by keyed hashes: anything else under "owner",
// "session", "handle", "id" or "key" is an Invalid fault. After an error the act must
// not be carried out, or not be called done.
func (l *Log) Record(ctx context.Context, by, act string, about map[string]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := check(by, act, about); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.append(by, act, about)
}

// append writes one record; the caller holds mu or is alone.
func (l *Log) append(by, act string, about map[string]string) error {
	if err := l.untouched(); err != nil {
		return err
	}
	at := l.now().UTC().Truncate(time.Microsecond)
	line, err := Record{N: l.head.N + 1, At: at, By: by, Act: act, About: about, Prev: l.head.next()}.line(l.signer)
	if err != nil {
		return err
	}
	_, err = l.file.Write(append(line, '\n'))
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return l.undo(err)
	}
	l.size += int64(len(line)) + 1
	l.head = Anchor{N: l.head.N + 1, Hash: digest(line)}
	return nil
}

// undo takes a record away that could not be written whole. If that fails, or the
// disk did not keep what it had, the log takes no more until it was opened again.
func (l *Log) undo(cause error) error {
	err := errors.Join(l.file.Truncate(l.size), l.file.Sync())
	if err != nil {
		l.broken = err
	}
	return away(cause)
}

// untouched refuses to write after somebody else's hand: to a file that was moved
// away, as a rotation of logs does it, or that is not as long as it was left.
func (l *Log) untouched() error {
	if l.broken != nil {
		return away(l.broken)
	}
	mine, err := l.file.Stat()
	if err != nil {
		return away(err)
	}
	there, err := os.Stat(l.path)
	if err != nil || !os.SameFile(mine, there) || mine.Size() != l.size {
		return fault.New(fault.Unavailable, "audit.moved", "The audit log %s was moved or changed while it was written. Put it back, or start the service again with another one.", l.path)
	}
	return nil
}

func away(err error) error {
	return fault.New(fault.Unavailable, "audit.unavailable", "The audit log cannot be written, and nothing is done that it would have to say. Look at its disk.").Because(err)
}

// Head returns the newest record's number and hash, to be kept where the file's owner
// cannot change it.
func (l *Log) Head() Anchor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Keys returns the public keys of the log, one to a line in note format.
func (l *Log) Keys() string { return l.signer.Verifiers() }

// Write copies the log as it is now to w.
func (l *Log) Write(w io.Writer) error {
	l.mu.Lock()
	size := l.size
	l.mu.Unlock()
	b := bufio.NewReader(io.NewSectionReader(l.file, 0, size))
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("copy the audit log: %w", err)
	}
	return nil
}

// Close gives the file up.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = os.ErrClosed
	}
	return l.file.Close()
}
