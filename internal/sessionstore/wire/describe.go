// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed openapi.yaml
var builtIn string

// described is what a description's template may use. Kask's own has BaseURI.
type described struct {
	BaseURI     string // of the first namespace
	ServiceName string
	Spaces      []describedSpace
}

type describedSpace struct {
	Name, BaseURI string
	MaxValue      int64
}

// lists are what the built-in description repeats itself for.
var lists = template.FuncMap{
	"writeMethods": func() []string { return []string{"post", "put"} },
	"probePaths":   func() []string { return []string{"healthz", "readyz"} },
}

// Describe fills in a description's template (text/template, YAML): .BaseURI and
// .ServiceName as in Kask's openapi_spec, and .Spaces with .Name and .BaseURI each.
// An empty text is the description that is built in.
func Describe(text, service string, spaces []Mount) ([]byte, error) {
	if text == "" {
		text = builtIn
	}
	t, err := template.New("openapi").Funcs(lists).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("description of the API: %w", err)
	}
	d := described{BaseURI: spaces[0].Base, ServiceName: service}
	for _, s := range spaces {
		d.Spaces = append(d.Spaces, describedSpace{s.Store.Name, s.Base, maxValueOf(s.Store)})
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("description of the API: %w", err)
	}
	return b.Bytes(), nil
}
