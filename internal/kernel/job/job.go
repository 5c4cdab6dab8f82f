// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Def defines a kind of job.
type Def struct {
	Kind    string // "<module>.<what>": "notify.send"
	Summary string // what it does, for the administrator

	// Handle does the work. The payload is the JSON of Job.Payload. The context
	// carries authz.System(Kind) and ends at Timeout or when the server stops.
	// An error means: try again later, unless it is Permanent. Its text is stored
	// and logged, so it must not hold personal data.
	Handle func(ctx context.Context, payload []byte) error

	// Every makes the job periodic: it is enqueued when the runner starts and then
	// this long after each run, in domain time. Zero: only when enqueued.
	Every time.Duration

	Retry   Retry
	Timeout time.Duration // of one attempt; default 10 minutes
}

// Retry says how often and how fast a failed job is tried again. The wait begins
// with First and doubles up to Max, in domain time.
type Retry struct {
	Attempts int           // default 10
	First    time.Duration // default 30 seconds
	Max      time.Duration // default 1 hour
}

// wait returns how long to wait after the given number of failed attempts.
func (r Retry) wait(attempts int) time.Duration {
	d := r.First
	for range attempts - 1 {
		d *= 2
		if d >= r.Max {
			return r.Max
		}
	}
	return min(d, r.Max)
}

// Job is work to be done.
type Job struct {
	Kind    string
	Payload any       // marshalled to JSON; nil is null
	RunAt   time.Time // not before this domain time; zero: now
	// Key makes jobs of a kind one: while a job with the same key is ready, it
	// gets this payload and the earlier of the two times instead of a companion.
	Key string
}

// Permanent marks an error as one that no further attempt can heal.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func isPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}

// The actions of this package.
const (
	ActionRead    authz.Action = "job:read"
	ActionRequeue authz.Action = "job:requeue"
)

// Actions returns the actions of this package with their default grants.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "See the jobs that wait or have failed.", Roles: []authz.Role{authz.RoleAdmin, authz.RoleAuditor}, Read: true},
		{Name: ActionRequeue, Summary: "Try a failed job again.", Roles: []authz.Role{authz.RoleAdmin}},
	}
}

// KindRequeued is the entry of an administrator's order to try a dead job again.
const KindRequeued = "job.requeued"

// EntryKinds returns the ledger entry kinds that this package alone appends.
func EntryKinds() []string { return []string{KindRequeued} }

//go:embed migrations/*.sql messages/en.yaml
var files embed.FS

// Migrations returns the tables of module "job" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "job", FS: sub}
}

// Files returns the package's messages (messages/en.yaml) for the catalogue.
func Files() fs.FS { return files }

// withDefaults fills in what the definition leaves open and refuses what cannot work.
func (d Def) withDefaults() (Def, error) {
	module, what, ok := strings.Cut(d.Kind, ".")
	if !ok || module == "" || what == "" || strings.ContainsAny(d.Kind, " \n") {
		return d, fmt.Errorf("job: kind %q is not <module>.<what>", d.Kind)
	}
	if d.Handle == nil {
		return d, fmt.Errorf("job: kind %s has no handler", d.Kind)
	}
	if d.Every < 0 || d.Timeout < 0 || d.Retry.First < 0 || d.Retry.Max < 0 || d.Retry.Attempts < 0 {
		return d, fmt.Errorf("job: kind %s has a negative time or number", d.Kind)
	}
	orDefault(&d.Timeout, 10*time.Minute)
	orDefault(&d.Retry.Attempts, 10)
	orDefault(&d.Retry.First, 30*time.Second)
	orDefault(&d.Retry.Max, max(time.Hour, d.Retry.First))
	return d, nil
}

func orDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
