// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// Policy decides whether an actor may do an action at all. *authz.Policy is one.
type Policy interface {
	Allowed(a authz.Actor, action authz.Action) bool
}

// Clock gives real time (cookies, rate limits, logs) and domain time (what pages
// show as now). *store.Clock is one.
type Clock interface {
	Real() time.Time
	Domain() time.Time
}

// Deps is what a Mux needs. Log, Metrics, Drafts, Submissions, Limit and Markdown
// may be nil; then that concern is absent. Everything else is required.
type Deps struct {
	Product     string // shown in the header and in titles
	Version     string // shown in the footer and in the API description
	PublicURL   string // "https://office.example.org", without a slash at its end
	Location    *time.Location
	Clock       Clock
	Rand        io.Reader // ids of requests and submissions
	Policy      Policy
	Actions     []authz.ActionDef // every action that exists; a route with another one stops start-up
	People      Authenticator
	Drafts      DraftKeeper
	Submissions Submissions
	Limit       Limiter
	Log         *slog.Logger
	Metrics     prometheus.Registerer
	Markdown    func(source string) template.HTML // must return cleaned HTML
	Navigation  []NavItem
	Menu        []NavItem    // of the signed-in person, beside signing out
	Texts       []string     // keys of messages that are chosen as the server runs; a missing one stops start-up
	Search      authz.Action // who may do it sees the search box, which leads to /search?q=
}

// check reports what is missing.
func (d Deps) check() error {
	var errs []error
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"Location", d.Location != nil}, {"Clock", d.Clock != nil}, {"Rand", d.Rand != nil},
		{"Policy", d.Policy != nil}, {"People", d.People != nil}, {"PublicURL", d.PublicURL != ""},
	} {
		if !need.ok {
			errs = append(errs, fmt.Errorf("web: Deps.%s is missing", need.name))
		}
	}
	return errors.Join(errs...)
}

// NavItem is one entry of the main navigation. It is shown to those who may do
// its action.
type NavItem struct {
	Label  string // message key
	URL    string // also marks the pages below it as current
	Icon   string // name of a vendored icon
	Action authz.Action
	Also   []string // further addresses whose pages belong to it, for the main navigation
}

// Route is what the mux recorded about one pattern. Exactly one of Action and
// Public is set.
type Route struct {
	Method  string
	Pattern string // path pattern as of http.ServeMux
	Action  authz.Action
	Public  string // why anyone may
	API     bool   // answers JSON; authenticates by token too
}

// String gives the route as one line, for golden files.
func (r Route) String() string {
	guard := string(r.Action)
	if r.Public != "" {
		guard = "public: " + r.Public
	}
	return r.Method + " " + r.Pattern + " " + guard
}

// Option changes one route.
type Option func(*route)

// MaxBody allows request bodies of up to n bytes instead of 1 MiB.
func MaxBody(n int64) Option { return func(r *route) { r.maxBody = n } }

// MaxBodyOf is [MaxBody] with a limit that may change while the server runs.
func MaxBodyOf(limit func() int64) Option { return func(r *route) { r.bodyLimit = limit } }

// Within gives a route d instead of 30 seconds, for what streams much.
func Within(d time.Duration) Option { return func(r *route) { r.within = d } }

const defaultMaxBody = 1 << 20

type route struct {
	Route
	maxBody   int64
	bodyLimit func() int64 // instead of maxBody, unless nil
	within    time.Duration
	serve     func(c *Ctx) error
}

// Mux collects the routes, templates and messages of every package and makes
// one [http.Handler] of them. Registering is for start-up and not for
// concurrent use; the handler is.
type Mux struct {
	deps    Deps
	routes  []*route
	sources []Source
	api     *API
	errs    []error
	render  *renderer
	assets  *assets
	metrics *metrics
}

// Source is the embedded files of one package: templates/*.html (page "x.html"
// becomes "<name>/x") and messages/en.yaml. Either may be absent.
type Source struct {
	Name string
	FS   fs.FS
}

// NewMux returns an empty mux that already knows the kernel's own templates,
// messages and static files.
func NewMux(deps Deps) *Mux {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mux{deps: deps}
	m.Files("web", ownFiles)
	m.assets = newAssets()
	m.metrics = newMetrics(deps.Metrics)
	m.ownRoutes()
	return m
}

// Files registers the templates and messages of a package under its name.
func (m *Mux) Files(name string, files fs.FS) {
	m.sources = append(m.sources, Source{Name: name, FS: files})
}

