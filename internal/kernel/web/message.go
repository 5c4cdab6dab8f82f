// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// Message is a text of the catalogue with its arguments. Components take
// messages or finished texts; both are escaped.
type Message struct {
	Key  string `json:"k"`
	Args []any  `json:"a,omitempty"`
}

// Msg returns the message with that key. Arguments fill the verbs of its text; a
// Message among them stands as its own text, a time as its day, and a list of
// texts as an enumeration, "a, b and c".
func Msg(key string, args ...any) Message { return Message{Key: key, Args: args} }

// messages is the catalogue of all packages in one language.
type messages struct {
	printer  *message.Printer
	verbs    map[string]int // key -> number of arguments its text uses
	location *time.Location // of the days in texts
}

const messageFile = "messages/en.yaml"

// loadMessages reads messages/en.yaml of every source. A value is a text with
// the verbs of fmt ("%[1]s"), or {one: ..., other: ...} chosen by the first
// argument, a number. Keys must begin with the package's name, so that no
// package changes another one's words.
func loadMessages(sources []Source, location *time.Location) (*messages, error) {
	builder := catalog.NewBuilder(catalog.Fallback(language.English))
	m := &messages{verbs: map[string]int{}, location: location}
	var errs []error
	for _, s := range sources {
		data, err := fs.ReadFile(s.FS, messageFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("web: reading messages of %s: %w", s.Name, err)
		}
		var texts map[string]any
		if err := yaml.Unmarshal(data, &texts); err != nil {
			errs = append(errs, fmt.Errorf("web: messages of %s: %w", s.Name, err))
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if err := m.set(builder, s.Name, key, texts[key]); err != nil {
				errs = append(errs, err)
			}
		}
	}
	m.printer = message.NewPrinter(language.English, message.Catalog(builder))
	return m, errors.Join(errs...)
}

func (m *messages) set(builder *catalog.Builder, source, key string, value any) error {
	if !strings.HasPrefix(key, source+".") {
		return fmt.Errorf("web: message %q of %s does not begin with %q", key, source, source+".")
	}
	if _, twice := m.verbs[key]; twice {
		return fmt.Errorf("web: message %q is defined twice", key)
	}
	switch v := value.(type) {
	case string:
		m.verbs[key] = countVerbs(v)
		return builder.SetString(language.English, key, v)
	case map[string]any:
		one, ok1 := v["one"].(string)
		other, ok2 := v["other"].(string)
		if !ok1 || !ok2 || len(v) != 2 {
			return fmt.Errorf("web: message %q: a plural has exactly the texts one and other", key)
		}
		m.verbs[key] = max(countVerbs(one), countVerbs(other), 1)
		return builder.Set(language.English, key, plural.Selectf(1, "%d", plural.One, one, plural.Other, other))
	default:
		return fmt.Errorf("web: message %q is neither a text nor a plural", key)
	}
}

// countVerbs returns how many arguments a format uses; "%%" uses none.
func countVerbs(format string) int {
	n, highest := 0, 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			continue
		}
		var index int
		if _, err := fmt.Sscanf(format[i:], "[%d]", &index); err == nil {
			highest = max(highest, index)
			continue
		}
		n++
	}
	return max(n, highest)
}

func (m *messages) has(key string) bool {
	_, ok := m.verbs[key]
	return ok
}

// text returns a message's text. A missing key shows as itself in double angle
// brackets; templates are checked for them at start-up, see check.go.
func (m *messages) text(msg Message) string {
	if !m.has(msg.Key) {
		return "«" + msg.Key + "»"
	}
	args := make([]any, len(msg.Args))
	for i, arg := range msg.Args {
		args[i] = m.resolve(arg)
	}
	return m.printer.Sprintf(message.Key(msg.Key, msg.Key), args...)
}

// resolve makes of an argument what stands in the text.
func (m *messages) resolve(arg any) any {
	switch v := arg.(type) {
	case Message:
		return m.text(v)
	case time.Time:
		return v.In(m.location).Format(dayFormat)
	case []string:
		return m.enumeration(v)
	}
	return arg
}

func (m *messages) enumeration(words []string) string {
	if len(words) == 0 {
		return ""
	}
	text := words[0]
	for i, word := range words[1:] {
		key := "web.list.comma"
		if i == len(words)-2 {
			key = "web.list.and"
		}
		text = m.text(Msg(key, text, word))
	}
	return text
}

// flash messages travel in a cookie to the page after a redirect.
const maxFlash = 2000

func encodeFlash(all []Message) string {
	data, err := json.Marshal(all)
	if err != nil || len(data) > maxFlash {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func decodeFlash(value string) []Message {
	data, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(data) > maxFlash {
		return nil
	}
	var all []Message
	if json.Unmarshal(data, &all) != nil {
		return nil
	}
	for _, m := range all {
		for i, arg := range m.Args {
			// JSON knows one kind of number; counts must stay whole.
			if f, ok := arg.(float64); ok && f == float64(int64(f)) {
				m.Args[i] = int64(f)
			}
		}
	}
	return all
}

// Text returns a message of the catalogue, for mail and other text outside a
// page. It works once Handler has been called.
func (m *Mux) Text(key string, args ...any) string {
	return m.render.messages.text(Msg(key, args...))
}
