// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// writeEvery is how often the writer takes a decision.
const writeEvery = 50 * time.Millisecond

// listed is a risk as the writer needs it.
type listed struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	Rating  struct {
		Seq int64 `json:"seq"`
	} `json:"rating"`
}

// findRisks lists rated risks for the writer to review.
func (b *bench) findRisks(ctx context.Context) error {
	client := newClient(b.in)
	defer client.CloseIdleConnections()
	res, err := get(ctx, client, b.in.url+"/api/v1/risks?limit=200&sort=recent", map[string]string{"Authorization": "Bearer " + b.access.Token})
	if err != nil {
		return err
	}
	var list struct {
		Items []listed `json:"items"`
	}
	if err := json.Unmarshal(res.Body, &list); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("list risks: %d %s", res.StatusCode, res.Body)
	}
	for _, r := range list.Items {
		if r.Rating.Seq > 0 {
			b.reviewed = append(b.reviewed, r)
		}
	}
	if len(b.reviewed) == 0 {
		return fmt.Errorf("among %d risks none is rated", len(list.Items))
	}
	return nil
}

// write takes a decision every 50 ms, the regular review of one risk after the
// other, until ctx ends.
func (b *bench) write(ctx context.Context) written {
	client := newClient(b.in)
	defer client.CloseIdleConnections()
	var done written
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return done
		case <-tick.C:
		}
		r := &b.reviewed[i%len(b.reviewed)]
		header := map[string]string{
			"Authorization": "Bearer " + b.access.Token, "Content-Type": "application/json",
			"If-Match": fmt.Sprintf(`"v%d"`, r.Version),
		}
		began := time.Now()
		// Not ctx: a decision that is under way is finished.
		res, err := send(context.WithoutCancel(ctx), client, http.MethodPost, b.in.url+"/api/v1/risks/"+r.ID+"/reviews", header, strings.NewReader(`{"note":"Nothing to change."}`))
		if err != nil || res.StatusCode != http.StatusOK {
			done.failed++
			b.note("a review failed: %v %d %s", err, res.StatusCode, res.Body)
			continue
		}
		r.Version++
		done.times = append(done.times, time.Since(began))
	}
}
