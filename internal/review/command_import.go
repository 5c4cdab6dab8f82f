// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// TrackerQuery says where tasks are and which ones are wanted.
type TrackerQuery struct {
	Server   string    // its address
	Token    string    // for its API
	CA       string    // PEM file of the authority that signed its certificate; empty: the system's
	File     io.Reader // what was exported from it; nil: the server is asked
	Projects []string
	Tasks    []string  // numbers, as T240943
	Since    time.Time // changed at this time or later; zero: whenever
	Open     bool      // the tracker has no security levels: what has none may be read by everybody
}

// Tracker reads tasks while the caller takes them. An error is the last thing that
// is given.
type Tracker func(ctx context.Context, q TrackerQuery) (iter.Seq2[foreign.Task, error], error)

// Trackers are the trackers that can be imported from, by name. The program binds
// them: slices know no connectors.
type Trackers map[string]Tracker

// ImportCmd imports tasks of another tracker.
type ImportCmd struct {
	From      string   `help:"phabricator or jira." required:"" enum:"phabricator,jira" placeholder:"TRACKER"`
	Server    string   `help:"Address of the tracker, such as https://phabricator.example.org; beside --file, of the one that the file comes from; needed if the file does not say it." placeholder:"URL"`
	TokenFile string   `help:"File with the token for the tracker's API; - reads standard input. Default: the environment variable IMPORT_TOKEN." placeholder:"FILE"`
	ServerCA  string   `help:"PEM file of the authority that signed the tracker's certificate." placeholder:"FILE"`
	File      string   `help:"JSON that was exported from the tracker, to be read instead of asking it; - reads standard input. Jira alone." placeholder:"FILE"`
	NoLevels  bool     `help:"The tracker has no security levels; without this, issues that have none count as restricted if the export does not say so. What was imported as restricted stays so, and the report says it. Jira alone."`
	Project   []string `help:"Tasks of this project, by its slug or key; repeat for more." placeholder:"NAME"`
	Task      []string `help:"This task, by its number; repeat for more." placeholder:"NUMBER"`
	Since     string   `help:"Only what was changed there since that day." placeholder:"DATE"`
	Kind      []string `help:"Kind of review for the tasks with a label; repeat for more." placeholder:"LABEL=KIND" sep:"none"`
	People    string   `help:"CSV file of two columns: login, id or mail address there, and login here." placeholder:"FILE"`
	Share     []string `help:"Who sees the tasks that are restricted there, beside you; repeat for more." placeholder:"group:NAME|person:LOGIN"`
	Owner     string   `help:"Who stands for those who have no account here; default: you." placeholder:"LOGIN"`
	Public    bool     `help:"Make the tasks public that everybody may read there; otherwise they are internal."`
	DryRun    bool     `help:"Say what would be done; nothing is written."`
	Report    string   `help:"File for the whole report as JSON." placeholder:"FILE"`
	Force     bool     `help:"Replace the file of the report."`
	client.JSONFlag
}

