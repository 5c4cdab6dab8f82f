// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "web", "../item/itemweb") }

// page returns a package with one page, and messages.
func page(main, messages string) fstest.MapFS {
	files := fstest.MapFS{"templates/p.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}` + main + `{{end}}`)}}
	if messages != "" {
		files["messages/en.yaml"] = &fstest.MapFile{Data: []byte(messages)}
	}
	return files
}

// TestStartUpChecksPages: what would break a page for its first reader stops the
// start instead, and says where.
func TestStartUpChecksPages(t *testing.T) {
	for name, tc := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"missing message":  {page(`{{if .Data}}{{t "x.none"}}{{end}}`, ""), `x/p main: message "x.none" is missing`},
		"too few":          {page(`{{t "x.a"}}`, `x.a: "%s and %s"`), `takes 2 arguments, not 0`},
		"too many":         {page(`{{t "x.a" 1 2}}`, `x.a: "%[1]d%% of %[1]d"`), `takes 1 arguments, not 2`},
		"plural":           {page(`{{t "x.a"}}`, `x.a: {one: "one", other: "many"}`), `takes 1 arguments, not 0`},
		"missing label":    {page(`{{$f := .Form "/x"}}{{$f.Line "a" "x.none" | show}}`, ""), `message "x.none" is missing`},
		"missing hint":     {page(`{{$f := .Form "/x"}}{{$f.Line "a" "web.form.choose" | hint "x.none" | show}}`, ""), `message "x.none" is missing`},
		"foreign message":  {page("", `web.mine: "x"`), `does not begin with "x."`},
		"half a plural":    {page("", `x.a: {one: "one"}`), "exactly the texts one and other"},
		"no text":          {page("", `x.a: 3`), "neither a text nor a plural"},
		"no YAML":          {page("", "x.a: ["), "messages of x"},
		"no main":          {fstest.MapFS{"templates/p.html": {Data: []byte(`{{define "title"}}x{{end}}`)}}, `does not define both "title" and "main"`},
		"broken template":  {page(`{{if}}`, ""), "parsing templates/p.html of x"},
		"unsafe place":     {page(`<script>var x = {{.Data}`+"}"+`;//`+"`"+`{{.Path}}`+"`"+`</script><a {{.Path}}=x>`, ""), "x/p"},
		"unknown function": {page(`{{nothing}}`, ""), "parsing templates/p.html of x"},
	} {
		t.Run(name, func(t *testing.T) {
			m := web.NewMux(webtest.Deps())
			m.Files("x", tc.files)
			_, err := m.Handler()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestStartUpChecksChosenTexts: a text that is chosen while the server runs is
// missed at the start.
func TestStartUpChecksChosenTexts(t *testing.T) {
	for text, want := range map[string]string{`x.a: "A"`: "", `x.b: "B"`: `Deps.Texts: message "x.a" is missing`, `x.a: "%s"`: "takes 1 arguments, not 0"} {
		deps := webtest.Deps()
		deps.Texts = []string{"x.a"}
		m := web.NewMux(deps)
		m.Files("x", page("", text))
		_, err := m.Handler()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestTemplateFunctions(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)
	deps := webtest.Deps()
	deps.Location, deps.Clock = berlin, store.FixedClock(now)
	m := web.NewMux(deps)
	m.Files("x", page(`<p id="in">{{relative (index .Data 1)}}</p><p id="ago">{{relative (index .Data 2)}}</p><p id="now">{{relative (index .Data 0)}}</p>
<p id="one">{{date (index .Data 0)}}</p><p id="two">{{datetime (index .Data 0)}}</p>
<p id="plural">{{t "x.n" 1}}, {{t "x.n" 1200}}</p><p id="verb">{{t "x.v" "<b>"}}</p>
<a id="url" href="{{url "/x/%s/y" "a/b c"}}">x</a><a id="query" href="{{query "/x?a=1&b=2" "a" "3 4"}}">x</a>
<div id="md">{{markdown "<i>"}}</div><p id="list">{{show (list "a" (badge "good" "<b>") 3)}}</p><p id="none">{{show nil}}</p>
`, `{x.n: {one: "%d note", other: "%d notes"}, x.v: "a %s"}`))
	m.Public("GET /p", "for a test", func(c *web.Ctx) error {
		return c.Render(200, "x/p", []time.Time{now, now.Add(49 * time.Hour), now.Add(-90 * time.Minute)})
	})
	page := webtest.Serve(t, m).Get("/p").Want(200)
	for id, want := range map[string]string{
		"in": "in 2 days", "ago": "1 hour ago", "now": "now", "one": "3 March 2026", "two": "3 March 2026, 00:30 CET",
		"plural": "1 note, 1,200 notes", "verb": "a <b>", "md": "<i>", "list": "a <b> 3", "none": "",
	} {
		if got := page.Find("#" + id).Text(); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := page.Find("#url").Attr("href"); got != "/x/a%2Fb%20c/y" {
		t.Errorf("url %q", got)
	}
	if got := page.Find("#query").Attr("href"); got != "/x?a=3+4&b=2" {
		t.Errorf("query %q", got)
	}
	if got := page.Find("#one time").Attr("datetime"); got != "2026-03-03" {
		t.Errorf("datetime %q", got)
	}
}

// TestArgumentsOfMessages: a message, a day and a list stand in a text as people
// read them.
func TestArgumentsOfMessages(t *testing.T) {
	m := web.NewMux(webtest.Deps())
	m.Files("x", page("", `x.a: "%s until %s: %s"
x.b: "%s, inside"`))
	webtest.Serve(t, m)
	day := time.Date(2026, 12, 22, 23, 59, 0, 0, time.UTC)
	for _, c := range []struct {
		words []string
		want  string
	}{
		{nil, "here, inside until 22 December 2026: "},
		{[]string{"one"}, "here, inside until 22 December 2026: one"},
		{[]string{"one", "two"}, "here, inside until 22 December 2026: one and two"},
		{[]string{"one", "two", "three"}, "here, inside until 22 December 2026: one, two and three"},
	} {
		if got := m.Text("x.a", web.Msg("x.b", "here"), day, c.words); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
