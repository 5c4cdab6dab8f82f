// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Signer signs notes; *format.Signer of the ledger is one.
type Signer interface {
	Name() string
	Sign(text string) ([]byte, error)
}

// Deps are what the gate needs.
type Deps struct {
	DB        *store.DB
	Authz     *authz.Policy
	Catalog   *catalog.Service
	Policy    *config.Holder[Policy]
	Providers map[string]Provider // by decision: "risk.acceptance"
	// LedgerTime returns the time of the ledger's head; gate time is never earlier.
	LedgerTime func(ctx context.Context, r store.Reader) (time.Time, error)
	Signer     Signer
	PublicURL  string       // "https://office.example", without a slash at its end; makes links absolute
	Log        *slog.Logger // where causes of gate.unavailable go; nil: nowhere
}

// Service answers questions. It may be used concurrently.
type Service struct{ d Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.PublicURL = strings.TrimSuffix(d.PublicURL, "/")
	return &Service{d: d}
}

// Policy returns the policy that is in force now.
func (s *Service) Policy() *Policy { return s.d.Policy.Get() }

// Ask answers whether action on the subject may happen now, for the actor of
// ctx, in a read snapshot of its own. It needs gate:check. A subject that the
// actor may not see is NotFound exactly as one that does not exist. An error
// means that there is no answer; it is never to be read as allow.
func (s *Service) Ask(ctx context.Context, subject, action string) (Verdict, error) {
	var v Verdict
	err := s.d.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		v, err = s.AskIn(ctx, r, subject, action)
		return err
	})
	if err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// AskIn is [Service.Ask] inside a transaction, for an act that asks and acts in
// one: the answer then holds until the transaction ends.
func (s *Service) AskIn(ctx context.Context, r store.Reader, subject, action string) (Verdict, error) {
	a := authz.ActorFrom(ctx)
	// First what does not depend on the subject, so that this refusal is the
	// same whether the subject exists or not.
	if err := s.d.Authz.Require(a, ActionCheck); err != nil {
		return Verdict{}, err
	}
	if !wordPattern.MatchString(action) {
		return Verdict{}, fault.InvalidFields("gate.question", []fault.Field{{Path: "action", Code: "gate.action_name",
			Message: "Give the action as one lower-case word, for example call."}})
	}
	sub, err := s.d.Catalog.VisibleSubject(ctx, r, a, subject)
	if err != nil {
		return Verdict{}, err
	}
	head, err := s.d.LedgerTime(ctx, r)
	if err != nil {
		return Verdict{}, fmt.Errorf("read the ledger's time: %w", err)
	}
	at := r.Now()
	if head.After(at) {
		at = head
	}
	v, err := s.judge(ctx, r, Question{Subject: sub, Action: action, Asker: a, At: at.UTC()})
	if err != nil {
		return Verdict{}, err
	}
	if v.Note, err = Sign(v, s.d.Signer); err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// judge puts the answers of all providers together.
func (s *Service) judge(ctx context.Context, r store.Reader, q Question) (Verdict, error) {
	policy := s.Policy()
	// The longest that any answer may be relied on. A denial always lasts so
	// long: a shorter time would hint at what is withheld.
	limit := q.At.Add(policy.AnswerValid.Std())
	c := collector{base: s.d.PublicURL, subject: q.Subject, limit: limit, until: limit}
	requirements, governed := policy.requirements(q.Subject.Kind, q.Action)
	switch {
	case q.Subject.Retired():
		c.block(CodeRetired, "The subject is retired.", "Nothing: register a new subject if it is in use again.")
	case !governed:
		c.block(CodeUngoverned, "The policy has no row for this action on this kind of subject, so nobody has decided what it needs.",
			"A row in the gate policy, written by whoever administers it.")
	default:
		answers, err := s.askAll(ctx, r, q, requirements, policy.TimeLimit.Std())
		if err != nil {
			s.d.Log.ErrorContext(ctx, "gate: a question was denied because a provider did not answer", "error", err)
			c.block(CodeUnavailable, "Not every decision could be looked up, so the answer is no.",
				"Asking again; if it persists, an administrator looking at the log.")
			break
		}
		for i, answer := range answers {
			if err := c.add(ctx, r, q.Asker, requirements[i], answer); err != nil {
				return Verdict{}, err
			}
		}
	}
	return c.verdict(q), nil
}

// errUnanswered is the cause when providers ended without having answered.
var errUnanswered = errors.New("the providers ended without an answer")

// askAll asks the providers in the order of the requirements. A failure of one
// is a failure of the question, whatever its mode: an answer that says less than
// policy asks for is not given. It returns at the time limit even if a provider
// does not.
func (s *Service) askAll(ctx context.Context, r store.Reader, q Question, requirements []Requirement, limit time.Duration) ([]Answer, error) {
	type result struct {
		answers []Answer
		err     error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		res := result{err: errUnanswered} // stands if a provider panics or ends the goroutine
		defer func() {
			if p := recover(); p != nil {
				res = result{err: fmt.Errorf("a provider panicked: %v", p)}
			}
			done <- res
		}()
		answers, err := s.askEach(ctx, r, q, requirements)
		res = result{answers, err}
	}()
	select {
	case res := <-done:
		if res.err == nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return res.answers, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Service) askEach(ctx context.Context, r store.Reader, q Question, requirements []Requirement) ([]Answer, error) {
	answers := make([]Answer, len(requirements))
	q.shared = map[string]any{}
	for i, req := range requirements {
		provider := s.d.Providers[req.Decision]
		if provider == nil {
			return nil, fmt.Errorf("no module provides %s", req.Decision)
		}
		answer, err := provider(ctx, r, q, req)
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", req.Decision, err)
		}
		if len(answer.Missing) == 0 && !answer.ValidUntil.IsZero() && !answer.ValidUntil.After(q.At) {
			return nil, fmt.Errorf("%s says it is in force, but ended at %s", req.Decision, answer.ValidUntil)
		}
		answers[i] = answer
	}
	return answers, nil
}