// Run reads the tasks, sends them to the server in batches, and prints the report.
// Whatever stops it, running it again goes on where nothing was taken yet.
func (c *ImportCmd) Run(s *client.Session, trackers Trackers) error {
	read, known := trackers[c.From]
	if !known {
		return fault.New(fault.Usage, "review.import", "This program cannot import from %s.", c.From)
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	query, done, err := c.query(s)
	if err != nil {
		return err
	}
	defer done()
	// Whether the server answers, and who asks, is known before a tracker is read for long.
	if _, err := client.Get[json.RawMessage](s, client.Path("me"), nil); err != nil {
		return err
	}
	if c.Report != "" && c.Report != "-" {
		if err := client.Free(c.Report, c.Force); err != nil {
			return err
		}
	}
	tasks, err := read(s.Context, query)
	if err != nil {
		return err
	}
	sending := newSending(s, options)
	failure := sending.all(tasks)
	if failure != nil && len(sending.summary.Tasks) == 0 {
		return failure
	}
	if err := c.report(s, sending.summary); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// options are those that are sent; People are picked for each batch.
func (c *ImportCmd) options() (ImportOptions, error) {
	o := ImportOptions{Share: c.Share, Owner: c.Owner, Public: c.Public, DryRun: c.DryRun, Kinds: map[string]string{}, People: map[string]string{}}
	for _, pair := range c.Kind {
		i := strings.LastIndex(pair, "=")
		if i <= 0 || i == len(pair)-1 {
			return o, fault.New(fault.Usage, "review.import", "--kind is LABEL=KIND, such as Security-Concept=concept.")
		}
		o.Kinds[pair[:i]] = pair[i+1:]
	}
	if c.People == "" {
		return o, nil
	}
	f, err := os.Open(c.People)
	if err != nil {
		return o, unreadable("--people", err)
	}
	defer f.Close() //nolint:errcheck // only read
	rows := csv.NewReader(f)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.Comment = 2, true, '#'
	all, err := rows.ReadAll()
	if err != nil {
		return o, fault.New(fault.Usage, "review.import", "The file of --people is not CSV of two columns: %s.", err)
	}
	for _, row := range all {
		o.People[strings.TrimSpace(row[0])] = strings.TrimSpace(row[1])
	}
	return o, nil
}

func unreadable(flag string, err error) error {
	return fault.New(fault.Usage, "review.import", "The file of %s cannot be read.", flag).Because(err)
}

// query says what is wanted of the tracker. done closes what it opened.
func (c *ImportCmd) query(s *client.Session) (q TrackerQuery, done func(), err error) {
	done = func() {}
	q = TrackerQuery{Server: c.Server, CA: c.ServerCA, Projects: c.Project, Tasks: c.Task, Open: c.NoLevels}
	if c.Server == "" && c.File == "" {
		return q, done, fault.New(fault.Usage, "review.import", "Name the tracker with --server, or a file with --file.")
	}
	if c.File != "" && (len(c.Project) > 0 || len(c.Task) > 0 || c.Since != "") {
		return q, done, fault.New(fault.Usage, "review.import", "A file is imported as a whole: leave --project, --task and --since out.")
	}
	if c.Since != "" {
		day, err := config.ParseDate(c.Since)
		if err != nil {
			return q, done, fault.New(fault.Usage, "review.import", "--since is a date such as 2026-12-01.")
		}
		q.Since = day.Start(time.UTC)
	}
	switch {
	case c.File == "":
		q.Token, err = c.token(s)
	case c.File == "-":
		q.File = s.Stdin
	default:
		f, openErr := os.Open(c.File)
		if openErr != nil {
			return q, done, unreadable("--file", openErr)
		}
		q.File, done = f, func() { f.Close() } //nolint:errcheck // only read
	}
	return q, done, err
}

// maxToken is more than any token has, in bytes.
const maxToken = 4 << 10

// token reads the token for the tracker. It is never an argument: those are shown
// to everybody on the machine.
func (c *ImportCmd) token(s *client.Session) (string, error) {
	switch c.TokenFile {
	case "":
		return strings.TrimSpace(os.Getenv("IMPORT_TOKEN")), nil
	case "-":
		text, err := io.ReadAll(io.LimitReader(s.Stdin, maxToken))
		return strings.TrimSpace(string(text)), err
	}
	f, err := os.Open(c.TokenFile)
	if err != nil {
		return "", unreadable("--token-file", err)
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxToken))
	if err != nil {
		return "", unreadable("--token-file", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// peopleOf picks from the mapping those whom the tasks name: it may be larger than
// what one call takes.
func peopleOf(all map[string]string, tasks []foreign.Task) map[string]string {
	picked := map[string]string{}
	for _, t := range tasks {
		for _, there := range []string{t.Author.Login, t.Author.ID, t.Author.Address} {
			if here, mapped := all[there]; mapped && there != "" {
				picked[there] = here
			}
		}
	}
	return picked
}

// report prints what became of the tasks, and writes all of it to a file.
func (c *ImportCmd) report(s *client.Session, sum *importSummary) error {
	var failure error
	if c.Report != "" {
		failure = s.Write(c.Report, c.Force, sum.write)
	}
	if c.JSON {
		return errors.Join(failure, sum.write(s.Stdout))
	}
	if c.DryRun {
		s.Printf("Nothing was written. This would be:\n")
	}
	for _, result := range []ImportResult{Taken, Updated, Unchanged, Refused} {
		s.Printf("%-10s %d\n", result, sum.Results[result])
	}
	s.Printf("%-10s %d\n", "events", sum.Events)
	if len(sum.Losses) == 0 {
		return failure
	}
	s.Printf("\nCould not be taken over:\n")
	for _, l := range slices.SortedFunc(maps.Values(sum.byLoss), byCount) {
		s.Printf("%6d  %s: %s Such as %s.\n", l.Count, l.What, l.Why, strings.Join(l.Examples, ", "))
	}
	return failure
}
