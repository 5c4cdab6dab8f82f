// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// TestVerify: receipts and the log are sound without the service, and whatever is
// changed, cut off or somebody else's is not.
func TestVerify(t *testing.T) {
	b, dir := newBed(t), t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b.put("one", "id", "alice", "v")
	before := b.want(200, "administrator", "GET", "/admin/v1/audit", "")
	printed := b.want(200, "administrator", "DELETE", "/admin/v1/owners/alice/sessions", "")
	r := decode[SignedReceipt](t, printed)
	log := b.want(200, "administrator", "GET", "/admin/v1/audit", "")
	key := file("audit.pub", decode[Status](t, b.want(200, "administrator", "GET", "/admin/v1/status", "")).AuditKeys)
	note, asPrinted, whole := file("note", r.Note), file("printed.json", printed), file("audit.log", log)
	other := newBed(t)

	for name, c := range map[string]struct {
		cmd  VerifyCmd
		kind fault.Kind // Internal = sound
	}{
		"a note":                      {VerifyCmd{Key: key, Receipt: []string{note}}, fault.Internal},
		"what end printed":            {VerifyCmd{Key: key, Receipt: []string{asPrinted}}, fault.Internal},
		"the log":                     {VerifyCmd{Key: key, Log: whole}, fault.Internal},
		"all of it":                   {VerifyCmd{Key: key, Log: whole, Receipt: []string{note, asPrinted}}, fault.Internal},
		"a log that was cut off":      {VerifyCmd{Key: key, Log: file("cut.log", before), Receipt: []string{note}}, fault.Invalid},
		"a changed log":               {VerifyCmd{Key: key, Log: file("changed.log", strings.Replace(log, "administrator", "administratos", 1))}, fault.Invalid},
		"a log without its beginning": {VerifyCmd{Key: key, Log: file("late.log", log[strings.Index(log, "\n")+1:])}, fault.Invalid},
		"an empty log":                {VerifyCmd{Key: key, Log: file("empty.log", "")}, fault.Invalid},
		"a changed receipt":           {VerifyCmd{Key: key, Receipt: []string{file("changed", strings.Replace(r.Note, `"ended":1`, `"ended":9`, 1))}}, fault.Invalid},
		"an empty receipt":            {VerifyCmd{Key: key, Receipt: []string{file("empty", "")}}, fault.Invalid},
		"JSON of something else":      {VerifyCmd{Key: key, Receipt: []string{file("other.json", "{}")}}, fault.Invalid},
		"one that is not sound":       {VerifyCmd{Key: key, Receipt: []string{note, file("hello", "hello")}}, fault.Invalid},
		"another service's key":       {VerifyCmd{Key: file("other.pub", other.public), Receipt: []string{note}}, fault.Invalid},
		"another service's log":       {VerifyCmd{Key: file("other2.pub", other.public), Log: whole}, fault.Invalid},
		"no key":                      {VerifyCmd{Key: note, Receipt: []string{note}}, fault.Usage},
		"no such key":                 {VerifyCmd{Key: filepath.Join(dir, "none"), Receipt: []string{note}}, fault.Usage},
		"no such receipt":             {VerifyCmd{Key: key, Receipt: []string{filepath.Join(dir, "none")}}, fault.Usage},
		"no such log":                 {VerifyCmd{Key: key, Log: filepath.Join(dir, "none")}, fault.Usage},
		"nothing":                     {VerifyCmd{Key: key}, fault.Usage},
	} {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			c.cmd.JSON = asJSON
			err := c.cmd.Run(&client.Session{Context: context.Background(), Stdout: &out})
			sound := c.kind == fault.Internal
			if sound != (err == nil) || !sound && !fault.Is(err, c.kind) || sound != (out.Len() > 0) {
				t.Errorf("%s: %v\n%s", name, err, out.String())
			}
			if sound && asJSON && !json.Valid(out.Bytes()) {
				t.Errorf("%s: no JSON: %s", name, out.String())
			}
		}
	}
}
