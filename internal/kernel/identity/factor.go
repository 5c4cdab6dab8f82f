// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Proof is what somebody proved of themselves. A session is made from a Proof
// and knows nothing else about how it came to be: another way to sign in (a
// passkey, an identity provider) produces a Proof and calls [Service.Open].
type Proof struct {
	Person  string    // person id
	Methods []string  // such as "password", "totp"; kept with the session for step-up
	At      time.Time // real time
}

// SecondFactor is a way to prove possession by an answer that a person types.
// Check changes nothing and runs the same statements for a person who has no
// such factor, or does not exist, as for one who has. If the answer is right it
// returns a function that uses it up: the function reports false if somebody
// else used it in between.
type SecondFactor interface {
	Name() string
	Fits(answer string) bool // by form alone: at most one factor fits an answer
	Check(ctx context.Context, r store.Reader, person, answer string, now time.Time) (use Use, err error)
}

// Use uses up the answer that was checked. A nil Use means that the answer was wrong.
type Use func(ctx context.Context, tx *store.Tx) (bool, error)

// The parameters of one-time codes are the defaults of RFC 6238 and of RFC 4226,
// which every authenticator app understands.
const (
	totpPeriod  = 30
	totpDigits  = otp.DigitsSix
	totpSecret  = 20 // bytes, RFC 4226 section 4
	totpSkew    = 1  // steps before and after, RFC 6238 section 5.2
	totpUnknown = "identity of nobody"
)

// totpFactor is the one-time code of an authenticator app.
type totpFactor struct{ keys *keys }

func (totpFactor) Name() string { return "totp" }

func (totpFactor) Fits(answer string) bool {
	if len(answer) != totpDigits.Length() {
		return false
	}
	for _, c := range []byte(answer) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func (f totpFactor) Check(ctx context.Context, r store.Reader, person, answer string, now time.Time) (Use, error) {
	sealed, last, err := loadTOTP(ctx, r, person)
	if err != nil {
		return nil, err
	}
	secret, known := []byte(totpUnknown), false
	if len(sealed) > 0 {
		if secret, err = f.keys.openFor(person, sealed); err != nil {
			return nil, err
		}
		known = true
	}
	step, ok := matchTOTP(secret, answer, now, last)
	if !ok || !known {
		return nil, nil
	}
	return func(ctx context.Context, tx *store.Tx) (bool, error) { return useTOTPStep(ctx, tx, person, step) }, nil
}

// matchTOTP returns the step for which the code is right, if it is later than
// the last one accepted: a code is used once (RFC 6238 section 5.2).
func matchTOTP(secret []byte, code string, now time.Time, last int64) (int64, bool) {
	current := now.Unix() / totpPeriod
	encoded := base32.StdEncoding.EncodeToString(secret)
	found := int64(-1)
	for step := current - totpSkew; step <= current+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(encoded, uint64(step), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last && found < 0 {
			found = step
		}
	}
	return found, found >= 0
}

// recoveryFactor is a code from the list that was handed out at enrolment.
type recoveryFactor struct{}

func (recoveryFactor) Name() string { return "recovery" }

func (recoveryFactor) Fits(answer string) bool {
	_, ok := parseRecovery(answer)
	return ok
}

func (recoveryFactor) Check(ctx context.Context, r store.Reader, person, answer string, now time.Time) (Use, error) {
	bare, ok := parseRecovery(answer)
	if !ok {
		return nil, nil
	}
	hash := hashRecovery(person, bare)
	unused, err := recoveryUnused(ctx, r, hash)
	if err != nil || !unused {
		return nil, err
	}
	return func(ctx context.Context, tx *store.Tx) (bool, error) { return useRecovery(ctx, tx, hash, now) }, nil
}

// checkFactor finds the factor that fits the answer and checks it. An answer
// that fits none is checked as a one-time code, so that the work is the same.
func (s *Service) checkFactor(ctx context.Context, r store.Reader, person, answer string, now time.Time) (name string, use Use, err error) {
	factor := s.factors[0]
	for _, f := range s.factors {
		if f.Fits(answer) {
			factor = f
		}
	}
	use, err = factor.Check(ctx, r, person, answer, now)
	if err != nil {
		return "", nil, fmt.Errorf("check second factor %s: %w", factor.Name(), err)
	}
	return factor.Name(), use, nil
}
