// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/web"
)

type askInput struct {
	Subject string `query:"subject" required:"true" maxLength:"150" doc:"kind:name"`
	Action  string `query:"action" required:"true" maxLength:"60" doc:"what is to be done with it, such as call"`
}

type verdictOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Verdict
}

// API registers GET /api/v1/gate, which answers 200 for allow and deny alike.
func (s *Service) API(api *web.API) {
	web.Op(api, ActionCheck, huma.Operation{
		OperationID: "ask-gate", Method: http.MethodGet, Path: "/gate", Summary: "Ask whether an action may happen now", Tags: []string{"gate"},
		Description: "The answer is 200 for allow and for deny. Do not rely on it from valid_until on. note is the signed form.",
	}, s.apiAsk)
}

func (s *Service) apiAsk(ctx context.Context, in *askInput) (*verdictOutput, error) {
	v, err := s.Ask(ctx, in.Subject, in.Action)
	if err != nil {
		return nil, err
	}
	return &verdictOutput{CacheControl: "no-store", Body: v}, nil
}
