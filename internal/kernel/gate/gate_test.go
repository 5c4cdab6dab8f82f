// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

const flowRef = "flow:property-suggester-ab-test"

// policyText has one row per mode, and answers last five minutes.
const policyText = `
answer_valid: 5m
time_limit: 1s
rows:
  - {kind: flow, action: call, title: Call, origin: chosen, requires: [
      {decision: test.first, mode: required, origin: chosen},
      {decision: test.second, mode: blocking, with: {from: high}, origin: chosen},
      {decision: test.third, mode: advisory, origin: chosen}]}
  - {kind: flow, action: watch, title: Watch, origin: chosen, requires: []}
`

type fixture struct {
	catalogtest.Fixture
	gate   *gate.Service
	signer *format.Signer
	flow   catalog.Subject
}

// answers is what the three decisions of policyText answer; nil means: in force.
type answers [3]gate.Provider

func inForce(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
	return gate.Answer{}, nil
}

func until(at time.Time) gate.Provider {
	return func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
		return gate.Answer{ValidUntil: at}, nil
	}
}

func missing(all ...gate.Missing) gate.Provider {
	return func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
		return gate.Answer{Missing: all}, nil
	}
}

func newFixture(t testing.TB, db *store.DB) *fixture {
	t.Helper()
	f := &fixture{Fixture: catalogtest.New(t, db, nil, gate.Actions()...)}
	f.Realms(as(t, authz.RoleOwner), t)
	f.flow = f.Flow(as(t, authz.RoleOwner), t)
	key, err := format.GenerateKey(rand.Reader, "office.test")
	if err != nil {
		t.Fatal(err)
	}
	if f.signer, err = format.ParseSigner(key); err != nil {
		t.Fatal(err)
	}
	return f
}

// answer makes the gate answer so.
func (f *fixture) answer(t testing.TB, all answers) *fixture {
	t.Helper()
	providers := map[string]gate.Provider{}
	for i, name := range []string{"test.first", "test.second", "test.third"} {
		if providers[name] = all[i]; all[i] == nil {
			providers[name] = inForce
		}
	}
	policy, err := gate.Loader(f.Service.Kinds(), providers)("gate.yaml", []byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	f.gate = gate.New(gate.Deps{
		DB: f.DB, Authz: f.Policy, Catalog: f.Service, Policy: config.Fixed(policy), Providers: providers,
		LedgerTime: ledger.HeadTime, Signer: f.signer, PublicURL: "https://office.test/",
	})
	return f
}

func as(t testing.TB, roles ...authz.Role) context.Context {
	return catalogtest.As(t.Context(), "fictional-"+string(roles[0]), roles...)
}

func (f *fixture) ask(t testing.TB) gate.Verdict {
	t.Helper()
	v, err := f.gate.Ask(as(t, authz.RoleReviewer), flowRef, "call")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	storetest.Each(t, catalogtest.Migrations(), func(t *testing.T, db *store.DB) { fn(t, newFixture(t, db)) })
}

func codes(all []fault.Blocker) string {
	var list []string
	for _, b := range all {
		list = append(list, b.Code)
	}
	return strings.Join(list, " ")
}

func TestAsk(t *testing.T) {
	now := storetest.Start()
	open := gate.Missing{Code: "test.open", Message: "m", LiftedBy: "l", URL: "/risks/a"}
	for name, c := range map[string]struct {
		answers          answers
		blockers, advice string
		valid            time.Duration
	}{
		"all in force":           {answers{}, "", "", 5 * time.Minute},
		"one ends soon":          {answers{until(now.Add(time.Minute)), until(now.Add(time.Hour)), nil}, "", "", time.Minute},
		"ends this instant":      {answers{until(now), nil, nil}, "gate.unavailable", "", 5 * time.Minute},
		"required missing":       {answers{missing(open), until(now.Add(time.Minute)), nil}, "test.open", "", 5 * time.Minute},
		"objection":              {answers{nil, missing(open), nil}, "test.open", "", 5 * time.Minute},
		"advice":                 {answers{nil, nil, missing(open)}, "", "test.open", 5 * time.Minute},
		"advice does not expire": {answers{nil, nil, until(now.Add(time.Second))}, "", "", 5 * time.Minute},
		"the same twice":         {answers{missing(open), missing(open, gate.Missing{Code: "test.a"}), nil}, "test.a test.open", "", 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				v := f.answer(t, c.answers).ask(t)
				want := gate.Allow
				if c.blockers != "" {
					want = gate.Deny
				}
				if v.Decision != want || v.Allowed() != (want == gate.Allow) || (v.Err() == nil) != v.Allowed() {
					t.Errorf("decision %s, allowed %v, error %v", v.Decision, v.Allowed(), v.Err())
				}
				if codes(v.Blockers) != c.blockers || codes(v.Advice) != c.advice {
					t.Errorf("blockers %q, advice %q", codes(v.Blockers), codes(v.Advice))
				}
				if !v.EvaluatedAt.Equal(now) || !v.ValidUntil.Equal(now.Add(c.valid)) {
					t.Errorf("from %s until %s", v.EvaluatedAt, v.ValidUntil)
				}
				if v.Subject != flowRef || v.Action != "call" || v.Version != f.flow.Version || v.Digest != f.flow.Digest {
					t.Errorf("about %+v", v)
				}
				for _, b := range append(v.Blockers, v.Advice...) {
					if b.Code == "test.open" && b.URL != "https://office.test/risks/a" {
						t.Errorf("link %q", b.URL)
					}
				}
			})
		})
	}
}

