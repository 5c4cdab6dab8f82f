// SPDX-License-Identifier: Apache-2.0

package ledgerweb_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

const api = "/api/v1/ledger"

func (o *office) keys() format.Keys {
	o.t.Helper()
	keys, err := o.signer.Keys()
	fatal(o.t, err)
	return keys
}

// checkpoint opens a signed note of this office.
func (o *office) checkpoint(note string) format.Checkpoint {
	o.t.Helper()
	c, err := format.OpenCheckpoint([]byte(note), o.keys(), "")
	fatal(o.t, err)
	return c
}

func TestKeyAndPublicCheckpoint(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	if got := o.Get(api + "/key").Want(200); got.Body != o.signer.Verifiers() || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("key: %q, %s", got.Body, got.Header.Get("Content-Type"))
	}
	o.Get(api + "/checkpoint").Want(404)
	fatal(t, o.log.Publish(t.Context()))
	c := o.checkpoint(o.Get(api + "/checkpoint").Want(200).Body)
	if c.Size != 8 {
		t.Errorf("the public checkpoint covers %d leaves, want 8: padded", c.Size)
	}
	if got := o.Get(api + "/checkpoints/8").Want(200).Body; o.checkpoint(got) != c {
		t.Errorf("by size: %q", got)
	}
	o.Get(api + "/checkpoints/3").Want(404)
	var list web.List[ledgerweb.PublicCheckpoint]
	o.Get(api + "/checkpoints").Want(200).Into(&list)
	if len(list.Items) != 1 || list.Items[0].Size != 8 || len(list.Items[0].Witnesses) != 0 || list.Next != "" {
		t.Errorf("list: %+v", list)
	}
}

func TestCosign(t *testing.T) {
	o := newOffice(t)
	o.fill(1)
	fatal(t, o.log.Publish(t.Context()))
	note := o.Get(api + "/checkpoint").Want(200).Body
	text, _, _ := strings.Cut(note, "\n\n")
	signed := note + o.witness.Line(text+"\n", 1_800_000_000)

	var done ledgerweb.Cosigned
	o.JSON("POST", api+"/checkpoints/cosignatures", ledgerweb.CosignedNote{Note: signed}).Want(200).Into(&done)
	if done.Accepted != 1 {
		t.Errorf("accepted %d", done.Accepted)
	}
	if got := o.Get(api + "/checkpoint").Want(200).Body; got != signed {
		t.Errorf("the checkpoint does not carry the cosignature:\n%s", got)
	}
	var list web.List[ledgerweb.PublicCheckpoint]
	o.Get(api + "/checkpoints").Want(200).Into(&list)
	if diff := cmp.Diff([]string{"witness.test"}, list.Items[0].Witnesses); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string]string{
		"no witness":        note,
		"not a checkpoint":  "hello",
		"another text":      strings.Replace(signed, "\n8\n", "\n9\n", 1),
		"a wrong signature": note + o.witness.Line("other\n", 1_800_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			o.JSON("POST", api+"/checkpoints/cosignatures", ledgerweb.CosignedNote{Note: bad}).Want(422)
		})
	}
}

func TestWhoReachesWhat(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	for _, tc := range []struct {
		path string
		want map[string]int // "" is nobody
	}{
		{"/head", map[string]int{"": 401, "outsider": 403, "requester": 200, "auditor": 200}},
		{"/entries", map[string]int{"": 401, "outsider": 403, "requester": 200}},
		{"/entries/0", map[string]int{"": 401, "outsider": 403, "requester": 200}},
		{"/entries/99", map[string]int{"": 401, "outsider": 403, "requester": 404}},
		{"/export", map[string]int{"": 401, "outsider": 403, "requester": 403, "owner": 403, "triager": 403, "reviewer": 200, "executive": 200, "admin": 200, "auditor": 200}},
	} {
		for login, want := range tc.want {
			c := o.Client
			if login != "" {
				c = o.Token(login)
			}
			if got := c.Get(api + tc.path).Status; got != want {
				t.Errorf("%s as %q: %d, want %d", tc.path, login, got, want)
			}
		}
	}
}

