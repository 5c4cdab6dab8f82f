// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// operation reads the body within its limit, and runs the operation, once per
// idempotency key.
func (c *Ctx) operation(handle func()) error {
	body, err := io.ReadAll(c.R.Body)
	if err != nil {
		return apiBodyFault(err)
	}
	if isJSON(c.R) && !utf8.Valid(body) {
		return fault.New(fault.Malformed, "request.utf8", "The body is not UTF-8. Encode it as UTF-8 and send it again.")
	}
	c.R.Body = io.NopCloser(bytes.NewReader(body))
	key, err := c.idempotencyKey(body)
	if err != nil {
		return err
	}
	if key == nil {
		handle()
		return nil
	}
	return c.once(*key, handle)
}

func apiBodyFault(err error) error {
	if mapped := tooLarge(err); mapped != err {
		return mapped
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Unavailable) { // stillBody
		return err
	}
	return fault.New(fault.Malformed, codeTimeout, "The body did not arrive completely. Send it again.").Because(err)
}

func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err != nil || media == "application/json" || strings.HasSuffix(media, "+json")
}

// idempotencyKey returns the request's key, or nil if it has none or changes nothing.
func (c *Ctx) idempotencyKey(body []byte) (*ledger.Key, error) {
	value := c.R.Header.Get("Idempotency-Key")
	if value == "" || c.mux.deps.Submissions == nil || c.R.Method == http.MethodGet || c.R.Method == http.MethodHead {
		return nil, nil
	}
	if len(value) > 200 || strings.ContainsFunc(value, func(r rune) bool { return r <= 0x20 || r > 0x7e }) {
		return nil, fault.New(fault.Malformed, "request.idempotency_key", "The Idempotency-Key must be 1 to 200 visible ASCII characters; a UUID is a good one.")
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", c.R.Method, c.R.URL.RequestURI())
	h.Write(body)
	return &ledger.Key{Actor: c.Actor.Ref(), Key: "api:" + value, Fingerprint: hex.EncodeToString(h.Sum(nil))}, nil
}

type repeatedKey struct{}

// noteRepeated tells once that the ledger had seen the key.
func noteRepeated(ctx context.Context, f *fault.Error) {
	if flag, ok := ctx.Value(repeatedKey{}).(*bool); ok && f.Code == codeRepeated {
		*flag = true
	}
}

// once runs an operation under a key, remembers its answer if it succeeded, and
// gives the remembered answer to a repeat; of an answer that was dropped because
// something was erased, the location and that it took effect.
func (c *Ctx) once(key ledger.Key, handle func()) error {
	memory := c.mux.deps.Submissions
	reply, err := recall(c.Context(), memory, key)
	if err != nil {
		return err
	}
	if reply != nil {
		return c.replayOperation(reply)
	}
	repeated, secret := false, false
	ctx := context.WithValue(ledger.WithIdempotency(c.Context(), key), repeatedKey{}, &repeated)
	c.R = c.R.WithContext(context.WithValue(ctx, shownOnceKey{}, &secret))
	out := c.W
	held := &heldResponse{header: out.Header(), status: http.StatusOK}
	c.W = held
	handle()
	c.W = out
	if repeated {
		if reply := awaitReply(c.Context(), memory, key); reply != nil {
			return c.replayOperation(reply)
		}
	}
	if held.status < 300 && !secret {
		err := memory.Remember(c.Context(), key, ledger.Reply{Status: held.status, Header: replyHeader(out.Header()), Body: held.body.Bytes()})
		if err != nil {
			c.log().Error("answer not remembered", "error", err)
		}
	}
	out.WriteHeader(held.status)
	_, err = held.body.WriteTo(out)
	return err
}

func replyHeader(h http.Header) map[string]string {
	kept := map[string]string{}
	for _, name := range []string{"Content-Type", "Location", "ETag"} {
		if v := h.Get(name); v != "" {
			kept[name] = v
		}
	}
	return kept
}

func (c *Ctx) replayOperation(reply *ledger.Reply) error {
	for _, name := range []string{"Content-Type", "Content-Length", "Retry-After"} {
		c.W.Header().Del(name)
	}
	for name, v := range reply.Header {
		if v != "" {
			c.W.Header().Set(name, v)
		}
	}
	c.W.Header().Set("Idempotency-Replayed", "true")
	if reply.Emptied() {
		return ledger.Repeated()
	}
	c.W.WriteHeader(reply.Status)
	_, err := c.W.Write(reply.Body)
	return err
}

// heldResponse keeps an answer back until it is certain.
type heldResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldResponse) Header() http.Header         { return h.header }
func (h *heldResponse) WriteHeader(status int)      { h.status = status }
func (h *heldResponse) Write(b []byte) (int, error) { return h.body.Write(b) }

// strictJSON is JSON whose texts can be stored (no NUL, which PostgreSQL refuses)
// and whose objects say everything once.
func strictJSON() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			return enc.Encode(v)
		},
		Unmarshal: func(data []byte, v any) error {
			if err := json.Unmarshal(data, v); err != nil {
				return jsonError(err)
			}
			parsed, ok := v.(*any) // huma validates this, and decodes afterwards
			switch {
			case ok && holdsNUL(*parsed):
				return errors.New(msgNUL)
			case ok && statesTwice(data):
				return errors.New(msgTwice)
			}
			return nil
		},
	}
}

const (
	msgJSON = "not valid JSON"
	msgNUL  = "a text holds the character U+0000, which cannot be stored"

	msgTwice = "an object has a property twice; send each once, in the letters of the API's description"
)

func jsonError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s at byte %d", msgJSON, syntax.Offset)
	}
	return errors.New(msgJSON)
}

func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, one := range v {
			if holdsNUL(one) {
				return true
			}
		}
	case map[string]any:
		for name, one := range v {
			if holdsNUL(name) || holdsNUL(one) {
				return true
			}
		}
	}
	return false
}
