// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// problem decodes an error and checks its shape: RFC 9457 with our members.
func problem(t *testing.T, res *webtest.Response, status int) web.Problem {
	t.Helper()
	res.Want(status)
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	var p web.Problem
	res.Into(&p)
	if p.Status != status || p.Code == "" || p.Detail == "" || p.Title == "" || p.RequestID != res.Header.Get("X-Request-Id") {
		t.Errorf("problem is incomplete: %+v", p)
	}
	return p
}

func TestAPIGuard(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m)
	if p := problem(t, c.Get("/api/v1/notes"), 401); p.Code != "authz.unauthenticated" {
		t.Errorf("code %q", p.Code)
	}
	res := c.Token("stranger").Get("/api/v1/notes")
	if p := problem(t, res, 401); p.Code != "token.unknown" || res.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("code %q", p.Code)
	}
	problem(t, c.Token("stranger").Get("/api/v1/alive"), 401)
	problem(t, c.Token("outsider").Get("/api/v1/notes"), 403)
	problem(t, c.Get("/api/v1/nothing"), 404)
	problem(t, c.Token("reviewer").JSON("DELETE", "/api/v1/notes", nil), 405)
	c.Get("/api/v1/alive").Want(200)
	c.Token("reviewer").Get("/api/v1/notes").Want(200)
	c.As("reviewer").Get("/api/v1/notes").Want(200)
}