// Sizes that are not public would tell an outsider how much is decided.
func TestProofsForOutsidersAreOfPublicSizesOnly(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	fatal(t, o.log.Publish(t.Context())) // 8 leaves
	o.fill(2)
	for _, c := range []struct {
		path             string
		nobody, reviewer int
	}{
		{"/inclusion?seq=1&size=8", 200, 200},
		{"/inclusion?seq=1&size=3", 404, 200},
		{"/inclusion?seq=9&size=10", 404, 200},
		{"/inclusion?seq=9&size=11", 404, 404},
		{"/inclusion?seq=9", 404, 200},
		{"/inclusion?seq=1", 200, 200},
		{"/consistency?from=8&to=8", 200, 200},
		{"/consistency?from=8&to=10", 404, 200},
		{"/consistency?from=3&to=8", 404, 200},
		{"/consistency?from=0&to=8", 422, 422},
		{"/consistency?from=8", 422, 422},
		{"/inclusion?seq=-1&size=8", 422, 422},
	} {
		if got := o.Get(api + c.path).Status; got != c.nobody {
			t.Errorf("%s as nobody: %d, want %d", c.path, got, c.nobody)
		}
		if got := o.Token("reviewer").Get(api + c.path).Status; got != c.reviewer {
			t.Errorf("%s as reviewer: %d, want %d", c.path, got, c.reviewer)
		}
	}
}

func TestConsistencyVerifies(t *testing.T) {
	o := newOffice(t)
	o.fill(11)
	heads := map[int64]format.Checkpoint{}
	reviewer := o.Token("reviewer")
	for size := int64(1); size <= 11; size++ {
		var p ledgerweb.Inclusion
		reviewer.Get(fmt.Sprintf("%s/inclusion?seq=0&size=%d", api, size)).Want(200).Into(&p)
		heads[size] = o.checkpoint(p.Checkpoint)
	}
	for from := int64(1); from <= 11; from++ {
		for to := from; to <= 11; to++ {
			var p ledgerweb.Consistency
			reviewer.Get(fmt.Sprintf("%s/consistency?from=%d&to=%d", api, from, to)).Want(200).Into(&p)
			if err := p.Verify(heads[from], heads[to]); err != nil {
				t.Errorf("%d to %d: %v", from, to, err)
			}
			other := heads[from]
			other.Root[0] ^= 1
			if p.Verify(other, heads[to]) == nil {
				t.Errorf("%d to %d: a forged root passes", from, to)
			}
		}
	}
}

func TestEntries(t *testing.T) {
	o := newOffice(t)
	o.Token("owner").Get(api + "/entries?kind=risk.acceptance.grant").Want(422).WantText("the nearest is risk.acceptance.granted")
	o.fill(4)
	hidden := o.decide(secret())
	o.fill(1)
	list := func(login, query string) (seqs []int64, next string) {
		t.Helper()
		var l web.List[ledgerweb.Summary]
		o.Token(login).Get(api + "/entries" + query).Want(200).Into(&l)
		for _, e := range l.Items {
			seqs = append(seqs, e.Seq)
		}
		return seqs, l.Next
	}
	for _, tc := range []struct {
		login, query string
		want         []int64
	}{
		{"reviewer", "", []int64{5, 4, 3, 2, 1, 0}},
		{"owner", "", []int64{5, 3, 2, 1, 0}},
		{"owner", "?kind=risk.rated", nil},
		{"reviewer", "?kind=risk.rated", []int64{hidden}},
		{"reviewer", "?subject=flow:0", []int64{5, 0}},
		{"reviewer", "?actor=person:owner", []int64{hidden}},
		{"reviewer", "?item=risk:bbbb", []int64{hidden}},
		{"owner", "?item=risk:bbbb", nil},
	} {
		if got, _ := list(tc.login, tc.query); !cmp.Equal(got, tc.want) {
			t.Errorf("%s%s: %v, want %v", tc.login, tc.query, got, tc.want)
		}
	}
	first, next := list("owner", "?limit=2")
	second, next := list("owner", "?limit=2&cursor="+url.QueryEscape(next))
	third, end := list("owner", "?limit=2&cursor="+url.QueryEscape(next))
	if diff := cmp.Diff([][]int64{{5, 3}, {2, 1}, {0}}, [][]int64{first, second, third}); diff != "" || end != "" {
		t.Errorf("pages: %s, next %q", diff, end)
	}
	o.Token("owner").Get(api + "/entries?cursor=nonsense").Want(400)
	o.Token("owner").Get(api + "/entries?colour=red").Want(422)
}

