// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"portreeve.org/portreeve/internal/kernel/config"
)

// Settings is what a file says, with what stands for absent keys filled in.
// Nobody changes it after [Read].
type Settings struct {
	// Kask's keys, under Kask's names.
	ServiceName   string     `yaml:"service_name"` // appname of log lines; default kask in a Kask file, sessiond in ours
	BaseURI       string     `yaml:"base_uri"`     // of namespace default when namespaces is absent; default /v1/
	ListenAddress string     `yaml:"listen_address"`
	ListenPort    int        `yaml:"listen_port"`
	DefaultTTL    int64      `yaml:"default_ttl"` // seconds; 0 = never
	LogLevel      string     `yaml:"log_level"`   // debug, info, warning, error, fatal
	OpenAPISpec   string     `yaml:"openapi_spec"`
	TLS           TLS        `yaml:"tls"`
	Cassandra     *Cassandra `yaml:"cassandra"`

	// Ours.
	Profile     Profile     `yaml:"profile"`
	Credentials string      `yaml:"credentials"` // file of profile credential
	Networks    string      `yaml:"networks"`    // file with the network list
	Policy      []Rule      `yaml:"policy"`
	Namespaces  []Namespace `yaml:"namespaces"`
	Embedded    *Embedded   `yaml:"embedded"`
	Keys        Keys        `yaml:"keys"`
	Admin       Address     `yaml:"admin"`
	Probe       Address     `yaml:"probe"`
	Staged      []Staged    `yaml:"staged"`
	Portreeve   Portreeve   `yaml:"portreeve"`
	Limits      Limits      `yaml:"limits"`
	Audit       string      `yaml:"audit"`
	Selfcheck   Selfcheck   `yaml:"selfcheck"`

	file    string   // where it was read from
	kask    bool     // nothing but Kask's keys
	ignored []string // keys of a Kask file that nobody knows
	shown   bool     // the file may be read by everybody on the machine
}

// TLS is the certificate of the listeners and what their clients must show.
type TLS struct {
	Cert       string  `yaml:"cert"` // PEM chain
	Key        string  `yaml:"key"`
	ClientCA   string  `yaml:"client_ca"`   // PEM: the authorities of client certificates
	ClientCRL  string  `yaml:"client_crl"`  // PEM or DER: revoked client certificates
	MinVersion Version `yaml:"min_version"` // default 1.3; 1.2 is possible
}

// Cassandra is where the Cassandra backend connects.
type Cassandra struct {
	Hosts            []string       `yaml:"hosts"`
	Port             int            `yaml:"port"`
	Keyspace         string         `yaml:"keyspace"`
	Table            string         `yaml:"table"` // Kask's own table: read through while sessions move over
	LocalDC          string         `yaml:"local_dc"`
	QueryTimeoutMS   int            `yaml:"query_timeout_ms"`
	ConnectTimeoutMS int            `yaml:"connect_timeout_ms"`
	TLS              CassandraTLS   `yaml:"tls"`
	Authentication   Authentication `yaml:"authentication"`
	Migrate          string         `yaml:"migrate"` // off, read, finish; what becomes of sessions in Kask's table
}

// CassandraTLS is the TLS of connections to Cassandra. The server's certificate is
// always checked against CA and its name.
type CassandraTLS struct {
	CA         string `yaml:"ca"`
	Cert       string `yaml:"cert"`
	Key        string `yaml:"key"`
	ServerName string `yaml:"server_name"` // the name that certificates must have; default: the host that was dialled
}

