// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// Space is one namespace under administration.
type Space struct {
	Base  string
	Store *sessionstore.Store
	Tally *writers.Tally // nil = not counted
}

// Keys changes the keys of namespaces (package seal).
type Keys interface {
	// Rotate gives a namespace a new data key, and with index new keys for places
	// and owners, too.
	Rotate(namespace string, index bool) error
	// Destroy destroys a namespace's keys: what they sealed is lost for good.
	Destroy(namespace string) error
	// State describes a namespace's keys without giving any.
	State(namespace string) (any, error)
}

// Recorder is the audit log (package audit).
type Recorder interface {
	// Record appends one fact: who, what act, about what. It returns when it is on disk.
	Record(ctx context.Context, by, act string, about map[string]string) error
	// Issue signs a receipt as a note.
	Issue(r audit.Receipt) (note string, err error)
	// Keys returns the public keys that notes are to be verified with.
	Keys() string
	// Write copies the log so far.
	Write(w io.Writer) error
}

// Config is what the administration needs.
type Config struct {
	Service string
	Spaces  []Space
	Keys    Keys
	Audit   Recorder
	// Authorize says who asks, and refuses who may not: a fault of kind
	// Unauthenticated or Forbidden. The namespace "" is the service as a whole.
	Authorize func(r *http.Request, namespace, verb string) (identity string, err error)
	// Describe fills in what the process knows: version, profile, warnings.
	Describe func(ctx context.Context) Status
	// Stale is told that rows of a namespace lie under older keys than the current ones.
	Stale func(namespace string)
	Now   func() time.Time
	Log   *slog.Logger
}

// The verbs that the administration asks for.
const (
	Revoke     = "revoke"
	Administer = "administer"
	read       = "read" // of a namespace's values
)

// API is the administration's handler. Safe for use by many goroutines.
type API struct {
	Config
	mux *http.ServeMux
}

// New returns the handler.
func New(c Config) *API {
	a := &API{Config: c, mux: http.NewServeMux()}
	for _, r := range a.routes() {
		a.on(r)
	}
	return a
}

// route is a pattern of package http with the verb that it asks for.
type route struct {
	pattern, verb string
	handle        func(w http.ResponseWriter, r request) error
}

func (a *API) routes() []route {
	const space, owner = "/admin/v1/namespaces/{namespace}", "/owners/{owner}/sessions"
	return []route{
		{"GET /admin/v1/status", Administer, a.status},
		{"GET /admin/v1/audit", Administer, a.audit},
		{"DELETE /admin/v1" + owner, Revoke, a.endOwner},
		{"GET " + space + owner, Administer, a.sessions},
		{"DELETE " + space + owner, Revoke, a.endOwner},
		{"DELETE " + space + owner + "/{handle}", Revoke, a.endOne},
		{"GET " + space + "/writers", Administer, a.writers},
		{"POST " + space + "/keys", Administer, a.rotate},
		{"DELETE " + space + "/keys", Administer, a.destroy},
		{"DELETE " + space + "/sessions", Administer, a.empty},
	}
}

