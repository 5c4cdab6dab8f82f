// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// formPage is a page with one form about a D, a risk or an acceptance.
type formPage[D any] struct {
	path   string       // pattern of the form's page
	sends  string       // pattern that it is sent to; "": path
	action authz.Action // of both
	page   string       // template
	done   string       // message key after success
	load   func(c *web.Ctx) (D, error)
	may    func(c *web.Ctx, d D) bool                                        // whether to show the form at all
	values func(c *web.Ctx, d D) url.Values                                  // what is saved now, with its version
	view   func(c *web.Ctx, d D, f *web.Form) (any, error)                   // f is nil before anything was sent
	send   func(c *web.Ctx, d D, version int64, f *web.Form) (string, error) // carries it out and says where to go on
}

// register adds the form's routes.
func (p formPage[D]) register(m *web.Mux) {
	if p.sends == "" {
		p.sends = p.path
	}
	m.Page("GET "+p.path, p.action, p.show)
	m.Page("POST "+p.sends, p.action, p.post)
}

func (p formPage[D]) show(c *web.Ctx) error {
	d, err := p.load(c)
	if err != nil {
		return err
	}
	if !p.may(c, d) {
		return fault.New(fault.Conflict, "risk.not_now", "%s", c.Text("risk.not_now"))
	}
	v, err := p.view(c, d, nil)
	if err != nil {
		return err
	}
	c.Prefill(address(c, p.sends), p.values(c, d))
	return c.Render(http.StatusOK, p.page, v)
}

func (p formPage[D]) post(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := p.load(c)
	if err != nil {
		return err
	}
	if reshaped(f) {
		return p.again(c, d, f)
	}
	next, err := p.send(c, d, f.Version(), f)
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(p.values(c, d))
		}
		v, missing := p.view(c, d, f)
		if missing != nil {
			return missing
		}
		return c.Again(err, p.page, v)
	}
	c.Flash(p.done)
	return c.SeeOther(next)
}

// again shows a form with one more row, or with what it leads to, and changes
// nothing.
func (p formPage[D]) again(c *web.Ctx, d D, f *web.Form) error {
	v, err := p.view(c, d, f)
	if err != nil {
		return err
	}
	if c.Partial() {
		return c.Fragment(http.StatusOK, p.page, "proposal", v)
	}
	return c.Render(http.StatusOK, p.page, v)
}

// reshaped reports whether a button other than the one that saves was pressed.
func reshaped(f *web.Form) bool { return f.Bool("more") || f.Bool("propose") }

// address fills the {names} of a pattern from the request's path.
func address(c *web.Ctx, pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			parts[i] = url.PathEscape(c.Path(strings.TrimSuffix(name, "}")))
		}
	}
	return strings.Join(parts, "/")
}

// versionOnly is what a form starts from that adds something.
func versionOnly(version int64) url.Values {
	return url.Values{"_version": {strconv.FormatInt(version, 10)}}
}

// rowCount is how many rows of a repeated part a form shows: as many as were
// sent, one more if that was asked for, at least least and at most most.
func rowCount(f *web.Form, least, most int) int {
	n := int(f.Int("rows", 0, int64(most)))
	if f.Bool("more") {
		n++
	}
	return min(max(n, least), most)
}

// rowField names a field in a repeated part as faults name it: "parties[0].name".
func rowField(part string, row int, field string) string {
	return part + "[" + strconv.Itoa(row) + "]." + field
}

// inRows gives the wrong fields of a fault the names that they have in the form,
// where blank rows stand between those that were sent on.
func inRows(err error, part string, rows []int) error {
	f := fault.From(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = slices.Clone(f.Fields)
	for i, field := range moved.Fields {
		rest, ok := strings.CutPrefix(field.Path, part+"[")
		if !ok {
			continue
		}
		number, name, ok := strings.Cut(rest, "].")
		n, err := strconv.Atoi(number)
		if ok && err == nil && n >= 0 && n < len(rows) {
			moved.Fields[i].Path = rowField(part, rows[n], name)
		}
	}
	return &moved
}

// lines returns the lines of a text that are not blank.
func lines(text string) []string {
	all := []string{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
