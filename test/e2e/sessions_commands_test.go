// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// storeCommand is how a command of the session store is typed rightly.
type storeCommand struct {
	args []string
	// nothing is the same about something that there is not; nil = it is about nothing.
	nothing []string
}

// storeCommands are all of them, for a store that runs.
func (d *sessionStore) storeCommands(credentials string) map[string]storeCommand {
	config, folder := []string{"--config", d.at("sessiond.yaml")}, []string{"--authority", d.at("authority")}
	connected := func(args ...string) []string { return append([]string{"--connect", d.admin}, args...) }
	file := []string{"--file", credentials}
	const none = "there-is-none"
	with := func(some []string, more ...string) []string { return append(slices.Clone(some), more...) }
	return map[string]storeCommand{
		"serve":            {config, nil},
		"selfcheck":        {config, nil},
		"make-keys":        {config, with(config, "--again", none)},
		"schema":           {with(config, "--copies", "eqiad=3"), with(config, "--copies", "eqiad=3")}, // it has no Cassandra
		"cert init":        {folder, folder},                                                           // there is one
		"cert issue":       {with(folder, "--client", "--uri", "spiffe://example.org/x", "x"), with(folder, "--client", "--uri", "spiffe://elsewhere.example/x", "x")},
		"cert renew":       {folder, with(folder, none)},
		"cert revoke":      {with(folder, "wiki"), with(folder, none)},
		"cert list":        {folder, nil},
		"credential issue": {with(file, "--namespace", "default", "wiki"), nil},
		"credential list":  {file, nil},
		"status":           {connected(), nil},
		"sessions":         {connected("--namespace", "default", "alice"), connected("--namespace", none, "alice")},
		"end":              {connected("alice"), connected("--namespace", "default", "--handle", strings.Repeat("0", 64), "alice")},
		"writers":          {connected("default"), connected(none)},
		"keys rotate":      {connected("default"), connected(none)},
		"keys destroy":     {connected("--confirm", "default", "default"), connected("--confirm", none, none)},
		"empty":            {connected("--confirm", "default", "default"), connected("--confirm", none, none)},
		"audit":            {connected(), nil},
		"verify":           {[]string{"--key", d.at("text"), "--log", d.at("audit.log")}, nil},
	}
}

