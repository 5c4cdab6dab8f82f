// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Exit codes that scripts rely on, from the table of errors.
const (
	exitRefused     = 1
	exitDenied      = 3
	exitUsage       = 64
	exitUnavailable = 69
	exitNoPerm      = 77
)

// TestCommandsTypedWrong types each command of the program wrong in six ways.
// Whatever is wrong, the message is a sentence for people that names what to do,
// the exit code is the documented one, and nothing of Go shines through.
//
// The commands and what they need are read from --help, so that a new one is
// tried without being named here.
func TestCommandsTypedWrong(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	env := []string{"PORTREEVE_URL=" + s.URL, "PORTREEVE_CA=" + s.CA}
	files := newNonsense(t, s)
	commands := leaves(t)
	if len(commands) < 60 {
		t.Fatalf("only %d commands found in --help: %v", len(commands), commands)
	}
	commands = slices.DeleteFunc(commands, leaf.ofTheStore)
	for _, c := range commands {
		right := c.typed(files)
		wrong := []mistake{
			{"an unknown flag", append(right, "--frobnicate"), append(env, tokenOf(s, "reviewer")), exitUsage, "--frobnicate"},
			{"too much or too little", c.misfit(right), append(env, tokenOf(s, "reviewer")), exitUsage, "Try: portreeve"},
		}
		if c.config() {
			wrong = append(wrong, mistake{"no such file", c.typed(files, "config", "/there/is/none.yaml"), nil, exitRefused, "/there/is/none.yaml"})
		}
		if !c.local() {
			wrong = append(wrong,
				mistake{"no server", right, nil, exitUsage, "PORTREEVE_URL"},
				mistake{"a server that is down", right, []string{"PORTREEVE_URL=https://" + freeAddress(t), "PORTREEVE_TOKEN=x"}, exitUnavailable, "does not answer"},
				mistake{"a token that nobody has", right, append(env, "PORTREEVE_TOKEN=pt_nobody"), exitNoPerm, "token"},
			)
		}
		for _, w := range wrong {
			t.Run(c.name()+"/"+w.name, func(t *testing.T) { w.make(t, c) })
		}
		if !c.local() {
			t.Run(c.name()+"/about nothing that exists", func(t *testing.T) { c.nonsense(t, s, right) })
		}
	}
}

// mistake is one way to type a command wrong.
type mistake struct {
	name string
	args []string
	env  []string
	code int
	says string // must stand in the message
}

func (w mistake) make(t *testing.T, c leaf) {
	// Anybody may ask who they are or whose key it is, with whatever token.
	if w.code == exitNoPerm && slices.Contains([]string{"ledger key", "ledger checkpoint", "ledger cosign"}, c.name()) {
		command(t, w.env, w.args...)
		return
	}
	r := command(t, w.env, w.args...)
	if r.code != w.code || !strings.Contains(r.stderr, w.says) {
		t.Errorf("portreeve %s: exit %d, want %d and %q\nstdout: %s\nstderr: %s", strings.Join(w.args, " "), r.code, w.code, w.says, r.stdout, r.stderr)
	}
	r.forPeople(t, w.args)
}

// goWords are what only a programmer understands.
var goWords = regexp.MustCompile(`panic|goroutine \d|\.go:\d|runtime error|%!|strconv\.|json:|x509:|net/http|dial tcp|\bEOF\b|invalid character|unexpected end of|nil pointer|no such file or directory|sql:|context deadline|<nil>|fault\.|proxyconnect`)

// untyped is a wrong field by a name that nobody typed.
var untyped = regexp.MustCompile(`(?m)^  [a-z][a-z_.\[\]0-9]*:`)

// forPeople fails the test if the refusal is not a sentence, or shows the
// program's insides.
func (r result) forPeople(t *testing.T, args []string) {
	t.Helper()
	if r.stdout != "" || !strings.HasPrefix(r.stderr, "portreeve: ") || len(r.stderr) < 40 || !strings.Contains(r.stderr, " ") {
		t.Errorf("portreeve %s: no sentence for people\nstdout: %s\nstderr: %s", strings.Join(args, " "), r.stdout, r.stderr)
	}
	if field := untyped.FindString(r.stderr); field != "" {
		t.Errorf("portreeve %s: %q names a field by no flag or argument: %s", strings.Join(args, " "), field, r.stderr)
	}
	if word := goWords.FindString(r.stderr + r.stdout); word != "" {
		t.Errorf("portreeve %s: %q shines through: %s", strings.Join(args, " "), word, r.stderr)
	}
}

