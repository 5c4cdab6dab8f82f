// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func wikiOptions() Options {
	return Options{Domains: []string{"wiki.example"}, TrustDomains: []string{"wiki"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

// create makes an authority for one test.
func create(t *testing.T, o Options) (*Authority, *store.Clock) {
	t.Helper()
	clock := store.FixedClock(start)
	a, err := Create(filepath.Join(t.TempDir(), "authority"), o, clock.Real)
	if err != nil {
		t.Fatal(err)
	}
	return a, clock
}

func mediawiki() Request {
	return Request{Name: "mediawiki", Role: Client, URIs: []string{"spiffe://wiki/mediawiki"}}
}

func issue(t *testing.T, a *Authority, r Request) Record {
	t.Helper()
	record, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func code(t *testing.T, err error, want string) {
	t.Helper()
	if !fault.HasCode(err, want) {
		t.Errorf("error %v, want code %s", err, want)
	}
}

// TestIssue: what is issued is of use for its role alone, and its key is private.
func TestIssue(t *testing.T) {
	a, _ := create(t, wikiOptions())
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	requests := map[Role]Request{
		Client: mediawiki(),
		Server: {Name: "sessiond", Role: Server, DNS: []string{"sessions.wiki.example"}, IPs: []string{"127.0.0.1"}, Life: 24 * time.Hour, Dir: t.TempDir()},
	}
	usage := map[Role]x509.ExtKeyUsage{Client: x509.ExtKeyUsageClientAuth, Server: x509.ExtKeyUsageServerAuth}
	for role, request := range requests {
		r := issue(t, a, request)
		pair, err := tls.LoadX509KeyPair(r.Cert, r.Key)
		if err != nil {
			t.Fatal(err)
		}
		for other, eku := range usage {
			_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: start, KeyUsages: []x509.ExtKeyUsage{eku}})
			if (err == nil) != (other == role) {
				t.Errorf("%s as %s: %v", role, other, err)
			}
		}
		info, err := os.Stat(r.Key)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key of %s: %v %v", role, info.Mode(), err)
		}
		if pair.Leaf.IsCA || pair.Leaf.SerialNumber.BitLen() < 120 {
			t.Errorf("%s: authority %v, serial of %d bits", role, pair.Leaf.IsCA, pair.Leaf.SerialNumber.BitLen())
		}
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(a.CertFile()), keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v %v", info, err)
	}
}

// TestNothingIsOverwritten: no second authority in a folder, no second
// certificate of a name, no file in the way.
func TestNothingIsOverwritten(t *testing.T) {
	a, clock := create(t, Options{})
	key, err := os.ReadFile(filepath.Join(a.dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(a.dir, Options{}, clock.Real)
	code(t, err, "authority.exists")
	r := issue(t, a, mediawiki())
	_, err = a.Issue(mediawiki())
	code(t, err, "authority.exists")
	before, err := os.ReadFile(r.Key)
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "cron.key"), []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = a.Issue(Request{Name: "cron", Role: Client, URIs: []string{"spiffe://wiki/cron"}, Dir: other})
	code(t, err, "authority.exists")
	for path, want := range map[string][]byte{filepath.Join(a.dir, keyFile): key, r.Key: before, filepath.Join(other, "cron.key"): []byte("somebody's")} {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s was changed (%v)", path, err)
		}
	}
}

// TestRequests: what is refused, by the field that is wrong.
func TestRequests(t *testing.T) {
	a, _ := create(t, Options{})
	for name, c := range map[string]struct {
		request Request
		field   string
	}{
		"no name":              {Request{Role: Client, URIs: []string{"spiffe://wiki/a"}}, "name"},
		"a path":               {Request{Name: "../a", Role: Client, URIs: []string{"spiffe://wiki/a"}}, "name"},
		"the authority's name": {Request{Name: "authority", Role: Client, URIs: []string{"spiffe://wiki/a"}}, "name"},
		"no role":              {Request{Name: "a", URIs: []string{"spiffe://wiki/a"}}, "role"},
		"no identity":          {Request{Name: "a", Role: Client}, "uri"},
		"not a URI":            {Request{Name: "a", Role: Client, URIs: []string{"mediawiki"}}, "uri"},
		"server's identity":    {Request{Name: "a", Role: Server, DNS: []string{"a.example"}, URIs: []string{"spiffe://wiki/a"}}, "uri"},
		"server without name":  {Request{Name: "a", Role: Server}, "dns"},
		"wildcard":             {Request{Name: "a", Role: Server, DNS: []string{"*.example"}}, "dns"},
		"not an address":       {Request{Name: "a", Role: Server, IPs: []string{"a.example"}}, "ip"},
		"a year":               {Request{Name: "a", Role: Client, URIs: []string{"spiffe://wiki/a"}, Life: 365 * 24 * time.Hour}, "life"},
	} {
		_, err := a.Issue(c.request)
		if f := fault.From(err); f == nil || !slices.ContainsFunc(f.Fields, func(f fault.Field) bool { return f.Path == c.field }) {
			t.Errorf("%s: %v, want field %s", name, err, c.field)
		}
	}
}

