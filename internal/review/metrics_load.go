// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// MetricsInput says what is measured.
type MetricsInput struct {
	Imported bool `query:"imported" doc:"count reviews that came from elsewhere, too"`
}

// Metrics computes how the service does from the reviews that the reader may see.
func (s *Service) Metrics(ctx context.Context, in MetricsInput) (Metrics, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return Metrics{}, err
	}
	var m Metrics
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		all, err := loadMeasured(ctx, r, authz.ActorFrom(ctx), in, s.Zone)
		if err != nil {
			return err
		}
		m = measure(all, r.Now(), s.Zone)
		m.Imported = in.Imported
		m.Kinds, err = s.kindTitles(ctx, r)
		return err
	})
	return m, err
}

// loadMeasured loads what metrics are computed from. Rows are handed over as one
// text, put together by the database: for tens of thousands of them that is several
// times faster than row by row.
func loadMeasured(ctx context.Context, r store.Reader, a authz.Actor, in MetricsInput, zone *time.Location) ([]measured, error) {
	var args []any
	where := keptReviews.Visible(a, &args)
	if !in.Imported {
		where += " AND r.origin_number = ''"
	}
	var all []measured
	err := eachLine(ctx, r, func(f []string) error {
		all = append(all, measured{
			ID: f[0], Kind: f[1], Column: Column(f[2]), Outcome: Outcome(f[3]), Quarter: f[4], Received: instant(f[6]), Done: instant(f[7]),
		})
		var err error
		all[len(all)-1].Effort, err = strconv.ParseFloat(f[5], 64)
		return err
	}, 8, `SELECT string_agg(r.id || ' ' || r.kind || ' ' || r.board_column || ' ' || r.outcome || ' ' || r.quarter || ' ' || r.effort || ' ' ||
		r.received_at || ' ' || COALESCE(r.done_at, 0), '
') FROM review_item r WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*measured, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	_, begins := lastMonths(r.Now(), zone)
	stage := func(f []string) error {
		if m := at[f[0]]; m != nil {
			m.Stages = append(m.Stages, Stage{Column: Column(f[1]), From: instant(f[2]), Until: instant(f[3])})
		}
		return nil
	}
	// One statement for both would use no index.
	err = eachLine(ctx, r, stage, 4, `SELECT string_agg(s.review || ' ' || s.board_column || ' ' || s.from_at || ' ' || s.until_at, '
') FROM review_stage s WHERE s.until_at >= $1`, store.At(begins[0]))
	if err != nil {
		return nil, err
	}
	err = eachLine(ctx, r, stage, 4, `SELECT string_agg(s.review || ' ' || s.board_column || ' ' || s.from_at || ' 0', '
') FROM review_stage s WHERE s.until_at IS NULL AND s.board_column <> 'done'`)
	if err != nil {
		return nil, err
	}
	err = eachLine(ctx, r, func(f []string) error {
		if m := at[f[0]]; m != nil {
			m.Pauses = append(m.Pauses, Pause{Cause: PauseCause(f[1]), From: instant(f[2]), Until: instant(f[3])})
		}
		return nil
	}, 4, `SELECT string_agg(p.review || ' ' || p.cause || ' ' || p.from_at || ' ' || COALESCE(p.until_at, 0), '
') FROM review_pause p`)
	return all, err
}

// eachLine runs a statement whose one row is a text of lines, each of so many fields
// with a space between them, none of which holds one.
func eachLine(ctx context.Context, r store.Reader, take func(fields []string) error, fields int, query string, args ...any) error {
	var text sql.NullString
	if err := r.QueryRow(ctx, query, args...).Scan(&text); err != nil {
		return fmt.Errorf("load what is measured: %w", err)
	}
	line := make([]string, fields)
	for one := range strings.SplitSeq(text.String, "\n") {
		if one == "" {
			continue
		}
		for i := range line {
			line[i], one, _ = strings.Cut(one, " ")
		}
		if err := take(line); err != nil {
			return fmt.Errorf("read what is measured: %w", err)
		}
	}
	return nil
}

// instant reads a time as it is stored; 0 is none.
func instant(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