// leaf is a command as its help shows it: words, what it needs, what it may take.
type leaf struct {
	words []string
	needs []string // "--reason=TEXT" or "<risk>"
	open  bool     // takes any number of arguments
}

func (l leaf) name() string { return strings.Join(l.words, " ") }

// local reports whether the command talks to no server.
func (l leaf) local() bool {
	return l.config() || slices.Contains([]string{"version", "demo", "demo-code", "gate verify", "ledger verify", "backup"}, l.name())
}

// ofTheStore reports whether the command is of the session store, which is another
// server: TestSessionStoreTypedWrong types those.
func (l leaf) ofTheStore() bool { return l.words[0] == "sessiond" }

// config reports whether the command runs beside the server, on its configuration.
func (l leaf) config() bool { return slices.Contains(l.needs, "--config=FILE") }

var commandLine = regexp.MustCompile(`(?m)^  ([a-z-]+(?: [a-z-]+)*)(?:  |$)`)

// leaves asks the program for all its commands.
func leaves(t *testing.T, words ...string) []leaf {
	t.Helper()
	help := command(t, nil, append(words, "--help")...).must(t, 0).stdout
	_, list, found := strings.Cut(help, "Commands:\n")
	if !found {
		return []leaf{parseUsage(help, words)}
	}
	list, _, _ = strings.Cut(list, "\n\n")
	var all []leaf
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		all = append(all, leaves(t, strings.Fields(m[1])...)...)
	}
	return all
}

func parseUsage(help string, words []string) leaf {
	usage, _, _ := strings.Cut(help, "\n")
	l := leaf{words: words, open: strings.Contains(usage, "...")}
	for _, part := range strings.Fields(usage) {
		if strings.HasPrefix(part, "--") || strings.HasPrefix(part, "<") {
			l.needs = append(l.needs, part)
		}
	}
	return l
}

// typed returns the command with everything it needs; pairs replace flags.
func (l leaf) typed(n nonsense, pairs ...string) []string {
	args := slices.Clone(l.words)
	for _, need := range l.needs {
		flag, placeholder, isFlag := strings.Cut(need, "=")
		if !isFlag {
			args = append(args, n.value(strings.Trim(need, "<>")))
			continue
		}
		value := n.value(placeholder)
		if flag == "--out" {
			value += outSuffix // what is written must not exist yet
		}
		for i := 0; i < len(pairs); i += 2 {
			if flag == "--"+pairs[i] {
				value = pairs[i+1]
			}
		}
		args = append(args, flag+"="+value)
	}
	return append(args, eitherOr[l.name()]...)
}

// outSuffix marks the files that commands write.
const outSuffix = ".out"

// unwritten removes what the command wrote, so that it can be typed again.
func unwritten(t *testing.T, args []string) {
	t.Helper()
	for _, arg := range args {
		file, isOut := strings.CutPrefix(arg, "--out=")
		if !isOut || !strings.HasSuffix(file, outSuffix) {
			continue
		}
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
	}
}

// eitherOr is what commands need that take one thing or another, which a usage
// line does not say.
var eitherOr = map[string][]string{
	"token create": {"--everything"}, "session end": {"--all"}, "person roles": {"--none"},
	"risk edit": {"--title=There is none"}, "risk parties": {"--none"},
	"review request": {"--title=There is none"}, "review edit": {"--title=There is none"}, "review estimate": {"--priority=low"},
	"review ask": {"--text=What?"}, "review answer": {"--text=Nothing."}, "review settle": {"--withdraw"}, "review state": {"--text=There is none."},
	"review opinion give": {"--text=None."}, "review assess": {"--draft"}, "review abstract": {"--preview"}, "review capacity": {"--days=3"},
	"review meeting minutes": {"--text=Nothing."}, "review import": {"--file=-"},
}

