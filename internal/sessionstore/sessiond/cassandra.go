// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/cassandra"
	"portreeve.org/portreeve/internal/sessionstore/selfcheck"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

func (p *parts) openCassandra(context.Context) (sessionstore.Backend, error) {
	return cassandra.Open(cassandraConfig(p.settings.Cassandra, p.log))
}

// cassandraConfig turns settings into what the backend takes. Without an authority
// there is no TLS, which only a Kask file and a staged control may say.
func cassandraConfig(c *settings.Cassandra, log *slog.Logger) cassandra.Config {
	return cassandra.Config{
		Hosts: c.Hosts, Port: c.Port, Keyspace: c.Keyspace, LocalDC: c.LocalDC,
		TLS:       cassandra.TLS{CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key, ServerName: c.TLS.ServerName},
		Plaintext: c.TLS.CA == "",
		Username:  c.Authentication.Username, Password: c.Authentication.Password.Reveal(), PasswordFile: c.Authentication.PasswordFile,
		QueryTimeout:   time.Duration(c.QueryTimeoutMS) * time.Millisecond,
		ConnectTimeout: time.Duration(c.ConnectTimeoutMS) * time.Millisecond,
		Clock:          clock, Log: log,
	}
}

// cassandraOf lets the self-check make the backend connect somewhere else, as it is
// configured otherwise. Where no session is kept in Cassandra it is the backend of
// this build. Nothing secret is given: there is nobody it would be for.
func cassandraOf(s *settings.Settings) *selfcheck.Cassandra {
	uses := s.Uses(settings.BackendCassandra)
	base := &settings.Cassandra{Keyspace: "selfcheck"}
	if uses {
		base = s.Cassandra
	}
	out := &selfcheck.Cassandra{Configured: uses, Hosts: base.Hosts}
	if base.TLS.ServerName != "" {
		out.Hosts = append(out.Hosts, base.TLS.ServerName)
	}
	out.Open = func(ctx context.Context, host string, port int, ca []byte) error {
		folder, err := os.MkdirTemp("", "portreeve-selfcheck-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the temporary folder
		c := cassandraConfig(base, slog.New(slog.DiscardHandler))
		c.Hosts, c.Port, c.ConnectTimeout, c.QueryTimeout = []string{host}, port, 3*time.Second, 3*time.Second
		if c.Username != "" {
			c.Username, c.Password, c.PasswordFile = "selfcheck", "selfcheck", ""
		}
		if ca != nil {
			c.TLS.CA, c.Plaintext = filepath.Join(folder, "ca.pem"), false
			if err := os.WriteFile(c.TLS.CA, ca, 0o600); err != nil {
				return fmt.Errorf("write an authority for the self-check: %w", err)
			}
		}
		b, err := cassandra.Open(c)
		if err != nil {
			return err
		}
		return b.Close()
	}
	return out
}
