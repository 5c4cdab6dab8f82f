// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// journalFile is the name of the erasure journal in the data directory.
const journalFile = "erasures.jsonl"

// The first line of the journal.
const journalHead = `{"format":"portreeve-erasures","version":1}` + "\n"

// erasure is one line of the journal. It names what was erased, so that nothing
// else can be meant, and says nothing about it.
type erasure struct {
	What  string    `json:"what"`            // one of the constants below
	ID    string    `json:"id,omitempty"`    // of a comment, an attachment or a person
	Entry int64     `json:"entry,omitempty"` // number of a ledger entry
	Field string    `json:"field,omitempty"` // of the entry
	Leaf  string    `json:"leaf,omitempty"`  // hash of the entry's leaf, hexadecimal
	At    time.Time `json:"at,omitzero"`
}

const (
	whatEntry      = "entry"
	whatComment    = "comment"
	whatAttachment = "attachment"
	whatPerson     = "person"
)

// same returns what identifies an erasure: all but its time.
func (e erasure) same() erasure {
	e.At = time.Time{}
	return e
}

// check refuses a line that names nothing.
func (e erasure) check() error {
	switch e.What {
	case whatEntry:
		if e.Field != "" && len(e.Leaf) == 64 && e.Entry >= 0 {
			return nil
		}
	case whatComment, whatAttachment, whatPerson:
		if e.ID != "" {
			return nil
		}
	}
	return fmt.Errorf("it names nothing that could be erased")
}

// journal is the list of all erasures, in a file that only grows. It lies beside
// the keys and not in the database, because it must not be lost or go back with
// the database: a backup from before an erasure would bring back what was erased.
// It is safe for concurrent use.
type journal struct {
	path string

	mu    sync.Mutex
	size  int64 // of the whole lines
	known map[erasure]bool
	order []erasure
}

// openJournal reads the journal; an absent file is an empty one. A last line
// that broke off when the machine stopped is dropped: its erasure is in the
// database, from which it is added again. Any other damage is a fault.
func openJournal(path string) (*journal, error) {
	j := &journal{path: path, known: map[erasure]bool{}}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the erasure journal: %w", err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	j.size = int64(len(whole))
	reader := bufio.NewReader(bytes.NewReader(whole))
	for n := 1; ; n++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j, nil
		}
		if n == 1 && string(line) == journalHead {
			continue
		}
		var e erasure
		if err := errors.Join(json.Unmarshal(line, &e), e.check()); err != nil || n == 1 {
			return nil, fault.New(fault.Invalid, "journal.damaged",
				"The erasure journal %s is damaged in line %d. Put back your copy of it, or remove that line if you know what it said.", path, n).Because(err)
		}
		j.remember(e)
	}
}

func (j *journal) remember(e erasure) {
	if !j.known[e.same()] {
		j.known[e.same()] = true
		j.order = append(j.order, e)
	}
}

// add appends those of the list that are new and forces them to disk.
func (j *journal) add(list []erasure) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var fresh []erasure
	for _, e := range list {
		if !j.known[e.same()] {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 && j.size > 0 {
		return nil
	}
	if err := j.write(fresh); err != nil {
		return fmt.Errorf("add to the erasure journal: %w", err)
	}
	for _, e := range fresh {
		j.remember(e)
	}
	return nil
}

// write puts the fresh lines behind the last whole one, over what may have broken
// off there. A file that has shrunk or gone is written anew.
func (j *journal) write(fresh []erasure) error {
	if info, err := os.Stat(j.path); j.size == 0 || err != nil || info.Size() < j.size {
		text, err := lines(journalHead, append(slices.Clone(j.order), fresh...))
		if err != nil {
			return err
		}
		if err := durable.Replace(j.path, text, 0o600); err != nil {
			return err
		}
		j.size = int64(len(text))
		return nil
	}
	text, err := lines("", fresh)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = f.Truncate(j.size)
	if err == nil {
		_, err = f.WriteAt(text, j.size)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	j.size += int64(len(text))
	return nil
}

// lines writes erasures as lines behind head.
func lines(head string, list []erasure) ([]byte, error) {
	text := []byte(head)
	for _, e := range list {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		text = append(append(text, line...), '\n')
	}
	return text, nil
}

// without returns the erasures of the journal that the list does not have.
func (j *journal) without(list []erasure) []erasure {
	j.mu.Lock()
	defer j.mu.Unlock()
	have := make(map[erasure]bool, len(list))
	for _, e := range list {
		have[e.same()] = true
	}
	var missing []erasure
	for _, e := range j.order {
		if !have[e.same()] {
			missing = append(missing, e)
		}
	}
	return missing
}
