// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// How much is sent at once: so many tasks, or about so many bytes. The texts of a
// task are more bytes on the way than in memory.
const (
	batchTasks = 50
	batchBytes = 4 << 20
)

// importLoss is one kind of loss of an import.
type importLoss struct {
	foreign.Loss
	Count    int      `json:"count"`
	Examples []string `json:"examples"`
}

const maxExamples = 3

func byCount(a, b *importLoss) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
}

// importSummary is what became of all tasks of an import.
type importSummary struct {
	Results map[ImportResult]int `json:"results"`
	Events  int                  `json:"events"`
	Losses  []*importLoss        `json:"losses"`
	Tasks   []Imported           `json:"tasks"`
	byLoss  map[foreign.Loss]*importLoss
	byTask  map[string]int // where a task stands in Tasks
}

func (m *importSummary) add(t Imported) {
	if i, known := m.byTask[t.Number]; known && t.Number != "" { // another piece of it
		old := &m.Tasks[i]
		old.Events += t.Events
		m.Events += t.Events
		if old.Result == Unchanged && t.Result != Unchanged {
			m.Results[old.Result]--
			old.Result = t.Result
			m.Results[old.Result]++
		}
		return
	}
	m.byTask[t.Number] = len(m.Tasks)
	m.Tasks = append(m.Tasks, t)
	m.Results[t.Result]++
	m.Events += t.Events
	for _, l := range t.Losses {
		one := m.byLoss[l]
		if one == nil {
			one = &importLoss{Loss: l}
			m.byLoss[l] = one
			m.Losses = append(m.Losses, one)
		}
		one.Count++
		if len(one.Examples) < maxExamples {
			one.Examples = append(one.Examples, t.Number)
		}
	}
}

// write gives the whole report as JSON.
func (m *importSummary) write(w io.Writer) error {
	slices.SortFunc(m.Losses, byCount)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(m)
}

// sending brings tasks to the server in batches.
type sending struct {
	session *client.Session
	options ImportOptions
	summary *importSummary
	batch   []json.RawMessage
	tasks   []foreign.Task // of the batch, without their events
	bytes   int
}

func newSending(s *client.Session, o ImportOptions) *sending {
	return &sending{session: s, options: o, summary: &importSummary{
		Results: map[ImportResult]int{}, Losses: []*importLoss{}, Tasks: []Imported{}, byLoss: map[foreign.Loss]*importLoss{}, byTask: map[string]int{},
	}}
}

// all sends every task. What was sent stays, whatever happens to the rest.
func (s *sending) all(tasks iter.Seq2[foreign.Task, error]) error {
	for t, err := range tasks {
		if err != nil {
			return s.broken(errors.Join(s.flush(), err))
		}
		if err := s.add(t); err != nil {
			return s.broken(err)
		}
	}
	if err := s.flush(); err != nil {
		return s.broken(err)
	}
	return nil
}

// broken says how to go on. The reason stays the error.
func (s *sending) broken(err error) error {
	if len(s.summary.Tasks) == 0 {
		return err // nothing was taken, so there is nothing to go on from
	}
	fmt.Fprintf(s.session.Stderr, "The import stopped after %d tasks. Run it again: what was taken is not taken twice.\n", len(s.summary.Tasks))
	return err
}

// add puts a task into the batch, in pieces if it is larger than one.
func (s *sending) add(t foreign.Task) error {
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode a task: %w", err)
	}
	if len(text) > batchBytes && len(t.Events) > 1 {
		first, second := t, t
		half := len(t.Events) / 2
		first.Events, second.Events = t.Events[:half], t.Events[half:]
		return errors.Join(s.add(first), s.add(second))
	}
	if len(s.batch) == batchTasks || s.bytes+len(text) > batchBytes {
		if err := s.flush(); err != nil {
			return err
		}
	}
	t.Events = nil
	s.batch, s.tasks, s.bytes = append(s.batch, text), append(s.tasks, t), s.bytes+len(text)
	return nil
}

// flush sends the batch.
func (s *sending) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	options := s.options
	options.People = peopleOf(s.options.People, s.tasks)
	body := struct {
		Tasks   []json.RawMessage `json:"tasks"`
		Options ImportOptions     `json:"options"`
	}{s.batch, options}
	got, err := client.Send[ImportReport](s.session, http.MethodPost, "/reviews/imports", 0, body)
	if err != nil {
		return err
	}
	if len(got.Tasks) != len(s.batch) {
		return fault.New(fault.Unavailable, "client.answer", "The server's answer is not the report that was expected; is PORTREEVE_URL a Portreeve of this version?")
	}
	for _, t := range got.Tasks {
		s.summary.add(t)
	}
	s.batch, s.tasks, s.bytes = nil, nil, 0
	results := s.summary.Results
	fmt.Fprintf(s.session.Stderr, "%d tasks: %d taken, %d updated, %d unchanged, %d refused\n",
		len(s.summary.Tasks), results[Taken], results[Updated], results[Unchanged], results[Refused])
	return nil
}
