// SPDX-License-Identifier: Apache-2.0

package cql

import (
	"fmt"
	"regexp"
	"strings"
)

// statement is one of the shapes that the double knows.
type statement struct {
	verb       string
	table      string
	columns    []string // selected, inserted, set or deleted
	nulls      []bool   // of columns that are set: to null rather than to a value
	where      []term
	conditions []string // of a transaction
	timestamp  bool     // values come in the order of the text
	ttl        bool
	binds      []column
	system     bool
}

// term is a part of WHERE.
type term struct{ column, compare string }

var (
	selects   = regexp.MustCompile(`^SELECT (.+?) FROM (\S+)(?: WHERE (.+?))?$`)
	inserts   = regexp.MustCompile(`^INSERT INTO (\S+) \((.+?)\) VALUES \([?, ]+\)( USING TIMESTAMP \?)?( AND TTL \?)?$`)
	updates   = regexp.MustCompile(`^UPDATE (\S+)(?: USING( TIMESTAMP \?)?(?: AND)?( TTL \?)?)? SET (.+?) WHERE (.+?)(?: IF (.+))?$`)
	deletes   = regexp.MustCompile(`^DELETE (.*?)FROM (\S+)( USING TIMESTAMP \?)? WHERE (.+)$`)
	truncates = regexp.MustCompile(`^TRUNCATE (\S+)$`)
	compares  = regexp.MustCompile(`^(?:token\()?(\w+)\)? (=|>) (?:token\()?(\?|'\w+')\)?$`)
)

// kinds are the types of the columns that there are.
func kindOf(name string) int {
	switch name {
	case "tag", "gone", "held", "xtag", "not_before", "[timestamp]":
		return typeBigint
	case "[ttl]":
		return typeInt
	case "at", "totimestamp(now())":
		return typeTimestamp
	case "process", "data_center", "release_version", "rack", "cluster_name", "partitioner", "keyspace_name":
		return typeText
	case "host_id", "schema_version":
		return typeUUID
	case "rpc_address", "broadcast_address", "listen_address", "peer":
		return typeInet
	case "tokens":
		return typeTexts
	case "[applied]":
		return typeBoolean
	}
	switch {
	case strings.HasPrefix(name, "writetime("):
		return typeBigint
	case strings.HasPrefix(name, "ttl("):
		return typeInt
	default:
		return typeBlob
	}
}

func parse(text string) (statement, error) {
	text = strings.Join(strings.Fields(text), " ")
	var st statement
	var err error
	if m := selects.FindStringSubmatch(text); m != nil {
		st = statement{verb: "SELECT", columns: list(m[1]), table: m[2]}
		err = st.addWhere(m[3])
	} else if m := inserts.FindStringSubmatch(text); m != nil {
		st = statement{verb: "INSERT", table: m[1], columns: list(m[2])}
		for _, c := range st.columns {
			st.bind(c)
		}
		st.addUsing(m[3], m[4])
	} else if m := updates.FindStringSubmatch(text); m != nil {
		st = statement{verb: "UPDATE", table: m[1]}
		st.addUsing(m[2], m[3])
		for _, set := range list(m[4]) {
			name, value, _ := strings.Cut(set, " = ")
			st.columns, st.nulls = append(st.columns, name), append(st.nulls, value == "null")
			if value != "null" {
				st.bind(name)
			}
		}
		err = st.addWhere(m[5])
		for _, c := range strings.Split(m[6], " AND ") {
			if name, _, ok := strings.Cut(c, " = "); ok {
				st.conditions = append(st.conditions, name)
				st.bind(name)
			}
		}
	} else if m := deletes.FindStringSubmatch(text); m != nil {
		st = statement{verb: "DELETE", table: m[2], columns: list(strings.TrimSpace(m[1]))}
		st.addUsing(m[3], "")
		err = st.addWhere(m[4])
	} else if m := truncates.FindStringSubmatch(text); m != nil {
		st = statement{verb: "TRUNCATE", table: m[1]}
	} else {
		err = fmt.Errorf("the double does not know %q", text)
	}
	st.system = strings.HasPrefix(st.table, "system")
	return st, err
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

func (st *statement) bind(name string) {
	st.binds = append(st.binds, column{name, kindOf(name)})
}

func (st *statement) addUsing(timestamp, ttl string) {
	if st.timestamp = timestamp != ""; st.timestamp {
		st.bind("[timestamp]")
	}
	if st.ttl = ttl != ""; st.ttl {
		st.bind("[ttl]")
	}
}

func (st *statement) addWhere(text string) error {
	if text == "" {
		return nil
	}
	for _, part := range strings.Split(text, " AND ") {
		m := compares.FindStringSubmatch(strings.ReplaceAll(part, "key='", "key = '"))
		if m == nil {
			return fmt.Errorf("the double does not know the condition %q", part)
		}
		st.where = append(st.where, term{m[1], m[2]})
		if m[3] == "?" {
			st.bind(m[1])
		}
	}
	return nil
}

// results are the columns of what comes back; nil is nothing.
func (st *statement) results() []column {
	switch {
	case len(st.conditions) > 0:
		return []column{{"[applied]", typeBoolean}}
	case st.verb != "SELECT":
		return nil
	}
	var all []column
	for _, name := range st.columns {
		all = append(all, column{name, kindOf(strings.ToLower(name))})
	}
	return all
}
