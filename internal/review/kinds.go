// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// KindVersion is one version of a kind. Version 1 of a shipped kind is the one that
// this program came with; what the organisation publishes counts on from there.
type KindVersion struct {
	Name        string    `json:"name"`
	Version     int64     `json:"version"`
	Text        string    `json:"text" doc:"YAML"`
	Note        string    `json:"note,omitempty" doc:"why it was published"`
	Author      string    `json:"author,omitempty" doc:"absent: it is shipped"`
	PublishedAt time.Time `json:"published_at,omitzero"`
	Entry       int64     `json:"entry,omitempty"`
}

var kindRows = store.NewTable("review_kind", "k", nil, func(k *KindVersion) []store.Column {
	return []store.Column{
		store.Text("name", &k.Name), store.Int("version", &k.Version), store.Text("words", &k.Text), store.Text("note", &k.Note),
		store.Text("author", &k.Author), store.Moment("published_at", &k.PublishedAt), store.Int("entry", &k.Entry),
	}
})

// maxKind bounds the text of a kind, in bytes.
const maxKind = 64 << 10

// published returns the published versions that where selects.
func published(ctx context.Context, rd store.Reader, where string, args ...any) ([]KindVersion, error) {
	return kindRows.All(ctx, rd, where, args...)
}

// kindOf returns the present version of a kind; NotFound.
func (s *Service) kindOf(ctx context.Context, rd store.Reader, name string) (*kind.Kind, int64, error) {
	v, err := s.kindVersion(ctx, rd, name, 0)
	if err != nil {
		return nil, 0, err
	}
	k, err := s.read(v)
	return k, v.Version, err
}

// kindAt returns one version of a kind; NotFound.
func (s *Service) kindAt(ctx context.Context, rd store.Reader, name string, version int64) (*kind.Kind, error) {
	v, err := s.kindVersion(ctx, rd, name, version)
	if err != nil {
		return nil, err
	}
	return s.read(v)
}

// kindVersion returns a version of a kind; 0: the present one.
func (s *Service) kindVersion(ctx context.Context, rd store.Reader, name string, version int64) (KindVersion, error) {
	where, args := "WHERE k.name = $1 ORDER BY k.version DESC LIMIT 1", []any{name}
	if version > 0 {
		where, args = "WHERE k.name = $1 AND k.version = $2", append(args, version)
	}
	all, err := published(ctx, rd, where, args...)
	if err != nil {
		return KindVersion{}, err
	}
	if len(all) > 0 {
		return all[0], nil
	}
	text, shipped, err := shippedKind(name)
	if err != nil {
		return KindVersion{}, err
	}
	if !shipped || version > 1 {
		return KindVersion{}, fault.ItemNotFound()
	}
	return KindVersion{Name: name, Version: 1, Text: text}, nil
}

// shippedKind returns the text of a shipped kind, and whether there is one.
func shippedKind(name string) (string, bool, error) {
	if !slices.Contains(kind.ShippedNames(), name) {
		return "", false, nil
	}
	text, err := kind.ShippedYAML(name)
	return string(text), err == nil, err
}

// Kinds returns the present version of each kind, by name.
func (s *Service) Kinds(ctx context.Context) ([]KindVersion, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return nil, err
	}
	var all []KindVersion
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		all, err = s.kinds(ctx, r)
		return err
	})
	return all, err
}

func (s *Service) kinds(ctx context.Context, rd store.Reader) ([]KindVersion, error) {
	own, err := published(ctx, rd, "WHERE k.version = (SELECT MAX(o.version) FROM review_kind o WHERE o.name = k.name)")
	if err != nil {
		return nil, err
	}
	for _, name := range kind.ShippedNames() {
		if slices.ContainsFunc(own, func(k KindVersion) bool { return k.Name == name }) {
			continue
		}
		text, _, err := shippedKind(name)
		if err != nil {
			return nil, err
		}
		own = append(own, KindVersion{Name: name, Version: 1, Text: text})
	}
	slices.SortFunc(own, func(a, b KindVersion) int { return strings.Compare(a.Name, b.Name) })
	return own, nil
}

// Kind returns a version of a kind, the present one for version 0, read and as text;
// NotFound.
func (s *Service) Kind(ctx context.Context, name string, version int64) (*kind.Kind, KindVersion, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return nil, KindVersion{}, err
	}
	var v KindVersion
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		v, err = s.kindVersion(ctx, r, name, version)
		return err
	})
	if err != nil {
		return nil, KindVersion{}, err
	}
	k, err := s.read(v)
	return k, v, err
}

