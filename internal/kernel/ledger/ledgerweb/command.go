// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Commands are the verbs of `portreeve ledger`. Make them with [NewCommands].
type Commands struct {
	List       ListCmd       `cmd:"" help:"List entries, the latest first."`
	Show       ShowCmd       `cmd:"" help:"Show an entry, and verify its proof here."`
	Verify     VerifyCmd     `cmd:"" help:"Verify a whole log: a data directory, a configured database, or an export."`
	Export     ExportCmd     `cmd:"" help:"Write the log to a file that anyone can verify offline."`
	Checkpoint CheckpointCmd `cmd:"" help:"Print the latest public checkpoint, or check that the log only grew since one that you hold."`
	Key        KeyCmd        `cmd:"" help:"Print the log's verifier keys."`
	Erase      EraseCmd      `cmd:"" help:"Erase what an entry's commitments hide; the log still verifies."`
	Cosign     CosignCmd     `cmd:"" help:"Hand in a public checkpoint that a witness has signed."`
}

// NewCommands returns the commands. open opens the database that a configuration
// file names; nil means that `ledger verify --config` is refused.
func NewCommands(open OpenConfig) *Commands {
	return &Commands{Verify: VerifyCmd{open: open}}
}

// ListCmd lists entries.
type ListCmd struct {
	Kind    string `help:"Only this kind, such as risk.acceptance.granted." placeholder:"KIND" query:"kind"`
	Subject string `help:"Only what is about this subject, such as flow:NAME." placeholder:"SUBJECT" query:"subject"`
	Actor   string `help:"Only what this actor decided, such as person:ID." placeholder:"ACTOR" query:"actor"`
	Item    string `help:"Only what belongs to this item, such as risk:ID." placeholder:"ITEM" query:"item"`
	client.Paging
	client.JSONFlag
}

// Run lists the entries as a table, or as the API's JSON.
func (c *ListCmd) Run(s *client.Session) error {
	return client.List(s, "/ledger/entries", c, c.JSON, []string{"SEQ", "TIME", "KIND", "ACTOR", "SUBJECT"}, func(e Summary) []string {
		return []string{fmt.Sprint(e.Seq), e.Time.Format(time.RFC3339), open(e.Kind), open(cmp.Or(e.ActorName, e.Actor)), open(subjectText(e))}
	})
}

// subjectText shows a subject as commands take it, and people by their names.
func subjectText(e Summary) string {
	if strings.HasPrefix(e.Subject, "person:") || strings.HasPrefix(e.Subject, "service:") {
		return cmp.Or(e.SubjectTitle, e.Subject)
	}
	return e.Subject
}

