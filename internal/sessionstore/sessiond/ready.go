// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
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
func (r Ready) write(file string) error { return writeJSON(file, r) }

func writeJSON(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(file, append(data, '\n'), 0o600)
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

// replaceFile writes a file anew: whole or as it was, whenever the machine stops.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed away, or a leftover
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("put %s in its place: %w", filepath.Base(path), err)
	}
	return nil
}

// address returns the URL of a listener. One that listens everywhere is reached on
// this machine.
func address(secure bool, configured string, l net.Listener) string {
	host, port := configured, "0"
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	return scheme + "://" + net.JoinHostPort(host, port)
}
