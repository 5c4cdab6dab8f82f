// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// ExitDenied is the exit code of a command whose answer is deny.
const ExitDenied client.Exit = 3

// Commands are the verbs of `portreeve gate`. The zero value is ready for use.
type Commands struct {
	Check  CheckCmd  `cmd:"" help:"Ask whether an action may happen now. Exits 0 for allow and 3 for deny; any other code is no answer, so do not act."`
	Verify VerifyCmd `cmd:"" help:"Verify a signed answer offline. Exits 0 for a valid allow, 3 for a valid deny, 1 if it is not valid."`
}

// NewCommands returns commands for which now gives the time by which an answer
// counts as expired; the zero value takes real time.
func NewCommands(now func() time.Time) *Commands {
	return &Commands{Verify: VerifyCmd{now: now}}
}

// CheckCmd asks the gate of a server.
type CheckCmd struct {
	Subject string `required:"" help:"What the action is done with, kind:name." placeholder:"SUBJECT" query:"subject"`
	Action  string `required:"" help:"What is to be done, such as call." placeholder:"ACTION" query:"action"`
	JSON    bool   `help:"Print the answer as JSON." name:"json"`
	Out     string `short:"o" help:"Write the signed answer to this file, for portreeve gate verify." placeholder:"FILE" type:"path"`
	Force   bool   `help:"Replace the file if it exists."`
}

// Run asks, prints the answer, and exits 3 if it is deny.
func (c *CheckCmd) Run(s *client.Session) error {
	v, err := client.Get[Verdict](s, "/gate", c)
	if err != nil {
		return err
	}
	if c.JSON {
		err = s.PrintJSON(v)
	} else {
		printVerdict(s, v)
	}
	// The answer is said even where it cannot be kept; the exit code then says
	// neither allow nor deny.
	if c.Out != "" {
		kept := client.WriteFile(c.Out, c.Force, func(w io.Writer) error {
			_, err := io.WriteString(w, v.Note)
			return err
		})
		if kept != nil {
			return kept
		}
	}
	return errors.Join(err, exitOf(v))
}

// exitOf returns the error by which a denial ends a command.
func exitOf(v Verdict) error {
	if v.Allowed() {
		return nil
	}
	return ExitDenied
}

// printVerdict writes the answer for people: each blocker with what lifts it.
func printVerdict(s *client.Session, v Verdict) {
	s.Printf("%s: %s on %s\n", strings.ToUpper(v.Decision), v.Action, v.Subject)
	for _, b := range v.Blockers {
		printLines(s, "missing", b)
	}
	for _, b := range v.Advice {
		printLines(s, "advice", b)
	}
	s.Printf("  asked at %s, valid until %s, about version %d\n", v.EvaluatedAt.Format(time.RFC3339), v.ValidUntil.Format(time.RFC3339), v.Version)
}

func printLines(s *client.Session, word string, b fault.Blocker) {
	s.Printf("  %s: %s (%s)\n", word, b.Message, b.Code)
	if b.LiftedBy != "" {
		s.Printf("    lifted by: %s\n", b.LiftedBy)
	}
	if b.URL != "" {
		s.Printf("    see: %s\n", b.URL)
	}
}

// VerifyCmd verifies a signed answer.
type VerifyCmd struct {
	File string `arg:"" help:"The signed answer, as gate check --out or --json gives it; - reads standard input." placeholder:"FILE"`
	Key  string `required:"" help:"The verifier key in note format, or a file that holds it, such as ledger.pub." placeholder:"KEY|KEYFILE"`
	At   string `help:"Judge by this instant instead of now, as RFC 3339 such as 2026-12-01T09:00:00Z." placeholder:"TIME"`
	JSON bool   `help:"Print the answer as JSON." name:"json"`

	now func() time.Time
}

// Run verifies and prints the answer.
func (c *VerifyCmd) Run(s *client.Session) error {
	if c.now == nil {
		c.now = store.NewClock().Real
	}
	at := c.now()
	if c.At != "" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, c.At); err != nil {
			return fault.New(fault.Usage, "gate.at", "--at takes an instant as RFC 3339 writes it, such as 2026-12-01T09:00:00Z.")
		}
	}
	data, err := c.read(s)
	if err != nil {
		return err
	}
	key, err := keyText(c.Key)
	if err != nil {
		return err
	}
	v, err := VerifyNote(noteIn(data), key, at)
	if err != nil {
		return err
	}
	if err := c.early(v, at); err != nil {
		return err
	}
	if c.JSON {
		err = s.PrintJSON(v)
	} else {
		s.Printf("The signature is good.\n")
		printVerdict(s, v)
	}
	return errors.Join(err, exitOf(v))
}

// leeway is by how much the clock of the server may be ahead of the verifier's.
const leeway = 5 * time.Minute

// early refuses an answer that was given after the instant to judge it by.
func (c *VerifyCmd) early(v Verdict, at time.Time) error {
	switch {
	case c.At != "" && at.Before(v.EvaluatedAt):
		return fault.New(fault.Invalid, "gate.note_early", "The answer was given at %s, after the instant that you named.", v.EvaluatedAt.Format(time.RFC3339))
	case c.At == "" && at.Add(leeway).Before(v.EvaluatedAt):
		return fault.New(fault.Invalid, "gate.note_early", "The answer was given at %s, which is still to come. Set the clock of this machine or of the server right; the answer of a demo whose clock is shifted is judged with --at.", v.EvaluatedAt.Format(time.RFC3339))
	}
	return nil
}

// noteIn returns the signed note in what is to be verified: it is that note, or
// the JSON that holds it, as `gate check --json` and the API give it. What stands
// beside the note in that JSON is not signed and is not looked at.
func noteIn(data []byte) []byte {
	var answer struct {
		Note string `json:"note"`
	}
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '{' && json.Unmarshal(text, &answer) == nil && answer.Note != "" {
		return []byte(answer.Note)
	}
	return data
}

func (c *VerifyCmd) read(s *client.Session) ([]byte, error) {
	if c.File == "-" {
		return io.ReadAll(io.LimitReader(s.Stdin, MaxNote+1))
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, fault.New(fault.Usage, "gate.file", "The file %s cannot be read; check its path and permissions.", c.File).Because(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxNote+1))
}

// keyText returns the text of a key that was given itself or as a file. A key in
// note format holds plus signs and no slash at its beginning, so a file of that
// name is looked for first.
func keyText(key string) (string, error) {
	data, err := os.ReadFile(key)
	switch {
	case err == nil:
		return string(data), nil
	case errors.Is(err, fs.ErrNotExist) && strings.Count(key, "+") >= 2:
		return key, nil
	default:
		return "", fault.New(fault.Usage, "gate.key", "The key %s is neither a verifier key in note format (name+hash+key) nor a file that can be read.", key).Because(err)
	}
}
