// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// patience is how long one attempt may take.
const patience = 10 * time.Second

// attempt is one request in some disguise.
type attempt struct {
	method string // GET
	url    string // with the path
	body   []byte
	header map[string]string
	cert   *tls.Certificate // what the client shows
	max    uint16           // the newest TLS that it speaks; 0 = the newest there is
	from   net.IP           // where it comes from; nil = wherever
}

// outcome is what came of an attempt: an answer, or how the connection ended.
type outcome struct {
	status  int
	body    []byte
	err     error
	reached bool // somebody took the connection
}

// legacy are cipher suites that TLS 1.0 and 1.1 have, too: a client without them
// would be refused for that.
func legacy() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	}
}

// try carries out an attempt on a connection of its own.
func (t *Target) try(ctx context.Context, a attempt) (o outcome) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, Proxy: nil}
	dialer := &net.Dialer{}
	if a.from != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: a.from}
	}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, addr)
		o.reached = err == nil
		return c, err
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: t.ServerCA, ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if a.max != 0 {
		transport.TLSClientConfig.MinVersion, transport.TLSClientConfig.MaxVersion, transport.TLSClientConfig.CipherSuites = a.max, a.max, legacy()
	}
	if a.cert != nil {
		// Whatever the server says it takes: an attacker does not care.
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return a.cert, nil }
	}
	if a.method == "" {
		a.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, a.method, a.url, bytes.NewReader(a.body))
	if err != nil {
		o.err = err
		return o
	}
	for k, v := range a.header {
		req.Header.Set(k, v)
	}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		o.err = err
		return o
	}
	defer res.Body.Close()
	o.status = res.StatusCode
	o.body, o.err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return o
}

// turnedAway reports that the service refused, and how. What failed for a reason
// of our own, or because nobody answered, is no refusal.
func (o outcome) turnedAway() (how string, ok bool) {
	var remote *net.OpError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case o.err == nil && (o.status == http.StatusUnauthorized || o.status == http.StatusForbidden):
		return fmt.Sprintf("answered %d %s", o.status, http.StatusText(o.status)), true
	case o.err == nil || !o.reached:
		return "", false
	case errors.As(o.err, &unknown), errors.As(o.err, &name):
		return "", false // we do not trust the server: nothing was tried
	case errors.As(o.err, &remote) && remote.Op == "remote error":
		return "refused by the TLS alert: " + lastPart(o.err), true
	case errors.Is(o.err, io.EOF), errors.Is(o.err, io.ErrUnexpectedEOF), errors.Is(o.err, syscall.ECONNRESET), errors.Is(o.err, syscall.EPIPE):
		return "the connection was closed without an answer", true
	default:
		return "", false
	}
}

// String says what came of it.
func (o outcome) String() string {
	switch {
	case o.err == nil:
		return fmt.Sprintf("answered %d %s", o.status, http.StatusText(o.status))
	case errors.Is(o.err, os.ErrDeadlineExceeded), errors.Is(o.err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", patience)
	default:
		return lastPart(o.err)
	}
}

// remedy says what to do about an attempt of a client that may, and failed.
func (o outcome) remedy() string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var problem struct{ Detail string }
	switch {
	case errors.As(o.err, &name):
		return "The service is asked by a name that its certificate does not have: say with --service (and --admin-url) where it is reached by one that it has."
	case errors.As(o.err, &unknown):
		return "Name what signed the server's certificate with --server-ca, or as selfcheck.server_ca in the configuration."
	case o.err != nil && !o.reached:
		return "Is the service running, and is this its address? --service says where it is reached from here."
	case o.err == nil && o.status >= http.StatusInternalServerError && json.Unmarshal(o.body, &problem) == nil && problem.Detail != "":
		return "The service says: " + problem.Detail + " See portreeve sessiond status."
	default:
		return "Give the check a client that may write: --cert and --key, --credential, or the --authority whose key can make one; or name them under selfcheck in the configuration."
	}
}

// lastPart leaves out the address of the request, which holds a session's id.
func lastPart(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return strings.TrimPrefix(err.Error(), "tls: ")
		}
		err = next
	}
}
