// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// Config says which server to talk to and as whom. The server is one of the Data
// Center kind, which has the search of version 2 and personal access tokens.
type Config struct {
	URL      string         // of the server, with its path if it has one; http is for loopback alone
	Token    string         // a personal access token; empty: what everybody may read
	Roots    *x509.CertPool // authorities to trust; nil: the system's
	NoLevels bool           // see Options

	// Wait pauses before a request is repeated. Nil waits in real time.
	Wait func(context.Context, time.Duration) error
}

// Client reads issues from one server. Safe for concurrent use.
type Client struct {
	base    string
	token   *string // behind a pointer: nothing that prints the client shows it
	http    *http.Client
	wait    func(context.Context, time.Duration) error
	options Options
}

// New checks the configuration and returns a client. It does not connect.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, fault.New(fault.Usage, "jira.url", "The address of the Jira server is not one; it looks like https://issues.example.org.")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, fault.New(fault.Usage, "jira.url", "The address of the Jira server is that of the server alone, without a name, a question mark or anything after it.")
	case base.Scheme == "http" && !loopback(base.Hostname()):
		return nil, fault.New(fault.Usage, "jira.url", "The address of the Jira server begins with http:, which would send the token in clear; https is needed.")
	case len(c.Token) > 2000 || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, fault.New(fault.Usage, "jira.token", "The Jira token holds a space, a line end or another character that no token has; copy it again.")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	transport.ResponseHeaderTimeout = time.Minute
	client := &Client{
		base: strings.TrimRight(base.Scheme+"://"+base.Host+base.EscapedPath(), "/"), token: &c.Token, wait: c.Wait,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	client.options = Options{Source: client.base, NoLevels: c.NoLevels}
	if client.wait == nil {
		client.wait = pause
	}
	return client, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Source is the address of the server, without a slash at its end.
func (c *Client) Source() string { return c.base }

// pageSize is how many issues are asked for at once; a server may give fewer.
const pageSize = 50

// Tasks reads the issues that a query in Jira's language (JQL) finds, each once,
// while the caller takes them. Give the query an order that does not change while
// it is read, such as "project = X order by key". An issue of which something
// could not be read has losses, and the import goes on; an error is the last.
func (c *Client) Tasks(ctx context.Context, jql string) iter.Seq2[foreign.Task, error] {
	return func(yield func(foreign.Task, error) bool) {
		seen := map[string]bool{}
		for start := 0; ; {
			found, total, err := c.page(ctx, jql, start, func(i issue, bad bool) bool {
				if i.Key != "" && seen[i.Key] {
					return true
				}
				seen[i.Key] = true
				return yield(c.options.convert(i, bad), nil)
			})
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil {
				yield(foreign.Task{}, err)
				return
			}
			if start += found; found == 0 || start >= total || start > maxIssues {
				return
			}
		}
	}
}

// page reads one page and says how many issues it had, and how many there are.
func (c *Client) page(ctx context.Context, jql string, start int, give func(issue, bool) bool) (found, total int, err error) {
	query := url.Values{"jql": {jql}, "startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(pageSize)}, "fields": {"*all"}, "expand": {"changelog"}}
	resp, err := c.get(ctx, c.base+"/rest/api/2/search?"+query.Encode())
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	s := newStream(ctx, resp.Body, give)
	if err := s.read(); err != nil {
		switch {
		case errors.Is(err, errStopped):
			return 0, 0, err
		case ctx.Err() != nil:
			return 0, 0, ctx.Err()
		}
		return 0, 0, fault.New(fault.Unavailable, "jira.answer", "An answer of the Jira server could not be read to its end. Check the address, and what stands in front of the server.")
	}
	return s.count, s.total, nil
}

// Pauses before a request is repeated, and how often it is.
const (
	shortPause = 5 * time.Second
	longPause  = time.Minute
	maxPause   = 10 * time.Minute
	maxTries   = 5
)

// get asks until there is an answer, the server is away for too long, or the
// context has ended. The caller closes the body.
func (c *Client) get(ctx context.Context, address string) (*http.Response, error) {
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fault.New(fault.Usage, "jira.url", "The address of the Jira server is not one.")
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("User-Agent", "portreeve")
		if *c.token != "" {
			req.Header.Set("Authorization", "Bearer "+*c.token)
		}
		resp, err := c.http.Do(req)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		before := shortPause
		if err == nil {
			before, err = c.refused(resp)
			if before == 0 {
				return nil, err
			}
		} else {
			err = fault.New(fault.Unavailable, "jira.unavailable", "The Jira server cannot be reached. Try again later.").Because(errors.New(c.scrub(err.Error())))
		}
		if try == maxTries {
			return nil, err
		}
		if err := c.wait(ctx, before); err != nil {
			return nil, err
		}
	}
}

// refused reads an answer that is none, and says after what pause it is worth
// asking again; 0 is never.
func (c *Client) refused(resp *http.Response) (time.Duration, error) {
	defer resp.Body.Close()
	status := resp.StatusCode
	switch {
	case status == http.StatusTooManyRequests:
		before := longPause
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
			before = min(time.Duration(s)*time.Second, maxPause)
		}
		f := fault.New(fault.Limited, "jira.limited", "The Jira server answers that there are too many requests. Try again later.")
		f.RetryAfter = before
		return before, f
	case status >= 500:
		return shortPause, fault.New(fault.Unavailable, "jira.unavailable", "The Jira server is not working at present (HTTP %d). Try again later.", status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return 0, fault.New(fault.Unavailable, "jira.token", "The Jira server does not accept the token (HTTP %d). Check that it is whole and that its account may read the issues.", status)
	case status == http.StatusBadRequest:
		return 0, fault.New(fault.Invalid, "jira.query", "The Jira server does not understand the query: %s", c.said(resp.Body))
	}
	return 0, fault.New(fault.Unavailable, "jira.not_api", "What answers at the address of the Jira server is not its API (HTTP %d). Check the address; servers in Atlassian's cloud do not have this search: export a file there.", status)
}

// said is what the server says about a query.
func (c *Client) said(body io.Reader) string {
	var answer struct {
		Messages []string `json:"errorMessages"`
	}
	text, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err != nil || json.Unmarshal(text, &answer) != nil || len(answer.Messages) == 0 {
		return "it gave no reason."
	}
	return c.scrub(answer.Messages[0])
}

// scrub makes one line without the token out of words from outside.
func (c *Client) scrub(text string) string {
	text = foreign.Line(text)
	if *c.token != "" {
		for _, form := range []string{*c.token, url.QueryEscape(*c.token)} {
			text = strings.ReplaceAll(text, form, "(token)")
		}
	}
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "..."
	}
	return text
}

// pause waits in real time.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
