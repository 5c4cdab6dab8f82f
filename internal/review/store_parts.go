// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Stage is how long a review stood in a column.
type Stage struct {
	Seq    int64     `json:"-"`
	Column Column    `json:"column"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until,omitzero" doc:"absent: it stands there now"`
}

var stageRows = store.NewTable("review_stage", "s", nil, func(s *Stage) []store.Column {
	return []store.Column{
		store.Int("seq", &s.Seq), store.Text("board_column", &s.Column), store.Moment("from_at", &s.From), store.Moment("until_at", &s.Until),
	}
})

// enterStage ends the stage in which a review stands, and begins the next one.
// Nothing is left open behind a review that is done.
func enterStage(ctx context.Context, tx *store.Tx, review string, to Column, at time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE review_stage SET until_at = $2 WHERE review = $1 AND until_at IS NULL", review, store.At(at))
	if err != nil {
		return fmt.Errorf("leave a stage: %w", err)
	}
	var seq int64
	if err := tx.QueryRow(ctx, "SELECT COALESCE(MAX(seq), 0) + 1 FROM review_stage WHERE review = $1", review).Scan(&seq); err != nil {
		return fmt.Errorf("count stages: %w", err)
	}
	return stageRows.Insert(ctx, tx, Stage{Seq: seq, Column: to, From: at}, store.Value("review", review))
}

func loadStages(ctx context.Context, rd store.Reader, review string) ([]Stage, error) {
	return stageRows.All(ctx, rd, "WHERE s.review = $1 ORDER BY s.seq", review)
}

var pauseRows = store.NewTable("review_pause", "p", nil, func(p *Pause) []store.Column {
	return []store.Column{
		store.Text("cause", &p.Cause), store.Text("ref", &p.Ref), store.Moment("from_at", &p.From), store.Moment("until_at", &p.Until),
	}
})

