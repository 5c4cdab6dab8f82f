// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Config says which server to talk to and as whom.
type Config struct {
	URL   string         // of the server, with its path if it has one; http is for loopback alone
	Token string         // an API token, "api-..."
	Roots *x509.CertPool // authorities to trust; nil: the system's

	// Wait pauses before a call is repeated, and returns early with the error of
	// the context when that ends. Nil waits in real time.
	Wait func(context.Context, time.Duration) error

	MaxAnswer int64         // bytes of one answer; 0: 32 MiB
	Timeout   time.Duration // of one attempt; 0: a minute
}

// Client calls the methods of one server. Safe for concurrent use.
type Client struct {
	base      string // without a slash at its end
	token     secret
	http      *http.Client
	wait      func(context.Context, time.Duration) error
	maxAnswer int64
	timeout   time.Duration
}

// New checks the configuration and returns a client. It does not connect.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, fault.New(fault.Usage, "phabricator.url", "The address of the Phabricator server is not one; it looks like https://phabricator.example.org.")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, fault.New(fault.Usage, "phabricator.url", "The address of the Phabricator server is that of the server alone, without a name, a question mark or anything after it.")
	case base.Scheme == "http" && !loopback(base.Hostname()):
		return nil, fault.New(fault.Usage, "phabricator.url", "The address of the Phabricator server begins with http:, which would send the token in clear; https is needed.")
	case c.Token == "" || len(c.Token) > 200 || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, fault.New(fault.Usage, "phabricator.token", "The Conduit token is missing, or holds a space, a line end or another character that no token has; copy it again.")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	client := &Client{
		base: strings.TrimRight(base.Scheme+"://"+base.Host+base.EscapedPath(), "/"), token: newSecret(c.Token),
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		wait: c.Wait, maxAnswer: c.MaxAnswer, timeout: c.Timeout,
	}
	if client.wait == nil {
		client.wait = pause
	}
	if client.maxAnswer <= 0 {
		client.maxAnswer = 32 << 20
	}
	if client.timeout <= 0 {
		client.timeout = time.Minute
	}
	return client, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Source is the address of the server, without a slash at its end.
func (c *Client) Source() string { return c.base }

// Params are the parameters of a method.
type Params map[string]any

// methodName is the form of a method's name; it becomes part of an address.
var methodName = regexp.MustCompile(`^[a-z]+(\.[a-zA-Z]+)+$`)

// Call calls a method and decodes its result into result, which may be nil.
// Unknown fields are passed over. A call that the server refused because there
// were too many is repeated after a minute; a call that only reads is also
// repeated when the server was away for a moment. Any other call is made once:
// of a write that failed nobody knows whether it happened. Errors are [*Error],
// or the context's.
func (c *Client) Call(ctx context.Context, method string, params Params, result any) error {
	if !methodName.MatchString(method) {
		return &Error{Class: BadCall, Method: "(no method)", Info: "a method is named like user.whoami"}
	}
	body, err := c.form(params)
	if err != nil {
		return c.failed(method, Malformed, 0, "", "the parameters cannot be encoded: "+err.Error())
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.exchange(ctx, method, body)
		if err == nil {
			return c.decode(method, answer, result)
		}
		before, again := repeat(method, err, attempt)
		if !again {
			return err
		}
		if err := c.wait(ctx, before); err != nil {
			return err
		}
	}
}

// form is the body of a request: one JSON document in the field params, with the
// token inside. Only so do booleans and numbers keep their type.
func (c *Client) form(params Params) (string, error) {
	all := Params{"__conduit__": map[string]string{"token": *c.token.text}}
	for k, v := range params {
		if k != "__conduit__" {
			all[k] = v
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", errors.Unwrap(err) // without the value
	}
	return url.Values{"params": {string(text)}, "output": {"json"}, "__conduit__": {"1"}}.Encode(), nil
}

// Account is the account that a token belongs to.
type Account struct {
	PHID  string   `json:"phid"`
	Login string   `json:"userName"`
	Name  string   `json:"realName"`
	Roles []string `json:"roles"` // such as admin, agent, activated
}

// WhoAmI returns the account of the token: the cheapest check that it is good.
func (c *Client) WhoAmI(ctx context.Context) (Account, error) {
	var a Account
	err := c.Call(ctx, "user.whoami", nil, &a)
	return a, err
}