// misfit leaves out what is needed, or adds what is not taken.
func (l leaf) misfit(right []string) []string {
	if len(l.needs) > 0 && eitherOr[l.name()] == nil {
		return right[:len(right)-1]
	}
	if l.open {
		return slices.Clone(l.words)
	}
	return append(slices.Clone(right), "surplus", "surplus")
}

// nonsense types the command rightly about things that do not exist, as somebody
// who may do much.
func (l leaf) nonsense(t *testing.T, s *server, right []string) {
	for _, role := range []string{"reviewer", "admin"} {
		r := s.cli(role, right...)
		unwritten(t, right)
		switch r.code {
		case 0, exitDenied:
		case exitRefused, exitUsage, exitNoPerm:
			r.forPeople(t, right)
		default:
			t.Errorf("portreeve %s as %s: exit %d\nstdout: %s\nstderr: %s", strings.Join(right, " "), role, r.code, r.stdout, r.stderr)
		}
	}
}

// nonsense gives values that can be parsed and mean nothing.
type nonsense map[string]string

func newNonsense(t *testing.T, s *server) nonsense {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nonsense.json")
	if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	return nonsense{
		"CLASS": "public", "SUBJECT": "flow:there-is-none", "subject": "flow:there-is-none", "N": "3", "DATE": day(3), "ACTION": "call",
		"KEY|KEYFILE": filepath.Join(s.data, "ledger.pub"), "FILE": file, "file": file, "FIELD,...": "body", "RANK": "director", "seq": "987654",
		"treatment": "accept", "relation": "depends_on", "to": "flow:there-is-none", "item": "risk:there-is-none",
		"COLUMN": "incoming", "CONFLICT": "none", "KIND": "gap", "VERDICT": "concerns", "OUTCOME": "advice", "TRACKER": "jira",
	}
}

func (n nonsense) value(name string) string {
	if v, ok := n[name]; ok {
		return v
	}
	return "there-is-none"
}

func tokenOf(s *server, role string) string { return "PORTREEVE_TOKEN=" + s.as(role).Token }

// freeAddress is an address at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestConnectionTypedWrong: what is wrong with the connection is the same for
// every command, so one is enough.
func TestConnectionTypedWrong(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := tokenOf(s, "reviewer")
	for _, w := range []mistake{
		{"plain http", nil, []string{"PORTREEVE_URL=" + strings.Replace(s.URL, "https", "http", 1), token}, exitUsage, "https"},
		{"no address", nil, []string{"PORTREEVE_URL=office", token}, exitUsage, "https"},
		{"an authority that is not trusted", nil, []string{"PORTREEVE_URL=" + s.URL, token}, exitUnavailable, "PORTREEVE_CA"},
		{"no such authority file", nil, []string{"PORTREEVE_URL=" + s.URL, "PORTREEVE_CA=/there/is/none", token}, exitUsage, "/there/is/none"},
		{"an authority file that is none", nil, []string{"PORTREEVE_URL=" + s.URL, "PORTREEVE_CA=" + notPEM, token}, exitUsage, "PEM"},
		{"no token", nil, []string{"PORTREEVE_URL=" + s.URL, "PORTREEVE_CA=" + s.CA}, exitNoPerm, "token"},
		{"a name that the certificate has not", nil, []string{"PORTREEVE_URL=" + strings.Replace(s.URL, "localhost", "localhost.localdomain", 1), "PORTREEVE_CA=" + s.CA, token}, exitUnavailable, "not known here"},
		{"nothing there", nil, []string{"PORTREEVE_URL=https://" + freeAddress(t), token}, exitUnavailable, "nothing listens"},
		{"something that hangs up", nil, []string{"PORTREEVE_URL=https://" + listening(t, ""), token}, exitUnavailable, "closed the connection"},
		{"something that speaks no TLS", nil, []string{"PORTREEVE_URL=https://" + listening(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), token}, exitUnavailable, "TLS"},
	} {
		t.Run(w.name, func(t *testing.T) {
			w.args = []string{"risk", "list"}
			w.make(t, leaf{words: w.args})
		})
	}
}

// listening is the address of a listener that says something to everybody and
// hangs up.
func listening(t *testing.T, greeting string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 512))
			_, _ = c.Write([]byte(greeting))
			c.Close()
		}
	}()
	return l.Addr().String()
}
