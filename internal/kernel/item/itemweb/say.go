// SPDX-License-Identifier: Apache-2.0

package itemweb

import (
	"net/url"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Somebody is what stands for a person who is unknown or erased.
func Somebody(c *web.Ctx) string { return c.Text("web.item.somebody") }

// NameOf is the name of a person or an organisation, [Somebody] for who is unknown
// or erased, and empty for nobody.
func NameOf(c *web.Ctx, names map[string]catalog.Named, id string) string {
	if n, ok := names[id]; ok && n.Name != "" {
		return n.Name
	}
	if id == "" {
		return ""
	}
	return Somebody(c)
}

// Handle is how a person types the name of somebody: the login, or else the id.
func Handle(names map[string]catalog.Named, id string) string {
	if n := names[id]; n.Handle != "" {
		return n.Handle
	}
	return id
}

// Shown is what stands in a cell of a table, which may not be empty.
func Shown(c *web.Ctx, v any) any {
	switch v := v.(type) {
	case nil:
		return None(c)
	case string:
		if v == "" {
			return None(c)
		}
	case []any:
		if len(v) == 0 {
			return None(c)
		}
	case time.Time:
		if v.IsZero() {
			return None(c)
		}
	}
	return v
}

// None is what stands where there is nothing.
func None(c *web.Ctx) string { return c.Text("web.terms.none") }

// Sentence joins the parts that are not empty.
func Sentence(parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, " ")
}

// SubjectLink leads to a subject, by its title or else by its reference. It is nil
// without a reference.
func SubjectLink(ref, title string) any {
	if ref == "" {
		return nil
	}
	if title == "" {
		title = ref
	}
	return web.Link{Text: title, URL: "/subjects/" + url.PathEscape(ref)}
}

// DaysUntil counts the days from today to the last day of what ends at t, as a
// calendar in the office's zone counts them.
func DaysUntil(c *web.Ctx, t time.Time) int {
	day := func(t time.Time) time.Time {
		local := t.In(c.Location())
		return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(day(web.LastDay(t)).Sub(day(c.Now())).Hours()) / 24
}

// Short is the beginning of a digest, enough to compare by eye.
func Short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}
