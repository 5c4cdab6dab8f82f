// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"
)

// Config says where Cassandra is and how to be let in. Hosts, Keyspace and Clock
// are required, and TLS.CA unless Plaintext is said.
type Config struct {
	Hosts    []string // names or addresses; the other nodes are found through them
	Port     int      // 0 = 9042
	Keyspace string
	// LocalDC is the data centre whose nodes are asked. Required where there are
	// several: a quorum of another one would not see what was written here.
	LocalDC string
	TLS     TLS
	// Plaintext connects without TLS, to whoever answers: session rows, and the
	// password, are open to the network. There is no TLS without verification.
	Plaintext bool
	Username  string // "" = the client certificate alone says who this is
	Password  string
	// PasswordFile is read at each connection instead of Password; a line feed at
	// its end does not count.
	PasswordFile   string
	QueryTimeout   time.Duration // 0 = 12 s, as Kask has it
	ConnectTimeout time.Duration // 0 = 5 s
	Connections    int           // to each node; 0 = 4
	// LocalSerial decides lightweight transactions within the data centre: they go
	// on when another one is away, and two data centres may then both succeed.
	LocalSerial bool
	// CheckEvery is how often the connection is tried; 0 = 5 s. It is built anew
	// after three failures.
	CheckEvery time.Duration
	// Clock is the wall clock; Elapsed the time since some moment, which never goes
	// back (nil = the machine's).
	Clock   func() time.Time
	Elapsed func() time.Duration
	Log     *slog.Logger // nil = slog.Default
}

// TLS names files, which are read again when they change.
type TLS struct {
	CA   string // of the nodes' certificates
	Cert string // this client's; "" = none
	Key  string
	// ServerName is what every node's certificate must say. "" = the name of the
	// contact point that leads to the node, or else the node's address.
	ServerName string
}

// Defaults.
const (
	DefaultPort           = 9042
	DefaultQueryTimeout   = 12 * time.Second
	DefaultConnectTimeout = 5 * time.Second
	DefaultConnections    = 4
	DefaultCheckEvery     = 5 * time.Second
)

// identifier is what a keyspace and a table may be called without quotes; none may
// be longer than 48 characters.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,47}$`)

func (c Config) completed() (Config, error) {
	switch {
	case len(c.Hosts) == 0 || c.Clock == nil:
		return c, errors.New("cassandra: hosts and a clock are required")
	case !identifier.MatchString(c.Keyspace):
		return c, fmt.Errorf("cassandra: %q is not a keyspace's name", c.Keyspace)
	case c.Plaintext && c.TLS != (TLS{}):
		return c, errors.New("cassandra: TLS is configured, and plain text asked for: choose one")
	case !c.Plaintext && c.TLS.CA == "":
		return c, errors.New("cassandra: the authority of the nodes' certificates is missing (tls.ca)")
	case (c.TLS.Cert == "") != (c.TLS.Key == ""):
		return c, errors.New("cassandra: a certificate needs its key, and a key its certificate")
	case c.Username == "" && (c.Password != "" || c.PasswordFile != ""):
		return c, errors.New("cassandra: a password without a user name")
	}
	for value, usual := range map[*time.Duration]time.Duration{
		&c.QueryTimeout: DefaultQueryTimeout, &c.ConnectTimeout: DefaultConnectTimeout, &c.CheckEvery: DefaultCheckEvery,
	} {
		if *value <= 0 {
			*value = usual
		}
	}
	if c.Port == 0 {
		c.Port = DefaultPort
	}
	if c.Connections <= 0 {
		c.Connections = DefaultConnections
	}
	if c.Elapsed == nil {
		c.Elapsed = steady()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, nil
}

// secret returns the password as it is now.
func (c Config) secret() (string, error) {
	if c.PasswordFile == "" {
		return c.Password, nil
	}
	raw, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read Cassandra's password: %w", err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}
