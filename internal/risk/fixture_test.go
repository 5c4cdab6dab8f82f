// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

const day = 24 * time.Hour

// The people of the tests, by what they are. A person's id is their part.
var cast = map[string][]authz.Role{
	"admin": {authz.RoleAdmin}, "requester": {authz.RoleRequester}, "owner": {authz.RoleOwner},
	"triager": {authz.RoleTriager}, "reviewer": {authz.RoleReviewer}, "reviewer2": {authz.RoleReviewer},
	"executive": {authz.RoleExecutive}, "director": {authz.RoleReviewer}, "manager": {authz.RoleOwner},
	"sec": {authz.RoleReviewer}, "ops": {authz.RoleOwner}, "legal": {authz.RoleRequester},
	"chief": {authz.RoleExecutive}, // of the chapter
	"m1":    {authz.RoleOutsider}, "m2": {authz.RoleOutsider}, "m3": {authz.RoleOutsider}, "m4": {authz.RoleRequester},
	"outsider": {authz.RoleOutsider}, "auditor": {authz.RoleAuditor},
}

// directory knows the cast and three organisations.
type directory struct{}

func (directory) Person(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if _, ok := cast[id]; !ok {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: "The " + id}, nil
}

func (directory) ActorOf(_ context.Context, _ store.Reader, id string) (authz.Actor, error) {
	if id == "m4" { // the only one of the council who is inside
		return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: cast[id], Groups: []string{"council"}}, nil
	}
	return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: cast[id]}, nil
}

func (directory) Members(context.Context, store.Reader, string) ([]string, error) {
	return []string{"m1", "m2", "m3", "m4"}, nil
}

func (of directory) People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error) {
	found := map[string]catalog.Named{}
	for _, id := range ids {
		if p, err := of.Person(ctx, r, id); err == nil {
			found[id] = p
		}
	}
	return found, nil
}

func (directory) Names(_ context.Context, _ store.Reader, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		if _, ok := cast[id]; ok {
			names[id] = "The " + id
		}
	}
	return names, nil
}

func (directory) Group(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "council" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: id}, nil
}

func (directory) Organisation(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if !slices.Contains([]string{"foundation", "chapter", "community"}, id) {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: id}, nil
}

func (directory) Organisations(context.Context, store.Reader) ([]catalog.Named, error) {
	return []catalog.Named{{ID: "foundation", Name: "foundation"}}, nil
}

// desk is a whole security office on a real database.
type desk struct {
	t       testing.TB
	db      *store.DB
	risks   *risk.Service
	catalog *catalog.Service
	office  *office.Service
	gate    *gate.Service
	policy  *risk.RiskPolicy
	posts   map[string]authz.Post
	bodies  map[string]authz.Body
	sent    *[]notify.Message
	authz   *authz.Policy
	log     *ledger.Log
}

func tables() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), authz.Migrations(), catalog.Migrations(), risk.Migrations()}
}

func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) { fn(t, newDesk(t, db)) })
}

func newDesk(t testing.TB, db *store.DB) *desk {
	t.Helper()
	d := &desk{t: t, db: db, posts: map[string]authz.Post{}, bodies: map[string]authz.Body{}, sent: &[]notify.Message{}}
	var err error
	d.policy, err = risk.DefaultPolicy()
	d.must(err)
	kinds, err := catalog.DefaultKinds()
	d.must(err)
	d.authz, err = authz.NewPolicy(
		slices.Concat(catalog.Actions(), risk.Actions(), office.Actions(), gate.Actions()),
		[]authz.PolicyText{catalog.Policies(), {Name: "risk/policy.cedar", Text: risk.Slice().Cedar}}, nil)
	d.must(err)
	d.log = ledgertest.Open(t, db)
	d.catalog = catalog.New(catalog.Deps{
		DB: db, Writer: d.log.Writer("catalog", catalog.EntryKinds()), Policy: d.authz,
		Kinds: config.Fixed(kinds), Directory: directory{}, Reclassify: d.log.Reclassify,
		Follow: func(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
			return d.risks.FollowSubject(ctx, tx, subject)
		},
		Describers: map[string]catalog.Describer{
			risk.ItemType: func(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
				return d.risks.Describe(ctx, r, a, items)
			},
		},
		Resources: map[string]catalog.ResourceOf{
			risk.ItemType: func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
				return d.risks.Resource(ctx, r, id)
			},
		},
	})
	d.office = office.New(office.Deps{DB: db, Writer: d.log.Writer("authz", office.Kinds()), Policy: d.authz,
		Organisation: func(ctx context.Context, r store.Reader, id string) error {
			_, err := directory{}.Organisation(ctx, r, id)
			return err
		}})
	var gatePolicy *gate.Policy
	d.risks = risk.New(risk.Deps{
		DB: db, Log: d.log, Writer: d.log.Writer("risk", risk.EntryKinds()), Authz: d.authz, Policy: config.Fixed(d.policy),
		Subjects: d.catalog, Links: d.catalog, Directory: directory{}, Zone: time.UTC, Notices: outbox{d.sent},
		Gate: func() *gate.Policy { return gatePolicy },
	})
	providers := d.risks.Decisions()
	for _, other := range []string{"review.required", "review.condition"} { // the shipped policy asks for them elsewhere
		providers[other] = func(context.Context, store.Reader, gate.Question, gate.Requirement) (gate.Answer, error) {
			return gate.Answer{}, errors.New("no question of these tests asks for this")
		}
	}
	gatePolicy, err = gate.DefaultPolicy(kinds, providers)
	d.must(err)
	d.gate = gate.New(gate.Deps{
		DB: db, Authz: d.authz, Catalog: d.catalog, Policy: config.Fixed(gatePolicy), Providers: providers,
		LedgerTime: headTime, Signer: signer(t),
	})
	d.appoint()
	return d
}

