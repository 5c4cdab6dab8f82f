// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"bytes"
	"encoding/json"
	"errors"
)

var (
	errNotJSON  = errors.New("the answer is not JSON")
	errNoAnswer = errors.New("the answer is JSON, but not that of Conduit")
)

// open takes an answer out of its envelope. A code other than "" is an error of
// the method; err says that this is no answer of Conduit at all. Nothing of the
// answer goes into err: it may be a page that shows what was sent.
func open(text []byte) (result json.RawMessage, code, info string, err error) {
	var envelope struct {
		Result json.RawMessage `json:"result"`
		Code   json.RawMessage `json:"error_code"`
		Info   json.RawMessage `json:"error_info"`
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) || !json.Valid(text) {
		return nil, "", "", errNotJSON
	}
	if json.Unmarshal(text, &envelope) != nil || envelope.Code == nil || envelope.Result == nil {
		return nil, "", "", errNoAnswer
	}
	if isNull(envelope.Code) {
		return envelope.Result, "", "", nil
	}
	if json.Unmarshal(envelope.Code, &code) != nil || code == "" {
		return nil, "", "", errNoAnswer
	}
	if json.Unmarshal(envelope.Info, &info) != nil {
		info = ""
	}
	return nil, code, info, nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }
