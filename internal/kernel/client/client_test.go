// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// TestNewSaysWhatIsWrong: a wrong address or token is told apart before anything is sent.
func TestNewSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		config client.Config
		says   string
	}{
		"none":             {client.Config{}, "Say which server to talk to"},
		"http":             {client.Config{URL: "http://office.test:8443"}, "https is needed: https://office.test:8443"},
		"no scheme":        {client.Config{URL: "office.test:8443"}, "it looks like https://"},
		"only a path":      {client.Config{URL: "/office"}, "it looks like https://"},
		"with a path":      {client.Config{URL: "https://office.test/portreeve/"}, "without a path or anything else: https://office.test"},
		"with a password":  {client.Config{URL: "https://me:hunter2@office.test"}, "without a path or anything else: https://office.test"},
		"no such file":     {client.Config{URL: "https://office.test", CA: "/there/is/none"}, "/there/is/none"},
		"a token in lines": {client.Config{URL: "https://office.test", Token: "pt_a\nb"}, "copy it again"},
	} {
		t.Run(name, func(t *testing.T) {
			var errs bytes.Buffer
			_, err := client.New(c.config)
			if code := client.Report(&errs, err); code != 64 || !strings.Contains(errs.String(), c.says) || strings.Contains(errs.String(), "hunter2") {
				t.Errorf("exit %d: %s", code, &errs)
			}
		})
	}
	if _, err := client.New(client.Config{URL: "https://office.test/", Token: "pt_a-b"}); err != nil {
		t.Error(err)
	}
}

// TestReportSaysThingsOnce: a field whose message is that of the whole is not listed.
func TestReportSaysThingsOnce(t *testing.T) {
	var errs bytes.Buffer
	client.Report(&errs, &fault.Error{Kind: fault.Invalid, Code: "x", Message: "Too large.", Fields: []fault.Field{
		{Path: "file", Message: "Too large."}, {Path: "name", Message: "Too long."}, {Message: "and 3 more"},
	}})
	if got := errs.String(); got != "portreeve: Too large.\n  name: Too long.\n  and 3 more\n" {
		t.Errorf("%s", got)
	}
}
