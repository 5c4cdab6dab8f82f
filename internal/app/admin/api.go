// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Mail is a mail that was given up. What it says is not shown.
type Mail struct {
	ID        string    `json:"id"`
	Person    string    `json:"person" doc:"id of whom it was for"`
	Attempts  int       `json:"attempts"`
	CreatedAt time.Time `json:"created_at"`
	Reason    string    `json:"reason" doc:"why the last attempt failed"`
}

// Job is a job in the queue. Its payload is not shown.
type Job struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	State      job.State `json:"state" enum:"ready,running,dead"`
	RunAt      time.Time `json:"run_at"`
	EnqueuedAt time.Time `json:"enqueued_at"`
	Attempts   int       `json:"attempts"`
	LastError  string    `json:"last_error,omitempty"`
}

// Erasure is the body that erases a person.
type Erasure struct {
	Reason string `json:"reason" maxLength:"500" doc:"why; it stays in the ledger, so it names nobody"`
}

// API registers the operations.
func (s *Site) API(api *web.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"administration"}}
	}
	web.Op(api, notify.ActionRead, op("list-undelivered-mail", http.MethodGet, "/mail", "Mails that could not be sent, the latest first, at most 200"), s.apiMail)
	web.Op(api, notify.ActionRequeue, op("requeue-mail", http.MethodPost, "/mail/{id}/requeue", "Try to send a mail after all"), s.apiRequeueMail)
	web.Op(api, job.ActionRead, op("list-jobs", http.MethodGet, "/jobs", "Jobs in a state, the longest due first, at most 200"), s.apiJobs)
	web.Op(api, job.ActionRequeue, op("requeue-job", http.MethodPost, "/jobs/{id}/requeue", "Try a dead job again"), s.apiRequeueJob)
	web.Op(api, ActionConfiguration, op("show-configuration", http.MethodGet, "/configuration", "The policies that are running, each setting with its origin"), s.apiConfiguration)
	web.Op(api, ActionInspect, op("show-person-data", http.MethodGet, "/people/{id}/data", "What is held about a person, as far as it is shown to you"), s.apiData)
	web.Op(api, ActionErase, op("erase-person", http.MethodPost, "/people/{id}/erasure", "Erase a person in all parts, for good"), s.apiErase)
	web.Op(api, ActionExport, op("show-own-data", http.MethodGet, "/me/data", "All that is held about yourself"), s.apiOwnData)
}

func (s *Site) apiMail(ctx context.Context, _ *struct{}) (*web.Listed[Mail], error) {
	all, err := s.Mail.Undelivered(ctx)
	return web.ListOf(all, "", func(m notify.Undelivered) Mail { return Mail(m) }), err
}

func (s *Site) apiRequeueMail(ctx context.Context, in *web.ByID) (*struct{}, error) {
	return nil, s.Mail.Requeue(ctx, in.ID)
}

func (s *Site) apiJobs(ctx context.Context, in *struct {
	State job.State `query:"state" enum:"ready,running,dead" default:"dead"`
}) (*web.Listed[Job], error) {
	all, err := s.Jobs().List(ctx, in.State)
	return web.ListOf(all, "", func(j job.Info) Job {
		return Job{j.ID, j.Kind, j.State, j.RunAt, j.EnqueuedAt, j.Attempts, j.LastError}
	}), err
}

func (s *Site) apiRequeueJob(ctx context.Context, in *web.ByID) (*struct{}, error) {
	return nil, s.Jobs().Requeue(ctx, in.ID)
}

func (s *Site) apiConfiguration(context.Context, *struct{}) (*web.Listed[Part], error) {
	return web.ListOf(s.Parts(), "", web.Itself), nil
}

func (s *Site) apiData(ctx context.Context, in *web.ByID) (*web.Listed[Held], error) {
	all, err := s.held(ctx, in.ID, authz.ActorFrom(ctx))
	return web.ListOf(all, "", web.Itself), err
}

func (s *Site) apiOwnData(ctx context.Context, _ *struct{}) (*web.Listed[Held], error) {
	reader := authz.ActorFrom(ctx)
	all, err := s.held(ctx, reader.ID, reader)
	return web.ListOf(all, "", web.Itself), err
}

func (s *Site) apiErase(ctx context.Context, in *struct {
	web.ByID
	Body Erasure
}) (*struct{}, error) {
	return nil, s.Erase(ctx, in.ID, in.Body.Reason)
}
