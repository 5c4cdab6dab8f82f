// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/cassandra"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// MakeKeysCmd makes the files that sessions are sealed with.
type MakeKeysCmd struct {
	Config string `required:"" help:"Configuration file, which names them: keys.root and keys.ring." type:"path" placeholder:"FILE"`
	Again  string `help:"Instead, give a namespace new keys whose keys were destroyed. The service must not run." placeholder:"NAME"`
}

// Run makes a root key, unless it is there, and a ring file with keys for every
// namespace. It never overwrites one.
func (c *MakeKeysCmd) Run(s *client.Session) error {
	cfg, err := settings.Read(c.Config)
	if err != nil {
		return err
	}
	if cfg.Keys.Root == "" {
		return fault.New(fault.Usage, "sessiond.keys", "%s names no keys. Set keys.root and keys.ring to the files that are to be made.", c.Config)
	}
	if c.Again != "" {
		return again(cfg.Keys, c.Again)
	}
	root, err := makeRing(cfg.Keys.Root, cfg.Keys.Ring, cfg.Spaces())
	if err != nil {
		return err
	}
	s.Printf("%s and %s are made (%s).\nKeep a copy of both where nobody finds them together: without them every session is lost.\n", cfg.Keys.Root, cfg.Keys.Ring, root)
	return nil
}

// again lets a namespace begin anew whose keys were destroyed.
func again(keys settings.Keys, namespace string) error {
	root, err := seal.ReadRoot(keys.Root)
	if err != nil {
		return err
	}
	ring, err := seal.Open(keys.Ring, root, clock)
	if err != nil {
		return err
	}
	_, err = ring.Recreate(namespace)
	return errors.Join(err, ring.Close())
}

// makeRing makes the files of keys that are missing.
func makeRing(rootFile, ringFile string, spaces []settings.Space) (*seal.Root, error) {
	root, err := seal.CreateRoot(rootFile)
	if errors.Is(err, fs.ErrExist) {
		root, err = seal.ReadRoot(rootFile)
	}
	if err != nil {
		return nil, err
	}
	ring, err := seal.Create(ringFile, root, clock)
	if err != nil {
		return nil, err
	}
	for _, sp := range spaces {
		if _, err := ring.Ring(sp.Name); err != nil {
			return nil, errors.Join(err, ring.Close())
		}
	}
	return root, ring.Close()
}

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

// missing reports whether there is no such file.
func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}
