// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zone of a deadline must not depend on the machine

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Config is the file given to `portreeve serve --config FILE`. Relative paths in
// it are relative to the file's folder. Every field has a usable zero value but
// public_url, data_dir, tls and organisation.contact.
type Config struct {
	PublicURL    string             `yaml:"public_url"`   // https://security.example.org, no path
	Listen       string             `yaml:"listen"`       // host:port; default :8443
	TimeZone     string             `yaml:"time_zone"`    // IANA name; a date means the end of that day here; default UTC
	DataDir      string             `yaml:"data_dir"`     // keys, and the database when it is SQLite
	Database     DatabaseConfig     `yaml:"database"`     //
	TLS          TLSConfig          `yaml:"tls"`          //
	Mail         MailConfig         `yaml:"mail"`         // no host: notices wait in the outbox
	Metrics      MetricsConfig      `yaml:"metrics"`      //
	Organisation OrganisationConfig `yaml:"organisation"` //
	Ledger       LedgerConfig       `yaml:"ledger"`       //
	Sessions     SessionsConfig     `yaml:"sessions"`     // no url: web sessions are kept in data_dir, by this process
	Policy       PolicyFiles        `yaml:"policy"`       // each absent file means the shipped default

	file     string // where the configuration was read from
	location *time.Location
	hash     identity.HashConfig  // of passwords; zero: the default
	random   io.Reader            // of ids and salts; nil: the system's
	observe  func(string)         // sees each statement; nil: nobody looks
	elapsed  func() time.Duration // since some moment; nil: by the machine's steady clock
}

// DatabaseConfig chooses the engine. Without postgres, SQLite in data_dir is used.
type DatabaseConfig struct {
	Postgres string `yaml:"postgres"` // postgres:// URL; ${NAME} is taken from the environment
}

// TLSConfig says who ends TLS.
type TLSConfig struct {
	Certificate string `yaml:"certificate"`  // PEM chain; reloaded when the file changes
	Key         string `yaml:"key"`          // PEM key
	BehindProxy bool   `yaml:"behind_proxy"` // plain HTTP, on a loopback address only
	Local       bool   `yaml:"local"`        // a certificate for localhost, made in data_dir/tls
}

