// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/web"
)

// entryView makes the page of one entry.
type entryView struct {
	scripts string
	record  ledger.Record
	proof   ledger.Inclusion
	names   names
	kinds   []string // that the parts declare
}

// entryPage is what templates/entry.html shows.
type entryPage struct {
	Seq      int64
	Heading  string
	Time     time.Time
	Exact    string // the leaf's time with all its digits
	Fields   []fieldRow
	Item     string
	ItemLink any
	Badge    web.Badge
	Facts    []fact
	Body     string // as it was committed to
	HasBody  bool
	CanErase bool

	Leaf, LeafHash string
	Commitments    []commitmentRow
	Rungs          []rung
	Drawing        drawing
	Size           int64
	Root           string
	Checkpoint     web.Code
	Commands       web.Code
	Verify         verifyPanel
}

// fieldRow is a committed field but the body: its name, its value, and what the
// value stands for.
type fieldRow struct {
	Name, Label, Value string
	Link               any // nil: the value says it all
	Erased             bool
}

// commitmentRow is a field as the leaf holds it.
type commitmentRow struct{ Label, Salt, Commitment string }

// verifyPanel is the form and the place for the steps of the verifier.
type verifyPanel struct {
	Kind   string // "entry" or "checkpoint"
	Script string
	Seq    int64
	Entry  string // addresses of the API
	Key    string
	Latest string
	Proofs string
	Texts  []panelText
}

// panelForm is what the template "verify-panel" takes.
type panelForm struct {
	Panel verifyPanel
	Form  *web.Form
}

// Panel returns the page's panel with a form that is never sent.
func (p entryPage) Panel(v *web.View) panelForm { return panelForm{p.Verify, v.Form("#verify")} }

// Panel returns the page's panel with a form that is never sent.
func (p checkpointsPage) Panel(v *web.View) panelForm { return panelForm{p.Verify, v.Form("#verify")} }

// panelText is a text that the verifier shows.
type panelText struct{ Key, Text string }

// exactTime is the form in which leaves and the verifier write a time.
const exactTime = "2006-01-02T15:04:05.000000Z07:00"

func (v *entryView) build(c *web.Ctx) entryPage {
	e, p := &v.record, &v.proof
	page := entryPage{
		Seq: e.Seq, Heading: kindText(c, v.kinds, e.Kind), Time: e.Time, Exact: e.Time.UTC().Format(exactTime),
		Item: e.Item, Badge: c.Visibility(e.Visibility), Body: string(e.Body), HasBody: e.Body != nil, Facts: facts(e.Body),
		CanErase: c.Can(ledger.ActionErase) && len(e.Erased) < format.Fields,
		Leaf:     base64.StdEncoding.EncodeToString(e.Leaf[:]), LeafHash: p.LeafHash.String(),
		Rungs: climb(e.Seq, p.Checkpoint.Size, p.LeafHash, p.Path),
		Size:  p.Checkpoint.Size, Root: p.Checkpoint.Root.String(),
		Checkpoint: web.Code{Label: c.Text("ledger.entry.checkpoint"), Text: p.Checkpoint.Note},
		Commands:   web.Code{Label: c.Text("ledger.command.entry"), Text: fmt.Sprintf("portreeve ledger show %d --key ledger.pub", e.Seq)},
		Verify: verifyPanel{
			Kind: "entry", Script: v.scripts, Seq: e.Seq, Entry: fmt.Sprintf("%s/entries/%d", apiPath, e.Seq), Key: apiPath + "/key", Texts: panelTexts(c),
		},
	}
	if page.Heading == "" {
		page.Heading = c.Text("ledger.entry.erased")
	}
	if link := v.names.link(e.Item); link != e.Item { // otherwise nobody knows more about it
		page.ItemLink = link
	}
	page.Drawing = draw(page.Rungs, c.Text("ledger.entry_number", e.Seq), c.Text("ledger.entry.root"))
	page.Fields = v.fields(c)
	for f := format.Kind; f < format.Fields; f++ {
		row := commitmentRow{Label: c.Text("ledger.field_" + f.String()), Commitment: base64.StdEncoding.EncodeToString(e.Leaf.Commitment(f))}
		if o := e.Openings[f]; o != nil {
			row.Salt = base64.StdEncoding.EncodeToString(o.Salt())
		}
		page.Commitments = append(page.Commitments, row)
	}
	return page
}

