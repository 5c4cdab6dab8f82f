// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/review/kind"
)

// RequestInput asks for a review. People are named by id or login.
type RequestInput struct {
	Name         string            `json:"name,omitempty" maxLength:"60" doc:"stands for the id, such as new-ci; not of a restricted review"`
	Kind         string            `json:"kind,omitempty" maxLength:"60" doc:"name of the kind; default: early advice"`
	KindVersion  int64             `json:"kind_version,omitempty" doc:"version of the kind whose form was filled in; default: the present one"`
	Title        string            `json:"title" maxLength:"200"`
	Sketch       string            `json:"sketch,omitempty" maxLength:"10000" doc:"what it is about, in a paragraph"`
	Subject      string            `json:"subject,omitempty" maxLength:"200" doc:"reference of the subject, kind:name"`
	Owner        string            `json:"owner,omitempty" maxLength:"200" doc:"primary contact of the project; default: whoever requests"`
	Visibility   authz.Visibility  `json:"visibility,omitempty" enum:"public,internal,restricted" doc:"default: that of the subject, or internal"`
	Participants []string          `json:"participants,omitempty" maxItems:"100" doc:"who sees it if it is restricted: person:<id or login>, group:<id or name>"`
	Answers      map[string]string `json:"answers,omitempty" doc:"by field of the kind's form"`
	Technologies []kind.Technology `json:"technologies,omitempty" maxItems:"40"`
	Scenarios    []kind.Scenario   `json:"scenarios,omitempty" maxItems:"20"`
	PreScreen    map[string]string `json:"prescreen,omitempty" doc:"answers to the pre-screen"`
	Anyway       bool              `json:"anyway,omitempty" doc:"request a review though the pre-screen says that none is needed"`
	Follows      string            `json:"follows,omitempty" maxLength:"60" doc:"id of a review that is done and that this one follows"`
}

// The codes of faults of a request.
const (
	CodeInvalid     = "review.invalid"
	CodeKindChanged = "review.kind_changed"
)

// KindAdvice is the shipped kind by which a sketch asks for early advice.
const KindAdvice = "advice"

// Request asks for a review: a sketch of one paragraph asks for early advice. If
// the pre-screen was answered and says that no review is needed, that is recorded
// with the reason, and the review is done; unless the requester wants one anyway.
// A form that was filled in for another version of its kind is refused with what
// has changed (Conflict, [CodeKindChanged]).
func (s *Service) Request(ctx context.Context, in RequestInput) (Review, error) {
	if err := s.require(ctx, ActionRequest); err != nil {
		return Review{}, err
	}
	var after Review
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		var err error
		after, err = s.RequestIn(ctx, tx, in)
		return err
	})
	if err != nil {
		return Review{}, err
	}
	return after, nil
}

// RequestIn is [Service.Request] as part of another decision.
func (s *Service) RequestIn(ctx context.Context, tx *ledger.Tx, in RequestInput) (Review, error) {
	if err := s.require(ctx, ActionRequest); err != nil {
		return Review{}, err
	}
	d := &decision{s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy()}
	now := tx.Now()
	d.review = Review{
		ID: tx.NewID(), Version: 1, Kind: in.Kind, Requester: d.actor.ID, Visibility: in.Visibility,
		Column: Incoming, ReceivedAt: now, ChangedAt: now, ClockDays: d.policy.Clock.Days, Answers: map[string]string{},
	}
	if d.review.Kind == "" {
		d.review.Kind = KindAdvice
	}
	if d.actor.Kind != authz.KindPerson && in.Owner == "" {
		return Review{}, fault.New(fault.Invalid, CodeInvalid, "A service account requests a review for a person: name the owner.")
	}
	if err := d.request(ctx, in); err != nil {
		return Review{}, err
	}
	return d.review, d.storeNew(ctx)
}

func (d *decision) request(ctx context.Context, in RequestInput) error {
	k, version, err := d.s.kindOf(ctx, d.tx, d.review.Kind)
	if fault.Is(err, fault.NotFound) {
		return unknownKind()
	}
	if err != nil {
		return err
	}
	if in.KindVersion != 0 && in.KindVersion != version {
		return d.s.kindChanged(ctx, d.tx, k, in.KindVersion)
	}
	d.review.KindVersion, d.review.Required, d.review.Effort = version, k.Force == kind.Required, k.Effort
	var f item.Fields
	if err := d.subjectOf(ctx, &f, in.Subject); err != nil {
		return err
	}
	if in.Owner == "" {
		in.Owner = d.actor.ID
	}
	texts := EditInput{
		Title: &in.Title, Sketch: &in.Sketch, Owner: &in.Owner, Visibility: &d.review.Visibility,
		Answers: in.Answers, Technologies: &in.Technologies, Scenarios: &in.Scenarios,
	}
	if err := d.apply(ctx, &f, k, texts); err != nil {
		return err
	}
	if k.Sketch && d.review.Sketch == "" && len(in.PreScreen) == 0 {
		f.Add("sketch", "required", "Say in a paragraph what you have in mind.")
	}
	if err := d.follow(ctx, &f, in.Follows); err != nil {
		return err
	}
	if err := d.share(ctx, &f, in.Participants); err != nil {
		return err
	}
	d.screen(&f, in)
	// Last: that a name is taken may tell of a review that is hidden, so that each
	// wrong guess shall cost a review.
	if err := d.name(ctx, &f, in.Name); err != nil {
		return err
	}
	return f.Err(CodeInvalid)
}

func unknownKind() error {
	var f item.Fields
	f.Add("kind", "unknown", "There is no such kind of review. portreeve review kind list names them all.")
	return f.Err(CodeInvalid)
}

