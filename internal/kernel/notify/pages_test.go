// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// cookiePeople signs in whoever the session cookie names.
type cookiePeople struct{ web.Authenticator }

func (cookiePeople) Authenticate(_ context.Context, cookie string) (authz.Actor, error) {
	return person(cookie, authz.RoleOwner), nil
}

// TestNoticeLink: the link in a mail leads its recipient to the page and nobody else.
func TestNoticeLink(t *testing.T) {
	each(t, nil, func(t *testing.T, o *office) {
		o.item("a", authz.Restricted, "person:olive")
		o.enqueue(runsOut("olive", "a", "first"))
		var id string
		if err := o.db.Read(t.Context(), func(r *store.ReadTx) error {
			return r.QueryRow(t.Context(), "SELECT id FROM notify_message").Scan(&id)
		}); err != nil {
			t.Fatal(err)
		}
		mux := web.NewMux(web.Deps{
			PublicURL: "https://office.example.org", Location: time.UTC, Clock: o.db.Clock(), Rand: rand.Reader,
			Policy: o.cfg.Policy, Actions: Actions(), People: cookiePeople{},
		})
		o.Pages(mux)
		handler, err := mux.Handler()
		if err != nil {
			t.Fatal(err)
		}
		for who, want := range map[string]int{"olive": http.StatusSeeOther, "oscar": http.StatusNotFound} {
			req := httptest.NewRequest("GET", "https://office.example.org/notices/"+id, nil)
			req.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: who})
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			if w.Code != want || want == http.StatusSeeOther && w.Header().Get("Location") != "/risks/a" {
				t.Errorf("%s: %d to %q\n%s", who, w.Code, w.Header().Get("Location"), w.Body)
			}
		}
	})
}