// pause begins a pause of the clock. One of the same cause and ref that goes on
// stays the only one.
func pause(ctx context.Context, tx *store.Tx, review string, p Pause) error {
	var seq, open int64
	err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) + 1, COALESCE(SUM(CASE WHEN cause = $2 AND ref = $3 AND until_at IS NULL THEN 1 ELSE 0 END), 0)
		FROM review_pause WHERE review = $1`, review, string(p.Cause), p.Ref).Scan(&seq, &open)
	if err != nil {
		return fmt.Errorf("look for pauses: %w", err)
	}
	if open > 0 {
		return nil
	}
	return pauseRows.Insert(ctx, tx, p, store.Value("review", review), store.Value("seq", seq))
}

// resume ends the pauses of that cause and ref that go on.
func resume(ctx context.Context, tx *store.Tx, review string, cause PauseCause, ref string, at time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE review_pause SET until_at = $4 WHERE review = $1 AND cause = $2 AND ref = $3 AND until_at IS NULL",
		review, string(cause), ref, store.At(at))
	if err != nil {
		return fmt.Errorf("end a pause: %w", err)
	}
	return nil
}

// resumeAll ends every pause, of a review that is done.
func resumeAll(ctx context.Context, tx *store.Tx, review string, at time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE review_pause SET until_at = $2 WHERE review = $1 AND until_at IS NULL", review, store.At(at))
	if err != nil {
		return fmt.Errorf("end all pauses: %w", err)
	}
	return nil
}

func loadPauses(ctx context.Context, rd store.Reader, reviews ...string) (map[string][]Pause, error) {
	return pauseRows.GroupBy(ctx, rd, "review", reviews, "ORDER BY p.review, p.seq")
}

var reviewerRows = store.NewTable("review_reviewer", "v", nil, func(v *Reviewer) []store.Column {
	return []store.Column{
		store.Text("person", &v.Person).Key(), store.Text("part", &v.Part), store.Text("conflict", &v.Conflict), store.Text("words", &v.Words),
		store.Moment("assigned_at", &v.AssignedAt), store.Moment("declared_at", &v.DeclaredAt),
		store.Text("concurs", &v.Concurs), store.Moment("read_at", &v.ReadAt), store.Int("entry", &v.Entry),
	}
})

func loadReviewers(ctx context.Context, rd store.Reader, reviews ...string) (map[string][]Reviewer, error) {
	return reviewerRows.GroupBy(ctx, rd, "review", reviews, "ORDER BY v.review, v.assigned_at, v.person")
}

// saveReviewer writes a reviewer in place of what was known of them.
func saveReviewer(ctx context.Context, tx *store.Tx, review string, v Reviewer) error {
	return reviewerRows.Save(ctx, tx, v, store.Value("review", review).Key())
}

func dropReviewer(ctx context.Context, tx *store.Tx, review, person string) error {
	_, err := tx.Exec(ctx, "DELETE FROM review_reviewer WHERE review = $1 AND person = $2", review, person)
	if err != nil {
		return fmt.Errorf("drop a reviewer: %w", err)
	}
	return nil
}

var questionRows = store.NewTable("review_question", "q", nil, func(q *Question) []store.Column {
	return []store.Column{
		store.Text("id", &q.ID).Key(), store.Text("label", &q.Label), store.Text("asker", &q.Asker), store.Text("owner", &q.Owner),
		store.Flag("requesting", &q.Requesting), store.Moment("due_at", &q.Due), store.Text("state", &q.State), store.Text("settled", &q.Settled),
		store.Text("note", &q.Note), store.Moment("asked_at", &q.AskedAt), store.Moment("answered_at", &q.AnsweredAt),
		store.Moment("closed_at", &q.ClosedAt), store.Int("entry", &q.Entry),
	}
})

func loadQuestions(ctx context.Context, rd store.Reader, reviews ...string) (map[string][]Question, error) {
	return questionRows.GroupBy(ctx, rd, "review", reviews, "ORDER BY q.review, q.asked_at, LENGTH(q.label), q.label")
}

var statementRows = store.NewTable("review_statement", "t", nil, func(t *Statement) []store.Column {
	return []store.Column{
		store.Text("id", &t.ID).Key(), store.Text("label", &t.Label), store.Text("kind", &t.Kind), store.Text("words", &t.Text),
		store.Text("who", &t.Who), store.Text("origin", &t.Origin), store.JSON("source", &t.Source), store.Text("state", &t.State),
		store.Text("note", &t.Note), store.Flag("restricted", &t.Restricted), store.Text("recorded_by", &t.RecordedBy),
		store.Moment("recorded_at", &t.RecordedAt), store.Moment("changed_at", &t.ChangedAt), store.Int("entry", &t.Entry),
	}
})

func loadStatements(ctx context.Context, rd store.Reader, review string) ([]Statement, error) {
	return statementRows.All(ctx, rd, "WHERE t.review = $1 ORDER BY t.recorded_at, LENGTH(t.label), t.label", review)
}

var findingRows = store.NewTable("review_finding", "f", nil, func(f *Finding) []store.Column {
	return []store.Column{
		store.Text("id", &f.ID).Key(), store.Text("label", &f.Label), store.Text("kind", &f.Kind), store.Text("severity", &f.Severity),
		store.Text("title", &f.Title), store.Text("words", &f.Text), store.Text("evidence", &f.Evidence), store.Text("first", &f.First),
		store.Text("second", &f.Second), store.Text("state", &f.State), store.Text("became", &f.Became), store.Text("risk", &f.Risk),
		store.Flag("restricted", &f.Restricted), store.Text("found_by", &f.FoundBy), store.Moment("found_at", &f.FoundAt),
		store.Moment("changed_at", &f.ChangedAt), store.Int("entry", &f.Entry),
	}
})

func loadFindings(ctx context.Context, rd store.Reader, review string) ([]Finding, error) {
	return findingRows.All(ctx, rd, "WHERE f.review = $1 ORDER BY f.found_at, LENGTH(f.label), f.label", review)
}

var conditionRows = store.NewTable("review_condition", "c", nil, func(c *Condition) []store.Column {
	return []store.Column{
		store.Text("id", &c.ID).Key(), store.Text("words", &c.Text), store.Text("owner", &c.Owner), store.Moment("due_at", &c.Due),
		store.Text("proof", &c.Proof), store.Moment("met_at", &c.MetAt), store.Text("met_by", &c.MetBy), store.Text("shown", &c.Shown),
		store.Int("entry", &c.Entry),
	}
})

func loadConditions(ctx context.Context, rd store.Reader, reviews ...string) (map[string][]Condition, error) {
	return conditionRows.GroupBy(ctx, rd, "review", reviews, "ORDER BY c.review, c.position")
}

var opinionRows = store.NewTable("review_opinion", "o", nil, func(o *Opinion) []store.Column {
	return []store.Column{
		store.Text("aspect", &o.Aspect).Key(), store.Text("assessor", &o.Assessor), store.Text("verdict", &o.Verdict),
		store.Text("words", &o.Text), store.Moment("given_at", &o.GivenAt), store.Int("entry", &o.Entry),
	}
})

func loadOpinions(ctx context.Context, rd store.Reader, review string) ([]Opinion, error) {
	return opinionRows.All(ctx, rd, "WHERE o.review = $1 ORDER BY o.aspect", review)
}

// saveOpinion writes an opinion in place of the one on the same aspect.
func saveOpinion(ctx context.Context, tx *store.Tx, review string, o Opinion) error {
	return opinionRows.Save(ctx, tx, o, store.Value("review", review).Key())
}

var assessmentRows = store.NewTable("review_assessment", "a", nil, func(a *Assessment) []store.Column {
	return []store.Column{
		store.Int("version", &a.Version), store.Text("words", &a.Text), store.Text("author", &a.Author),
		store.Moment("written_at", &a.At), store.Int("entry", &a.Entry),
	}
})

// latestAssessment returns the newest version; the zero value if there is none.
func latestAssessment(ctx context.Context, rd store.Reader, review string) (Assessment, error) {
	all, err := assessmentRows.All(ctx, rd, "WHERE a.review = $1 ORDER BY a.version DESC LIMIT 1", review)
	if err != nil || len(all) == 0 {
		return Assessment{}, err
	}
	return all[0], nil
}

var pastRows = store.NewTable("review_past", "h", nil, func(p *Past) []store.Column {
	return []store.Column{
		store.Text("id", &p.ID), store.Moment("at", &p.At), store.Text("author", &p.Author), store.Text("kind", &p.Kind),
		store.Text("before_text", &p.From), store.Text("after_text", &p.To), store.Text("words", &p.Text),
	}
})
