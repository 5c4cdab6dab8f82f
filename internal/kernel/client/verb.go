// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// prefix is where the API begins. The paths of the functions below are relative
// to it, as those of operations are.
const prefix = "/api/v1"

// Path joins segments to a path of the API and escapes each: an id may hold what
// an address reserves.
func Path(segments ...string) string {
	path := ""
	for _, s := range segments {
		path += "/" + url.PathEscape(s)
	}
	return path
}

// Get returns what is at a path. The query is nil or as [Query] takes it.
func Get[T any](s *Session, path string, query any) (T, error) {
	return call[T](s, Request{Path: path, Query: Query(query)})
}

// Send sends a body to a path and returns the answer. version is the one that the
// change is based on, 0 for what has none; a body of bytes goes as it is, others
// as JSON, nil not at all.
func Send[T any](s *Session, method, path string, version int64, body any) (T, error) {
	r := Request{Method: method, Path: path, Version: version}
	if raw, ok := body.([]byte); ok {
		r.Raw = raw
	} else {
		r.Body = body
	}
	return call[T](s, r)
}

// Change sends a change of an item to the item's own path, or to a step below it,
// and returns the answer. A version of 0 stands for the item's present one.
func Change[T any](s *Session, method, item, step string, version int64, body any) (T, error) {
	version, err := s.Version(item, version)
	if err != nil {
		var none T
		return none, err
	}
	return Send[T](s, method, item+step, version, body)
}

func call[T any](s *Session, r Request) (T, error) {
	var out T
	c, err := s.Client()
	if err != nil {
		return out, err
	}
	r.Path = prefix + r.Path
	return out, c.Call(s.Context, r, &out)
}

// Do sends a body to a path where nothing, or nothing of interest, is answered.
func (s *Session) Do(method, path string, body any) error {
	_, err := Send[json.RawMessage](s, method, path, 0, body)
	return err
}

// Download copies what is at a path to w as it comes.
func (s *Session) Download(path string, w io.Writer) error {
	c, err := s.Client()
	if err != nil {
		return err
	}
	return c.Download(s.Context, Request{Path: prefix + path}, w)
}

// Version returns the version that a change of an item is based on: the one that
// was given, or for 0 that of the item as it is now, by its ETag.
func (s *Session) Version(item string, given int64) (int64, error) {
	if given != 0 {
		return given, nil
	}
	c, err := s.Client()
	if err != nil {
		return 0, err
	}
	resp, err := c.send(s.Context, Request{Path: prefix + item})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	// Read to its end, or the server would see somebody hang up, and the next request
	// would need another connection.
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return 0, fault.New(fault.Unavailable, "client.broken", "The server's answer broke off; try again.").Because(err)
	}
	text, ok := strings.CutPrefix(resp.Header.Get("ETag"), `"v`)
	n, err := strconv.ParseInt(strings.TrimSuffix(text, `"`), 10, 64)
	if !ok || err != nil {
		return 0, fault.New(fault.Unavailable, "client.etag", "The server's answer has no version; is PORTREEVE_URL a Portreeve of this version?").Because(err)
	}
	return n, nil
}

// Query makes a query of the fields of a struct, or of a pointer to one, that
// have a tag query:"name"; empty ones are left out. A flag that is set is sent as
// "true", or with the tag query:"name=value" as that value. The fields of an
// embedded struct count as its own. nil gives no query, and a query itself.
func Query(in any) url.Values {
	values := url.Values{}
	switch in := in.(type) {
	case nil:
	case url.Values:
		return in
	default:
		collect(values, reflect.Indirect(reflect.ValueOf(in)))
	}
	return values
}

func collect(values url.Values, v reflect.Value) {
	for field, value := range v.Fields() {
		if field.Anonymous && value.Kind() == reflect.Struct {
			collect(values, value)
			continue
		}
		name, fixed, found := strings.Cut(field.Tag.Get("query"), "=")
		switch {
		case name == "" || value.IsZero():
		case found:
			values.Set(name, fixed)
		default:
			values.Set(name, fmt.Sprint(value))
		}
	}
}

// ReadJSON reads a file, or standard input for "-", into v. What v does not know
// is refused.
func ReadJSON(s *Session, file string, v any) error {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(io.LimitReader(s.Stdin, 1<<20))
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return fault.New(fault.Usage, "client.file", "The file %s cannot be read.", file).Because(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fault.New(fault.Usage, "client.file", "The file %s is not the JSON that is expected: %s.", file, fmt.Sprint(err))
	}
	return nil
}
