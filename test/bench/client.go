// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// newClient returns a client with connections of its own. It trusts the
// installation's own certificate once that exists.
func newClient(in *installation) *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem, err := os.ReadFile(filepath.Join(in.dir, "data", "tls", "ca.pem")); err == nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	} else {
		config.InsecureSkipVerify = true // the first start makes the certificate; only readiness is asked
	}
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response that was read to its end.
type answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

func get(ctx context.Context, client *http.Client, url string, header map[string]string) (answer, error) {
	return send(ctx, client, http.MethodGet, url, header, nil)
}

func send(ctx context.Context, client *http.Client, method, url string, header map[string]string, body io.Reader) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return answer{}, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	data, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, data}, err
}
