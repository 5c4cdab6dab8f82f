// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Commands are the verbs of `portreeve sessiond credential`.
type Commands struct {
	Issue IssueCmd `cmd:"" help:"Make a token for a client, add its hash to the file, and print the token, once."`
	List  ListCmd  `cmd:"" help:"Show the credentials of a file and when they end; exits 2 if one ends soon without a successor."`
}

// place is the flag that says which file.
type place struct {
	File string `required:"" help:"The file of credentials, as the configuration names it." type:"path" placeholder:"FILE"`

	now func() time.Time
}

func (p *place) time() time.Time {
	if p.now == nil {
		p.now = store.NewClock().Real
	}
	return p.now().UTC().Truncate(time.Second)
}

// read returns the file, or nothing if there is none yet.
func (p *place) read() ([]byte, error) {
	data, err := os.ReadFile(p.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "listen.file", "The file %s cannot be read.", p.File).Because(err)
	}
	return data, nil
}

// IssueCmd adds a credential.
type IssueCmd struct {
	place
	Name      string          `arg:"" help:"Whose it is; rules name it credential:NAME."`
	Namespace []string        `required:"" help:"A namespace that it is for, or * for all that the policy grants; repeat for more." placeholder:"NAMESPACE"`
	Life      config.Duration `help:"How long it is valid." default:"90d" placeholder:"DURATION"`
}

// Run adds the hash to the file and prints the token. A running service reads the
// file by itself. The one before stays valid until it is taken out of the file, so
// that clients can go over.
func (c *IssueCmd) Run(s *client.Session) error {
	data, err := c.read()
	if err != nil {
		return err
	}
	token, hash := NewToken()
	from := c.time()
	var spaces []string
	for _, space := range c.Namespace {
		spaces = append(spaces, strconv.Quote(space))
	}
	one := fmt.Sprintf("  - name: %s\n    hash: %q\n    namespaces: [%s]\n    from: %s\n    until: %s\n",
		c.Name, hash, strings.Join(spaces, ", "), from.Format(time.RFC3339), from.Add(time.Duration(c.Life)).Format(time.RFC3339))
	switch text := string(data); {
	case strings.TrimSpace(text) == "":
		one = "credentials:\n" + one
	case !strings.HasSuffix(text, "\n"):
		one = "\n" + one
	}
	if _, err := ParseCredentials(c.File, append(data, one...)); err != nil {
		return err // the third of its name, or a file of another shape: nothing is written
	}
	if err := c.add(one); err != nil {
		return err
	}
	s.Printf("%s\n", token)
	fmt.Fprintf(s.Stderr, "This token is shown once. Give it to %s; then take the older entry of the name, if there is one, out of %s.\n", c.Name, c.File)
	return nil
}

// add writes at the end of the file: it stays whose it is, and a reader that comes
// in between reads again.
func (p *place) add(text string) error {
	f, err := os.OpenFile(p.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.New(fault.Usage, "listen.file", "The file %s cannot be written.", p.File).Because(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", p.File, err)
	}
	return nil
}

// ListCmd lists credentials.
type ListCmd struct {
	place
	client.JSONFlag
}

// Run lists; its exit code is 2 if a name is soon without a credential.
func (c *ListCmd) Run(s *client.Session) error {
	data, err := c.read()
	if err != nil {
		return err
	}
	if data == nil {
		return fault.New(fault.Usage, "listen.file", "There is no file %s. portreeve sessiond credential issue makes one.", c.File)
	}
	all, err := ParseCredentials(c.File, data)
	if err != nil {
		return err
	}
	now := c.time()
	err = client.Show(s, all.Status(now), nil, c.JSON, func(s *client.Session, list []Status) error {
		var rows [][]string
		for _, one := range list {
			state := "not in force"
			if one.Valid {
				state = "in force"
			}
			rows = append(rows, []string{one.Name, state, one.From.Format(time.RFC3339), one.Until.Format(time.RFC3339), strings.Join(one.Namespaces, " ")})
		}
		return s.Table([]string{"NAME", "STATE", "FROM", "UNTIL", "NAMESPACES"}, rows, "")
	})
	if err != nil {
		return err
	}
	if end := all.firstEnd(now); end.IsZero() || end.Sub(now) < soon {
		return client.Exit(2)
	}
	return nil
}
