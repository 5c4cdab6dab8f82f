// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Values of Filter.State beside the states of a risk.
const (
	FilterActive = "active" // not closed; the default
	FilterAll    = "all"
)

// Values of Filter.Sort.
const (
	SortWorst  = "worst"  // the worst rating first; the default
	SortRecent = "recent" // the latest change first
)

// Values of Filter.By.
const (
	ByResidual = "residual" // as it stands; the default
	ByInherent = "inherent" // as if nothing had been done about it
)

// Filter selects risks; an empty field selects all.
type Filter struct {
	State      string        `query:"state" enum:"active,all,open,treated,closed" default:"active"`
	Rating     matrix.Rating `query:"rating" enum:"low,medium,high,critical"`
	By         string        `query:"by" enum:"residual,inherent" default:"residual" doc:"which rating the rating, the cell and the order are about: as it stands, or as if nothing had been done about it"`
	Likelihood int           `query:"likelihood" minimum:"0" maximum:"5" doc:"of the cell; 0: any"`
	Impact     int           `query:"impact" minimum:"0" maximum:"5" doc:"of the cell; 0: any"`
	Subject    string        `query:"subject" maxLength:"200" doc:"kind:name"`
	Owner      string        `query:"owner" maxLength:"200" doc:"id or login; me for one's own"`
	Sort       string        `query:"sort" enum:"worst,recent" default:"worst"`
	Cursor     string        `query:"cursor" maxLength:"1000" doc:"the value of next of the page before"`
	Limit      int           `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"the most items to return"` // 0: store.DefaultLimit
}

// listCursor is the sort key of the last row of a page.
type listCursor struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
}

// List returns the visible risks of one page, with where their acceptance stands.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	a := authz.ActorFrom(ctx)
	if err := s.require(ctx, ActionRead); err != nil {
		return Page{}, err
	}
	after := listCursor{Key: 1<<63 - 1}
	if err := web.DecodeCursor(f.Cursor, &after); err != nil {
		return Page{}, err
	}
	f.Limit = store.Limit(f.Limit)
	page := Page{Items: []Summary{}}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var args []any
		where, err := s.where(ctx, r, a, f, &args)
		if err != nil {
			return err
		}
		all, err := listStates(ctx, r, where, f, after, f.Limit+1, args)
		if err != nil {
			return err
		}
		if len(all) > f.Limit {
			all = all[:f.Limit]
			if page.Next, err = web.EncodeCursor(cursorOf(all[f.Limit-1], f)); err != nil {
				return err
			}
		}
		page.Items, err = s.summaries(ctx, r, a, all)
		return err
	})
	return page, err
}

func cursorOf(r Risk, f Filter) listCursor {
	switch {
	case f.Sort == SortRecent:
		return listCursor{Key: r.ChangedAt.UnixMicro(), ID: r.ID}
	case f.By == ByInherent:
		return listCursor{Key: r.Inherent().Weight(), ID: r.ID}
	}
	return listCursor{Key: r.Effective().Weight(), ID: r.ID}
}

// column is the column of the rating that the filter is about.
func (f Filter) column(name string) string {
	if f.By == ByInherent {
		return "r.inherent_" + name
	}
	return "r." + name
}

// where returns the condition for the filter and the reader's eyes.
func (s *Service) where(ctx context.Context, r store.Reader, a authz.Actor, f Filter, args *[]any) (string, error) {
	var wrong item.Fields
	var parts []string
	add := func(expr string, value any) {
		parts = append(parts, expr+" = "+store.Arg(value, args))
	}
	switch {
	case f.State == "" || f.State == FilterActive:
		parts = append(parts, "r.closed = 0")
	case f.State == FilterAll:
		// Named, so that the indexes that begin with closed serve this too.
		parts = append(parts, "r.closed IN (0, 1)")
	case slices.Contains(States(), State(f.State)):
		parts = append(parts, "r.closed = "+strconv.FormatInt(store.Bool(f.State == string(StateClosed)), 10))
		add("r.state", f.State)
	default:
		wrong.Add("state", "not_offered", "Choose one of: active, all, open, treated, closed.")
	}
	if f.Sort != "" {
		wrong.Choice("sort", f.Sort, SortWorst, SortRecent)
	}
	if f.By != "" {
		wrong.Choice("by", f.By, ByResidual, ByInherent)
	}
	if f.Rating != "" {
		item.ChoiceOf(&wrong, "rating", f.Rating, matrix.Ratings())
		// A range of weight, which the index of the list is made of.
		level := strconv.Itoa(f.Rating.Level())
		weight := f.column("weight")
		parts = append(parts, weight+" >= "+level+"00 AND "+weight+" <= "+level+"99")
	}
	if f.Likelihood != 0 {
		add(f.column("likelihood"), f.Likelihood)
	}
	if f.Impact != 0 {
		add(f.column("impact"), f.Impact)
	}
	if err := s.whereSubject(ctx, r, a, f.Subject, add); err != nil {
		return "", err
	}
	if err := s.whereOwner(ctx, r, a, f.Owner, add); err != nil {
		return "", err
	}
	parts = append(parts, keptRisks.Visible(a, args))
	return strings.Join(parts, " AND "), wrong.Err(codeInvalid)
}

