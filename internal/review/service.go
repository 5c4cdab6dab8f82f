// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"
	"sync"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// Service holds the use cases of reviews. Each takes the actor from the context,
// checks their action, and is one transaction with its ledger entry. It may be used
// concurrently.
type Service struct {
	module.Kernel
	policy *config.Holder[Policy]
	parsed sync.Map // kinds by the SHA-256 of their text; bounded by what was published
	texts  *web.Mux // once there are pages: the catalogue of their words
}

// New returns the service on a kernel whose writer is that of module "review" with
// [EntryKinds].
func New(k module.Kernel, policy *config.Holder[Policy]) *Service {
	s := &Service{Kernel: k, policy: policy}
	s.Reclassify = func(ctx context.Context, tx *ledger.Tx, item, visibility string) error {
		if err := k.Reclassify(ctx, tx, item, visibility); err != nil {
			return err
		}
		return s.keepRestricted(ctx, tx, item)
	}
	return s
}

// Policy returns the policy that is in force now.
func (s *Service) Policy() *Policy { return s.policy.Get() }

// decision is one change of one review on its way through a transaction.
type decision struct {
	s            *Service
	tx           *ledger.Tx
	actor        authz.Actor
	policy       *Policy
	before       Review // as loaded; the zero value: it is new
	review       Review // as it will be stored
	participants []string
	subject      catalog.Subject // the zero value: the review names none
	meeting      string          // id of the meeting in which it is decided, or ""
	bars         *barred         // see barred, which fills it
}

// change says which change of a review is made.
type change struct {
	action  authz.Action
	verb    string // of [Transitions]; "": the review stays in its column
	after   bool   // possible once the review is done, too
	id      string
	version int64 // the one that the actor saw
	meeting string
}

// require refuses early, and alike whether the item exists or not.
func (s *Service) require(ctx context.Context, action authz.Action) error {
	return s.Authz.Require(authz.ActorFrom(ctx), action)
}

// onReview runs one change of a review: check, load, the verb's transition, fn, write.
func (s *Service) onReview(ctx context.Context, c change, fn func(d *decision) error) (Review, error) {
	if err := s.require(ctx, c.action); err != nil {
		return Review{}, err
	}
	var after Review
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		d, err := s.load(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := d.write(ctx, func() error { return fn(d) }); err != nil {
			return err
		}
		after = d.review
		return nil
	})
	if err != nil {
		return Review{}, err
	}
	return after, nil
}

// load reads the review if the actor may make the change, on the version that they
// saw. A review that they may not see answers as one that is not there.
func (s *Service) load(ctx context.Context, tx *ledger.Tx, c change) (*decision, error) {
	d := &decision{s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy(), meeting: c.meeting}
	var err error
	if d.before, err = loadReview(ctx, tx, d.actor, c.id); err != nil {
		return nil, err
	}
	d.review = d.before
	if d.participants, err = authz.Participants(ctx, tx, d.review.Item()); err != nil {
		return nil, err
	}
	if err := s.Authz.Check(d.actor, c.action, d.resource()); err != nil {
		return nil, err
	}
	if d.review.Subject != "" {
		if d.subject, err = s.Catalog.Subject(ctx, tx, d.review.Subject); err != nil {
			return nil, err
		}
	}
	switch {
	case d.before.Version != c.version:
		return nil, stale()
	case c.verb != "":
		d.review.Column, err = item.Next(Transitions(), d.before.Column, c.verb, "review.state")
	case d.before.Done() && !c.after:
		err = alreadyDone()
	}
	return d, err
}

// CodeDone is the code of a change that a review with an outcome does not take.
const CodeDone = "review.done"

func alreadyDone() error {
	return fault.New(fault.Conflict, CodeDone, "This review is done, and nothing is reopened. Request another one that follows it.")
}

// write stores what fn changes. fn appends the entry.
func (d *decision) write(ctx context.Context, fn func() error) error {
	d.review.Version++
	d.review.ChangedAt = d.tx.Now()
	if err := fn(); err != nil {
		return err
	}
	if err := reviewRows.Update(ctx, d.tx.Tx, d.review, d.before.Version); err != nil {
		return err
	}
	if d.before.Column != d.review.Column {
		if err := enterStage(ctx, d.tx.Tx, d.review.ID, d.review.Column, d.tx.Now()); err != nil {
			return err
		}
	}
	return d.index(ctx)
}

// resource describes the review to authz.
// of is the column that says to which review a part belongs.
func (d *decision) of() store.Column { return store.Value("review", d.review.ID) }

