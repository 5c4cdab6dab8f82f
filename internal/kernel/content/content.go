// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The actions of this package.
const (
	ActionRead    authz.Action = "content:read"
	ActionComment authz.Action = "content:comment"
	ActionAttach  authz.Action = "content:attach"
	ActionErase   authz.Action = "content:erase"
)

// Actions returns the actions of this package with their default grants. On which
// items they can be done depends on who may see the item.
func Actions() []authz.ActionDef {
	writers := []authz.Role{authz.RoleRequester, authz.RoleOwner, authz.RoleTriager, authz.RoleReviewer, authz.RoleExecutive, authz.RoleOutsider, authz.RoleAdmin}
	return []authz.ActionDef{
		{Name: ActionRead, Summary: "Read comments and download attachments of what you may see.", Roles: authz.Roles(), Read: true},
		{Name: ActionComment, Summary: "Comment on what you may see.", Roles: writers},
		{Name: ActionAttach, Summary: "Attach files to what you may see.", Roles: writers},
		{Name: ActionErase, Summary: "Erase comments and attachments of others.", Roles: []authz.Role{authz.RoleTriager, authz.RoleReviewer}},
	}
}

// The ledger entry kinds of this package.
const (
	KindPosted   = "content.comment.posted"
	KindEdited   = "content.comment.edited"
	KindAttached = "content.attachment.added"
	KindErased   = "content.erased"
)

// EntryKinds returns the ledger entry kinds that this package alone appends.
func EntryKinds() []string { return []string{KindPosted, KindEdited, KindAttached, KindErased} }

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of module "content" for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "content", FS: sub}
}

// ResourceOf gives the visibility of an item by its id; an absent item is
// fault.NotFound. It is the type of module.Module's Resource.
type ResourceOf = func(ctx context.Context, r store.Reader, id string) (authz.Resource, error)

// Deps is what the service needs.
type Deps struct {
	DB        *store.DB
	Writer    *ledger.Writer // of module "content" with EntryKinds
	Policy    *authz.Policy
	Resources map[string]ResourceOf // by item type; of other items nothing can be written or read
	Settings  *config.Holder[Settings]
	Threads   map[string]MayWrite // by item type; items of others have their general discussion alone
	// Edits says, by item type, whether an author may change what they wrote into a
	// thread; of other items they may.
	Edits map[string]MayWrite
	// Changed, if set, is called in the transaction that writes or erases a comment
	// or an attachment: to keep the search index.
	Changed func(ctx context.Context, tx *ledger.Tx, p Passage) error
}

// Service holds the use cases. It is safe for concurrent use.
type Service struct {
	db        *store.DB
	writer    *ledger.Writer
	policy    *authz.Policy
	resources map[string]ResourceOf
	settings  *config.Holder[Settings]
	threads   map[string]MayWrite
	edits     map[string]MayWrite
	onChange  func(ctx context.Context, tx *ledger.Tx, p Passage) error
}

// New returns the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, writer: d.Writer, policy: d.Policy, resources: d.Resources, settings: d.Settings, threads: d.Threads, edits: d.Edits, onChange: d.Changed}
}

// resource returns what authz must know about an item; an item that no module
// knows is NotFound like one that does not exist.
func (s *Service) resource(ctx context.Context, r store.Reader, item string) (authz.Resource, error) {
	kind, id, ok := strings.Cut(item, ":")
	resourceOf := s.resources[kind]
	if !ok || id == "" || resourceOf == nil {
		return authz.Resource{}, fault.ItemNotFound()
	}
	return resourceOf(ctx, r, id)
}

// check returns the item's resource if the actor of ctx may do action on it.
func (s *Service) check(ctx context.Context, r store.Reader, action authz.Action, item string) (authz.Resource, error) {
	a := authz.ActorFrom(ctx)
	if !s.policy.Allowed(a, action) {
		// The same answer whether the item exists or not.
		return authz.Resource{}, s.policy.Check(a, action, authz.Resource{Visibility: authz.Public})
	}
	res, err := s.resource(ctx, r, item)
	if err != nil {
		return authz.Resource{}, err
	}
	return res, s.policy.Check(a, action, res)
}

// open makes sure that the item has a thread, with the visibility that it has now.
func open(ctx context.Context, tx *store.Tx, item string, v authz.Visibility) error {
	kind, _, _ := strings.Cut(item, ":")
	_, err := tx.Exec(ctx, `INSERT INTO content_thread (item, item_type, visibility) VALUES ($1, $2, $3)
		ON CONFLICT (item) DO UPDATE SET visibility = excluded.visibility`, item, kind, string(v))
	return wrap(err, "open a thread")
}

// SetVisibility records the new visibility of an item. Whoever changes it calls
// this in the same transaction; an item without comments or attachments is fine.
func SetVisibility(ctx context.Context, tx *store.Tx, item string, v authz.Visibility) error {
	if !v.Known() {
		return fmt.Errorf("content: visibility %q is not known", v)
	}
	_, err := tx.Exec(ctx, "UPDATE content_thread SET visibility = $1 WHERE item = $2 AND visibility <> $1", string(v), item)
	return wrap(err, "change the visibility of a thread")
}

const saltBytes = 16

// seal returns a fresh salt and the digest of salt and content, in hexadecimal:
// what the ledger keeps of a content that may be erased.
func (s *Service) seal(content []byte) (salt []byte, digest string, err error) {
	salt = make([]byte, saltBytes)
	if _, err := io.ReadFull(s.db.Rand(), salt); err != nil {
		return nil, "", fmt.Errorf("draw a salt: %w", err)
	}
	return salt, Digest(salt, content), nil
}

// Digest is SHA-256 of the salt followed by the content, in hexadecimal: how
// entries commit to comments and attachments.
func Digest(salt, content []byte) string {
	h := sha256.New()
	h.Write(salt)
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
