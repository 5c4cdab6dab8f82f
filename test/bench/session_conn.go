// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// exchangeConn is a client's connection that costs the client as little as it can,
// so that the server is what is measured: requests are put together by hand, and of
// answers only what is needed is looked at.
type exchangeConn struct {
	conn   *tls.Conn
	redis  bool
	out    []byte
	in     []byte
	spoken string // version and cipher
}

// refusedError is an answer that was not what was asked for. The connection is well.
type refusedError struct{ answer string }

// Error quotes the answer's beginning.
func (e *refusedError) Error() string { return "answered " + strconv.Quote(e.answer) }

func (g *generator) connect() (*exchangeConn, error) {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: g.tls}
	c, err := d.Dial("tcp", g.Address)
	if err != nil {
		return nil, err
	}
	e := &exchangeConn{conn: c.(*tls.Conn), redis: g.Protocol == "redis", in: make([]byte, 64<<10)}
	s := e.conn.ConnectionState()
	e.spoken = tls.VersionName(s.Version) + " " + tls.CipherSuiteName(s.CipherSuite)
	return e, nil
}

func (e *exchangeConn) close() { e.conn.Close() } //nolint:errcheck // nothing is lost

// sessionKey appends a key as MediaWiki makes them: 32 hexadecimal digits that say nothing.
func sessionKey(b []byte, n int) []byte {
	b = append(b, "global:Session:"...)
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	for range 2 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		for shift := 60; shift >= 0; shift -= 4 {
			b = append(b, "0123456789abcdef"[x>>shift&15])
		}
	}
	return b
}

// exchange sends a request and reads its answer: whether there was a session, and
// whether the server closes the connection.
func (e *exchangeConn) exchange(kind, key int, value []byte) (there, closes bool, err error) {
	if e.redis {
		e.out = redisRequest(e.out[:0], kind, key, value)
	} else {
		e.out = httpRequest(e.out[:0], kind, key, value)
	}
	if _, err := e.conn.Write(e.out); err != nil {
		return false, true, err
	}
	if e.redis {
		there, err = e.redisAnswer()
		return there, false, err
	}
	return e.httpAnswer(kind)
}

func httpRequest(b []byte, kind, key int, value []byte) []byte {
	b = append(b, [...]string{"GET ", "POST ", "DELETE "}[kind]...)
	b = sessionKey(append(b, sessionBase...), key)
	b = append(b, " HTTP/1.1\r\nHost: localhost\r\n"...)
	if kind == writes {
		b = append(b, "Content-Type: application/octet-stream\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(value)), 10)
		b = append(b, "\r\n\r\n"...)
		return append(b, value...)
	}
	return append(b, "\r\n"...)
}

var (
	headEnd   = []byte("\r\n\r\n")
	lengthTag = []byte("\r\nContent-Length: ")
	closeTag  = []byte("\r\nConnection: close")
)

// httpAnswer reads one answer, which must give its length.
func (e *exchangeConn) httpAnswer(kind int) (there, closes bool, err error) {
	n, head := 0, -1
	for head < 0 {
		if n, err = e.more(n); err != nil {
			return false, true, err
		}
		head = bytes.Index(e.in[:n], headEnd)
	}
	top := e.in[:head+2]
	length := 0
	if i := bytes.Index(top, lengthTag); i >= 0 {
		digits, _, _ := bytes.Cut(top[i+len(lengthTag):], []byte("\r\n"))
		if length, err = strconv.Atoi(string(digits)); err != nil {
			return false, true, err
		}
	}
	for n < head+len(headEnd)+length {
		if n, err = e.more(n); err != nil {
			return false, true, err
		}
	}
	closes = bytes.Contains(top, closeTag)
	code := string(e.in[9:12])
	switch {
	case kind == reads && code == "200", kind == writes && code == "201", kind == ends && code == "204":
		return true, closes, nil
	case kind == reads && code == "404":
		return false, closes, nil
	}
	return false, closes, &refusedError{string(e.in[:min(n, 300)])}
}

func redisRequest(b []byte, kind, key int, value []byte) []byte {
	word := func(text []byte) {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(text)), 10)
		b = append(append(append(b, "\r\n"...), text...), "\r\n"...)
	}
	name := sessionKey(nil, key)
	switch kind {
	case reads:
		b = append(b, "*2\r\n$3\r\nGET\r\n"...)
		word(name)
	case writes:
		b = append(b, "*3\r\n$3\r\nSET\r\n"...)
		word(name)
		word(value)
	default:
		b = append(b, "*2\r\n$3\r\nDEL\r\n"...)
		word(name)
	}
	return b
}

func (e *exchangeConn) redisAnswer() (there bool, err error) {
	n, end := 0, -1
	for end < 0 {
		if n, err = e.more(n); err != nil {
			return false, err
		}
		end = bytes.IndexByte(e.in[:n], '\n')
	}
	switch e.in[0] {
	case '+', ':':
		return true, nil
	case '-':
		return false, &refusedError{string(e.in[:n])}
	case '$':
		length, err := strconv.Atoi(string(e.in[1 : end-1]))
		if err != nil {
			return false, err
		}
		if length < 0 {
			return false, nil
		}
		for n < end+1+length+2 {
			if n, err = e.more(n); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, fmt.Errorf("redis answered %q", e.in[:n])
}

var errTooLong = errors.New("an answer is longer than anything that was asked for")

// more reads more of an answer behind the n bytes that are there.
func (e *exchangeConn) more(n int) (int, error) {
	if n == len(e.in) {
		return n, errTooLong
	}
	got, err := e.conn.Read(e.in[n:])
	if got > 0 {
		return n + got, nil
	}
	return n, err
}