func signer(t testing.TB) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(rand.Reader, "gate.test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// headTime is the time of the ledger's head.
func headTime(ctx context.Context, r store.Reader) (time.Time, error) {
	var t time.Time
	err := r.QueryRow(ctx, "SELECT time FROM ledger_head").Scan(store.Time(&t))
	return t, err
}

// outbox keeps what would be sent, each once.
type outbox struct{ sent *[]notify.Message }

func (o outbox) Enqueue(_ context.Context, _ *store.Tx, m notify.Message) error {
	for _, old := range *o.sent {
		if old.Once != "" && old.Once == m.Once && old.Person == m.Person {
			return nil
		}
	}
	*o.sent = append(*o.sent, m)
	return nil
}

// appoint fills the posts and bodies.
func (d *desk) appoint() {
	d.setActive(true, slices.Sorted(maps.Keys(cast))...)
	d.must(d.office.SetRanks(d.t.Context(), []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "director", Title: "Director"}, {Name: "executive", Title: "Executive"}}))
	admin := d.as("admin")
	for _, p := range []office.PostInput{
		{Organisation: "foundation", Rank: "executive", Title: "Chief executive", Holder: "executive"},
		{Organisation: "foundation", Rank: "director", Title: "Director", Holder: "director"},
		{Organisation: "foundation", Rank: "manager", Title: "Manager", Holder: "manager"},
		{Organisation: "foundation", Rank: "director", Function: "security", Title: "Head of security", Holder: "sec"},
		{Organisation: "foundation", Rank: "director", Function: "operations", Title: "Head of operations", Holder: "ops"},
		{Organisation: "foundation", Rank: "director", Function: "legal", Title: "Head of legal", Holder: "legal"},
		{Organisation: "chapter", Rank: "executive", Title: "Chapter chief", Holder: "chief"},
	} {
		post, err := d.office.CreatePost(admin, p)
		d.must(err)
		d.posts[p.Holder] = post
	}
	for _, b := range []office.BodyInput{
		{Organisation: "foundation", Name: "Security Council", Members: []string{"m1", "m2", "m3", "m4"}, Quorum: 3},
		{Organisation: "community", Name: "Community Council", Members: []string{"m1", "m2"}, Quorum: 2},
	} {
		body, err := d.office.CreateBody(admin, b)
		d.must(err)
		d.bodies[b.Organisation] = body
	}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v %+v", err, fault.From(err).Fields)
	}
}

func (d *desk) setActive(active bool, people ...string) {
	d.t.Helper()
	w := d.log.Writer("authz", nil)
	d.must(w.Quiet(d.t.Context(), "the test arranges its data", func(tx *store.Tx) error {
		for _, person := range people {
			if err := authz.SetActive(d.t.Context(), tx, person, active); err != nil {
				return err
			}
		}
		return nil
	}))
}

// as is a context in which that person acts.
func (d *desk) as(person string) context.Context {
	roles, ok := cast[person]
	if !ok {
		return d.t.Context()
	}
	return authz.WithActor(d.t.Context(), authz.Actor{ID: person, Login: person, Name: person, Kind: authz.KindPerson, Roles: roles})
}

func (d *desk) now() time.Time          { return d.db.Clock().Domain() }
func (d *desk) at(offset time.Duration) { d.db.Clock().Set(storetest.Start().Add(offset)) }

// flow registers realms and the flow of case A.
func (d *desk) flow() catalog.Subject {
	d.t.Helper()
	ctx := d.as("triager")
	for name, trust := range map[string]string{"production": "production", "cloud": "community"} {
		_, err := d.catalog.Register(ctx, catalog.Registration{Kind: "realm", Name: name, Title: name, Organisation: "foundation", Attributes: map[string]string{"trust": trust}})
		d.must(err)
	}
	return d.another("property-suggester-ab-test")
}