// fields lists kind, actor and subject.
func (v *entryView) fields(c *web.Ctx) []fieldRow {
	e := &v.record
	rows := []fieldRow{
		{Name: "kind", Value: e.Kind},
		{Name: "actor", Value: e.Actor, Link: v.names.link(e.Actor)},
		{Name: "subject", Value: e.Subject, Link: v.names.link(e.Subject)},
	}
	for i := range rows {
		row := &rows[i]
		f, _ := format.ParseField(row.Name)
		row.Label, row.Erased = c.Text("ledger.field_"+row.Name), slices.Contains(e.Erased, f)
		if row.Link == row.Value { // nobody knows more about it
			row.Link = nil
		}
	}
	return rows
}

// checkpointsView makes the page of public checkpoints.
type checkpointsView struct {
	scripts string
	keys    string
	list    []PublicCheckpoint
	next    int64
}

// checkpointsPage is what templates/checkpoints.html shows.
type checkpointsPage struct {
	Latest   *web.Code
	Keys     web.Code
	Commands web.Code
	Table    web.Table
	Pager    web.Pager
	Verify   verifyPanel
}

// checkpointCommands get what is to be kept, and check it later.
const checkpointCommands = `# now: what to keep
portreeve ledger key --out ledger.pub
portreeve ledger checkpoint --out checkpoint.txt
# later
portreeve ledger checkpoint --since checkpoint.txt --key ledger.pub
# a whole export, with the program or with Python 3 alone
portreeve ledger verify ledger.txt --key ledger.pub --checkpoint checkpoint.txt
python3 verify.py ledger.txt ledger.pub checkpoint.txt`

func (v *checkpointsView) build(c *web.Ctx) checkpointsPage {
	p := checkpointsPage{
		Keys:     web.Code{Label: c.Text("ledger.checkpoints.keys"), Text: v.keys},
		Commands: web.Code{Label: c.Text("ledger.command.checkpoint"), Text: checkpointCommands},
		Verify: verifyPanel{
			Kind: "checkpoint", Script: v.scripts, Key: apiPath + "/key", Latest: apiPath + "/checkpoint", Proofs: apiPath + "/consistency", Texts: panelTexts(c),
		},
		Table: c.Table(c.Text("ledger.checkpoints.caption"), "ledger.checkpoints.period", "ledger.checkpoints.size", "ledger.checkpoints.root", "ledger.checkpoints.witnesses"),
	}
	p.Table.Columns[1].Number = true
	p.Table.Empty = &web.Empty{Icon: "stamp", Title: c.Text("ledger.checkpoints.empty"), Text: c.Text("ledger.checkpoints.empty_text")}
	first := c.Query("before") == ""
	if first && len(v.list) > 0 {
		p.Latest = &web.Code{Label: c.Text("ledger.checkpoints.latest"), Text: v.list[0].Note}
	}
	for _, cp := range v.list {
		witnesses := any(c.Text("ledger.checkpoints.no_witness"))
		if len(cp.Witnesses) > 0 {
			witnesses = joinTexts(cp.Witnesses)
		}
		p.Table.Add(web.Moment{At: cp.Period}, web.Link{Text: fmt.Sprint(cp.Size), URL: fmt.Sprintf("%s/checkpoints/%d", apiPath, cp.Size)},
			web.Mono{Text: cp.Root}, witnesses)
	}
	if v.next > 0 {
		p.Pager.Next = fmt.Sprintf("/ledger/checkpoints?before=%d", v.next)
	}
	if !first {
		p.Pager.Previous = "/ledger/checkpoints"
	}
	return p
}
