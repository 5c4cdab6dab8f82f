// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// serveAs is set in the process that BenchmarkTLS measures.
const serveAs = "PORTREEVE_WIRE_SERVE"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveAs); kind != "" {
		serveForBenchmark(kind)
		return
	}
	os.Exit(m.Run())
}

// still is a namespace with one session under every key, and nothing that costs.
type still struct {
	sessionstore.Space
	row sessionstore.Row
}

func (s *still) Get(context.Context, sessionstore.RowKey) (sessionstore.Row, error) {
	return s.row, nil
}

// open is a ring without keys: what is measured is this package.
type open struct{ sessionstore.Ring }

func (open) RowKey(id []byte) (k sessionstore.RowKey) { copy(k[:], id); return k }

func (open) Open(dst []byte, r *sessionstore.Row) ([]byte, error) {
	return append(dst, r.Sealed...), nil
}

const benchKey = "global:MWSession:0123456789abcdef0123456789abcdef"

func benchHandler(size int) *wire.Handler {
	sealed := append([]byte{byte(len(benchKey))}, benchKey...)
	sealed = append(append(sealed, 0), bytes.Repeat([]byte("v"), size)...)
	now := sessionstore.InstantOf(time.Now())
	space := &still{row: sessionstore.Row{State: sessionstore.Live, Version: 1, Established: now, Expires: now.After(time.Hour), Sealed: sealed}}
	store := sessionstore.NewStore(sessionstore.Namespace{Name: "default", MaxValue: 1 << 20}, space, open{}, nil, nil)
	reg := prometheus.NewRegistry()
	h, err := wire.New(wire.Config{
		Spaces: []wire.Mount{{Base: base, Store: store}}, Authorize: func(*http.Request, string, string) error { return nil },
		Health: func(context.Context) error { return nil }, Registerer: reg, Gatherer: reg, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		panic(err)
	}
	return h
}

// discard is a ResponseWriter that costs nothing.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }

// BenchmarkGet is a read through the handler alone.
func BenchmarkGet(b *testing.B) {
	h := benchHandler(1024)
	r := httptest.NewRequest("GET", base+strings.ReplaceAll(benchKey, ":", "%3A"), nil)
	r.Header.Set("User-Agent", "wikimedia/multi-http-client v1.0")
	r.Header.Set("Accept", "*/*")
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if w.n < 1024 {
		b.Fatal("nothing came back")
	}
}

// BenchmarkTLS is a read over TLS 1.3 and 50 connections, served by a process of its
// own: "bare" is net/http with a map, "wire" this package over a store that costs
// nothing. cpu-us/op is what the server's process spent, user and system. With
// -benchtime 50000x it says how far the second is from the first; the machine's
// other work disturbs it, so take the least of several (-count 5).
func BenchmarkTLS(b *testing.B) {
	for _, kind := range []string{"bare", "wire"} {
		b.Run(kind, func(b *testing.B) { benchServer(b, kind) })
	}
}

func benchServer(b *testing.B, kind string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveAs+"="+kind, "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	lines := bufio.NewScanner(out)
	ask := func() string {
		if _, err := io.WriteString(in, "\n"); err != nil || !lines.Scan() {
			b.Fatalf("server: %v, %v", err, lines.Err())
		}
		return lines.Text()
	}
	addr := ask()
	each := max(b.N/50, 1)
	clients := make([]*benchClient, 50)
	for i := range clients {
		clients[i] = newBenchClient(b, addr)
		clients[i].run(b, 20)
	}
	spent := func() float64 {
		us, err := strconv.ParseFloat(ask(), 64)
		if err != nil {
			b.Fatal(err)
		}
		return us
	}
	before := spent()
	b.ResetTimer()
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() { c.run(b, each) })
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric((spent()-before)/float64(each*len(clients)), "cpu-us/op")
}

type benchClient struct {
	conn net.Conn
	from *bufio.Reader
	ask  []byte
}

func newBenchClient(b *testing.B, addr string) *benchClient {
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true}) // one process asks the other on loopback
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	ask := "GET " + base + strings.ReplaceAll(benchKey, ":", "%3A") + " HTTP/1.1\r\nHost: store.example\r\nAccept: */*\r\nUser-Agent: wikimedia/multi-http-client v1.0\r\n\r\n"
	return &benchClient{conn: conn, from: bufio.NewReader(conn), ask: []byte(ask)}
}

func (c *benchClient) run(b *testing.B, n int) {
	for range n {
		if _, err := c.conn.Write(c.ask); err != nil {
			b.Error(err)
			return
		}
		length := 0
		for {
			line, err := c.from.ReadSlice('\n')
			if err != nil {
				b.Error(err)
				return
			}
			if text, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(text)))
			}
			if len(line) <= 2 {
				break
			}
		}
		if length != 1024 {
			b.Errorf("%d bytes", length)
			return
		}
		if _, err := c.from.Discard(length); err != nil {
			b.Error(err)
			return
		}
	}
}

// serveForBenchmark serves, and tells its address and then what it has spent in
// microseconds, a line for each line that it reads.
func serveForBenchmark(kind string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	check(err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS13})
	check(err)
	server := wire.Server(benchHandler(1024), wire.Limits{}, slog.New(slog.DiscardHandler))
	if kind == "bare" {
		server = &http.Server{Handler: bareHandler()}
	}
	if name := os.Getenv(serveAs + "_PROFILE"); name != "" {
		f, err := os.Create(name + "." + kind)
		check(err)
		check(pprof.StartCPUProfile(f))
		defer pprof.StopCPUProfile()
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	in := bufio.NewScanner(os.Stdin)
	for first := true; in.Scan(); first = false {
		if first {
			fmt.Println(l.Addr())
			continue
		}
		var u syscall.Rusage
		check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		fmt.Println((u.Utime.Nano() + u.Stime.Nano()) / 1000)
	}
}

// bareHandler is the least that could be called a store.
func bareHandler() http.Handler {
	var mu sync.RWMutex
	values := map[string][]byte{benchKey: bytes.Repeat([]byte("v"), 1024)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.RLock()
		v, ok := values[strings.TrimPrefix(r.URL.Path, base)]
		mu.RUnlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(v)
	})
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