// TestNoEcho: no refusal repeats what was sent, in any part of the request.
func TestNoEcho(t *testing.T) {
	const secret = "embargoed-7f3a"
	_, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	post := func(body string) *webtest.Response {
		return c.Send("POST", "/api/v1/notes", "application/json", strings.NewReader(body))
	}
	const twice = "an object has a property twice; send each once, in the letters of the API's description"
	for name, tc := range map[string]struct {
		res    *webtest.Response
		status int
		fields []fault.Field
	}{
		"too long":      {post(`{"title":"` + strings.Repeat(secret, 9) + `"}`), 422, []fault.Field{{Path: "title", Code: "length", Message: "At most 20 characters."}}},
		"wrong type":    {post(`{"title":["` + secret + `"]}`), 422, []fault.Field{{Path: "title", Code: "format", Message: "expected string"}}},
		"not a mail":    {post(`{"title":"a","mail":"` + secret + ` @"}`), 422, []fault.Field{{Path: "mail", Code: "format", Message: "expected string to be RFC 5322 email"}}},
		"not offered":   {post(`{"title":"a","kind":"` + secret + `"}`), 422, []fault.Field{{Path: "kind", Code: "not_offered", Message: "Choose one of: a, b."}}},
		"missing":       {post(`{"text":"` + secret + `"}`), 422, []fault.Field{{Path: "title", Code: "required", Message: "This field is required."}}},
		"unknown":       {post(`{"title":"a","colour":"` + secret + `"}`), 422, []fault.Field{{Path: "colour", Code: "unknown", Message: "There is no such field; the API's description names them."}}},
		"no JSON":       {post(`{"title":"` + secret), 400, []fault.Field{{Path: "body", Code: "json", Message: "not valid JSON at byte 24"}}},
		"empty":         {post(``), 400, nil},
		"NUL":           {post(`{"title":"` + secret + `\u0000"}`), 400, []fault.Field{{Path: "body", Code: "control_character", Message: "a text holds the character U+0000, which cannot be stored"}}},
		"twice":         {post(`{"title":"a","title":"` + strings.Repeat(secret, 9) + `"}`), 400, []fault.Field{{Path: "body", Code: "twice", Message: twice}}},
		"twice, folded": {post(`{"title":"a","TITLE":"` + strings.Repeat(secret, 9) + `"}`), 400, []fault.Field{{Path: "body", Code: "twice", Message: twice}}},
		"twice, within": {post(`{"title":"a","tags":[{"x":{},"y":[{}],"\u212aey":1,"Key":2}]}`), 400, []fault.Field{{Path: "body", Code: "twice", Message: twice}}},
		"not UTF-8":     {post(`{"title":"` + secret + "\xff" + `"}`), 400, nil},
		"XML":           {c.Send("POST", "/api/v1/notes", "application/xml", strings.NewReader("<"+secret+"/>")), 415, nil},
		"query":         {c.Get("/api/v1/notes?limit=" + secret), 422, []fault.Field{{Path: "query.limit", Code: "format", Message: "invalid integer"}}},
		"query unkown":  {c.Get("/api/v1/notes?colour=" + secret), 422, []fault.Field{{Path: "query.colour", Code: "unknown", Message: "There is no such parameter; the API's description names them."}}},
		"cursor":        {c.Get("/api/v1/notes?cursor=" + secret), 400, nil},
		"If-Match":      {c.JSON("PUT", "/api/v1/notes/1", map[string]string{"title": "a"}, "If-Match", secret), 400, nil},
		"key":           {c.JSON("POST", "/api/v1/notes", map[string]string{"title": "a"}, "Idempotency-Key", secret+" ü"), 400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := problem(t, tc.res, tc.status)
			tc.res.WantNoText(secret)
			if diff := cmp.Diff(tc.fields, p.Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestManyWrongFields: what is sent does not decide how long the refusal is.
func TestManyWrongFields(t *testing.T) {
	_, m := openNotes(t)
	var body strings.Builder
	for i := 0; body.Len() < 1_000_000; i++ {
		fmt.Fprintf(&body, `"k%d%s":"embargoed",`, i, strings.Repeat("x", i%9*i%300))
	}
	res := webtest.Serve(t, m).Token("reviewer").Send("POST", "/api/v1/notes", "application/json", strings.NewReader("{"+body.String()+`"k":1}`))
	if p := problem(t, res, 422); len(p.Fields) != fault.MaxFields+1 || !strings.HasSuffix(p.Fields[fault.MaxFields].Message, " more") {
		t.Errorf("%d fields, the last %+v", len(p.Fields), p.Fields[len(p.Fields)-1])
	}
	if len(res.Body) > 4096 {
		t.Errorf("an answer of %d bytes", len(res.Body))
	}
	res.WantNoText("embargoed")
}

func TestProblemOfAHandler(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	p := problem(t, c.JSON("POST", "/api/v1/notes", map[string]string{"title": "blocked"}), 409)
	if diff := cmp.Diff([]fault.Blocker{{Code: "note.missing", Message: "A decision is missing.", LiftedBy: "the director"}}, p.Blockers); diff != "" {
		t.Error(diff)
	}
	problem(t, c.Get("/api/v1/broken"), 503)
}

func TestIdempotencyKey(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	post := func(title, key string) *webtest.Response {
		return c.JSON("POST", "/api/v1/notes", map[string]string{"title": title}, "Idempotency-Key", key)
	}
	first := post("a", "k1").Want(201)
	again := post("a", "k1").Want(201)
	if again.Body != first.Body || again.Header.Get("Location") != "/api/v1/notes/1" || again.Header.Get("ETag") != `"v1"` || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("the repeat was answered otherwise: %s %v", again.Body, again.Header)
	}
	if again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Idempotency-Replayed") != "" {
		t.Error("the repeat is not marked as one")
	}
	if p := problem(t, post("b", "k1"), 422); p.Code != "idempotency.reused" {
		t.Errorf("code %q", p.Code)
	}
	problem(t, post("blocked", "k2"), 409)
	post("b", "k2-after-a-refusal").Want(201)
	if len(n.saved) != 2 {
		t.Errorf("saved %d, want 2", len(n.saved))
	}
}

// TestIdempotencyInFlight: the repeat arrives while the first is being decided.
func TestIdempotencyInFlight(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	second := make(chan *webtest.Response)
	n.before = func() {
		n.before = nil
		go func() {
			second <- c.For(t).JSON("POST", "/api/v1/notes", map[string]string{"title": "a"}, "Idempotency-Key", "k")
		}()
	}
	first := c.JSON("POST", "/api/v1/notes", map[string]string{"title": "a"}, "Idempotency-Key", "k").Want(201)
	repeat := (<-second).Want(201)
	if repeat.Body != first.Body || len(n.saved) != 1 {
		t.Errorf("first %s, repeat %s, saved %d", first.Body, repeat.Body, len(n.saved))
	}
}

func TestIfMatch(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	put := func(headers ...string) *webtest.Response {
		return c.JSON("PUT", "/api/v1/notes/1", map[string]string{"title": "a"}, headers...)
	}
	problem(t, put(), 428)
	// Of what is not there for the caller nothing is asked.
	problem(t, c.JSON("PUT", "/api/v1/notes/2", map[string]string{"title": "a"}), 404)
	problem(t, c.JSON("PUT", "/api/v1/notes/2", map[string]string{"title": "a"}, "If-Match", "*"), 404)
	problem(t, put("If-Match", `"v2"`), 412)
	problem(t, put("If-Match", `*`), 400)
	if got := put("If-Match", `"v3"`).Want(200).Header.Get("ETag"); got != `"v4"` {
		t.Errorf("ETag %s", got)
	}
}

func TestPaging(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).Token("reviewer")
	var page web.List[note]
	c.Get("/api/v1/notes").Want(200).Into(&page)
	c.Get("/api/v1/notes?limit=10&cursor=" + page.Next).Want(200).Into(&page)
	at := 0
	if err := web.DecodeCursor(page.Next, &at); err != nil || at != 60 {
		t.Errorf("cursor %d, %v", at, err)
	}
	problem(t, c.Get("/api/v1/notes?limit=201"), 422)
}

func TestOpenAPI(t *testing.T) {
	_, m := openNotes(t)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Action      string `json:"x-action"`
			Security    []map[string][]string
			Responses   map[string]struct {
				Content map[string]struct{ Schema map[string]string }
			}
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	webtest.Serve(t, m).Get("/api/v1/openapi.json").Want(200).Into(&doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	op := doc.Paths["/notes"]["post"]
	if op.OperationID != "post-notes" || op.Action != "note:entry:write" || len(op.Security) != 1 {
		t.Errorf("operation %+v", op)
	}
	if ref := op.Responses["default"].Content["application/problem+json"].Schema["$ref"]; ref != "#/components/schemas/Problem" {
		t.Errorf("errors are described by %q", ref)
	}
	if len(doc.Paths["/alive"]["get"].Security) != 0 {
		t.Error("a public operation asks for a token")
	}
	for name := range doc.Components.Schemas {
		if strings.Contains(name, "ErrorModel") || strings.Contains(name, "ErrorDetail") {
			t.Errorf("schema %s describes what is never sent", name)
		}
	}
}

// TestAPICannotBeBypassed: an operation registered on huma itself has no guard.
func TestAPICannotBeBypassed(t *testing.T) {
	m := web.NewMux(webtest.Deps())
	huma.Register(m.API().Huma, huma.Operation{Method: http.MethodGet, Path: "/open"}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	if _, err := m.Handler(); err == nil || !strings.Contains(err.Error(), "without guard") {
		t.Errorf("error %v", err)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"title":"a"}`, `{"title":"a","tags":["x"]}`, `[]`, `null`, `{"title":"\u0000"}`, `{"Title":"a"}`, `{`, "\xff"} {
		f.Add(s)
	}
	m := web.NewMux(webtest.Deps())
	web.PublicOp(m.API(), "for a test", huma.Operation{Method: http.MethodPost, Path: "/x"}, func(_ context.Context, in *noteInput) (*struct{}, error) {
		if strings.ContainsRune(in.Body.Title, 0) || len([]rune(in.Body.Title)) > 20 {
			return nil, http.ErrBodyNotAllowed
		}
		return nil, nil
	})
	c := webtest.Serve(f, m)
	f.Fuzz(func(t *testing.T, body string) {
		res := c.For(t).Send("POST", "/api/v1/x", "application/json", strings.NewReader(body))
		if res.Status >= 500 {
			t.Errorf("status %d: %s", res.Status, res.Body)
		}
	})
}