// whereSubject finds nothing for a subject that the reader may not see.
func (s *Service) whereSubject(ctx context.Context, r store.Reader, a authz.Actor, ref string, add func(string, any)) error {
	if ref == "" {
		return nil
	}
	if kind, name, found := strings.Cut(ref, ":"); !found || kind == "" || name == "" {
		return fault.InvalidFields("risk.filter", []fault.Field{{Path: "subject", Code: "syntax", Message: "A subject is written kind:name, such as flow:suggestions."}})
	}
	subject, err := s.Subjects.VisibleSubject(ctx, r, a, ref)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	add("r.subject", subject.Ref)
	return nil
}

func (s *Service) whereOwner(ctx context.Context, r store.Reader, a authz.Actor, owner string, add func(string, any)) error {
	switch owner {
	case "":
		return nil
	case "me":
		add("r.owner", a.ID)
		return nil
	}
	p, err := s.Directory.Person(ctx, r, owner)
	if fault.Is(err, fault.NotFound) {
		if a.Internal() {
			return fault.InvalidFields("risk.filter", []fault.Field{{Path: "owner", Code: "unknown", Message: "There is no such person. Give a login or an id, or me."}})
		}
		add("r.owner", owner) // nobody's: who signs in by which name stays inside
		return nil
	}
	add("r.owner", p.ID)
	return err
}

// sortKey is the expression that a page is sorted by. What belongs to one subject
// or owner is few: it is found by their indexes and then sorted. The expression
// keeps SQLite, which has no statistics to know this from, from walking the whole
// register in the order wanted until a page of them is found.
func sortKey(f Filter) string {
	key := f.column("weight")
	if f.Sort == SortRecent {
		key = "r.changed_at"
	}
	if f.Subject != "" || f.Owner != "" && key != "r.weight" {
		key += " + 0"
	}
	return key
}