// bracketed is what is put behind a reference that has a name.
func bracketed(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

// open shows an erased field.
func open(value string) string {
	if value == "" {
		return "(erased)"
	}
	return value
}

// ShowCmd shows one entry.
type ShowCmd struct {
	Seq  int64  `arg:"" help:"The entry's number, counted from zero."`
	Key  string `help:"Verify with the keys in this file instead of those that the server gives out." placeholder:"KEYFILE" type:"path"`
	JSON bool   `help:"Print the entry with its proof as JSON." name:"json"`
}

// Run shows the entry if its proof holds, and otherwise says what is wrong and
// exits 1.
func (c *ShowCmd) Run(s *client.Session) error {
	if c.Seq < 0 {
		return fault.New(fault.Usage, "ledger.seq", "The number of an entry is 0 or larger.")
	}
	keys, whose, err := trusted(s, c.Key)
	if err != nil {
		return err
	}
	d, err := client.Get[Document](s, entryPath(c.Seq), nil)
	if err != nil {
		return err
	}
	checkpoint, err := d.Verify(keys, originOf(d.Checkpoint))
	if err != nil {
		return wrong("entry %d: %v", c.Seq, err)
	}
	if d.Seq != c.Seq {
		return wrong("the server answered with entry %d instead of %d", d.Seq, c.Seq)
	}
	if c.JSON {
		return s.PrintJSON(d)
	}
	if err := printEntry(s, &d); err != nil {
		return err
	}
	s.Printf("\nverified: in the log of %d entries with the root %s,\nsigned by %s (%s)\n", checkpoint.Size, checkpoint.Root, checkpoint.Origin, whose)
	return nil
}

func printEntry(s *client.Session, d *Document) error {
	body := ""
	if d.Openings.Body != nil {
		body = d.Openings.Body.Value
	}
	return s.Facts([][2]string{
		{"entry", fmt.Sprint(d.Seq)}, {"time", d.Time.Format(time.RFC3339Nano)}, {"kind", open(d.Kind)}, {"actor", open(d.Actor) + bracketed(d.ActorName)},
		{"subject", open(d.Subject) + bracketed(d.SubjectTitle)}, {"item", d.Item}, {"visibility", d.Visibility}, {"body", open(body)}, {"leaf hash", d.LeafHash},
	})
}

// fetch returns a text of the ledger, such as its keys, as it is.
func fetch(s *client.Session, path string) ([]byte, error) {
	var text bytes.Buffer
	err := s.Download("/ledger"+path, &text)
	return text.Bytes(), err
}

func entryPath(seq int64) string { return client.Path("ledger", "entries", fmt.Sprint(seq)) }

// trusted returns the keys to verify with, and whose they are.
func trusted(s *client.Session, file string) (format.Keys, string, error) {
	if file != "" {
		keys, err := readKeys(file)
		return keys, "the key of " + file, err
	}
	text, err := fetch(s, "/key")
	if err != nil {
		return format.Keys{}, "", err
	}
	keys, err := format.ParseKeys(text)
	if err != nil {
		return keys, "", wrong("the server's keys: %v", err)
	}
	return keys, "a key that the server itself gave; --key uses one that you hold", nil
}

// originOf returns the first line of a note. A reader who has only a key takes
// the origin as it stands there: the signature covers it.
func originOf(note string) string {
	origin, _, _ := strings.Cut(note, "\n")
	return origin
}

// wrong is the answer where something does not verify: exit 1.
func wrong(what string, args ...any) error {
	return fault.New(fault.Invalid, "ledger.wrong", "WRONG: "+what, args...)
}

func readKeys(file string) (format.Keys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return format.Keys{}, unreadable("key file", file, err)
	}
	keys, err := format.ParseKeys(text)
	if err != nil {
		return keys, fault.New(fault.Usage, "ledger.key_file", "The file %s holds no verifier key in note format (name+hash+key, as `portreeve ledger key` prints it): %v.", file, err)
	}
	return keys, nil
}

func unreadable(what, file string, err error) error {
	return fault.New(fault.Usage, "ledger.file", "The %s %s cannot be read; check its path and permissions.", what, file).Because(err)
}

// ExportCmd writes an export.
type ExportCmd struct {
	Out   string `required:"" short:"o" help:"The file to write; - means standard output." placeholder:"FILE"`
	Force bool   `help:"Replace the file if it exists."`
	JSON  bool   `help:"Say what was written as JSON." name:"json"`
}

// exported is what `ledger export --json` prints.
type exported struct {
	File       string `json:"file"`
	Size       int64  `json:"size"`
	Root       string `json:"root"`
	Checkpoint string `json:"checkpoint"`
}

// Run writes the export. A file is written whole or not at all.
func (c *ExportCmd) Run(s *client.Session) error {
	if c.Out == "-" && c.JSON {
		return fault.New(fault.Usage, "ledger.out", "--json and --out - both write to standard output; use one of them.")
	}
	head := &prefix{limit: 64 << 10}
	if c.Out == "-" {
		return s.Download("/ledger/export", s.Stdout)
	}
	err := client.WriteFile(c.Out, c.Force, func(w io.Writer) error { return s.Download("/ledger/export", io.MultiWriter(w, head)) })
	if err != nil {
		return err
	}
	_, note, _ := strings.Cut(head.buf.String(), "\n")
	checkpoint, err := format.ParseCheckpoint(note)
	if err != nil {
		return wrong("what the server sent to %s is no export", c.Out)
	}
	if c.JSON {
		return s.PrintJSON(exported{c.Out, checkpoint.Size, checkpoint.Root.String(), exportedNote(note)})
	}
	s.Printf("%s: %d entries, root %s\nverify it with: portreeve ledger verify %s --key KEYFILE\n", c.Out, checkpoint.Size, checkpoint.Root, c.Out)
	return nil
}

// exportedNote cuts the note out of what follows the first line of an export: it
// ends at the second empty line.
func exportedNote(text string) string {
	if head, rest, ok := strings.Cut(text, "\n\n"); ok {
		signatures, _, _ := strings.Cut(rest, "\n\n")
		return head + "\n\n" + signatures + "\n"
	}
	return text
}

// prefix keeps the beginning of what is written to it.
type prefix struct {
	buf   bytes.Buffer
	limit int
}

func (p *prefix) Write(b []byte) (int, error) {
	p.buf.Write(b[:min(len(b), p.limit-p.buf.Len())])
	return len(b), nil
}
