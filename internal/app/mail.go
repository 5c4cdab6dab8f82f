// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"os"
	"strings"

	"portreeve.org/portreeve/internal/kernel/notify"
)

// sender returns the way out for mail, or nil if none is configured: then
// notices wait in the outbox.
func (c MailConfig) sender() (notify.Sender, error) {
	if c.Host == "" {
		return nil, nil
	}
	password := ""
	if c.PasswordFile != "" {
		data, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read mail.password_file: %w", err)
		}
		password = strings.TrimSpace(string(data))
	}
	return notify.NewSMTP(notify.SMTPConfig{
		Host: c.Host, Port: c.Port, Security: notify.Security(c.Security), Username: c.Username, Password: password, From: c.From,
	})
}