// TestConstraints: an authority signs for what it was made for, and who trusts it
// refuses the rest.
func TestConstraints(t *testing.T) {
	requests := map[string]Request{
		"dns": {Name: "a", Role: Server, DNS: []string{"bank.example"}},
		"ip":  {Name: "b", Role: Server, IPs: []string{"10.0.0.1"}},
		"uri": {Name: "c", Role: Client, URIs: []string{"spiffe://bank/teller"}},
	}
	for name, o := range map[string]Options{
		"all three":    wikiOptions(),
		"dns alone":    {Domains: []string{"wiki.example"}},
		"domain alone": {TrustDomains: []string{"wiki"}},
	} {
		a, _ := create(t, o)
		for kind, request := range requests {
			_, err := a.Issue(request)
			code(t, err, "authority.constraint")
			if _, err := os.Stat(filepath.Join(a.dir, request.Name+".key")); err == nil {
				t.Errorf("%s, %s: a key was written", name, kind)
			}
		}
	}
	a, _ := create(t, wikiOptions())
	issue(t, a, Request{Name: "below", Role: Server, DNS: []string{"db.eqiad.wiki.example"}})
}

// TestRenew: the same names and key, a later end; once two thirds are over, and by
// itself.
func TestRenew(t *testing.T) {
	a, clock := create(t, wikiOptions())
	first := issue(t, a, mediawiki())
	key, err := os.ReadFile(first.Key)
	if err != nil {
		t.Fatal(err)
	}
	clock.Set(first.RenewAt().Add(-time.Second))
	if done, failed := a.RenewDue(); len(done)+len(failed) != 0 {
		t.Errorf("renewed before it was due: %v %v", done, failed)
	}
	clock.Set(first.RenewAt())
	if s, err := a.Status(); err != nil || s.Certificates[0].State != "due" || len(s.Warnings) == 0 {
		t.Errorf("status %+v, %v: want it due", s, err)
	}
	done, failed := a.RenewDue()
	if len(done) != 1 || len(failed) != 0 {
		t.Fatalf("renewed %v, failed %v", done, failed)
	}
	second := done[0]
	if !second.NotAfter.Equal(first.RenewAt().Add(DefaultLife)) || second.Serial == first.Serial || !slices.Equal(second.URIs, first.URIs) {
		t.Errorf("renewed to %+v from %+v", second, first)
	}
	if now, err := os.ReadFile(first.Key); err != nil || !bytes.Equal(now, key) {
		t.Errorf("the key changed (%v)", err)
	}
	if _, err := tls.LoadX509KeyPair(second.Cert, second.Key); err != nil {
		t.Error(err)
	}
	if _, err := a.Renew("mediawiki", true); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(first.Key); err != nil || bytes.Equal(now, key) {
		t.Errorf("a new key was asked for (%v)", err)
	}
	if _, err := tls.LoadX509KeyPair(second.Cert, second.Key); err != nil {
		t.Error(err)
	}
	_, err = a.Renew("nobody", false)
	code(t, err, "authority.unknown")
}