// MailConfig is the relay that notices leave by.
type MailConfig struct {
	Host         string `yaml:"host"`
	Port         int    `yaml:"port"`     // default 587 for starttls, 465 for tls, 25 for none
	Security     string `yaml:"security"` // starttls (default), tls, none (loopback only)
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`

	In MailInConfig `yaml:"in"` // no listen: no mail comes in
}

// MetricsConfig says where Prometheus may read /metrics.
type MetricsConfig struct {
	Listen string `yaml:"listen"` // host:port of a listener of its own; empty: only for people who administer, on the main listener
}

// OrganisationConfig is what the public front says.
type OrganisationConfig struct {
	Name     string   `yaml:"name"`
	Contact  []string `yaml:"contact"` // RFC 9116 Contact values: mailto:, https:, tel:
	Policy   string   `yaml:"policy"`  // RFC 9116 Policy
	Intro    string   `yaml:"intro"`   // Markdown on the front page
	Language []string `yaml:"language"`
}

// SessionsConfig says where web sessions are kept.
type SessionsConfig struct {
	KeyFile string `yaml:"key_file"` // seals them if this process keeps them; default data_dir/sessions.key

	URL         string `yaml:"url"`         // of a namespace of portreeve sessiond, https, with its base
	PastURL     string `yaml:"past_url"`    // of the namespace that keeps whose session it was
	AdminURL    string `yaml:"admin_url"`   // of its administration
	CA          string `yaml:"ca"`          // PEM: the authority of its certificate
	Certificate string `yaml:"certificate"` // PEM: by which it knows this server
	Key         string `yaml:"key"`
}

// Validate refuses half of a connection.
func (c SessionsConfig) Validate() []fault.Field {
	if c.URL == "" {
		return nil
	}
	var wrong []fault.Field
	for path, value := range map[string]string{"past_url": c.PastURL, "admin_url": c.AdminURL, "ca": c.CA, "certificate": c.Certificate, "key": c.Key} {
		if value == "" {
			wrong = append(wrong, fault.Field{Path: path, Code: "config.sessions", Message: "belongs to url: the session store is asked over mutual TLS"})
		}
	}
	slices.SortFunc(wrong, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
	return wrong
}

// LedgerConfig shapes the public log.
type LedgerConfig struct {
	Origin    string          `yaml:"origin"`    // first line of a checkpoint; default: the host of public_url
	KeyFile   string          `yaml:"key_file"`  // default data_dir/ledger.key
	Period    config.Duration `yaml:"period"`    // cadence of public checkpoints; default 24h
	Leaves    int             `yaml:"leaves"`    // a checkpoint is padded to a multiple of it; default 512
	Witnesses []string        `yaml:"witnesses"` // verifier keys whose cosignatures are taken
}

// PolicyFiles names files of the organisation that replace shipped defaults, by the
// name of the policy.
type PolicyFiles map[string]string

// authorization is the policy that is Cedar text. It has no shipped file: it adds to
// what the parts grant.
const authorization = "authorization"

// policyNames are the policies that a file can be named for.
func policyNames() []string {
	names := []string{authorization, "authority", "catalog", "content", "gate"}
	for _, s := range capabilities() {
		names = append(names, s.PolicyFiles...)
	}
	slices.Sort(names)
	return names
}

// Validate refuses a policy that there is not.
func (f PolicyFiles) Validate() []fault.Field {
	var wrong []fault.Field
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(policyNames(), name) {
			wrong = append(wrong, fault.Field{Path: name, Code: "config.unknown", Message: fmt.Sprintf("is not a known policy; did you mean %q?", config.Nearest(name, policyNames()))})
		}
	}
	return wrong
}

// ReadConfig reads and checks a configuration file. Everything wrong with it comes
// as one Invalid fault that names file, line and field.
func ReadConfig(file string) (*Config, error) {
	data, err := config.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &Config{file: file}
	if err := config.Decode(file, data, c); err != nil {
		return nil, err
	}
	c.resolve(filepath.Dir(file))
	if err := c.expand(); err != nil {
		return nil, err
	}
	return c, c.finish()
}

// resolve makes relative paths relative to the folder of the file.
func (c *Config) resolve(folder string) {
	for _, p := range []*string{&c.DataDir, &c.TLS.Certificate, &c.TLS.Key, &c.Mail.PasswordFile, &c.Ledger.KeyFile,
		&c.Sessions.KeyFile, &c.Sessions.CA, &c.Sessions.Certificate, &c.Sessions.Key} {
		*p = within(folder, *p)
	}
	for name, p := range c.Policy {
		c.Policy[name] = within(folder, p)
	}
}

// within makes a relative path relative to a folder; no path stays none.
func within(folder, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// expand puts in what stands in the environment. A name that is not set would
// silently choose another database, so it is an error.
func (c *Config) expand() error {
	var missing []fault.Field
	c.Database.Postgres = os.Expand(c.Database.Postgres, func(name string) string {
		value, ok := os.LookupEnv(name)
		if !ok || value == "" {
			missing = append(missing, fault.Field{Path: "database.postgres", Code: "config.environment", Message: "takes " + name + " from the environment, where it is not set"})
		}
		return value
	})
	if len(missing) > 0 {
		return &fault.Error{Kind: fault.Invalid, Code: "config.invalid", Message: c.file + ": the environment is incomplete.", Fields: missing}
	}
	return nil
}

// finish fills in the defaults of a valid configuration.
func (c *Config) finish() (err error) {
	setDefault(&c.Listen, defaultListen)
	setDefault(&c.TimeZone, "UTC")
	setDefault(&c.Organisation.Name, "Portreeve")
	setDefault(&c.Ledger.KeyFile, filepath.Join(c.DataDir, "ledger.key"))
	setDefault(&c.Sessions.KeyFile, filepath.Join(c.DataDir, "sessions.key"))
	base, err := url.Parse(c.PublicURL)
	if err != nil {
		return fmt.Errorf("public_url: %w", err)
	}
	c.PublicURL = "https://" + base.Host
	setDefault(&c.Ledger.Origin, base.Hostname())
	if c.location, err = time.LoadLocation(c.TimeZone); err != nil {
		return fmt.Errorf("time_zone: %w", err)
	}
	return nil
}

const defaultListen = ":8443"

// Validate lists what is wrong with the configuration; see [config.Validator].
func (c *Config) Validate() []fault.Field {
	var fields []fault.Field
	wrong := func(path, code, message string, args ...any) {
		fields = append(fields, fault.Field{Path: path, Code: code, Message: fmt.Sprintf(message, args...)})
	}
	base, err := url.Parse(c.PublicURL)
	if err != nil || base.Scheme != "https" || base.Host == "" || (base.Path != "" && base.Path != "/") {
		wrong("public_url", "config.public_url", "must be an https address without a path, such as https://security.example.org")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		wrong("time_zone", "config.time_zone", "is not a zone of the IANA time zone database, such as Europe/Berlin")
	}
	if c.DataDir == "" {
		wrong("data_dir", "config.data_dir", "must name a folder; the ledger's signing key lives there")
	}
	if len(c.Organisation.Contact) == 0 {
		wrong("organisation.contact", "config.contact", "must name at least one way to reach the office, such as mailto:security@example.org (RFC 9116)")
	}
	for i, contact := range c.Organisation.Contact {
		if u, err := url.Parse(contact); err != nil || !u.IsAbs() || u.Scheme == "http" {
			wrong(fmt.Sprintf("organisation.contact[%d]", i), "config.contact", "must be a mailto:, https: or tel: address")
		}
	}
	if c.Ledger.Leaves < 0 {
		wrong("ledger.leaves", "config.ledger", "must not be negative")
	}
	if _, err := format.ParseWitnesses([]byte(strings.Join(c.Ledger.Witnesses, "\n"))); err != nil {
		wrong("ledger.witnesses", "config.ledger", "must hold verifier keys of witnesses, one each: %v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Policy)) {
		if file := within(filepath.Dir(c.file), c.Policy[name]); file != "" && !exists(file) {
			wrong("policy."+name, "config.policy", "must name a file that is there; %s is not", file)
		}
	}
	c.checkTLS(wrong)
	c.checkMailIn(wrong)
	if _, err := c.Mail.sender(""); err != nil {
		// The errors of the sender begin with the field.
		path, message, _ := strings.Cut(err.Error(), " ")
		wrong(path, "config.mail", "%s", message)
	}
	return fields
}

func (c *Config) checkTLS(wrong func(path, code, message string, args ...any)) {
	ways := 0
	for _, chosen := range []bool{c.TLS.Certificate != "" || c.TLS.Key != "", c.TLS.BehindProxy, c.TLS.Local} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways != 1:
		wrong("tls", "config.tls", "needs exactly one of: certificate and key, behind_proxy: true, local: true")
	case c.TLS.BehindProxy:
		address := c.Listen
		setDefault(&address, defaultListen)
		if !loopback(address) {
			wrong("listen", "config.listen", "must be a loopback address such as 127.0.0.1:8080 when tls.behind_proxy is true: passwords must not cross a network in the clear")
		}
	case !c.TLS.Local && (c.TLS.Certificate == "" || c.TLS.Key == ""):
		wrong("tls", "config.tls", "needs both certificate and key")
	}
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// loopback reports whether a host:port is reached from this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
