// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/x509"
	"iter"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/connector/jira"
	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/review"
)

// trackers are where `portreeve review import` reads from. They run on the caller's
// side, with the caller's token: the server never calls a tracker.
func trackers() review.Trackers {
	return review.Trackers{foreign.Phabricator: fromPhabricator, foreign.Jira: fromJira}
}

// trackerFault is about what the command line says of the tracker.
func trackerFault(message string, args ...any) error {
	return fault.New(fault.Usage, "review.import", message, args...)
}

// rootsIn reads the authorities of a PEM file; nil without one.
func rootsIn(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		return nil, trackerFault("The file of --server-ca cannot be read, or holds no PEM certificate.").(*fault.Error).Because(err)
	}
	return pool, nil
}

func fromPhabricator(ctx context.Context, q review.TrackerQuery) (iter.Seq2[foreign.Task, error], error) {
	if q.File != nil {
		return nil, trackerFault("Phabricator has no export to import from. Name the server with --server.")
	}
	query := phabricator.Query{Projects: q.Projects, Since: q.Since}
	for _, number := range q.Tasks {
		id, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(number), "T"))
		if err != nil || id <= 0 {
			return nil, trackerFault("--task is the number of a task, such as T240943.")
		}
		query.IDs = append(query.IDs, id)
	}
	if len(query.Projects) == 0 && len(query.IDs) == 0 {
		return nil, trackerFault("Say which tasks: those of a project with --project, or single ones with --task.")
	}
	roots, err := rootsIn(q.CA)
	if err != nil {
		return nil, err
	}
	c, err := phabricator.New(phabricator.Config{URL: q.Server, Token: q.Token, Roots: roots})
	if err != nil {
		return nil, err
	}
	return c.Tasks(ctx, query), nil
}

func fromJira(ctx context.Context, q review.TrackerQuery) (iter.Seq2[foreign.Task, error], error) {
	if q.File != nil {
		return jira.Read(ctx, q.File, jira.Options{Source: strings.TrimRight(q.Server, "/"), NoLevels: q.Open}), nil
	}
	search, err := jql(q)
	if err != nil {
		return nil, err
	}
	roots, err := rootsIn(q.CA)
	if err != nil {
		return nil, err
	}
	c, err := jira.New(jira.Config{URL: q.Server, Token: q.Token, Roots: roots, NoLevels: q.Open})
	if err != nil {
		return nil, err
	}
	return c.Tasks(ctx, search), nil
}

// jiraName is a project's key or name, or an issue's key: nothing that means
// something in Jira's language once it stands in quotes.
var jiraName = regexp.MustCompile(`^[\pL\pN_][\pL\pN_. -]{0,99}$`)

// jql is the search for what is wanted in Jira's language, in an order that does not
// change while it is read.
func jql(q review.TrackerQuery) (string, error) {
	var parts []string
	for _, one := range []struct {
		field string
		names []string
	}{{"project", q.Projects}, {"key", q.Tasks}} {
		if slices.ContainsFunc(one.names, func(name string) bool { return !jiraName.MatchString(name) }) {
			return "", trackerFault("--project is a key such as FOLIO, and --task one such as FOLIO-12.")
		}
		if len(one.names) > 0 {
			parts = append(parts, one.field+` in ("`+strings.Join(one.names, `", "`)+`")`)
		}
	}
	if len(parts) == 0 {
		return "", trackerFault("Say which issues: those of a project with --project, or single ones with --task.")
	}
	if !q.Since.IsZero() {
		parts = append(parts, `updated >= "`+q.Since.Format("2006-01-02 15:04")+`"`)
	}
	return strings.Join(parts, " AND ") + " ORDER BY key", nil
}
