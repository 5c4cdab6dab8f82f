// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// startRedis runs redis-server with mutual TLS, in memory alone.
func (b *bed) startRedis(ctx context.Context) (r *running, port string, err error) {
	if port, err = freePort(); err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(b.at("redis"), 0o700); err != nil {
		return nil, "", err
	}
	r, err = b.pinned("redis", "redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--dir", b.at("redis"),
		"--tls-cert-file", b.server.Cert, "--tls-key-file", b.server.Key, "--tls-ca-cert-file", b.authority.CertFile(), "--tls-auth-clients", "yes",
		"--save", "", "--appendonly", "no", "--daemonize", "no")
	if err != nil {
		return nil, "", err
	}
	return r, port, r.answering(ctx, port)
}

// redisBenchmark runs redis-benchmark on the clients' processor and returns the
// requests a second that it reports.
func (b *bed) redisBenchmark(ctx context.Context, port, test string, requests int) (rps float64, err error) {
	cmd := exec.CommandContext(ctx, "taskset", "-c", clientCore, "redis-benchmark", "-h", "localhost", "-p", port, "--tls",
		"--cacert", b.authority.CertFile(), "--cert", b.client.Cert, "--key", b.client.Key,
		"-t", test, "-c", strconv.Itoa(sessionConnections), "-n", strconv.Itoa(requests), "-r", strconv.Itoa(sessionKeys), "-d", strconv.Itoa(sessionValue), "--csv")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w: %s", err, out)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Split(strings.ReplaceAll(lines.Text(), `"`, ""), ",")
		if len(fields) > 1 && strings.EqualFold(fields[0], test) {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("redis-benchmark printed no figure: %s", out)
}

// redisCost is the server's processor time for a request as redis-benchmark makes
// it, in microseconds. The handshakes, which the others' figures do not hold either,
// are measured by a run of nothing else and taken off.
func (b *bed) redisCost(ctx context.Context, r *running, port, test string, length time.Duration) (micros, rps float64, err error) {
	cost := func(n int) (time.Duration, error) {
		before, err := processorTime(r.pid())
		if err != nil {
			return 0, err
		}
		if rps, err = b.redisBenchmark(ctx, port, test, n); err != nil {
			return 0, err
		}
		after, err := processorTime(r.pid())
		return after - before, err
	}
	shake, err := cost(sessionConnections)
	if err != nil {
		return 0, 0, err
	}
	requests := max(int(length.Seconds()*30_000), sessionConnections)
	took, err := cost(requests)
	return float64(took-shake) / float64(time.Microsecond) / float64(requests), rps, err
}
