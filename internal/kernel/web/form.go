// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Names of the fields that every form carries; see the "form" component.
const (
	fieldPage       = "_page"       // address of the form's page, for drafts
	fieldAction     = "_action"     // where a kept draft was sent to
	fieldSubmission = "_submission" // one per rendered form
	fieldVersion    = "_version"    // version of the item the form was filled from
	fieldRestored   = "_draft"      // the form was filled from a draft
)

const maxFields = 1000

// File is one uploaded file, held in memory: the route's MaxBody bounds it. Type
// is derived from the content, not from what the browser says.
type File struct {
	Name string // base name as the browser sent it; for display only
	Type string
	Data []byte
}

// Form is the parsed body of a POST, or the state of a form that is rendered.
// The getters (value.go) collect what is wrong; the builders (field.go) make
// the inputs. It belongs to one request.
type Form struct {
	Action string // where it is sent to

	values   url.Values
	files    map[string][]File
	broken   map[string]bool // fields with bytes that are not UTF-8
	order    []string        // fields with errors, in the order of discovery
	errs     map[string]fault.Field
	rows     map[string][]int // of each list that was bound: the rows that were not blank
	current  url.Values       // the saved values, after a stale edit
	location *time.Location
	text     func(Message) string

	prefix     string // of element ids
	page       string
	submission string
	restored   bool
	refusal    *fault.Error // why it was refused, if it was
	labels     []label      // of the fields rendered so far
}

// Form parses the body, once. It fails for a body that is too large or not a
// form; wrong fields are reported by the getters instead. Afterwards Context
// carries the submission, so that a repeated one is answered as the first.
func (c *Ctx) Form() (*Form, error) {
	if c.form != nil {
		return c.form, nil
	}
	f, err := parseForm(c.R)
	if err != nil {
		c.drain()
		return nil, err
	}
	f.Action = c.R.URL.Path
	f.location = c.mux.deps.Location
	f.text = c.mux.render.messages.text
	f.page = LocalPath(f.values.Get(fieldPage))
	f.restored = f.values.Get(fieldRestored) != ""
	c.form = f
	if c.forms == nil {
		c.forms = map[string]*Form{}
	}
	c.forms[f.Action] = f
	return f, c.submit(f)
}

// newForm returns a form for rendering, filled with values.
func (c *Ctx) newForm(action string, values url.Values) *Form {
	if values == nil {
		values = url.Values{}
	}
	return &Form{
		Action: action, values: values, errs: map[string]fault.Field{},
		location: c.mux.deps.Location, text: c.mux.render.messages.text,
	}
}

// parseForm reads a urlencoded or multipart body. It never writes to disk.
func parseForm(r *http.Request) (*Form, error) {
	f := &Form{values: url.Values{}, files: map[string][]File{}, broken: map[string]bool{}, errs: map[string]fault.Field{}}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, mediaFault(err)
	}
	switch media {
	case "application/x-www-form-urlencoded":
		err = f.readEncoded(r.Body)
	case "multipart/form-data":
		err = f.readMultipart(multipart.NewReader(r.Body, params["boundary"]))
	default:
		return nil, mediaFault(nil)
	}
	if err != nil {
		return nil, bodyFault(err)
	}
	return f, nil
}

func (f *Form) readEncoded(body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return err
	}
	for name, all := range values {
		for _, v := range all {
			if err := f.put(name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Form) readMultipart(body *multipart.Reader) error {
	for n := 0; ; n++ {
		part, err := body.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n >= maxFields {
			return errTooManyFields
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		name := part.FormName()
		if part.FileName() == "" && part.Header.Get("Content-Type") == "" {
			if err := f.put(name, string(data)); err != nil {
				return err
			}
			continue
		}
		if part.FileName() == "" || !utf8.ValidString(name) {
			continue // a file input that was left empty
		}
		f.files[name] = append(f.files[name], File{
			Name: strings.ToValidUTF8(part.FileName(), "\uFFFD"),
			Type: http.DetectContentType(data),
			Data: data,
		})
	}
}

var errTooManyFields = errors.New("web: too many fields")

// put adds one value. Line ends become "\n". Bytes that are not UTF-8 are
// replaced, so that the form can be shown again, and the field is marked.
func (f *Form) put(name, value string) error {
	if name == "" || !cleanLine(name) {
		return fmt.Errorf("web: a field name of %d bytes is not text", len(name))
	}
	if len(f.values) >= maxFields || len(f.values[name]) >= maxFields {
		return errTooManyFields
	}
	if !utf8.ValidString(value) {
		f.broken[name] = true
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
	f.values[name] = append(f.values[name], value)
	return nil
}

// secretField reports whether a field may never be kept or shown again:
// passwords, one-time codes and tokens.
func secretField(name string) bool {
	for _, word := range []string{"password", "code", "token", "secret"} {
		if name == word || strings.HasPrefix(name, word+"_") || strings.HasSuffix(name, "_"+word) {
			return true
		}
	}
	return false
}

// draft returns the values worth keeping.
func (f *Form) draft() url.Values {
	kept := url.Values{}
	for name, all := range f.values {
		if !secretField(name) && name != fieldSubmission && name != fieldPage && name != fieldRestored {
			kept[name] = all
		}
	}
	kept.Set(fieldAction, f.Action)
	return kept
}

// take notes the wrong fields of an error that a service returned.
func (f *Form) take(e *fault.Error) {
	f.refusal = e
	for _, field := range e.Fields {
		if _, known := f.errs[field.Path]; !known {
			f.order = append(f.order, field.Path)
			f.errs[field.Path] = field
		}
	}
}

// drain reads on a little after a body was refused, because a browser that is
// still sending does not look at the answer.
func (c *Ctx) drain() {
	if c.body != nil {
		_, _ = io.CopyN(io.Discard, c.body, 32<<20)
	}
}
