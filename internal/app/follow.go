// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// What hangs on an item carries a copy of its visibility: the openings of its
// ledger entries, the thread, what a search finds. The copies change in the
// transaction that changes the item, and only here.

// reclassify is what parts call when they give an item another visibility.
func (o *office) reclassify(ctx context.Context, tx *ledger.Tx, item, visibility string) error {
	if err := o.ledger.Reclassify(ctx, tx, item, visibility); err != nil {
		return err
	}
	return follow(ctx, tx, item, authz.Visibility(visibility))
}

// index is what parts call in each transaction that writes an item. What hangs on
// the item follows the item, not a part of it.
func (o *office) index(ctx context.Context, tx *ledger.Tx, d search.Document) error {
	if err := search.Index(ctx, tx.Tx, d); err != nil || d.Part != "" {
		return err
	}
	return follow(ctx, tx, d.Item, d.Visibility)
}

// follow gives thread and search documents of an item its visibility.
func follow(ctx context.Context, tx *ledger.Tx, item string, v authz.Visibility) error {
	if err := content.SetVisibility(ctx, tx.Tx, item, v); err != nil {
		return err
	}
	return search.SetVisibility(ctx, tx.Tx, item, v)
}

// Kinds of search document that hang on an item; their parts are "<kind>:<id>".
const (
	kindComment    = "comment"
	kindAttachment = "attachment"
)

// passageChanged keeps the search document of a comment or an attachment, in the
// transaction that writes or erases it.
func (o *office) passageChanged(ctx context.Context, tx *ledger.Tx, p content.Passage) error {
	part := p.What + ":" + p.ID
	if p.Erased {
		return search.RemovePart(ctx, tx.Tx, p.Item, part)
	}
	kind, id, _ := strings.Cut(p.Item, ":")
	res, err := o.resource(kind)(ctx, tx, id)
	if err != nil {
		return err
	}
	return search.Index(ctx, tx.Tx, search.Document{Item: p.Item, Part: part, Kind: p.What, Title: p.Title, Body: p.Text, Visibility: res.Visibility})
}

// moduleOf returns the part that keeps items of a type.
func (o *office) moduleOf(itemType string) (module.Module, bool) {
	i := slices.IndexFunc(o.modules, func(m module.Module) bool { return m.Resource[itemType] != nil })
	if i < 0 {
		return module.Module{}, false
	}
	return o.modules[i], true
}

// resource makes the function that asks the part that keeps items of a type, once
// it is open.
func (o *office) resource(itemType string) content.ResourceOf {
	return func(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
		m, ok := o.moduleOf(itemType)
		if !ok {
			return authz.Resource{}, fault.ItemNotFound()
		}
		return m.Resource[itemType](ctx, r, id)
	}
}

// mayWrite makes the function that asks the part that keeps items of a type about
// their threads, once it is open.
func (o *office) mayWrite(itemType string) content.MayWrite {
	return func(ctx context.Context, r store.Reader, id, thread string) error {
		m, _ := o.moduleOf(itemType)
		if ask := m.Threads[itemType].MayWrite; ask != nil {
			return ask(ctx, r, id, thread)
		}
		return content.NoThread()
	}
}

// mayEdit is mayWrite for changing what was written.
func (o *office) mayEdit(itemType string) content.MayWrite {
	return func(ctx context.Context, r store.Reader, id, thread string) error {
		m, _ := o.moduleOf(itemType)
		if ask := m.Threads[itemType].MayEdit; ask != nil {
			return ask(ctx, r, id, thread)
		}
		return nil
	}
}

// threadURL is where the part that keeps an item shows a thread of it; "": nowhere.
func (o *office) threadURL(item, thread string) string {
	kind, id, _ := strings.Cut(item, ":")
	m, _ := o.moduleOf(kind)
	if address := m.Threads[kind].URL; address != nil {
		return address(id, thread)
	}
	return ""
}

// describer makes the function that has the part that keeps items of a type name
// them, once it is open.
func (o *office) describer(itemType string) catalog.Describer {
	return func(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
		m, ok := o.moduleOf(itemType)
		if !ok {
			return nil, nil
		}
		return m.Describe(ctx, r, a, items)
	}
}

// seen makes the function that has the part that keeps items of a type say which of
// them an actor may see, once it is open.
func (o *office) seen(itemType string) catalog.SeenBy {
	return func(a authz.Actor, idExpr string, args *[]any) string {
		m, ok := o.moduleOf(itemType)
		switch {
		case !ok:
			return "1 = 0"
		case m.Seen == nil:
			return "1 = 1" // what it describes is looked at afterwards
		}
		return m.Seen(a, idExpr, args)
	}
}

// itemTypes are those of all parts, of slices first.
func itemTypes() []module.ItemType {
	var all []module.ItemType
	for _, d := range slices.Backward(declarations()) {
		all = append(all, d.Items...)
	}
	return all
}

// byType makes something for each type of item.
func byType[T any](what func(itemType string) T) map[string]T {
	all := map[string]T{}
	for _, item := range itemTypes() {
		all[item.Type] = what(item.Type)
	}
	return all
}

// others are the same for the types that the catalogue does not keep itself.
func others[T any](what func(itemType string) T) map[string]T {
	all := byType(what)
	delete(all, catalog.ItemType)
	return all
}

// resources maps the type of an item to the part that says who may see it.
func (o *office) resources() map[string]content.ResourceOf { return byType(o.resource) }

// describe names the items that the actor may see, whatever their type; the
// others are absent.
func (o *office) describe(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
	all := map[string]catalog.Described{}
	for _, m := range o.modules {
		if m.Describe == nil {
			continue
		}
		some, err := m.Describe(ctx, r, a, items)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, some)
	}
	return all, nil
}

// followSubject lets what is about a subject follow its change.
func (o *office) followSubject(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
	for _, m := range o.modules {
		if m.Follow == nil {
			continue
		}
		if err := m.Follow(ctx, tx, subject); err != nil {
			return err
		}
	}
	return nil
}

// searchKinds are the kinds of document that parts write.
func searchKinds() []searchweb.Kind {
	var all []searchweb.Kind
	for _, item := range itemTypes() {
		all = append(all, searchweb.Kind{Name: item.Type, Label: item.Many, One: item.One, Icon: item.Icon})
	}
	return append(all,
		searchweb.Kind{Name: kindComment, Label: "office.kind.comments", One: "office.kind.comment", Icon: "message-square"},
		searchweb.Kind{Name: kindAttachment, Label: "office.kind.attachments", One: "office.kind.attachment", Icon: "paperclip"},
	)
}

// hitURL is where a hit of a search leads.
func hitURL(d catalog.Described, item, part string) string {
	switch kind, id, _ := strings.Cut(part, ":"); kind {
	case kindComment:
		return contentweb.CommentPath(id)
	case kindAttachment:
		return contentweb.AttachmentsPath(item)
	}
	return d.URL
}

// profileSections are the tabs under /me, of all parts.
func profileSections() []web.NavItem {
	return slices.Concat(identityweb.ProfileSections(), officeweb.ProfileSections(), contentweb.ProfileSections(), admin.ProfileSections())
}

// discussion is what the page of an item shows of its discussion.
func (o *office) discussion(ctx context.Context, item string) (web.Discussion, error) {
	return o.threads.Include(ctx, item)
}
