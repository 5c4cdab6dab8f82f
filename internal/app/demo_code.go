// SPDX-License-Identifier: Apache-2.0

package app

import (
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
)

// demoSecretLength is that of 20 bytes in base 32.
const demoSecretLength = 32

// demoCodeCommand stands in for an authenticator app.
type demoCodeCommand struct {
	Secret string `arg:"" help:"Secret of the one-time code, as the demo printed it."`
}

// Run prints the code of the present half minute.
func (c *demoCodeCommand) Run(s *client.Session) error {
	if len(c.Secret) != demoSecretLength {
		return noDemoSecret()
	}
	code, err := identity.TOTPCode(c.Secret, store.NewClock().Real())
	if err != nil {
		return noDemoSecret().Because(err)
	}
	s.Printf("%s\n", code)
	return nil
}

func noDemoSecret() *fault.Error {
	return fault.New(fault.Usage, "demo.code", "That is not a secret of the demo: it has %d letters and digits.", demoSecretLength)
}
