// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// KeyCmd prints the log's verifier keys.
type KeyCmd struct {
	Out   string `short:"o" help:"Write them to this file instead of printing them." placeholder:"FILE"`
	Force bool   `help:"Replace the file if it exists."`
}

// Run prints or writes the keys in note format, one per line.
func (c *KeyCmd) Run(s *client.Session) error {
	keys, err := fetch(s, "/key")
	if err != nil {
		return err
	}
	if _, err := format.ParseKeys(keys); err != nil {
		return wrong("the server's keys: %v", err)
	}
	return s.Write(c.Out, c.Force, text(keys))
}

// text gives a text to what writes it.
func text(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// CheckpointCmd prints the latest public checkpoint, or compares it with one
// that the reader holds.
type CheckpointCmd struct {
	Out   string `short:"o" help:"Write it to this file instead of printing it: a copy in your hands is what makes the log accountable." placeholder:"FILE"`
	Force bool   `help:"Replace the file if it exists."`
	Head  bool   `help:"The log as it is now, instead of the latest public checkpoint."`
	Since string `help:"Check that the log still begins with what this earlier checkpoint covers." placeholder:"FILE" type:"path"`
	Key   string `help:"Verify with the keys in this file instead of those that the server gives out." placeholder:"KEYFILE" type:"path"`
}

// Run verifies the checkpoint's signature, and with --since the proof that the
// log only grew, and prints the checkpoint.
func (c *CheckpointCmd) Run(s *client.Session) error {
	keys, _, err := trusted(s, c.Key)
	if err != nil {
		return err
	}
	path := "/checkpoint"
	if c.Head {
		path = "/head"
	}
	note, latest, err := signed(s, keys, path)
	if err != nil {
		return err
	}
	if c.Since != "" {
		if err := c.compare(s, keys, latest); err != nil {
			return err
		}
	}
	return s.Write(c.Out, c.Force, text(note))
}

// signed fetches a checkpoint and verifies its signature.
func signed(s *client.Session, keys format.Keys, path string) ([]byte, format.Checkpoint, error) {
	note, err := fetch(s, path)
	if err != nil {
		return nil, format.Checkpoint{}, err
	}
	checkpoint, err := format.OpenCheckpoint(note, keys, originOf(string(note)))
	if err != nil {
		return nil, checkpoint, wrong("%v", err)
	}
	return note, checkpoint, nil
}

// compare checks the consistency proof between the checkpoint that is held and
// the server's. What is held may have been a head: between two public
// checkpoints it is the newer one, so it is then compared with the head.
func (c *CheckpointCmd) compare(s *client.Session, keys format.Keys, latest format.Checkpoint) error {
	kept, err := os.ReadFile(c.Since)
	if err != nil {
		return unreadable("checkpoint", c.Since, err)
	}
	held, err := format.OpenCheckpoint(kept, keys, latest.Origin)
	if err != nil {
		return wrong("%s: %v", c.Since, err)
	}
	if held.Size > latest.Size && !c.Head {
		_, latest, err = signed(s, keys, "/head")
		if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthenticated) {
			return fault.New(fault.Conflict, "ledger.newer", "The checkpoint in %s covers %d entries and is newer than the latest public one. Compare it after the next public checkpoint, or with the token of an insider, who may see the log as it is now.", c.Since, held.Size).Because(err)
		}
		if err != nil {
			return err
		}
	}
	if held.Size > latest.Size {
		return wrong("the log has %d entries, but %d were signed before: entries were removed, or an old copy was put in place", latest.Size, held.Size)
	}
	proof := Consistency{From: held.Size, To: latest.Size}
	if held.Size > 0 {
		between := url.Values{"from": {fmt.Sprint(held.Size)}, "to": {fmt.Sprint(latest.Size)}}
		if proof, err = client.Get[Consistency](s, "/ledger/consistency", between); err != nil {
			return err
		}
	}
	if err := proof.Verify(held, latest); err != nil {
		return wrong("%v", err)
	}
	if _, err := s.Stderr.Write([]byte("consistent: the log only grew since that checkpoint\n")); err != nil {
		return err
	}
	return nil
}

// EraseCmd erases fields of an entry.
type EraseCmd struct {
	Seq    int64    `arg:"" help:"The entry's number, counted from zero."`
	Field  []string `required:"" help:"What to erase: kind, actor, subject or body. May be given several times." placeholder:"FIELD"`
	Reason string   `required:"" help:"Why; it is recorded in the log." placeholder:"TEXT"`
	JSON   bool     `help:"Print the result as JSON." name:"json"`
}

// Run erases the fields for good and says which entry records it.
func (c *EraseCmd) Run(s *client.Session) error {
	for _, name := range c.Field {
		if _, ok := format.ParseField(name); !ok {
			return fault.New(fault.Usage, "ledger.field", "%q is no field of an entry; --field is one of kind, actor, subject, body.", name)
		}
	}
	if c.Seq < 0 {
		return fault.New(fault.Usage, "ledger.seq", "The number of an entry is 0 or larger.")
	}
	done, err := client.Send[Erased](s, http.MethodPost, entryPath(c.Seq)+"/erasures", 0, ErasureOrder{Fields: c.Field, Reason: c.Reason})
	return client.Show(s, done, err, c.JSON, func(s *client.Session, done Erased) error {
		s.Printf("erased %d of entry %d, recorded as entry %d\n", len(done.Fields), c.Seq, done.RecordedAs)
		return nil
	})
}

// CosignCmd hands in a cosigned checkpoint.
type CosignCmd struct {
	File string `arg:"" help:"The public checkpoint with the witness's signature line below." type:"path"`
}

// Run sends the note.
func (c *CosignCmd) Run(s *client.Session) error {
	note, err := os.ReadFile(c.File)
	if err != nil {
		return unreadable("checkpoint", c.File, err)
	}
	done, err := client.Send[Cosigned](s, http.MethodPost, "/ledger/checkpoints/cosignatures", 0, CosignedNote{Note: string(note)})
	if err != nil {
		return err
	}
	s.Printf("accepted: %d cosignatures\n", done.Accepted)
	return nil
}