func TestEntryVerifies(t *testing.T) {
	o := newOffice(t)
	o.fill(5)
	hidden := o.decide(secret())
	for seq := range int64(5) {
		var d ledgerweb.Document
		o.Token("owner").Get(fmt.Sprintf("%s/entries/%d", api, seq)).Want(200).Into(&d)
		c, err := d.Verify(o.keys(), "")
		if err != nil || c.Size != 6 {
			t.Errorf("entry %d: %v, %d leaves", seq, err, c.Size)
		}
		if want := fmt.Sprintf("flow:%d", seq); d.Subject != want || d.Openings.Body == nil || !strings.Contains(d.Openings.Body.Value, "<high>") {
			t.Errorf("entry %d: %+v", seq, d)
		}
	}
	absent := o.Token("owner").Get(api + "/entries/77").Want(404)
	withheld := o.Token("owner").Get(fmt.Sprintf("%s/entries/%d", api, hidden)).Want(404)
	if mask(absent) != mask(withheld) {
		t.Errorf("what is withheld differs from what is absent:\n%s\n%s", absent.Body, withheld.Body)
	}
	var early ledgerweb.Document
	o.Token("owner").Get(api + "/entries/1?size=3").Want(200).Into(&early)
	if c, err := early.Verify(o.keys(), ""); err != nil || c.Size != 3 {
		t.Errorf("in the log of 3: %v, %d", err, c.Size)
	}
	o.Token("owner").Get(api + "/entries/4?size=3").Want(404)
}

// Every change of a document must be noticed.
func TestDocumentVerifyNoticesTampering(t *testing.T) {
	o := newOffice(t)
	o.fill(5)
	var sound ledgerweb.Document
	o.Token("owner").Get(api + "/entries/2").Want(200).Into(&sound)
	var other ledgerweb.Document
	o.Token("owner").Get(api + "/entries/3").Want(200).Into(&other)
	for name, change := range map[string]func(d *ledgerweb.Document){
		"kind shown":    func(d *ledgerweb.Document) { d.Kind = "risk.rated" },
		"actor shown":   func(d *ledgerweb.Document) { d.Actor = "person:else" },
		"subject shown": func(d *ledgerweb.Document) { d.Subject = "flow:else" },
		"item shown":    func(d *ledgerweb.Document) { d.Item = "risk:else" },
		"time shown":    func(d *ledgerweb.Document) { d.Time = d.Time.Add(1000) },
		"value": func(d *ledgerweb.Document) {
			d.Openings.Body = &ledgerweb.Opening{Salt: d.Openings.Body.Salt, Value: "{}"}
		},
		"salt": func(d *ledgerweb.Document) {
			d.Openings.Kind = &ledgerweb.Opening{Salt: other.Openings.Kind.Salt, Value: d.Kind}
		},
		"short salt":        func(d *ledgerweb.Document) { d.Openings.Kind = &ledgerweb.Opening{Salt: "AAAA", Value: d.Kind} },
		"leaf of another":   func(d *ledgerweb.Document) { d.Leaf = other.Leaf },
		"leaf no base64":    func(d *ledgerweb.Document) { d.Leaf = "?" },
		"leaf cut":          func(d *ledgerweb.Document) { d.Leaf = d.Leaf[:40] },
		"place":             func(d *ledgerweb.Document) { d.Seq = 3 },
		"place outside":     func(d *ledgerweb.Document) { d.Seq = 5 },
		"negative place":    func(d *ledgerweb.Document) { d.Seq = -1 },
		"proof of another":  func(d *ledgerweb.Document) { d.Proof = other.Proof },
		"proof cut":         func(d *ledgerweb.Document) { d.Proof = d.Proof[1:] },
		"proof no hash":     func(d *ledgerweb.Document) { d.Proof = append([]string{"?"}, d.Proof[1:]...) },
		"checkpoint's size": func(d *ledgerweb.Document) { d.Checkpoint = strings.Replace(d.Checkpoint, "\n5\n", "\n6\n", 1) },
		"unsigned": func(d *ledgerweb.Document) {
			text, _, _ := strings.Cut(d.Checkpoint, "\n\n")
			d.Checkpoint = text + "\n\n"
		},
		"signed by another": func(d *ledgerweb.Document) {
			text, _, _ := strings.Cut(d.Checkpoint, "\n\n")
			forged, err := signer(t, 8).Sign(text + "\n")
			fatal(t, err)
			d.Checkpoint = string(forged)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := sound
			change(&d)
			if _, err := d.Verify(o.keys(), ""); err == nil {
				t.Error("not noticed")
			}
		})
	}
	if _, err := sound.Verify(o.keys(), ""); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

