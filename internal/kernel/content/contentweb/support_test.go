// SPDX-License-Identifier: Apache-2.0

package contentweb_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// small are settings under which a test can send too much.
const small = "attachments: {max_size: 2KiB, max_per_item: 3, kinds: [txt, png]}\n"

// house is the whole mux on a real store: a catalogue, and the discussion of its
// subjects.
type house struct {
	*webtest.Client
	t       *testing.T
	fixture catalogtest.Fixture
	content *content.Service
	handler http.Handler
	subject catalog.Subject   // which everybody inside sees
	path    string            // of the subject's discussion
	secret  catalog.Subject   // which its owner alone sees
	shown   map[string]string // where the subject's module shows a thread
}

func newHouse(t *testing.T) *house {
	t.Helper()
	settings, err := content.LoadSettings("content.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, fixture: catalogtest.New(t, storetest.SQLite(t, append(catalogtest.Migrations(), content.Migrations())), nil, content.Actions()...)}
	f := h.fixture
	h.content = content.New(content.Deps{
		DB: f.DB, Writer: f.Log.Writer("content", content.EntryKinds()), Policy: f.Policy, Settings: config.Fixed(settings),
		Resources: map[string]content.ResourceOf{catalog.ItemType: f.Service.Resource},
		Threads: map[string]content.MayWrite{catalog.ItemType: func(_ context.Context, _ store.Reader, _, thread string) error {
			if thread != "Q1" && thread != "Q2" {
				return content.NoThread()
			}
			return nil
		}},
	})
	deps := webtest.Deps(append(catalog.Actions(), content.Actions()...)...)
	people := webtest.ByRole()
	for login, a := range people {
		a.ID = "fictional-" + login
		people[login] = a
	}
	deps.People, deps.Policy, deps.Submissions, deps.Clock = people, policyWithDrafts{f.Policy}, f.Log, f.DB.Clock()
	deps.Drafts, deps.Markdown = h.content, content.Markdown
	m := web.NewMux(deps)
	site := contentweb.New(contentweb.Deps{
		Content: h.content, DB: f.DB, Describe: f.Service.Describe, Person: catalogtest.Directory{}.Person,
		Text: m.Text, Profile: contentweb.ProfileSections(),
		ThreadURL: func(_, thread string) string { return h.shown[thread] },
	})
	site.Pages(m)
	site.API(m.API())
	f.Service.Pages(m)
	f.Service.API(m.API())
	h.Client = webtest.Serve(t, m)
	if h.handler, err = m.Handler(); err != nil {
		t.Fatal(err)
	}
	owner := catalogtest.As(t.Context(), "fictional-owner", authz.RoleOwner)
	h.subject = f.Register(owner, t, catalog.Registration{Kind: "project", Name: "harbour", Title: "The harbour"})
	h.secret = f.Register(owner, t, catalog.Registration{Kind: "project", Name: "cellar", Title: "The cellar", Visibility: authz.Restricted})
	h.path = "/items/subject/" + h.subject.ID
	return h
}

// policyWithDrafts lets everybody keep drafts beside what the catalogue's policy says.
type policyWithDrafts struct{ *authz.Policy }

// Allowed implements web.Policy.
func (p policyWithDrafts) Allowed(a authz.Actor, action authz.Action) bool {
	return p.Policy.Allowed(a, action) || action == web.ActionDraft && a.SignedIn()
}

// post writes a comment on the page and returns its id.
func (h *house) post(login, text string) string {
	h.t.Helper()
	me := h.As(login)
	values := me.Get(h.path + "/discussion").Want(200).FormValues(h.path + "/comments")
	values.Set("text", text)
	to := me.Post(h.path+"/comments", values).Want(303).Header.Get("Location")
	h.fixture.DB.Clock().Set(h.fixture.DB.Clock().Real().Add(time.Second))
	return strings.TrimPrefix(to, "/comments/")
}

// command runs the command line as somebody.
func (h *house) command(login, stdin string, args ...string) (string, int) {
	h.t.Helper()
	// A real connection has deadlines in real time.
	h.fixture.DB.Clock().Set(time.Now())
	server := httptest.NewTLSServer(h.handler)
	defer server.Close()
	ca := filepath.Join(h.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		h.t.Fatal(err)
	}
	var out, errs bytes.Buffer
	session := &client.Session{Context: context.Background(), Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Config: client.Config{URL: server.URL, Token: login, CA: ca}}
	var commands struct {
		Comment    contentweb.CommentCommands    `cmd:""`
		Attachment contentweb.AttachmentCommands `cmd:""`
	}
	parser, err := kong.New(&commands, kong.Exit(func(int) {}), kong.Writers(&out, &errs))
	if err != nil {
		h.t.Fatal(err)
	}
	cmd, err := parser.Parse(args)
	if err != nil {
		return err.Error(), 64
	}
	err = cmd.Run(session)
	code := client.Report(&errs, err)
	return out.String() + errs.String(), code
}

// changeSubject hides or shows the subject of the discussion.
func (h *house) changeSubject(v authz.Visibility) {
	h.t.Helper()
	owner := catalogtest.As(h.t.Context(), "fictional-owner", authz.RoleOwner)
	var err error
	if h.subject, err = h.fixture.Service.Change(owner, h.subject.Ref, h.subject.Revision, catalog.Change{Visibility: &v}); err != nil {
		h.t.Fatal(err)
	}
}
