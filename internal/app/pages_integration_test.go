// SPDX-License-Identifier: Apache-2.0

//go:build integration

package app

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPagesInABrowser looks at the threads of items, the search and the pages of
// the installation, wide and narrow, light and dark. With PORTREEVE_SCREENSHOTS
// set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	d := newDiscussed(t)
	in := d.in
	in.breakDown()
	in.clock.Set(time.Now()) // real connections have real deadlines
	owner := in.as("owner")
	comment, err := in.content.Post(in.as("owner"), d.risk.Item(), "", "What about **this**?\n\n- one\n- two\n\n```\ncode\n```")
	if err != nil {
		t.Fatal(err)
	}
	if comment, err = in.content.Edit(owner, comment.ID, 1, "What about **that**?\n\n- one\n- two\n\n> a quotation\n\n`code`"); err != nil {
		t.Fatal(err)
	}
	file, err := in.content.Attach(owner, d.risk.Item(), "a rather long name of a file with notes of the meeting.txt", strings.NewReader("notes\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.content.Keep(owner, in.person("owner"), "/risks/new?subject=project:harbour", url.Values{"title": {"A draft"}}); err != nil {
		t.Fatal(err)
	}
	in.refused.Store("content", fault.New(fault.Invalid, "config.invalid", "content.yaml:3: attachments.max_sise is not known; did you mean max_size?"))
	s := httptest.NewTLSServer(in.front)
	defer s.Close()
	b := browser.Start(t)
	item := "/items/risk/" + d.risk.ID
	pages := map[string][2]string{
		"thread": {"owner", item + "/discussion"}, "thread-empty": {"owner", "/items/subject/" + firstOther(t, d) + "/discussion"},
		"attach": {"owner", item + "/attachments"}, "edit": {"owner", "/comments/" + comment.ID + "/edit"}, "versions": {"owner", "/comments/" + comment.ID + "/versions"},
		"erase": {"owner", "/comments/" + comment.ID + "/erase"}, "erase-file": {"owner", "/attachments/" + file.ID + "/erase"}, "drafts": {"owner", "/me/drafts"},
		"risk": {"owner", d.risk.URL()}, "subject": {"owner", d.subject.URL()}, "search": {"owner", "/search?q=" + placeName}, "search-none": {"owner", "/search?q=absent"}, "search-start": {"owner", "/search"},
		"mail": {"admin", "/admin/mail"}, "jobs": {"admin", "/admin/jobs"}, "configuration": {"admin", "/admin/configuration"},
		"data": {"admin", "/admin/people/" + in.person("owner") + "/data"}, "erase-person": {"admin", "/admin/people/" + in.person("owner") + "/erase"}, "my-data": {"owner", "/me/data"},
	}
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	cookies := map[string]string{"owner": in.visit("owner").cookie, "admin": in.visit("admin").cookie}
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			for login, cookie := range cookies {
				tab := b.Tab(t)
				tab.View(width, 900, dark)
				tab.Cookie(s.URL, web.SessionCookie, cookie)
				for name, page := range pages {
					if page[0] != login {
						continue
					}
					tab.Open(s.URL + page[1])
					if name == "risk" || name == "subject" {
						tab.WaitText("I was in " + placeName) // htmx has loaded the thread
					}
					if name == "configuration" { // what is folded is looked at too
						browser.Eval[bool](tab, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
					}
					tab.WantAccessible()
					tab.WantNoOverflow()
					if folder != "" {
						tab.Screenshot(filepath.Join(folder, fmt.Sprintf("%s-%d-dark=%v.png", name, width, dark)))
					}
				}
				tab.WantQuiet()
			}
		}
	}
	writeAndUpload(t, b, s.URL, item, cookies["owner"])
}

// firstOther is the id of a subject that nobody has written about.
func firstOther(t *testing.T, d *discussed) string {
	t.Helper()
	sub, err := d.in.catalog.Show(d.in.as("owner"), visibleFlow)
	if err != nil {
		t.Fatal(err)
	}
	return cmp.Or(sub.Subject.ID, "absent")
}

// writeAndUpload posts a comment and uploads a file that is refused, with
// JavaScript and without.
func writeAndUpload(t *testing.T, b *browser.Browser, address, item, cookie string) {
	for _, scripts := range []bool{true, false} {
		text := fmt.Sprintf("Typed with scripts %v.", scripts)
		tab := b.Tab(t)
		tab.Cookie(address, web.SessionCookie, cookie)
		tab.Scripts(scripts)
		tab.Open(address + item + "/discussion")
		tab.Type("#write textarea", text)
		tab.Click("#write button.primary")
		tab.WaitText("Your comment was posted.")
		tab.WaitText(text)
		tab.WantQuiet()
	}
}
