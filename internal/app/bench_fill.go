// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"portreeve.org/portreeve/examples"
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

const (
	benchSpan    = 2 * 365 * 24 * time.Hour // how long the made-up history is
	benchOwners  = 200                      // people who own subjects and risks
	benchLot     = 1000                     // risks that live through their steps together
	benchPerFlow = 3                        // risks per subject on average
)

// benchFiller fills a database. Lots of risks begin one after the other and live
// at the same time, so that entries and rows lie in the files as in real life.
type benchFiller struct {
	*loader
	plan     BenchPlan
	end      time.Time // domain time of the last step
	clock    *store.Clock
	dice     *rand.Rand
	owners   []authz.Actor
	reviewer authz.Actor
	decider  authz.Actor
	group    string // of people who see some restricted risks
	subjects []catalog.Subject
	messages int    // that were written about reviews
	long     string // id of the review with many of them
}

func (f *benchFiller) fill(ctx context.Context) error {
	if err := f.fillPeople(ctx); err != nil {
		return err
	}
	if err := f.fillSubjects(ctx); err != nil {
		return err
	}
	if err := f.fillRisks(ctx); err != nil {
		return err
	}
	return f.fillReviews(ctx)
}

// fillPeople makes the cast of the demo with its offices, and owners.
func (f *benchFiller) fillPeople(ctx context.Context) error {
	file, err := examples.Files.ReadFile("office.yaml")
	if err != nil {
		return err
	}
	var c cast
	if err := config.Decode("office.yaml", file, &c); err != nil {
		return err
	}
	if err := f.loadPeople(ctx, c); err != nil {
		return err
	}
	if err := f.loadAuthority(ctx, c); err != nil {
		return err
	}
	admin, err := f.as(ctx, "admin")
	if err != nil {
		return err
	}
	members := []string{f.people["reviewer"]}
	for i := range benchOwners {
		p, _, err := f.identity.CreatePerson(admin, identity.PersonInput{
			Login: fmt.Sprintf("owner-%03d", i), Name: fmt.Sprintf("Owner Number %d", i),
			Organisation: f.organisations["foundation"], Roles: []authz.Role{authz.RoleOwner},
		})
		if err != nil {
			return err
		}
		f.owners = append(f.owners, authz.Actor{ID: p.ID, Login: p.Login, Name: p.Name, Kind: p.Kind, Roles: p.Roles})
		if i%20 == 0 {
			members = append(members, p.ID)
		}
	}
	group, err := f.identity.CreateGroup(admin, identity.GroupInput{Name: "made-up circle", Members: members})
	if err != nil {
		return err
	}
	f.group = group.ID
	return f.db.Read(ctx, func(r *store.ReadTx) (err error) {
		if f.reviewer, err = f.identity.ActorOf(ctx, r, f.people["reviewer"]); err != nil {
			return err
		}
		f.decider, err = f.identity.ActorOf(ctx, r, f.people["executive"])
		return err
	})
}

