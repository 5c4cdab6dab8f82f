// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// VerifyCmd checks evidence of the service without the service.
type VerifyCmd struct {
	client.JSONFlag
	Key     string   `required:"" help:"File with the public keys of the audit log, which the status shows; keep them elsewhere than the log." placeholder:"FILE" type:"path"`
	Log     string   `help:"A copy of the audit log. It must hold what the receipts name." placeholder:"FILE" type:"path"`
	Receipt []string `arg:"" optional:"" help:"Receipts: what end printed, or the signed note alone." type:"path"`
}

// Verified is what was found sound.
type Verified struct {
	Receipts []audit.Receipt `json:"receipts"`
	Log      *audit.Report   `json:"log,omitempty"`
}

// Run verifies all of it and says what it says. Whatever is not sound is an error.
func (c *VerifyCmd) Run(s *client.Session) error {
	if c.Log == "" && len(c.Receipt) == 0 {
		return fault.New(fault.Usage, "usage", "Name receipts to verify, or a copy of the audit log with --log.")
	}
	text, err := readEvidence(c.Key)
	if err != nil {
		return err
	}
	keys, err := format.ParseKeys(text)
	if err != nil || keys.Empty() {
		return fault.New(fault.Usage, "admin.verify_key", "The file %s holds no public key of an audit log, such as the status shows it.", c.Key).Because(err)
	}
	v := Verified{Receipts: []audit.Receipt{}}
	var anchors []audit.Anchor
	for _, file := range c.Receipt {
		r, anchor, err := readReceipt(file, keys)
		if err != nil {
			return err
		}
		v.Receipts, anchors = append(v.Receipts, r), append(anchors, anchor)
	}
	if c.Log != "" {
		if v.Log, err = verifyLog(c.Log, keys, anchors); err != nil {
			return err
		}
	}
	return client.Show(s, v, nil, c.JSON, printVerified)
}

// readEvidence reads a file that is no larger than evidence is, but for the log.
func readEvidence(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err == nil {
		defer f.Close() //nolint:errcheck // only read
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, 2*audit.MaxReceipt)); err == nil {
			return text, nil
		}
	}
	return nil, fault.New(fault.Usage, "admin.verify_file", "The file %s cannot be read.", file).Because(err)
}

// readReceipt verifies a receipt: a note, or an object with a note in it.
func readReceipt(file string, keys format.Keys) (audit.Receipt, audit.Anchor, error) {
	text, err := readEvidence(file)
	if err != nil {
		return audit.Receipt{}, audit.Anchor{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		var printed struct {
			Note string `json:"note"`
		}
		if err := json.Unmarshal(text, &printed); err == nil {
			text = []byte(printed.Note)
		}
	}
	r, anchor, err := audit.VerifyReceipt(text, keys)
	if err != nil {
		f := fault.From(err)
		return r, anchor, fault.New(f.Kind, f.Code, "%s: %s", file, f.Message).Because(f.Err)
	}
	return r, anchor, nil
}

func verifyLog(file string, keys format.Keys, anchors []audit.Anchor) (*audit.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.New(fault.Usage, "admin.verify_file", "The file %s cannot be read.", file).Because(err)
	}
	defer f.Close() //nolint:errcheck // only read
	report, err := audit.Verify(f, keys, anchors...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "admin.verify_log", "The audit log %s is not as it was written: %s. Do not rely on what follows.", file, err)
	}
	return &report, nil
}

func printVerified(s *client.Session, v Verified) error {
	var rows [][]string
	for _, r := range v.Receipts {
		for _, e := range r.Namespaces {
			rows = append(rows, []string{r.Service, e.Namespace, e.Owner, r.NotBefore.Format(time.RFC3339), r.By})
		}
	}
	if len(rows) > 0 {
		s.Printf("The receipts are sound. Of these owners no session that began until then can be read:\n")
		if err := s.Table([]string{"SERVICE", "NAMESPACE", "OWNER (KEYED HASH)", "UNTIL", "ENDED BY"}, rows, ""); err != nil {
			return err
		}
	}
	if v.Log != nil {
		s.Printf("The audit log is sound: %d records from %s to %s, each signed and none missing.\n", v.Log.Records, v.Log.First.Format(time.RFC3339), v.Log.Last.Format(time.RFC3339))
	}
	return nil
}