// ServeHTTP answers the administration's requests; everything else is a problem of status 404.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// A path that is not clean would be redirected to another one, before anybody was
	// asked who they are; and none is the right one.
	at := r.URL.EscapedPath()
	if _, pattern := a.mux.Handler(r); pattern == "" || path.Clean(at) != at {
		if _, err := a.Authorize(r, "", Administer); err != nil {
			a.problem(w, r, err)
			return
		}
		a.problem(w, r, fault.New(fault.NotFound, "admin.not_found", "There is nothing here. The administration is described in the guide."))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// request is what every handler gets.
type request struct {
	*http.Request
	by        string // identity of who asks
	namespace string
	owner     string
}

// on registers a handler behind a verb: there is no route without one.
func (a *API) on(to route) {
	a.mux.HandleFunc(to.pattern, func(w http.ResponseWriter, r *http.Request) {
		req := request{Request: r, namespace: r.PathValue("namespace"), owner: r.PathValue("owner")}
		var err error
		if req.by, err = a.Authorize(r, req.namespace, to.verb); err == nil {
			err = to.handle(w, req)
		}
		if err != nil {
			a.problem(w, r, err)
		}
	})
}

func (a *API) space(name string) (Space, error) {
	for _, s := range a.Spaces {
		if s.Store.Name == name {
			return s, nil
		}
	}
	return Space{}, fault.New(fault.NotFound, "admin.namespace", "There is no such namespace. The status lists those there are.")
}

func (a *API) status(w http.ResponseWriter, r request) error {
	s := a.Describe(r.Context())
	s.Service, s.AuditKeys = a.Service, a.Audit.Keys()
	for _, at := range a.Spaces {
		usage, err := at.Store.Usage(r.Context())
		if err != nil {
			return err
		}
		n := Namespace{
			Name: at.Store.Name, Base: at.Base, TTL: int64(at.Store.Defaults.TTL.Seconds()), MaxValue: at.Store.MaxValue,
			Quota: at.Store.Quota.Bytes, Rows: at.Store.Quota.Rows, Rate: at.Store.Rate, Shed: at.Store.Shed, Usage: usage,
		}
		if at.Tally != nil {
			n.Written = at.Tally.Totals()
		}
		if n.Keys, err = a.Keys.State(n.Name); err != nil {
			return err
		}
		s.Namespaces = append(s.Namespaces, n)
	}
	return answer(w, http.StatusOK, s)
}

func (a *API) audit(w http.ResponseWriter, r request) error {
	if err := a.Audit.Record(r.Context(), r.by, "audit.read", nil); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jsonl")
	return a.Audit.Write(w)
}

// MaxPage is how many sessions a page lists at most.
const MaxPage = 200

func (a *API) sessions(w http.ResponseWriter, r request) error {
	s, err := a.space(r.namespace)
	if err != nil {
		return err
	}
	after, err := handle(r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	limit := 50
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > MaxPage {
			return fault.New(fault.Invalid, codeInvalid, "limit is a number from 1 to %d.", MaxPage)
		}
	}
	values := r.URL.Query().Get("values") == "true"
	if values {
		if _, err := a.Authorize(r.Request, r.namespace, read); err != nil {
			return err
		}
		facts := map[string]string{"namespace": r.namespace, "owner": ownerHash(s.Store, r.owner)}
		if err := a.Audit.Record(r.Context(), r.by, "values.read", facts); err != nil {
			return err
		}
	}
	held, err := s.Store.Owned(r.Context(), r.owner, after, limit)
	if err != nil {
		return err
	}
	page := Sessions{Sessions: make([]Session, 0, len(held))}
	for _, h := range held {
		page.Sessions = append(page.Sessions, sessionOf(h, values))
	}
	if len(held) == limit {
		page.Next = page.Sessions[limit-1].Handle
	}
	return answer(w, http.StatusOK, page)
}

func (a *API) writers(w http.ResponseWriter, r request) error {
	s, err := a.space(r.namespace)
	if err != nil {
		return err
	}
	if s.Tally == nil {
		return answer(w, http.StatusOK, Writers{})
	}
	const top = 20
	return answer(w, http.StatusOK, Writers{
		Totals: s.Tally.Totals(), Owners: s.Tally.Top(writers.Owner, top),
		Identities: s.Tally.Top(writers.Identity, top), Networks: s.Tally.Top(writers.Network, top),
	})
}

// ownerHash is how receipts and the audit log name an owner.
func ownerHash(s *sessionstore.Store, owner string) string {
	key := s.OwnerKey(owner)
	return hex.EncodeToString(key[:])
}

// answer writes v as JSON with the status.
func answer(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

// maxBody is the largest request that the administration reads.
const maxBody = 64 << 10

// body reads a JSON request strictly; an empty one leaves v as it is.
func body(r request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows it")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fault.New(fault.Malformed, "admin.malformed", "The request is not the JSON that is expected here.").Because(err)
	}
	return nil
}

// problem answers an error as RFC 9457 has it. What is not meant for readers goes to the log.
func (a *API) problem(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		a.Log.ErrorContext(r.Context(), "administration failed", "method", r.Method, "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	status := f.Kind.HTTPStatus()
	w.WriteHeader(status)
	b, _ := json.Marshal(map[string]any{ // strings and a number: cannot fail
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": f.Code, "detail": f.Message,
	})
	w.Write(b) // nobody is left to tell
}

// ownerPath is the path of an owner's sessions, in a namespace or in all ("").
func ownerPath(namespace, owner string, more ...string) string {
	p := "/admin/v1"
	if namespace != "" {
		p += "/namespaces/" + segment(namespace)
	}
	p += "/owners/" + segment(owner) + "/sessions"
	if len(more) > 0 {
		p += "/" + strings.Join(more, "/")
	}
	return p
}

// segment escapes a name so that it is one segment of a path whatever it is: "." and
// ".." would be taken away by whoever makes paths clean.
func segment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}