// TestSessionStoreTypedWrong types each command of the session store wrong in five ways
// and more: the exit code is the documented one, the message is a sentence that names
// what is wrong, and nothing is done.
func TestSessionStoreTypedWrong(t *testing.T) {
	d := newSessionStore(t)
	d.start()
	credentials, text := d.write("credentials.yaml", ""), d.write("text", "hello\n")
	if err := os.Remove(credentials); err != nil {
		t.Fatal(err)
	}
	foreign := &sessionStore{t: t, folder: t.TempDir()}
	foreign.certify("portreeve")
	down := d.connection("portreeve", "https://"+freeAddress(t))
	strange := foreign.connection("portreeve", d.Ready.AdminURL)
	wiki := d.connection("wiki", d.Ready.AdminURL)
	before := d.ask("audit").must(t, 0).stdout

	right := d.storeCommands(credentials)
	for _, l := range leaves(t, "sessiond") {
		name := strings.TrimPrefix(l.name(), "sessiond ")
		c, known := right[name]
		if !known {
			t.Errorf("sessiond %s is typed by no test", name)
			continue
		}
		args := append(slices.Clone(l.words), c.args...)
		// in replaces the value of the flag that says where.
		in := func(value string) []string {
			return append(append(slices.Clone(l.words), c.args[0], value), c.args[2:]...)
		}
		wrong := []mistake{{"an unknown flag", append(slices.Clone(args), "--frobnicate"), nil, exitUsage, "--frobnicate"}}
		if !l.open && name != "cert renew" {
			wrong = append(wrong, mistake{"too much", append(slices.Clone(args), "surplus", "surplus"), nil, exitUsage, "Try: portreeve"})
		}
		switch c.args[0] {
		case "--config":
			wrong = append(wrong,
				mistake{"no such file", in("/there/is/none.yaml"), nil, exitRefused, "/there/is/none.yaml"},
				mistake{"a file of something else", in(text), nil, exitRefused, text},
				mistake{"a folder", in(d.folder), nil, exitRefused, d.folder},
				mistake{"no configuration", l.words, nil, exitUsage, "--config"})
		case "--authority":
			if name != "cert init" {
				wrong = append(wrong, mistake{"no such folder", in("/there/is/none"), nil, exitRefused, "/there/is/none"})
			}
			code := map[bool]int{true: exitUsage, false: exitRefused}[name == "cert init"] // it would make the folder
			wrong = append(wrong,
				mistake{"a file for a folder", in(text), nil, code, text},
				mistake{"a folder that cannot be", in(filepath.Join(text, "below")), nil, code, text})
		case "--file":
			wrong = append(wrong,
				mistake{"a file of something else", in(text), nil, exitRefused, text},
				mistake{"a folder", in(d.folder), nil, exitUsage, d.folder},
				mistake{"no file", l.words, nil, exitUsage, "--file"})
		case "--key":
			wrong = append(wrong,
				mistake{"a file of something else", args, nil, exitUsage, text},
				mistake{"no such file", in("/there/is/none.pub"), nil, exitUsage, "/there/is/none.pub"},
				mistake{"nothing to verify", args[:len(args)-2], nil, exitUsage, "--log"},
				mistake{"no key", l.words, nil, exitUsage, "--key"})
		case "--connect":
			wrong = append(wrong,
				mistake{"no such file", in("/there/is/none.json"), nil, exitUsage, "/there/is/none.json"},
				mistake{"a file of something else", in(text), nil, exitUsage, text},
				mistake{"nothing listens", in(down), nil, exitUnavailable, "nothing listens"},
				mistake{"an authority that is not its own", in(strange), nil, exitUnavailable, strange},
				mistake{"somebody who may not", in(wiki), nil, exitNoPerm, "policy"},
				mistake{"nobody", l.words, nil, exitUsage, "--connect"})
		}
		if c.nothing != nil {
			wrong = append(wrong, mistake{"about nothing that exists", append(slices.Clone(l.words), c.nothing...), nil, exitRefused, ""})
		}
		if name == "schema" {
			wrong[len(wrong)-1].code = exitUsage
		}
		for _, w := range wrong {
			t.Run(name+"/"+w.name, func(t *testing.T) { w.make(t, l) })
		}
	}
	d.empties(t)
	// It says on its log what is unsafe, before it finds that it cannot run.
	if r := command(t, nil, d.args...).must(t, exitRefused); !strings.Contains(r.stderr, "Another process") || goWords.MatchString(r.stderr) {
		t.Errorf("a second one in the same folder: %s", r.stderr)
	}
	// What was asked of what there is not is recorded as wanted, and as nothing more.
	after := d.ask("audit").must(t, 0).stdout
	for line := range strings.Lines(strings.TrimPrefix(after, before)) {
		if !strings.Contains(line, `"act":"audit.read"`) && !strings.Contains(line, `"act":"session.end"`) {
			t.Errorf("a command that was typed wrong did something: %s", line)
		}
	}
	d.stop()
}

// empties: a text that a script left empty is no wider wish than was meant.
func (d *sessionStore) empties(t *testing.T) {
	connected := []string{"sessiond", "end", "--connect", d.admin}
	for name, w := range map[string]mistake{
		"an empty owner":      {"", append(slices.Clone(connected), ""), nil, exitUsage, "owner is empty"},
		"an empty namespace":  {"", append(slices.Clone(connected), "--namespace=", "alice"), nil, exitUsage, "--namespace is empty"},
		"an empty handle":     {"", append(slices.Clone(connected), "--namespace=default", "--handle=", "alice"), nil, exitUsage, "--handle is empty"},
		"a handle alone":      {"", append(slices.Clone(connected), "--handle=00", "alice"), nil, exitUsage, "--namespace"},
		"a hold of a day":     {"", append(slices.Clone(connected), "--hold=24h", "alice"), nil, exitUsage, "--hold"},
		"no time":             {"", append(slices.Clone(connected), "--hold=soon", "alice"), nil, exitUsage, "--hold"},
		"another name":        {"", []string{"sessiond", "keys", "destroy", "--connect", d.admin, "--confirm", "portreeve", "default"}, nil, exitUsage, "--confirm"},
		"no confirmation":     {"", []string{"sessiond", "empty", "--connect", d.admin, "default"}, nil, exitUsage, "--confirm"},
		"two ways to run":     {"", []string{"sessiond", "--config", d.at("sessiond.yaml"), "--dev"}, nil, exitUsage, "--dev"},
		"a folder of --dev":   {"", []string{"sessiond", "--config", d.at("sessiond.yaml"), "--data", d.folder}, nil, exitUsage, "--data"},
		"a port that is none": {"", []string{"sessiond", "--dev", "--listen", "127.0.0.1:99999"}, nil, exitUsage, "--listen"},
	} {
		t.Run(name, func(t *testing.T) { w.make(t, leaf{words: w.args[:2]}) })
	}
}
