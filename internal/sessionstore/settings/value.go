// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"strconv"
	"strings"
)

// Profile says who may connect.
type Profile string

// The profiles.
const (
	Mutual     Profile = "mutual"     // a client certificate, and what the policy gives its name
	Credential Profile = "credential" // server TLS, a credential, a network list
	Network    Profile = "network"    // server TLS and a network list alone
	AsKask     Profile = "kask"       // whoever reaches the port
)

// Control is something that protects the store and can be not on yet.
type Control string

// The controls.
const (
	ClientAuthentication    Control = "client_authentication"
	NetworkList             Control = "network_list"
	ServerTLS               Control = "server_tls"
	CassandraCertificate    Control = "cassandra_certificate"
	CassandraAuthentication Control = "cassandra_authentication"
	AtRest                  Control = "at_rest"
)

// Controls returns every control that can be staged.
func Controls() []Control {
	return []Control{ClientAuthentication, NetworkList, ServerTLS, CassandraCertificate, CassandraAuthentication, AtRest}
}

// The names of the backends.
const (
	BackendEmbedded  = "embedded"
	BackendCassandra = "cassandra"
)

// What becomes of the sessions in Kask's own table.
const (
	MigrateOff    = "off"    // the table is not looked at
	MigrateRead   = "read"   // what is not here is looked for there; writes and deletes go to both
	MigrateFinish = "finish" // as read, and what is there is brought over in the background
)

// Secret is a text that nothing prints. The file may give it as any scalar.
type Secret string

const hidden = "[hidden]"

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// String does not give the secret.
func (s Secret) String() string { return hidden }

// GoString does not give the secret.
func (s Secret) GoString() string { return hidden }

// MarshalText does not give the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue does not give the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Reveal gives the secret.
func (s Secret) Reveal() string { return string(s) }

// Percent is a share of 100, written "15%".
type Percent int

var errPercent = errors.New(`must be a share from 0% to 100%, such as "15%"`)

// UnmarshalText reads "15%".
func (p *Percent) UnmarshalText(text []byte) error {
	digits, ok := strings.CutSuffix(string(text), "%")
	n, err := strconv.ParseUint(digits, 10, 7)
	if !ok || err != nil || n > 100 {
		return errPercent
	}
	*p = Percent(n)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String writes what UnmarshalText reads.
func (p Percent) String() string { return strconv.Itoa(int(p)) + "%" }

// Fraction returns the share of 1.
func (p Percent) Fraction() float64 { return float64(p) / 100 }

// Version is a version of TLS, as crypto/tls numbers it.
type Version uint16

// UnmarshalText reads 1.2 or 1.3. Older ones are broken (RFC 8996).
func (v *Version) UnmarshalText(text []byte) error {
	switch string(text) {
	case "1.2":
		*v = tls.VersionTLS12
	case "1.3":
		*v = tls.VersionTLS13
	default:
		return errors.New(`must be "1.2" or "1.3"; older versions are broken (RFC 8996)`)
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (v Version) MarshalText() ([]byte, error) {
	return []byte(strings.TrimPrefix(tls.VersionName(uint16(v)), "TLS ")), nil
}
