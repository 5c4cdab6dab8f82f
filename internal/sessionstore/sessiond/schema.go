// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"fmt"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/cassandra"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// SchemaCmd prints what an operator is to run in Cassandra before the first start.
type SchemaCmd struct {
	Config string   `required:"" help:"Configuration file." type:"path" placeholder:"FILE"`
	Copies []string `required:"" help:"Nodes of a data centre that hold each row, NAME=NUMBER; repeat it for each data centre." placeholder:"NAME=NUMBER"`
	Role   string   `help:"Also make this role, which may read and write the tables and nothing else." placeholder:"NAME"`
}

// Run prints CQL.
func (c *SchemaCmd) Run(s *client.Session) error {
	cfg, err := settings.Read(c.Config)
	if err != nil {
		return err
	}
	if !cfg.Uses(settings.BackendCassandra) {
		return fault.New(fault.Usage, "sessiond.schema", "No namespace of %s is kept in Cassandra.", c.Config)
	}
	schema := cassandra.Schema{Keyspace: cfg.Cassandra.Keyspace, Role: c.Role}
	for _, one := range c.Copies {
		name, number, _ := strings.Cut(one, "=")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || name == "" {
			return fault.New(fault.Usage, "sessiond.copies", "--copies takes the name of a data centre and a number, such as eqiad=3.")
		}
		schema.Replication = append(schema.Replication, cassandra.Copies{Name: name, Copies: n})
	}
	for _, sp := range cfg.Spaces() {
		if sp.Backend == settings.BackendCassandra {
			schema.Namespaces = append(schema.Namespaces, sp.Name)
		}
	}
	text, err := schema.CQL()
	if err != nil {
		return fault.New(fault.Invalid, "sessiond.schema", "%s", strings.TrimPrefix(err.Error(), "cassandra: "))
	}
	_, err = fmt.Fprint(s.Stdout, text)
	return err
}
