// SPDX-License-Identifier: Apache-2.0

// Package client is the HTTP client that the command line is made of. A command
// calls [Get], [Send] or [Change] with the types of its own part's API, and prints
// the answer with [Show] or [List].
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Config says which server to talk to and as whom. The command line fills it
// from flags or from PORTREEVE_URL, PORTREEVE_TOKEN and PORTREEVE_CA.
type Config struct {
	URL   string // https://host[:port]
	Token string // API token; empty for public operations
	CA    string // PEM file of the authority to trust; empty: the system's
	// Cert and Key are PEM files of a client certificate, for a server that asks for one.
	Cert, Key string
}

// Client talks to one server. Safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// maxAnswer bounds an answer read into memory; larger ones are streamed by Download.
const maxAnswer = 64 << 20

// New checks the configuration and returns a client. It does not connect.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		return nil, fault.New(fault.Usage, "client.url", "Say which server to talk to: set PORTREEVE_URL or --url to its https address.")
	case err == nil && base.Scheme == "http":
		return nil, fault.New(fault.Usage, "client.url", "The address of PORTREEVE_URL or --url begins with http:, which would send your token in clear; https is needed: https://%s", base.Host)
	case err != nil || base.Scheme != "https" || base.Host == "":
		return nil, fault.New(fault.Usage, "client.url", "The address of PORTREEVE_URL or --url is not one of a server; it looks like https://office.example.org.")
	case strings.Trim(base.Path, "/") != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil:
		return nil, fault.New(fault.Usage, "client.url", "The address of PORTREEVE_URL or --url is that of the server alone, without a path or anything else: https://%s", base.Host)
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fault.New(fault.Usage, "client.token", "The API token of PORTREEVE_TOKEN or --token holds a space, a line end or another character that no token has; copy it again.")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fault.New(fault.Usage, "client.ca", "The file %s of PORTREEVE_CA or --ca cannot be read.", c.CA).Because(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Usage, "client.ca", "The file %s of PORTREEVE_CA or --ca holds no PEM certificate.", c.CA)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	if c.Cert != "" {
		// It is read for each connection: it is renewed while a server is this client.
		own := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
			return &pair, err
		}
		if _, err := own(nil); err != nil {
			return nil, fault.New(fault.Usage, "client.cert", "The files %s and %s are no certificate with its key.", c.Cert, c.Key).Because(err)
		}
		transport.TLSClientConfig.GetClientCertificate = own
	}
	return &Client{
		base:  "https://" + base.Host,
		token: c.Token,
		http: &http.Client{
			Transport: transport,
			Timeout:   2 * time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("the API never redirects; check the address of the server")
			},
		},
	}, nil
}

// Request is one call of the API.
type Request struct {
	Method         string // default GET
	Path           string // below the server's address, such as /api/v1/risks
	Query          url.Values
	Body           any    // sent as JSON unless nil
	Raw            []byte // sent as it is, in place of Body, unless nil
	Version        int64  // sent as If-Match when not 0
	IdempotencyKey string // default for POST: a fresh one
}

// Call sends the request and decodes the JSON answer into out, unless out is
// nil. An error answer becomes the *fault.Error that the server reported.
func (c *Client) Call(ctx context.Context, r Request, out any) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fault.New(fault.Unavailable, "client.broken", "The server's answer broke off; try again.").Because(err)
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fault.New(fault.Unavailable, "client.answer", "The server's answer is not the JSON that was expected; is PORTREEVE_URL a Portreeve of this version?").Because(err)
	}
	return nil
}

// Download sends the request and copies the answer's body to w as it comes. It
// takes as long as it takes; only ctx ends it.
func (c *Client) Download(ctx context.Context, r Request, w io.Writer) error {
	patient := *c.http
	patient.Timeout = 0 // it would count the body, which may be a whole ledger
	resp, err := (&Client{base: c.base, token: c.token, http: &patient}).send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fault.New(fault.Unavailable, "client.broken", "The server's answer broke off; try again.").Because(err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	req, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(c.base, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized && c.token == "" {
			return nil, fault.New(fault.Unauthenticated, "client.token", "Say who you are: set PORTREEVE_TOKEN or --token to an API token. Your own tokens are made at %s/me/tokens.", c.base)
		}
		return nil, problem(resp)
	}
	return resp, nil
}

func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	address := c.base + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	var body io.Reader
	media := "application/json"
	switch {
	case r.Raw != nil:
		body, media = bytes.NewReader(r.Raw), "application/octet-stream"
	case r.Body != nil:
		data, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return nil, fault.New(fault.Usage, "client.request", "The address %s cannot be used.", address).Because(err)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.Version != 0 {
		req.Header.Set("If-Match", `"v`+strconv.FormatInt(r.Version, 10)+`"`)
	}
	if r.Method == http.MethodPost {
		if r.IdempotencyKey == "" {
			r.IdempotencyKey = rand.Text()
		}
		req.Header.Set("Idempotency-Key", r.IdempotencyKey)
	}
	return req, nil
}

// unreachable explains why no answer came.
func unreachable(base string, err error) error {
	var authority x509.UnknownAuthorityError
	if errors.As(err, &authority) {
		return fault.New(fault.Unavailable, "client.untrusted", "The certificate of %s is signed by an authority that is not trusted here: name its file with PORTREEVE_CA or --ca.", base).Because(err)
	}
	return fault.New(fault.Unavailable, "client.unreachable", "%s does not answer: %s.", base, reason(err)).Because(err)
}

// reason says in words why no answer came. What it does not know it leaves to the
// innermost error: the outer ones repeat the address.
func reason(err error) string {
	var name *net.DNSError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var slow net.Error
	switch {
	case errors.As(err, &name):
		return "its name is not known here"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.As(err, &host):
		return "its certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS"
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer came in time"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "it closed the connection"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// document is problem+json (RFC 9457) with our extension members.
type document struct {
	Status    int             `json:"status"`
	Code      string          `json:"code"`
	Detail    string          `json:"detail"`
	Fields    []fault.Field   `json:"fields"`
	Blockers  []fault.Blocker `json:"blockers"`
	RequestID string          `json:"request_id"`
}

// problem turns an error answer into the fault that the server reported.
func problem(resp *http.Response) error {
	var d document
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	kind := kindOf(resp.StatusCode)
	media, _, mediaErr := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || mediaErr != nil || !strings.HasSuffix(media, "json") || json.Unmarshal(data, &d) != nil || d.Detail == "" {
		return fault.New(kind, "client.status", "The server answered %s without saying why.", resp.Status)
	}
	if kind == fault.Conflict && len(d.Blockers) > 0 {
		kind = fault.Blocked
	}
	if kind == fault.Internal && d.RequestID != "" {
		d.Detail += " (request " + d.RequestID + ")"
	}
	wait, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // absent or a date: no hint
	return &fault.Error{Kind: kind, Code: d.Code, Message: d.Detail, Fields: d.Fields, Blockers: d.Blockers, RetryAfter: time.Duration(wait) * time.Second}
}

func kindOf(status int) fault.Kind {
	for _, k := range []fault.Kind{fault.Malformed, fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Stale, fault.PreconditionRequired, fault.Limited, fault.Unavailable} {
		if k.HTTPStatus() == status {
			return k
		}
	}
	if status >= 400 && status < 500 {
		return fault.Malformed
	}
	return fault.Internal
}