func TestQuestionReachesProviders(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var got gate.Question
		var with map[string]string
		provider := func(_ context.Context, r store.Reader, q gate.Question, req gate.Requirement) (gate.Answer, error) {
			got, with = q, req.With
			return gate.Answer{}, r.QueryRow(t.Context(), "SELECT COUNT(*) FROM catalog_subject").Scan(new(int64))
		}
		f.answer(t, answers{nil, provider, nil}).ask(t)
		if got.Subject.Ref != flowRef || got.Action != "call" || got.Asker.ID != "fictional-reviewer" || !got.At.Equal(storetest.Start()) || with["from"] != "high" {
			t.Errorf("question %+v with %v", got, with)
		}
	})
}

// TestProvidersShareWithinAQuestion: providers share what they look up for one
// question, never from one question to the next; an error is looked up again.
func TestProvidersShareWithinAQuestion(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		loads := 0
		share := func(_ context.Context, _ store.Reader, q gate.Question, _ gate.Requirement) (gate.Answer, error) {
			_, err := gate.Once(q, "test.failing", func() (string, error) { loads += 100; return "", errors.New("not now") })
			if err == nil {
				t.Error("an error was kept as a value")
			}
			at, err := gate.Once(q, "test.at", func() (time.Time, error) { loads++; return q.At.Add(time.Hour), nil })
			return gate.Answer{ValidUntil: at}, err
		}
		f.answer(t, answers{share, share, share})
		for question := 1; question <= 2; question++ {
			if v := f.ask(t); !v.Allowed() {
				t.Errorf("denied: %v", v.Blockers)
			}
			if want := question * 301; loads != want {
				t.Errorf("after question %d the loads count %d, want %d", question, loads, want)
			}
		}
		if _, err := gate.Once(gate.Question{}, "test.at", func() (int, error) { return 1, nil }); err != nil {
			t.Error(err)
		}
	})
}