// Authentication is how we sign in to Cassandra.
type Authentication struct {
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Rule lets an identity do something in namespaces.
type Rule struct {
	Identity   string   `yaml:"identity"`   // uri:..., dns:..., credential:..., network; * at its end stands for any rest
	Namespaces []string `yaml:"namespaces"` // names, or *
	Verbs      []string `yaml:"verbs"`      // read, write, delete, revoke, administer
}

// Namespace is one application's sessions, as the file has it. See [Settings.Spaces].
type Namespace struct {
	Name       string           `yaml:"name"`
	BaseURI    string           `yaml:"base_uri"`
	TTL        *config.Duration `yaml:"ttl"` // 0 = never; default default_ttl
	MaxTTL     config.Duration  `yaml:"max_ttl"`
	Expiry     string           `yaml:"expiry"` // sliding (default) or absolute
	MaxAge     config.Duration  `yaml:"max_age"`
	MaxValue   config.Size      `yaml:"max_value"`
	Quota      config.Size      `yaml:"quota"`
	Rows       int64            `yaml:"rows"`
	Rate       float64          `yaml:"rate"`  // writes a second
	Burst      int              `yaml:"burst"` // writes at once; default twice the rate
	Shed       bool             `yaml:"shed"`
	DeleteHold config.Duration  `yaml:"delete_hold"`
	MaxGrace   config.Duration  `yaml:"max_grace"`
	Backend    string           `yaml:"backend"` // embedded or cassandra; default: the one that is configured
}

// Embedded is the backend on this machine's disk.
type Embedded struct {
	Data     string      `yaml:"data"`
	Cache    config.Size `yaml:"cache"`
	Sync     *bool       `yaml:"sync"` // default true: on disk before the answer
	FreeDisk FreeDisk    `yaml:"free_disk"`
}

// Synced reports whether a write is on disk before it is answered.
func (e *Embedded) Synced() bool { return e.Sync == nil || *e.Sync }

// FreeDisk says at how much free disk what is shed.
type FreeDisk struct {
	Short    Percent `yaml:"short"`
	Shed     Percent `yaml:"shed"`
	Critical Percent `yaml:"critical"`
}

// orDefault fills in the shares that are absent.
func (d FreeDisk) orDefault() FreeDisk {
	setDefault(&d.Short, 15)
	setDefault(&d.Shed, 10)
	setDefault(&d.Critical, 5)
	return d
}

// Keys names the files of the keys that sessions are sealed with.
type Keys struct {
	Root string `yaml:"root"` // 32 bytes in base64; it should lie elsewhere than the data
	Ring string `yaml:"ring"` // the namespaces' keys, wrapped by the root key
	// Audit signs the audit log and the receipts; it is made at the first start.
	// Default: the audit log's name with .key.
	Audit string `yaml:"audit"`
	// FromPlain also reads rows from before there were keys, and brings them over.
	FromPlain bool `yaml:"from_plain"`
}

// Address is where a further listener listens; it is off without a port.
type Address struct {
	ListenAddress string `yaml:"listen_address"`
	ListenPort    *int   `yaml:"listen_port"` // 0 takes a free one
}

// On reports whether there is such a listener.
func (a Address) On() bool { return a.ListenPort != nil }

// Staged is a control that is not on yet, held by an acceptance in Portreeve.
type Staged struct {
	Control Control     `yaml:"control"`
	Subject string      `yaml:"subject"` // of the acceptance
	Until   config.Date `yaml:"until"`   // never longer than to the end of this day in UTC
}

// Portreeve is the server whose gate is asked for the acceptances.
type Portreeve struct {
	URL       string `yaml:"url"`
	CA        string `yaml:"ca"`
	TokenFile string `yaml:"token_file"`
	GateKey   string `yaml:"gate_key"` // verifier key of its signed answers
	Answers   string `yaml:"answers"`  // file where the last answers are kept over a restart; default: beside the data or the audit log
}

// Selfcheck is what `portreeve sessiond selfcheck` acts with; the server itself
// does not look at it.
type Selfcheck struct {
	Cert       string `yaml:"cert"` // of a client that may read and write, PEM
	Key        string `yaml:"key"`
	Authority  string `yaml:"authority"`  // folder of `portreeve sessiond cert`: expired and foreign names are signed with its key
	Credential string `yaml:"credential"` // file with a credential that may read and write: name:secret, or a token
	Former     string `yaml:"former"`     // file with a credential that was rotated out
	ServerCA   string `yaml:"server_ca"`  // what signed the server's certificate; default: the authority, else client_ca
}

// Limits bound what a connection may take. The zero value of a field stands for
// its default.
type Limits struct {
	Handshakes       int             `yaml:"handshakes"` // under way at once
	HandshakeTimeout config.Duration `yaml:"handshake_timeout"`
	HeaderTimeout    config.Duration `yaml:"header_timeout"`
	BodyTimeout      config.Duration `yaml:"body_timeout"`
	IdleTimeout      config.Duration `yaml:"idle_timeout"`
	HeaderBytes      config.Size     `yaml:"header_bytes"`
	Connections      int             `yaml:"connections"`
	NetworkAge       config.Duration `yaml:"network_age"` // a network list that is older is reported
}
