// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"text/template"
)

//go:embed schema.cql.tmpl
var schemaText string

// Copies is how many nodes of a data centre hold each row.
type Copies struct {
	Name   string // of the data centre
	Copies int
}

// Schema is what an operator is to run before the first start, as a superuser.
type Schema struct {
	Keyspace    string
	Replication []Copies
	Namespaces  []string
	Role        string // "" = none is made
}

// CQL returns the statements, each of which may be run again.
func (s Schema) CQL() (string, error) {
	if !identifier.MatchString(s.Keyspace) || s.Role != "" && !identifier.MatchString(s.Role) {
		return "", fmt.Errorf("cassandra: %q or %q is not a name", s.Keyspace, s.Role)
	}
	if len(s.Replication) == 0 {
		return "", errors.New("cassandra: say how many copies each data centre has")
	}
	for _, c := range s.Replication {
		if c.Copies < 1 || strings.ContainsAny(c.Name, "'\n") || c.Name == "" {
			return "", fmt.Errorf("cassandra: %d copies in data centre %q", c.Copies, c.Name)
		}
	}
	t, err := template.New("schema").Parse(schemaText)
	if err != nil {
		return "", err
	}
	data := struct {
		Schema
		Tables []tables
	}{Schema: s}
	for _, namespace := range s.Namespaces {
		data.Tables = append(data.Tables, tablesOf(namespace))
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	return b.String(), err
}

// Statements returns the statements of CQL one by one, without comments.
func (s Schema) Statements() ([]string, error) {
	text, err := s.CQL()
	if err != nil {
		return nil, err
	}
	var code strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "--")
		code.WriteString(strings.TrimRight(line, "\n") + "\n")
	}
	var all []string
	for part := range strings.SplitSeq(code.String(), ";") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all, nil
}

// tables are the names of a namespace's tables. Each namespace has its own: that is
// the simplest to drop, to give rights to and to look at.
type tables struct{ Namespace, Rows, Owners, Epochs string }

func tablesOf(namespace string) tables {
	// A table's name has 48 characters at most. A long namespace's ends in a hash, and
	// is longer than any other's is.
	const longest, kept = 40, 28
	name := strings.ReplaceAll(namespace, "-", "_")
	if len(name) > longest {
		sum := sha256.Sum256([]byte(namespace))
		name = name[:kept] + "_" + hex.EncodeToString(sum[:8])
	}
	return tables{Namespace: namespace, Rows: "s_" + name, Owners: "o_" + name, Epochs: "e_" + name}
}
