// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// bed is a store of --dev that runs in the test.
type bed struct {
	t      *testing.T
	folder string
	dev    *dev
	p      *process
	hangup chan os.Signal
	log    lockedBuffer
	cancel context.CancelFunc
	done   chan error
	ready  Ready
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a store in a folder. change rewrites the configuration before it is read.
func start(t *testing.T, folder string, change ...string) *bed {
	t.Helper()
	b := &bed{t: t, folder: folder, hangup: make(chan os.Signal, 1), done: make(chan error, 1)}
	var err error
	if b.dev, err = newDev(folder, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.dev.configure(); err != nil {
		t.Fatal(err)
	}
	s := b.rewrite(change...)
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	o := Options{Version: "test", Log: &b.log, ReadyFile: filepath.Join(folder, "ready.json"), Hangup: b.hangup, sockets: &b.dev.sockets}
	o.Ready = func(r *Ready) error {
		r.CA, r.Cert, r.Key = b.dev.authority.CertFile(), b.dev.client.Cert, b.dev.client.Key
		return nil
	}
	if b.p, err = open(ctx, s, o); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := b.p.run(ctx)
		if e := b.p.parts.close(); err == nil {
			err = e
		}
		b.done <- err
	}()
	t.Cleanup(b.stop)
	b.eventually("the ready file", func() bool {
		data, err := os.ReadFile(o.ReadyFile)
		return err == nil && json.Unmarshal(data, &b.ready) == nil
	})
	return b
}

// rewrite replaces lines of the configuration, given by how they begin, and reads it.
func (b *bed) rewrite(change ...string) *settings.Settings {
	b.t.Helper()
	file := b.dev.at("sessiond.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(change); i += 2 {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, change[i]) })
		if at < 0 {
			b.t.Fatalf("the configuration has no line %q:\n%s", change[i], data)
		}
		lines[at] = change[i+1]
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		b.t.Fatal(err)
	}
	s, err := settings.Read(file)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// stop ends the store and checks that it ends well. A second call does nothing.
func (b *bed) stop() {
	if b.done == nil {
		return
	}
	b.cancel()
	if err := <-b.done; err != nil {
		b.t.Errorf("the store ended badly: %v\n%s", err, b.log.String())
	}
	b.done = nil
}

// eventually waits until something holds.
func (b *bed) eventually(what string, holds func() bool) {
	b.t.Helper()
	for range 400 {
		if holds() {
			return
		}
		select {
		case err := <-b.done:
			b.done = nil
			b.t.Fatalf("the store ended while the test waited for %s: %v\n%s", what, err, b.log.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.t.Fatalf("%s did not come about\n%s", what, b.log.String())
}

// client returns an HTTP client with a certificate of the folder; "" = none.
func (b *bed) client(name string) *http.Client {
	b.t.Helper()
	ca, err := os.ReadFile(b.dev.authority.CertFile())
	if err != nil {
		b.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	c := &tls.Config{RootCAs: pool}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(b.dev.at("tls", name+".pem"), b.dev.at("tls", name+".key"))
		if err != nil {
			b.t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: c}
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// do makes a request and returns the status and the body; 0 is no answer.
func (b *bed) do(c *http.Client, method, url, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(data)
}

// want makes a request and checks its status.
func (b *bed) want(status int, c *http.Client, method, url, body string) string {
	b.t.Helper()
	got, text := b.do(c, method, url, body)
	if got != status {
		b.t.Errorf("%s %s: %d %s, want %d", method, url, got, text, status)
	}
	return text
}