// TestNothingButAnAnswerAllows: no way for a provider to fail leads to allow,
// whatever its mode and whatever the others answer.
func TestNothingButAnAnswerAllows(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		failures := map[string]gate.Provider{
			"error": func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				return gate.Answer{}, errors.New("broken")
			},
			"fault": func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				return gate.Answer{}, fault.ItemNotFound()
			},
			"panic": func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				panic("broken")
			},
			"nil panic value": func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				var q *gate.Question
				return gate.Answer{ValidUntil: q.At}, nil
			},
			"ends the goroutine": func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				runtime.Goexit()
				return gate.Answer{}, nil
			},
			"too late": func(ctx context.Context, _ store.Reader, _ gate.Question, _ gate.Requirement) (gate.Answer, error) {
				<-ctx.Done()
				return gate.Answer{}, nil // as if nothing had been wrong
			},
			"failed statement": func(ctx context.Context, r store.Reader, _ gate.Question, _ gate.Requirement) (gate.Answer, error) {
				return gate.Answer{}, r.QueryRow(ctx, "SELECT nothing FROM nowhere").Scan(new(int64))
			},
			"in force in the past": until(storetest.Start().Add(-time.Microsecond)),
		}
		for name, failure := range failures {
			for place := range 3 {
				var all answers
				all[place] = failure
				v := f.answer(t, all).ask(t)
				if v.Allowed() || codes(v.Blockers) != gate.CodeUnavailable {
					t.Errorf("%s in place %d: %s %q", name, place, v.Decision, codes(v.Blockers))
				}
				if strings.Contains(fmt.Sprint(v), "broken") || strings.Contains(fmt.Sprint(v), "nowhere") {
					t.Errorf("%s: the cause reaches the reader: %+v", name, v)
				}
			}
		}
	})
}

// TestHangingProvider: a provider that does not even look at its context does not
// hold up the answer.
func TestHangingProvider(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations()))
	release := make(chan struct{})
	defer close(release)
	hang := func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
		<-release
		return gate.Answer{}, nil
	}
	if v := f.answer(t, answers{nil, nil, hang}).ask(t); v.Allowed() || codes(v.Blockers) != gate.CodeUnavailable {
		t.Errorf("%s %q", v.Decision, codes(v.Blockers))
	}
}

// TestAllowProperty: the answer is allow exactly if every provider answered, what
// is required or may block reports nothing missing, and all of it is still in force.
func TestAllowProperty(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations()))
	now := storetest.Start()
	rapid.Check(t, func(rt *rapid.T) {
		var all answers
		want := true
		for i := range all {
			n := rapid.IntRange(0, 2).Draw(rt, "missing")
			offset := rapid.IntRange(-2, 2).Draw(rt, "ends in")
			fails := rapid.IntRange(0, 9).Draw(rt, "fails") == 0
			answer := gate.Answer{ValidUntil: now.Add(time.Duration(offset) * time.Second)}
			for j := range n {
				m := gate.Missing{Code: fmt.Sprintf("test.m%d", j)}
				if rapid.Bool().Draw(rt, "hidden") {
					m.Item, m.Visibility = "risk:x", rapid.SampledFrom([]authz.Visibility{authz.Restricted, "", "unknown"}).Draw(rt, "visibility")
				}
				answer.Missing = append(answer.Missing, m)
			}
			all[i] = func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
				if fails {
					return gate.Answer{}, errors.New("broken")
				}
				return answer, nil
			}
			if fails || n > 0 && i < 2 || n == 0 && offset <= 0 {
				want = false
			}
		}
		v := f.answer(t, all).ask(t)
		if v.Allowed() != want || v.Allowed() != (len(v.Blockers) == 0) {
			rt.Fatalf("allowed %v, want %v: %+v", v.Allowed(), want, v)
		}
		if !v.ValidUntil.After(v.EvaluatedAt) {
			rt.Fatalf("valid until %s, evaluated at %s", v.ValidUntil, v.EvaluatedAt)
		}
	})
}

