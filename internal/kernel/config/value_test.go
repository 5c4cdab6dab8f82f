// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDateEnd(t *testing.T) {
	tests := []struct{ date, zone, want, reason string }{
		{"2026-11-23", "UTC", "2026-11-24T00:00:00Z", "the plain case"},
		{"2026-11-23", "Europe/Berlin", "2026-11-23T23:00:00Z", "east of Greenwich"},
		{"2026-11-23", "America/Los_Angeles", "2026-11-24T08:00:00Z", "west of Greenwich"},
		{"2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z", "a day of 23 hours"},
		{"2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00Z", "a day of 25 hours"},
		{"2026-12-31", "Pacific/Kiritimati", "2026-12-31T10:00:00Z", "UTC+14"},
		{"2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "midnight was skipped: the next day began at 01:00"},
		{"2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00Z", "23:00 came twice: the second one still belongs to the day"},
		{"2022-03-26", "Asia/Beirut", "2022-03-26T22:00:00Z", "midnight was skipped"},
		{"2026-10-24", "America/Havana", "2026-10-25T04:00:00Z", "the day before the clocks go back"},
		{"2026-10-31", "America/Havana", "2026-11-01T04:00:00Z", "01:00 goes back to 00:00: the first midnight ends the day"},
		{"2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z", "the 30th was skipped"},
		{"2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", "the day that never was"},
		{"2024-02-29", "UTC", "2024-03-01T00:00:00Z", "leap day"},
	}
	for _, test := range tests {
		d, err := ParseDate(test.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.End(zone(t, test.zone)).Format(time.RFC3339); got != test.want {
			t.Errorf("%s in %s ends %s, want %s: %s", test.date, test.zone, got, test.want, test.reason)
		}
	}
	if !(Date{}).End(time.UTC).IsZero() || !(Date{}).Start(time.UTC).IsZero() || LastDay(time.Time{}, time.UTC) != (Date{}) {
		t.Error("no date has no end")
	}
	for _, beyond := range []string{"1969-12-31", "9999-12-31"} {
		if d, err := ParseDate(beyond); err == nil {
			t.Errorf("%s is read as %v", beyond, d)
		}
	}
}

// TestDateEndIsTheBoundary: just before End it is that day or an earlier one, at
// End it is a later one, and End is where the next day starts.
func TestDateEndIsTheBoundary(t *testing.T) {
	names := []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Tehran", "Pacific/Apia", "Africa/Cairo", "Asia/Kathmandu", "Antarctica/Troll"}
	rapid.Check(t, func(t *rapid.T) {
		z, err := time.LoadLocation(rapid.SampledFrom(names).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		d := Date{1990, time.January, 1}.AddDays(rapid.IntRange(0, 20000).Draw(t, "day"))
		end := d.End(z)
		if DateOf(end.Add(-time.Second), z).String() > d.String() {
			t.Fatalf("%s: a second before the end %s it is already %s", d, end, DateOf(end.Add(-time.Second), z))
		}
		if DateOf(end, z).String() <= d.String() {
			t.Fatalf("%s: at the end %s it is still %s", d, end, DateOf(end, z))
		}
		if !d.AddDays(1).Start(z).Equal(end) {
			t.Fatalf("%s: the next day does not start where this one ends", d)
		}
	})
}

func TestDuration(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"30d", 30 * 24 * time.Hour, true}, {"12h", 12 * time.Hour, true}, {"90m", 90 * time.Minute, true},
		{"1d12h", 36 * time.Hour, true}, {"2w", 14 * 24 * time.Hour, true}, {"0", 0, true}, {"0s", 0, true},
		{"1w2d3h4m5s", 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second, true},
		{"", 0, false}, {"30", 0, false}, {"d", 0, false}, {"1y", 0, false}, {"-1d", 0, false}, {"1.5h", 0, false},
		{"12h1d", 0, false}, {"1h1h", 0, false}, {"1 d", 0, false}, {"1d ", 0, false}, {"1D", 0, false},
		{"999999999999w", 0, false}, {"106751d106751d", 0, false}, {"106752d", 0, false}, {"٣d", 0, false},
	}
	for _, test := range tests {
		got, err := ParseDuration(test.text)
		if (err == nil) != test.ok || got.Std() != test.want {
			t.Errorf("ParseDuration(%q) = %v, %v", test.text, got, err)
		}
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"10MiB", 10 << 20, true}, {"1GiB", 1 << 30, true}, {"512KiB", 512 << 10, true}, {"200B", 200, true}, {"0", 0, true},
		{"", 0, false}, {"10", 0, false}, {"10MB", 0, false}, {"10kB", 0, false}, {"-1B", 0, false}, {"+1B", 0, false}, {"1.5MiB", 0, false},
		{"MiB", 0, false}, {"9999999999GiB", 0, false}, {"9223372036854775808B", 0, false}, {"1 MiB", 0, false},
	}
	for _, test := range tests {
		got, err := ParseSize(test.text)
		if (err == nil) != test.ok || got.Bytes() != test.want {
			t.Errorf("ParseSize(%q) = %v, %v", test.text, got, err)
		}
	}
}

func TestValuesInJSON(t *testing.T) {
	type values struct {
		Day  Date
		Long Duration
		Big  Size
	}
	in := values{Date{2026, time.November, 23}, Duration(36 * time.Hour), 10 << 20}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"Day":"2026-11-23","Long":"1d12h","Big":"10MiB"}` {
		t.Fatalf("%s, %v", text, err)
	}
	var out values
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
}

// FuzzValues: what parses is written in a form that parses to the same.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{"30d", "1d12h", "10MiB", "0", "2026-11-23", "0001-01-01", "9999-12-31", "106751d", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(d.String()); err != nil || again != d || d < 0 {
				t.Errorf("duration %q: %v, %v", text, again, err)
			}
		}
		if s, err := ParseSize(text); err == nil {
			if again, err := ParseSize(s.String()); err != nil || again != s || s < 0 {
				t.Errorf("size %q: %v, %v", text, again, err)
			}
		}
		if d, err := ParseDate(text); err == nil && d.String() != text {
			t.Errorf("date %q became %q", text, d)
		}
	})
}

func TestQuarter(t *testing.T) {
	for day, want := range map[string]string{"2026-01-01": "2026-Q1", "2026-03-31": "2026-Q1", "2026-04-01": "2026-Q2", "2026-09-30": "2026-Q3", "2026-12-31": "2026-Q4"} {
		d, err := ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Quarter(); got != want {
			t.Errorf("%s is in %s, want %s", day, got, want)
		}
	}
}