// fillSubjects registers two realms and the flows between them.
func (f *benchFiller) fillSubjects(ctx context.Context) error {
	foundation := f.organisations["foundation"]
	all := []catalog.Registration{
		{Kind: "realm", Name: "production", Title: "Production", Organisation: foundation, Attributes: map[string]string{"trust": "production"}},
		{Kind: "realm", Name: "cloud", Title: "Cloud realm", Organisation: foundation, Attributes: map[string]string{"trust": "community"}},
	}
	for i := range max(f.plan.Risks/benchPerFlow, 10) {
		flow := catalog.Registration{
			Kind: "flow", Name: fmt.Sprintf("made-up-%d", i), Title: fmt.Sprintf("Made-up flow %d", i),
			Owner: f.owners[i%benchOwners].ID, Organisation: foundation,
			Attributes: map[string]string{"from": "production", "to": "cloud", "data_class": "public", "access": "read", "volume": "low", "purpose": fmt.Sprintf("measurement %d", i)},
		}
		if i%50 == 7 {
			flow.Visibility, flow.Participants = authz.Restricted, []string{authz.GroupPrincipal(f.group)}
		}
		all = append(all, flow)
	}
	as := authz.WithActor(ctx, f.reviewer)
	writer := f.ledger.Writer("catalog", catalog.EntryKinds())
	for at := 0; at < len(all); at += benchLot {
		err := writer.Decide(ctx, func(tx *ledger.Tx) error {
			for _, in := range all[at:min(at+benchLot, len(all))] {
				s, err := f.catalog.RegisterIn(as, tx, in)
				if err != nil {
					return fmt.Errorf("register subject %s: %w", in.Name, err)
				}
				if s.Kind == "flow" {
					f.subjects = append(f.subjects, s)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillRisks lets the lots live, one wave of steps after the other, and publishes
// the checkpoints that are due after each wave.
func (f *benchFiller) fillRisks(ctx context.Context) error {
	m, _ := f.moduleOf(risk.ItemType)
	register, ok := m.Service.(*risk.Service)
	if !ok {
		return errors.New("there is no register of risks")
	}
	lots := (f.plan.Risks + benchLot - 1) / benchLot
	steps := max((f.plan.Entries+f.plan.Risks-1)/max(f.plan.Risks, 1), risk.MinSteps)
	waves := lots + steps - 1
	alive := make([]*risk.Lot, lots)
	for wave := range waves {
		f.clock.Set(f.end.Add(-time.Duration(waves-1-wave) * (benchSpan / time.Duration(waves))))
		if err := f.ledger.Publish(ctx); err != nil {
			return err
		}
		for i := max(wave-steps+1, 0); i <= min(wave, lots-1); i++ {
			if alive[i] == nil {
				alive[i] = register.NewLot(f.lot(i), steps, f.end)
			}
			done, err := alive[i].Live(ctx)
			if err != nil {
				return err
			}
			if done {
				alive[i] = nil
			}
		}
		if f.plan.Progress != nil {
			f.plan.Progress(wave+1, waves)
		}
	}
	return nil
}

// lot makes up the risks of one lot.
func (f *benchFiller) lot(number int) []risk.MadeRisk {
	var all []risk.MadeRisk
	for n := number * benchLot; n < min((number+1)*benchLot, f.plan.Risks); n++ {
		all = append(all, f.madeRisk(n))
	}
	return all
}

// benchFacts are what each flow of fillSubjects states about a risk.
func benchFacts() matrix.Facts {
	return matrix.Facts{Data: matrix.DataPublic, Access: matrix.Read, CrossesBoundary: true, LowerTrust: true}
}

func (f *benchFiller) madeRisk(n int) risk.MadeRisk {
	// A fifth of the risks crowds on a fiftieth of the subjects.
	subject := f.subjects[f.dice.IntN(len(f.subjects))]
	if n%5 == 0 {
		subject = f.subjects[f.dice.IntN((len(f.subjects)+49)/50)]
	}
	m := risk.MadeRisk{
		Number: n, Subject: subject, Owner: f.owners[f.dice.IntN(len(f.owners))], Reviewer: f.reviewer, Executive: f.decider,
		Organisation: f.organisations["foundation"], Visibility: subject.Visibility,
		Inputs: benchFacts().Raise(matrix.Inputs{
			Data: pick(f.dice, matrix.AllData()), Direction: pick(f.dice, matrix.AllDirections()),
			Access: pick(f.dice, matrix.AllAccess()), Volume: pick(f.dice, matrix.AllVolumes()),
		}),
		Lasts: time.Duration(f.dice.IntN(300)) * 24 * time.Hour,
	}
	if n%20 == 3 || m.Visibility == authz.Restricted {
		m.Visibility = authz.Restricted
		m.Participants = []string{authz.PersonPrincipal(m.Owner.ID)}
		if f.dice.IntN(2) == 0 {
			m.Participants = append(m.Participants, authz.GroupPrincipal(f.group))
		}
	}
	if n%20 == 11 {
		return m // rated by nobody
	}
	m.Residual = matrix.Cell{Likelihood: 1 + f.dice.IntN(matrix.Steps), Impact: 1 + f.dice.IntN(matrix.Steps)}
	if f.dice.IntN(100) < 65 {
		m.Standing = f.standing()
	} else {
		m.Closed = f.dice.IntN(100) < 30
	}
	return m
}

// standing draws where an acceptance stands: most are in force, and every other
// standing occurs.
func (f *benchFiller) standing() risk.StandingCode {
	if f.dice.IntN(100) < 60 {
		return risk.InForce
	}
	return pick(f.dice, []risk.StandingCode{
		risk.Awaiting, risk.Lapsed, risk.NotStarted, risk.ConditionOverdue, risk.Expired, risk.Expired,
		risk.WasRevoked, risk.Void, risk.WasRefused, risk.WasWithdrawn, risk.WasClosed,
	})
}

func pick[T any](dice *rand.Rand, all []T) T { return all[dice.IntN(len(all))] }