func TestErase(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	path := api + "/entries/0/erasures"
	order := ledgerweb.ErasureOrder{Fields: []string{"actor", "body"}, Reason: "asked for by the person"}

	o.JSON("POST", path, order).Want(401)
	o.Token("reviewer").JSON("POST", path, order).Want(403)
	admin := o.Token("admin")
	admin.JSON("POST", api+"/entries/9/erasures", order).Want(404)
	for name, bad := range map[string]ledgerweb.ErasureOrder{
		"no field":      {Reason: "x"},
		"unknown field": {Fields: []string{"colour"}, Reason: "x"},
		"no reason":     {Fields: []string{"body"}},
		"blank reason":  {Fields: []string{"body"}, Reason: "  "},
		"long reason":   {Fields: []string{"body"}, Reason: strings.Repeat("x", 2001)},
	} {
		t.Run(name, func(t *testing.T) { admin.JSON("POST", path, bad).Want(422) })
	}

	var done ledgerweb.Erased
	admin.JSON("POST", path, order, "Idempotency-Key", "k1").Want(200).Into(&done)
	if diff := cmp.Diff(ledgerweb.Erased{Fields: []string{"actor", "body"}, RecordedAs: 2}, done); diff != "" {
		t.Error(diff)
	}
	if again := admin.JSON("POST", path, order, "Idempotency-Key", "k1").Want(200); again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the repeat was not answered as the first")
	}
	admin.JSON("POST", path, order).Want(409)

	var d ledgerweb.Document
	o.Token("owner").Get(api + "/entries/0").Want(200).WantNoText("person:executive").Into(&d)
	if diff := cmp.Diff([]string{"actor", "body"}, d.Erased); diff != "" || d.Openings.Actor != nil || d.Openings.Body != nil {
		t.Errorf("after erasing: %s %+v", diff, d)
	}
	if _, err := d.Verify(o.keys(), ""); err != nil {
		t.Errorf("the rest does not verify: %v", err)
	}
	var record ledgerweb.Document
	o.Token("owner").Get(api + "/entries/2").Want(200).Into(&record)
	if record.Kind != ledger.KindErased || record.Actor != "person:admin" || record.Item != "risk:aaaa" ||
		record.Openings.Body.Value != `{"entry":0,"fields":["actor","body"],"reason":"asked for by the person"}` {
		t.Errorf("the record: %+v %s", record.Summary, record.Openings.Body.Value)
	}
	if _, err := ledger.VerifyDatabase(t.Context(), o.db, ledger.VerifyOptions{Keys: o.keys()}); err != nil {
		t.Error(err)
	}
}

// Administering is not reading: what an administrator may not see, they cannot
// erase, and they do not learn that it is there.
func TestEraseNeedsSight(t *testing.T) {
	o := newOffice(t)
	hidden := o.decide(secret())
	order := ledgerweb.ErasureOrder{Fields: []string{"body"}, Reason: "x"}
	withheld := o.Token("admin").JSON("POST", fmt.Sprintf("%s/entries/%d/erasures", api, hidden), order).Want(404)
	absent := o.Token("admin").JSON("POST", api+"/entries/99/erasures", order).Want(404)
	if mask(withheld) != mask(absent) {
		t.Errorf("what is withheld differs from what is absent:\n%s\n%s", withheld.Body, absent.Body)
	}
	err := o.db.Read(t.Context(), func(r *store.ReadTx) error {
		list, err := o.log.Erasures(t.Context(), r)
		if len(list) != 0 {
			t.Errorf("erased: %v", list)
		}
		return err
	})
	fatal(t, err)
}
