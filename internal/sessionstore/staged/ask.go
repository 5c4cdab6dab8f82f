// SPDX-License-Identifier: Apache-2.0

package staged

import (
	"context"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/gate"
)

// Gate returns an [Ask] of a Portreeve server.
func Gate(c *client.Client) Ask {
	return func(ctx context.Context, subject, action string) ([]byte, error) {
		var v gate.Verdict
		err := c.Call(ctx, client.Request{Path: "/api/v1/gate", Query: url.Values{"subject": {subject}, "action": {action}}}, &v)
		return []byte(v.Note), err
	}
}
