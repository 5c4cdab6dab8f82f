// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

const apiPath = "/api/v1/ledger"

// Client is the ledger's API as methods. It is safe for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the ledger's client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

// Key returns the log's verifier keys, one per line, the current one first.
func (c Client) Key(ctx context.Context) ([]byte, error) {
	return c.text(ctx, "/key")
}

// Checkpoint returns the latest public checkpoint, a signed note.
func (c Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.text(ctx, "/checkpoint")
}

// Head returns a checkpoint of the log as it is now, a signed note.
func (c Client) Head(ctx context.Context) ([]byte, error) {
	return c.text(ctx, "/head")
}

func (c Client) text(ctx context.Context, path string) ([]byte, error) {
	var text bytes.Buffer
	err := c.api.Download(ctx, client.Request{Path: apiPath + path}, &text)
	return text.Bytes(), err
}

// Consistency returns the proof that the log of one size begins with that of another.
func (c Client) Consistency(ctx context.Context, from, to int64) (Consistency, error) {
	var proof Consistency
	query := url.Values{"from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}}
	err := c.api.Call(ctx, client.Request{Path: apiPath + "/consistency", Query: query}, &proof)
	return proof, err
}

// Entries returns a page of entries, the latest first.
func (c Client) Entries(ctx context.Context, f Filter, limit int, cursor string) (web.List[Summary], error) {
	query := url.Values{}
	for name, value := range map[string]string{"kind": f.Kind, "subject": f.Subject, "actor": f.Actor, "item": f.Item, "cursor": cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	var list web.List[Summary]
	err := c.api.Call(ctx, client.Request{Path: apiPath + "/entries", Query: query}, &list)
	return list, err
}

// Entry returns an entry with its proof.
func (c Client) Entry(ctx context.Context, seq int64) (Document, error) {
	var d Document
	err := c.api.Call(ctx, client.Request{Path: entryPath(seq)}, &d)
	return d, err
}

// Export writes an export of the whole log to w.
func (c Client) Export(ctx context.Context, w io.Writer) error {
	return c.api.Download(ctx, client.Request{Path: apiPath + "/export"}, w)
}

// Erase erases fields of an entry and returns the sequence number of the entry
// that records it.
func (c Client) Erase(ctx context.Context, seq int64, order ErasureOrder) (Erased, error) {
	var done Erased
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: entryPath(seq) + "/erasures", Body: order}, &done)
	return done, err
}

// Cosign hands in a public checkpoint with signatures by witnesses.
func (c Client) Cosign(ctx context.Context, note string) (Cosigned, error) {
	var done Cosigned
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: apiPath + "/checkpoints/cosignatures", Body: CosignedNote{Note: note}}, &done)
	return done, err
}

func entryPath(seq int64) string { return apiPath + "/entries/" + strconv.FormatInt(seq, 10) }
