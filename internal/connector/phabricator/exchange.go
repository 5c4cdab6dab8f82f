// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange makes one attempt and returns the result of an answer that is a
// success; anything else is an error.
func (c *Client) exchange(ctx context.Context, method, body string) (json.RawMessage, error) {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(attempt, http.MethodPost, c.base+"/api/"+method, strings.NewReader(body))
	if err != nil {
		return nil, c.failed(method, BadCall, 0, "", err.Error())
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "portreeve")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.away(ctx, method, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.maxAnswer+1))
	if err != nil {
		return nil, c.away(ctx, method, err)
	}
	return c.judge(method, resp, text)
}

// away is the error of a server that did not answer to the end.
func (c *Client) away(ctx context.Context, method string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	info := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		info = "no answer in " + c.timeout.String()
	}
	return c.failed(method, Unavailable, 0, "", info)
}

// judge tells answers of Conduit, which come with status 200 also when they are
// errors, from everything else that may stand in front of it.
func (c *Client) judge(method string, resp *http.Response, text []byte) (json.RawMessage, error) {
	status := resp.StatusCode
	switch {
	case status == http.StatusTooManyRequests:
		err := c.failed(method, Limited, status, "", "too many requests")
		if s, bad := strconv.Atoi(resp.Header.Get("Retry-After")); bad == nil && s >= 0 {
			err.RetryAfter = min(time.Duration(s)*time.Second, maxPause)
		}
		return nil, err
	case status >= 500:
		return nil, c.failed(method, Unavailable, status, "", http.StatusText(status))
	case status >= 300 && status < 400:
		return nil, c.failed(method, NotConduit, status, "", "the server sends elsewhere; give the address that it sends to")
	case status != http.StatusOK:
		return nil, c.failed(method, NotConduit, status, "", http.StatusText(status))
	case int64(len(text)) > c.maxAnswer:
		return nil, c.failed(method, TooLarge, status, "", "the answer has more than "+strconv.FormatInt(c.maxAnswer, 10)+" bytes")
	}
	result, code, info, err := open(text)
	switch {
	case err != nil:
		return nil, c.failed(method, NotConduit, status, "", err.Error())
	case code != "":
		return nil, c.failed(method, classify(code, info), status, code, info)
	}
	return result, nil
}

// decode reads a result.
func (c *Client) decode(method string, answer json.RawMessage, result any) error {
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return c.failed(method, Malformed, http.StatusOK, "", err.Error())
	}
	return nil
}

// How often a call is repeated, and after how long. A server that limits names no
// time; its buckets are of one minute.
const (
	limitedPause = time.Minute
	awayPause    = 5 * time.Second
	maxPause     = 10 * time.Minute
	maxLimited   = 10
	maxAway      = 3
)

// repeat says whether a call that failed for the attempt-th time is made again,
// and after what pause.
func repeat(method string, err error, attempt int) (time.Duration, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch {
	case e.Class == Limited && attempt < maxLimited:
		return max(e.RetryAfter, limitedPause), true
	case e.Class == Unavailable && attempt < maxAway && reads(method):
		return awayPause, true
	default:
		return 0, false
	}
}

// reads reports whether a method changes nothing, by the names that Conduit has.
func reads(method string) bool {
	switch method[strings.LastIndexByte(method, '.')+1:] {
	case "search", "query", "lookup", "whoami", "ping", "getcapabilities":
		return true
	default:
		return false
	}
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
