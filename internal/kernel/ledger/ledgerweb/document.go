// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Summary is an entry in a list: what its reader may see of it.
type Summary struct {
	Seq        int64     `json:"seq" doc:"position in the log, counted from zero"`
	Time       time.Time `json:"time"`
	Kind       string    `json:"kind" doc:"what was decided; empty if erased" example:"risk.acceptance.granted"`
	Actor      string    `json:"actor" doc:"who decided; empty if erased" example:"person:q3zk7gq2m5xw4tna"`
	Subject    string    `json:"subject" doc:"what it is about; empty if erased" example:"flow:property-suggester-ab-test"`
	Item       string    `json:"item,omitempty" doc:"whose visibility governs who may read the entry; empty if there is none"`
	Visibility string    `json:"visibility" enum:"public,internal,restricted"`
	// ActorName and SubjectTitle are not committed to: they are what is known today.
	ActorName    string   `json:"actor_name,omitempty" doc:"who the actor is, if you may know" example:"Olga Owner"`
	SubjectTitle string   `json:"subject_title,omitempty" doc:"what the subject is called, if you may know"`
	Erased       []string `json:"erased,omitempty" enum:"kind,actor,subject,body" doc:"the fields that were erased"`
}

// Opening is what a commitment hides.
type Opening struct {
	Salt  string `json:"salt" doc:"32 bytes in base64"`
	Value string `json:"value" doc:"the text that was committed to"`
}

// Openings are the openings of an entry; one that was erased is absent. The
// value of subject is the subject, a line end, and the item.
type Openings struct {
	Kind    *Opening `json:"kind,omitempty"`
	Actor   *Opening `json:"actor,omitempty"`
	Subject *Opening `json:"subject,omitempty"`
	Body    *Opening `json:"body,omitempty"`
}

// Field returns the opening of a field, or nil.
func (o *Openings) Field(f format.Field) *Opening { return *o.slot(f) }

func (o *Openings) slot(f format.Field) **Opening {
	switch f {
	case format.Kind:
		return &o.Kind
	case format.Actor:
		return &o.Actor
	case format.Subject:
		return &o.Subject
	default:
		return &o.Body
	}
}

// Document is an entry with all that is needed to verify it offline.
type Document struct {
	Summary
	Leaf       string   `json:"leaf" doc:"the entry's leaf in base64"`
	LeafHash   string   `json:"leaf_hash" doc:"its hash in the tree, in base64"`
	Openings   Openings `json:"openings"`
	Proof      []string `json:"proof" nullable:"false" doc:"inclusion proof (RFC 9162, 2.1.3) in the checkpoint's tree, hashes in base64"`
	Checkpoint string   `json:"checkpoint" doc:"signed checkpoint, a note as of https://c2sp.org/tlog-checkpoint"`
}

// Verify recomputes the commitments of what is open, the leaf hash and the
// inclusion proof, and checks the checkpoint's signature by one of keys. An
// empty origin means the name of the first key. The error says what is wrong.
func (d *Document) Verify(keys format.Keys, origin string) (format.Checkpoint, error) {
	leaf, err := d.verifyLeaf()
	if err != nil {
		return format.Checkpoint{}, err
	}
	c, err := format.OpenCheckpoint([]byte(d.Checkpoint), keys, origin)
	if err != nil {
		return format.Checkpoint{}, err
	}
	proof, err := parseHashes(d.Proof)
	if err != nil {
		return format.Checkpoint{}, fmt.Errorf("inclusion proof: %w", err)
	}
	if d.Seq < 0 || d.Seq >= c.Size {
		return format.Checkpoint{}, fmt.Errorf("the checkpoint has %d entries, so it does not cover entry %d", c.Size, d.Seq)
	}
	if err := tlog.CheckRecord(proof, c.Size, c.Root, d.Seq, leaf.Hash()); err != nil {
		return format.Checkpoint{}, errors.New("the inclusion proof does not lead from the leaf to the checkpoint's root")
	}
	return c, nil
}