// Page registers an HTML page for those who may do action. Who is not signed in
// is sent to the sign-in page and comes back; who may not do it gets 403. The
// pattern is "METHOD /path/{id}".
func (m *Mux) Page(pattern string, action authz.Action, h func(c *Ctx) error, options ...Option) {
	if action == "" {
		m.fail("%s: a page needs an action", pattern)
	}
	m.add(pattern, Route{Action: action}, h, options)
}

// Public registers an HTML page for everybody and says why. The actor is known
// to the handler if somebody is signed in.
func (m *Mux) Public(pattern, reason string, h func(c *Ctx) error, options ...Option) {
	if strings.TrimSpace(reason) == "" {
		m.fail("%s: a public page states its reason", pattern)
	}
	m.add(pattern, Route{Public: reason}, h, options)
}

func (m *Mux) add(pattern string, r Route, h func(c *Ctx) error, options []Option) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || !strings.HasPrefix(path, "/") || method != strings.ToUpper(method) {
		m.fail("%q: a pattern is a method, a space and a path", pattern)
		return
	}
	r.Method, r.Pattern = method, path
	rt := &route{Route: r, maxBody: defaultMaxBody, within: handlerTimeout, serve: h}
	for _, o := range options {
		o(rt)
	}
	m.routes = append(m.routes, rt)
}

func (m *Mux) fail(format string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("web: "+format, args...))
}

// Routes returns all recorded routes in the order of registration.
func (m *Mux) Routes() []Route {
	all := make([]Route, len(m.routes))
	for i, r := range m.routes {
		all[i] = r.Route
	}
	return all
}

// Handler checks everything that was registered and returns the handler. It
// refuses a route whose action nobody declared, patterns that conflict, a
// template that does not parse and a message that is missing, and names all of
// them at once. Call it once, after the last registration.
func (m *Mux) Handler() (http.Handler, error) {
	errs := append(m.errs, m.deps.check())
	declared := map[authz.Action]bool{}
	for _, a := range m.deps.Actions {
		declared[a.Name] = true
	}
	mux := http.NewServeMux()
	for _, r := range m.routes {
		if r.Public == "" && !declared[r.Action] {
			errs = append(errs, fmt.Errorf("web: %s %s: nobody declared the action %q", r.Method, r.Pattern, r.Action))
		}
		errs = append(errs, m.mount(mux, r))
	}
	for _, n := range slices.Concat(m.deps.Navigation, m.deps.Menu) {
		if !declared[n.Action] {
			errs = append(errs, fmt.Errorf("web: navigation %s: nobody declared the action %q", n.URL, n.Action))
		}
	}
	render, err := newRenderer(m.sources, m.deps, m.assets)
	m.render = render
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return m.chain(mux), nil
}

// mount registers one route; the standard mux panics on a bad or conflicting
// pattern, which becomes an error here.
func (m *Mux) mount(mux *http.ServeMux, r *route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("web: %v", p)
		}
	}()
	mux.HandleFunc(r.Method+" "+r.Pattern, func(w http.ResponseWriter, req *http.Request) { m.run(w, req, r) })
	return nil
}

// run guards one request and answers it. It panics with http.ErrAbortHandler if a
// response fails that has begun.
func (m *Mux) run(w http.ResponseWriter, req *http.Request, r *route) {
	ctx, cancel := context.WithTimeout(req.Context(), r.within)
	defer cancel()
	if r.within > handlerTimeout {
		_ = http.NewResponseController(w).SetWriteDeadline(m.deps.Clock.Real().Add(r.within))
	}
	c := &Ctx{W: w, R: req.WithContext(ctx), mux: m, route: r, body: req.Body, Actor: authz.Anonymous()}
	limit := r.maxBody
	if r.bodyLimit != nil {
		limit = r.bodyLimit()
	}
	c.R.Body = http.MaxBytesReader(w, req.Body, limit)
	if rec := recordFrom(ctx); rec != nil {
		rec.route = r.Pattern
	}
	err := m.guard(c)
	if err == nil {
		err = r.serve(c)
	}
	switch {
	case err == nil || errors.Is(err, errAnswered):
	case begun(w):
		// Too late for another answer. The reader hung up, most likely; if not, the
		// broken connection tells them that this was not all of it.
		c.log().Info("response not delivered", "error", err)
		panic(http.ErrAbortHandler)
	default:
		c.fail(err)
	}
}

// handlerTimeout ends a request that waits for something that does not come.
const handlerTimeout = 30 * time.Second

// errAnswered says that the response is already written.
var errAnswered = errors.New("web: already answered")
