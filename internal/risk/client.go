// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/risk/matrix"
)

const apiPath = "/api/v1/risks"

// Client is the register's API as methods with the names of [Service]. It is safe
// for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the register's client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

func riskPath(id string, parts ...string) string {
	path := apiPath + "/" + url.PathEscape(id)
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// List returns a page of risks.
func (c Client) List(ctx context.Context, f Filter) (Page, error) {
	var out Page
	query := f.query()
	if f.Sort != "" {
		query.Set("sort", f.Sort)
	}
	if f.Cursor != "" {
		query.Set("cursor", f.Cursor)
	}
	for name, n := range map[string]int{"limit": f.Limit, "likelihood": f.Likelihood, "impact": f.Impact} {
		if n > 0 {
			query.Set(name, strconv.Itoa(n))
		}
	}
	err := c.api.Call(ctx, client.Request{Path: apiPath, Query: query}, &out)
	return out, err
}

// query holds the parts of the filter that the matrix takes too.
func (f Filter) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"state": f.State, "by": f.By, "rating": string(f.Rating), "subject": f.Subject, "owner": f.Owner} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// Matrix returns how many risks lie in each cell.
func (c Client) Matrix(ctx context.Context, f Filter) (Counts, error) {
	var out Counts
	err := c.api.Call(ctx, client.Request{Path: apiPath + "/matrix", Query: f.query()}, &out)
	return out, err
}

// Propose returns what rating the rules propose.
func (c Client) Propose(ctx context.Context, in matrix.Inputs) (matrix.Proposal, error) {
	var out matrix.Proposal
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: apiPath + "/proposal", Body: in}, &out)
	return out, err
}

// Get returns a risk with everything that belongs to it.
func (c Client) Get(ctx context.Context, id string) (Detail, error) {
	var out Detail
	err := c.api.Call(ctx, client.Request{Path: riskPath(id)}, &out)
	return out, err
}

// change sends a change of a risk and returns the risk as it then is.
func (c Client) change(ctx context.Context, method string, version int64, body any, path string) (Detail, error) {
	var out Detail
	err := c.api.Call(ctx, client.Request{Method: method, Path: path, Body: body, Version: version}, &out)
	return out, err
}

// Register puts a risk into the register.
func (c Client) Register(ctx context.Context, in RegisterInput) (Detail, error) {
	return c.change(ctx, http.MethodPost, 0, in, apiPath)
}

// Edit changes a risk.
func (c Client) Edit(ctx context.Context, id string, version int64, in EditInput) (Detail, error) {
	return c.change(ctx, http.MethodPatch, version, in, riskPath(id))
}

// Rate rates a risk.
func (c Client) Rate(ctx context.Context, id string, version int64, in RateInput) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, in, riskPath(id, "ratings"))
}

// Review records a regular review.
func (c Client) Review(ctx context.Context, id string, version int64, note string) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, NoteRequest{note}, riskPath(id, "reviews"))
}

// Treat chooses the treatment.
func (c Client) Treat(ctx context.Context, id string, version int64, in TreatInput) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, in, riskPath(id, "treatment"))
}

// Complete says that the treatment is carried out.
func (c Client) Complete(ctx context.Context, id string, version int64) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, nil, riskPath(id, "completion"))
}

// AddMitigation adds a mitigation action.
func (c Client) AddMitigation(ctx context.Context, id string, version int64, in MitigationRequest) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, in, riskPath(id, "mitigations"))
}

// SetMitigation reports how far a mitigation action is.
func (c Client) SetMitigation(ctx context.Context, id string, version int64, mitigation string, in MitigationChange) (Detail, error) {
	return c.change(ctx, http.MethodPatch, version, in, riskPath(id, "mitigations", mitigation))
}

// SetParties says which parties the risk exposes.
func (c Client) SetParties(ctx context.Context, id string, version int64, in []PartyInput) (Detail, error) {
	return c.change(ctx, http.MethodPut, version, PartiesRequest{in}, riskPath(id, "parties"))
}

// Hear records that a party was heard.
func (c Client) Hear(ctx context.Context, id string, version int64, in HearingRequest) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, in, riskPath(id, "hearings"))
}

// SetOptions says which options are compared.
func (c Client) SetOptions(ctx context.Context, id string, version int64, in []Option) (Detail, error) {
	return c.change(ctx, http.MethodPut, version, OptionsRequest{in}, riskPath(id, "options"))
}

// Close closes a risk for good.
func (c Client) Close(ctx context.Context, id string, version int64, note string) (Detail, error) {
	return c.change(ctx, http.MethodPost, version, NoteRequest{note}, riskPath(id, "closure"))
}

// Ask asks to accept the residual risk until a date.
func (c Client) Ask(ctx context.Context, id string, version int64, in AskRequest) (AcceptanceDetail, error) {
	return c.decide(ctx, version, in, riskPath(id, "acceptances"))
}

// Acceptance returns an acceptance as its decision dialogue shows it.
func (c Client) Acceptance(ctx context.Context, risk, id string) (AcceptanceDetail, error) {
	var out AcceptanceDetail
	err := c.api.Call(ctx, client.Request{Path: riskPath(risk, "acceptances", id)}, &out)
	return out, err
}

// decide sends a step of an acceptance and returns the acceptance as it then is.
func (c Client) decide(ctx context.Context, version int64, body any, path string) (AcceptanceDetail, error) {
	var out AcceptanceDetail
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body, Version: version}, &out)
	return out, err
}

// Grant agrees to an acceptance.
func (c Client) Grant(ctx context.Context, risk, id string, version int64, reason string) (AcceptanceDetail, error) {
	return c.decide(ctx, version, ReasonRequest{reason}, riskPath(risk, "acceptances", id, "approvals"))
}

// Refuse refuses an acceptance, or objects to it.
func (c Client) Refuse(ctx context.Context, risk, id string, version int64, reason string) (AcceptanceDetail, error) {
	return c.decide(ctx, version, ReasonRequest{reason}, riskPath(risk, "acceptances", id, "objections"))
}

// Withdraw takes back a request.
func (c Client) Withdraw(ctx context.Context, risk, id string, version int64, reason string) (AcceptanceDetail, error) {
	return c.decide(ctx, version, ReasonRequest{reason}, riskPath(risk, "acceptances", id, "withdrawal"))
}

// Revoke ends an acceptance at once.
func (c Client) Revoke(ctx context.Context, risk, id string, version int64, reason string) (AcceptanceDetail, error) {
	return c.decide(ctx, version, ReasonRequest{reason}, riskPath(risk, "acceptances", id, "revocation"))
}

// Settle closes an acceptance with proof of what was undone and learnt.
func (c Client) Settle(ctx context.Context, risk, id string, version int64, in SettleInput) (AcceptanceDetail, error) {
	return c.decide(ctx, version, in, riskPath(risk, "acceptances", id, "closure"))
}

// Meet reports a condition as met.
func (c Client) Meet(ctx context.Context, risk, id string, version int64, condition, evidence string) (AcceptanceDetail, error) {
	return c.decide(ctx, version, EvidenceRequest{evidence}, riskPath(risk, "acceptances", id, "conditions", condition, "evidence"))
}
