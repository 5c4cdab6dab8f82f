// SPDX-License-Identifier: Apache-2.0

package review

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Service) metricsHere(c *web.Ctx) (Metrics, error) {
	return s.Metrics(c.Context(), MetricsInput{Imported: c.Query("imported") != ""})
}

func (s *Service) showMetrics(c *web.Ctx) error {
	m, err := s.metricsHere(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "review/metrics", metricsViewOf(c, m))
}

// downloadMetrics answers with one of the tables as a file.
func (s *Service) downloadMetrics(c *web.Ctx) error {
	name := c.Query("of")
	var f item.Fields
	f.Choice("of", name, MetricNames()...)
	if err := f.Err(CodeInvalid); err != nil {
		return err
	}
	m, err := s.metricsHere(c)
	if err != nil {
		return err
	}
	all := m.tables()
	t := all[slices.IndexFunc(all, func(t metricTable) bool { return t.name == name })]
	data, err := t.csv()
	if err != nil {
		return err
	}
	return c.Attachment("reviews-"+name+".csv", "text/csv; charset=utf-8", data)
}

// csv is the table as a file (RFC 4180). What a spreadsheet would run as a formula
// gets an apostrophe in front.
func (t metricTable) csv() ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range append([][]string{t.heads}, t.rows...) {
		row = slices.Clone(row)
		for i, cell := range row {
			row[i] = plainCell(cell)
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("write a table: %w", err)
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// plainCell keeps a spreadsheet from running a cell.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
