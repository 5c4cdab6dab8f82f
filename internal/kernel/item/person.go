// SPDX-License-Identifier: Apache-2.0

package item

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Directory is what a slice asks about people, groups and organisations.
// Person, Group and Organisation take an id or, if no such id exists, a handle;
// each answers NotFound for what it does not know.
type Directory interface {
	Person(ctx context.Context, r store.Reader, idOrLogin string) (catalog.Named, error)
	Group(ctx context.Context, r store.Reader, idOrName string) (catalog.Named, error)
	Organisation(ctx context.Context, r store.Reader, idOrName string) (catalog.Named, error)
	// People returns those of the people who exist, by id and found by id alone: with
	// one statement for many.
	People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error)
	// Names returns the names of those of the people who exist, by id.
	Names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error)
	// ActorOf returns a person with what decides about what they may see; somebody
	// who may not sign in sees what anybody does.
	ActorOf(ctx context.Context, r store.Reader, id string) (authz.Actor, error)
	// Members returns the ids of the people in a group, by its id; NotFound.
	Members(ctx context.Context, r store.Reader, group string) ([]string, error)
}

// Person returns the id of the person that a field names, by id or by login, and
// notes the field if there is none; the id is empty then.
func Person(ctx context.Context, r store.Reader, dir Directory, f *Fields, path, idOrLogin string) (string, error) {
	idOrLogin = strings.TrimSpace(idOrLogin)
	if idOrLogin == "" {
		f.Add(path, "required", "Name a person.")
		return "", nil
	}
	p, err := dir.Person(ctx, r, idOrLogin)
	if fault.Is(err, fault.NotFound) {
		f.Add(path, "unknown", "There is no such person.")
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up a person: %w", err)
	}
	return p.ID, nil
}

// Sighted is [Person] for somebody to whom work on an item is given, and who must
// therefore see it. noun is what the item is called: "risk".
func Sighted(ctx context.Context, r store.Reader, dir Directory, f *Fields, path, idOrLogin, noun string, item authz.Resource) (string, error) {
	id, err := Person(ctx, r, dir, f, path, idOrLogin)
	if err != nil || id == "" {
		return "", err
	}
	a, err := dir.ActorOf(ctx, r, id)
	if err != nil {
		return "", fmt.Errorf("look up what a person may see: %w", err)
	}
	if !authz.CanSee(a, item) {
		f.Add(path, "unsighted", "This person may not see the %[1]s. Name somebody else, or let them take part in the %[1]s first.", noun)
	}
	return id, nil
}

// Anybody reports whether there is somebody among the principals, by themselves or
// in a group, for whom may holds.
func Anybody(ctx context.Context, r store.Reader, dir Directory, principals []string, may func(authz.Actor) bool) (bool, error) {
	for _, p := range principals {
		kind, id, _ := strings.Cut(p, ":")
		people := []string{id}
		if kind == "group" {
			var err error
			if people, err = dir.Members(ctx, r, id); err != nil {
				return false, fmt.Errorf("look up who is in a group: %w", err)
			}
		}
		for _, person := range people {
			a, err := dir.ActorOf(ctx, r, person)
			if err != nil {
				return false, fmt.Errorf("look up what a person may do: %w", err)
			}
			if may(a) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Names returns the names of people and organisations by id; ids that are unknown
// or erased are absent.
func Names(ctx context.Context, r store.Reader, dir Directory, people, organisations []string) (map[string]catalog.Named, error) {
	people = slices.DeleteFunc(Distinct(people), func(id string) bool { return id == "" })
	found, err := dir.People(ctx, r, people)
	if err != nil {
		return nil, fmt.Errorf("look up names: %w", err)
	}
	names := make(map[string]catalog.Named, len(found)+len(organisations))
	maps.Copy(names, found)
	for _, id := range Distinct(organisations) {
		if id == "" {
			continue
		}
		n, err := dir.Organisation(ctx, r, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look up names: %w", err)
		}
		names[id] = n
	}
	return names, nil
}

// PersonOf returns the id in "person:<id>", or "".
func PersonOf(ref string) string {
	id, ok := strings.CutPrefix(ref, "person:")
	if !ok {
		return ""
	}
	return id
}

// Distinct returns each of the ids once, sorted.
func Distinct(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}
