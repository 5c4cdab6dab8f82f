// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"regexp"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// MayWrite is how the module that keeps an item says whether the actor of ctx may
// write into a thread of it beside the general discussion: nil if they may. The
// actor sees the item; of a thread that is not there it returns [NoThread].
type MayWrite = func(ctx context.Context, r store.Reader, id, thread string) error

// CodeNoThread is the code of a fault about a thread that is not there.
const CodeNoThread = "content.no_thread"

// MaxThread is the longest name of a thread, in bytes.
const MaxThread = 64

var threadName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// NoThread is the answer to writing into a thread that an item does not have.
func NoThread() error {
	return fault.New(fault.NotFound, CodeNoThread, "There is no such thread here. Write into the general discussion.")
}

// checkThread refuses what cannot be the name of a thread. "" is the general one.
func checkThread(thread string) error {
	if thread != "" && (len(thread) > MaxThread || !threadName.MatchString(thread)) {
		return NoThread()
	}
	return nil
}

// mayWriteInto asks the module that keeps the item about a thread of it. Whoever
// may not see the item learns nothing of its threads.
func (s *Service) mayWriteInto(ctx context.Context, tx *ledger.Tx, item, thread string) error {
	if thread == "" {
		return nil
	}
	if _, err := s.check(ctx, tx, ActionComment, item); err != nil {
		return err
	}
	if err := checkThread(thread); err != nil {
		return err
	}
	kind, id, _ := strings.Cut(item, ":")
	mayWrite := s.threads[kind]
	if mayWrite == nil {
		return NoThread()
	}
	return mayWrite(ctx, tx, id, thread)
}

// mayEditIn asks the module that keeps the item whether what was written into a
// thread of it may still change.
func (s *Service) mayEditIn(ctx context.Context, tx *ledger.Tx, c Comment) error {
	kind, id, _ := strings.Cut(c.Item, ":")
	mayEdit := s.edits[kind]
	if c.Thread == "" || mayEdit == nil {
		return nil
	}
	return mayEdit(ctx, tx, id, c.Thread)
}

// MostInThreads is how many comments [Service.ThreadsIn] returns at most.
const MostInThreads = 2000

// ThreadsIn returns the comments of several threads of one item by thread, the
// oldest first, with one statement: for a page that loads within a read of its own.
// Of more than [MostInThreads] it returns the oldest; [Service.Comments] has the
// rest. A thread without comments is absent.
func (s *Service) ThreadsIn(ctx context.Context, r store.Reader, item string, threads []string) (map[string][]Comment, error) {
	if _, err := s.check(ctx, r, ActionRead, item); err != nil {
		return nil, err
	}
	return comments.GroupBy(ctx, r, "thread", threads, "AND c.item = $1 ORDER BY c.posted_at, c.id LIMIT $2", item, MostInThreads)
}
