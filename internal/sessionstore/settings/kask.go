// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v2"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// kind is whose file it is.
type kind int

const (
	ours kind = iota
	kasks
	empty
)

// kaskFile is what Kask reads (its config.go), with the parser of the same family,
// so that what it takes is taken here: unquoted numbers as texts, anchors, and keys
// that nobody knows.
type kaskFile struct {
	ServiceName   string `yaml:"service_name"`
	BaseURI       string `yaml:"base_uri"`
	ListenAddress string `yaml:"listen_address"`
	ListenPort    int    `yaml:"listen_port"`
	DefaultTTL    int64  `yaml:"default_ttl"`
	LogLevel      string `yaml:"log_level"`
	OpenAPISpec   string `yaml:"openapi_spec"`
	TLS           struct {
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	Cassandra struct {
		Hosts            []string `yaml:"hosts"`
		Port             int      `yaml:"port"`
		Keyspace         string   `yaml:"keyspace"`
		Table            string   `yaml:"table"`
		LocalDC          string   `yaml:"local_dc"`
		QueryTimeoutMS   int      `yaml:"query_timeout_ms"`
		ConnectTimeoutMS int      `yaml:"connect_timeout_ms"`
		TLS              struct {
			CA   string `yaml:"ca"`
			Cert string `yaml:"cert"`
			Key  string `yaml:"key"`
		} `yaml:"tls"`
		Authentication struct {
			Username string `yaml:"username"`
			Password string `yaml:"password"`
		} `yaml:"authentication"`
	} `yaml:"cassandra"`
}

// kindOf tells whose file it is, and for a Kask file the keys that nobody knows.
// What is no YAML is ours: the strict reader says what is wrong.
func kindOf(data []byte) (unknown []string, k kind) {
	var body any
	if err := yaml.Unmarshal(data, &body); err != nil {
		return nil, ours
	}
	top, ok := body.(map[any]any)
	switch {
	case body == nil, ok && len(top) == 0:
		return nil, empty
	case !ok:
		return nil, ours
	}
	if !onlyKasks("", top, reflect.TypeFor[kaskFile](), reflect.TypeFor[Settings](), &unknown) {
		return nil, ours
	}
	slices.Sort(unknown)
	return unknown, kasks
}

// onlyKasks collects the keys that nobody knows, and reports whether none is ours
// or looks like one of ours misspelt.
func onlyKasks(path string, group map[any]any, theirs, own reflect.Type, unknown *[]string) bool {
	known, all := keysOf(theirs), keysOf(own)
	for k, value := range group {
		key, isText := k.(string)
		if inner, ok := known[key]; ok && isText {
			if sub, isGroup := value.(map[any]any); isGroup && inner.Kind() == reflect.Struct {
				if !onlyKasks(path+key+".", sub, inner, all[key], unknown) {
					return false
				}
			}
			continue
		}
		for mine := range all {
			if _, both := known[mine]; !both && config.Resembles(key, mine) {
				return false
			}
		}
		*unknown = append(*unknown, path+fmt.Sprint(k))
	}
	return true
}

// keysOf returns the keys of a struct and the types of their values.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" {
			keys[name] = f.Type
		}
	}
	return keys
}

// readKask reads a Kask file with Kask's defaults and Kask's checks.
func readKask(file string, data []byte, ignored []string) (*Settings, error) {
	s := defaults()
	s.kask, s.Profile, s.ignored, s.ServiceName = true, AsKask, ignored, "kask"
	k := kaskFile{ServiceName: s.ServiceName, BaseURI: s.BaseURI, ListenAddress: s.ListenAddress, ListenPort: s.ListenPort, DefaultTTL: s.DefaultTTL, LogLevel: s.LogLevel}
	if err := yaml.Unmarshal(data, &k); err != nil {
		// The parser's text repeats values, and one may be a password; the strict
		// reader's does not.
		if err := config.Decode(file, data, s); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Invalid, config.CodeInvalid, "%s: a value has another form than Kask takes: ports, time-outs and default_ttl are whole numbers, cassandra.hosts is a list, everything else is text.", file)
	}
	s.ServiceName, s.BaseURI, s.ListenAddress, s.ListenPort = k.ServiceName, k.BaseURI, k.ListenAddress, k.ListenPort
	s.DefaultTTL, s.LogLevel, s.OpenAPISpec = k.DefaultTTL, k.LogLevel, k.OpenAPISpec
	s.TLS.Cert, s.TLS.Key = k.TLS.Cert, k.TLS.Key
	c := k.Cassandra
	s.Cassandra = &Cassandra{
		Hosts: c.Hosts, Port: c.Port, Keyspace: c.Keyspace, Table: c.Table, LocalDC: c.LocalDC,
		QueryTimeoutMS: c.QueryTimeoutMS, ConnectTimeoutMS: c.ConnectTimeoutMS,
		TLS:            CassandraTLS{CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key},
		Authentication: Authentication{Username: c.Authentication.Username, Password: Secret(c.Authentication.Password)},
	}
	fields := s.Validate()
	fields = append(fields, prefixed("cassandra", s.Cassandra.Validate())...)
	fields = append(fields, prefixed("tls", s.TLS.Validate())...)
	if len(fields) > 0 {
		return nil, &fault.Error{
			Kind: fault.Invalid, Code: config.CodeInvalid, Fields: fault.Bounded(fields),
			Message: fmt.Sprintf("%s: %s %s", file, fields[0].Path, fields[0].Message),
		}
	}
	return s, nil
}

func prefixed(path string, fields []fault.Field) []fault.Field {
	for i := range fields {
		if fields[i].Path == "" {
			fields[i].Path = path
		} else {
			fields[i].Path = path + "." + fields[i].Path
		}
	}
	return fields
}
