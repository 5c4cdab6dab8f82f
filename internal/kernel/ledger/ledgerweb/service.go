// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Described says what a reference stands for.
type Described struct {
	Title string // "Olga Owner", "Call from production"
	URL   string // of its page, relative to the server's root; may be empty
}

// Describer returns the description of those references that it knows and the
// actor may see. References are actors ("person:<id>"), items ("risk:<id>") and
// subjects ("flow:<name>").
type Describer func(ctx context.Context, r store.Reader, a authz.Actor, refs []string) (map[string]Described, error)

// Deps are what the service needs. Describe may be nil: then references are
// shown as they stand.
type Deps struct {
	DB        *store.DB
	Log       *ledger.Log
	Writer    *ledger.Writer // of the module "ledger", with ledger.Kinds
	Policy    *authz.Policy
	Keys      string      // verifier keys as text: Signer.Verifiers
	Witnesses ledger.Keys // whose cosignatures are taken
	Kinds     []string    // every entry kind there is, for the filter of the list
	Describe  Describer
	Logger    *slog.Logger
}

// Service is the use cases of the log's readers. It may be used concurrently.
type Service struct {
	Deps
	scripts *verifier
}

// New returns the service.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	d.Kinds = slices.Sorted(slices.Values(d.Kinds))
	return &Service{Deps: d, scripts: newVerifier()}
}

// Filter selects entries; an empty field selects all.
type Filter struct{ Kind, Subject, Actor, Item string }

// check refuses a value that nothing can be like: the empty list would read as
// though nothing had been decided.
func (f Filter) check() error {
	var wrong []fault.Field
	for _, ref := range []struct{ name, value, like string }{
		{"subject", f.Subject, "flow:NAME or risk:ID"}, {"actor", f.Actor, "person:ID"}, {"item", f.Item, "risk:ID"},
	} {
		kind, id, _ := strings.Cut(ref.value, ":")
		if ref.value != "" && (kind == "" || id == "") {
			wrong = append(wrong, fault.Field{Path: ref.name, Code: "ledger.reference", Message: "Write it as the ledger does, with its kind before it, such as " + ref.like + "."})
		}
	}
	return fault.InvalidFields("ledger.filter", wrong)
}

func (f Filter) ledger() ledger.Filter {
	l := ledger.Filter{Subject: f.Subject, Actor: f.Actor, Item: f.Item}
	if f.Kind != "" {
		l.Kinds = []string{f.Kind}
	}
	return l
}

// read runs fn on a snapshot.
func (s *Service) read(ctx context.Context, fn func(r *store.ReadTx) error) error {
	return s.DB.Read(ctx, fn)
}

// Document returns an entry that the actor of ctx may see, with its proof in the
// log of that size; zero means the log as it is now.
func (s *Service) Document(ctx context.Context, seq, size int64) (Document, error) {
	var d Document
	err := s.read(ctx, func(r *store.ReadTx) error {
		record, proof, err := s.prove(ctx, r, seq, size)
		if err != nil {
			return err
		}
		names, err := s.describe(ctx, r, record)
		if err != nil {
			return err
		}
		d = document(record, proof, names)
		return nil
	})
	return d, err
}

// prove loads an entry and proves it, in this order: whoever may not see the
// entry learns nothing from the proof.
func (s *Service) prove(ctx context.Context, r store.Reader, seq, size int64) (ledger.Record, ledger.Inclusion, error) {
	a := authz.ActorFrom(ctx)
	record, err := s.Log.Entry(ctx, r, a, seq)
	if err != nil {
		return ledger.Record{}, ledger.Inclusion{}, err
	}
	proof, err := s.Log.ProveInclusion(ctx, r, a, seq, size)
	if err != nil {
		return ledger.Record{}, ledger.Inclusion{}, err
	}
	return record, proof, nil
}

// MaxReason is the largest reason for an erasure in characters.
const MaxReason = 2000

// erasure is the body of the entry that records an erasure.
type erasure struct {
	Entry  int64    `json:"entry"`
	Fields []string `json:"fields"`
	Reason string   `json:"reason"`
}

// Erase erases fields of an entry that the actor of ctx may see, for good, and
// appends the entry that says who did and why. It returns that entry's number
// and the fields that were erased now.
func (s *Service) Erase(ctx context.Context, seq int64, order ErasureOrder) (Erased, error) {
	fields, err := order.check()
	if err != nil {
		return Erased{}, err
	}
	a := authz.ActorFrom(ctx)
	var done Erased
	err = s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		record, err := s.erasable(ctx, tx, a, seq)
		if err != nil {
			return err
		}
		open := slices.DeleteFunc(slices.Clone(fields), func(f ledger.Field) bool { return slices.Contains(record.Erased, f) })
		if len(open) == 0 {
			return fault.New(fault.Conflict, "ledger.erased_already", "What you chose is erased already; nothing was changed.")
		}
		if _, err := s.Log.Erase(ctx, tx, []int64{seq}, open...); err != nil {
			return err
		}
		done.Fields = fieldNames(open)
		done.RecordedAs, err = s.Writer.Append(ctx, tx, ledger.Entry{
			Kind: ledger.KindErased, Actor: a.Ref(), Subject: fmt.Sprintf("entry:%d", seq),
			Body: erasure{Entry: seq, Fields: done.Fields, Reason: strings.TrimSpace(order.Reason)},
			Item: record.Item, Visibility: string(record.Visibility), // who may read the one may read the other
		})
		return err
	})
	return done, err
}

// erasable loads an entry and checks that the actor may see and erase it.
func (s *Service) erasable(ctx context.Context, r store.Reader, a authz.Actor, seq int64) (ledger.Record, error) {
	if !s.Policy.Allowed(a, ledger.ActionErase) {
		// The same answer whether the entry exists or not.
		return ledger.Record{}, s.Policy.Check(a, ledger.ActionErase, authz.Resource{Visibility: authz.Public})
	}
	record, err := s.Log.Entry(ctx, r, a, seq)
	if err != nil {
		return ledger.Record{}, err
	}
	participants, err := authz.Participants(ctx, r, record.Item)
	if err != nil {
		return ledger.Record{}, err
	}
	return record, s.Policy.Check(a, ledger.ActionErase, authz.Resource{Item: record.Item, Visibility: record.Visibility, Participants: participants})
}

// check returns the fields, or what is wrong with the order.
func (o ErasureOrder) check() ([]ledger.Field, error) {
	var wrong []fault.Field
	var fields []ledger.Field
	for _, name := range o.Fields {
		f, ok := format.ParseField(name)
		if !ok {
			wrong = append(wrong, fault.Field{Path: "fields", Code: "not_offered", Message: "Choose from kind, actor, subject and body."})
			break
		}
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	if len(o.Fields) == 0 {
		wrong = append(wrong, fault.Field{Path: "fields", Code: "required", Message: "Choose what to erase."})
	}
	reason := strings.TrimSpace(o.Reason)
	switch {
	case reason == "":
		wrong = append(wrong, fault.Field{Path: "reason", Code: "required", Message: "Say why; the reason stays in the log."})
	case utf8.RuneCountInString(reason) > MaxReason:
		wrong = append(wrong, fault.Field{Path: "reason", Code: "too_long", Message: fmt.Sprintf("At most %d characters.", MaxReason)})
	case !web.PlainText(reason):
		wrong = append(wrong, fault.Field{Path: "reason", Code: "control_character", Message: "The text holds a control character, or one that hides or reorders others."})
	}
	return fields, fault.InvalidFields("ledger.erasure_invalid", wrong)
}

func fieldNames(fields []ledger.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.String()
	}
	return names
}
