// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/examples"
	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
)

// demoPassword is everybody's password in the demo; the one-time code is
// what differs. It protects nothing: the demo prints it.
const demoPassword = "a gate in the town wall"

// demoTokenLife is how long the demo's API tokens last, in real time.
const demoTokenLife = 90 * 24 * time.Hour

// cast is examples/office.yaml.
type cast struct {
	Organisations []struct {
		ID   string `yaml:"id"`
		Name string `yaml:"name"`
	} `yaml:"organisations"`
	People []castMember `yaml:"people"`
	Posts  []struct {
		Organisation string `yaml:"organisation"`
		Rank         string `yaml:"rank"`
		Function     string `yaml:"function"`
		Title        string `yaml:"title"`
		Holder       string `yaml:"holder"`
	} `yaml:"posts"`
	Bodies []struct {
		Organisation string   `yaml:"organisation"`
		Name         string   `yaml:"name"`
		Quorum       int      `yaml:"quorum"`
		Members      []string `yaml:"members"`
	} `yaml:"bodies"`
}

type castMember struct {
	Login        string `yaml:"login"`
	Name         string `yaml:"name"`
	Role         string `yaml:"role"`
	Organisation string `yaml:"organisation"`
	Mail         string `yaml:"mail"`
}

// loader plays the worked cases into an empty office: everything goes through
// the services, as the person who does it.
type loader struct {
	*office
	state         *demoState
	people        map[string]string // login -> person id
	organisations map[string]string // name in the file -> id
}

// loadDemo fills an empty office with the demo's people and its worked case.
func loadDemo(ctx context.Context, o *office, state *demoState) error {
	l := &loader{office: o, state: state, people: map[string]string{}, organisations: map[string]string{}}
	file, err := examples.Files.ReadFile("office.yaml")
	if err != nil {
		return err
	}
	var c cast
	if err := config.Decode("office.yaml", file, &c); err != nil {
		return err
	}
	if err := l.loadPeople(ctx, c); err != nil {
		return err
	}
	if err := l.loadAuthority(ctx, c); err != nil {
		return err
	}
	return l.loadCase(ctx)
}

// loadPeople creates the administrator by the command's way and everybody else
// as the administrator would. Accounts are enrolled as people enrol.
func (l *loader) loadPeople(ctx context.Context, c cast) error {
	for _, m := range c.People {
		if m.Role == string(authz.RoleAdmin) {
			invitation, err := l.identity.CreateAdmin(ctx, m.Login, m.Name, false)
			if err != nil {
				return err
			}
			if err := l.enrol(ctx, m, invitation); err != nil {
				return err
			}
		}
	}
	admin, err := l.as(ctx, "admin")
	if err != nil {
		return err
	}
	for _, o := range c.Organisations {
		made, err := l.identity.CreateOrganisation(admin, o.Name)
		if err != nil {
			return err
		}
		l.organisations[o.ID] = made.ID
	}
	for _, m := range c.People {
		if m.Role == string(authz.RoleAdmin) {
			continue
		}
		_, invitation, err := l.identity.CreatePerson(admin, identity.PersonInput{
			Login: m.Login, Name: m.Name, Mail: m.Mail, Organisation: l.organisations[m.Organisation], Roles: []authz.Role{authz.Role(m.Role)},
		})
		if err != nil {
			return err
		}
		if err := l.enrol(ctx, m, invitation); err != nil {
			return err
		}
	}
	return nil
}

// enrol accepts an invitation with the demo's password and a one-time code of
// the step before this one: a code is good once, and the present one is left
// for whoever signs in first.
func (l *loader) enrol(ctx context.Context, m castMember, invitation identity.Invitation) error {
	enrolment, err := l.identity.Enrolment(ctx, invitation.Token)
	if err != nil {
		return err
	}
	code, err := identity.TOTPCode(enrolment.Secret, l.db.Clock().Real().Add(-30*time.Second))
	if err != nil {
		return err
	}
	enrolled, err := l.identity.Accept(ctx, invitation.Token, demoPassword, code, "127.0.0.1")
	if err != nil {
		return fmt.Errorf("enrol %s: %w", m.Login, err)
	}
	// Nobody has a browser with this session: it would stand in the list of their own.
	if err := l.identity.SignOut(ctx, enrolled.Session.Cookie); err != nil {
		return fmt.Errorf("sign %s out: %w", m.Login, err)
	}
	l.people[m.Login] = invitation.Person
	own, err := l.as(ctx, m.Login)
	if err != nil {
		return err
	}
	token, err := l.demoToken(own)
	if err != nil {
		return err
	}
	l.state.Accounts = append(l.state.Accounts, demoAccount{
		Name: m.Name, Role: m.Role, Login: m.Login, Password: demoPassword, TOTPSecret: enrolment.Secret, Token: token,
	})
	return nil
}

// loadAuthority makes the posts and bodies, as the administrator.
func (l *loader) loadAuthority(ctx context.Context, c cast) error {
	admin, err := l.as(ctx, "admin")
	if err != nil {
		return err
	}
	for _, p := range c.Posts {
		_, err := l.authority.CreatePost(admin, authority.PostInput{
			Organisation: l.organisations[p.Organisation], Rank: p.Rank, Function: p.Function, Title: p.Title, Holder: l.people[p.Holder],
		})
		if err != nil {
			return fmt.Errorf("post %s: %w", p.Title, err)
		}
	}
	for _, b := range c.Bodies {
		members := make([]string, len(b.Members))
		for i, login := range b.Members {
			members[i] = l.people[login]
		}
		_, err := l.authority.CreateBody(admin, authority.BodyInput{
			Organisation: l.organisations[b.Organisation], Name: b.Name, Quorum: b.Quorum, Members: members,
		})
		if err != nil {
			return fmt.Errorf("body %s: %w", b.Name, err)
		}
	}
	return nil
}

// as returns a context in which the person of that login acts.
func (l *loader) as(ctx context.Context, login string) (context.Context, error) {
	var actor authz.Actor
	err := l.db.Read(ctx, func(r *store.ReadTx) (err error) {
		actor, err = l.identity.ActorOf(ctx, r, l.people[login])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("act as %s: %w", login, err)
	}
	return authz.WithActor(ctx, actor), nil
}

// demoToken makes an API token with all the rights of the actor of ctx.
func (l *loader) demoToken(ctx context.Context) (string, error) {
	_, secret, err := l.identity.CreateToken(ctx, identity.TokenInput{
		Name: "demo", Everything: true, Until: l.db.Clock().Real().Add(demoTokenLife),
	})
	if err != nil {
		return "", fmt.Errorf("make an API token: %w", err)
	}
	return secret, nil
}
