// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"encoding/json"
	"testing"

	"portreeve.org/portreeve/test/fakes/phorge"
)

// TestQuirks: PHP has one kind of array, and older methods have one kind of value.
func TestQuirks(t *testing.T) {
	for text, want := range map[string]int{`[]`: 0, ` [ ] `: 0, `null`: 0, `{}`: 0, `{"a":"x"}`: 1, `["x"]`: -1, `"x"`: -1, `[[]]`: -1, `{"a":{}}`: -1} {
		var m struct{ M Map[string] }
		err := json.Unmarshal([]byte(`{"M":`+text+`}`), &m)
		if n := len(m.M); (err != nil) != (want < 0) || err == nil && (n != want || m.M == nil) {
			t.Errorf("Map %s: %v, %v", text, m.M, err)
		}
	}
	for text, want := range map[string]string{`null`: "", `"a"`: "a", `12`: "12", `-1.5`: "-1.5", `true`: "!", `{}`: "!", `[]`: "!"} {
		var v Text
		if err := json.Unmarshal([]byte(text), &v); (err != nil) != (want == "!") || err == nil && string(v) != want {
			t.Errorf("Text %s: %q, %v", text, v, err)
		}
	}
	for text, want := range map[string]int64{`null`: 0, `12`: 12, `"12"`: 12, `-1`: -1, `1.5`: -2, `""`: -2, `{}`: -2, `99999999999999999999`: -2} {
		var v Number
		if err := json.Unmarshal([]byte(text), &v); (err != nil) != (want == -2) || err == nil && int64(v) != want {
			t.Errorf("Number %s: %d, %v", text, v, err)
		}
	}
	for n, none := range map[Number]bool{0: true, -1: true, 1: false, maxEpoch: false, maxEpoch + 1: true, 1 << 62: true} {
		if got := n.Time(); got.IsZero() != none || got.Year() > 9999 {
			t.Errorf("time of %d: %v", n, got)
		}
	}
}

func TestShown(t *testing.T) {
	for text, want := range map[string]string{``: "", `null`: "", `"open"`: "open", `90`: "90", `{"value":90,"name":"Needs Triage"}`: "Needs Triage", `{"value":90}`: "90", `[1]`: "", `{"name":[]}`: ""} {
		if got := shown(json.RawMessage(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzEnvelope: whatever a server sends, it is an answer, an error or no answer,
// and no type that reads it fails otherwise than with an error.
func FuzzEnvelope(f *testing.F) {
	for _, r := range phorge.Recordings() {
		f.Add(r.Body, r.Method)
	}
	f.Add([]byte(`{"result":[],"error_code":null,"error_info":null}`), "maniphest.search")
	f.Add([]byte(`{"result":{"data":[[],{},null,1]},"error_code":null}`), "transaction.search")
	f.Add([]byte(`{"RESULT":1,"error_Code":7}`), "user.whoami")
	c := &Client{token: newSecret("api-x")}
	f.Fuzz(func(t *testing.T, text []byte, method string) {
		result, code, info, err := open(text)
		if err != nil && (result != nil || code != "" || info != "") {
			t.Errorf("both an error and an answer: %q", text)
		}
		if err == nil && code == "" {
			if _, err := elements(c, method, result); err != nil && len(err.Error()) > maxInfo+200 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		}
		r := &reading{client: c, names: newNames(c), given: map[int]bool{}}
		var v struct {
			Data []transaction `json:"data"`
			task
		}
		if json.Unmarshal(result, &v) == nil {
			t0 := r.head(found{task: v.task})
			_ = r.events(&t0, v.Data)
			_ = mentioned(v.Data)
		}
	})
}
