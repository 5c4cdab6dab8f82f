// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestFixedClock(t *testing.T) {
	berlin := time.FixedZone("Berlin", 3600)
	c := store.FixedClock(time.Date(2026, 11, 23, 13, 0, 0, 1999, berlin))
	want := time.Date(2026, 11, 23, 12, 0, 0, 1000, time.UTC)
	if !c.Real().Equal(want) || c.Real().Location() != time.UTC {
		t.Errorf("Real = %v, want %v in UTC and whole microseconds", c.Real(), want)
	}
	c.SetOffset(31*24*time.Hour + time.Nanosecond)
	if got := c.Domain(); !got.Equal(want.Add(31 * 24 * time.Hour)) {
		t.Errorf("Domain = %v, want 31 days after %v", got, want)
	}
	if !c.Real().Equal(want) {
		t.Error("the offset moved real time")
	}
	if c.Offset() != 31*24*time.Hour {
		t.Errorf("Offset = %v", c.Offset())
	}
	c.Set(want.Add(time.Hour))
	if !c.Real().Equal(want.Add(time.Hour)) || !c.Domain().Equal(want.Add(31*24*time.Hour+time.Hour)) {
		t.Error("Set did not move both times")
	}
}

func TestRunningClock(t *testing.T) {
	c := store.NewClock()
	before := time.Now().Add(-time.Microsecond)
	got := c.Real()
	if got.Before(before) || got.After(time.Now()) || got.Nanosecond()%1000 != 0 {
		t.Errorf("Real = %v is not the machine's time in whole microseconds", got)
	}
}

// For the race detector.
func TestClockIsSafeForConcurrentUse(t *testing.T) {
	c := store.NewClock()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 100 {
				c.SetOffset(time.Duration(i) * time.Hour)
				if d := c.Domain(); d.IsZero() {
					t.Error("zero time")
				}
			}
		})
	}
	wg.Wait()
}

func TestOneClockReadingPerTransaction(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		start := db.Clock().Domain()
		write(t, db, func(tx *store.Tx) error {
			db.Clock().SetOffset(time.Hour)
			if !tx.Now().Equal(start) {
				t.Errorf("Now = %v moved within the transaction, want %v", tx.Now(), start)
			}
			tx.AdvanceNow(start.Add(-time.Hour))
			if !tx.Now().Equal(start) {
				t.Error("AdvanceNow went back")
			}
			tx.AdvanceNow(start.Add(time.Minute))
			if !tx.Now().Equal(start.Add(time.Minute)) {
				t.Error("AdvanceNow did not go forward")
			}
			return nil
		})
		err := db.Read(t.Context(), func(tx *store.ReadTx) error {
			if !tx.Now().Equal(start.Add(time.Hour)) {
				t.Errorf("Now = %v, want the domain time %v", tx.Now(), start.Add(time.Hour))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
