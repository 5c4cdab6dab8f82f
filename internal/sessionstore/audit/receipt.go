// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// ReceiptHeader is the first line of a signed receipt.
const ReceiptHeader = "portreeve.sessions.receipt/v1"

// MaxReceipt is the largest signed receipt that is read, in bytes.
const MaxReceipt = 1 << 20

// Receipt says that the sessions of an owner were ended: from then on none of them
// that began by NotBefore can be read or written. It names the owner by keyed hashes,
// one for each namespace, so that it tells nobody who it was but whoever has the keys.
type Receipt struct {
	Service    string    `json:"service"`
	At         time.Time `json:"at"`
	NotBefore  time.Time `json:"not_before"`
	Namespaces []Ended   `json:"namespaces"`
	Cause      string    `json:"cause,omitempty"`
	By         string    `json:"by"`
}

// Ended is what was ended in one namespace.
type Ended struct {
	Namespace string `json:"namespace"`
	Owner     string `json:"owner"` // keyed hash, hexadecimal
	Ended     int64  `json:"ended"` // sessions that were live
}

// Issue signs a receipt, with the log's head as it is now:
//
//	portreeve.sessions.receipt/v1
//	<name of the signing key>
//	<the receipt as JSON, as encoding/json writes it>
//	<number and hash of the newest record of the log>
//
//	— <name of the signing key> <signature>
func (l *Log) Issue(r Receipt) (string, error) {
	r.At, r.NotBefore = r.At.UTC(), r.NotBefore.UTC()
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("write a receipt: %w", err)
	}
	_, signed, err := l.Sign(text)
	return signed, err
}

// Sign signs a receipt that is a JSON text in one line already, and returns the signed
// note, as [Log.Issue], and the public keys that it is to be verified with.
func (l *Log) Sign(text []byte) (keys, note string, err error) {
	if _, err := parseReceipt(text); err != nil {
		return "", "", err
	}
	head := l.Head()
	signed, err := l.signer.Sign(fmt.Sprintf("%s\n%s\n%s\n%d %s\n", ReceiptHeader, l.signer.Name(), text, head.N, head.Hash))
	if err != nil {
		return "", "", err
	}
	return l.Keys(), string(signed), nil
}

// VerifyReceipt checks a signed receipt offline and returns it, with the anchor that
// the log must hold (see [Verify]). Everything that is not exactly a receipt by one of
// the keys is an Invalid fault.
func VerifyReceipt(note []byte, keys format.Keys) (Receipt, Anchor, error) {
	if len(note) > MaxReceipt {
		return Receipt{}, Anchor{}, receiptForm("it is larger than 1 MiB")
	}
	n, err := keys.Open(note)
	if err != nil {
		return Receipt{}, Anchor{}, fault.New(fault.Invalid, "audit.receipt_signature", "No valid signature by this key: the receipt was changed, or somebody else signed it. Do not rely on it.").Because(err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 || lines[0] != ReceiptHeader || lines[1] == "" || lines[4] != "" {
		return Receipt{}, Anchor{}, receiptForm("the signed text is another one")
	}
	r, err := parseReceipt([]byte(lines[2]))
	if err != nil {
		return Receipt{}, Anchor{}, err
	}
	a, err := parseAnchor(lines[3])
	if err != nil {
		return Receipt{}, Anchor{}, err
	}
	return r, a, nil
}

// parseReceipt reads a receipt's JSON, which must be as [Log.Issue] writes it.
func parseReceipt(text []byte) (Receipt, error) {
	var r Receipt
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, receiptForm("it cannot be read")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, receiptForm("something follows it")
	}
	if again, err := json.Marshal(r); err != nil || !bytes.Equal(again, text) {
		return r, receiptForm("it is not written as receipts are")
	}
	if r.At.IsZero() || r.NotBefore.IsZero() || len(r.Namespaces) == 0 || r.By == "" {
		return r, receiptForm("it does not say by whom, when or where")
	}
	for _, e := range r.Namespaces {
		if e.Namespace == "" || !isHash.MatchString(e.Owner) || e.Ended < 0 {
			return r, receiptForm("an owner in it is no keyed hash, or a count none")
		}
	}
	return r, nil
}

func parseAnchor(line string) (Anchor, error) {
	number, hash, _ := strings.Cut(line, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != number || !isHash.MatchString(hash) || len(hash) != 64 {
		return Anchor{}, receiptForm("it names no record of the log")
	}
	return Anchor{N: n, Hash: hash}, nil
}

func receiptForm(what string) error {
	return fault.New(fault.Invalid, "audit.receipt_form", "This is no receipt: %s. Do not rely on it.", what)
}
