// SPDX-License-Identifier: Apache-2.0

package review

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/review/kind"
)

// KindCmd is what can be done with kinds of review.
type KindCmd struct {
	List    KindListCmd    `cmd:"" help:"List the kinds of review."`
	Show    KindShowCmd    `cmd:"" help:"Print the text of a kind, to be edited."`
	Try     KindTryCmd     `cmd:"" help:"Check the text of a kind, try it on a form, and show what it changes; nothing is written."`
	Diff    KindDiffCmd    `cmd:"" help:"Show what the text of a kind changes."`
	Publish KindPublishCmd `cmd:"" help:"Publish the text of a kind as its next version."`
}

// KindListCmd lists kinds.
type KindListCmd struct{ client.JSONFlag }

// Run lists the kinds.
func (c *KindListCmd) Run(s *client.Session) error {
	return client.List(s, "/review-kinds", nil, c.JSON, []string{"NAME", "VERSION", "FORCE", "TITLE"}, func(k KindDetail) []string {
		row := []string{k.Name, fmt.Sprint(k.Version), "", ""}
		if k.Kind != nil {
			row[2], row[3] = string(k.Kind.Force), k.Kind.Title
		}
		return row
	})
}

// KindShowCmd prints a kind.
type KindShowCmd struct {
	Name    string `arg:"" help:"Name of the kind."`
	Version int64  `help:"A version; default is the present one." placeholder:"N" query:"version"`
	client.JSONFlag
}

// Run prints the text of the kind.
func (c *KindShowCmd) Run(s *client.Session) error {
	k, err := client.Get[KindDetail](s, client.Path("review-kinds", c.Name), c)
	return client.Show(s, k, err, c.JSON, func(s *client.Session, k KindDetail) error {
		s.Printf("%s", k.Text)
		return nil
	})
}

// kindText is the text of a kind in a file.
type kindText struct {
	Name string `arg:"" help:"Name of the kind."`
	Kind string `arg:"" name:"file" help:"YAML file with its text; - reads standard input." api:"text"`
	client.JSONFlag
}

// KindTryCmd tries a kind on a form.
type KindTryCmd struct {
	kindText
	Form      string            `help:"YAML or JSON file with a form, as portreeve review request takes it." placeholder:"FILE" api:"technologies,scenarios"`
	Answer    map[string]string `help:"An answer to a field of the form; repeat for more." placeholder:"FIELD=VALUE" mapsep:"none"`
	Prescreen map[string]string `help:"An answer to the pre-screen; repeat for more." placeholder:"QUESTION=VALUE" mapsep:"none"`
}

// Run tries the kind and shows what comes of it. Problems end the command with the
// code for input that is wrong.
func (c *KindTryCmd) Run(s *client.Session) error {
	f, err := readForm(s, c.Form)
	if err != nil {
		return err
	}
	in := TrialRequest{Answers: over(f.Answers, c.Answer), PreScreen: over(f.PreScreen, c.Prescreen), Technologies: f.technologies(), Scenarios: f.scenarios()}
	t, err := c.try(s, in)
	if err != nil {
		return err
	}
	return client.Show(s, t, nil, c.JSON, func(s *client.Session, t Trial) error {
		for _, a := range t.Answers {
			s.Printf("refused %s: %s\n", a.Path, a.Message)
		}
		for _, short := range t.Shortfalls {
			s.Printf("falls short %s: %s\n", short.Field, short.Message)
		}
		return printDifferences(s, t)
	})
}

// try sends the text. A text that cannot be published is refused with all that is
// wrong with it.
func (c *kindText) try(s *client.Session, in TrialRequest) (Trial, error) {
	text, err := readFile(s, c.Kind)
	if err != nil {
		return Trial{}, err
	}
	in.Text = string(text)
	t, err := client.Send[Trial](s, http.MethodPost, client.Path("review-kinds", c.Name, "trial"), 0, in)
	if err != nil {
		return Trial{}, err
	}
	if len(t.Problems) > 0 {
		return Trial{}, inFile(&fault.Error{Kind: fault.Invalid, Code: CodeInvalid, Message: "This text cannot be published.", Fields: t.Problems})
	}
	return t, nil
}

// inFile says of the keys of a kind that they stand in the file: nobody typed them.
func inFile(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	typed := []string{"", "text", "name", "note", "before"}
	for i, field := range f.Fields {
		if !slices.Contains(typed, field.Path) {
			f.Fields[i].Path = "text." + field.Path
		}
	}
	return err
}

func printDifferences(s *client.Session, t Trial) error {
	if t.Before == 0 {
		s.Printf("This kind is new.\n")
		return nil
	}
	for _, d := range t.Differences {
		s.Printf("%s\n", d.String())
	}
	if len(t.Differences) == 0 {
		s.Printf("Nothing differs from version %d.\n", t.Before)
	}
	return nil
}

// KindDiffCmd shows what a text changes.
type KindDiffCmd struct{ kindText }

// Run shows the differences to the present version.
func (c *KindDiffCmd) Run(s *client.Session) error {
	t, err := c.try(s, TrialRequest{})
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(struct {
			Before      int64             `json:"before"`
			Differences []kind.Difference `json:"differences"`
		}{t.Before, t.Differences})
	}
	return printDifferences(s, t)
}

// KindPublishCmd publishes a kind.
type KindPublishCmd struct {
	kindText
	Note   string `help:"Why it is published." required:"" placeholder:"TEXT"`
	Before *int64 `help:"The version that it was made from; 0 for a new kind; default is the present one." placeholder:"N"`
}

// Run publishes the kind and says which version it is.
func (c *KindPublishCmd) Run(s *client.Session) error {
	text, err := readFile(s, c.Kind)
	if err != nil {
		return err
	}
	path := client.Path("review-kinds", c.Name)
	if c.Before == nil {
		var before int64
		switch now, err := client.Get[KindDetail](s, path, nil); {
		case err == nil:
			before = now.Version
		case !fault.Is(err, fault.NotFound):
			return err
		}
		c.Before = &before
	}
	k, err := client.Send[KindDetail](s, http.MethodPut, path, 0, PublishRequest{Text: string(text), Note: c.Note, Before: c.Before})
	return client.Show(s, k, inFile(err), c.JSON, func(s *client.Session, k KindDetail) error {
		if k.Version == *c.Before {
			s.Printf("Nothing changed: version %d of %s has this text already.\n", k.Version, k.Name)
			return nil
		}
		s.Printf("%s is published as version %d.\n", k.Name, k.Version)
		return nil
	})
}