// subjectOf finds the subject of a new review, which the actor must see.
func (d *decision) subjectOf(ctx context.Context, f *item.Fields, ref string) error {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		if d.review.Visibility == "" {
			d.review.Visibility = authz.Internal
		}
		return nil
	}
	subject, err := d.s.Catalog.VisibleSubject(ctx, d.tx, d.actor, ref)
	switch {
	case fault.Is(err, fault.NotFound):
		f.Add("subject", "unknown", "There is no such subject, or it is not shown to you. Register it first, or leave it open.")
		return nil
	case err != nil:
		return err
	case subject.Retired():
		f.Add("subject", "retired", "This subject is no longer in use.")
	}
	d.subject, d.review.Subject = subject, subject.Ref
	if d.review.Visibility == "" {
		d.review.Visibility = subject.Visibility
	}
	return nil
}

// reservedNames are the words that stand for other pages and operations in the place
// of a review's id.
func reservedNames() []string {
	return []string{"abstracts", "advice", "board", "capacity", "export", "import", "imports", "kind", "kinds", "list", "meeting", "meetings",
		"metrics", "new", "past", "plan", "planning", "prescreen", "public", "queue", "quarter", "quarters", "request", "search", "sketch"}
}

// name gives the review the id that the requester chose. One that is restricted
// has an id that tells nothing.
func (d *decision) name(ctx context.Context, f *item.Fields, name string) error {
	switch name = strings.TrimSpace(name); {
	case name == "":
		return nil
	case !namePattern.MatchString(name):
		f.Add("name", "syntax", "Use 3 to 60 lower-case letters, digits and hyphens, beginning with a letter, such as new-ci.")
		return nil
	case slices.Contains(reservedNames(), name):
		f.Add("name", "reserved", "This word is a page of its own. Choose another name.")
		return nil
	case d.review.Visibility == authz.Restricted:
		f.Add("name", "restricted", "A restricted review gets an id that tells nothing. Leave the name open.")
		return nil
	}
	if len(*f) > 0 {
		return nil
	}
	var taken int64
	if err := d.tx.QueryRow(ctx, "SELECT COUNT(*) FROM review_item WHERE id = $1", name).Scan(&taken); err != nil {
		return fmt.Errorf("look for the name of a review: %w", err)
	}
	if taken > 0 {
		f.Add("name", "taken", "This name is in use. Choose another one.")
	}
	d.review.ID = name
	return nil
}

// follow makes sure that the review which this one follows is there for the actor,
// and done.
func (d *decision) follow(ctx context.Context, f *item.Fields, id string) error {
	if id == "" {
		return nil
	}
	old, err := loadReview(ctx, d.tx, d.actor, id)
	switch {
	case fault.Is(err, fault.NotFound):
		f.Add("follows", "unknown", "There is no such review, or it is not shown to you.")
	case err != nil:
		return err
	case !old.Done():
		f.Add("follows", "not_done", "A review follows one that is done; this one is not. Supersede it instead.")
	default:
		d.review.Predecessor = old.ID
	}
	return nil
}

// screen judges the answers to the pre-screen. A review that is not needed is done,
// and says why.
func (d *decision) screen(f *item.Fields, in RequestInput) {
	if len(in.PreScreen) == 0 {
		return
	}
	verdict, err := d.policy.PreScreen.Judge(in.PreScreen)
	if wrong := (*fault.Error)(nil); errors.As(err, &wrong) {
		for _, field := range wrong.Fields {
			f.Add("prescreen."+field.Path, field.Code, "%s", field.Message)
		}
	}
	if err != nil {
		if len(*f) == 0 {
			f.Add("prescreen", "invalid", "Answer each question of the pre-screen with one of the answers that it offers.")
		}
		return
	}
	d.review.PreScreen = PreScreen{Answers: maps.Clone(in.PreScreen), Result: verdict.Result, Because: verdict.Because}
	if verdict.Result != kind.NotNeeded || in.Anyway {
		return
	}
	now := d.tx.Now()
	d.review.Column, d.review.DoneAt = Done, now
	d.review.Verdict = Verdict{Outcome: NotNeeded, Reason: verdict.Because, At: now, Right: "By the rules of the pre-screen."}
}

// storeNew writes a new review, its first stage, its link to the subject and its entry.
func (d *decision) storeNew(ctx context.Context) error {
	d.startClock(StartsReceived)
	if err := authz.SetParticipants(ctx, d.tx.Tx, d.review.Item(), d.participants); err != nil {
		return err
	}
	kind := KindRequested
	if d.review.Done() {
		kind = KindScreened
	}
	if err := d.record(ctx, kind, stateOf(d.review, d.participants), item.Change{Field: "column", To: string(d.review.Column)}); err != nil {
		return err
	}
	d.review.Verdict.Entry = entryOf(d.review)
	if err := reviewRows.Insert(ctx, d.tx.Tx, d.review); err != nil {
		return err
	}
	if err := enterStage(ctx, d.tx.Tx, d.review.ID, d.review.Column, d.review.ReceivedAt); err != nil {
		return err
	}
	if err := d.index(ctx); err != nil {
		return err
	}
	if d.review.Subject == "" {
		return nil
	}
	return d.s.Catalog.Link(ctx, d.tx, d.review.Item(), RelationToSubject, d.review.Subject)
}

// entryOf returns the entry of the outcome: the latest one of a review that is done.
func entryOf(r Review) int64 {
	if !r.Done() {
		return 0
	}
	return r.Entry
}

// startClock begins to count the days if that is when policy says they begin.
func (d *decision) startClock(when string) {
	if d.policy.Clock.Starts == when && d.review.ClockStart.IsZero() && !d.review.Done() {
		d.review.ClockStart = d.tx.Now()
	}
}
