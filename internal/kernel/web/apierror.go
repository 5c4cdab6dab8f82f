// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// safeErrors replaces huma's error document, which repeats the values that were
// sent, by ours, which never does: a refused report may be embargoed.
func safeErrors(ctx huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	return NewProblem(requestFault(model), RequestID(ctx.Context())), nil
}

// requestFault turns what huma found wrong with a request into a fault.
func requestFault(model *huma.ErrorModel) *fault.Error {
	switch model.Status {
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.Malformed, codeMediaType, "This operation takes application/json.")
	case http.StatusBadRequest:
		return &fault.Error{Kind: fault.Malformed, Code: "request.body", Message: "The body cannot be read. Send one JSON value as the API describes it.", Fields: safeFields(model.Errors)}
	case http.StatusUnprocessableEntity:
		return &fault.Error{Kind: fault.Invalid, Code: "request.invalid", Message: "Some fields need your attention.", Fields: safeFields(model.Errors)}
	default:
		return fault.New(fault.Internal, "internal", internalMessage)
	}
}

func safeFields(details []*huma.ErrorDetail) []fault.Field {
	var fields []fault.Field
	for _, d := range details {
		if d != nil {
			fields = append(fields, safeField(d))
		}
	}
	return fields
}

// safeField keeps huma's words only where they are known to come from the schema
// and not from what was sent.
func safeField(d *huma.ErrorDetail) fault.Field {
	field := fault.Field{Path: strings.TrimPrefix(d.Location, "body."), Code: "invalid", Message: "This value is not valid."}
	if name, ok := requiredProperty(d.Message); ok {
		field.Path = strings.TrimPrefix(d.Location+"."+name, "body.")
		field.Code, field.Message = "required", "This field is required."
	}
	for _, known := range []struct {
		prefix, code string
		cut          bool // what follows ": " may repeat the value
	}{
		{"unexpected property", "unknown", false},
		{"unknown query parameter", "unknown", false},
		{"required ", "required", false},
		{"request body is required", "required", false},
		{msgJSON, "json", false},
		{msgNUL, "control_character", false},
		{msgTwice, "twice", false},
		{"expected length ", "length", false},
		{"expected array length ", "length", false},
		{"expected number ", "range", false},
		{"expected value to be one of ", "not_offered", false},
		{"expected string to match pattern ", "format", false},
		{"expected ", "format", true},
		{"invalid integer", "format", false},
		{"invalid float", "format", false},
		{"invalid boolean", "format", false},
		{"invalid date/time for format ", "format", false},
	} {
		if field.Code == "invalid" && strings.HasPrefix(d.Message, known.prefix) {
			field.Code, field.Message = known.code, d.Message
			if known.cut {
				field.Message, _, _ = strings.Cut(d.Message, ": ")
			}
			field.Message = schemaWords(field.Message)
		}
	}
	if runes := []rune(field.Path); len(runes) > 100 {
		field.Path = string(runes[:100]) + "…"
	}
	return field
}

// requiredProperty finds the name in huma's message for a missing property.
func requiredProperty(message string) (string, bool) {
	rest, ok := strings.CutPrefix(message, "expected required property ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, " to be present")
}
