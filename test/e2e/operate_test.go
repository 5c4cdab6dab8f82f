// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// One server per database: a second one does not start, whatever it is called,
// and neither does a command that would write beside the first.
func TestSecondServerIsRefused(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	s := startServe(t, config, data, accounts)
	for _, args := range [][]string{
		{"serve", "--config", config}, {"demo", "--listen", "127.0.0.1:0", "--data", data},
		{"migrate", "--config", config}, {"admin", "create", "--config", config, "--another", "eve"},
	} {
		r := command(t, nil, args...).must(t, 1)
		if !strings.Contains(r.stderr, "Another Portreeve server") {
			t.Errorf("%s: %s", args[0], r.stderr)
		}
	}
	s.register("still-served")
	s.stop()
	startServe(t, config, data, accounts)
}

// The figures are for the administrator's token, or for a listener of their own.
func TestMetrics(t *testing.T) {
	accounts, data := seeded(t)
	s := startServe(t, configure(t, data, "metrics: {listen: 127.0.0.1:0}"), data, accounts)
	s.caller("owner").get("/api/v1/subjects").want(t, 200) // so that there is something to show
	for role, want := range map[string]int{"": 401, "reviewer": 401, "admin": 200} {
		a := s.caller(role).get("/metrics").want(t, want)
		if got := strings.Contains(string(a.body), "portreeve_http_request_seconds_bucket"); got != (want == 200) {
			t.Errorf("%q: figures shown: %t", role, got)
		}
		if want == 401 && a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q is not told how to sign in", role)
		}
	}
	own := s.log.lines("metrics")
	if len(own) != 1 {
		t.Fatal("the log does not say where the figures are")
	}
	resp, err := http.Get("http://" + own[0].Listen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	for _, name := range []string{"portreeve_http_request_seconds", "portreeve_job_jobs", "portreeve_notify_outbox", "portreeve_erasure_journal_behind 0", "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(string(text), name) {
			t.Errorf("no %s", name)
		}
	}
}