// PublishKind publishes a new version of a kind, or a new kind. before is the
// version that it was made from, 0 for a new kind. Reviews keep the version that
// they were requested by. A text that is that of before makes no version: what is
// returned then is the one there is.
func (s *Service) PublishKind(ctx context.Context, name string, before int64, text, note string) (KindVersion, error) {
	if err := s.require(ctx, ActionKind); err != nil {
		return KindVersion{}, err
	}
	var v KindVersion
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		k, err := kind.Parse(name+".yaml", []byte(text))
		if err != nil {
			return err
		}
		var f item.Fields
		note = f.Text("note", note, MaxReason, true)
		if k.Name != name {
			f.Add("text", "name", "The name in the text is another one. A kind keeps its name; publish a new kind instead.")
		}
		for _, wrong := range k.Against(&s.Policy().PreScreen) {
			f.Add("text", wrong.Code, "%s: %s", wrong.Path, wrong.Message)
		}
		if err := s.rankKnown(ctx, tx, &f, k); err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		now, err := s.kindVersion(ctx, tx, name, 0)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if now.Version != before {
			return stale()
		}
		if before > 0 && plainText(now.Text) == plainText(text) {
			v = now
			return errSameKind
		}
		if err := s.keepsGates(now, k); err != nil {
			return err
		}
		actor := authz.ActorFrom(ctx)
		v = KindVersion{Name: name, Version: before + 1, Text: text, Note: note, Author: actor.ID, PublishedAt: tx.Now()}
		body := map[string]any{"kind": name, "version": v.Version, "force": k.Force, "text_sha256": item.SHA(text), "note": note}
		v.Entry, err = s.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindPublished, Actor: actor.Ref(), Subject: "review-kind:" + name, Body: body, Item: "review-kind:" + name, Visibility: string(authz.Internal),
		})
		if err != nil {
			return err
		}
		return kindRows.Insert(ctx, tx.Tx, v)
	})
	if err != nil && !errors.Is(err, errSameKind) {
		return KindVersion{}, err
	}
	return v, nil
}

// errSameKind ends the transaction of a text that changes nothing: there is nothing
// to write, and no entry to write it with.
var errSameKind = errors.New("review: the kind has this text already")

// plainText is a text as it is compared: a form sends other line ends than a file.
func plainText(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// keepsGates refuses to make a required kind advisory while the gate policy asks for
// it: no gate can be closed by an advisory one, so whoever publishes kinds would open
// gates that somebody else answers for.
func (s *Service) keepsGates(now KindVersion, k *kind.Kind) error {
	if now.Version == 0 || k.Force == kind.Required || s.Gate == nil {
		return nil
	}
	then, err := s.read(now)
	if err != nil || then.Force != kind.Required {
		return err
	}
	for _, row := range s.Gate().Rows {
		for _, demand := range row.Requires {
			if demand.Decision == DecisionRequired && demand.Mode != gate.Advisory && demand.With["kind"] == k.Name {
				return fault.New(fault.Conflict, "review.kind_required", "The gate policy asks for a review of this kind, and an advisory one closes no gate. Let whoever administers the gate policy change its rows first.")
			}
		}
	}
	return nil
}

// rankKnown makes sure that somebody can decide: the rank that a kind names is one
// of the office's.
func (s *Service) rankKnown(ctx context.Context, tx *ledger.Tx, f *item.Fields, k *kind.Kind) error {
	if k.DecidedBy == "" {
		return nil
	}
	office, err := authz.LoadAuthority(ctx, tx)
	if err != nil {
		return err
	}
	if office.RankIndex(k.DecidedBy) < 0 {
		f.Add("text", "rank", "decided_by names a rank that the office does not have.")
	}
	return nil
}

// kindChanged refuses a form that was filled in for another version of its kind,
// with what has changed since.
func (s *Service) kindChanged(ctx context.Context, rd store.Reader, now *kind.Kind, version int64) error {
	then, err := s.kindAt(ctx, rd, now.Name, version)
	if fault.Is(err, fault.NotFound) {
		return unknownKind()
	}
	if err != nil {
		return err
	}
	var f item.Fields
	for _, diff := range kind.Diff(then, now) {
		f.Add("kind_version", "changed", "%s", diff.String())
	}
	return &fault.Error{
		Kind: fault.Conflict, Code: CodeKindChanged, Fields: f,
		Message: "The form of this kind of review was changed while you filled it in. Your answers are kept: look at what is asked now, then send it again.",
	}
}

// shortfalls lists what falls short in the form of a review, by the rules.
func (s *Service) shortfalls(ctx context.Context, rd store.Reader, r Review) ([]kind.Shortfall, error) {
	k, err := s.kindAt(ctx, rd, r.Kind, r.KindVersion)
	if err != nil {
		return nil, err
	}
	return k.Shortfalls(r.form(), r.Technologies, r.Scenarios, s.Policy().Weak.Answers), nil
}

// read reads the text of a version. A text is read once: it never changes.
func (s *Service) read(v KindVersion) (*kind.Kind, error) {
	key := item.SHA(v.Text)
	if known, ok := s.parsed.Load(key); ok {
		return known.(*kind.Kind), nil
	}
	k, err := kind.Parse(v.Name+".yaml", []byte(v.Text))
	if err != nil {
		return nil, err
	}
	s.parsed.Store(key, k)
	return k, nil
}
