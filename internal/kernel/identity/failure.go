// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Failures with one login, known or not. They are in the database so that a
// restart does not make guessing cheaper.
type failures struct {
	count  int64
	lastAt time.Time
}

const (
	freeFailures  = 5               // failures before anybody has to wait
	longestWait   = time.Minute     // never longer: nobody is locked out
	failuresDecay = 24 * time.Hour  // without a failure for so long, counting begins anew
	browserLife   = 400 * 24 * 3600 // seconds a browser stays known
)

// wait returns how long sign-ins with this login still have to wait: after the
// fifth failure a second, doubled by each further one up to a minute.
func (f failures) wait(now time.Time) time.Duration {
	if f.count < freeFailures {
		return 0
	}
	pause := longestWait
	if doublings := f.count - freeFailures; doublings < 6 {
		pause = min(longestWait, time.Second<<doublings)
	}
	return max(0, f.lastAt.Add(pause).Sub(now))
}

func loadFailures(ctx context.Context, r store.Reader, key []byte) (failures, error) {
	var f failures
	err := r.QueryRow(ctx, "SELECT failures, last_at FROM identity_failure WHERE key = $1", key).Scan(&f.count, store.Time(&f.lastAt))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return failures{}, fmt.Errorf("load failures: %w", err)
	}
	return f, nil
}

// countFailure counts in SQL, so that failures at the same time are all counted.
func countFailure(ctx context.Context, tx *store.Tx, key []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_failure (key, failures, last_at) VALUES ($1, 1, $2)
		ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
		failures = CASE WHEN identity_failure.last_at <= $3 THEN 1 ELSE identity_failure.failures + 1 END`,
		key, store.At(now), store.At(now.Add(-failuresDecay)))
	if err != nil {
		return fmt.Errorf("count failure: %w", err)
	}
	return nil
}

func clearFailures(ctx context.Context, tx *store.Tx, key []byte) error {
	if _, err := tx.Exec(ctx, "DELETE FROM identity_failure WHERE key = $1", key); err != nil {
		return fmt.Errorf("clear failures: %w", err)
	}
	return nil
}

// newBrowser returns the cookie of a browser in which this login once
// succeeded. It proves nothing but that: it opens no session, it only spares
// its holder the waiting that strangers cause. Nothing is stored of it. An
// empty result (no randomness) costs the owner no more than that.
func (s *Service) newBrowser(login string) string {
	var b [16]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return ""
	}
	drawn := base64.RawURLEncoding.EncodeToString(b[:])
	stamp := fmt.Sprint(s.now().Unix() + browserLife)
	return drawn + "." + stamp + "." + base64.RawURLEncoding.EncodeToString(mac(s.keys.browser, browserText(drawn, stamp, login)))
}

// knownBrowser reports whether the cookie was made for this login and is not too old.
func (s *Service) knownBrowser(login, cookie string) bool {
	parts := strings.Split(cookie, ".")
	if login == "" || len(parts) != 3 {
		return false
	}
	given, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(given, mac(s.keys.browser, browserText(parts[0], parts[1], login))) {
		return false
	}
	var until int64
	if _, err := fmt.Sscanf(parts[1], "%d", &until); err != nil {
		return false
	}
	return s.now().Unix() < until
}

func browserText(drawn, stamp, login string) string { return drawn + " " + stamp + " " + login }
