// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
)

func TestCheckpointRoundTrip(t *testing.T) {
	s := newSigner(t, 1)
	want := makeLog(5).checkpoint(5)
	signed, err := s.SignCheckpoint(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := format.OpenCheckpoint(signed, keysOf(t, s), "")
	if err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := format.OpenCheckpoint(signed, keysOf(t, newSigner(t, 2)), ""); err == nil {
		t.Error("a signature by another key was accepted")
	}
	if _, err := format.OpenCheckpoint(signed, keysOf(t, s), "other.example.org"); err == nil {
		t.Error("a checkpoint of another log was accepted")
	}
}

// The gate signs with the same key: what it signs must not pass as a checkpoint.
func TestOtherSignedTextIsNoCheckpoint(t *testing.T) {
	s := newSigner(t, 1)
	other := strings.Replace(makeLog(5).checkpoint(5).Text(), keyName, keyName+"/gate", 1)
	signed, err := s.Sign(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := format.OpenCheckpoint(signed, keysOf(t, s), ""); err == nil {
		t.Error("another text was accepted as a checkpoint")
	}
}

func TestEveryChangedByteOfACheckpointIsFound(t *testing.T) {
	s := newSigner(t, 1)
	keys := keysOf(t, s)
	signed, err := s.SignCheckpoint(makeLog(5).checkpoint(5))
	if err != nil {
		t.Fatal(err)
	}
	for i := range signed {
		for bit := range 8 {
			changed := bytes.Clone(signed)
			changed[i] ^= 1 << bit
			if _, err := format.OpenCheckpoint(changed, keys, ""); err == nil {
				t.Fatalf("byte %d, bit %d: not found in %q", i, bit, changed)
			}
		}
	}
}

func TestParseCheckpoint(t *testing.T) {
	good := makeLog(5).checkpoint(5).Text()
	root := strings.Split(good, "\n")[2]
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"good":                {good, true},
		"extension line":      {good + "more\n", true},
		"empty log":           {keyName + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", true},
		"empty log, not root": {keyName + "\n0\n" + root + "\n", false},
		"nothing":             {"", false},
		"two lines":           {keyName + "\n5\n", false},
		"no last newline":     {strings.TrimSuffix(good, "\n"), false},
		"no origin":           {"\n5\n" + root + "\n", false},
		"leading zero":        {keyName + "\n05\n" + root + "\n", false},
		"plus sign":           {keyName + "\n+5\n" + root + "\n", false},
		"negative":            {keyName + "\n-5\n" + root + "\n", false},
		"too large":           {keyName + "\n9223372036854775808\n" + root + "\n", false},
		"short root":          {keyName + "\n5\nAAAA\n", false},
		"no base64":           {keyName + "\n5\n*" + root[1:] + "\n", false},
		"carriage return":     {keyName + "\n5\n" + root + "\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := format.ParseCheckpoint(c.text); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// While a key is changed both sign; afterwards the old verifier stays in the file.
func TestKeyChange(t *testing.T) {
	one, two := newSigner(t, 1), newSigner(t, 2)
	oldText, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	newText, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{2}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	c := makeLog(3).checkpoint(3)
	both, err := format.ParseSigner([]byte("# new\n" + string(newText) + "\n# old\n" + string(oldText)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := both.SignCheckpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*format.Signer{one, two, both} {
		if _, err := format.OpenCheckpoint(signed, keysOf(t, s), ""); err != nil {
			t.Errorf("a checkpoint with both signatures: %v", err)
		}
	}
	after, err := format.ParseSigner([]byte(string(newText) + one.Verifiers()))
	if err != nil {
		t.Fatal(err)
	}
	old, err := one.SignCheckpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := format.OpenCheckpoint(old, keysOf(t, after), ""); err != nil {
		t.Errorf("an old checkpoint after the change: %v", err)
	}
	signed, err = after.SignCheckpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := format.OpenCheckpoint(signed, keysOf(t, one), ""); err == nil {
		t.Error("the old key still signs")
	}
}

func TestParseSignerNeverRepeatsTheKey(t *testing.T) {
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(text))
	for name, bad := range map[string]string{
		"nothing":       "",
		"comment only":  "# nothing\n",
		"cut":           secret[:len(secret)-4],
		"verifier only": newSigner(t, 1).Verifiers(),
		"garbage":       "PRIVATE+KEY+" + secret,
		"two names":     secret + "\n" + otherName(t),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := format.ParseSigner([]byte(bad))
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), secret[len(secret)-20:len(secret)-8]) {
				t.Error("the error repeats the key")
			}
		})
	}
	if _, err := format.GenerateKey(bytes.NewReader(nil), keyName); err == nil {
		t.Error("a key was made without randomness")
	}
	if _, err := format.GenerateKey(bytes.NewReader(make([]byte, 64)), "two words"); err == nil {
		t.Error("a name with a space was accepted")
	}
}

func otherName(t *testing.T) string {
	t.Helper()
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{2}, 64)), "other.example.org")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCosignatures(t *testing.T) {
	s := newSigner(t, 1)
	witness := ledgertest.NewWitness("witness.example.org/w1", bytes.Repeat([]byte{9}, 32))
	plain := newSigner(t, 3) // a witness that signs plain notes
	witnesses, err := format.ParseWitnesses([]byte(witness.Verifier() + "\n" + plain.Verifiers()))
	if err != nil {
		t.Fatal(err)
	}
	c := makeLog(4).checkpoint(4)
	signed, err := s.SignCheckpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	line := witness.Line(c.Text(), 1_795_435_200)
	got, err := format.Cosignatures([]byte(string(signed)+line), c.Text(), witnesses)
	if err != nil || len(got) != 1 || got[0].Line != line {
		t.Errorf("got %v, %v", got, err)
	}
	byPlain, err := plain.SignCheckpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := format.Cosignatures(byPlain, c.Text(), witnesses); err != nil || len(got) != 1 {
		t.Errorf("a plain note signature: %v, %v", got, err)
	}
	later := c
	later.Size = 3
	for name, bad := range map[string]string{
		"nobody known":       string(signed),
		"another time":       string(signed) + strings.Replace(line, " ", " ", 1)[:len(line)-6] + "AAA==\n",
		"another checkpoint": later.Text() + "\n" + witness.Line(later.Text(), 1),
	} {
		if got, err := format.Cosignatures([]byte(bad), c.Text(), witnesses); err == nil {
			t.Errorf("%s: accepted as %v", name, got)
		}
	}
	for _, bad := range []string{"witness+00000000+" + strings.SplitN(witness.Verifier(), "+", 3)[2], "a b+1+", "x"} {
		if _, err := format.ParseWitnesses([]byte(bad)); err == nil {
			t.Errorf("witness key %q was accepted", bad)
		}
	}
	if none, err := format.ParseWitnesses(nil); err != nil || !none.Empty() {
		t.Errorf("no witness: %v", err)
	}
}
