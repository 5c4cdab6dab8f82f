// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Names of the files in the data directory.
const (
	databaseFile  = "portreeve.db"
	publicKeyFile = "ledger.pub"
	secretKeyFile = "secret.key"
)

// secretKeySize is what AES-256 takes.
const secretKeySize = 32

// openDatabase opens the configured database.
func openDatabase(ctx context.Context, c *Config, clock *store.Clock) (*store.DB, error) {
	if c.Database.Postgres == "" {
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return nil, fault.New(fault.Unavailable, "app.data_dir", "The data directory %s cannot be made; check the permissions of the folder above it.", c.DataDir).Because(err)
		}
		return store.Open(ctx, store.Config{SQLite: filepath.Join(c.DataDir, databaseFile), Clock: clock, Rand: c.random, Observe: c.observe})
	}
	return store.Open(ctx, store.Config{Postgres: c.Database.Postgres, Clock: clock, Rand: c.random, Observe: c.observe})
}

// keys are the secrets that live beside the database, not in it.
type keys struct {
	signer *ledger.Signer
	secret []byte // seals second factors
}

// loadKeys reads the keys, or makes them at the first start, and writes the
// verifier key where offline tools look for it.
func loadKeys(c *Config) (keys, error) {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return keys{}, fmt.Errorf("make the data directory: %w", err)
	}
	signer, err := ledger.LoadSigner(c.Ledger.KeyFile, c.Ledger.Origin)
	if err != nil {
		return keys{}, err
	}
	if err := durable.Replace(filepath.Join(c.DataDir, publicKeyFile), []byte(signer.Verifiers()), 0o644); err != nil {
		return keys{}, fmt.Errorf("write the verifier key: %w", err)
	}
	secret, err := loadSecret(filepath.Join(c.DataDir, secretKeyFile))
	return keys{signer, secret}, err
}

// checkOrigin refuses a configuration whose ledger.origin is not the name of the
// key that is there already, before anything is opened, loaded or made.
func checkOrigin(c *Config) error {
	if !exists(c.Ledger.KeyFile) {
		return nil
	}
	signer, err := ledger.LoadSigner(c.Ledger.KeyFile, c.Ledger.Origin)
	if err != nil {
		return err
	}
	if signer.Name() != c.Ledger.Origin {
		return fault.New(fault.Invalid, "ledger.origin", "The ledger's key in %s is named %q, and the configuration names %q. The origin of a ledger never changes: set ledger.origin to %s. Nothing was changed.",
			c.Ledger.KeyFile, signer.Name(), c.Ledger.Origin, signer.Name())
	}
	return nil
}

// loadSecret reads a key of 32 random bytes, or makes it. An existing file is
// never overwritten: what it sealed would be lost.
func loadSecret(path string) ([]byte, error) {
	if !exists(path) {
		fresh := make([]byte, secretKeySize)
		rand.Read(fresh)
		if err := durable.Create(path, fresh, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the secret key: %w", err)
		}
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	if len(secret) != secretKeySize {
		return nil, fault.New(fault.Invalid, "app.secret_key", "The file %s must hold exactly %d bytes; restore it from your backup of the keys.", path, secretKeySize)
	}
	return secret, nil
}

// openStored opens the database of a configuration file for verification only:
// nothing is migrated and no key is made.
func openStored(ctx context.Context, file string) (ledgerweb.Stored, error) {
	c, err := ReadConfig(file)
	if err != nil {
		return ledgerweb.Stored{}, err
	}
	verifiers, err := os.ReadFile(filepath.Join(c.DataDir, publicKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ledgerweb.Stored{}, fmt.Errorf("read the verifier key: %w", err)
	}
	db, err := openExisting(ctx, c)
	return ledgerweb.Stored{DB: db, Keys: verifiers, Origin: c.Ledger.Origin}, err
}

// openExisting opens the configured database without making one: on SQLite,
// opening a file that is absent would.
func openExisting(ctx context.Context, c *Config) (*store.DB, error) {
	if c.Database.Postgres == "" && !exists(filepath.Join(c.DataDir, databaseFile)) {
		return nil, fault.New(fault.NotFound, "app.no_database", "There is no database in %s yet.", c.DataDir)
	}
	return openDatabase(ctx, c, store.NewClock())
}

// exists reports whether there is a file of that name.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
