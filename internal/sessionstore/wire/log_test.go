// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// TestLogLines have Kask's members, in Kask's order.
func TestLogLines(t *testing.T) {
	for _, c := range []struct {
		name string
		log  func(*slog.Logger)
		want string // with TIME for the time
	}{
		{"plain", func(l *slog.Logger) { l.Info("hello") }, `{"msg":"hello","appname":"kask","time":"TIME","level":"INFO"}`},
		{"request", func(l *slog.Logger) { l.Error("no", "request_id", "r-1") }, `{"msg":"no","appname":"kask","time":"TIME","level":"ERROR","request_id":"r-1"}`},
		{"attributes", func(l *slog.Logger) { l.Warn("odd", "n", 5, "text", "a b") }, `{"msg":"odd n=5 text=a b","appname":"kask","time":"TIME","level":"WARNING"}`},
		{"given before", func(l *slog.Logger) { l.With("a", 1, "request_id", "r-2").WithGroup("g").Warn("odd", "b", 2) }, `{"msg":"odd a=1 g.b=2","appname":"kask","time":"TIME","level":"WARNING","request_id":"r-2"}`},
		{"group", func(l *slog.Logger) { l.Info("x", slog.Group("g", "a", 1, "b", 2)) }, `{"msg":"x g.a=1 g.b=2","appname":"kask","time":"TIME","level":"INFO"}`},
		{"fatal", func(l *slog.Logger) { l.Log(t.Context(), wire.LevelFatal, "end") }, `{"msg":"end","appname":"kask","time":"TIME","level":"FATAL"}`},
		{"two lines are one", func(l *slog.Logger) { l.Info("a\n{\"msg\":\"forged\"}") }, `{"msg":"a\n{\"msg\":\"forged\"}","appname":"kask","time":"TIME","level":"INFO"}`},
		{"below the level", func(l *slog.Logger) { l.Debug("x") }, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			c.log(slog.New(wire.NewLogHandler(&out, "kask", slog.LevelInfo)))
			if c.want == "" {
				if out.Len() != 0 {
					t.Errorf("got %s", out.String())
				}
				return
			}
			var l struct{ Time string }
			if err := json.Unmarshal(out.Bytes(), &l); err != nil {
				t.Fatalf("%s: %v", out.String(), err)
			}
			if _, err := time.Parse(time.RFC3339, l.Time); err != nil {
				t.Error(err)
			}
			if got := strings.Replace(out.String(), l.Time, "TIME", 1); got != c.want+"\n" {
				t.Errorf("got  %swant %s", got, c.want)
			}
		})
	}
}

// TestLevels are Kask's log_level, in any case.
func TestLevels(t *testing.T) {
	for name, want := range map[string]slog.Level{"debug": slog.LevelDebug, "INFO": slog.LevelInfo, "Warning": slog.LevelWarn, "error": slog.LevelError, "fatal": wire.LevelFatal} {
		if got, err := wire.LevelOf(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := wire.LevelOf("loud"); err == nil {
		t.Error("loud is a level")
	}
}

// TestWhatIsLogged: faults of this side with the client's request id, refusals of
// rights, and no more lines than a disk takes.
func TestWhatIsLogged(t *testing.T) {
	b := start(t)
	b.backend.Break(errAway)
	b.ask("GET", base+"some-key", "", "X-Request-ID: 0b1c-22").want(t, 500)
	b.ask("GET", base+"some-key", "").want(t, 500)
	b.ask("GET", base+"some-key", "", "X-Request-ID: <script>").want(t, 500)
	b.backend.Break(nil)
	b.deny = func(string, string) error { return forbidden() }
	b.ask("GET", base+"some-key", "").want(t, 403)
	b.deny = nil
	b.ask("GET", base+"some-key", "").want(t, 404)
	type entry struct {
		Msg, Appname, Level string
		RequestID           string `json:"request_id"`
	}
	const none = "00000000-0000-0000-0000-000000000000"
	want := []entry{
		{"default: read refused with 500 (internal): dial tcp: connection refused", "kask", "ERROR", "0b1c-22"},
		{"default: read refused with 500 (internal): dial tcp: connection refused", "kask", "ERROR", none},
		{"default: read refused with 500 (internal): dial tcp: connection refused", "kask", "ERROR", none},
		{"default: read refused with 403 (policy.forbidden)", "kask", "WARNING", none},
	}
	var got []entry
	for d := json.NewDecoder(strings.NewReader(b.log.String())); d.More(); {
		var e entry
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.backend.Break(errAway)
	for range 400 {
		b.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", base+"some-key", nil))
	}
	if n := strings.Count(b.log.String(), "\n"); n > 350 {
		t.Errorf("%d lines for 400 requests", n)
	}
}