// verifyLeaf checks the openings and the summary against the leaf.
func (d *Document) verifyLeaf() (format.Leaf, error) {
	data, err := base64.StdEncoding.DecodeString(d.Leaf)
	if err != nil {
		return format.Leaf{}, errors.New("the leaf is not base64")
	}
	leaf, err := format.ParseLeaf(data)
	if err != nil {
		return leaf, err
	}
	if !leaf.Time().Equal(d.Time) {
		return leaf, errors.New("the time shown is not that of the leaf")
	}
	shown := [format.Fields]string{d.Kind, d.Actor, d.Subject + "\n" + d.Item, ""}
	for f := format.Kind; f < format.Fields; f++ {
		o := d.Openings.Field(f)
		if o == nil {
			continue
		}
		salt, err := base64.StdEncoding.DecodeString(o.Salt)
		if err != nil || len(salt) != format.SaltSize {
			return leaf, fmt.Errorf("the salt of the %s is not %d bytes in base64", f, format.SaltSize)
		}
		sum := format.Commit(f, salt, o.Value)
		if string(sum[:]) != string(leaf.Commitment(f)) {
			return leaf, fmt.Errorf("the %s does not match the commitment in the leaf", f)
		}
		if f != format.Body && shown[f] != o.Value {
			return leaf, fmt.Errorf("the %s shown is not the one that was committed to", f)
		}
	}
	return leaf, nil
}

func parseHashes(list []string) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(list))
	for i, text := range list {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return nil, fmt.Errorf("hash %d is not 32 bytes in base64", i)
		}
		all[i] = h
	}
	return all, nil
}

func hashTexts(list []tlog.Hash) []string {
	all := make([]string, len(list))
	for i, h := range list {
		all[i] = h.String()
	}
	return all
}

// Inclusion proves that an entry is in the tree of a size.
type Inclusion struct {
	Seq      int64    `json:"seq"`
	Size     int64    `json:"size"`
	LeafHash string   `json:"leaf_hash" doc:"base64"`
	Proof    []string `json:"proof" nullable:"false" doc:"hashes in base64, from the leaf up"`
	// Checkpoint is that of the size.
	Checkpoint string `json:"checkpoint" doc:"signed checkpoint of that size"`
}

// Consistency proves that the tree of one size begins with that of another.
type Consistency struct {
	From  int64    `json:"from"`
	To    int64    `json:"to"`
	Proof []string `json:"proof" nullable:"false" doc:"hashes in base64 (RFC 9162, 2.1.4)"`
}

// Verify checks the proof between two checkpoints of the log.
func (c *Consistency) Verify(from, to format.Checkpoint) error {
	if c.From != from.Size || c.To != to.Size {
		return fmt.Errorf("the proof is between %d and %d entries, not %d and %d", c.From, c.To, from.Size, to.Size)
	}
	if from.Size == 0 {
		return nil
	}
	proof, err := parseHashes(c.Proof)
	if err != nil {
		return fmt.Errorf("consistency proof: %w", err)
	}
	if tlog.CheckTree(proof, to.Size, to.Root, from.Size, from.Root) != nil {
		return fmt.Errorf("the log of %d entries does not begin with the %d entries of the earlier checkpoint", to.Size, from.Size)
	}
	return nil
}

// PublicCheckpoint is a public checkpoint with what is said about it.
type PublicCheckpoint struct {
	Size      int64     `json:"size" doc:"entries and padding; it tells nobody how much was decided"`
	Root      string    `json:"root" doc:"base64"`
	Period    time.Time `json:"period" doc:"the boundary that it stands for"`
	Note      string    `json:"note" doc:"the signed note, with the lines of its witnesses"`
	Witnesses []string  `json:"witnesses" nullable:"false" doc:"names of the witnesses that cosigned it"`
}
