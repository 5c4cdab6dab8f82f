// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Passage is a comment or an attachment as it can be found by its words.
type Passage struct {
	Item   string
	What   string // "comment" or "attachment"
	ID     string
	Title  string // the name of an attachment
	Text   string // a comment, or the beginning of an attachment that is text
	Erased bool   // then nothing of it may be found
}

// maxPassage is how many bytes of an attachment can be found.
const maxPassage = 64 << 10

func (c Comment) passage() Passage {
	return Passage{Item: c.Item, What: whatComment, ID: c.ID, Text: c.Text, Erased: c.Erased()}
}

// passage gives the words of an attachment with these bytes.
func (a Attachment) passage(data []byte) Passage {
	p := Passage{Item: a.Item, What: whatAttachment, ID: a.ID, Title: a.Name, Erased: a.Erased()}
	if a.Media == mediaText {
		p.Text = strings.ToValidUTF8(string(data[:min(len(data), maxPassage)]), "")
	}
	return p
}

func (s *Service) changed(ctx context.Context, tx *ledger.Tx, p Passage) error {
	if s.onChange == nil {
		return nil
	}
	return s.onChange(ctx, tx, p)
}
