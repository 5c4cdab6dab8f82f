// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

const apiPrefix = "/api/v1"

// API is the JSON API under /api/v1. Operations are added with [Op] and
// [PublicOp]; an operation registered on Huma in any other way stops start-up,
// because nothing would guard it.
type API struct {
	Huma huma.API
	mux  *Mux
}

// API returns the mux's API.
func (m *Mux) API() *API {
	if m.api != nil {
		return m.api
	}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: m.deps.Product + " API", Version: m.deps.Version},
			Servers: []*huma.Server{{URL: m.deps.PublicURL + apiPrefix}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "An API token of a person or a service account."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{safeErrors, m.withholdEntries},
	}
	m.api = &API{mux: m}
	m.api.Huma = huma.NewAPI(config, adapter{m})
	m.Public("GET "+apiPrefix+"/openapi.json", "describes the interface, holds no data", m.api.describe)
	return m.api
}

// guardKey holds an operation's Route in its metadata, optionsKey its []Option.
const guardKey = "portreeve.guard"

const optionsKey = "portreeve.options"

// Op registers a guarded operation: only who may do action reaches h. The actor
// is in h's context ([authz.ActorFrom]). Paths are relative to /api/v1. Errors
// become problem documents by [fault.From].
func Op[I, O any](api *API, action authz.Action, op huma.Operation, h func(ctx context.Context, in *I) (*O, error), options ...Option) {
	if action == "" {
		api.mux.fail("%s %s: an operation needs an action", op.Method, op.Path)
	}
	op.Security = []map[string][]string{{"token": {}}}
	op.Extensions = map[string]any{"x-action": string(action)}
	register(api, Route{Action: action, API: true}, op, h, options)
}

// PublicOp registers an operation for everybody and says why.
func PublicOp[I, O any](api *API, reason string, op huma.Operation, h func(ctx context.Context, in *I) (*O, error), options ...Option) {
	if strings.TrimSpace(reason) == "" {
		api.mux.fail("%s %s: a public operation states its reason", op.Method, op.Path)
	}
	register(api, Route{Public: reason, API: true}, op, h, options)
}

func register[I, O any](api *API, r Route, op huma.Operation, h func(context.Context, *I) (*O, error), options []Option) {
	defer func() {
		if p := recover(); p != nil {
			api.mux.fail("operation %s %s: %v", op.Method, op.Path, p)
		}
	}()
	if op.OperationID == "" {
		op.OperationID = operationID(op.Method, op.Path)
	}
	op.Metadata = map[string]any{guardKey: r, optionsKey: options}
	if where, found := keepsEntry(reflect.TypeFor[O](), map[reflect.Type]bool{}); found {
		api.mux.fail("operation %s %s: %s holds the number of an entry, which not everybody may know: let it be omitted when it is zero", op.Method, op.Path, where)
	}
	schema := api.Huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	op.Responses = map[string]*huma.Response{"default": {
		Description: "A problem, as RFC 9457 describes it.",
		Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
	}}
	huma.Register(api.Huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err == nil {
			return out, nil
		}
		f := fault.From(err)
		api.mux.logFault(ctx, f)
		noteRepeated(ctx, f)
		return nil, NewProblem(f, RequestID(ctx))
	})
}

// operationID names an operation by method and path: "post-risks-id-acceptances".
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(append([]string{method}, words...), "-"))
}

// adapter is how huma registers routes: through the mux, never around it.
type adapter struct{ mux *Mux }

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	r, ok := op.Metadata[guardKey].(Route)
	if !ok {
		a.mux.fail("%s %s: an operation without guard; register it with Op or PublicOp", op.Method, op.Path)
		return
	}
	options, _ := op.Metadata[optionsKey].([]Option)
	limit := int64(defaultMaxBody)
	if op.MaxBodyBytes > defaultMaxBody {
		limit = op.MaxBodyBytes
	}
	op.MaxBodyBytes = -1 // ours counts, and says so clearly
	serve := func(c *Ctx) error {
		return c.operation(func() { handler(humago.NewContext(op, c.R, c.W)) })
	}
	a.mux.add(strings.ToUpper(op.Method)+" "+apiPrefix+op.Path, r, serve, append([]Option{MaxBody(limit)}, options...))
}

// ServeHTTP implements huma.Adapter; nothing calls it.
func (a adapter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "not served here", http.StatusNotFound)
}

// describe serves the OpenAPI document.
func (a *API) describe(c *Ctx) error {
	doc, err := a.Document()
	if err != nil {
		return err
	}
	c.W.Header().Set("Content-Type", "application/json")
	_, err = c.W.Write(doc)
	return err
}

// Document returns the OpenAPI 3.1 description of all operations as JSON.
func (a *API) Document() ([]byte, error) {
	doc := a.Huma.OpenAPI()
	// huma documents its own error type, which is never sent.
	schemas := doc.Components.Schemas.Map()
	delete(schemas, "HumaErrorModel")
	delete(schemas, "HumaErrorDetail")
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("web: describing the API: %w", err)
	}
	return out, nil
}

// schemaName prefixes a type's name with its package, so that two packages may
// each have a Rating; the types of this package and of fault stand for
// themselves.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	pkg := path.Base(t.PkgPath())
	if generic, argument, ok := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "["); ok {
		// List[.../catalog.Summary] is ListCatalogSummary: two packages may each have a Summary.
		argPackage, argName, _ := strings.Cut(path.Base(argument), ".")
		return generic + capitalised(argPackage) + capitalised(argName)
	}
	if t.PkgPath() == "" || t.Name() == "" || pkg == "web" || pkg == "fault" {
		return name
	}
	if strings.Contains(t.PkgPath(), "danielgtaylor/huma") {
		pkg = "huma"
	}
	pkg = capitalised(pkg)
	if strings.HasPrefix(name, pkg) {
		return name
	}
	return pkg + name
}

// capitalised returns an ASCII name with its first letter in upper case.
func capitalised(name string) string {
	if name == "" {
		return ""
	}
	return string(unicode.ToUpper(rune(name[0]))) + name[1:]
}
