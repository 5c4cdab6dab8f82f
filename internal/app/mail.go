// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/notify"
)

// password returns the password of the relay, or "" if it takes none.
func (c MailConfig) password() (string, error) {
	if c.Host == "" || c.PasswordFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fault.New(fault.Invalid, "config.password_file", "The file %s of mail.password_file cannot be read; check its path and permissions.", c.PasswordFile).Because(err)
	}
	return strings.TrimSpace(string(data)), nil
}

// sender returns the way out for mail, or nil if none is configured: then
// notices wait in the outbox.
func (c MailConfig) sender(password string) (notify.Sender, error) {
	if c.Host == "" {
		return nil, nil
	}
	return notify.NewSMTP(notify.SMTPConfig{
		Host: c.Host, Port: c.Port, Security: notify.Security(c.Security), Username: c.Username, Password: password, From: c.From,
	})
}
