// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/durable"
)

// Ready is the ready file: where the service answers and what a client needs.
type Ready struct {
	URL      string `json:"url"`       // with the base of namespace default
	AdminURL string `json:"admin_url"` // of the administration listener; "" = none
	CA       string `json:"ca"`        // what signed the server's certificate
	Cert     string `json:"cert"`      // of a client that may use namespace default
	Key      string `json:"key"`
	Config   string `json:"config"`
}

// write puts the file in its place, whole: scripts wait for it.
func (r Ready) write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(file, append(data, '\n'), 0o600)
}

// removeReady takes away what an earlier run left, so that nobody believes it.
func removeReady(file string) error {
	if file == "" {
		return nil
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the ready file: %w", err)
	}
	return nil
}

// address returns the URL of a listener.
func address(secure bool, configured string, l net.Listener) string {
	port := "0"
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	return scheme + "://" + net.JoinHostPort(here(configured), port)
}