// TestWithheld: two installations that differ only in what the asker may not see
// give the same answer but for its signature.
func TestWithheld(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		hidden := func(code, item string) gate.Missing {
			return gate.Missing{Code: code, Message: "secret " + item, LiftedBy: "secret", URL: "/risks/" + item, Item: "risk:" + item, Visibility: authz.Restricted}
		}
		shown := gate.Missing{Code: "zzz.shown", Message: "m", LiftedBy: "l", URL: "/risks/s", Item: "risk:s", Visibility: authz.Internal}
		requester := as(t, authz.RoleRequester)
		answer := func(all answers) string {
			v, err := f.answer(t, all).gate.Ask(requester, flowRef, "call")
			if err != nil {
				t.Fatal(err)
			}
			v.Note = ""
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		one := answer(answers{missing(hidden("risk.a", "a")), nil, nil})
		if strings.Count(one, gate.CodeWithheld) != 1 || strings.Contains(one, "secret") || strings.Contains(one, "risk.a") {
			t.Errorf("one hidden blocker: %s", one)
		}
		for name, all := range map[string]answers{
			"three":              {missing(hidden("risk.a", "a"), hidden("risk.b", "b")), missing(hidden("risk.c", "c")), nil},
			"of the other kind":  {nil, missing(hidden("risk.z", "z")), nil},
			"with an end":        {missing(hidden("risk.a", "a")), until(storetest.Start().Add(time.Second)), nil},
			"with hidden advice": {missing(hidden("risk.a", "a")), nil, missing(hidden("risk.b", "b"))},
		} {
			if diff := cmp.Diff(one, answer(all)); diff != "" {
				t.Errorf("%s: tells itself from one hidden blocker:\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(answer(answers{}), answer(answers{nil, nil, missing(hidden("risk.a", "a"))})); diff != "" {
			t.Errorf("hidden advice shows:\n%s", diff)
		}
		if diff := cmp.Diff(answer(answers{missing(shown, hidden("risk.a", "a")), nil, nil}), answer(answers{missing(hidden("aaa", "b")), missing(shown), nil})); diff != "" {
			t.Errorf("the order shows:\n%s", diff)
		}

		// A participant sees it.
		err := f.Log.Writer("catalog", catalog.EntryKinds()).Quiet(t.Context(), "a test names participants", func(tx *store.Tx) error {
			return authz.SetParticipants(t.Context(), tx, "risk:a", []string{"person:fictional-requester"})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(answers{missing(hidden("risk.a", "a")), nil, nil}); !strings.Contains(got, "secret a") || strings.Contains(got, gate.CodeWithheld) {
			t.Errorf("a participant gets %s", got)
		}
	})
}

// TestOtherwise: what the asker may not see leaves the answer that they would get
// without it; only if it alone closes the gate they are told that something does.
func TestOtherwise(t *testing.T) {
	hidden := gate.Missing{Code: "test.hidden", Item: "risk:secret", Visibility: authz.Restricted}
	none := gate.Missing{Code: "test.none"}
	hidden.Otherwise = &gate.Missing{Code: "test.hidden_too", Item: "risk:other", Visibility: authz.Restricted, Otherwise: &none}
	advice, unseen := gate.Missing{Code: "test.advice", Advice: true}, gate.Missing{Code: "test.unseen", Item: "risk:secret", Visibility: authz.Restricted, Advice: true}
	for name, c := range map[string]struct {
		answers          answers
		blockers, advice string
	}{
		"required":           {answers{missing(hidden), nil, nil}, "test.none", ""},
		"blocking":           {answers{nil, missing(hidden), nil}, "test.none", ""},
		"advisory":           {answers{nil, nil, missing(hidden)}, "", "test.none"},
		"nothing without it": {answers{missing(*hidden.Otherwise, gate.Missing{Code: "test.x", Item: "risk:x", Visibility: authz.Restricted}), nil, nil}, "test.none gate.withheld", ""},
		"only advice":        {answers{missing(advice, unseen), nil, nil}, "", "test.advice"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				v := f.answer(t, c.answers).ask(t)
				if codes(v.Blockers) != c.blockers || codes(v.Advice) != c.advice || v.Allowed() != (c.blockers == "") {
					t.Errorf("%s: blockers %q, advice %q", v.Decision, codes(v.Blockers), codes(v.Advice))
				}
			})
		})
	}
}