// TestRevoke: everything of the name that has not ended is in the list, which only
// ever counts up.
func TestRevoke(t *testing.T) {
	a, clock := create(t, Options{})
	first := issue(t, a, mediawiki())
	clock.Set(start.Add(time.Hour))
	second, err := a.Renew("mediawiki", false)
	if err != nil {
		t.Fatal(err)
	}
	before := readList(t, a)
	done, err := a.Revoke("mediawiki", "key-compromise")
	if err != nil || len(done) != 2 {
		t.Fatalf("revoked %v, %v; want both", done, err)
	}
	after := readList(t, a)
	var serials []string
	for _, e := range after.RevokedCertificateEntries {
		serials = append(serials, e.SerialNumber.Text(16))
		if e.ReasonCode != 1 {
			t.Errorf("reason %d, want 1", e.ReasonCode)
		}
	}
	for _, r := range []Record{first, second} {
		if !slices.Contains(serials, r.Serial) {
			t.Errorf("%s is not in the list %v", r.Serial, serials)
		}
	}
	if after.Number.Cmp(before.Number) <= 0 {
		t.Errorf("number %v after %v", after.Number, before.Number)
	}
	_, err = a.Renew("mediawiki", false)
	code(t, err, "authority.revoked")
	_, err = a.Revoke("nobody", "unspecified")
	code(t, err, "authority.unknown")
	_, err = a.Revoke("mediawiki", "bored")
	code(t, err, "authority.reason")
	clock.Set(second.NotAfter.Add(24 * time.Hour))
	if _, failed := a.RenewDue(); len(failed) > 0 {
		t.Fatal(failed)
	}
	if list := readList(t, a); len(list.RevokedCertificateEntries) != 0 {
		t.Errorf("the list keeps what ended: %v", list.RevokedCertificateEntries)
	}
}

