// SPDX-License-Identifier: Apache-2.0

//go:build integration

package catalog_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPagesInABrowser looks at every page wide and narrow, light and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	f, m := newMux(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	f.Realms(owner(t), t)
	flow := f.Flow(owner(t), t)
	project := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "suggester", Title: "Property suggester", Visibility: authz.Restricted,
		Description: "Suggests properties.\n\n- one\n- two", Participants: []string{"group:security", "person:reviewer"}})
	if err := f.Service.AddLink(owner(t), flow.Ref, "part_of", project.Ref); err != nil {
		t.Fatal(err)
	}
	retired := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "old", Title: "Old project"})
	if _, err := f.Service.Retire(owner(t), retired.Ref, 1, "over"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := b.Tab(t)
			tab.View(width, 900, dark)
			tab.Cookie(s.URL, web.SessionCookie, "owner")
			for name, path := range map[string]string{
				"list": "/subjects", "empty": "/subjects?kind=supplier", "kinds": "/subjects/new", "new": "/subjects/new?kind=flow",
				"subject": "/subjects/" + flow.Ref, "restricted": "/subjects/" + project.Ref, "retired": "/subjects/" + retired.Ref,
				"edit": "/subjects/" + project.Ref + "/edit", "retire": "/subjects/" + flow.Ref + "/retire",
				"unlink": "/subjects/" + flow.Ref + "/links/part_of/" + project.Ref + "/remove",
			} {
				tab.Open(s.URL + path)
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("subject-%s-%d-dark=%v.png", name, width, dark)))
				}
			}
			tab.WantQuiet()
		}
	}
}
