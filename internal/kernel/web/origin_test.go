// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestOriginSaysWhereARuleComesFrom(t *testing.T) {
	for _, c := range []struct {
		origin web.Origin
		want   string
	}{
		{web.Origin{Source: true, Cites: "T285098 L36-39"}, "Source task T285098, lines 36–39"},
		{web.Origin{Source: true, Cites: "T285098 L65-72, L86"}, "Source task T285098, lines 65–72 and 86"},
		{web.Origin{Cites: "T285098 L57"}, "Chosen after task T285098, line 57"},
		{web.Origin{Cites: "T285098 L57 or so"}, "Chosen after T285098 L57 or so"},
		{web.Origin{Source: true, Cites: "Our <handbook>"}, "Source Our <handbook>"},
		{web.Origin{Source: true, Cites: "https://policy.example/risk"}, "Source https://policy.example/risk"},
		{web.Origin{}, "Chosen"},
	} {
		m := web.NewMux(webtest.Deps())
		m.Files("x", page(`<p id="o">{{show .Data}}</p>`, ""))
		m.Public("GET /o", "a test", func(ctx *web.Ctx) error { return ctx.Render(200, "x/p", c.origin) })
		got := webtest.Serve(t, m).Get("/o").Want(200).Find("#o")
		if got.Text() != c.want {
			t.Errorf("%+v: %q, want %q", c.origin, got.Text(), c.want)
		}
		if c.origin.Address() && got.All("a")[0].Attr("href") != c.origin.Cites {
			t.Errorf("%+v: no link", c.origin)
		}
	}
}