// another registers one more flow between the same realms.
func (d *desk) another(name string) catalog.Subject {
	d.t.Helper()
	s, err := d.catalog.Register(d.as("triager"), catalog.Registration{
		Kind: "flow", Name: name, Title: "Flow " + name, Organisation: "foundation",
		Attributes: map[string]string{"from": "production", "to": "cloud", "access": "read"},
	})
	d.must(err)
	return s
}

// project registers a subject that states nothing about inputs.
func (d *desk) project() catalog.Subject {
	d.t.Helper()
	s, err := d.catalog.Register(d.as("triager"), catalog.Registration{Kind: "project", Name: "tool", Title: "A tool", Organisation: "foundation"})
	d.must(err)
	return s
}

func caseA() matrix.Inputs {
	return matrix.Inputs{Data: matrix.DataPublic, Direction: matrix.Both, Access: matrix.Read, Volume: matrix.VolumeLow, CrossesBoundary: true, LowerTrust: true}
}

// registered is a risk on the subject, as the owner registered it.
func (d *desk) registered(subject string) risk.Risk {
	d.t.Helper()
	r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{
		Subject: subject, Act: "call", Title: "Production calls the cloud realm", Threat: "What comes back is not what was asked for.",
		Scope: "The suggester, for the length of the test.", Inputs: caseA().Stated(),
		Parties: parties(),
	})
	d.must(err)
	return r
}

func parties() []risk.PartyInput {
	return []risk.PartyInput{
		{Kind: risk.PartyOrganisation, Name: "The foundation", Organisation: "foundation"},
		{Kind: risk.PartyOrganisation, Name: "The chapter", Organisation: "chapter"},
		{Kind: risk.PartyCommunity, Name: "The community", Organisation: "community"},
	}
}

var high = matrix.Cell{Likelihood: 3, Impact: 4}

// rated is a registered risk that the reviewer rated high.
func (d *desk) rated(subject string) risk.Risk {
	d.t.Helper()
	r := d.registered(subject)
	r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
	d.must(err)
	return r
}

func options() []risk.Option {
	return []risk.Option{
		{Kind: risk.OptionTemporary, Title: "Thirty days", Cost: "Little", Delay: "None", Risk: "High, for a while", Rating: matrix.High},
		{Kind: risk.OptionProduction, Title: "A production service", Cost: "A quarter of work", Delay: "Six months", Risk: "Low", Rating: matrix.Low},
		{Kind: risk.OptionNone, Title: "No test", Cost: "No answer", Delay: "None", Risk: "None"},
	}
}

// ready is a rated risk whose options are compared and whose parties were heard.
func (d *desk) ready(subject string) risk.Risk {
	d.t.Helper()
	r := d.rated(subject)
	r, err := d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
	d.must(err)
	return d.heard(r)
}

func (d *desk) heard(r risk.Risk) risk.Risk {
	d.t.Helper()
	for _, party := range []string{"The chapter", "The community"} {
		var err error
		r, err = d.risks.Hear(d.as("triager"), r.ID, r.Version, risk.HearingInput{Party: party, Heard: "Its speaker", Said: "Not without a date."})
		d.must(err)
	}
	return r
}

// asked is a request by the owner to accept the risk for 30 days.
func (d *desk) asked(r risk.Risk) risk.Acceptance {
	d.t.Helper()
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, d.request())
	d.must(err)
	return a
}

// request asks for thirty days, to the end of the last one.
func (d *desk) request() risk.AskInput {
	return risk.AskInput{
		Option: "temporary", Reason: "The test answers whether a service is worth building.",
		Until: config.DateOf(d.now().Add(30*day), time.UTC).End(time.UTC),
	}
}

func (d *desk) granted(r risk.Risk) risk.Acceptance {
	d.t.Helper()
	a := d.asked(r)
	a, err := d.risks.Grant(d.as("executive"), a.ID, a.Version, "For thirty days.")
	d.must(err)
	if a.State != risk.Granted {
		d.t.Fatalf("after the executive agreed it is %s", a.State)
	}
	return a
}

// codes asks the gate as the reviewer and returns the blockers' codes.
func (d *desk) codes(subject string) []string {
	d.t.Helper()
	return d.codesFor("reviewer", subject)
}

func (d *desk) codesFor(person, subject string) []string {
	d.t.Helper()
	v, err := d.gate.Ask(d.as(person), subject, "call")
	d.must(err)
	codes := []string{}
	for _, b := range v.Blockers {
		codes = append(codes, b.Code)
	}
	if v.Allowed() != (len(codes) == 0) {
		d.t.Fatalf("%s with blockers %v", v.Decision, codes)
	}
	return codes
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if !fault.HasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func wantCodes(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, append([]string{}, want...)) {
		t.Errorf("the gate says %v, want %v", got, want)
	}
}

func (d *desk) setAttributes(ref string, revision int64, attributes map[string]string) error {
	_, err := d.catalog.Change(d.as("triager"), ref, revision, catalog.Change{Attributes: attributes})
	return err
}
