// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// requestTimes returns the sum of the times that the server took for requests of
// a route, in seconds, and their number, from its Prometheus metrics.
func (in *installation) requestTimes(ctx context.Context, route string) (seconds, count float64, err error) {
	res, err := get(ctx, http.DefaultClient, "http://"+in.metrics+"/metrics", nil)
	if err != nil {
		return 0, 0, fmt.Errorf("read the metrics: %w", err)
	}
	const name = "portreeve_http_request_seconds"
	lines := bufio.NewScanner(bytes.NewReader(res.Body))
	for lines.Scan() {
		labels, value, ok := strings.Cut(lines.Text(), "} ")
		metric, labels, _ := strings.Cut(labels, "{")
		if !ok || !strings.Contains(labels, `route="`+route+`"`) {
			continue
		}
		v, e := strconv.ParseFloat(value, 64)
		err = errors.Join(err, e)
		switch metric {
		case name + "_sum":
			seconds += v
		case name + "_count":
			count += v
		}
	}
	return seconds, count, errors.Join(err, lines.Err())
}

// loggedTimes returns the times that the server logged for a route, in the
// order of its log.
func (s *server) loggedTimes(route string) (sample, error) {
	f, err := os.Open(s.log)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	var times sample
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(`"msg":"request"`)) {
			continue
		}
		var line struct {
			Route  string  `json:"route"`
			Method string  `json:"method"`
			Status int     `json:"status"`
			MS     float64 `json:"ms"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("read the server's log: %w", err)
		}
		if line.Route == route && line.Method == http.MethodGet && line.Status == http.StatusOK {
			times = append(times, time.Duration(line.MS*float64(time.Millisecond)))
		}
	}
	return times, lines.Err()
}