// A request in flight is finished after the signal to stop, and nothing new is
// taken.
func TestGracefulShutdown(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	s := startServe(t, config, data, accounts)
	base := s.register("before")
	tlsConfig := s.http().Transport.(*http.Transport).TLSClientConfig.Clone()
	tlsConfig.ServerName, tlsConfig.NextProtos = "localhost", []string{"http/1.1"}
	conn, err := tls.Dial("tcp", s.listen, tlsConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := fmt.Sprintf(`{"kind":"project","name":"in-flight","title":"In flight","organisation":%q}`, base.Organisation)
	fmt.Fprintf(conn, "POST /api/v1/subjects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		s.as("owner").Token, len(body), body[:10])
	// Only when another request is answered is it sure that this one was taken.
	s.caller("").get("/healthz").want(t, 200)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing new is taken", func() bool {
		c, err := tls.Dial("tcp", s.listen, tlsConfig)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if len(s.exited) > 0 {
		t.Fatal("the server did not wait for the request")
	}
	if _, err := io.WriteString(conn, body[10:]); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the request in flight: %d", resp.StatusCode)
	}
	if err := <-s.exited; err != nil {
		t.Errorf("the server ended badly: %v", err)
	}
	s.exited = nil
	again := startServe(t, config, data, accounts)
	again.caller("owner").get("/api/v1/subjects/project:in-flight").want(t, 200)
}

// The first administrator is made by a command on the server's machine and sets
// password and second factor on a page.
func TestFirstAdministrator(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := configure(t, data)
	made := command(t, nil, "admin", "create", "--config", config, "--name", "Ada Admin", "ada").must(t, 0)
	link := regexp.MustCompile(`https://localhost:8443(/invitation/\S+)`).FindStringSubmatch(made.stdout)
	if link == nil {
		t.Fatalf("no link: %s", made.stdout)
	}
	refused := command(t, nil, "admin", "create", "--config", config, "eve").must(t, 1)
	if !strings.Contains(refused.stderr, "--another") {
		t.Errorf("a second one is refused without saying how: %s", refused.stderr)
	}
	s := startServe(t, config, data, nil)
	b := s.browser()
	page := b.get(link[1]).want(t, 200)
	// The link of the page that opens an authenticator app.
	secret := regexp.MustCompile(`otpauth://totp/[^"]*secret=([A-Z2-7]+)`).FindSubmatch(page.body)
	if secret == nil {
		t.Fatalf("no secret on the page\n%s", page.body)
	}
	code := strings.TrimSpace(command(t, nil, "demo-code", string(secret[1])).must(t, 0).stdout)
	values := url.Values{"password": {"a lantern over the gate"}, "repeat_password": {"a lantern over the gate"}, "code": {code}}
	for _, hidden := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllSubmatch(page.body, -1) {
		values.Set(string(hidden[1]), string(hidden[2]))
	}
	b.post(link[1], values).want(t, 200)
	if home := b.get("/"); home.status != 200 || !strings.Contains(string(home.body), "Ada Admin") {
		t.Errorf("the administrator is not signed in: %d", home.status)
	}
	b.get("/admin/people").want(t, 200)
	if again := s.browser().get(link[1]); again.status == 200 {
		t.Error("the link works twice")
	}
}

// A start that does not reach its database leaves no keys: they would be named
// after an address that is still to be corrected.
func TestNoKeysWithoutDatabase(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	away := configure(t, data, "database: {postgres: \"postgres:///portreeve?host="+t.TempDir()+"\"}")
	for _, args := range [][]string{{"serve", "--config", away}, {"admin", "create", "--config", away, "ada"}} {
		r := command(t, nil, args...).must(t, 69)
		if !strings.Contains(r.stderr, "database=portreeve") || !strings.Contains(r.stderr, "no such file") {
			t.Errorf("%s does not say what it tried to reach, and why it failed: %s", args[0], r.stderr)
		}
	}
	if left, err := filepath.Glob(filepath.Join(data, "*.key")); err != nil || len(left) > 0 {
		t.Errorf("keys were made: %v, %v", left, err)
	}
}

// Behind a proxy that ends TLS the server speaks plain HTTP, on loopback alone.
func TestBehindProxy(t *testing.T) {
	accounts, data := seeded(t)
	s := startServe(t, configure(t, data, "tls: {behind_proxy: true}"), data, accounts)
	r, err := http.NewRequest(http.MethodGet, "http://"+s.listen+"/api/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "localhost:8443"
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.Header.Set("Authorization", "Bearer "+s.as("owner").Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// A disk that is full: a clear answer, nothing lost, and work goes on once there
// is room again, without a restart.
func TestFullDisk(t *testing.T) {
	accounts, data := seeded(t)
	s := startServe(t, configure(t, data), data, accounts)
	owner := s.caller("owner")
	first := s.register("room-before")
	limit := func(bytes string) {
		t.Helper()
		// Every write beyond this offset of any file fails, as on a full disk.
		out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.cmd.Process.Pid), "--fsize="+bytes+":unlimited").CombinedOutput()
		if err != nil {
			t.Fatalf("prlimit: %v\n%s", err, out)
		}
	}
	limit("4096")
	for i := range 5 {
		a := owner.call(http.MethodPost, "/api/v1/subjects", project(fmt.Sprintf("no-room-%d", i), first.Organisation), "Idempotency-Key", fmt.Sprintf("full-%d", i))
		a.problem(t, http.StatusServiceUnavailable, "store.full")
		if a.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to try again")
		}
	}
	owner.get("/api/v1/subjects/project:room-before").want(t, 200)
	eventually(t, "the server says that it is not ready", func() bool { return s.caller("").get("/readyz").status == 503 })
	s.caller("").get("/healthz").want(t, 200)
	limit("unlimited")
	for i := range 5 {
		// The same request, with the same key: in effect now, and once.
		owner.call(http.MethodPost, "/api/v1/subjects", project(fmt.Sprintf("no-room-%d", i), first.Organisation), "Idempotency-Key", fmt.Sprintf("full-%d", i)).want(t, 201)
	}
	eventually(t, "the server is ready again", func() bool { return s.caller("").get("/readyz").status == 200 })
	command(t, nil, "ledger", "verify", "--data", data).must(t, 0)
	// A kept copy of the file is sound too: the failed writes left nothing in it.
	s.stop()
	command(t, nil, "ledger", "verify", "--data", data).must(t, 0)
}

// Certificates are renewed while the server runs; a pair that does not fit keeps
// the last good one.
func TestCertificateReload(t *testing.T) {
	accounts, data := seeded(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := makePair(t, 1)
	first.write(t, cert, key)
	s := startServe(t, configure(t, data, "tls: {certificate: "+cert+", key: "+key+"}"), data, accounts)
	serial := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", s.listen, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the certificate itself is what is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Fatalf("serial %d", got)
	}
	makePair(t, 2).write(t, cert, key)
	eventually(t, "the renewed certificate is served", func() bool { return serial() == 2 })
	mixed := makePair(t, 3)
	mixed.key = makePair(t, 4).key
	mixed.write(t, cert, key)
	eventually(t, "the pair that does not fit is refused", func() bool {
		if got := serial(); got != 2 {
			t.Fatalf("serial %d", got)
		}
		return len(s.log.lines("TLS certificate changed but cannot be used; the last good one stays")) > 0
	})
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the absent key is noticed", func() bool {
		if got := serial(); got != 2 {
			t.Fatalf("serial %d", got)
		}
		return len(s.log.lines("TLS certificate cannot be read; the last good one stays")) > 0
	})
	makePair(t, 5).write(t, cert, key)
	eventually(t, "a good pair is served again", func() bool { return serial() == 5 })

	s.stop()
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := command(t, nil, "serve", "--config", s.config).must(t, 1)
	if !strings.Contains(refused.stderr, cert) {
		t.Errorf("a bad certificate at the start: %s", refused.stderr)
	}
}

// pair is a certificate for localhost that signs itself, with its key.
type pair struct{ cert, key []byte }

func (p pair) write(t *testing.T, cert, key string) {
	t.Helper()
	// As renewal tools do: beside, then renamed.
	for file, data := range map[string][]byte{cert: p.cert, key: p.key} {
		if err := os.WriteFile(file+".new", data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
		// File systems tell times apart by their own tick only.
		now := time.Now()
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
	}
}
