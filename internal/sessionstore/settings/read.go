// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// Read reads and checks a file. Everything wrong with it comes as one Invalid
// fault that names file, line and key.
func Read(file string) (*Settings, error) {
	data, err := config.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(file); err == nil {
		s.shown = info.Mode().Perm()&0o004 != 0
	}
	return s, nil
}

// Parse reads and checks what stands in a file of that name.
func Parse(file string, data []byte) (*Settings, error) {
	s, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	s.file = file
	s.finish()
	return s, nil
}

func parse(file string, data []byte) (*Settings, error) {
	keys, kind := kindOf(data)
	switch kind {
	case empty:
		return nil, fault.New(fault.Invalid, config.CodeInvalid, "%s: there is no key in it. Write at least listen_address and base_uri for a store as Kask is, or profile and what it needs.", file)
	case kasks:
		return readKask(file, data, keys)
	}
	s := defaults()
	s.ServiceName = "sessiond"
	s.Profile = Mutual
	s.TLS.MinVersion = tls.VersionTLS13
	if err := config.Decode(file, data, s); err != nil {
		return nil, err
	}
	s.resolve(filepath.Dir(file))
	return s, nil
}

// defaults are Kask's where it has the key.
func defaults() *Settings {
	return &Settings{
		BaseURI:       "/v1/",
		ListenAddress: "localhost",
		ListenPort:    8080,
		DefaultTTL:    int64(sessionstore.DefaultTTL / time.Second),
		LogLevel:      "info",
		Limits: Limits{
			Handshakes:       512,
			HandshakeTimeout: config.Duration(5 * time.Second),
			HeaderTimeout:    config.Duration(5 * time.Second),
			BodyTimeout:      config.Duration(10 * time.Second),
			IdleTimeout:      config.Duration(2 * time.Minute),
			HeaderBytes:      16 << 10,
			Connections:      10_000,
			NetworkAge:       config.Duration(30 * 24 * time.Hour),
		},
	}
}

// finish fills in what depends on other keys.
func (s *Settings) finish() {
	s.BaseURI = asBase(s.BaseURI)
	if s.TLS.MinVersion == 0 {
		s.TLS.MinVersion = tls.VersionTLS12 // as Kask had it
	}
	if c := s.Cassandra; c != nil {
		if len(c.Hosts) == 0 {
			c.Hosts = []string{"localhost"}
		}
		setDefault(&c.Port, 9042)
		setDefault(&c.Keyspace, "kask")
		setDefault(&c.Table, "values")
		setDefault(&c.QueryTimeoutMS, 12_000)
		setDefault(&c.ConnectTimeoutMS, 5_000)
		setDefault(&c.Migrate, map[bool]string{true: MigrateRead, false: MigrateOff}[s.kask])
	}
	if e := s.Embedded; e != nil {
		setDefault(&e.Cache, 512<<20)
		e.FreeDisk = e.FreeDisk.orDefault()
	}
	if s.Audit != "" {
		setDefault(&s.Keys.Audit, s.Audit+".key")
	}
	for _, a := range []*Address{&s.Admin, &s.Probe} {
		if a.On() {
			setDefault(&a.ListenAddress, "localhost")
		}
	}
}

// asBase returns a base URI as Kask understands it: between two slashes.
func asBase(uri string) string {
	if !strings.HasPrefix(uri, "/") {
		uri = "/" + uri
	}
	if !strings.HasSuffix(uri, "/") {
		uri += "/"
	}
	return uri
}

func setDefault[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

// resolve makes relative paths relative to the folder of the file. Those of a Kask
// file stay relative to where the process runs, as Kask has it.
func (s *Settings) resolve(folder string) {
	paths := []*string{
		&s.OpenAPISpec, &s.TLS.Cert, &s.TLS.Key, &s.TLS.ClientCA, &s.TLS.ClientCRL, &s.Credentials, &s.Networks,
		&s.Keys.Root, &s.Keys.Ring, &s.Keys.Audit, &s.Portreeve.CA, &s.Portreeve.TokenFile, &s.Portreeve.Answers, &s.Audit,
		&s.Selfcheck.Cert, &s.Selfcheck.Key, &s.Selfcheck.Authority, &s.Selfcheck.Credential, &s.Selfcheck.Former, &s.Selfcheck.ServerCA,
	}
	if e := s.Embedded; e != nil {
		paths = append(paths, &e.Data)
	}
	if c := s.Cassandra; c != nil {
		paths = append(paths, &c.TLS.CA, &c.TLS.Cert, &c.TLS.Key, &c.Authentication.PasswordFile)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}

// File returns where the settings were read from.
func (s *Settings) File() string { return s.file }

// Kask reports whether the file holds nothing but Kask's own keys.
func (s *Settings) Kask() bool { return s.kask }

// StagedFor returns what holds a control that is not on yet.
func (s *Settings) StagedFor(c Control) (Staged, bool) {
	for _, staged := range s.Staged {
		if staged.Control == c {
			return staged, true
		}
	}
	return Staged{}, false
}

// Restart names the keys that differ in another reading of the file and that a
// running process cannot take up: all but the policy, the level of the log, and
// what the server does not look at.
func (s *Settings) Restart(next *Settings) []string {
	var keys []string
	was, is := reflect.ValueOf(s).Elem(), reflect.ValueOf(next).Elem()
	for _, f := range reflect.VisibleFields(was.Type()) {
		name := f.Tag.Get("yaml")
		switch name {
		case "", "policy", "log_level", "selfcheck":
			continue
		}
		if !reflect.DeepEqual(was.FieldByIndex(f.Index).Interface(), is.FieldByIndex(f.Index).Interface()) {
			keys = append(keys, name)
		}
	}
	return keys
}
