// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// material is what the files said when they were last of use. A part that is
// missing is nil.
type material struct {
	pair        *keyPair
	trust       *trust
	credentials *Credentials
	networks    *Networks
}

// source is files that are read together.
type source struct {
	what  string // in metrics and logs
	paths []string
	read  func(files [][]byte, m *material) error

	seen    []os.FileInfo // as they were when last read
	next    []os.FileInfo // as they were at the last look, if that is another state
	failing error         // why what is in force is not what they say
}

// maxFile bounds what is read of one file.
const maxFile = 16 << 20

// sources returns what this configuration reads.
func (g *Guard) sources() []*source {
	var out []*source
	add := func(what string, read func([][]byte, *material) error, paths ...string) {
		if paths[0] != "" {
			out = append(out, &source{what: what, paths: paths, read: read})
		}
	}
	add("certificate", func(f [][]byte, m *material) (err error) {
		m.pair, err = parseKeyPair(f[0], f[1], g.cfg.Now())
		return err
	}, g.cfg.Cert, g.cfg.Key)
	authorities := []string{g.cfg.ClientCA}
	if g.cfg.ClientCRL != "" {
		authorities = append(authorities, g.cfg.ClientCRL)
	}
	add("authorities", func(f [][]byte, m *material) error {
		var lists []byte
		if len(f) > 1 {
			lists = f[1]
		}
		fresh, err := parseTrust(f[0], lists, g.cfg.Now())
		if err != nil {
			return err
		}
		if err := fresh.since(m.trust); err != nil {
			return err
		}
		m.trust = fresh
		return nil
	}, authorities...)
	add("credentials", func(f [][]byte, m *material) (err error) {
		m.credentials, err = ParseCredentials(g.cfg.Credentials, f[0])
		return err
	}, g.cfg.Credentials)
	add("networks", func(f [][]byte, m *material) (err error) {
		m.networks, err = ParseNetworks(f[0])
		return err
	}, g.cfg.Networks)
	return out
}

// look returns the state of the files on the disk. Links are followed, so that a
// swapped link (as Kubernetes updates a secret) is a change.
func (s *source) look() []os.FileInfo {
	out := make([]os.FileInfo, len(s.paths))
	for i, path := range s.paths {
		out[i], _ = os.Stat(path) // absent is a state, too
	}
	return out
}

// sameFiles reports whether two looks saw the same.
func sameFiles(a, b []os.FileInfo) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil || b[i] == nil, !os.SameFile(a[i], b[i]), a[i].Size() != b[i].Size(), !a[i].ModTime().Equal(b[i].ModTime()):
			return false
		}
	}
	return true
}

// due reports whether the files are to be read: they changed and have stood still
// since the last look, or the last reading failed. A file in the middle of being
// written, and a certificate whose key follows in a moment, are left alone.
func (s *source) due() bool {
	now := s.look()
	if sameFiles(now, s.seen) {
		s.next = nil
		return s.failing != nil
	}
	if s.next == nil || !sameFiles(now, s.next) {
		s.next = now
		return false
	}
	return true
}

// load reads the files into a copy of what is in force. news reports whether this
// is the first reading of this state of the files.
func (s *source) load(current *material) (fresh *material, news bool, err error) {
	before := s.look()
	news = s.seen == nil || !sameFiles(before, s.seen)
	s.seen, s.next = before, nil
	files := make([][]byte, len(s.paths))
	for i, path := range s.paths {
		if files[i], err = readBounded(path); err != nil {
			return nil, news, err
		}
	}
	out := *current
	if err := s.read(files, &out); err != nil {
		return nil, news, err
	}
	return &out, news, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: %w", path, errTooLarge)
	}
	return data, nil
}

var errTooLarge = errors.New("the file is too large to be what it should be")