func TestAskRefuses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.answer(t, answers{})
		hidden := f.Register(as(t, authz.RoleOwner), t, catalog.Registration{Kind: "project", Name: "hidden", Title: "Hidden", Visibility: authz.Restricted})
		for name, c := range map[string]struct {
			ctx             context.Context
			subject, action string
			kind            fault.Kind
		}{
			"absent":              {as(t, authz.RoleReviewer), "flow:absent", "call", fault.NotFound},
			"hidden":              {as(t, authz.RoleReviewer), hidden.Ref, "call", fault.NotFound},
			"not a ref":           {as(t, authz.RoleReviewer), "'; --", "call", fault.NotFound},
			"outsider":            {as(t, authz.RoleOutsider), flowRef, "call", fault.Forbidden},
			"outsider, absent":    {as(t, authz.RoleOutsider), "flow:absent", "call", fault.Forbidden},
			"outsider, hidden":    {as(t, authz.RoleOutsider), hidden.Ref, "call", fault.Forbidden},
			"nobody":              {t.Context(), flowRef, "call", fault.Unauthenticated},
			"nobody, absent":      {t.Context(), "flow:absent", "call", fault.Unauthenticated},
			"no action":           {as(t, authz.RoleReviewer), flowRef, "", fault.Invalid},
			"a line in an action": {as(t, authz.RoleReviewer), flowRef, "call\n", fault.Invalid},
		} {
			if _, err := f.gate.Ask(c.ctx, c.subject, c.action); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, absent := f.gate.Ask(as(t, authz.RoleReviewer), "flow:absent", "call")
		_, invisible := f.gate.Ask(as(t, authz.RoleReviewer), hidden.Ref, "call")
		if diff := cmp.Diff(fault.From(absent), fault.From(invisible)); diff != "" {
			t.Errorf("hidden differs from absent:\n%s", diff)
		}
	})
}

func TestUngovernedAndRetired(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.answer(t, answers{})
		for _, c := range []struct{ subject, action, want string }{
			{flowRef, "cal", gate.CodeUngoverned},
			{"realm:cloud", "call", gate.CodeUngoverned},
			{flowRef, "watch", ""},
		} {
			v, err := f.gate.Ask(as(t, authz.RoleReviewer), c.subject, c.action)
			if err != nil || codes(v.Blockers) != c.want || v.Allowed() != (c.want == "") {
				t.Errorf("%s %s: %+v, %v", c.subject, c.action, v, err)
			}
		}
		if _, err := f.Service.Retire(as(t, authz.RoleReviewer), flowRef, 1, "over"); err != nil {
			t.Fatal(err)
		}
		if v := f.ask(t); codes(v.Blockers) != gate.CodeRetired {
			t.Errorf("retired: %+v", v)
		}
	})
}

// TestClockSetBack: gate time never runs behind the ledger, so an acceptance that
// ended stays ended.
func TestClockSetBack(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ends := storetest.Start().Add(24 * time.Hour)
		f.answer(t, answers{func(_ context.Context, _ store.Reader, q gate.Question, _ gate.Requirement) (gate.Answer, error) {
			if q.At.Before(ends) {
				return gate.Answer{ValidUntil: ends}, nil
			}
			return gate.Answer{Missing: []gate.Missing{{Code: "test.ended"}}}, nil
		}, nil, nil})
		if v := f.ask(t); !v.Allowed() {
			t.Fatalf("on day 0: %+v", v)
		}
		f.DB.Clock().Set(ends)
		if v := f.ask(t); v.Allowed() {
			t.Errorf("on its last instant: %+v", v)
		}
		// Somebody decides something, then the clock is set back.
		f.Register(as(t, authz.RoleOwner), t, catalog.Registration{Kind: "project", Name: "p", Title: "P"})
		f.DB.Clock().Set(storetest.Start())
		if v := f.ask(t); v.Allowed() || !v.EvaluatedAt.Equal(ends) {
			t.Errorf("after the clock was set back: %+v", v)
		}
	})
}
