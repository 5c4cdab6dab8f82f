// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/client"
)

// Client asks a server's gate. It is safe for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the gate's client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

// Ask is [Service.Ask] over HTTP.
func (c Client) Ask(ctx context.Context, subject, action string) (Verdict, error) {
	var v Verdict
	query := url.Values{"subject": {subject}, "action": {action}}
	if err := c.api.Call(ctx, client.Request{Path: "/api/v1/gate", Query: query}, &v); err != nil {
		return Verdict{}, err
	}
	return v, nil
}
