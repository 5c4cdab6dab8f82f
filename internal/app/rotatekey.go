// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// rotateKeyCommand changes the key that signs checkpoints and the gate's answers.
type rotateKeyCommand struct {
	Config string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
	Retire bool   `help:"Add no key: let the earlier ones stop signing. What they signed stays verifiable."`
}

// Run adds a new key in front of those in the key file. All of them sign until
// the earlier ones are retired, so that whoever knows only an old verifier key
// has time to learn the new one. The server must not be running. The change is
// an entry of the ledger.
func (c *rotateKeyCommand) Run(s *client.Session) error {
	cfg, o, err := openQuietly(s.Context, c.Config)
	if err != nil {
		return err
	}
	ctx := authz.WithActor(s.Context, authz.System("keys"))
	writer := o.ledger.Writer("ledger", ledger.Kinds())
	err = writer.Decide(ctx, func(tx *ledger.Tx) error {
		text, body, err := changedKeys(cfg.Ledger.KeyFile, o.keys.signer, c.Retire)
		if err != nil {
			return err
		}
		if _, err := writer.Append(ctx, tx, ledger.Entry{
			Kind: ledger.KindKeyChanged, Actor: authz.System("keys").Ref(), Subject: "ledger:key",
			Body: body, Visibility: string(authz.Internal),
		}); err != nil {
			return err
		}
		// Before the commit: a key without an entry signs as well as any, while an
		// entry about a key that does not exist would be wrong for ever.
		return durable.Replace(cfg.Ledger.KeyFile, []byte(text), 0o600)
	})
	if err := errors.Join(err, o.close()); err != nil {
		return err
	}
	after, err := loadKeys(cfg)
	if err != nil {
		return err
	}
	s.Printf(rotated(c.Retire), after.signer.Verifiers(), cfg.Ledger.KeyFile)
	return nil
}

// rotated is what is said after a change, with the verifier keys and the key file.
func rotated(retired bool) string {
	if retired {
		return "Only the newest key signs from now on; the earlier ones stay, so that what they signed can be verified. The verifier keys:\n%sKeep a new copy of %s.\n"
	}
	return "A new key signs from now on, and the earlier ones beside it. The verifier keys, the new one first:\n%sGive them to those who verify, and keep a new copy of %s. When everybody has them, let the earlier keys stop signing: run this with --retire.\n"
}

// changedKeys returns the new text of the key file and the body of the entry.
func changedKeys(file string, signer *ledger.Signer, retire bool) (text string, body map[string][]string, err error) {
	old, err := os.ReadFile(file)
	if err != nil {
		return "", nil, fmt.Errorf("read the ledger's key: %w", err)
	}
	var lines []string
	for l := range strings.Lines(string(old)) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			lines = append(lines, l)
		}
	}
	verifiers := strings.Fields(signer.Verifiers()) // one for each line
	if len(lines) != len(verifiers) {
		return "", nil, fault.New(fault.Invalid, "ledger.key_changed", "The key file %s has changed meanwhile; try again.", file)
	}
	if !retire {
		fresh, err := format.GenerateKey(rand.Reader, signer.Name())
		if err != nil {
			return "", nil, err
		}
		added, err := format.ParseSigner(fresh)
		if err != nil {
			return "", nil, err
		}
		return string(fresh) + strings.Join(lines, "\n") + "\n", map[string][]string{"added": strings.Fields(added.Verifiers())}, nil
	}
	current := slices.IndexFunc(lines, isPrivate)
	var retired []string
	for i := range lines {
		if i != current && isPrivate(lines[i]) {
			lines[i] = verifiers[i]
			retired = append(retired, verifiers[i])
		}
	}
	if len(retired) == 0 {
		return "", nil, fault.New(fault.Conflict, "ledger.key_alone", "Only one key signs. Add a new one first, without --retire.")
	}
	return strings.Join(lines, "\n") + "\n", map[string][]string{"retired": retired}, nil
}

func isPrivate(line string) bool { return strings.HasPrefix(line, "PRIVATE+KEY+") }
