// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/web"
)

// maxImportBody bounds what one call of an import holds, in bytes. A task that is
// larger is sent in pieces, each with some of its events.
const maxImportBody = 8 << 20

// ImportRequest asks for an import of tasks of another tracker.
type ImportRequest struct {
	Tasks   []foreign.Task `json:"tasks" maxItems:"100" nullable:"false"`
	Options ImportOptions  `json:"options,omitzero"`
}

// ImportReport is what became of each of the tasks, in their order.
type ImportReport struct {
	Tasks []Imported `json:"tasks" nullable:"false"`
}

// importAPI registers the operation of an import.
func (s *Service) importAPI(api *web.API) {
	o := op("import-reviews", http.MethodPost, "/imports", "Import tasks of another tracker; the same ones once more change nothing")
	o.MaxBodyBytes = maxImportBody
	web.Op(api, ActionImport, o, s.apiImport)
}

func (s *Service) apiImport(ctx context.Context, in *struct{ Body ImportRequest }) (*web.JSON[ImportReport], error) {
	all, err := s.Import(ctx, in.Body.Tasks, in.Body.Options)
	return web.AnswerJSON(ImportReport{Tasks: all}), err
}