func (d *decision) resource() authz.Resource { return resourceOf(d.before, d.participants) }

func resourceOf(r Review, participants []string) authz.Resource {
	return authz.Resource{Item: r.Item(), Visibility: r.Visibility, Owner: r.Owner, Requester: r.Requester, Participants: participants}
}

// partRestricted marks the lines of the history that only those who take part see.
const partRestricted = "restricted"

// record appends the entry of a change and its line of the history. It is recorded
// under the stricter visibility of before and after.
func (d *decision) record(ctx context.Context, kind string, body any, changes ...item.Change) error {
	return d.recordPart(ctx, kind, body, false, changes...)
}

// recordPart is [decision.record] for a part of the review, which only those who
// take part see if it is restricted. It sets the entry of the review.
func (d *decision) recordPart(ctx context.Context, kind string, body any, restricted bool, changes ...item.Change) error {
	visibility, part := d.review.Visibility, ""
	if d.before.ID != "" {
		visibility = item.Stricter(d.before.Visibility, d.review.Visibility)
	}
	if d.meeting != "" {
		part = meetingPart(d.meeting)
	}
	if restricted {
		visibility, part = authz.Restricted, partRestricted
	}
	about := d.review.Subject
	if about == "" {
		about = d.review.Item()
	}
	seq, err := d.s.Writer.Append(ctx, d.tx, ledger.Entry{
		Kind: kind, Actor: d.actor.Ref(), Subject: about, Body: body, Item: d.review.Item(), Visibility: string(visibility),
	})
	if err != nil {
		return err
	}
	d.review.Entry = seq
	return history.Add(ctx, d.tx.Tx, d.review.ID, item.Step{
		Entry: seq, Part: part, Version: d.review.Version, Kind: kind, Actor: d.actor.Ref(), At: d.tx.Now(), Changes: changes,
	})
}

// insider reports whether the actor takes part, by themselves or in a group: who
// does sees the restricted parts of a review.
func insider(a authz.Actor, participants []string) bool {
	return slices.ContainsFunc(a.Principals(), func(p string) bool { return slices.Contains(participants, p) })
}

// join lets people take part in the review: they are asked for something in it.
func (d *decision) join(ctx context.Context, people ...string) error {
	all := item.WithPeople(d.participants, people...)
	if slices.Equal(all, d.participants) {
		return nil
	}
	d.participants = all
	return authz.SetParticipants(ctx, d.tx.Tx, d.review.Item(), all)
}

// letIn lets those who are asked for something see the review: of one that is not
// restricted they see what everybody does, and its restricted parts stay with those
// who take part.
func (d *decision) letIn(ctx context.Context, people ...string) error {
	if d.review.Visibility != authz.Restricted {
		return nil
	}
	return d.join(ctx, people...)
}

// asked is [decision.sighted] for somebody who is asked for something, and does not
// take part for that: they have to see the review by themselves.
func (d *decision) asked(ctx context.Context, f *item.Fields, path, idOrLogin string) (string, error) {
	id, err := d.sighted(ctx, f, path, idOrLogin)
	if err != nil || id == "" || d.review.Visibility == authz.Restricted {
		return id, err
	}
	a, err := d.s.Directory.ActorOf(ctx, d.tx, id)
	if err != nil {
		return "", err
	}
	if !authz.CanSee(a, resourceOf(d.review, d.participants)) {
		f.Add(path, "unsighted", "This person may not see the review. Name somebody else, or let them take part first; they see its restricted parts then, too.")
	}
	return id, nil
}

// sighted notes the field if the person may not be let into the review: it is never
// shown to more people than its subject.
func (d *decision) sighted(ctx context.Context, f *item.Fields, path, idOrLogin string) (string, error) {
	id, err := item.Person(ctx, d.tx, d.s.Directory, f, path, idOrLogin)
	if err != nil || id == "" || d.subject.Ref == "" {
		return id, err
	}
	a, err := d.s.Directory.ActorOf(ctx, d.tx, id)
	if err != nil {
		return "", err
	}
	subject := authz.Resource{Item: d.subject.Item(), Visibility: d.subject.Visibility}
	if subject.Participants, err = authz.Participants(ctx, d.tx, subject.Item); err != nil {
		return "", err
	}
	if !authz.CanSee(a, subject) {
		f.Add(path, "unsighted", "This person may not see the subject, and so not the review. Name somebody else, or let them take part in the subject first.")
	}
	return id, nil
}
