// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/examples"
	"portreeve.org/portreeve/internal/kernel/config"
)

// worked is a worked case: calls of the API, in this order.
type worked struct {
	Steps []call `yaml:"steps"`
}

// call is one call of the API. In its address and in the texts of its body, {name}
// stands for a value that an earlier step kept, or for the id of an organisation
// of the cast; {quarter} is the quarter of the day of loading, and a text such as +30d
// is that day, counted from it.
type call struct {
	As   string            `yaml:"as"`   // login
	Call string            `yaml:"call"` // method and path below /api/v1
	Body map[string]any    `yaml:"body"`
	Keep map[string]string `yaml:"keep"` // name -> where in the answer its value stands: id, conditions.0.id
}

// loadCase plays the worked case, and what lies on the desks beside it.
func (l *loader) loadCase(ctx context.Context) error {
	for _, name := range []string{"case-a.yaml", "case-b.yaml", "desk.yaml"} {
		file, err := examples.Files.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := l.playCase(ctx, name, file); err != nil {
			return err
		}
	}
	return nil
}

// playCase plays a worked case and returns what its steps kept. name is the one
// that errors use.
func (l *loader) playCase(ctx context.Context, name string, data []byte) (map[string]string, error) {
	var w worked
	if err := config.Decode(name, data, &w); err != nil {
		return nil, err
	}
	p := &player{loader: l, today: config.DateOf(l.db.Clock().Domain(), l.cfg.location), kept: maps.Clone(l.organisations)}
	p.kept["quarter"] = p.today.Quarter()
	for i, step := range w.Steps {
		if err := p.play(ctx, step); err != nil {
			return nil, fmt.Errorf("%s: step %d, %s: %w", name, i+1, step.Call, err)
		}
	}
	return p.kept, nil
}

// player plays the steps of one case.
type player struct {
	*loader
	today config.Date
	kept  map[string]string
	items []string // what the steps made or looked at, below the server's address
}

// play sends one step as its person does, on top of the version of what it
// changes, and keeps of the answer what later steps need.
func (p *player) play(ctx context.Context, step call) error {
	method, path, _ := strings.Cut(step.Call, " ")
	path, err := p.fill("/api/v1" + path)
	if err != nil {
		return err
	}
	var sent []byte
	if step.Body != nil {
		body, err := p.resolve(step.Body)
		if err != nil {
			return err
		}
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	var version string
	if item := p.itemOf(path); item != "" {
		seen, err := p.send(ctx, step.As, http.MethodGet, item, "", nil)
		if err != nil {
			return err
		}
		version = seen.header.Get("ETag")
	}
	got, err := p.send(ctx, step.As, method, path, version, sent)
	if err != nil {
		return err
	}
	if made := got.header.Get("Location"); made != "" {
		p.items = append(p.items, made)
	}
	if method == http.MethodGet && got.header.Get("ETag") != "" {
		p.items = append(p.items, path)
	}
	return p.keep(step.Keep, got.body.Bytes())
}

// keep takes values from an answer.
func (p *player) keep(wanted map[string]string, answer []byte) error {
	var document any
	if err := json.Unmarshal(answer, &document); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	for name, where := range wanted {
		value, ok := valueAt(document, strings.Split(where, ".")).(string)
		if !ok {
			return fmt.Errorf("the answer has no text at %s", where)
		}
		p.kept[name] = value
	}
	return nil
}

// itemOf returns the innermost thing that a path leads into, or "".
func (p *player) itemOf(path string) string {
	var found string
	for _, item := range p.items {
		if strings.HasPrefix(path+"/", item+"/") && len(item) > len(found) {
			found = item
		}
	}
	return found
}

var (
	keptName = regexp.MustCompile(`\{[a-z_]+\}`)
	inDays   = regexp.MustCompile(`^\+([0-9]{1,4})d$`)
)

// fill puts kept values in the place of their names.
func (p *player) fill(text string) (string, error) {
	var unknown error
	filled := keptName.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := p.kept[strings.Trim(name, "{}")]
		if !ok {
			unknown = fmt.Errorf("nothing was kept as %s", name)
		}
		return value
	})
	return filled, unknown
}

// resolve puts kept values and dates into a body.
func (p *player) resolve(v any) (_ any, err error) {
	switch v := v.(type) {
	case map[string]any:
		resolved := make(map[string]any, len(v))
		for key, inner := range v {
			if resolved[key], err = p.resolve(inner); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case []any:
		resolved := slices.Clone(v)
		for i, inner := range v {
			if resolved[i], err = p.resolve(inner); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case string:
		if m := inDays.FindStringSubmatch(v); m != nil {
			days, err := strconv.Atoi(m[1])
			return p.today.AddDays(days).String(), err
		}
		return p.fill(v)
	default:
		return v, nil
	}
}

// valueAt returns what stands at a path of keys and indices, or nil.
func valueAt(v any, path []string) any {
	for _, step := range path {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// send calls the API inside this process: nothing listens yet.
func (p *player) send(ctx context.Context, login, method, path, version string, body []byte) (*recorder, error) {
	i := slices.IndexFunc(p.state.Accounts, func(a demoAccount) bool { return a.Login == login })
	if i < 0 {
		return nil, fmt.Errorf("nobody has the login %q", login)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.cfg.PublicURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.RemoteAddr = "127.0.0.1:0"
	r.Header.Set("Authorization", "Bearer "+p.state.Accounts[i].Token)
	r.Header.Set("Content-Type", "application/json")
	if version != "" {
		r.Header.Set("If-Match", version)
	}
	got := &recorder{status: http.StatusOK, header: http.Header{}}
	p.handler.ServeHTTP(got, r)
	if got.status >= 300 {
		return nil, fmt.Errorf("answered %d: %s", got.status, got.body.Bytes())
	}
	return got, nil
}

// recorder is an answer of a handler, held in memory.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(data []byte) (int, error) { return r.body.Write(data) }
