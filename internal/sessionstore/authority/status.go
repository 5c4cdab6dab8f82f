// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"
)

// Status is everything that an authority has issued and that has not ended.
type Status struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"not_after"`
	CanSign  bool      `json:"can_sign"`
	// ListUntil is when the revocation list must have been replaced.
	ListUntil    time.Time `json:"revocation_list_until"`
	Certificates []State   `json:"certificates"`
	Warnings     []string  `json:"warnings"`
}

// State is a certificate with what is to be done about it.
type State struct {
	Record
	State   string    `json:"state"` // "in force", "due", "revoked", "replaced"
	RenewAt time.Time `json:"renew_at"`
}

// Status says what ends when.
func (a *Authority) Status() (Status, error) {
	r, err := a.read()
	if err != nil {
		return Status{}, err
	}
	now := a.now()
	s := Status{Name: a.cert.Subject.CommonName, NotAfter: a.cert.NotAfter.UTC(), CanSign: a.CanSign(), ListUntil: r.ListUntil}
	warn := func(message string, args ...any) { s.Warnings = append(s.Warnings, fmt.Sprintf(message, args...)) }
	if left := a.cert.NotAfter.Sub(now); left < a.cert.NotAfter.Sub(a.cert.NotBefore)/3 {
		warn("the authority ends at %s: make its successor now and let servers trust both", a.cert.NotAfter.UTC().Format(time.RFC3339))
	}
	if r.ListUntil.Sub(now) < listLife/3 {
		warn("the revocation list must be replaced by %s: run renew", r.ListUntil.UTC().Format(time.RFC3339))
	}
	for _, c := range r.Certificates {
		if !now.Before(c.NotAfter) && (c.Replaced || c.Revoked != nil) {
			continue
		}
		one := State{Record: c, RenewAt: c.RenewAt()}
		switch {
		case c.Revoked != nil:
			one.State = "revoked"
		case c.Replaced:
			one.State = "replaced"
		case !now.Before(c.NotAfter):
			one.State = "ended"
			warn("%s ended at %s", c.Name, c.NotAfter.Format(time.RFC3339))
		case !now.Before(c.RenewAt()):
			one.State = "due"
			warn("%s ends at %s: renew it", c.Name, c.NotAfter.Format(time.RFC3339))
		default:
			one.State = "in force"
		}
		s.Certificates = append(s.Certificates, one)
	}
	slices.SortStableFunc(s.Certificates, func(x, y State) int { return x.NotAfter.Compare(y.NotAfter) })
	return s, nil
}

// RenewDue renews what is due among the names (all if there are none), and the
// revocation list in the second half of its life. It returns what it renewed; one
// that fails does not keep the others.
func (a *Authority) RenewDue(names ...string) ([]Record, []error) {
	if err := a.signs(); err != nil {
		return nil, []error{err}
	}
	r, err := a.read()
	if err != nil {
		return nil, []error{err}
	}
	now := a.now()
	var done []Record
	var failed []error
	for _, c := range r.Certificates {
		wanted := len(names) == 0 || slices.Contains(names, c.Name)
		if !wanted || c.Replaced || c.Revoked != nil || now.Before(c.RenewAt()) {
			continue
		}
		if fresh, err := a.Renew(c.Name, false); err != nil {
			failed = append(failed, fmt.Errorf("renew %s: %w", c.Name, err))
		} else {
			done = append(done, fresh)
		}
	}
	if _, err := os.Stat(a.ListFile()); err != nil || r.ListUntil.Sub(now) < listLife/2 {
		if err := a.change(a.signList); err != nil {
			failed = append(failed, err)
		}
	}
	return done, failed
}

// Keep renews the named certificates and the revocation list whenever they are
// due, until ctx ends: it looks at once, and then every so often (default an
// hour). Whoever serves with them notices the new files.
func (a *Authority) Keep(ctx context.Context, every time.Duration, log *slog.Logger, names ...string) {
	if every == 0 {
		every = time.Hour
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, failed := a.RenewDue(names...)
		for _, r := range done {
			log.Info("certificate renewed", slog.String("name", r.Name), slog.Time("until", r.NotAfter))
		}
		for _, err := range failed {
			log.Error("certificate not renewed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