// listStates is listRisks for any filter. Neither engine reads an index in order
// over two values of its first column, so the closed risks are a list of their
// own where both are wanted.
func listStates(ctx context.Context, rd store.Reader, where string, f Filter, after listCursor, limit int, args []any) ([]Risk, error) {
	if f.State != FilterAll {
		return listRisks(ctx, rd, where, f, after, limit, args)
	}
	var all []Risk
	for _, closed := range []string{"0", "1"} {
		part, err := listRisks(ctx, rd, "r.closed = "+closed+" AND "+where, f, after, limit, args)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	slices.SortFunc(all, func(a, b Risk) int {
		x, y := cursorOf(a, f), cursorOf(b, f)
		return cmp.Or(cmp.Compare(y.Key, x.Key), cmp.Compare(y.ID, x.ID))
	})
	return all[:min(limit, len(all))], nil
}

func listRisks(ctx context.Context, rd store.Reader, where string, f Filter, after listCursor, limit int, args []any) ([]Risk, error) {
	key := sortKey(f)
	args = append(args, after.Key, after.ID, limit)
	n := len(args)
	rest := fmt.Sprintf("WHERE %s AND (%s, r.id) < ($%d, $%d) ORDER BY %s DESC, r.id DESC LIMIT $%d", where, key, n-2, n-1, key, n)
	return riskRows.All(ctx, rd, rest, args...)
}

// summaries adds subject, owner and acceptance to the risks of a page, with a
// fixed number of statements.
func (s *Service) summaries(ctx context.Context, r store.Reader, a authz.Actor, risks []Risk) ([]Summary, error) {
	ids, refs, people := make([]string, len(risks)), make([]string, len(risks)), make([]string, len(risks))
	for i, risk := range risks {
		ids[i], refs[i], people[i] = risk.ID, risk.Subject, risk.Owner
	}
	refs = item.Distinct(refs)
	parties, err := loadParties(ctx, r, ids...)
	if err != nil {
		return nil, err
	}
	acceptances, err := openAcceptances(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	subjects, err := s.Subjects.SubjectsByRef(ctx, r, refs)
	if err != nil {
		return nil, err
	}
	shown, err := s.Subjects.VisibleSubjects(ctx, r, a, refs)
	if err != nil {
		return nil, err
	}
	owners, err := s.Directory.Names(ctx, r, item.Distinct(people))
	if err != nil {
		return nil, err
	}
	all := make([]Summary, len(risks))
	for i, risk := range risks {
		all[i] = Summary{Risk: risk, Effective: risk.Effective(), Inherent: risk.Inherent(), OwnerName: owners[risk.Owner]}
		if len(acceptances[risk.ID]) > 0 {
			now := BasisOf(risk, parties[risk.ID], subjects[risk.Subject])
			all[i].Acceptance, all[i].AcceptedUntil = best(s.Policy(), acceptances[risk.ID], now, r.Now())
		}
		all[i].reduce(shown)
	}
	return all, nil
}

// reduce leaves out the long texts, and withholds a subject that is not shown.
func (sum *Summary) reduce(shown map[string]catalog.Subject) {
	sum.Threat, sum.Scope, sum.TreatmentNote, sum.ClosingNote, sum.Inputs.Assurances, sum.Rating.Reason = "", "", "", "", "", ""
	subject, ok := shown[sum.Subject]
	if !ok {
		sum.Subject = ""
		return
	}
	sum.SubjectTitle = subject.Title
}

// openAcceptances returns, by risk, the acceptances that are asked for or granted.
// The state is looked at here: in the statement it would lead SQLite to its index
// and so through all that are granted.
func openAcceptances(ctx context.Context, r store.Reader, risks []string) (map[string][]Acceptance, error) {
	byRisk := map[string][]Acceptance{}
	if len(risks) == 0 {
		return byRisk, nil
	}
	var args []any
	where := "a.risk IN " + store.In(risks, &args)
	all, err := acceptancesWhere(ctx, r, where, "a.asked_at, a.id", args...)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.State == Asked || a.State == Granted {
			byRisk[a.Risk] = append(byRisk[a.Risk], a)
		}
	}
	return byRisk, nil
}

// best returns the standing that says most about the acceptances of one risk:
// in force, and until when, before anything else.
func best(p *RiskPolicy, all []Acceptance, now Basis, t time.Time) (StandingCode, time.Time) {
	var code StandingCode
	var until time.Time
	for _, a := range all {
		s := a.Standing(p, now, t)
		switch {
		case s.Code == InForce:
			code = InForce
			if s.ValidUntil.After(until) {
				until = s.ValidUntil
			}
		case code == InForce:
		case code == "" || telling(s.Code) >= telling(code):
			code = s.Code
		}
	}
	return code, until
}

// Matrix returns how many visible risks lie in each cell; the filter's cell,
// sort, cursor and limit do not count.
func (s *Service) Matrix(ctx context.Context, f Filter) (Counts, error) {
	a := authz.ActorFrom(ctx)
	if err := s.require(ctx, ActionRead); err != nil {
		return Counts{}, err
	}
	f.Likelihood, f.Impact, f.Sort = 0, 0, ""
	counts := Counts{Cells: []CellCount{}}
	found := map[matrix.Cell]int64{}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var args []any
		where, err := s.where(ctx, r, a, f, &args)
		if err != nil {
			return err
		}
		cell := f.column("likelihood") + ", " + f.column("impact")
		if f.Subject != "" || f.Owner != "" {
			cell = f.column("likelihood") + " + 0, " + f.column("impact") + " + 0" // the few of a subject or owner are found by its index, see sortKey
		}
		rows, err := r.Query(ctx, "SELECT "+cell+", COUNT(*) FROM risk_item r WHERE "+where+" GROUP BY "+cell, args...)
		cells, err := store.Collect(rows, err, func(row store.Scanner) (CellCount, error) {
			var c CellCount
			err := row.Scan(&c.Likelihood, &c.Impact, &c.Count)
			return c, err
		})
		for _, c := range cells {
			found[c.Cell] = c.Count
			counts.Total += c.Count
		}
		return err
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count risks: %w", err)
	}
	m := &s.Policy().Matrix
	counts.Likelihood, counts.Impact = m.Likelihood, m.Impact
	for l := 1; l <= matrix.Steps; l++ {
		for i := 1; i <= matrix.Steps; i++ {
			cell := matrix.Cell{Likelihood: l, Impact: i}
			counts.Cells = append(counts.Cells, CellCount{Cell: cell, Rating: m.Rate(cell), Count: found[cell]})
		}
	}
	return counts, nil
}
