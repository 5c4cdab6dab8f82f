// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func newSigner(t testing.TB) *format.Signer {
	t.Helper()
	key, err := format.GenerateKey(rand.Reader, "office.test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := format.ParseSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sampleVerdict() gate.Verdict {
	at := time.Date(2026, 11, 24, 9, 0, 0, 123456000, time.UTC)
	return gate.Verdict{
		Decision: gate.Deny, Subject: flowRef, Action: "call", Version: 2, Digest: strings.Repeat("ab", 32),
		Blockers:    []fault.Blocker{{Code: "risk.acceptance.missing", Message: `"high" & <no> acceptance`, LiftedBy: "An executive.", URL: "https://office.test/risks/a"}},
		Advice:      []fault.Blocker{},
		EvaluatedAt: at, ValidUntil: at.Add(5 * time.Minute),
	}
}

func TestNoteOfAnAnswer(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations()))
	open := gate.Missing{Code: "test.open", Message: "m", LiftedBy: "l", URL: "/risks/a"}
	for _, all := range []answers{{}, {missing(open), nil, missing(open)}} {
		v, err := f.answer(t, all).gate.Ask(as(t, authz.RoleReviewer), flowRef, "call")
		if err != nil {
			t.Fatal(err)
		}
		got, err := gate.VerifyNote([]byte(v.Note), f.signer.Verifiers(), v.EvaluatedAt)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, got); diff != "" {
			t.Errorf("asked and verified differ:\n%s", diff)
		}
		if len(v.NoteDigest()) != 64 || v.NoteDigest() != got.NoteDigest() {
			t.Errorf("digests %s and %s", v.NoteDigest(), got.NoteDigest())
		}
	}
}

// TestNoteText pins the signed bytes: others read them too.
func TestNoteText(t *testing.T) {
	text, err := gate.Sign(sampleVerdict(), newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	want := "portreeve.gate/v1\noffice.test\n" +
		`{"decision":"deny","subject":"flow:property-suggester-ab-test","action":"call","version":2,"digest":"` + strings.Repeat("ab", 32) +
		`","blockers":[{"code":"risk.acceptance.missing","message":"\"high\" & <no> acceptance","lifted_by":"An executive.","url":"https://office.test/risks/a"}],` +
		`"advice":[],"evaluated_at":"2026-11-24T09:00:00.123456Z","valid_until":"2026-11-24T09:05:00.123456Z"}` + "\n\n— office.test "
	if got, _, _ := strings.Cut(text, "office.test "); got+"office.test " != want {
		t.Error(cmp.Diff(want, got+"office.test "))
	}
}

func TestVerifyNoteRefuses(t *testing.T) {
	signer := newSigner(t)
	v := sampleVerdict()
	good, err := gate.Sign(v, signer)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(text string) string {
		out, err := signer.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	body := strings.Split(good, "\n")[2]
	of := func(body string) string { return signed("portreeve.gate/v1\noffice.test\n" + body + "\n") }
	if of(body) != good {
		t.Fatal("the cases do not start from a good note")
	}
	allowWithBlocker := strings.Replace(body, `"decision":"deny"`, `"decision":"allow"`, 1)
	for name, c := range map[string]struct {
		data, key, code string
		at              time.Time
	}{
		"expired":               {good, signer.Verifiers(), "gate.note_expired", v.ValidUntil},
		"another key":           {good, newSigner(t).Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"changed":               {strings.Replace(good, "deny", "deny ", 1), signer.Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"garbage after it":      {good + "x", signer.Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"a line after it":       {good + "x\n", signer.Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"empty":                 {"", signer.Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"not UTF-8":             {"\xff" + good, signer.Verifiers(), "gate.note_signature", v.EvaluatedAt},
		"no key":                {good, "", "gate.note_key", v.EvaluatedAt},
		"a private key":         {good, "PRIVATE+KEY+x", "gate.note_key", v.EvaluatedAt},
		"a checkpoint":          {signed("office.test\n5\nAAAA\n"), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"another header":        {signed("portreeve.gate/v2\noffice.test\n" + body + "\n"), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"no origin":             {signed("portreeve.gate/v1\n\n" + body + "\n"), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"a second answer":       {of(body + "\n" + body), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"a value after it":      {of(body + "{}"), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"a key twice":           {of(strings.Replace(body, `{"decision":"deny"`, `{"decision":"allow","decision":"deny"`, 1)), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"another spelling":      {of(strings.Replace(body, `"decision":`, `"Decision":`, 1)), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"an unknown key":        {of(strings.Replace(body, `{`, `{"x":1,`, 1)), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"not JSON":              {of("allow"), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"allow with a blocker":  {of(allowWithBlocker), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"neither":               {of(strings.Replace(body, `"deny"`, `"maybe"`, 1)), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"deny without blockers": {of(body[:strings.Index(body, "[{")+1] + body[strings.Index(body, "}]")+1:]), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
		"too large":             {good + strings.Repeat("x", gate.MaxNote), signer.Verifiers(), "gate.note_form", v.EvaluatedAt},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := gate.VerifyNote([]byte(c.data), c.key, c.at); !fault.HasCode(err, c.code) || !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	for name, at := range map[string]time.Time{"at once": v.EvaluatedAt, "last microsecond": v.ValidUntil.Add(-time.Microsecond), "slow clock": v.EvaluatedAt.Add(-time.Hour)} {
		if _, err := gate.VerifyNote([]byte(good), signer.Verifiers(), at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeyChange: while two keys sign, whoever knows one of them can verify.
func TestKeyChange(t *testing.T) {
	skeyA, vkeyA, err := note.GenerateKey(rand.Reader, "office.test")
	if err != nil {
		t.Fatal(err)
	}
	skeyB, vkeyB, err := note.GenerateKey(rand.Reader, "office.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner([]byte(skeyB + "\n" + skeyA + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	v := sampleVerdict()
	text, err := gate.Sign(v, signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{vkeyA, vkeyB, vkeyA + "\n" + vkeyB + "\n"} {
		if _, err := gate.VerifyNote([]byte(text), key, v.EvaluatedAt); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// FuzzVerifyNote: whatever is verified is what was signed. The key signs the
// fuzzed text too, so that more than the signature is tried.
func FuzzVerifyNote(f *testing.F) {
	signer := newSigner(f)
	v := sampleVerdict()
	good, err := gate.Sign(v, signer)
	if err != nil {
		f.Fatal(err)
	}
	text, _, _ := strings.Cut(good, "\n\n")
	f.Add(text + "\n")
	f.Add("office.test\n5\nAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		check := func(data string) {
			got, err := gate.VerifyNote([]byte(data), signer.Verifiers(), v.EvaluatedAt)
			if err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("not Invalid: %v", err)
				}
				return
			}
			if again, err := gate.Sign(got, signer); err != nil || strings.SplitN(again, "\n", 4)[2] != strings.SplitN(data, "\n", 4)[2] {
				t.Errorf("verified %q, signs as %q, %v", data, again, err)
			}
		}
		check(text)
		if signed, err := signer.Sign(text); err == nil {
			check(string(signed))
		}
	})
}