func readList(t *testing.T, a *Authority) *x509.RevocationList {
	t.Helper()
	data, err := os.ReadFile(a.ListFile())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatal("no PEM")
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(a.Certificate()); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestWithoutKey: where the key is not, one can look and nothing else; a key that
// others can read is refused.
func TestWithoutKey(t *testing.T) {
	a, clock := create(t, Options{})
	issue(t, a, mediawiki())
	key := filepath.Join(a.dir, keyFile)
	if err := os.Chmod(key, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := Open(a.dir, clock.Real)
	code(t, err, "authority.mode")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	b, err := Open(a.dir, clock.Real)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := b.Status(); err != nil || len(s.Certificates) != 1 || s.CanSign {
		t.Errorf("status %+v, %v", s, err)
	}
	_, err = b.Issue(Request{Name: "cron", Role: Client, URIs: []string{"spiffe://wiki/cron"}})
	code(t, err, "authority.no_key")
	_, err = b.Revoke("mediawiki", "unspecified")
	code(t, err, "authority.no_key")
	_, err = Open(t.TempDir(), clock.Real)
	code(t, err, "authority.absent")
}

// TestKeep renews by itself, and stops when it is told to.
func TestKeep(t *testing.T) {
	a, clock := create(t, Options{})
	first := issue(t, a, mediawiki())
	other := issue(t, a, Request{Name: "cron", Role: Client, URIs: []string{"spiffe://wiki/cron"}})
	clock.Set(first.RenewAt().Add(time.Hour))
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		a.Keep(ctx, time.Millisecond, slog.New(slog.DiscardHandler), "mediawiki")
		close(over)
	}()
	for {
		if c, err := readCert(first.Cert); err == nil && c.NotAfter.After(first.NotAfter) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-over
	if c, err := readCert(other.Cert); err != nil || !c.NotAfter.Equal(other.NotAfter) {
		t.Errorf("it renewed what was not asked for (%v)", err)
	}
}

// TestSigningRequest: the key never comes here, its holder must have shown that it
// is theirs, and the names are ours to choose.
func TestSigningRequest(t *testing.T) {
	a, _ := create(t, wikiOptions())
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"bank.example"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	}
	request := mediawiki()
	request.CSR = encode(der)
	r := issue(t, a, request)
	c, err := readCert(r.Cert)
	if err != nil || !key.PublicKey.Equal(c.PublicKey) || len(c.DNSNames) != 0 || c.URIs[0].String() != "spiffe://wiki/mediawiki" {
		t.Errorf("certificate %v, %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(a.dir, "mediawiki.key")); err == nil {
		t.Error("a key was made")
	}
	renewed, err := a.Renew("mediawiki", false)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = readCert(renewed.Cert); err != nil || !key.PublicKey.Equal(c.PublicKey) || renewed.Serial == r.Serial {
		t.Errorf("renewed: %v, %v", c, err)
	}
	_, err = a.Renew("mediawiki", true)
	code(t, err, "authority.csr")
	der[len(der)-1] ^= 1
	for name, csr := range map[string][]byte{"forged": encode(der), "empty": {}, "text": []byte("please")} {
		_, err := a.Issue(Request{Name: "a", Role: Client, URIs: []string{"spiffe://wiki/a"}, CSR: csr})
		if !fault.HasCode(err, "authority.csr") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOwner: what root renews still belongs to the service.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: whatever is written is one's own")
		return
	}
	a, _ := create(t, Options{})
	r := issue(t, a, mediawiki())
	const service = 12345
	for _, path := range []string{a.dir, r.Key, r.Cert, filepath.Join(a.dir, registerFile)} {
		if err := os.Chown(path, service, service); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Renew("mediawiki", true); err != nil {
		t.Fatal(err)
	}
	other := issue(t, a, Request{Name: "cron", Role: Client, URIs: []string{"spiffe://wiki/cron"}})
	for _, path := range []string{r.Key, r.Cert, filepath.Join(a.dir, registerFile), other.Key} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := info.Sys().(*syscall.Stat_t); !ok || id.Uid != service {
			t.Errorf("%s belongs to %+v", path, info.Sys())
		}
	}
}

// TestConcurrently: two processes that issue at once lose nothing.
func TestConcurrently(t *testing.T) {
	a, clock := create(t, Options{})
	const each = 10
	over := make(chan error, 2)
	for _, prefix := range []string{"a", "b"} {
		go func() {
			b, err := Open(a.dir, clock.Real)
			for i := 0; i < each && err == nil; i++ {
				_, err = b.Issue(Request{Name: prefix + strings.Repeat("x", i+1), Role: Client, URIs: []string{"spiffe://wiki/" + prefix}})
			}
			over <- err
		}()
	}
	for range 2 {
		if err := <-over; err != nil {
			t.Fatal(err)
		}
	}
	if s, err := a.Status(); err != nil || len(s.Certificates) != 2*each {
		t.Errorf("%d certificates in the register, %v; want %d", len(s.Certificates), err, 2*each)
	}
}

// TestCommands: the whole life by the command line, with its exit codes.
func TestCommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	run := func(args ...string) (string, error) {
		t.Helper()
		var commands Commands
		parser, err := kong.New(&commands)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse(append(args, "--authority", dir))
		if err != nil {
			return "", err
		}
		var out bytes.Buffer
		return out.String(), func() error {
			err := parsed.Run(&client.Session{Context: t.Context(), Stdout: &out, Stderr: &out})
			t.Logf("%v: %s", args, out.String())
			return err
		}()
	}
	for _, step := range []struct {
		args []string
		code string // of the fault; "" = none
	}{
		{[]string{"list"}, "authority.absent"},
		{[]string{"init", "--domain", "wiki.example", "--trust-domain", "wiki", "--network", "127.0.0.0/8"}, ""},
		{[]string{"init"}, "authority.exists"},
		{[]string{"issue", "sessiond", "--server", "--dns", "sessions.wiki.example", "--ip", "127.0.0.1"}, ""},
		{[]string{"issue", "mediawiki", "--client", "--uri", "spiffe://wiki/mediawiki", "--json"}, ""},
		{[]string{"issue", "evil", "--client", "--uri", "spiffe://bank/teller"}, "authority.constraint"},
		{[]string{"list"}, ""},
		{[]string{"renew"}, ""},
		{[]string{"renew", "mediawiki"}, ""},
		{[]string{"renew", "--new-key"}, "authority.renew"},
		{[]string{"revoke", "mediawiki", "--reason", "key-compromise"}, ""},
		{[]string{"renew", "mediawiki"}, "authority.revoked"},
		{[]string{"renew", "mediawiki", "--new-key"}, ""},
	} {
		_, err := run(step.args...)
		if step.code == "" && err != nil {
			t.Fatalf("%v: %v", step.args, err)
		}
		if step.code != "" {
			code(t, err, step.code)
		}
	}
	if _, err := run("issue", "both", "--server", "--client", "--dns", "a.wiki.example"); err == nil {
		t.Error("a certificate for both roles")
	}
}
