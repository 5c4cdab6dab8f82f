// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"

	gomail "github.com/wneessen/go-mail"
)

// describe says why a mail was not sent, for the administrator and the log. The
// relay's own words are left out: they name the recipient.
func describe(err error) string {
	var send *gomail.SendError
	if errors.As(err, &send) && send.ErrorCode() != 0 {
		return fmt.Sprintf("the relay answered %d %s (%s)", send.ErrorCode(), send.EnhancedStatusCode(), send.Reason)
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return fmt.Sprintf("the relay answered %d", reply.Code)
	}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &certificate) || errors.As(err, &authority) {
		return "the certificate of the relay is not trusted"
	}
	var network *net.OpError
	switch {
	case errors.As(err, &network) && network.Op == "dial":
		return "the relay cannot be reached"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "the relay did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return "the connection to the relay broke"
	case send != nil:
		return "sending failed: " + send.Reason.String()
	case Refused(err):
		return "the recipient's address is not usable"
	default:
		return fmt.Sprintf("sending failed (%T)", rootOf(err))
	}
}

// rootOf returns the innermost error.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
