// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/sessionstore"
)

func sampleRow() sessionstore.Row {
	return sessionstore.Row{
		Key: sessionstore.RowKey{1}, Owner: sessionstore.OwnerKey{2}, State: sessionstore.Retired, Absolute: true,
		KeyID: 3, Version: 4, Established: 5, Expires: 6, Cap: 7, TTL: 8 * time.Second, Successor: sessionstore.RowKey{9}, Sealed: []byte("sealed"),
	}
}

func TestRecordsKeepEveryField(t *testing.T) {
	for _, change := range []func(*sessionstore.Row){
		func(*sessionstore.Row) {},
		func(r *sessionstore.Row) { r.Owner = sessionstore.OwnerKey{} },
		func(r *sessionstore.Row) { r.Successor, r.State = sessionstore.RowKey{}, sessionstore.Live },
		func(r *sessionstore.Row) { r.Sealed, r.State = nil, sessionstore.Revoked },
		func(r *sessionstore.Row) { r.Absolute, r.Expires, r.Cap, r.TTL = false, 0, 0, 0 },
	} {
		want := sampleRow()
		change(&want)
		got := sessionstore.Row{Key: want.Key}
		due, err := decode(encode(&want, 77), &got)
		if err != nil || due != 77 {
			t.Fatalf("due %d, %v", due, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	row := sampleRow()
	good := encode(&row, 1)
	for name, bad := range map[string][]byte{
		"empty": {}, "cut in the head": good[:recordHead-1], "cut in the owner": good[:recordHead+3],
		"cut in the successor": good[:recordHead+20], "another format": append([]byte{2}, good[1:]...),
		"no state": append([]byte{1, 0}, good[2:]...), "an unknown state": append([]byte{1, 9}, good[2:]...),
	} {
		if _, err := decode(bad, &sessionstore.Row{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzRecord(f *testing.F) {
	row := sampleRow()
	f.Add(encode(&row, 5))
	f.Add([]byte{1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r sessionstore.Row
		due, err := decode(b, &r)
		if err != nil {
			return
		}
		again := encode(&r, due)
		var second sessionstore.Row
		if _, err := decode(again, &second); err != nil || !cmp.Equal(r, second) {
			t.Errorf("a record that was taken does not come back: %v", err)
		}
	})
}

func FuzzLayout(f *testing.F) {
	f.Add([]byte{kindDue}, []byte("x"))
	f.Add(dueKey(1, 2, sessionstore.RowKey{3}), meta{clock: 4, version: 5}.append(nil))
	f.Add(epochKey(ownerID{space: 1}), epoch{notBefore: 1, swept: true}.append(nil))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if minute, space, row, err := parseDueKey(key); err == nil && !bytes.Equal(dueKey(minute, space, row), key) {
			t.Error("an expiry key does not come back")
		}
		if m, err := parseMeta(value); err == nil && !bytes.Equal(m.append(nil), value) {
			t.Error("a record of time and version does not come back")
		}
		if u, err := parseUsage(value); err == nil && !bytes.Equal(appendUsage(nil, u), value) {
			t.Error("a count does not come back")
		}
		if id, e, err := parseEpoch(key, value); err == nil && value[8] < 2 && !(bytes.Equal(epochKey(id)[1:], key[1:]) && bytes.Equal(e.append(nil), value)) {
			t.Error("a revocation does not come back")
		}
		if len(key) > 0 && key[0] < kindEnd && bytes.Compare(after(key), key) <= 0 {
			t.Errorf("%x does not come after %x", after(key), key)
		}
	})
}

func TestANewerFormatIsRefused(t *testing.T) {
	newer := meta{}.append(nil)
	newer[0] = format + 1
	if _, err := parseMeta(newer); err == nil {
		t.Error("data of a newer program was taken")
	}
}
