// SPDX-License-Identifier: Apache-2.0

package web

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed templates messages
var ownFiles embed.FS

// renderer holds the parsed templates. It is not changed after start-up.
type renderer struct {
	messages   *messages
	components *template.Template
	pages      map[string]*template.Template
	icons      map[string]template.HTML
	assets     *assets
	location   *time.Location
	clock      Clock
	markdown   func(string) template.HTML
}

// newRenderer parses the templates of all sources. A page's set is the kernel's
// layout, the package's templates/parts/*.html and the page itself; components
// are a set of their own that the function show executes, because a copy in each
// page's set would be most of the server's live memory. Every message that a
// template names literally must exist.
func newRenderer(sources []Source, deps Deps, files *assets) (*renderer, error) {
	msgs, err := loadMessages(sources, deps.Location)
	if err != nil {
		return nil, err
	}
	icons, err := loadIcons()
	if err != nil {
		return nil, err
	}
	r := &renderer{
		messages: msgs, pages: map[string]*template.Template{}, icons: icons, assets: files,
		location: deps.Location, clock: deps.Clock, markdown: deps.Markdown,
	}
	if r.markdown == nil {
		r.markdown = func(s string) template.HTML { return template.HTML(template.HTMLEscapeString(s)) }
	}
	layout, err := template.New("base").Funcs(r.funcs()).Option("missingkey=error").ParseFS(ownFiles, "templates/layout/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: parsing the layout: %w", err)
	}
	if r.components, err = layout.Clone(); err == nil {
		r.components, err = r.components.ParseFS(ownFiles, "templates/components/*.html")
	}
	if err != nil {
		return nil, fmt.Errorf("web: parsing the components: %w", err)
	}
	var errs []error
	for _, s := range sources {
		errs = append(errs, r.addSource(layout, s))
	}
	errs = append(errs, r.checkMessages(deps))
	return r, errors.Join(errs...)
}

func (r *renderer) addSource(layout *template.Template, s Source) error {
	pages, err := fs.Glob(s.FS, "templates/*.html")
	if err != nil {
		return fmt.Errorf("web: listing templates of %s: %w", s.Name, err)
	}
	parts, err := fs.Glob(s.FS, "templates/parts/*.html")
	if err != nil {
		return fmt.Errorf("web: listing parts of %s: %w", s.Name, err)
	}
	var errs []error
	for _, page := range pages {
		set, err := layout.Clone()
		if err == nil {
			set, err = set.ParseFS(s.FS, append(slices.Clone(parts), page)...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("web: parsing %s of %s: %w", page, s.Name, err))
			continue
		}
		name := s.Name + "/" + strings.TrimSuffix(path.Base(page), ".html")
		if set.Lookup("main") == nil || set.Lookup("title") == nil {
			errs = append(errs, fmt.Errorf("web: page %s does not define both \"title\" and \"main\"", name))
			continue
		}
		if err := escapes(set); err != nil {
			errs = append(errs, fmt.Errorf("web: page %s: %w", name, err))
			continue
		}
		r.pages[name] = set
	}
	return errors.Join(errs...)
}

// escapes reports a template that cannot be escaped, such as a value in a place
// where no escaping is safe. The standard library finds out at the first
// execution, which is made here and fails later, for want of data.
func escapes(set *template.Template) error {
	var unsafe *template.Error
	if err := set.ExecuteTemplate(io.Discard, "layout", nil); errors.As(err, &unsafe) {
		return unsafe
	}
	return nil
}

func (r *renderer) execute(w io.Writer, page, block string, view *View) error {
	set := r.pages[page]
	if set == nil {
		return fmt.Errorf("web: there is no page %q", page)
	}
	if err := set.ExecuteTemplate(w, block, view); err != nil {
		return fmt.Errorf("web: rendering %s: %w", page, err)
	}
	return nil
}
